"""Tools: what a routine may do, each a typed function whose signature is its schema.

`registry_of` makes the registry of everything; `selection` narrows it to a task. Adding a tool
touches its module's `TOOLS`.
"""

from __future__ import annotations

from treewright_agent.tools.registry import Registry


def all_tools() -> Registry:
    """Every tool, operations included. Imports what they need."""
    from treewright_agent.tools import (
        checking,
        control,
        edit_file,
        finding,
        git,
        mending,
        operating,
        reading,
        relations,
        talking,
    )

    own = (
        *control.TOOLS, *reading.TOOLS, *finding.TOOLS, *relations.TOOLS, *edit_file.TOOLS,
        *checking.TOOLS, *mending.TOOLS, *git.TOOLS, *talking.TOOLS,
    )  # fmt: skip
    names = frozenset(tool.name for tool in own) | {edit_file.OPERATION}
    return Registry((*own, *operating.operation_tools(hidden=names)))
