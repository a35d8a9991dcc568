"""Proposal: a SourceChange put before the user, planned from calls and verified.

Same fingerprint, same Proposal: the fingerprint covers the calls, the content they were
planned on and the versions of what planned and verified them. What would leave a file worse
than it was is refused, with the reason, and never shown.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from treewright_agent.calls import Call, calls_to_json, canonical_json, relative_calls
from treewright_agent.changes import ConflictError, SourceChange, TextEdit
from treewright_agent.draft import Draft
from treewright_agent.guard.scope import concerns
from treewright_agent.operations import OPERATIONS, run
from treewright_agent.verify import Report, verify
from treewright_agent.verify.ruff import ruff_version
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.languages import language_for_path
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

_log = logging.getLogger(__name__)

FILE = -1
"""The hunk number of an annotation that is about the file itself."""

_CONTEXT_LINES = 8
_MAX_CONTEXT_FILES = 12
_MAX_CONTEXT_LINES = 160
_UNCERTAIN_NODES = frozenset(
    {"comment", "line_comment", "block_comment", "string", "string_content", "string_fragment"}
)
_WHOLE_DEFINITIONS = frozenset(
    {"class", "function", "method", "constructor", "interface", "struct"}
)


class Annotation(NamedTuple):
    """What one edit of a proposal is, and whether the user should confirm it.

    `hunk` indexes the edits of the file's FileChange; FILE for a creation, rename or
    deletion of the file. `reason` says why it needs confirmation, or describes the place.
    """

    path: str
    hunk: int
    label: str
    reason: str
    needs_confirmation: bool


class ContextPiece(NamedTuple):
    """The code before, around the edits of one file. `path` as people see it."""

    path: str
    language: str
    code: str


@dataclass(frozen=True)
class Proposal:
    """Equal to another one with the same fingerprint, whenever each of them was made."""

    id: str = field(compare=False)
    title: str
    reason: str
    source: str
    """recipe, operation, model, cache, template"""
    rung: str
    """The step of the ladder that decided; see docs/architecture.md."""
    fingerprint: str
    change: SourceChange
    report: Report = field(compare=False)
    annotations: tuple[Annotation, ...]
    calls: tuple[Call, ...]
    context: tuple[ContextPiece, ...]
    language: str
    root: str
    before: Mapping[str, SourceText] = field(compare=False, repr=False)
    """Each changed file's text before."""
    made_at: float | None = field(compare=False, default_factory=time.time)
    """Seconds since the epoch; None in a record that lacks it. See `validity`."""

    @cached_property
    def diff(self) -> str:
        """Unified diff with paths relative to `root`; made when somebody wants to see it."""
        return self.change.diff(self.before.__getitem__, self.root)


@dataclass(frozen=True, slots=True)
class ProposalRefused:
    """A change that is not shown. `report` is None when nothing was verified."""

    title: str
    reason: str
    report: Report | None = None


def propose(
    snapshot: Snapshot,
    title: str,
    calls: Sequence[Call],
    source: str,
    token: CancelToken,
    *,
    reason: str = "",
    rung: str = "",
) -> Proposal | None:
    """The verified proposal, or None (with a line in the log) when it would not do.

    Raises what planning raises: ArgumentsError, RefusedError, StaleSnapshotError,
    CancelledError.
    """
    considered = consider(snapshot, title, calls, source, token, reason=reason, rung=rung)
    if isinstance(considered, ProposalRefused):
        _log.info("not proposed: %s: %s", title, considered.reason)
        return None
    return considered


def consider(
    snapshot: Snapshot,
    title: str,
    calls: Sequence[Call],
    source: str,
    token: CancelToken,
    *,
    reason: str = "",
    rung: str = "",
) -> Proposal | ProposalRefused:
    """As `propose`, with the reason of a refusal as a value."""
    change = plan(snapshot, calls, token)
    return consider_change(snapshot, title, calls, change, source, token, reason=reason, rung=rung)


