"""Tools that steer the routine itself: fork, join, finish."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from treewright_agent.tools.bench import Bench, Finished
from treewright_agent.tools.model import Effect, ToolError, Trouble, tool


def _no_forker(bench: Bench) -> str:
    return "" if bench.forker is not None else "this routine cannot fork"


@tool(Effect.CONTROLS, "control", available=_no_forker)
def fork(
    bench: Bench, goals: Annotated[list[str], msgspec.Meta(min_length=1, max_length=16)]
) -> dict[str, Any]:
    """Start one child per goal, in parallel. Each sees your edits so far and works on its own
    copy; its edits reach you only by join. Goals should touch different symbols.

    Args:
    goals: what each child is to do, complete in itself
    """
    assert bench.forker is not None
    return {"children": bench.forker.fork(goals)}


@tool(Effect.CONTROLS, "control", available=_no_forker)
def join(bench: Bench, children: list[str] | None = None, best: bool = False) -> dict[str, Any]:
    """Wait for children and merge their edits into yours. Conflicts are reported with both sides
    and neither is taken.

    Args:
    children: ids from fork; left out, all of them
    best: they were attempts at the same thing: take only the best one that passes its tests
    """
    assert bench.forker is not None
    return bench.forker.join(children or [], best=best)


@tool(Effect.CONTROLS, "control")
def finish(bench: Bench, summary: str, success: bool = True) -> dict[str, Any]:
    """End the task when its goal is reached, or when it cannot be.

    Args:
    summary: what was done, or why it cannot be done
    success: false when the goal is not reached
    """
    if not summary.strip():
        raise ToolError("summary: say what was done", Trouble.ARGUMENTS)
    bench.finished = Finished(summary, success)
    return {"message": "finished"}


TOOLS = (fork, join, finish)
