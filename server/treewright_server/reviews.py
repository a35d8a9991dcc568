"""Proposals that a client reviews hunk by hunk, and how they are said on the wire.

A hunk's id is `<number of the file>/<number of the edit>`, or `<number of the file>/file` for the
creation, renaming or deletion of the file itself. The text never changes here: the client puts
what was accepted into its buffers and says which hunks those were.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.errors import ArgumentsError, TreewrightError
from treewright_server.convert import Mapper

if TYPE_CHECKING:
    from treewright_agent.changes import HunkId
    from treewright_agent.proposals import Annotation, Proposal, ProposalRefused
    from treewright_agent.verify import Report
    from treewright_indexer.snapshot import Snapshot
    from treewright_indexer.text import SourceText
    from treewright_server.app import TreewrightServer

MAX_REVIEWS: Final = 100
_BREAK = re.compile(rb"\r\n?")


@dataclass(slots=True)
class Review:
    proposal: Proposal
    state: str = "open"
    accepted: set[str] = field(default_factory=set[str])
    rejected: set[str] = field(default_factory=set[str])
    comment: str = ""


class Reviews:
    """Of one session. Safe to use from any thread; the oldest settled one goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Review] = OrderedDict()

    def put(self, proposal: Proposal) -> Review:
        with self._lock:
            review = self._by_id.setdefault(proposal.id, Review(proposal))
            while len(self._by_id) > MAX_REVIEWS:
                settled = (id for id, each in self._by_id.items() if each.state != "open")
                del self._by_id[next(settled, next(iter(self._by_id)))]
            return review

    def get(self, id: str) -> Review:
        """Raises ArgumentsError."""
        with self._lock:
            review = self._by_id.get(id)
        if review is None:
            raise ArgumentsError(f"no proposal {id!r} is under review")
        return review

    def all(self) -> list[Review]:
        with self._lock:
            return list(self._by_id.values())

    def open(self) -> list[Review]:
        return [review for review in self.all() if review.state == "open"]


# -------------------------------------------------------------------- ids


def hunk_ids(proposal: Proposal) -> dict[str, HunkId]:
    """The id on the wire -> the hunk."""
    from treewright_agent.changes import FILE

    numbers = {path: number for number, path in enumerate(_paths(proposal))}
    return {
        f"{numbers[hunk.path]}/{'file' if hunk[1] == FILE else hunk[1]}": hunk
        for hunk, _ in proposal.change.hunks()
    }


def _paths(proposal: Proposal) -> list[str]:
    """Every file, in order of its first hunk."""
    return list(dict.fromkeys(hunk.path for hunk, _ in proposal.change.hunks()))


def chosen(proposal: Proposal, ids: Iterable[str]) -> dict[str, set[int]]:
    """path -> indexes of the edits of these hunks. Raises ArgumentsError for an unknown id."""
    known = hunk_ids(proposal)
    found: dict[str, set[int]] = {}
    for id in ids:
        if id not in known:
            raise ArgumentsError(f"proposal {proposal.id} has no hunk {id!r}")
        found.setdefault(known[id].path, set()).add(known[id][1])
    return found


# -------------------------------------------------------------------- on the wire


def summary(review: Review, snapshot: Snapshot) -> dict[str, Any]:
    proposal = review.proposal
    ids = hunk_ids(proposal)
    return {
        "id": proposal.id,
        "title": proposal.title,
        "reason": proposal.reason,
        "source": proposal.source,
        "rung": proposal.rung,
        "stale": stale_paths(proposal, snapshot),
        "files": len({hunk.path for hunk in ids.values()}),
        "hunks": len(ids),
        "state": review.state,
    }


def stale_paths(proposal: Proposal, snapshot: Snapshot) -> list[str]:
    """Files, as people see them, whose text is not what the proposal was made from."""
    found: list[str] = []
    for path, text in proposal.before.items():
        try:
            same = snapshot.hash(path) == text.hash
        except TreewrightError:
            same = False
        if not same:
            found.append(snapshot.display_path(path))
    found += [
        snapshot.display_path(c.path) for c in proposal.change.creates if snapshot.exists(c.path)
    ]
    return found


def offered(ls: TreewrightServer, proposal: Proposal, snapshot: Snapshot) -> dict[str, Any]:
    """Put a proposal up for review, and say it: `Offered` with a proposal."""
    session = ls.session
    review = session.reviews.put(proposal)
    session.turns.shown(proposal, snapshot)
    session.shelf.put(proposal)
    session.feedback.shown(proposal, snapshot)
    session.feedback.previewed(proposal.id)
    session.status.changed()
    return {"proposal": whole(ls, review, snapshot), "refused": None}


