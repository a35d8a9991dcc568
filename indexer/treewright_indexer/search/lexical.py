"""Lexical search: chunks that hold the words of a query, by BM25 over names and text.

Open documents count with their unsaved text, and files that the index has yet to read are
read on the spot when they hold a word of the query, so that a new index hides nothing that
is asked for by name.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.errors import TreewrightError
from treewright_indexer.store.words import query_phrases
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.folder import Folder
    from treewright_indexer.snapshot import Snapshot
    from treewright_indexer.store.rows import ChunkEntry

_SNIPPET_LINES: Final = 12
_SNIPPET_CHARACTERS: Final = 1200
_SPARE: Final = 32
"""Hits asked for beyond k, since some may belong to files that changed."""
_ON_THE_SPOT_S: Final = 0.5
"""How long one search reads files that the index does not have yet."""


class Hit(NamedTuple):
    """A piece of code that was found; what `treewright search --json` prints."""

    path: str
    """Relative to its folder, with forward slashes."""
    start_line: int
    """From 1."""
    end_line: int
    """From 1, inclusive."""
    symbol: str
    """Qualified name of the definition, or ''."""
    kind: str
    score: float
    """Higher is better; comparable inside one answer only."""
    sources: tuple[str, ...]
    """The retrievers that found it."""
    snippet: str


class Found(NamedTuple):
    score: float
    path: str
    """Absolute."""
    start: int
    end: int
    start_line: int
    end_line: int
    symbol: str
    kind: str
    number: int = 0
    """The chunk's number in its folder's index, or 0 for text that the index does not have."""


def search(snapshot: Snapshot, query: str, k: int, token: CancelToken | None = None) -> list[Hit]:
    """The best `k` chunks for `query`, best first; [] for a query without words."""
    if k < 1:
        return []
    found = candidates(snapshot, query, k + _SPARE, token)
    hits: list[Hit] = []
    for each in found:
        hit = _hit(snapshot, each)
        if hit is not None:
            hits.append(hit)
            if len(hits) == k:
                break
    return hits


def candidates(
    snapshot: Snapshot, query: str, limit: int, token: CancelToken | None = None
) -> list[Found]:
    """The best chunks of each folder and of texts it does not have, best first."""
    phrases = query_phrases(query)
    if not phrases:
        return []
    found: list[Found] = []
    anew: dict[str, None] = dict.fromkeys(snapshot.overlays)
    for folder in snapshot.folders:
        pending = _pending(folder, phrases)
        found += _indexed(snapshot, folder, query, limit, pending, anew)
        anew.update((folder.absolute(relative), None) for relative in pending)
    if token is not None:
        token.check()
    found += _on_the_spot(snapshot, query, list(anew), token)
    found.sort(key=lambda each: (-each.score, each.path, each.start))
    return found


def _pending(folder: Folder, phrases: list[str]) -> dict[str, None]:
    """Pending files that hold words of the query, the fullest first."""
    words = dict.fromkeys(word for phrase in phrases for word in phrase.split())
    counts = folder.pending_counting(list(words))
    return dict.fromkeys(sorted(counts, key=lambda relative: (-counts[relative], relative)))


def _indexed(
    snapshot: Snapshot,
    folder: Folder,
    query: str,
    limit: int,
    pending: dict[str, None],
    anew: dict[str, None],
) -> Iterator[Found]:
    """What the index finds in files that are as it knows them; `anew` collects the others."""
    current: dict[str, bool] = {}
    for row in folder.store.search_words(query, limit):
        path = folder.absolute(row.path)
        if row.path not in current:
            hidden = row.path in pending or snapshot.is_hidden(folder, path)
            current[row.path] = not hidden and folder.fits(row.path, row.stamp)
            if not hidden and not current[row.path]:
                anew[path] = None
        if current[row.path]:
            yield Found(
                row.score,
                path,
                row.start,
                row.end,
                row.start_line,
                row.end_line,
                row.symbol,
                row.kind,
                row.number,
            )


def _on_the_spot(
    snapshot: Snapshot, query: str, paths: list[str], token: CancelToken | None
) -> Iterator[Found]:
    """The chunks of texts that the index does not have, scored as if it had them."""
    from treewright_indexer.pipeline.entries import chunks_of

    end = time.monotonic() + _ON_THE_SPOT_S
    for path in paths:
        folder = snapshot.folder_of(path)
        if folder is None or (time.monotonic() > end and not snapshot.is_open(path)):
            continue
        if token is not None:
            token.check()
        chunks: list[ChunkEntry]
        try:
            facts = snapshot.facts(path) if snapshot.language(path) is not None else None
            chunks = chunks_of(folder.relative(path) or path, snapshot.text(path), facts)
        except TreewrightError:
            continue
        scores = folder.store.score_words(query, [(chunk.words, chunk.text) for chunk in chunks])
        for chunk, score in zip(chunks, scores, strict=True):
            if score > 0:
                yield Found(score, path, *chunk[:6])


def _hit(snapshot: Snapshot, found: Found) -> Hit | None:
    """None when the file went away since it was found."""
    try:
        text = snapshot.text(found.path)
    except TreewrightError:
        return None
    return Hit(
        snapshot.display_path(found.path),
        found.start_line + 1,
        found.end_line + 1,
        found.symbol,
        found.kind,
        round(found.score, 4),
        ("lexical",),
        snippet(text.slice(Span(found.start, found.end))),
    )


def snippet(text: str) -> str:
    lines = text[:_SNIPPET_CHARACTERS].split("\n")
    return "\n".join(line.rstrip("\r") for line in lines[:_SNIPPET_LINES]).rstrip()
