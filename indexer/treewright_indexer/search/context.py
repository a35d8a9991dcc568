"""context(): what a person or a model should read for a query, within a budget of tokens.

Whole definitions first, best first, while they fit; then the signatures of what the best of them
call and of what calls them, a test, and the project's own rules. Every block is text that stands
in a file at the lines it names, none overlaps another, and the rendered whole never exceeds the
budget by the counter that was given. When nothing relevant is found there is no block, and a note.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.errors import TreewrightError
from treewright_indexer.search.engine import Answer, search
from treewright_indexer.search.lexical import Hit
from treewright_indexer.text import SourceText

if TYPE_CHECKING:
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.encoders import Reranker
    from treewright_indexer.model import FileFacts
    from treewright_indexer.snapshot import Snapshot

Count = Callable[[str], int]
"""Tokens of a text, as whoever reads the context counts them."""

_TARGETS: Final = 20
_TARGET_SHARE: Final = 0.75
_ONE_SHARE: Final = 0.4
"""A definition that takes more of the budget is given by its chunk, or its first lines."""
_TELLING: Final = 0.5
"""Hits that score less than this share of the best are not given in full."""
_NEIGHBOURS_OF: Final = 3
_PROJECT_FILES: Final = (
    "pyproject.toml",
    "package.json",
    "Cargo.toml",
    "go.mod",
    "setup.cfg",
    "README.md",
)
_PROJECT_LINES: Final = 20


class Block(NamedTuple):
    """Lines of a file, from 1, inclusive, and why they are here."""

    path: str
    start_line: int
    end_line: int
    text: str
    reason: str
    n_tokens: int


class Context(NamedTuple):
    blocks: list[Block]
    n_tokens: int
    """Of the rendered whole."""
    notes: tuple[str, ...]

    def render(self) -> str:
        return render(self.blocks)


def render(blocks: Sequence[Block]) -> str:
    """The blocks as text, grouped by file in the order in which files first appear."""
    files: dict[str, list[Block]] = {}
    for block in blocks:
        files.setdefault(block.path, []).append(block)
    parts: list[str] = []
    for path, some in files.items():
        for block in sorted(some, key=lambda each: each.start_line):
            head = f"# {path}:{block.start_line}-{block.end_line} ({block.reason})"
            parts.append(f"{head}\n{block.text}")
    return "\n\n".join(parts)


def estimated_tokens(text: str) -> int:
    """An upper estimate for English and code when no tokenizer is at hand."""
    return len(text.encode()) // 3 + 1


def context(
    snapshot: Snapshot,
    query: str,
    budget: int,
    *,
    count: Count = estimated_tokens,
    reranker: Reranker | None = None,
    token: CancelToken | None = None,
) -> Context:
    """See the module. Raises CancelledError."""
    answer = search(snapshot, query, _TARGETS, reranker=reranker, token=token)
    builder = _Builder(snapshot, budget, count)
    if not answer.hits or not answer.relevant:
        return Context([], 0, (*answer.notes, "no relevant code was found"))
    targets = _targets(snapshot, answer, builder, token)
    for path, symbol in targets[:_NEIGHBOURS_OF]:
        if token is not None:
            token.check()
        _neighbours(snapshot, path, symbol, builder, token)
    _project(snapshot, builder)
    blocks = builder.fitted()
    return Context(blocks, count(render(blocks)) if blocks else 0, answer.notes)


class _Builder:
    """Collects blocks that do not overlap while they fit."""

    def __init__(self, snapshot: Snapshot, budget: int, count: Count) -> None:
        self.snapshot, self.budget, self.count = snapshot, budget, count
        self.blocks: list[Block] = []
        self.used = 0

    def add(self, path: str, first: int, last: int, reason: str, share: float = 1.0) -> bool:
        """Zero-based lines, inclusive. False when they do not fit or are there already."""
        shown = self.snapshot.display_path(path)
        for block in self.blocks:
            if block.path == shown and first + 1 <= block.end_line and last + 1 >= block.start_line:
                return False
        try:
            text = lines_of(self.snapshot.text(path), first, last)
        except TreewrightError:
            return False
        block = Block(shown, first + 1, last + 1, text, reason, 0)
        n_tokens = self.count(render([block])) + 2
        if self.used + n_tokens > self.budget * share:
            return False
        self.blocks.append(block._replace(n_tokens=n_tokens))
        self.used += n_tokens
        return True

    def fitted(self) -> list[Block]:
        """Tokenizers may count a joined text higher than its parts: then the last ones go."""
        blocks = list(self.blocks)
        while blocks and self.count(render(blocks)) > self.budget:
            blocks.pop()
        return blocks


def lines_of(text: SourceText, first: int, last: int) -> str:
    """The zero-based lines, inclusive, without the last line's end."""
    starts = text.line_starts
    end = starts[last + 1] if last + 1 < len(starts) else len(text.data)
    return text.data[starts[first] : end].decode("utf-8", "replace").rstrip("\r\n")


