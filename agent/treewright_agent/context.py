"""Context: what a model is told before it begins, within a token budget, most relevant first.

Blocks are ranked once; they are taken in that order until one does not fit, which may be cut at a
line, and nothing of a lower rank is taken instead. Blocks of files that were edited meanwhile are
read again, so that no replaced line is shown as if it were there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from treewright_agent.diagnostics import Diagnostic
from treewright_indexer import graph
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

Count = Callable[[str], int]

_MAX_LINES = 120
_IDENTIFIER = re.compile(r"\b[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\b")
_PATH = re.compile(r"(?<![\w/])((?:[\w.-]+/)*[\w-]+\.[A-Za-z]{1,5})(?![\w])")


def find_hits(snapshot: Snapshot, query: str, k: int, token: CancelToken) -> list[dict[str, Any]]:
    """Search results as rows: file, start_line, end_line, symbol, kind, score, sources, snippet."""
    from treewright_indexer.search.engine import search

    token.check()
    rows: list[dict[str, Any]] = []
    for hit in search(snapshot, query, k, token=token).hits:
        row = hit._asdict()
        row["file"] = row.pop("path")
        row["sources"] = list(row["sources"])
        rows.append(row)
    token.check()
    return rows


class Turn(NamedTuple):
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Place:
    """What the user points at."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the workspace. `symbol` names it when its lines may move; `reason` says why it
    is here."""

    path: str
    start_line: int
    end_line: int
    reason: str
    symbol: str = ""

    def text(self, snapshot: Snapshot) -> str:
        """`path:first-last (reason)` and the lines, as they are in `snapshot`."""
        text = snapshot.text(self.path)
        first = min(max(1, self.start_line), text.n_lines)
        last = min(self.end_line, first + _MAX_LINES - 1, text.n_lines)
        start, end = text.line_span(first - 1).start, text.line_span(last - 1).end
        body = text.data[start:end].decode("utf-8", "replace")
        return f"{snapshot.display_path(self.path)}:{first}-{last} ({self.reason})\n{body}"


@dataclass(frozen=True, slots=True)
class Context:
    blocks: tuple[Block, ...]
    text: str
    tokens: int
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Environment:
    """What surrounds a request: where the user is, what is reported there, what is open."""

    place: Place | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    open_files: tuple[str, ...] = ()
    test_command: str = ""
    git_status: str = ""
    conversation: tuple[Turn, ...] = field(default=())

    def text(self, snapshot: Snapshot) -> str:
        lines: list[str] = []
        if self.place is not None:
            source = snapshot.text(self.place.path)
            line = source.line_of(self.place.span[0]) + 1
            lines.append(f"The cursor is at {snapshot.display_path(self.place.path)}:{line}.")
            selected = source.slice(self.place.span)
            if selected.strip() and len(selected) < 4_000:
                lines.append(f"Selected:\n{selected}")
        for found in self.diagnostics[:20]:
            line = snapshot.text(found.path).line_of(found.span[0]) + 1
            code = f" [{found.code}]" if found.code else ""
            lines.append(
                f"{snapshot.display_path(found.path)}:{line}: {found.message}{code} ({found.source})"
            )
        if self.open_files:
            shown = ", ".join(snapshot.display_path(path) for path in self.open_files[:10])
            lines.append(f"Open files: {shown}")
        if self.git_status:
            lines.append(f"Uncommitted changes:\n{self.git_status}")
        if self.test_command:
            lines.append(f"Tests run with: {self.test_command}")
        for turn in self.conversation:
            lines.append(f"{turn.role} said: {turn.content}")
        return "\n".join(lines) + ("\n" if lines else "")


def gather(
    snapshot: Snapshot, goal: str, environment: Environment, token: CancelToken, k: int = 10
) -> list[Block]:
    """Blocks, most relevant first: the place and its callees and callers, files and symbols that
    the goal names, then what search finds."""
    found: dict[tuple[str, int], Block] = {}

    def add(block: Block) -> None:
        for other in found.values():
            if (
                other.path == block.path
                and other.start_line <= block.start_line <= block.end_line <= other.end_line
            ):
                return
        found.setdefault((block.path, block.start_line), block)

    def safely(blocks: Callable[[], Iterable[Block]]) -> None:
        try:
            for block in blocks():
                add(block)
        except CancelledError:
            raise
        except TreewrightError:
            return

    if environment.place is not None:
        place = environment.place
        safely(lambda: _around(snapshot, place.path, place.span[0], "the cursor is here", token))
    for diagnostic in environment.diagnostics[:5]:
        safely(
            lambda d=diagnostic: _around(
                snapshot, d.path, d.span[0], f"reported: {d.message[:80]}", token
            )
        )
    safely(lambda: _named_files(snapshot, goal))
    safely(lambda: _named_symbols(snapshot, goal, token))
    safely(lambda: _searched(snapshot, goal, k, token))
    return list(found.values())


def _around(
    snapshot: Snapshot, path: str, offset: int, reason: str, token: CancelToken
) -> Iterable[Block]:
    text = snapshot.text(path)
    facts = snapshot.file_facts(path) if snapshot.language(path) is not None else None
    index = facts.symbol_at(offset) if facts is not None else -1
    if facts is None or index < 0:
        line = text.line_of(offset) + 1
        yield Block(path, max(1, line - 20), min(text.n_lines, line + 20), reason)
        return
    symbol = facts.symbols[index]
    yield _block(snapshot, path, symbol.span, reason, facts.qualified_name(index))
    for target in graph.targets_named(snapshot, symbol.name, token):
        if target.path == path and target.name_span.start == symbol.name_start:
            for callee in graph.callees(snapshot, target, token)[:5]:
                yield _block(
                    snapshot, callee.path, callee.span, f"called by {symbol.name}", callee.name
                )
            for use in graph.callers(snapshot, target, token)[:5]:
                line = snapshot.text(use.path).line_of(use.span.start) + 1
                yield Block(use.path, max(1, line - 4), line + 4, f"calls {symbol.name}")
            for test in graph.tests_of(snapshot, target, token)[:3]:
                yield _block(snapshot, test.path, test.span, f"tests {symbol.name}", test.name)


def _block(snapshot: Snapshot, path: str, span: Span, reason: str, symbol: str) -> Block:
    text = snapshot.text(path)
    first, last = text.line_of(span[0]) + 1, text.line_of(max(span[0], span[1] - 1)) + 1
    return Block(path, first, last, reason, symbol)


def _named_files(snapshot: Snapshot, goal: str) -> Iterable[Block]:
    wanted = list(dict.fromkeys(_PATH.findall(goal)))[:6]
    for name in wanted:
        for folder in snapshot.folders:
            path = os.path.join(folder.root, *name.split("/"))
            if snapshot.exists(path):
                yield Block(path, 1, snapshot.text(path).n_lines, "named in the request")
                break


def _named_symbols(snapshot: Snapshot, goal: str, token: CancelToken) -> Iterable[Block]:
    """Definitions of identifiers in the goal that look like code."""
    quoted = set(re.findall(r"[`'\"“”]([A-Za-z_][\w.]*)(?:\(\))?[`'\"“”]", goal))
    names = [
        name
        for name in dict.fromkeys(_IDENTIFIER.findall(goal))
        if name in quoted
        or "_" in name
        or "." in name
        or re.search(r"[a-z][A-Z]|\d", name)
        or f"{name}(" in goal
    ]
    for name in names[:8]:
        for target in graph.targets_named(snapshot, name, token)[:2]:
            yield _block(snapshot, target.path, target.span, f"definition of {name}", name)


def _searched(snapshot: Snapshot, goal: str, k: int, token: CancelToken) -> Iterable[Block]:
    for row in find_hits(snapshot, goal[:400], k, token):
        for folder in snapshot.folders:
            path = os.path.join(folder.root, *row["file"].split("/"))
            if snapshot.exists(path):
                yield Block(
                    path, row["start_line"], row["end_line"], "found by search", row["symbol"]
                )
                break


def compress(
    blocks: Sequence[Block],
    snapshot: Snapshot,
    limit: int,
    count: Count,
    skip: frozenset[str] = frozenset(),
) -> Context:
    """The first blocks that fit into `limit` tokens; the last one may be cut at a line.

    Files in `skip` (absolute paths) are left to the state, which shows them as edited.
    """
    taken: list[Block] = []
    parts: list[str] = []
    used = 0
    for block in blocks:
        if block.path in skip:
            continue
        try:
            text = block.text(snapshot)
        except TreewrightError:
            continue
        cost = count(text) + 1
        if used + cost > limit:
            cut = _cut(text, limit - used, count)
            if cut:
                taken.append(block)
                parts.append(cut)
                used += count(cut) + 1
            break
        taken.append(block)
        parts.append(text)
        used += cost
    return Context(tuple(taken), "\n\n".join(parts), used, len(blocks) - len(taken))


def _cut(text: str, room: int, count: Count) -> str:
    """The longest beginning of whole lines that fits, if it is worth having."""
    lines = text.split("\n")
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if count("\n".join(lines[:middle])) + 4 <= room:
            low = middle
        else:
            high = middle - 1
    return "\n".join([*lines[:low], "…"]) if low >= 4 else ""


# -------------------------------------------------------------------- conversation


def select_recent_conversations(
    turns: Sequence[Turn],
    query: str,
    keep: int = 4,
    relevance: Callable[[str, str], float] | None = None,
) -> list[Turn]:
    """The last turn, and up to `keep` earlier ones by relevance to `query`, then recency; in the
    order in which they were said."""
    if not turns:
        return []
    score = relevance or _overlap
    earlier = list(enumerate(turns[:-1]))
    ranked = sorted(earlier, key=lambda pair: (-round(score(query, pair[1].content), 3), -pair[0]))
    kept = sorted(index for index, _ in ranked[:keep])
    return [*(turns[index] for index in kept), turns[-1]]


def _overlap(query: str, text: str) -> float:
    """Share of the query's words that the text holds, rare ones (long, capital, digits) more."""
    wanted = _weights(query)
    there = _weights(text)
    total = sum(wanted.values())
    return sum(weight for word, weight in wanted.items() if word in there) / total if total else 0.0


_STOP = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "to",
        "in",
        "is",
        "are",
        "was",
        "were",
        "be",
        "it",
        "this",
        "that",
        "for",
        "and",
        "or",
        "on",
        "with",
        "as",
        "at",
        "by",
        "we",
        "you",
        "i",
        "what",
        "which",
        "how",
        "do",
        "does",
        "did",
        "can",
        "could",
        "should",
        "would",
        "please",
        "not",
    ]
)


def _weights(text: str) -> Mapping[str, float]:
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]+|\d+|[\u4e00-\u9fff]", text)
    return {
        word.lower(): 1.0 + (len(word) > 6) + ("_" in word or word != word.lower())
        for word in words
        if word.lower() not in _STOP
    }
