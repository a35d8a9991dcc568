"""Models for tests: an encoder of words that needs no file, and tiny ONNX files written by hand."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

DIMENSIONS = 64


class WordEncoder:
    """Texts that share words are near each other; `synonyms` makes two words one."""

    def __init__(self, synonyms: dict[str, str] | None = None, generation: str = "words:1") -> None:
        self.generation = generation
        self.dimensions = DIMENSIONS
        self.relevant = 0.18
        self.synonyms = synonyms or {}
        self.embedded: list[str] = []
        self.delay_s = 0.0
        self.gate: threading.Event | None = None

    def documents(self, texts: Sequence[str]) -> Any:
        if self.gate is not None:
            self.gate.wait(10)
        self.embedded += texts
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, DIMENSIONS)

    def query(self, text: str) -> Any:
        time.sleep(self.delay_s)
        return self._vector(text)

    def _vector(self, text: str) -> Any:
        vector = np.zeros(DIMENSIONS, np.float32)
        for word in re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()):
            word = self.synonyms.get(word, word)
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "little")
            vector += np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


class FixedModels:
    """What Vectors needs of Models, around one encoder or one problem."""

    def __init__(self, encoder: Any = None, problem: Exception | None = None) -> None:
        self._encoder, self._problem = encoder, problem

    background = False
    quick_encoder: Any = None
    given_reranker: Any = None

    def quick(self) -> Any:
        return self.quick_encoder

    def reranker_if_ready(self) -> Any:
        return self.given_reranker

    def embedder(self) -> Any:
        if self._problem is not None:
            raise self._problem
        return self._encoder


# ---------------------------------------------------------------- ONNX by hand


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _info(name: str, kind: int, dims: Sequence[str | int]) -> bytes:
    shape = b"".join(
        _field(1, _field(2, dim) if isinstance(dim, str) else _field(1, dim)) for dim in dims
    )
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def _node(op: str, inputs: Sequence[str], output: str, attributes: bytes = b"") -> bytes:
    return b"".join(_field(1, i) for i in inputs) + _field(2, output) + _field(4, op) + attributes


def _floats(name: str, table: Any) -> bytes:
    rows, width = table.shape
    numbers = b"".join(struct.pack("<f", float(x)) for x in table.ravel())
    dims = b"".join(_field(1, dim) for dim in (rows, width))
    return _field(5, dims + _field(2, 1) + _field(8, name) + _field(9, numbers))


def _whole(name: str, *values: int) -> bytes:
    """A vector of whole numbers; a single one is a scalar when `name` ends in 0."""
    dims = b"" if name.endswith("0") else _field(1, len(values))
    data = b"".join(struct.pack("<q", value) for value in values)
    return _field(5, dims + _field(2, 7) + _field(8, name) + _field(9, data))


def _model(*parts: bytes) -> bytes:
    return _field(1, 8) + _field(7, b"".join(parts)) + _field(8, _field(1, "") + _field(2, 13))


def embedding_model(table: Any) -> bytes:
    """An ONNX file: `vectors` is the row of `table` of each text's second token id.

    Its other output, `states`, has the row of every token.
    """
    axis = _field(5, _field(1, "axis") + _field(3, 1) + _field(20, 2))
    return _model(
        _field(1, _node("Gather", ["ids", "one0"], "second", axis)),
        _field(1, _node("Gather", ["table", "second"], "vectors")),
        _field(1, _node("Gather", ["table", "ids"], "states")),
        _field(2, "g"), _floats("table", table), _whole("one0", 1),
        _field(11, _info("ids", 6, ["batch", "tokens"])),
        _field(11, _info("lengths", 6, ["batch"])),
        _field(12, _info("vectors", 1, ["batch", table.shape[1]])),
        _field(12, _info("states", 1, ["batch", "tokens", table.shape[1]])),
    )  # fmt: skip


def cross_encoder(table: Any) -> bytes:
    """An ONNX file that scores pairs: the sum of the products of their tokens' rows."""
    to_float = _field(5, _field(1, "to") + _field(3, 1) + _field(20, 2))
    ids = [_info(name, 7, ["batch", "tokens"]) for name in ("input_ids", "token_type_ids")]
    return _model(
        _field(1, _node("Gather", ["table", "input_ids"], "rows")),
        _field(1, _node("Cast", ["token_type_ids"], "second", to_float)),
        _field(1, _node("Cast", ["attention_mask"], "real", to_float)),
        _field(1, _node("Sub", ["real", "second"], "first")),
        _field(1, _node("Unsqueeze", ["first", "middle"], "first_row")),
        _field(1, _node("Unsqueeze", ["second", "middle"], "second_row")),
        _field(1, _node("MatMul", ["first_row", "rows"], "query")),
        _field(1, _node("MatMul", ["second_row", "rows"], "document")),
        _field(1, _node("Mul", ["query", "document"], "products")),
        _field(1, _node("ReduceSum", ["products", "both"], "logits",
                        _field(5, _field(1, "keepdims") + _field(3, 0) + _field(20, 2)))),
        _field(2, "g"), _floats("table", table), _whole("middle", 1), _whole("both", 1, 2),
        *(_field(11, each) for each in ids),
        _field(11, _info("attention_mask", 7, ["batch", "tokens"])),
        _field(12, _info("logits", 1, ["batch"])),
    )  # fmt: skip


VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "dog", "##s", "hat", "code", "é", "!"]


def write_model(folder: Path, table: Any, *, data: bytes | None = None, **changes: Any) -> Path:
    """A model folder with its manifest; `changes` go into the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(embedding_model(table) if data is None else data)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")

    def digest(name: str) -> str:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()

    manifest = {
        "format": 1, "name": "tiny", "task": "embed", "file": "model.onnx",
        "sha256": digest("model.onnx"), "tokenizer": "vocab.txt",
        "tokenizer_sha256": digest("vocab.txt"), "dimensions": int(table.shape[1]),
        "pooling": "inside", "text": "words", "max_tokens": 16, **changes,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder
