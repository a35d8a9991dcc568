"""What became of a proposal, read from the text the editor sends. Plain data in and out.

An editor does not say that the user chose a code action: it applies the edit and sends the
change. So a proposal that was shown is remembered with the text it was made for, and each later
text of its files is compared:

    the base with all hunks            accepted
    the base with some hunks           accepted in part, unless the rest follows soon
    the base again, after acceptance   reverted
    a change inside an accepted hunk   edited afterwards, said once the text has settled
    none of these in time              expired

The final text of an edited proposal is taken from the buffer, never from the proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Outcome = Literal["accepted", "accepted_in_part", "edited", "rejected", "reverted", "expired"]

PART_GRACE_S = 30.0
"""How long the rest of a partly applied proposal is waited for."""
MAX_HUNKS_FOR_PARTS = 8
"""Above this many hunks in a file only all or nothing is recognised: 2^n texts to compare."""
MAX_WATCHED = 256
CONTEXTS = (48, 8, 2)
"""Bytes on both sides that tell an accepted hunk from text like it; few when typed close by."""


class Hunk(NamedTuple):
    """Bytes `start:end` of the base become `new`."""

    start: int
    end: int
    new: bytes


class Splice(NamedTuple):
    """One change of a text: bytes `start:end` were replaced by `length` bytes."""

    start: int
    end: int
    length: int


class Event(NamedTuple):
    """Something became of a proposal. `hunks` are those in force, `final` their text now."""

    proposal_id: str
    outcome: Outcome
    hunks: tuple[tuple[str, int], ...] = ()
    final: tuple[tuple[str, str], ...] = ()
    """(path, text of the file) of each file of an edited proposal that is open."""


@dataclass(slots=True)
class _File:
    base: bytes
    hunks: tuple[Hunk, ...]
    chosen: frozenset[int] | None = None
    """Indexes of hunks seen in the text; None before any was."""
    seen: bool = False
    """The text was compared at least once since `chosen` was set by a client's word alone."""
    regions: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    edited: bool = False
    text: bytes | None = None

    @property
    def complete(self) -> bool:
        return self.chosen is not None and len(self.chosen) == len(self.hunks)

    def compose(self, chosen: Iterable[int]) -> tuple[bytes, list[tuple[int, int]]]:
        """The base with the chosen hunks, and where each of them now stands."""
        parts: list[bytes] = []
        regions: list[tuple[int, int]] = []
        at = length = 0
        for index in sorted(chosen):
            start, end, new = self.hunks[index]
            parts += (self.base[at:start], new)
            length += start - at
            regions.append((length, length + len(new)))
            length += len(new)
            at = end
        parts.append(self.base[at:])
        return b"".join(parts), regions

    def locate(self, text: bytes) -> None:
        """Find what the client says is accepted in text that was edited elsewhere before."""
        if not self.chosen:
            return
        composed, composed_regions = self.compose(self.chosen)
        regions: list[tuple[int, int]] = []
        for first, last in composed_regions:
            for context in CONTEXTS:
                before = composed[max(0, first - context) : first]
                needle = before + composed[first : last + context]
                found = text.find(needle)
                if found >= 0 and text.find(needle, found + 1) < 0:
                    break
            else:
                return
            regions.append((found + len(before), found + len(before) + last - first))
        self.regions, self.seen, self.edited = regions, True, False

    def match(self, text: bytes) -> frozenset[int] | None:
        """Which hunks make this text of the base; None when no choice of them does."""
        # What the client said, however many hunks there are.
        if self.chosen and self.compose(self.chosen)[0] == text:
            return self.chosen
        growth = [len(hunk.new) - (hunk.end - hunk.start) for hunk in self.hunks]
        wanted = len(text) - len(self.base)
        everything = frozenset(range(len(self.hunks)))
        if sum(growth) == wanted and self.compose(everything)[0] == text:
            return everything
        if wanted == 0 and text == self.base:
            return frozenset()
        if len(self.hunks) > MAX_HUNKS_FOR_PARTS:
            return None
        for bits in range(1, 2 ** len(self.hunks) - 1):
            chosen = frozenset(i for i in everything if bits >> i & 1)
            if sum(growth[i] for i in chosen) == wanted and self.compose(chosen)[0] == text:
                return chosen
        return None


@dataclass(slots=True)
class _Watched:
    files: dict[str, _File]
    shown_at: float
    applied_at: float | None = None
    said: Outcome | None = None
    reverted: bool = False