def consider_change(
    snapshot: Snapshot,
    title: str,
    calls: Sequence[Call],
    change: SourceChange,
    source: str,
    token: CancelToken,
    *,
    reason: str = "",
    rung: str = "",
) -> Proposal | ProposalRefused:
    """As `consider`, for a change that is planned already: a task's whole draft, say."""
    if change.is_empty:
        return ProposalRefused(title, "it changes nothing")
    report = verify(snapshot, change, token, asked=_imports_asked(calls))
    if not report.ok:
        return ProposalRefused(title, report.reason, report)
    before = {path: snapshot.text(path) for path in _read_paths(change)}
    root = _root(snapshot, change)
    return Proposal(
        id=uuid.uuid4().hex,
        title=title,
        reason=reason,
        source=source,
        rung=rung or source,
        fingerprint=fingerprint(snapshot, calls, change, root),
        change=change,
        report=report,
        annotations=tuple(_annotations(snapshot, change, calls, title)),
        calls=tuple(calls),
        context=tuple(_context(snapshot, change, before)),
        language=_language(snapshot, change),
        root=root,
        before=before,
    )


def _imports_asked(calls: Sequence[Call]) -> set[str]:
    """The imports that calls ask for by name, as a linter shows them."""
    asked: set[str] = set()
    for call in calls:
        if call.operation == "add_import":
            module, name = call.arguments.get("module", ""), call.arguments.get("name", "")
            dotted = f"{module}.{name}" if name and not module.endswith(".") else f"{module}{name}"
            asked.add(dotted)
    return asked


# -------------------------------------------------------------------- planning


def plan(snapshot: Snapshot, calls: Sequence[Call], token: CancelToken) -> SourceChange:
    """One change out of all calls, one after the other, each on what the ones before it left.

    Only bytes are counted in the snapshot itself: where a later call holds an offset, the calls
    are planned on the snapshot and merged, and in turn only when they touch the same text.
    """
    if not calls:
        return SourceChange(revision=snapshot.revision)
    if len(calls) > 1 and not any(_counts_bytes(call) for call in calls[1:]):
        return _plan_in_turn(snapshot, calls, token)
    planned = run(calls[0].operation, dict(calls[0].arguments), snapshot, token)
    try:
        for call in calls[1:]:
            planned = planned.merge(run(call.operation, dict(call.arguments), snapshot, token))
        return planned
    except ConflictError:
        return _plan_in_turn(snapshot, calls, token)


_BYTES = ("offset", "start", "end", "lines", "after_line")


def _counts_bytes(call: Call) -> bool:
    return any(call.arguments.get(name, -1) not in (-1, None) for name in _BYTES)


def _plan_in_turn(snapshot: Snapshot, calls: Sequence[Call], token: CancelToken) -> SourceChange:
    draft = Draft(snapshot, SourceChange(revision=snapshot.revision))
    for number, call in enumerate(calls, 1):
        token.check()
        try:
            change = run(call.operation, dict(call.arguments), draft.snapshot, token)
            draft = draft.done(call, change)
        except RefusedError as error:
            if len(calls) == 1:
                raise
            raise type(error)(f"step {number} ({call.operation}): {error}") from error
    return draft.change


def _read_paths(change: SourceChange) -> list[str]:
    paths = [file.path for file in change.files]
    paths += [rename.old for rename in change.renames]
    paths += [delete.path for delete in change.deletes]
    return sorted(set(paths) - {create.path for create in change.creates})


# -------------------------------------------------------------------- fingerprint


def fingerprint(snapshot: Snapshot, calls: Sequence[Call], change: SourceChange, root: str) -> str:
    """sha256 of what decides the proposal, 64 hex digits; the same in every clone."""
    paths = _read_paths(change)
    languages = {
        language.id: language.version
        for path in paths
        if (language := snapshot.language(path)) is not None
    }
    covered = {
        "calls": calls_to_json(relative_calls(calls, root)),
        "files": {_relative(path, root): snapshot.hash(path) for path in paths},
        "tools": {"treewright": own_version(), "ruff": ruff_version(), **languages},
    }
    return hashlib.sha256(canonical_json(covered).encode()).hexdigest()


@lru_cache(maxsize=1)
def own_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("treewright")
    except PackageNotFoundError:  # run from a source tree
        return ""


def _root(snapshot: Snapshot, change: SourceChange) -> str:
    paths = sorted(change.paths())
    folder = snapshot.folder_of(paths[0])
    return folder.root if folder is not None else os.path.dirname(paths[0])


