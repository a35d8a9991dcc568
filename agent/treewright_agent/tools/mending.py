"""The search for repairs as a tool: what makes the failing tests pass, without a guess."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from treewright_agent.calls import Call
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolError, Trouble, shortened, tool
from treewright_indexer.errors import CancelledError, TreewrightError

_MAX_SHOWN = 4
_MAX_DIFF = 4_000


def _no_search(bench: Bench) -> str:
    return "" if bench.repair is not None else "programs cannot be run here: there is no sandbox"


@tool(Effect.RUNS, "check", name="repair", available=_no_search)
def search_repair(
    bench: Bench,
    tests: list[str] | None = None,
    apply: bool = False,
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 60.0,
) -> dict[str, Any]:
    """Search small edits that make failing Python tests pass and break none: operators, off-by-one,
    wrong names and arguments, missing guards, returns and steps. Finds most single faults within
    seconds; try it before reasoning about a failing test. Each repair is shown with its diff, the
    likeliest first; where several behave differently, the note says on which input.

    Args:
    tests: node ids or files of the failing tests; left out, all that fail
    apply: put the first repair into the draft
    timeout_s: the longest time to search
    """
    assert bench.repair is not None
    seconds = min(timeout_s, bench.budget.deadline.remaining_s)
    snapshot = bench.snapshot
    try:
        found = bench.repair(snapshot, bench.root, tests or [], seconds, bench.token)
    except CancelledError:
        raise
    except TreewrightError as error:
        raise ToolError(str(error), Trouble.UNAVAILABLE) from error
    bench.last_test = found.before or bench.last_test
    if found.before is not None and found.before.passed:
        return {"message": "all tests pass already", "repairs": []}
    if not found.changes:
        raise ToolError(found.note or "no repair was found", Trouble.FAILED, repairs=[])
    rows: list[dict[str, str]] = []
    for change, title in zip(found.changes[:_MAX_SHOWN], found.titles, strict=False):
        diff, _ = shortened(change.diff(snapshot.text, bench.root), _MAX_DIFF)
        rows.append({"title": title, "diff": diff})
    row: dict[str, Any] = {"repairs": rows, "others": max(0, len(found.changes) - _MAX_SHOWN)}
    note = f"; {found.note}" if found.note else ""
    if not apply:
        return {**row, "message": f"{len(found.changes)} repairs pass the tests{note}"}
    best = found.changes[0]
    call = Call("apply_patch", {"patch": best.diff(snapshot.text, bench.root)})
    edited = bench.edit(call, best)
    return {**row, "files": edited["files"], "message": f"applied: {rows[0]['title']}{note}"}


TOOLS = (search_repair,)
