"""Vectors: embeds one folder's chunks behind its index, in one thread of its own.

It sleeps until the index changed, takes what was embedded before (by anybody, for any branch)
from the shared file, embeds the rest in short steps, and can be paused or ended between two of
them. A text is embedded only when the file still is what the index read.

One generation serves: the one whose encoder made its vectors. A new one is built beside it and
takes over when every chunk has its vector. Where none serves yet and much is to be embedded, a
static model is built first, in seconds, so that there is meaning at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treewright_indexer.encoders.codetext import document_of
from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.encoders.shelf import Models
from treewright_indexer.errors import StoreError, TreewrightError
from treewright_indexer.search.generation import Generation
from treewright_indexer.search.places import has_meaning
from treewright_indexer.store.vectors import SharedVectors, vectors_path
from treewright_indexer.text import SourceText, decode

if TYPE_CHECKING:
    from treewright_indexer.encoders import Encoder, Matrix, Reranker
    from treewright_indexer.search.dense import DenseIndex
    from treewright_indexer.store import Store

logger = logging.getLogger("treewright")

Report = Callable[[int, int, str], None]
"""(done, total, message), from the embedding thread."""

_STEP: Final = 96
"""Chunks embedded between two looks around."""
_QUICK_STEP: Final = 1024
_QUICK_FROM: Final = 300
"""Chunks without a vector from which a static model goes ahead."""
_QUICK_UNTIL: Final = 0.5
"""Share of chunks with a vector from which it is no longer worth it."""
_RECENT: Final = 500
_END_S: Final = 1.5
_BUSY_S: Final = 0.25
_REST_S: Final = 30.0
"""From so long without work on, a process that embeds is ended."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What answers now: vectors of `index` are compared with those of `encoder` only."""

    encoder: Encoder
    index: DenseIndex
    wanted: bool
    """False for a static or an older model's that stands in."""


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
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """While `busy`, nothing is embedded: what is read meanwhile comes first."""
        self._root = root
        self._store = store
        self._models = models
        self._cache_dir = cache_dir
        self._tell = tell
        self._busy = busy
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._closed = False
        self._paused = False
        self._ended = False
        """Whether the thread ended because its models could not be used."""
        self._exchanged = False
        """Whether other models are to be used from now on."""
        self._done_generation = -1
        """Of the store, when every chunk had its vector."""
        self._serving: Serving | None = None
        self._quick: Generation | None = None
        self._building: Generation | None = None
        self._recent: dict[tuple[str, str], Matrix] = {}
        self.problem = ""
        """Why there are no vectors, for the user."""
        self.report: Report = lambda done, total, message: None
        self.n_embedded = 0
        """Texts that this process embedded; what was known before does not count."""

    # ---------------------------------------------------------------- what others see

    @property
    def complete(self) -> bool:
        """Whether every chunk that has a meaning has its vector, for the index as it is now."""
        building = self._building
        return (
            self._done_generation == self._store.generation
            and building is not None
            and not building.pending
        )

    @property
    def progress(self) -> tuple[int, int]:
        """(chunks that have a vector of the wanted model, chunks)."""
        building = self._building
        return building.progress if building is not None else (0, 0)

    @property
    def serving(self) -> Serving | None:
        """None while there is no vector at all."""
        return self._serving

    def serve(self, serving: Serving) -> None:
        """Let vectors that were made elsewhere answer until the folder's own are done."""
        self._serving = serving

    @property
    def state(self) -> tuple[object, ...]:
        """Differs whenever an answer by meaning might."""
        serving = self._serving
        return self.progress, serving.encoder.generation if serving is not None else ""

    @property
    def reranker(self) -> Reranker | None:
        """What the models offer once it is loaded."""
        return self._models.reranker_if_ready()

    @property
    def index(self) -> DenseIndex | None:
        serving = self._serving
        return serving.index if serving is not None else None

    def encoder(self) -> Encoder:
        """The one whose vectors serve, else the wanted one; waits while it loads.

        Raises ModelError.
        """
        serving = self._serving
        return serving.encoder if serving is not None else self._models.embedder()

    def embed_now(self, encoder: Encoder, chunks: Sequence[tuple[str, str, str]]) -> list[Matrix]:
        """Vectors of (path, symbol, code) that no index has; those of late are remembered."""
        texts = [(encoder.generation, document_of(encoder, *chunk)) for chunk in chunks]
        recent = self._recent
        missing = [text for text in dict.fromkeys(texts) if text not in recent]
        if missing:
            made = dict(zip(missing, encoder.documents([text for _, text in missing]), strict=True))
            recent = {**(recent if len(recent) <= _RECENT else {}), **made}
            self._recent = recent
        return [
            recent[text] if text in recent else encoder.documents([text[1]])[0] for text in texts
        ]

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

    def use(self, models: Models) -> None:
        """Embed with other models from now on; what serves goes on until they are done."""
        with self._condition:
            self._models = models
            self._exchanged = True
            self.problem = ""
            if self._ended:
                self._thread, self._ended = None, False
        self.wake()

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
        self._let_rest()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_END_S)  # a step that takes longer ends by itself

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        shared: SharedVectors | None = None
        try:
            while not self._closed:
                self._exchanged = False
                if self._stop():
                    break
                models = self._models
                encoder = models.embedder()
                path = None
                if self._cache_dir is not None:
                    path = vectors_path(self._cache_dir, encoder.generation)
                shared = SharedVectors(path, encoder.generation, encoder.dimensions)
                self._done_generation, self._quick = -1, None
                self._building = Generation(encoder, self._store, shared)
                while self._next():
                    self._bring_up_to_date(self._building)
                shared.close()
        except (ModelError, StoreError) as error:
            self._fail(str(error))
        except Exception as error:
            logger.exception("embedding %s failed", self._root)
            self._fail(f"embedding failed: {error!r}")
        finally:
            if shared is not None:
                shared.close()
            with self._condition:
                self._ended = True
                again = self._exchanged and not self._closed
                if again:
                    self._thread, self._ended = None, False
            if again:
                self.wake()

    def _fail(self, problem: str) -> None:
        with self._condition:
            said, self.problem = self._closed or bool(self.problem), problem
            self._condition.notify_all()
        if not said:
            self._tell(f"search by meaning is off: {problem}")

    def _next(self) -> bool:
        with self._condition:
            rested = False
            while not (self._closed or self._exchanged) and (not self._wanted or self._paused):
                self._condition.notify_all()
                if not self._condition.wait(None if rested else _REST_S):
                    self._let_rest()
                    rested = True
            self._wanted = False
            return not (self._closed or self._exchanged)

    def _let_rest(self) -> None:
        """End the processes that embed, where there are some."""
        for generation in (self._building, self._quick):
            rest = getattr(generation.encoder, "rest", None) if generation is not None else None
            if rest is not None:
                rest()

    def _stop(self) -> bool:
        with self._condition:
            while (self._paused or self._busy()) and not self._closed:
                self._condition.wait(None if self._paused else _BUSY_S)
            return self._closed or self._exchanged

    def _bring_up_to_date(self, building: Generation) -> None:
        """Embed until every chunk has its vector, looking for changes between two steps."""
        began, looked_at, n_before = time.monotonic(), -1, self.n_embedded
        while not self._stop():
            generation = self._store.generation
            if generation != looked_at:
                building.look()
                looked_at = generation
                self._stand_in(building)
            if self._serving is None or not building.pending:
                self._serving = Serving(building.encoder, building.index, True)
            if not building.pending:
                self._done_generation = generation
                if self._quick is not None:
                    self._let_rest()
                    self._quick = None
                break
            self.n_embedded += self._embed(building, _STEP)
            done, total = building.progress
            rate = (self.n_embedded - n_before) / max(time.monotonic() - began, 1e-3)
            self.report(done, total, f"{done}/{total} vectors, {rate:.0f} chunks/s")
        with self._condition:
            self._condition.notify_all()

    def _stand_in(self, building: Generation) -> None:
        """Have a static model answer, where most is yet to be embedded and no older one serves."""
        if self._quick is None:
            serving = self._serving
            older = serving is not None and serving.encoder is not building.encoder
            done, total = building.progress
            if older or total - done < _QUICK_FROM or done > _QUICK_UNTIL * total:
                return
            encoder = self._models.quick()
            if encoder is None:
                return
            self._quick = Generation(encoder, self._store, None)
        self._quick.look()
        while self._quick.pending and not self._stop():
            self._embed(self._quick, _QUICK_STEP)
        self._serving = Serving(self._quick.encoder, self._quick.index, False)

    def _embed(self, generation: Generation, step: int) -> int:
        """Embed the next `step` pending chunks; how many texts that were."""
        some = generation.next(step)
        rows = self._store.chunks(some)
        texts: dict[str, SourceText | None] = {}
        wanted: dict[bytes, tuple[str, str, str]] = {}
        for number, key in some.items():
            row = rows.get(number)
            if row is None or not has_meaning(row.path):
                continue
            if row.path not in texts:
                known = self._store.file(row.path)
                texts[row.path] = self._read(row.path, known.hash if known else "")
            text = texts[row.path]
            if text is not None:
                code = text.data[row.start : row.end].decode("utf-8", "replace")
                wanted[key] = row.path, row.symbol, code
        generation.embed(some, wanted)
        return len(wanted)

    def _read(self, relative: str, content_hash: str) -> SourceText | None:
        """The file's text, when it still is what the index read."""
        try:
            text = decode((Path(self._root) / relative).read_bytes())
        except (OSError, ValueError, TreewrightError):
            return None
        return text if text.hash == content_hash else None
