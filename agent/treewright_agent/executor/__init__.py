"""Run a project's programs on a copy of it: tests, builds, commands.

`ShadowWorkshop(snapshot, root)` is what tools and tasks use (`tools.bench.Workshop`). It finds
the project's interpreter (`interpreter`) and its tests (`suites`), keeps a shadow copy with
unsaved text and a task's change in it (`shadow`), runs in the sandbox and reads what came of
it from the runner's own report, else from its output (`reflect`). The user's files are never
written.
"""

from treewright_agent.executor.interpreter import Interpreter
from treewright_agent.executor.shadow import Shadow, remove_abandoned
from treewright_agent.executor.suites import Suite
from treewright_agent.executor.workshop import ExecutorSettings, ShadowWorkshop

__all__ = [
    "ExecutorSettings",
    "Interpreter",
    "Shadow",
    "ShadowWorkshop",
    "Suite",
    "remove_abandoned",
]