class Ledger:
    """The proposals whose fate is still open. Not thread-safe: its owner holds a lock."""

    def __init__(self, expire_s: float) -> None:
        self.expire_s = expire_s
        self._watched: dict[str, _Watched] = {}
        self._by_path: dict[str, set[str]] = {}

    @property
    def open(self) -> bool:
        """True while the fate of any proposal is."""
        return bool(self._watched)

    @property
    def paths(self) -> list[str]:
        """The files of the proposals whose fate is open."""
        return sorted(self._by_path)

    def watches(self, path: str) -> bool:
        return path in self._by_path

    def shown(
        self, proposal_id: str, files: Mapping[str, tuple[bytes, Sequence[Hunk]]], now: float
    ) -> list[Event]:
        """The user can see this proposal now. `files`: path -> (base text, hunks in order)."""
        if proposal_id in self._watched:
            self._watched[proposal_id].shown_at = now
            return []
        self._watched[proposal_id] = _Watched(
            {path: _File(base, tuple(hunks)) for path, (base, hunks) in files.items()}, now
        )
        for path in files:
            self._by_path.setdefault(path, set()).add(proposal_id)
        events: list[Event] = []
        if len(self._watched) > MAX_WATCHED:
            oldest = min(self._watched, key=lambda key: self._watched[key].shown_at)
            events = self._settle(oldest)
        return events

    def answered(self, proposal_id: str, applied: bool, now: float) -> list[Event]:
        """The client's answer to `workspace/applyEdit`."""
        watched = self._watched.get(proposal_id)
        if watched is None:
            return []
        if not applied:
            self._forget(proposal_id)
            return [Event(proposal_id, "rejected")]
        for file in watched.files.values():
            if not file.complete:
                file.chosen = frozenset(range(len(file.hunks)))
                file.seen = False
        watched.applied_at = watched.applied_at or now
        return self._accepted(proposal_id, watched)

    def chose(
        self, proposal_id: str, hunks: Mapping[str, Iterable[int]], now: float
    ) -> list[Event]:
        """The client says which hunks it has put into its text, by path."""
        watched = self._watched.get(proposal_id)
        if watched is None:
            return []
        for path, chosen in hunks.items():
            file = watched.files.get(path)
            wanted = frozenset(index for index in chosen if index >= 0)
            if file is not None and wanted and file.chosen != wanted:
                file.chosen = wanted
                file.seen = file.text is not None and file.compose(wanted)[0] == file.text
                file.regions = file.compose(wanted)[1]
                if not file.seen and file.text is not None:
                    file.locate(file.text)
        watched.applied_at = watched.applied_at or now
        return self._accepted(proposal_id, watched)

    def decided(self, proposal_id: str, outcome: Outcome) -> list[Event]:
        """The user said so: `treewright.feedback.record`."""
        watched = self._watched.get(proposal_id)
        if watched is not None and outcome in ("rejected", "expired", "reverted"):
            self._forget(proposal_id)
        elif watched is not None:
            watched.said = outcome
        return [Event(proposal_id, outcome)]

    def text(self, path: str, text: bytes, splices: Sequence[Splice], now: float) -> list[Event]:
        """The document's text now, and how it came from the text before."""
        events: list[Event] = []
        for proposal_id in sorted(self._by_path.get(path, ())):
            watched = self._watched[proposal_id]
            events += self._compare(proposal_id, watched, path, text, splices, now)
        return events

    def saved(self, path: str) -> list[Event]:
        """The user is content with the text for now: say what was edited."""
        events: list[Event] = []
        for proposal_id in sorted(self._by_path.get(path, ())):
            events += self._edited(proposal_id, self._watched[proposal_id])
        return events

    def tick(self, now: float) -> list[Event]:
        """Call now and then: what expired, what stayed in part, what was edited."""
        events: list[Event] = []
        for proposal_id, watched in list(self._watched.items()):
            since = watched.applied_at
            if since is None:
                if now - watched.shown_at >= self.expire_s:
                    events += self._settle(proposal_id)
                continue
            if watched.said is None and now - since >= PART_GRACE_S:
                events += self._in_part(proposal_id, watched)
            if now - since >= self.expire_s:
                events += self._settle(proposal_id)
        return events

    def close(self) -> list[Event]:
        """The session ends: say what is known; what was only shown stays open, not expired."""
        events: list[Event] = []
        for proposal_id, watched in list(self._watched.items()):
            if watched.applied_at is not None:
                events += self._settle(proposal_id)
        self._watched.clear()
        self._by_path.clear()
        return events

    def _compare(
        self,
        proposal_id: str,
        watched: _Watched,
        path: str,
        text: bytes,
        splices: Sequence[Splice],
        now: float,
    ) -> list[Event]:
        file = watched.files[path]
        file.text = text
        chosen = file.match(text)
        if chosen is None:
            if file.chosen and file.seen:
                _track(file, splices)
                if _is_taken_back(file, text):
                    return self._reverted(proposal_id, watched, file, now)
            elif file.chosen:
                file.locate(text)
            return []
        if not chosen:
            if not file.chosen or not file.seen:
                return []  # it has not been applied yet
            return self._reverted(proposal_id, watched, file, now)
        file.chosen, file.seen, file.edited = chosen, True, False
        file.regions = file.compose(chosen)[1]
        watched.applied_at = watched.applied_at or now
        return self._accepted(proposal_id, watched)

    def _reverted(
        self, proposal_id: str, watched: _Watched, file: _File, now: float
    ) -> list[Event]:
        """The hunks of one file are gone again; the proposal is, once those of all files are."""
        file.chosen, file.edited, file.regions = frozenset(), False, []
        if watched.said is not None and not any(f.chosen for f in watched.files.values()):
            watched.said = None
            watched.applied_at = None
            watched.reverted = True
            watched.shown_at = now  # a redo may bring it back
            return [Event(proposal_id, "reverted")]
        return []

    def _accepted(self, proposal_id: str, watched: _Watched) -> list[Event]:
        complete = all(file.complete for file in watched.files.values())
        if not complete or watched.said == "accepted":
            return []
        watched.said = "accepted"
        return [Event(proposal_id, "accepted", _hunks(watched))]

    def _in_part(self, proposal_id: str, watched: _Watched) -> list[Event]:
        if watched.said is not None or not any(f.chosen for f in watched.files.values()):
            return []
        watched.said = "accepted_in_part"
        return [Event(proposal_id, "accepted_in_part", _hunks(watched))]

    def _edited(self, proposal_id: str, watched: _Watched) -> list[Event]:
        if watched.said in (None, "edited"):
            return []
        if not any(file.edited for file in watched.files.values()):
            return []
        watched.said = "edited"
        final = tuple(
            (path, file.text.decode("utf-8", "replace"))
            for path, file in watched.files.items()
            if file.text is not None
        )
        return [Event(proposal_id, "edited", _hunks(watched), final)]

    def _settle(self, proposal_id: str) -> list[Event]:
        watched = self._watched[proposal_id]
        if watched.applied_at is None:
            events = [] if watched.reverted else [Event(proposal_id, "expired")]
        else:
            events = self._in_part(proposal_id, watched) + self._edited(proposal_id, watched)
        self._forget(proposal_id)
        return events

    def _forget(self, proposal_id: str) -> None:
        watched = self._watched.pop(proposal_id)
        for path in watched.files:
            ids = self._by_path[path]
            ids.discard(proposal_id)
            if not ids:
                del self._by_path[path]


def _hunks(watched: _Watched) -> tuple[tuple[str, int], ...]:
    return tuple(
        (path, index) for path, file in watched.files.items() for index in sorted(file.chosen or ())
    )


def _is_taken_back(file: _File, text: bytes) -> bool:
    """Whether each accepted hunk reads as it did before, whatever was typed elsewhere."""
    chosen = sorted(file.chosen or ())
    if not file.edited or len(chosen) != len(file.regions):
        return False
    return all(
        text[first:last] == file.base[file.hunks[index].start : file.hunks[index].end]
        for index, (first, last) in zip(chosen, file.regions, strict=True)
    )


def _track(file: _File, splices: Sequence[Splice]) -> None:
    """Move the accepted hunks along with the text, and notice changes inside them."""
    for start, end, length in splices:
        growth = length - (end - start)
        moved: list[tuple[int, int]] = []
        for first, last in file.regions:
            if start == end == first == last:  # what was deleted there comes back, perhaps
                file.edited = True
                moved.append((first, last + growth))
            elif end <= first:
                moved.append((first + growth, last + growth))
            elif start >= last:
                moved.append((first, last))
            else:
                file.edited = True
                moved.append((min(first, start), max(last, end) + growth))
        file.regions = moved
