"""What is checked of a change, one check after the other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from treewright_agent.changes import FileChange, SourceChange
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.verify.imports import broken_imports
from treewright_agent.verify.names import renames_only, unbound_after
from treewright_agent.verify.ruff import ALWAYS, Linted, lint_text
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.languages import Language, language_for_path
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

__all__ = ["Check", "Report", "verify"]

_FATAL = ("invalid-syntax", "E9", "F821", "F822", "F823")
_MAX_LISTED = 20

Lint = Callable[[str, SourceText, str | None, CancelToken], Linted]


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `ok` is None when it was skipped; `detail` then says why."""

    name: str
    ok: bool | None
    detail: str
    seconds: float

    @property
    def status(self) -> str:
        return "skipped" if self.ok is None else "ok" if self.ok else "failed"


@dataclass(frozen=True, slots=True)
class Report:
    """`new_problems` lists what the change brings along, also where it does not block."""

    ok: bool
    checks: tuple[Check, ...]
    new_problems: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why it is not ok, in one line; '' when it is."""
        return "; ".join(f"{c.name}: {c.detail}" for c in self.checks if c.ok is False)

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "checks": [
                {"name": c.name, "status": c.status, "detail": c.detail, "seconds": c.seconds}
                for c in self.checks
            ],
            "new_problems": list(self.new_problems),
        }


@dataclass(frozen=True, slots=True)
class _Pair:
    """One file's text before and after the change; None where the file does not exist."""

    path: str
    shown: str
    before: SourceText | None
    after: SourceText
    language: Language | None
    names: FileChange | None = None
    """The edits, when all they do is to give identifiers other names; see `verify.names`."""


def _lint_with_ruff(path: str, text: SourceText, root: str | None, token: CancelToken) -> Linted:
    return lint_text(path, text, root, always=ALWAYS, token=token)


def verify(
    snapshot: Snapshot,
    change: SourceChange,
    token: CancelToken,
    *,
    lint: Lint = _lint_with_ruff,
    asked: Collection[str] = (),
) -> Report:
    """Parse and lint every file that `change` writes, before and after.

    `asked`: imports that somebody asked for, dotted, without aliases; that nothing uses them yet
    is no finding.

    Raises StaleSnapshotError when the change was computed from other text, and
    CancelledError.
    """
    texts: Mapping[str, SourceText | None] = change.apply(snapshot.text)
    pairs = _pairs(snapshot, change, texts)
    problems: list[str] = []
    checks = (
        _parse(pairs, problems, token),
        _lint(snapshot, pairs, problems, token, lint, asked),
        *_names(snapshot, pairs, problems, token),
        *_imports(snapshot, change, texts, problems, token),
    )
    return Report(all(check.ok is not False for check in checks), checks, tuple(problems))


def _pairs(
    snapshot: Snapshot, change: SourceChange, texts: Mapping[str, SourceText | None]
) -> list[_Pair]:
    moved = {rename.new: rename.old for rename in change.renames}
    created = {create.path for create in change.creates}
    edits = {file.path: file for file in change.files}
    pairs: list[_Pair] = []
    for path in sorted(texts):
        after = texts[path]
        if after is None:
            continue
        origin = moved.get(path, path)
        try:
            before = None if path in created else snapshot.text(origin)
        except TreewrightError:
            before = None
        language = snapshot.language(origin) or language_for_path(path)
        file = edits.get(path)
        python = language is not None and language.id == "python" and origin == path
        named = python and before is not None and file is not None and renames_only(before, file)
        shown = snapshot.display_path(path)
        pairs.append(_Pair(path, shown, before, after, language, file if named else None))
    return pairs


# -------------------------------------------------------------------- parse


def _parse(pairs: list[_Pair], problems: list[str], token: CancelToken) -> Check:
    started = time.perf_counter()
    failed: list[str] = []
    parsed = 0
    for pair in pairs:
        token.check()
        if pair.language is None:
            continue
        parsed += 1
        if pair.names is not None:
            continue  # the same tree with other names in it
        n_before = len(_syntax_errors(pair.language, pair.before)) if pair.before else 0
        after = _syntax_errors(pair.language, pair.after)
        if len(after) > n_before:
            line = pair.after.line_of(after[0]) + 1
            failed.append(f"{pair.shown}:{line}: syntax error that was not there before")
    problems += failed
    seconds = time.perf_counter() - started
    if not parsed:
        return Check("parse", None, "no changed file has a grammar", seconds)
    detail = failed[0] if failed else f"{parsed} {_files(parsed)} without new syntax errors"
    return Check("parse", not failed, detail, seconds)


def _syntax_errors(language: Language, text: SourceText) -> list[int]:
    """Byte offsets of the ERROR and MISSING nodes."""
    from treewright_indexer.syntax import parse

    found: list[int] = []
    pending = [parse(language, text.data).root_node]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            found.append(node.start_byte)
        if node.has_error:
            pending += node.children
    return sorted(found)


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