def refused(reason: str, report: Report | None = None, guide: str = "") -> dict[str, Any]:
    shown = report_of(report) if report is not None else None
    return {"proposal": None, "refused": {"reason": reason, "report": shown, "guide": guide}}


def refused_as(made: ProposalRefused) -> dict[str, Any]:
    return refused(made.reason, made.report)


def whole(ls: TreewrightServer, review: Review, snapshot: Snapshot) -> dict[str, Any]:
    proposal = review.proposal
    encoding, uri = ls.session.client.encoding, ls.session.documents.uri
    renames = {rename.old: rename.new for rename in proposal.change.renames}
    creates = {create.path: create for create in proposal.change.creates}
    deletes = {delete.path for delete in proposal.change.deletes}
    ids = {hunk: id for id, hunk in hunk_ids(proposal).items()}
    groups = dict(proposal.change.hunks())
    notes = {(note.path, note.hunk): note for note in proposal.annotations}
    files: list[dict[str, Any]] = []
    for path in _paths(proposal):
        before = proposal.before.get(path)
        new = renames.get(path)
        kind = "create" if path in creates else "delete" if path in deletes else "edit"
        kind = "rename" if new is not None else kind
        language = snapshot.language(path)
        hunks: list[dict[str, Any]] = []
        for hunk, id in ids.items():
            if hunk.path != path:
                continue
            note = notes.get((path, hunk[1]))
            text = creates[path].text if path in creates else ""
            body = _edit(proposal, path, hunk[1], before, encoding) or _whole_file(text)
            hunks.append({"id": id, **body, **_said(note), "groups": list(groups[hunk])})
        files.append(
            {
                "uri": uri(path),
                "path": snapshot.display_path(path),
                "kind": kind,
                "newUri": uri(new) if new is not None else None,
                "newPath": snapshot.display_path(new) if new is not None else None,
                "version": snapshot.version(path),
                "hash": text_hash(before) if before is not None and kind != "create" else None,
                "language": language.id if language is not None else "",
                "hunks": hunks,
            }
        )
    return {
        **summary(review, snapshot),
        "report": report_of(proposal.report),
        "changes": files,
        "notes": _left_alone(proposal, snapshot, encoding, uri),
    }


def _edit(
    proposal: Proposal, path: str, index: int, before: SourceText | None, encoding: str
) -> dict[str, Any] | None:
    from treewright_agent.changes import FILE

    if index == FILE or before is None:
        return None
    file = next(file for file in proposal.change.files if file.path == path)
    edit = file.edits[index]
    return {
        "range": Mapper(before, encoding).range(edit.span),
        "oldText": before.slice(edit.span),
        "newText": edit.new_text,
    }


def _whole_file(text: str) -> dict[str, Any]:
    zero = {"line": 0, "character": 0}
    return {"range": {"start": zero, "end": zero}, "oldText": "", "newText": text}


def _said(note: Annotation | None) -> dict[str, Any]:
    if note is None:
        return {"label": "", "note": "", "needsConfirmation": False}
    return {
        "label": note.label,
        "note": note.reason,
        "needsConfirmation": note.needs_confirmation,
    }


def _left_alone(
    proposal: Proposal, snapshot: Snapshot, encoding: str, uri: Any
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for note in proposal.change.notes:
        try:
            range_ = Mapper(snapshot.text(note.path), encoding).range(note.span)
        except TreewrightError:
            continue
        place = {"uri": uri(note.path), "range": range_, "path": snapshot.display_path(note.path)}
        found.append({"place": place, "text": note.text})
    return found


def report_of(report: Report) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "checks": [
            {"name": c.name, "status": c.status, "detail": c.detail, "seconds": c.seconds}
            for c in report.checks
        ],
        "newProblems": list(report.new_problems),
    }


def text_hash(text: SourceText) -> str:
    """SHA-256 of the UTF-8 with every line break as one `\\n`: what an editor can compute."""
    return hashlib.sha256(_BREAK.sub(b"\n", text.data)).hexdigest()


def guide_markdown(guide: Mapping[str, Any]) -> str:
    """A guide of the last rung, for a client to show."""
    lines = [
        f"# {guide.get('title') or 'What to do by hand'}",
        "",
        str(guide.get("summary", "")),
        "",
    ]
    lines += [f"{n}. {step}" for n, step in enumerate(guide.get("console_steps", ()), 1)]
    trouble: Mapping[str, Any] = guide.get("troubleshooting") or {}
    for title, key in (("Why", "possible_reasons"), ("What else can be done", "next_steps")):
        rows: Sequence[Any] = trouble.get(key) or ()
        if rows:
            lines += ["", f"## {title}", "", *(f"- {row}" for row in rows)]
    return "\n".join(lines) + "\n"
