"""Answers without a language model: what search and the code graph know about a question.

The question is not understood. Its names are looked up, its words are searched, and what was
found is said with the place it stands at. Nothing is said that no place proves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError, UnsupportedLanguageError
from treewright_indexer.graph import (
    Target,
    Use,
    callees,
    callers,
    hover_of,
    targets_named,
    tests_of,
)
from treewright_indexer.search.engine import search
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

MAX_SYMBOLS = 3
MAX_LISTED = 8
MAX_HITS = 6
_NAME = re.compile(r"`([A-Za-z_][\w.]*)`|\b([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\b")
_CODE_LIKE = re.compile(r"_|\.|[a-z][A-Z]|\d|^[A-Z][a-z]+[A-Z]")


class Source(NamedTuple):
    """A place the answer rests on. `number` is the one in the text: `[1]`."""

    number: int
    path: str
    span: Span
    title: str


class Piece(NamedTuple):
    """Text to append, or a source that later text names."""

    text: str = ""
    source: Source | None = None


class Subject(NamedTuple):
    """What the user points at: a file, or a part of it."""

    path: str
    span: Span | None


def answer(
    snapshot: Snapshot, question: str, subjects: Sequence[Subject], token: CancelToken
) -> Iterator[Piece]:
    """Markdown in pieces, each source before the text that names it. Raises CancelledError."""
    writer = _Writer(snapshot)
    targets = list(_targets(snapshot, question, subjects, token))
    for target in targets:
        token.check()
        yield from _symbol(writer, snapshot, target, token)
    for subject in subjects:
        token.check()
        if not targets:
            yield from _outline(writer, snapshot, subject)
    hits = search(snapshot, question, MAX_HITS, token=token).hits
    shown = {(t.path, t.name_span.start) for t in targets}
    rows: list[Piece] = []
    for hit in hits:
        path = _absolute(snapshot, hit.path)
        if path is None:
            continue
        try:
            text = snapshot.text(path)
        except TreewrightError:
            continue
        first = min(hit.start_line, text.n_lines) - 1
        last = min(hit.end_line, text.n_lines) - 1
        span = Span(text.line_span(first).start, text.line_span(last).end)
        if any(p == path and span.start <= at < span.end for p, at in shown):
            continue
        title = hit.symbol or f"{hit.path}:{hit.start_line}"
        source = writer.source(path, span, title)
        rows.append(Piece(source=source))
        what = f"{hit.kind.replace('_', ' ')} " if hit.kind else ""
        rows.append(Piece(f"- {what}{_code(title)} [{source.number}]{_doc_of(hit.snippet)}\n"))
    if rows:
        yield Piece("\n**Found by its words**\n\n" if targets or subjects else "**Found**\n\n")
        yield from rows
    elif not targets and not subjects:
        yield Piece(
            "Nothing in this workspace has these names or words. "
            "Try the name of a function, or words that the code or its comments would use.\n"
        )


# -------------------------------------------------------------------- symbols


def _targets(
    snapshot: Snapshot, question: str, subjects: Sequence[Subject], token: CancelToken
) -> Iterator[Target]:
    """Definitions that the question names, and the ones that the user points at."""
    seen: set[tuple[str, int]] = set()
    found = 0
    candidates: list[Target] = []
    for match in _NAME.finditer(question):
        quoted, plain = match.group(1), match.group(2)
        name = quoted or plain
        if len(name) < 3 and not quoted:
            continue
        named = targets_named(snapshot, name, token)
        if quoted or _CODE_LIKE.search(name) or 0 < len(named) <= 2:
            candidates += named[:2]
    for subject in subjects:
        if subject.span is not None and (target := _defined_in(snapshot, subject, token)):
            candidates.append(target)
    for target in candidates:
        if target.key not in seen and found < MAX_SYMBOLS:
            seen.add(target.key)
            found += 1
            yield target


def _defined_in(snapshot: Snapshot, subject: Subject, token: CancelToken) -> Target | None:
    """The first definition that begins inside a selection."""
    from treewright_indexer.graph.resolve import Resolver

    span = subject.span
    if span is None:
        return None
    try:
        outline = snapshot.outline(subject.path)
    except UnsupportedLanguageError:
        return None
    resolver = Resolver(snapshot, token)
    for symbol in outline:
        if span.start <= symbol.name_start <= span.end:
            index = resolver.symbol_starting(subject.path, symbol.name_start)
            if index >= 0:
                return resolver.target_of(subject.path, index)
    return None


def _symbol(
    writer: _Writer, snapshot: Snapshot, target: Target, token: CancelToken
) -> Iterator[Piece]:
    source = writer.source(target.path, target.span, _full(target))
    yield Piece(source=source)
    info = hover_of(snapshot, target)
    where = snapshot.display_path(target.path)
    kind = target.kind.replace("_", " ")
    yield Piece(f"**{kind} {_code(_full(target))}** in {_code(where)} [{source.number}]\n\n")
    fence = "`" * max(3, _longest_run(info.signature) + 1)
    yield Piece(f"{fence}{info.language}\n{info.signature}\n{fence}\n\n")
    if info.doc:
        yield Piece(_paragraph(info.doc) + "\n\n")
    used_by = callers(snapshot, target, token)
    yield from _uses(writer, snapshot, "Called by", used_by)
    tests = tests_of(snapshot, target, token)
    yield from _list(writer, "Tested by", tests)
    yield from _list(writer, "Calls", callees(snapshot, target, token))
    if not used_by and not tests:
        yield Piece("No call of it was found in this workspace.\n\n")


def _uses(writer: _Writer, snapshot: Snapshot, title: str, uses: Sequence[Use]) -> Iterator[Piece]:
    grouped: dict[tuple[str, str], Use] = {}
    for use in uses:
        grouped.setdefault((use.path, use.enclosing), use)
    rows: list[str] = []
    for use in list(grouped.values())[:MAX_LISTED]:
        name = use.enclosing or snapshot.display_path(use.path)
        source = writer.source(use.path, use.span, name)
        yield Piece(source=source)
        rows.append(f"{_code(name)} [{source.number}]")
    if rows:
        yield Piece(f"{title}: {_joined(rows, len(grouped))}\n\n")


def _list(writer: _Writer, title: str, targets: Sequence[Target]) -> Iterator[Piece]:
    rows: list[str] = []
    for target in targets[:MAX_LISTED]:
        source = writer.source(target.path, target.name_span, _full(target))
        yield Piece(source=source)
        rows.append(f"{_code(_full(target))} [{source.number}]")
    if rows:
        yield Piece(f"{title}: {_joined(rows, len(targets))}\n\n")


def _outline(writer: _Writer, snapshot: Snapshot, subject: Subject) -> Iterator[Piece]:
    """What a file, or the selected part of it, defines."""
    try:
        symbols = snapshot.outline(subject.path)
    except TreewrightError:
        return
    top = [
        s
        for s in symbols
        if (subject.span is None and s.parent < 0)
        or (
            subject.span is not None and s.start <= subject.span.end and subject.span.start <= s.end
        )
    ]
    top = [s for s in top if s.kind in ("class", "function", "method", "struct", "interface")]
    if not top:
        return
    shown = snapshot.display_path(subject.path)
    yield Piece(f"**{_code(shown)}** defines:\n\n")
    for symbol in top[: 2 * MAX_LISTED]:
        source = writer.source(subject.path, Span(symbol.start, symbol.end), symbol.name)
        yield Piece(source=source)
        kind = symbol.kind.replace("_", " ")
        yield Piece(f"- {kind} {_code(symbol.name)} [{source.number}]\n")
    if len(top) > 2 * MAX_LISTED:
        yield Piece(f"- and {len(top) - 2 * MAX_LISTED} more\n")
    yield Piece("\n")


# -------------------------------------------------------------------- words


class _Writer:
    """Numbers the sources; one place has one number."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[tuple[str, Span], Source] = {}

    def source(self, path: str, span: Span, title: str) -> Source:
        key = (path, span)
        if key not in self._known:
            self._known[key] = Source(len(self._known) + 1, path, span, title)
        return self._known[key]


def _full(target: Target) -> str:
    return f"{target.container}.{target.name}" if target.container else target.name


def _code(text: str) -> str:
    """Inline code, whatever is in the text."""
    clean = " ".join(text.split())
    fence = "`" * (_longest_run(clean) + 1)
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{fence}{pad}{clean}{pad}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _paragraph(doc: str) -> str:
    """The first paragraph of a docstring."""
    return doc.strip().split("\n\n", 1)[0][:600]


def _doc_of(snippet: str) -> str:
    """The first sentence of the snippet's docstring, if it has one."""
    match = re.search(r'"""\s*(.+?)(?:\.\s|\.?\n|""")', snippet, re.DOTALL)
    sentence = " ".join(match.group(1).split()) if match else ""
    return f": {sentence[:160]}" if sentence else ""


def _joined(rows: Sequence[str], total: int) -> str:
    more = f" and {total - len(rows)} more" if total > len(rows) else ""
    return ", ".join(rows) + more


def _absolute(snapshot: Snapshot, relative: str) -> str | None:
    for folder in snapshot.folders:
        path = folder.absolute(relative)
        if snapshot.exists(path):
            return path
    return None
