"""OnnxEncoder and OnnxReranker: one ONNX session each, fed with batches of like length.

Texts are sorted by length and batched under a token budget, so that next to nothing is padding.
When a batch does not fit the device's memory it is halved, and later ones stay that small.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from treewright_indexer.encoders import codetext
from treewright_indexer.encoders.manifest import Manifest, ModelError
from treewright_indexer.encoders.providers import (
    EncoderSettings,
    is_out_of_memory,
    open_session,
)
from treewright_indexer.encoders.wordpiece import WordPiece

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from treewright_indexer.encoders import Matrix

_LARGEST_BATCH: Final = 128
_HEAD: Final = 50
"""Candidates that a reranker looks at whose manifest does not say."""
_BOUND: Final = frozenset(("CUDAExecutionProvider", "TensorrtExecutionProvider"))
"""Providers whose inputs and results are bound to the device."""

Row = tuple[list[int], int]
"""Ids of a text, and where its second part begins or 0."""


class Tokens(Protocol):
    """What the encoders need of a tokenizer."""

    def __len__(self) -> int: ...
    def encode(self, text: str, limit: int) -> list[int]: ...
    def encode_pair(self, first: str, second: str, limit: int) -> tuple[list[int], int]: ...


class _Model:
    """A verified model with its session, tokenizer and input names."""

    def __init__(self, manifest: Manifest, settings: EncoderSettings) -> None:
        manifest.verify()
        self.manifest = manifest
        self.generation = manifest.generation
        self.tokens = _tokens(manifest)
        self._session, self.providers = open_session(str(manifest.model_path), settings)
        on_gpu = self.providers[0] != "CPUExecutionProvider"
        self._budget = settings.token_budget * (8 if on_gpu else 1)
        self._bound = self.providers[0] in _BOUND
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._output: str = self._session.get_outputs()[0].name
        self._ids_type = "int32" if "int32" in self._session.get_inputs()[0].type else "int64"
        self._lock = threading.Lock()

    def run(self, rows: Sequence[Row], width: int) -> Matrix:
        """Outputs of the rows, in order: (len(rows), width)."""
        import numpy as np

        out = np.empty((len(rows), width), np.float32)
        for part, raw, mask, lengths in self._batches(rows, self._output):
            pooling = self.manifest.pooling
            if raw.ndim == 3 and pooling != "inside":
                found = _pooled(raw, mask, lengths, pooling)
            else:
                found = raw.reshape(len(part), -1)
            if found.shape != (len(part), width):
                raise ModelError(
                    f"model {self.manifest.name} returns {found.shape[-1]} numbers a text, its "
                    f"manifest says {width}: correct `dimensions` or `pooling`"
                )
            out[part] = found
        if not np.isfinite(out).all():
            raise ModelError(f"model {self.manifest.name} returns numbers that are not finite")
        return out

    def states(self, rows: Sequence[Row], output: str) -> list[Matrix]:
        """The states of each row's tokens, (tokens, width), of unit length; without padding."""
        import numpy as np

        out: list[Matrix] = [np.empty((0, 0), np.float32)] * len(rows)
        for part, raw, _, lengths in self._batches(rows, output):
            if raw.ndim != 3 or not np.isfinite(raw).all():
                raise ModelError(f"model {self.manifest.name} has no states of tokens in {output}")
            unit = raw / np.maximum(np.linalg.norm(raw, axis=2, keepdims=True), 1e-9)
            for index, each, n_tokens in zip(part, unit, lengths, strict=True):
                out[index] = each[:n_tokens]
        return out

    def _batches(
        self, rows: Sequence[Row], output: str
    ) -> Iterator[tuple[list[int], Matrix, NDArray[Any], NDArray[Any]]]:
        """(indexes of rows, what the graph returned, mask, lengths), longest rows first."""
        order = sorted(range(len(rows)), key=lambda index: len(rows[index][0]), reverse=True)
        position = 0
        while position < len(order):
            longest = len(rows[order[position]][0])
            size = max(1, min(_LARGEST_BATCH, self._budget // longest))
            part = order[position : position + size]
            try:
                found = self._run_batch([rows[index] for index in part], output)
            except ModelError:
                raise
            except Exception as error:
                if is_out_of_memory(error) and len(part) > 1:
                    self._budget = max(longest, longest * len(part) // 2)
                    continue
                if "out of data bounds" in str(error):  # a token that the table has no row for
                    raise ModelError(
                        f"model {self.manifest.name}: {self.manifest.tokenizer} has tokens that "
                        "the model does not know: it is another model's tokenizer"
                    ) from error
                raise ModelError(
                    f"model {self.manifest.name} failed: {_first_line(error)}"
                ) from error
            yield part, *found
            position += len(part)

    def _run_batch(self, rows: list[Row], output: str) -> tuple[Matrix, NDArray[Any], NDArray[Any]]:
        import numpy as np

        longest = max(len(ids) for ids, _ in rows)
        kind: Any = np.int32 if self._ids_type == "int32" else np.int64
        ids = np.zeros((len(rows), longest), kind)
        lengths = np.fromiter((len(row) for row, _ in rows), kind, len(rows))
        for index, (row, _) in enumerate(rows):
            ids[index, : len(row)] = row
        mask = (np.arange(longest) < lengths[:, None]).astype(kind)
        feeds: dict[str, Any] = {}
        for name in self._inputs:
            if name in ("ids", "input_ids"):
                feeds[name] = ids
            elif name == "lengths":
                feeds[name] = lengths
            elif name == "attention_mask":
                feeds[name] = mask
            elif name in ("token_type_ids", "kinds"):
                starts = np.array([start or longest for _, start in rows])
                feeds[name] = (np.arange(longest) >= starts[:, None]).astype(kind) * mask
            else:
                raise ModelError(
                    f"model {self.manifest.name} asks for an input {name!r} that treewright does not know"
                )
        with self._lock:
            run = self._run_bound if self._bound else self._run_plain
            found = run(feeds, output)
        return found, mask, lengths

    def _run_plain(self, feeds: dict[str, Any], output: str) -> Matrix:
        return cast("Matrix", self._session.run([output], feeds)[0])

    def _run_bound(self, feeds: dict[str, Any], output: str) -> Matrix:
        """Through a binding: what goes to the GPU is copied once, what comes back once, and
        nothing between two nodes waits for either."""
        binding = self._session.io_binding()
        for name, value in feeds.items():
            binding.bind_cpu_input(name, value)
        binding.bind_output(output, "cuda")
        self._session.run_with_iobinding(binding)
        return cast("Matrix", binding.copy_outputs_to_cpu()[0])


class OnnxEncoder:
    """An Encoder over a local model. One is shared by all; safe between threads."""

    def __init__(self, manifest: Manifest, settings: EncoderSettings | None = None) -> None:
        """Reads and checks the files, which takes a moment. Raises ModelError."""
        if manifest.task != "embed":
            raise ModelError(f"model {manifest.name} is a {manifest.task} model, not an embedder")
        self._model = _Model(manifest, settings or EncoderSettings())
        self.manifest = manifest
        self.generation = manifest.generation
        self.dimensions = manifest.dimensions
        self.relevant = manifest.relevant

    @property
    def providers(self) -> list[str]:
        """What the session really runs on, best first."""
        return self._model.providers

    def documents(self, texts: Sequence[str]) -> Matrix:
        manifest, tokens = self.manifest, self._model.tokens
        prefix, limit = manifest.document_prefix, manifest.max_tokens
        return self._unit([(tokens.encode(prefix + text, limit), 0) for text in texts])

    def query(self, text: str) -> Matrix:
        manifest = self.manifest
        limit = manifest.query_tokens or manifest.max_tokens
        words = codetext.query_text(text) if manifest.text == "words" else text[: 8 * limit]
        return self._unit([(self._model.tokens.encode(manifest.query_prefix + words, limit), 0)])[0]

    def states(self, texts: Sequence[str], *, query: bool = False) -> list[Matrix]:
        """One matrix a text: its tokens' states, of unit length. Raises ModelError."""
        manifest, tokens = self.manifest, self._model.tokens
        if not manifest.states:
            raise ModelError(f"model {manifest.name} does not return the states of its tokens")
        prefix = manifest.query_prefix if query else manifest.document_prefix
        limit = (manifest.query_tokens if query else 0) or manifest.max_tokens
        rows: list[Row] = [(tokens.encode(prefix + text, limit), 0) for text in texts]
        return self._model.states(rows, manifest.states)

    def _unit(self, rows: list[Row]) -> Matrix:
        import numpy as np

        if not rows:
            return np.empty((0, self.dimensions), np.float32)
        vectors = self._model.run(rows, self.dimensions)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(lengths, 1e-12)


class OnnxReranker:
    """A Reranker over a local cross-encoder."""

    def __init__(self, manifest: Manifest, settings: EncoderSettings | None = None) -> None:
        """Raises ModelError."""
        if manifest.task != "rerank":
            raise ModelError(f"model {manifest.name} is an {manifest.task} model, not a reranker")
        self._model = _Model(manifest, settings or EncoderSettings())
        self.kinds: frozenset[str] = frozenset(manifest.kinds.replace(",", " ").split())
        self.head = manifest.head or _HEAD
        self.manifest = manifest
        self.generation = manifest.generation
        self.weight = manifest.weight

    def document(self, path: str, symbol: str, code: str) -> str:
        if self.manifest.text == "words":
            return codetext.document_text(path, symbol, code)
        return f"{path} {symbol}\n{code[: 16 * self.manifest.max_tokens]}"

    def scores(self, query: str, documents: Sequence[str]) -> list[float]:
        if not documents:
            return []
        manifest, tokens = self.manifest, self._model.tokens
        words = codetext.query_text(query) if manifest.text == "words" else query
        words = manifest.query_prefix + words
        rows = [tokens.encode_pair(words, document, manifest.max_tokens) for document in documents]
        return [float(value) for value in self._model.run(rows, 1)[:, 0]]


def _pooled(states: Matrix, mask: NDArray[Any], lengths: NDArray[Any], pooling: str) -> Matrix:
    import numpy as np

    if pooling == "cls":
        return states[:, 0]
    if pooling == "last":
        return states[np.arange(len(states)), lengths - 1]
    weights = mask[:, :, None].astype(np.float32)
    return (states * weights).sum(1) / np.maximum(weights.sum(1), 1e-9)


def _tokens(manifest: Manifest) -> Tokens:
    path = manifest.folder / manifest.tokenizer
    try:
        return WordPiece.read(path) if path.suffix == ".txt" else _LibraryTokens(str(path))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"model {manifest.name}: {path.name} is no tokenizer: {_first_line(error)}"
        ) from error


class _LibraryTokens:
    """A `tokenizer.json`, through the tokenizers library."""

    def __init__(self, path: str) -> None:
        try:
            library: Any = importlib.import_module("tokenizers")
        except ImportError as error:
            raise ModelError(
                "a model with a tokenizer.json needs `pip install tokenizers`"
            ) from error
        self._tokenizer = library.Tokenizer.from_file(path)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    def encode(self, text: str, limit: int) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text[: 16 * limit]).ids
        return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]

    def encode_pair(self, first: str, second: str, limit: int) -> tuple[list[int], int]:
        encoded = self._tokenizer.encode(first[: 8 * limit], second[: 16 * limit])
        ids: list[int] = encoded.ids
        start = next((i for i, kind in enumerate(encoded.type_ids) if kind), 0)
        return (ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]), start


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[0][:300]
