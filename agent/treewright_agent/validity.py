"""Is a proposal still what it was when it was made? Looked at right before it is applied.

Text decides, not time: a proposal on untouched text is valid however old it is, one whose
place was changed is not however young. Age is a hint that lists what to look at again. What a
proposal names must still exist; what changed elsewhere since (a new caller, say) is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from treewright_agent.calls import Call, absolute_calls
from treewright_agent.changes import SourceChange
from treewright_agent.changes.algebra import moved_span
from treewright_agent.changes.rebase import Outline, Rebased, rebase, text_edits
from treewright_agent.proposals import Proposal, plan
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, RefusedError, TreewrightError
from treewright_indexer.graph.occurrences import word_at
from treewright_indexer.languages import language_for_path
from treewright_indexer.model import Symbol
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

Kind = Literal["query", "create", "modify", "delete", "list"]

TTL_S: Mapping[str, float] = {
    "query": 300.0,
    "create": 60.0,
    "modify": 60.0,
    "delete": 30.0,
    "list": 600.0,
    "default": 300.0,
}
MAX_TTL_S = 3600.0
_MAX_LISTED = 20


class State(NamedTuple):
    """One of the three checks: `ok` and, when not, what is the matter."""

    ok: bool
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Validity:
    """`change` is the proposal's change on the text of now, None when it is not valid.

    Times are seconds since the epoch; `made_at` is None for a record without a time, which is
    never valid.
    """

    kind: Kind
    made_at: float | None
    ttl_s: float
    expired: bool
    code: State
    resources: State
    unchanged: State
    """Not ok when something elsewhere has changed since: a warning, nothing more."""
    change: SourceChange | None

    @property
    def valid(self) -> bool:
        return self.change is not None

    @property
    def reason(self) -> str:
        """Why it is not valid; '' when it is."""
        if self.valid:
            return ""
        return "; ".join((*self.resources.problems, *self.code.problems))

    @property
    def action(self) -> Literal["apply", "look_again", "regenerate"]:
        """What to do: an expired proposal that is valid still is shown once more first."""
        if not self.valid:
            return "regenerate"
        return "look_again" if self.expired or not self.unchanged.ok else "apply"

    def to_json(self) -> dict[str, Any]:
        expires = None if self.made_at is None else self.made_at + self.ttl_s
        return {
            "generated_at": self.made_at,
            "ttl": self.ttl_s,
            "expires_at": expires,
            "valid_for": self.kind,
            "pre_execution_check": {
                "code_validity": self.code.ok,
                "resources_validated": self.resources.ok,
                "no_state_changes": self.unchanged.ok,
            },
            "missing": list(self.resources.problems),
            "warnings": list(self.unchanged.problems),
            "reason": self.reason,
            "action": self.action,
        }


def kind_of(change: SourceChange) -> Kind:
    """The riskiest thing that the change does."""
    if change.deletes:
        return "delete"
    return "create" if change.creates else "modify"


def ttl_of(kind: str, wanted_s: float | None = None) -> float:
    """How long a proposal of the kind counts as fresh; `wanted_s` is bounded by an hour."""
    chosen = TTL_S.get(kind, TTL_S["default"]) if wanted_s is None else wanted_s
    return min(max(chosen, 0.0), MAX_TTL_S)


def check(
    proposal: Proposal,
    snapshot: Snapshot,
    token: CancelToken,
    now: float,
    *,
    ttl_s: float | None = None,
) -> Validity:
    """Look at the proposal on the workspace as it is. Raises CancelledError."""
    kind = kind_of(proposal.change)
    ttl = ttl_of(kind, ttl_s)
    made_at = proposal.made_at
    gone = missing(proposal, snapshot)
    carried = rebase(
        proposal.change, proposal.before.__getitem__, snapshot.text, outline_with(snapshot)
    )
    problems = tuple(dict.fromkeys(item.reason for item in carried.items if item.reason))
    if made_at is None:
        problems = ("the proposal has no time of its making", *problems)
    valid = carried.is_whole and not gone and made_at is not None
    warnings: tuple[str, ...] = ()
    if valid:
        warnings = tuple(_elsewhere(proposal, carried, snapshot, token))
    return Validity(
        kind=kind,
        made_at=made_at,
        ttl_s=ttl,
        expired=made_at is None or now > made_at + ttl,
        code=State(not problems, problems),
        resources=State(not gone, gone),
        unchanged=State(not warnings, warnings),
        change=carried.change if valid else None,
    )


def outline_with(snapshot: Snapshot) -> Outline:
    """Outlines of any text of the workspace's files, whatever its version."""
    from treewright_indexer.facts import outline
    from treewright_indexer.syntax import parse

    def of(path: str, text: SourceText) -> list[Symbol]:
        language = snapshot.language(path) or language_for_path(path)
        return outline(language, text, parse(language, text.data)) if language is not None else []

    return of


# -------------------------------------------------------------------- what it names


