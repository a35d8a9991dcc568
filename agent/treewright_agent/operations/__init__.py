"""Operations: named changes with typed arguments, each declared once.

One declaration serves as code action, LSP command, model tool, command-line verb and MCP tool.

To add one:

1. `operations/<name>.py`. Its docstring is the title, the prose that people and models read,
   and one example that is run as a test (`$0` is the cursor: it gives `path` and `offset`;
   `$0…$0` gives `path`, `start` and `end`; the line with the arrow holds the other arguments):

       \"\"\"Flip comparison: mirror the two sides of a comparison.

           if limit $0< size: ...
           -> {}
           if size > limit: ...
       \"\"\"

   Below it, a `class FlipComparison(Arguments, frozen=True)` whose fields are described, a function `plan(snapshot,
   arguments, token) -> SourceChange` and the declaration:

       FLIP_COMPARISON = Operation(
           name="flip_comparison",
           title="Flip comparison",
           arguments=FlipComparison,
           plan=_plan,
           document=__doc__,
           kind="refactor.rewrite",
       )

   `plan` reads the Snapshot only, collects edits with `changes.ChangeBuilder` (spans are byte
   offsets; `\\n` in new text becomes the file's line break), looks at `token.check()` in loops,
   and raises RefusedError with a reason that tells the user what stands in the way. What it
   cannot prove it marks: `doubt=` on an edit asks for confirmation, `ChangeBuilder.note` lists
   a place that is left alone. Nothing is ever left out silently. Heavy libraries (libcst, jedi)
   are imported inside functions.
   `targets.find_target` turns path and offset, or a symbol path such as `Class.method`, into a
   Target; `python_tree`, `imports` and `names` hold what several operations need.

2. One row in `OPERATIONS` of `table.py`, and its name in `treewright_server.commands.OPERATIONS`
   (a test holds the two equal).

3. `tests/agent/test_operation_<name>.py`, with `check_operation` and `check_refused` of
   `tests.support.operations`.

Edits of one plan are one group: a user who accepts one of them is offered the others. A plan
with parts that stand alone (one file each, say) gives each part its own `groups=`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_agent.operations.model import (
        Arguments,
        Example,
        Operation,
        example_of,
        schema,
    )
    from treewright_agent.operations.table import OPERATIONS, operation_named, run

__all__ = [
    "OPERATIONS",
    "Arguments",
    "Example",
    "Operation",
    "example_of",
    "operation_named",
    "run",
    "schema",
]

_MODULES = {"OPERATIONS": "table", "operation_named": "table", "run": "table"}


def __getattr__(name: str) -> Any:
    """What the package offers is imported when it is asked for.

    Whoever imports a module of the package holds that module's lock while the package is imported: were
    its modules imported here, two threads could each wait for the other.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES.get(name, 'model')}")
    return getattr(module, name)
