"""What tasks run programs with: the sandboxed workshop of a folder and the search for repairs."""

from __future__ import annotations

from collections.abc import Sequence

from treewright_agent.executor import ShadowWorkshop
from treewright_agent.executor.workshop import ExecutorSettings
from treewright_agent.routines.request import Repaired
from treewright_agent.sandbox import Level, active
from treewright_agent.tools.bench import Workshop
from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot


def workshop_of(snapshot: Snapshot, root: str, minimum: Level = Level.LANDLOCK) -> Workshop | None:
    """None where no sandbox is as strong as `minimum`: nothing runs under a weaker one."""
    if active().level < minimum:
        return None
    return ShadowWorkshop(snapshot, root, ExecutorSettings(minimum=minimum))


def repairer(
    snapshot: Snapshot, root: str, tests: Sequence[str], seconds: float, token: CancelToken
) -> Repaired:
    """Mend failing tests by search; see `treewright_agent.repair`."""
    from treewright_agent.repair import repairer as make

    return make()(snapshot, root, tests, seconds, token)