def missing(proposal: Proposal, snapshot: Snapshot) -> tuple[str, ...]:
    """Files and symbols that the proposal is about and that are gone."""
    found: list[str] = []
    touched = [file.path for file in proposal.change.files]
    touched += [rename.old for rename in proposal.change.renames]
    touched += [delete.path for delete in proposal.change.deletes]
    for path in sorted(set(touched)):
        if not snapshot.exists(path):
            found.append(f"{snapshot.display_path(path)} is gone")
    for call in proposal.calls:
        found += _missing_symbol(call, proposal, snapshot)
    return tuple(dict.fromkeys(found))


def _missing_symbol(call: Call, proposal: Proposal, snapshot: Snapshot) -> list[str]:
    """The definition that the call points at, if the file defines it no longer."""
    path, offset = call.arguments.get("path"), call.arguments.get("offset")
    if not isinstance(path, str) or not isinstance(offset, int) or not snapshot.exists(path):
        return []
    before = proposal.before.get(path)
    if before is None:
        return []
    try:
        outline = outline_with(snapshot)
        old = [s for s in outline(path, before) if s.name_start <= offset <= s.name_end]
        names = {symbol.name for symbol in outline(path, snapshot.text(path))}
    except TreewrightError:
        return []
    shown = snapshot.display_path(path)
    return [f"`{s.name}` is gone from {shown}" for s in old if s.name not in names]


# -------------------------------------------------------------------- what else has changed


def calls_now(proposal: Proposal, snapshot: Snapshot) -> tuple[Call, ...]:
    """The proposal's calls with their offsets where the text stands now, paths in full.

    Raises RefusedError when a place was changed.
    """
    calls = absolute_calls(proposal.calls, proposal.root)
    return calls_on(calls, proposal.before, snapshot)


def calls_on(
    calls: Iterable[Call], before: Mapping[str, SourceText], snapshot: Snapshot
) -> tuple[Call, ...]:
    """Calls whose offsets are those of the texts `before`, with the offsets of now.

    Raises RefusedError when a place was changed.
    """
    return tuple(
        Call(call.operation, _arguments_now(call.arguments, before, snapshot)) for call in calls
    )


def _arguments_now(
    arguments: Mapping[str, Any], texts: Mapping[str, SourceText], snapshot: Snapshot
) -> dict[str, Any]:
    given = dict(arguments)
    path = given.get("path")
    before = texts.get(path) if isinstance(path, str) else None
    if before is None or not isinstance(path, str):
        return given
    now = snapshot.text(path)
    if before.data == now.data:
        return given
    user = list(text_edits(before, now))

    def moved_to(span: Span) -> Span:
        moved = moved_span(span, user)
        if moved is None:
            line = before.line_of(span.start) + 1
            raise RefusedError(f"line {line} of {snapshot.display_path(path)} has changed")
        return moved

    start, end, offset = given.get("start"), given.get("end"), given.get("offset")
    if isinstance(start, int) and isinstance(end, int) and 0 <= start <= end:
        given["start"], given["end"] = moved_to(Span(start, end))
    if isinstance(offset, int) and offset >= 0:
        # With the word there: what is put right before it must not take its place.
        word = word_at(before.data, offset) or Span(offset, offset)
        given["offset"] = moved_to(word).start + offset - word.start
    return given


def _elsewhere(
    proposal: Proposal, carried: Rebased, snapshot: Snapshot, token: CancelToken
) -> list[str]:
    """What planning again would do that the proposal does not: uses that came meanwhile."""
    same = all(
        proposal.before[file.path].hash == snapshot.hash(file.path)
        for file in proposal.change.files
        if file.path in proposal.before
    )
    try:
        renewed = plan(snapshot, calls_now(proposal, snapshot), token)
    except CancelledError:
        raise
    except TreewrightError as error:
        return [f"it could not be planned again: {error}"] if not same else []
    known = {
        (file.path, edit.span, edit.new_text)
        for file in carried.change.files
        for edit in file.edits
    }
    warnings: list[str] = []
    for file in renewed.files:
        text = snapshot.text(file.path)
        for edit in file.edits:
            if (file.path, edit.span, edit.new_text) not in known:
                line = text.line_of(edit.span[0]) + 1
                place = f"{snapshot.display_path(file.path)}:{line}"
                warnings.append(f"{place} would have to change as well")
    for note in renewed.notes:
        if note not in proposal.change.notes and len(warnings) < _MAX_LISTED:
            place = snapshot.display_path(note.path)
            line = snapshot.text(note.path).line_of(note.span.start) + 1
            text = f"{place}:{line}: {note.text}"
            if text not in warnings and not _noted(proposal, note.path, note.text):
                warnings.append(text)
    return warnings[:_MAX_LISTED]


def _noted(proposal: Proposal, path: str, text: str) -> bool:
    return any(note.path == path and note.text == text for note in proposal.change.notes)