def _relative(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


# -------------------------------------------------------------------- what the user sees


def _annotations(
    snapshot: Snapshot, change: SourceChange, calls: Sequence[Call], title: str
) -> Iterator[Annotation]:
    titles = {operation.name: operation.title for operation in OPERATIONS}
    names = list(dict.fromkeys(call.operation for call in calls))
    label = titles.get(names[0], title) if len(names) == 1 else title
    held = {
        (concern.path, concern.hunk): concern.reason
        for concern in concerns(change, snapshot.text, snapshot.display_path)
        if concern.holds
    }
    for file in change.files:
        text = snapshot.text(file.path)
        shown = snapshot.display_path(file.path)
        whole = held.get((file.path, FILE), "")
        places: dict[str, set[int]] = {}
        for index, edit in enumerate(file.edits):
            held_by = held.get((file.path, index)) or whole
            doubt = held_by or _doubt(snapshot, file.path, edit, places)
            place = f"{shown}:{text.line_of(edit.span[0]) + 1}"
            reason = f"{doubt} ({place})" if doubt else place
            yield Annotation(file.path, index, label, reason, bool(doubt))
    for create in change.creates:
        shown = snapshot.display_path(create.path)
        why = held.get((create.path, FILE), "")
        reason = f"creates {shown}: {why}" if why else f"creates {shown}"
        yield Annotation(create.path, FILE, label, reason, bool(why))
    for rename in change.renames:
        shown = f"{snapshot.display_path(rename.old)} to {snapshot.display_path(rename.new)}"
        yield Annotation(rename.old, FILE, label, f"renames {shown}", True)
    for delete in change.deletes:
        shown = snapshot.display_path(delete.path)
        yield Annotation(delete.path, FILE, label, f"deletes {shown}", True)


def _doubt(snapshot: Snapshot, path: str, edit: TextEdit, names: dict[str, set[int]]) -> str:
    """Why the user should look at this edit, or ''."""
    if edit.doubt:
        return edit.doubt
    start, end = edit.span
    if start == end or _renames(snapshot, path, edit, names):
        return ""  # what gives a name another name says itself where it is not sure
    try:
        tree = snapshot.tree(path)
    except TreewrightError:
        return ""
    node = tree.root_node.descendant_for_byte_range(start, end)
    if (
        node is not None
        and node.type in _UNCERTAIN_NODES
        and end - start < node.end_byte - node.start_byte
    ):
        where = "a comment" if "comment" in node.type else "a string"
        return f"inside {where}: it may mean something else"
    if not edit.new_text.strip():
        for symbol in snapshot.outline(path):
            if symbol.kind in _WHOLE_DEFINITIONS and start <= symbol.start and symbol.end <= end:
                return f"deletes {symbol.kind} {symbol.name}"
    return ""


def _renames(snapshot: Snapshot, path: str, edit: TextEdit, names: dict[str, set[int]]) -> bool:
    """True for one identifier in another's place. `names` remembers where names stand."""
    old = snapshot.text(path).slice(edit.span)
    if not (edit.new_text.isidentifier() and old.isidentifier()):
        return False
    if old not in names:
        try:
            names[old] = {use.start for use in snapshot.references_in(path, old)}
        except TreewrightError:
            names[old] = set()
    return edit.span[0] in names[old]


def _context(
    snapshot: Snapshot, change: SourceChange, before: Mapping[str, SourceText]
) -> Iterator[ContextPiece]:
    for file in change.files[:_MAX_CONTEXT_FILES]:
        text = before.get(file.path)
        if text is None:
            continue
        language = snapshot.language(file.path)
        code = _excerpt(text, [edit.span for edit in file.edits])
        shown = _relative(file.path, _root(snapshot, change))
        yield ContextPiece(shown, language.id if language is not None else "", code)


def _excerpt(text: SourceText, spans: list[Span]) -> str:
    """The lines around each span; `...` stands for what is left out between them."""
    wanted: set[int] = set()
    for span in spans:
        first = max(0, text.line_of(span[0]) - _CONTEXT_LINES)
        last = min(text.n_lines - 1, text.line_of(span[1]) + _CONTEXT_LINES)
        wanted.update(range(first, last + 1))
    shown: list[str] = []
    previous = -1
    for line in sorted(wanted)[:_MAX_CONTEXT_LINES]:
        if line != previous + 1:
            shown.append("...")
        shown.append(text.slice(text.line_span(line)))
        previous = line
    return "\n".join(shown)


def _language(snapshot: Snapshot, change: SourceChange) -> str:
    """Of most of the changed files."""
    found: Counter[str] = Counter()
    for path in sorted(change.paths()):
        language = snapshot.language(path) or language_for_path(path)
        if language is not None:
            found[language.id] += 1
    return found.most_common(1)[0][0] if found else ""
