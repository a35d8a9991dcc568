"""Retrievers: the four ways a query finds chunks. Each returns Candidates with its own score.

All of them see the snapshot: open documents with their unsaved text hide what the index has of
them, and a file that changed since it was indexed is not answered from the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.errors import StoreError, TreewrightError
from treewright_indexer.search import lexical
from treewright_indexer.search.fuse import Candidate
from treewright_indexer.search.places import factor_of
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.encoders import Encoder, Matrix
    from treewright_indexer.folder import Folder
    from treewright_indexer.search.plan import Plan
    from treewright_indexer.search.vectors import Serving
    from treewright_indexer.snapshot import Snapshot
    from treewright_indexer.store import ChunkRow

POOL: Final = 300
"""Candidates of one retriever."""
_SYMBOLS: Final = 24
_UNSAVED: Final = 24
"""Chunks of unsaved text that one query embeds."""
_SEEDS: Final = 5
_NEIGHBOURS: Final = 12

Found = dict[tuple[str, int], Candidate]
"""Candidates by (absolute path, first byte)."""


def words(
    snapshot: Snapshot, plan: Plan, token: CancelToken | None
) -> tuple[Found, dict[tuple[str, int], int]]:
    """Chunks that hold words of the query; with their numbers in their folder's index."""
    found: Found = {}
    numbers: dict[tuple[str, int], int] = {}
    for each in lexical.candidates(snapshot, plan.query, POOL, token):
        candidate = Candidate(
            each.path, snapshot.display_path(each.path), each.start, each.end, each.start_line,
            each.end_line, each.symbol, each.kind, {"lexical": each.score},
        )  # fmt: skip
        found[candidate.key] = candidate
        numbers[candidate.key] = each.number
    return found, numbers


class Meaning:
    """The dense retriever over one snapshot's folders, for one query."""

    def __init__(
        self,
        snapshot: Snapshot,
        query: str,
        token: CancelToken | None = None,
        *,
        document: tuple[str, str, str] | None = None,
    ) -> None:
        """Embeds the query, once for each model that serves. Raises ModelError.

        With `document`, a (path, symbol, code), that is what others are compared with.
        """
        self._snapshot = snapshot
        self._token = token
        self._current: dict[str, bool] = {}
        self._asked: dict[str, tuple[Serving, Matrix]] = {}
        """Folder -> what answers for it, and the query's vector."""
        self.complete = True
        self.standing_in = False
        """Whether a static or an older model answers for one that is not ready."""
        self.relevant = 0.0
        """See Encoder."""
        vectors: dict[str, Matrix] = {}
        for folder in snapshot.folders:
            if folder.vectors is None:
                self.complete = False
                continue
            self.complete = self.complete and folder.vectors.complete
            encoder = folder.vectors.encoder()
            serving = folder.vectors.serving
            if serving is not None:
                encoder = serving.encoder
            if encoder.generation not in vectors:
                made = (
                    encoder.query(query)
                    if document is None
                    else folder.vectors.embed_now(encoder, [document])[0]
                )
                vectors[encoder.generation] = _sound(encoder, made)
            self.relevant = encoder.relevant
            if serving is not None:
                self._asked[folder.root] = serving, vectors[encoder.generation]
                self.standing_in = self.standing_in or not serving.wanted

    def nearest(self, limit: int = POOL) -> Found:
        found: Found = {}
        for folder in self._snapshot.folders:
            asked = self._asked.get(folder.root)
            if asked is None:
                continue
            serving, vector = asked
            scores = dict(serving.index.search(vector, limit))
            if self._token is not None:
                self._token.check()
            for number, row in folder.store.chunks(scores).items():
                candidate = self._candidate(folder, row)
                if candidate is not None:
                    candidate.scores["dense"] = scores[number]
                    found[candidate.key] = candidate
        return found

    def score(self, candidates: Found, numbers: dict[tuple[str, int], int]) -> None:
        """Give each candidate that another retriever found its own cosine."""
        by_folder: dict[str, dict[int, Candidate]] = {}
        unsaved: dict[str, list[Candidate]] = {}
        n_unsaved = 0
        for key, candidate in candidates.items():
            number = numbers.get(key, 0)
            wanted = not number and "lexical" in candidate.scores and n_unsaved < _UNSAVED
            if not wanted and (not number or "dense" in candidate.scores):
                continue
            folder = self._snapshot.folder_of(candidate.path)
            if folder is None or folder.root not in self._asked:
                continue
            if number:
                by_folder.setdefault(folder.root, {})[number] = candidate
            else:
                unsaved.setdefault(folder.root, []).append(candidate)
                n_unsaved += 1
        for root, numbered in by_folder.items():
            serving, vector = self._asked[root]
            for number, cosine in serving.index.scores(vector, list(numbered)).items():
                numbered[number].scores["dense"] = cosine
        for root, some in unsaved.items():
            self._score_unsaved(root, some)

    def _score_unsaved(self, root: str, candidates: list[Candidate]) -> None:
        """Embed text that the index does not have, so that it is weighed like the rest."""
        texts: list[tuple[str, str, str]] = []
        for candidate in candidates:
            text = self._snapshot.text(candidate.path)
            code = text.slice(Span(candidate.start, candidate.end))
            texts.append((candidate.shown, candidate.symbol, code))
        serving, asked = self._asked[root]
        vectors = next(f.vectors for f in self._snapshot.folders if f.root == root)
        assert vectors is not None
        made = vectors.embed_now(serving.encoder, texts)
        for candidate, vector in zip(candidates, made, strict=True):
            candidate.scores["dense"] = float(vector @ asked)

    def _candidate(self, folder: Folder, row: ChunkRow) -> Candidate | None:
        """None when the file is not as the index knows it."""
        path = folder.absolute(row.path)
        if path not in self._current:
            hidden = self._snapshot.is_hidden(folder, path)
            self._current[path] = not hidden and folder.fits(row.path, row.stamp)
        if not self._current[path]:
            return None
        return _of_row(self._snapshot, path, row)


