"""Verification: is the workspace after a change at least as good as before it?

Every check compares the text after with the text before, in memory; problems that were
there already are nobody's fault. Worse than before is not ok, and is not shown to a user.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_agent.verify.verifying import Check, Report, verify

__all__ = ["Check", "Report", "verify"]


def __getattr__(name: str) -> Any:
    """Imported when asked for, as `treewright_agent.operations` says why."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.verifying"), name)
