"""Vectors: embeds one folder's chunks behind its index, in one thread of its own.

It sleeps until the index changed, takes what was embedded before (by anybody, for any branch)
from the shared file, embeds the rest in short steps, and can be paused or ended between two of
them. A text is embedded only when the file still is what the index read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.encoders import codetext
from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.encoders.providers import give_way
from treewright_indexer.encoders.shelf import Models
from treewright_indexer.errors import StoreError, TreewrightError
from treewright_indexer.search.dense import DenseIndex, pack
from treewright_indexer.search.places import has_meaning
from treewright_indexer.store.vectors import SharedVectors, vectors_path
from treewright_indexer.text import SourceText, decode

if TYPE_CHECKING:
    from treewright_indexer.encoders import Encoder, Matrix
    from treewright_indexer.store import Store

logger = logging.getLogger("treewright")

Report = Callable[[int, int, str], None]
"""(done, total, message), from the embedding thread."""

_STEP: Final = 96
"""Chunks embedded between two looks around."""
_KEYS_AT_ONCE: Final = 20_000
_RECENT: Final = 500
_END_S: Final = 1.5


class Vectors:
    """See the module. Thread safe."""

    def __init__(
        self,
        root: str,
        store: Store,
        models: Models,
        cache_dir: Path | None,
        *,
        tell: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._root = root
        self._store = store
        self._models = models
        self._cache_dir = cache_dir
        self._tell = tell
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._closed = False
        self._paused = False
        self._done_generation = -1
        """Of the store, when every chunk had its vector."""
        self._index: DenseIndex | None = None
        self._pending: dict[int, bytes] = {}
        self._alive: Any = None
        """The numbers of all chunks, ascending, when they were last looked at."""
        self._seen = 0
        self._recent: dict[str, Matrix] = {}
        self.problem = ""
        """Why there are no vectors, for the user."""
        self.report: Report = lambda done, total, message: None
        self.n_embedded = 0
        """Texts that this process embedded; what was known before does not count."""

    # ---------------------------------------------------------------- what others see

    @property
    def complete(self) -> bool:
        """Whether every chunk that has a meaning has its vector, for the index as it is now."""
        return self._done_generation == self._store.generation and not self._pending

    @property
    def progress(self) -> tuple[int, int]:
        """(chunks that have a vector, chunks)."""
        n = len(self._index) if self._index is not None else 0
        return n, n + len(self._pending)

    def embed_query(self, query: str) -> Matrix:
        """The query's vector; waits while the model loads. Raises ModelError."""
        return self._models.embedder().query(query)

    @property
    def relevant(self) -> float:
        """See Encoder."""
        return self._models.embedder().relevant

    def embed_now(self, chunks: Sequence[tuple[str, str, str]]) -> list[Matrix]:
        """Vectors of (path, symbol, code) that no index has; those of late are remembered."""
        encoder = self._models.embedder()
        texts = [document_of(encoder, *chunk) for chunk in chunks]
        missing = [text for text in dict.fromkeys(texts) if text not in self._recent]
        if missing:
            made = dict(zip(missing, encoder.documents(missing), strict=True))
            if len(self._recent) > _RECENT:
                self._recent = {}
            self._recent = {**self._recent, **made}
        recent = self._recent
        return [recent[text] if text in recent else encoder.documents([text])[0] for text in texts]

    @property
    def index(self) -> DenseIndex | None:
        return self._index

    # ---------------------------------------------------------------- what others ask for

    def wake(self) -> None:
        """The index changed."""
        with self._condition:
            if self._closed:
                return
            self._wanted = True
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="treewright-vectors", daemon=True
                )
                self._thread.start()
            self._condition.notify_all()

    def pause(self) -> None:
        with self._condition:
            self._paused = True

    def resume(self) -> None:
        with self._condition:
            self._paused = False
            self._condition.notify_all()

    def wait_complete(self, timeout: float | None) -> bool:
        """Wait until every chunk has its vector, or something is wrong; True when they have."""
        end = None if timeout is None else time.monotonic() + timeout
        self.wake()
        with self._condition:
            while not (self._closed or self.problem):
                if not self._wanted:
                    if self.complete:
                        return True
                    self._wanted = True  # something was written since
                    self._condition.notify_all()
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._condition.wait(0.2 if left is None else min(0.2, left))
        return self.complete

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_END_S)  # a step that takes longer ends by itself

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        shared: SharedVectors | None = None
        try:
            if self._models.background:
                give_way()
            encoder = self._models.embedder()
            path = None
            if self._cache_dir is not None:
                path = vectors_path(self._cache_dir, encoder.generation)
            shared = SharedVectors(path, encoder.generation, encoder.dimensions)
            self._index = DenseIndex(encoder.dimensions)
            while self._next():
                self._bring_up_to_date(encoder, shared)
        except (ModelError, StoreError) as error:
            self._fail(str(error))
        except Exception as error:
            logger.exception("embedding %s failed", self._root)
            self._fail(f"embedding failed: {error!r}")
        finally:
            if shared is not None:
                shared.close()

    def _fail(self, problem: str) -> None:
        with self._condition:
            said, self.problem = self._closed or bool(self.problem), problem
            self._condition.notify_all()
        if not said:
            self._tell(f"search by meaning is off: {problem}")

    def _next(self) -> bool:
        with self._condition:
            while not self._closed and (not self._wanted or self._paused):
                self._condition.notify_all()
                self._condition.wait()
            self._wanted = False
            return not self._closed

    def _stop(self) -> bool:
        with self._condition:
            while self._paused and not self._closed:
                self._condition.wait()
            return self._closed

    def _bring_up_to_date(self, encoder: Encoder, shared: SharedVectors) -> None:
        """Embed until every chunk has its vector, looking for changes between two steps."""
        began, looked_at = time.monotonic(), -1
        while not self._stop():
            generation = self._store.generation
            if generation != looked_at:
                self._look(shared)
                looked_at = generation
            if not self._pending:
                self._done_generation = generation
                break
            some = dict(list(self._pending.items())[:_STEP])
            self._embed(encoder, shared, some)
            done, total = self.progress
            rate = self.n_embedded / max(time.monotonic() - began, 1e-3)
            self.report(done, total, f"{done}/{total} vectors, {rate:.0f} chunks/s")
        with self._condition:
            self._condition.notify_all()

    def _look(self, shared: SharedVectors) -> None:
        """Forget the vectors of chunks that are gone; find or note those of new ones."""
        import numpy as np

        index = self._index
        assert index is not None
        self._alive = alive = np.array(self._store.chunk_ids(), np.int64)
        if len(alive) == 0 or int(alive[-1]) < self._seen:
            self._seen, self._pending = 0, {}  # the index was emptied: numbers start anew
            index.update(np.empty(0, np.int64), [])
        new: list[tuple[int, bytes]] = []
        fresh = False
        while True:
            rows = self._store.chunk_keys(self._seen, _KEYS_AT_ONCE)
            if not rows:
                break
            fresh = True
            known = shared.get([key for _, key in rows])
            for number, key in rows:
                data = known.get(key)
                if data is not None:
                    new.append((number, data))
                else:
                    self._pending[number] = key
            self._seen = rows[-1][0]
        if self._pending:
            there = set(alive.tolist())
            self._pending = {n: key for n, key in self._pending.items() if n in there}
        if fresh or len(index) + len(self._pending) != len(alive):
            index.update(alive, new)

    def _embed(self, encoder: Encoder, shared: SharedVectors, some: dict[int, bytes]) -> None:
        rows = self._store.chunks(some)
        files = self._store.files()
        texts: dict[str, SourceText | None] = {}
        wanted: dict[bytes, str] = {}
        for number, key in some.items():
            row = rows.get(number)
            if row is None or not has_meaning(row.path):
                continue
            if row.path not in texts:
                known = files.get(row.path)
                texts[row.path] = self._read(row.path, known.hash if known else "")
            text = texts[row.path]
            if text is not None:
                code = text.data[row.start : row.end].decode("utf-8", "replace")
                wanted[key] = document_of(encoder, row.path, row.symbol, code)
        keys = list(wanted)
        packed: dict[bytes, bytes] = {}
        if keys:
            vectors = encoder.documents([wanted[key] for key in keys])
            packed = dict(zip(keys, pack(vectors), strict=True))
            shared.put(packed.items())
        self.n_embedded += len(packed)
        index = self._index
        assert index is not None
        index.update(self._alive, [(n, packed[key]) for n, key in some.items() if key in packed])
        for number in some:
            self._pending.pop(number, None)  # without a vector: its file changed, it comes anew

    def _read(self, relative: str, content_hash: str) -> SourceText | None:
        """The file's text, when it still is what the index read."""
        try:
            text = decode((Path(self._root) / relative).read_bytes())
        except (OSError, ValueError, TreewrightError):
            return None
        return text if text.hash == content_hash else None


def document_of(encoder: Any, path: str, symbol: str, code: str) -> str:
    """What is embedded for a chunk, in the form the encoder was trained on."""
    manifest = getattr(encoder, "manifest", None)
    if manifest is not None and manifest.text == "words":
        return codetext.document_text(path, symbol, code)
    return f"{path}\n{symbol}\n{code}"
