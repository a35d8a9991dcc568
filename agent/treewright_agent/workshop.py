"""What tasks run programs with: the sandboxed workshop of a folder and the search for repairs."""

from __future__ import annotations

from collections.abc import Sequence

from treewright_agent.executor import ShadowWorkshop
from treewright_agent.routines.request import Repaired
from treewright_agent.sandbox import Level, active
from treewright_agent.tools.bench import Workshop
from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot


def workshop_of(snapshot: Snapshot, root: str) -> Workshop | None:
    """None where no sandbox is strong enough to run anything unasked."""
    return ShadowWorkshop(snapshot, root) if active().level >= Level.LANDLOCK else None


def repairer(
    snapshot: Snapshot, root: str, tests: Sequence[str], seconds: float, token: CancelToken
) -> Repaired:
    """Mend failing tests by search; see `treewright_agent.repair`."""
    from treewright_agent.repair import repairer as make

    return make()(snapshot, root, tests, seconds, token)