# -------------------------------------------------------------------- lint


def _lint(
    snapshot: Snapshot,
    pairs: list[_Pair],
    problems: list[str],
    token: CancelToken,
    lint: Lint,
    asked: Collection[str],
) -> Check:
    """New undefined names and syntax errors block; so does a growing number of findings of
    pyflakes' class (F). A finding that takes another's place (a variable removed, its import
    now unused) and findings of style are listed only."""
    started = time.perf_counter()
    python = [p for p in pairs if p.language is not None and p.language.id == "python"]
    if not python:
        return Check("lint", None, "no Python file changed", time.perf_counter() - started)
    python = [p for p in python if p.names is None]
    if not python:
        return Check("lint", None, "only names change", time.perf_counter() - started)
    fatal: list[str] = []
    listed: list[str] = []
    notes: list[str] = []
    growth = 0
    for pair in python:
        token.check()
        folder = snapshot.folder_of(pair.path)
        root = folder.root if folder is not None else None
        after = _without_asked(lint(pair.path, pair.after, root, token), asked)
        before = Linted(()) if pair.before is None else lint(pair.path, pair.before, root, token)
        if after.skipped or before.skipped:
            reason = after.skipped or before.skipped
            return Check("lint", None, reason, time.perf_counter() - started)
        if after.note and after.note not in notes:
            notes.append(after.note)
        for diagnostic in _new(before.diagnostics, after.diagnostics):
            line = pair.after.line_of(diagnostic.span.start) + 1
            shown = f"{pair.shown}:{line}: {diagnostic.code} {diagnostic.message}"
            (fatal if diagnostic.code.startswith(_FATAL) else listed).append(shown)
        growth += _n_pyflakes(after.diagnostics) - _n_pyflakes(before.diagnostics)
    problems += (fatal + listed)[:_MAX_LISTED]
    seconds = time.perf_counter() - started
    if fatal:
        return Check("lint", False, "; ".join([fatal[0], *notes]), seconds)
    if growth > 0:
        first = next((row for row in listed if " F" in row), f"{growth} more findings of ruff")
        return Check("lint", False, "; ".join([first, *notes]), seconds)
    found = f"{len(listed)} new remarks of style" if listed else "nothing new found by ruff"
    return Check("lint", True, "; ".join([found, *notes]), seconds)


def _without_asked(linted: Linted, asked: Collection[str]) -> Linted:
    if not asked:
        return linted
    left = [
        each
        for each in linted.diagnostics
        if each.code != "F401" or each.message.split("`")[1].partition(" as ")[0] not in asked
    ]
    return linted._replace(diagnostics=tuple(left))


def _n_pyflakes(diagnostics: tuple[Diagnostic, ...]) -> int:
    return sum(d.code[:1] == "F" and d.code[1:].isdigit() for d in diagnostics)


def _new(before: tuple[Diagnostic, ...], after: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    """Those of `after` that `before` has not; places do not count, they move."""
    known = Counter((d.code, d.message) for d in before)
    found: list[Diagnostic] = []
    for diagnostic in after:
        key = (diagnostic.code, diagnostic.message)
        if known[key]:
            known[key] -= 1
        else:
            found.append(diagnostic)
    return found


# -------------------------------------------------------------------- names and imports


def _names(
    snapshot: Snapshot, pairs: list[_Pair], problems: list[str], token: CancelToken
) -> list[Check]:
    """Where only names change: what was bound is bound still, under the name it is read by."""
    started = time.perf_counter()
    named = [pair for pair in pairs if pair.names is not None]
    if not named:
        return []
    failed: list[str] = []
    for pair in named:
        token.check()
        assert pair.names is not None
        assert pair.before is not None
        for offset, name in unbound_after(snapshot, pair.names):
            line = pair.before.line_of(offset) + 1
            failed.append(f"{pair.shown}:{line}: `{name}` would not be defined")
    problems += failed[:_MAX_LISTED]
    detail = failed[0] if failed else f"every name of {len(named)} {_files(len(named))} stays bound"
    return [Check("names", not failed, detail, time.perf_counter() - started)]


def _imports(
    snapshot: Snapshot,
    change: SourceChange,
    texts: Mapping[str, SourceText | None],
    problems: list[str],
    token: CancelToken,
) -> list[Check]:
    started = time.perf_counter()
    if not any(path.endswith((".py", ".pyi")) for path in texts):
        return []
    broken: list[str] = []
    for path, offset, what in broken_imports(snapshot, change, texts, token):
        text = texts.get(path) or snapshot.text(path)
        line = text.line_of(offset) + 1
        broken.append(f"{snapshot.display_path(path)}:{line} imports {what}")
    problems += broken[:_MAX_LISTED]
    detail = broken[0] if broken else "every import finds what it names"
    return [Check("imports", not broken, detail, time.perf_counter() - started)]
