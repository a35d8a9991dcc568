"""Forks: children with drafts of their own that begin as their parent's, and the join of their logs.

A join replays every child's operations on one text. Operations on different symbols commute; where
two children touched one symbol, or one text, both sides are reported and neither is taken. What
only shows in the whole (a name that one child renamed and the other uses) is found by verifying the
result, with the children in another order first. The order never depends on who was faster.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from treewright_agent.calls import Call, calls_to_json, canonical_json
from treewright_agent.changes import ConflictError, SourceChange
from treewright_agent.draft import Draft, Entry, text_change, texts_after
from treewright_agent.models.budget import Limits
from treewright_agent.routines.routine import Ending, Routine
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import ToolError, Trouble
from treewright_agent.tools.operating import plan
from treewright_agent.verify import verify
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

MAX_ORDERS = 6
MAX_LOOKED_AT = 8
"""Branches of a join that are looked at each against all others."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two children want different things of one place. Nothing of `child` was taken there."""

    child: str
    with_child: str
    path: str
    symbol: str
    reason: str
    diff: str
    """What the child wanted, so that it is not lost."""

    def to_json(self) -> dict[str, str]:
        return {
            "child": self.child, "with": self.with_child, "file": self.path, "symbol": self.symbol,
            "reason": self.reason, "diff": self.diff,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Joined:
    draft: Draft
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A child's log since the fork. `change` is the same as one change of the fork's text."""

    id: str
    log: tuple[Entry, ...]
    change: SourceChange

    @property
    def key(self) -> str:
        """What the order of a join depends on: what was done, not who did it or when."""
        return canonical_json(calls_to_json([entry.call for entry in self.log]))


_WHOLE = frozenset({"rename_symbol", "move_symbol", "change_signature", "rename_file", "move_file"})
"""Operations that look for every use: planned again behind the edits that may add one."""


def join(
    parent: Draft,
    branches: Sequence[Branch],
    root: str,
    shown: Callable[[str], str],
    token: CancelToken,
) -> Joined:
    """The parent's draft with what the branches did. The same for any order of `branches`.

    Raises CancelledError.
    """
    branches = sorted((b for b in branches if b.log), key=lambda b: (b.key, b.id))
    kept, conflicts = _without_overlaps(parent, branches, root, shown)
    best: tuple[int, Draft, list[Conflict]] | None = None
    for order in itertools.islice(_orders(kept), MAX_ORDERS):
        token.check()
        draft, refused = _replayed(parent, order, root, shown, token)
        problems = _problems(parent, draft, token)
        if not problems and not refused:
            problems = _together(parent, draft, order, root, shown, token)
        lost = len(refused) * 1_000 + len(problems)
        if best is None or lost < best[0]:
            semantic = [
                Conflict("", "", "", "", f"the joined result has a new problem: {problem}", "")
                for problem in problems
            ]
            best = lost, draft, [*refused, *semantic]
        if not lost:
            break
    if best is None:
        return Joined(parent, tuple(conflicts))
    if any(not c.child for c in best[2]):  # what does not hold together is not taken
        _, draft, found = best
        wanted = [
            Conflict(
                b.id,
                "",
                "",
                "",
                "left out: it does not fit the others",
                b.change.diff(parent.snapshot.text, root),
            )
            for b in kept
        ]
        return Joined(parent, (*conflicts, *found, *wanted))
    return Joined(best[1], (*conflicts, *best[2]))


def _orders(branches: Sequence[Branch]) -> Any:
    """Those with operations that look for every use last; then the other permutations."""
    first = sorted(branches, key=lambda b: any(e.call.operation in _WHOLE for e in b.log))
    yield first
    for order in itertools.permutations(branches):
        if list(order) != first:
            yield list(order)


def _without_overlaps(
    parent: Draft, branches: Sequence[Branch], root: str, shown: Callable[[str], str]
) -> tuple[list[Branch], list[Conflict]]:
    """The branches that touch no symbol and no text of another's, and the conflicts of the rest.

    The same edit in both is no conflict.
    """
    touched = {b.id: touched_symbols(parent.snapshot, b.change) for b in branches}
    bad: dict[str, list[Conflict]] = {}
    for one, other in itertools.combinations(branches, 2):
        found = _overlap(parent, one, other, touched, shown)
        if found is None:
            continue
        path, symbol, reason = found
        for mine, theirs in ((one, other), (other, one)):
            diff = mine.change.diff(parent.snapshot.text, root)
            bad.setdefault(mine.id, []).append(
                Conflict(mine.id, theirs.id, path, symbol, reason, diff)
            )
    kept = [b for b in branches if b.id not in bad]
    return kept, [conflict for b in branches for conflict in bad.get(b.id, [])]


def _overlap(
    parent: Draft,
    one: Branch,
    other: Branch,
    touched: dict[str, dict[tuple[str, str], set[tuple[int, int, str]]]],
    shown: Callable[[str], str],
) -> tuple[str, str, str] | None:
    mine, theirs = touched[one.id], touched[other.id]
    for key in sorted(mine.keys() & theirs.keys()):
        path, symbol = key
        if symbol and mine[key] != theirs[key]:
            return shown(path), symbol, f"both change {symbol}"
    try:
        one.change.merge(other.change)
    except ConflictError as error:
        path = error.ours.path if error.ours is not None else ""
        if path and _only_insertions(one, other, path):
            return None
        return shown(path) if path else "", "", "both change the same text"
    except TreewrightError as error:
        return "", "", str(error)
    return None


def _only_insertions(one: Branch, other: Branch, path: str) -> bool:
    """Whether both only add at the same places of the file: two new functions at its end, say."""
    first = next(f for f in one.change.files if f.path == path)
    second = next(f for f in other.change.files if f.path == path)
    for mine in first.edits:
        for theirs in second.edits:
            apart = mine.span[1] < theirs.span[0] or theirs.span[1] < mine.span[0]
            adding = mine.is_insertion and theirs.is_insertion and mine.span == theirs.span
            whole = mine.new_text.endswith("\n") and theirs.new_text.endswith("\n")
            if not apart and not (adding and whole) and mine != theirs:
                return False
    return True


def touched_symbols(
    snapshot: Snapshot, change: SourceChange
) -> dict[tuple[str, str], set[tuple[int, int, str]]]:
    """(path, innermost function or class around) -> the edits there; '' outside of all."""
    found: dict[tuple[str, str], set[tuple[int, int, str]]] = {}
    for file in change.files:
        try:
            facts = snapshot.file_facts(file.path)
        except TreewrightError:
            facts = None
        for edit in file.edits:
            name = ""
            if facts is not None:
                index = facts.symbol_at(edit.span[0])
                while index >= 0 and facts.symbols[index].kind not in ("function", "method"):
                    index = facts.symbols[index].parent
                inside = index >= 0 and edit.span[1] <= facts.symbols[index].end
                at_edge = (
                    index >= 0 and edit.is_insertion and edit.span[0] == facts.symbols[index].start
                )
                name = facts.qualified_name(index) if inside and not at_edge else ""
            found.setdefault((file.path, name), set()).add(
                (edit.span[0], edit.span[1], edit.new_text)
            )
    return found


def _replayed(
    parent: Draft,
    order: Sequence[Branch],
    root: str,
    shown: Callable[[str], str],
    token: CancelToken,
) -> tuple[Draft, list[Conflict]]:
    """Each branch behind those before it: its operations planned anew where they look for every
    use, else its text carried over."""
    draft = parent
    refused: list[Conflict] = []
    for branch in order:
        token.check()
        try:
            draft = _behind(parent, draft, branch, root, token)
        except CancelledError:
            raise
        except (ToolError, TreewrightError) as error:
            diff = branch.change.diff(parent.snapshot.text, root)
            refused.append(Conflict(branch.id, "", "", "", str(error), diff))
    return draft, refused


def _behind(parent: Draft, draft: Draft, branch: Branch, root: str, token: CancelToken) -> Draft:
    if draft is not parent and any(entry.call.operation in _WHOLE for entry in branch.log):
        for entry in branch.log:
            draft = draft.done(entry.call, plan(entry.call, draft.snapshot, root, token))
        return draft
    since = _since(parent, draft)
    try:
        moved = branch.change.after(since, parent.snapshot.text)
    except ConflictError:
        moved = _inserted_behind(parent, since, branch)
    return draft.done(patch_call(draft, moved, root), moved)


def _since(parent: Draft, draft: Draft) -> SourceChange:
    """What `draft` does beyond `parent`, as one change of the parent's text."""
    change = SourceChange(revision=parent.base.revision)
    for entry in draft.log[len(parent.log) :]:
        change = change.then(entry.change, parent.snapshot.text)
    return change


def _inserted_behind(parent: Draft, since: SourceChange, branch: Branch) -> SourceChange:
    """`branch` behind `since`, where both insert at one place: its text comes second."""
    from treewright_agent.changes import FileChange
    from treewright_agent.changes.algebra import moved_span

    texts = since.apply(parent.snapshot.text)
    before = {file.path: file.edits for file in since.files}
    files: list[FileChange] = []
    for file in branch.change.files:
        text = texts.get(file.path) or parent.snapshot.text(file.path)
        edits = tuple(
            edit._replace(span=span)
            for edit in file.edits
            if (edit.span, edit.new_text)
            not in {(e.span, e.new_text) for e in before.get(file.path, ())}
            and (span := moved_span(edit.span, before.get(file.path, ()))) is not None
        )
        files.append(FileChange(file.path, text.hash, edits))
    return SourceChange(
        tuple(files),
        branch.change.creates,
        branch.change.renames,
        branch.change.deletes,
        since.revision,
    )


def patch_call(draft: Draft, change: SourceChange, root: str) -> Call:
    """A call that makes `change` on the draft's text: one patch, so that a replay can repeat it."""
    return Call("apply_patch", {"patch": change.diff(draft.snapshot.text, root)})


def _problems(parent: Draft, draft: Draft, token: CancelToken) -> list[str]:
    """What verification finds in the joined text that the parent's did not have."""
    if draft.change.is_empty:
        return []
    report = verify(draft.base, draft.change, token)
    return [] if report.ok else list(report.new_problems[:10]) or [report.reason]


def _together(
    parent: Draft,
    draft: Draft,
    order: Sequence[Branch],
    root: str,
    shown: Callable[[str], str],
    token: CancelToken,
) -> list[str]:
    """What a branch breaks in what the others added: a name it takes away and they now use."""
    for branch in order[:MAX_LOOKED_AT] if len(order) > 1 else ():
        others, _ = _replayed(parent, [b for b in order if b is not branch], root, shown, token)
        change = _difference(others, draft)
        if change is None or change.is_empty:
            continue
        report = verify(others.snapshot, change, token)
        if not report.ok:
            return list(report.new_problems[:10]) or [report.reason]
    return []


def _difference(one: Draft, other: Draft) -> SourceChange | None:
    """From one draft's texts to the other's; None where files come, go or move."""
    first, second = texts_after(one), texts_after(other)
    change = SourceChange(revision=one.base.revision)
    for path in sorted(first.keys() | second.keys()):
        before = first[path] if path in first else _text(one, path)
        after = second[path] if path in second else _text(other, path)
        if before is None or after is None:
            return None
        if before.data != after.data:
            step = text_change(one.snapshot, path, after)
            change = SourceChange((*change.files, *step.files), revision=change.revision)
    return change


def _text(draft: Draft, path: str) -> SourceText | None:
    return draft.snapshot.text(path) if draft.snapshot.exists(path) else None


# -------------------------------------------------------------------- running children


@dataclass
class Forks:
    """`fork` and `join` of one routine; children share its budget and end with it."""

    routine: Routine
    make_child: Callable[[Routine, str, Bench, int], Routine]
    """(parent, goal, the child's bench, depth) -> the child."""
    depth: int = 0
    max_children: int = 16
    max_depth: int = 2
    parallel: int = 4
    children: dict[str, Routine] = field(default_factory=dict[str, Routine])
    _running: dict[str, Future[Ending]] = field(default_factory=dict[str, "Future[Ending]"])
    _pool: ThreadPoolExecutor | None = None
    _starts: dict[str, Draft] = field(default_factory=dict[str, Draft])

    def fork(self, goals: Sequence[str], limits: Limits | None = None) -> list[str]:
        """Start one child per goal; returns their ids. Raises ToolError at the limits."""
        if self.depth >= self.max_depth:
            raise ToolError(f"children may not fork deeper than {self.max_depth}", Trouble.BLOCKED)
        if len(self.children) + len(goals) > self.max_children:
            raise ToolError(f"a routine has at most {self.max_children} children", Trouble.BLOCKED)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.parallel, "treewright-child")
        parent = self.routine.bench
        ids: list[str] = []
        for goal in goals:
            bench = Bench(
                parent.draft, parent.token, parent.budget.child(limits), parent.root,
                workshop=parent.workshop, web=parent.web, gate=parent.gate, memory=parent.memory,
                command_timeout_s=parent.command_timeout_s, max_output=parent.max_output,
                scope=parent.scope, diagnostics=parent.diagnostics,
            )  # fmt: skip
            child = self.make_child(self.routine, goal, bench, self.depth + 1)
            self.children[child.id] = child
            self._starts[child.id] = parent.draft
            self._running[child.id] = self._pool.submit(child.run)
            ids.append(child.id)
        return ids

    def wait(self, ids: Sequence[str]) -> None:
        """Until the children have ended. Raises CancelledError when the parent is cancelled."""
        for id in ids:
            future = self._running.get(id)
            if future is None:
                raise ToolError(f"no child {id!r}", Trouble.ARGUMENTS)
            ended = threading.Event()
            future.add_done_callback(lambda _, ended=ended: ended.set())
            while not ended.wait(0.05):
                self.routine.bench.token.check()

    def join(self, ids: Sequence[str], *, best: bool = False) -> dict[str, Any]:
        """Wait for the children (all of them by default) and merge what they did; with `best` they
        were attempts at one thing, and only the best one is taken."""
        ids = list(ids) or list(self.children)
        self.wait(ids)
        if best and len(ids) > 1:
            return self._best(ids)
        bench = self.routine.bench
        rows: list[dict[str, Any]] = []
        branches: list[Branch] = []
        for id in ids:
            child = self.children[id]
            ending = self._running[id].result()
            ok = ending.status == "done"
            rows.append({"child": id, "status": ending.status, "summary": ending.summary})
            start = self._starts[id]
            if ok and not child.bench.draft.is_empty and child.bench.draft is not start:
                branches.append(branch_of(id, start, child.bench.draft))
        base = self._starts[ids[0]] if ids else bench.draft
        if bench.draft is not base and branches:  # the parent went on: it is one more branch
            branches.append(branch_of(self.routine.id, base, bench.draft))
        joined = join(base, branches, bench.root, bench.shown, bench.token)
        merged = joined.draft.log[len(base.log) :]
        if joined.draft is not base:
            if bench.draft is not base:  # what the parent did meanwhile is in the joined draft
                self.routine.tell("edits_undone", keep=len(base.log), reason="joined")
            bench.draft = joined.draft
            for entry in merged:
                bench.on_edit(entry.call, entry.change)
        self.routine.tell(
            "join", children=rows, conflicts=[conflict.to_json() for conflict in joined.conflicts]
        )
        return {
            "children": rows,
            "edits": len(merged),
            "conflicts": [conflict.to_json() for conflict in joined.conflicts],
            "message": f"{len(joined.conflicts)} conflicts: neither side was taken"
            if joined.conflicts
            else "all edits merged",
        }

    def _best(self, ids: Sequence[str]) -> dict[str, Any]:
        """Join the one attempt whose tests pass, that brings the fewest problems and the smallest
        diff; what the others tried is told and not taken."""
        candidates: list[tuple[str, Draft, bool, int]] = []
        for id in ids:
            child = self.children[id]
            draft = child.bench.draft
            if self._running[id].result().status != "done" or draft is self._starts[id]:
                continue
            run = child.bench.last_test
            report = verify(draft.base, draft.change, self.routine.bench.token)
            candidates.append((id, draft, run is None or run.passed, len(report.new_problems)))
        chosen = best_of(candidates)
        root = self.routine.bench.root
        lost = [
            {"child": id, "diff": draft.diff(root)}
            for id, draft, _, _ in candidates
            if id != chosen
        ]
        self.routine.tell("attempts", chosen=chosen or "", lost=lost)
        if chosen is None:
            raise ToolError("no attempt passed its tests: nothing was taken", Trouble.FAILED)
        row = self.join([chosen])
        return {**row, "chosen": chosen, "message": f"1 of {len(ids)} attempts was taken"}

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def branch_of(id: str, start: Draft, end: Draft) -> Branch:
    log = end.log[len(start.log) :]
    change = SourceChange(revision=start.base.revision)
    for entry in log:
        change = change.then(entry.change, start.snapshot.text)
    return Branch(id, log, change)


def best_of(candidates: Sequence[tuple[str, Draft, bool, int]]) -> str | None:
    """The id of the best attempt: tests passed first, then fewest new problems, then the smallest
    diff; whatever the order. Each is (id, draft, passed, problems); None when none passed."""
    passed = [c for c in candidates if c[2]]
    if not passed:
        return None

    def size(draft: Draft) -> int:
        return sum(
            edit.span[1] - edit.span[0] + len(edit.new_text)
            for file in draft.change.files
            for edit in file.edits
        ) + sum(len(create.text) for create in draft.change.creates)

    return min(
        passed,
        key=lambda c: (c[3], size(c[1]), canonical_json(calls_to_json([e.call for e in c[1].log]))),
    )[0]