def _targets(
    snapshot: Snapshot, answer: Answer, builder: _Builder, token: CancelToken | None
) -> list[tuple[str, int]]:
    """Add the best definitions; (absolute path, symbol) of those that were."""
    found: list[tuple[str, int]] = []
    telling = answer.hits[0].score * _TELLING
    for hit in answer.hits:
        if hit.score < telling:
            break
        if token is not None:
            token.check()
        path = _absolute(snapshot, hit)
        facts = _facts(snapshot, path)
        symbol = _symbol_of(snapshot, path, facts, hit)
        reason = f"answers the query, found by {', '.join(hit.sources)}"
        done = False
        if facts is not None and symbol >= 0:
            text = snapshot.text(path)
            span = facts.symbols[symbol]
            first, last = text.line_of(span.start), text.line_of(max(span.start, span.end - 1))
            size = builder.count(lines_of(text, first, last))
            if size <= builder.budget * _ONE_SHARE:
                done = builder.add(path, first, last, reason, _TARGET_SHARE)
        if not done:
            done = builder.add(path, hit.start_line - 1, hit.end_line - 1, reason, _TARGET_SHARE)
        if not done and not builder.blocks:  # even the best one is too long: as much as fits
            last = hit.end_line - 1
            while last > hit.start_line and not done:
                last = hit.start_line - 1 + (last - hit.start_line + 1) // 2
                done = builder.add(path, hit.start_line - 1, last, f"{reason}; shortened", 1.0)
        if done and symbol >= 0:
            found.append((path, symbol))
    return found


def _neighbours(
    snapshot: Snapshot, path: str, symbol: int, builder: _Builder, token: CancelToken | None
) -> None:
    """Signatures of what the definition calls and what calls it, and one test of it."""
    from treewright_indexer.graph.neighbours import callees, callers, tests_of
    from treewright_indexer.graph.resolve import Resolver

    resolver = Resolver(snapshot, token)
    target = resolver.target_of(path, symbol)
    for callee in callees(snapshot, target, token)[:8]:
        if callee.symbol >= 0:
            line = snapshot.text(callee.path).line_of(callee.name_span.start)
            builder.add(callee.path, line, line, f"called by {target.name}")
    for use in callers(snapshot, target, token)[:4]:
        line = snapshot.text(use.path).line_of(use.span.start)
        builder.add(use.path, line, line, f"calls {target.name}")
    for test in tests_of(snapshot, target, token)[:1]:
        text = snapshot.text(test.path)
        first, last = (
            text.line_of(test.span.start),
            text.line_of(max(test.span.start, test.span.end - 1)),
        )
        builder.add(test.path, first, min(last, first + 30), f"tests {target.name}")


def _project(snapshot: Snapshot, builder: _Builder) -> None:
    """The head of the file that tells how the project is built and checked."""
    for folder in snapshot.folders:
        for name in _PROJECT_FILES:
            path = folder.absolute(name)
            if snapshot.exists(path):
                try:
                    n_lines = len(snapshot.text(path).line_starts)
                except TreewrightError:
                    continue
                builder.add(path, 0, min(n_lines, _PROJECT_LINES) - 1, "how the project is set up")
                break


def _absolute(snapshot: Snapshot, hit: Hit) -> str:
    for folder in snapshot.folders:
        path = folder.absolute(hit.path)
        if snapshot.exists(path):
            return path
    return hit.path


def _facts(snapshot: Snapshot, path: str) -> FileFacts | None:
    try:
        return snapshot.facts(path) if snapshot.language(path) is not None else None
    except TreewrightError:
        return None


def _symbol_of(snapshot: Snapshot, path: str, facts: FileFacts | None, hit: Hit) -> int:
    """The definition that the hit is a part of, or -1."""
    if facts is None or not hit.symbol:
        return -1
    name = hit.symbol.rpartition(".")[2]
    text = snapshot.text(path)
    for index, symbol in enumerate(facts.symbols):
        if symbol.name == name:
            first, last = (
                text.line_of(symbol.start),
                text.line_of(max(symbol.start, symbol.end - 1)),
            )
            if first <= hit.start_line - 1 and hit.end_line - 1 <= last:
                return index
    return -1