def _sound(encoder: Encoder, vector: Matrix) -> Matrix:
    """`vector`, if it can be compared with the encoder's others. Raises ModelError."""
    import numpy as np

    if vector.shape != (encoder.dimensions,) or not np.isfinite(vector).all():
        raise ModelError(
            f"the model {encoder.generation} gave a query {vector.size} numbers that cannot be "
            f"compared: {encoder.dimensions} finite ones were due"
        )
    return vector


def names(snapshot: Snapshot, plan: Plan) -> Found:
    """Definitions of what the query spells out as a name."""
    found: Found = {}
    for name in plan.names:
        parts = [part for part in _dotted(name) if part]
        if not parts:
            continue
        hits = snapshot.symbols_named(parts[-1])
        if len(parts) > 1:
            exact = [hit for hit in hits if hit.container.rpartition(".")[2] == parts[-2]]
            hits = exact or hits
        hits.sort(
            key=lambda hit: (
                -factor_of(snapshot.display_path(hit.path), plan.about),
                hit.path,
                hit.name_start,
            )
        )
        for hit in hits[:_SYMBOLS]:
            candidate = _at(snapshot, hit.path, hit.name_start)
            if candidate is not None and candidate.key not in found:
                # Many definitions of one name say less each.
                candidate.scores["symbol"] = (
                    1.0 if len(hits) <= 3 else 0.7 if len(hits) <= 10 else 0.4
                )
                found[candidate.key] = candidate
    return found


def paths(snapshot: Snapshot, plan: Plan) -> Found:
    """The first chunk of each file whose path ends like one that the query spells out."""
    found: Found = {}
    if not plan.paths:
        return found
    endings = [path.lstrip("./") for path in plan.paths]
    for folder in snapshot.folders:
        for relative in folder.relative_files():
            if any(relative == end or relative.endswith("/" + end) for end in endings):
                candidate = _at(snapshot, folder.absolute(relative), 0)
                if candidate is not None:
                    candidate.scores["path"] = 1.0
                    found[candidate.key] = candidate
            if len(found) >= _SYMBOLS:
                return found
    return found


def neighbours(
    snapshot: Snapshot, seeds: Sequence[Candidate], token: CancelToken | None = None
) -> Found:
    """What the definitions of `seeds` call, and what calls them, one step away."""
    from treewright_indexer.graph.neighbours import callees, callers, targets_named

    found: Found = {}
    for rank, seed in enumerate(seeds[:_SEEDS]):
        if not seed.symbol:
            continue
        if token is not None:
            token.check()
        targets = [t for t in targets_named(snapshot, seed.symbol, token) if t.path == seed.path]
        for target in targets[:1]:
            near: Iterator[tuple[str, int]] = iter(
                [
                    (t.path, t.name_span.start)
                    for t in callees(snapshot, target, token)[:_NEIGHBOURS]
                ]
                + [(u.path, u.span.start) for u in callers(snapshot, target, token)[:_NEIGHBOURS]]
            )
            for path, offset in near:
                candidate = _at(snapshot, path, offset)
                if candidate is not None and candidate.key != seed.key:
                    candidate.scores["graph"] = 1.0 / (1 + rank)
                    found.setdefault(candidate.key, candidate)
    return found


def _dotted(name: str) -> list[str]:
    return name.replace("::", ".").replace("#", ".").replace("->", ".").split(".")


def _at(snapshot: Snapshot, path: str, offset: int) -> Candidate | None:
    """The chunk of the file as it is now that holds the byte."""
    folder = snapshot.folder_of(path)
    relative = folder.relative(path) if folder is not None else None
    try:
        if folder is not None and relative is not None and not snapshot.is_hidden(folder, path):
            row = folder.store.chunk_at(relative, offset)
            if row is not None and folder.fits(relative, row.stamp):
                return _of_row(snapshot, path, row)
        return _fresh(snapshot, path, offset)
    except (StoreError, TreewrightError):
        return None


def _fresh(snapshot: Snapshot, path: str, offset: int) -> Candidate | None:
    from treewright_indexer.pipeline.entries import chunks_of

    facts = snapshot.facts(path) if snapshot.language(path) is not None else None
    shown = snapshot.display_path(path)
    inside = [c for c in chunks_of(shown, snapshot.text(path), facts) if c.start <= offset < c.end]
    if not inside:
        return None
    chunk = min(inside, key=lambda c: c.end - c.start)
    return Candidate(path, shown, *chunk[:6])


def _of_row(snapshot: Snapshot, path: str, row: ChunkRow) -> Candidate:
    return Candidate(
        path, snapshot.display_path(path), row.start, row.end, row.start_line, row.end_line,
        row.symbol, row.kind,
    )  # fmt: skip
