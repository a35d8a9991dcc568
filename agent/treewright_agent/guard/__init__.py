"""Layers that hold whatever a model or a text asks for.

1. input limits and typed commands: `gate.check_instruction`, `gate.Policy.kind`
2. text of others is data: `fenced`, `visible`, `Origin`
3. only listed programs, read as a shell would read them: `split`, `classify`
4. only edits inside the task: `concerns`, `sensitive`
5. secrets stay: `find_secrets`, `redact`
6. the gate before every tool, with audit and taint: `gate.Guard`
7. the sandbox below: `treewright_agent.sandbox`

Words are never a barrier: code is full of them. What counts is what would happen.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_agent.guard.commands import Decision, Trust, Verdict, classify, split
    from treewright_agent.guard.scope import Concern, concerns, sensitive
    from treewright_agent.guard.secrets import Secret, redact
    from treewright_agent.guard.secrets import find as find_secrets
    from treewright_agent.guard.text import (
        Origin,
        fenced,
        has_hidden,
        looks_like_instructions,
        visible,
    )

__all__ = [
    "Concern",
    "Decision",
    "Origin",
    "Secret",
    "Trust",
    "Verdict",
    "classify",
    "concerns",
    "fenced",
    "find_secrets",
    "has_hidden",
    "looks_like_instructions",
    "redact",
    "sensitive",
    "split",
    "visible",
]

_MODULES = {
    "Concern": "scope",
    "Decision": "commands",
    "Origin": "text",
    "Secret": "secrets",
    "Trust": "commands",
    "Verdict": "commands",
    "classify": "commands",
    "concerns": "scope",
    "fenced": "text",
    "find_secrets": "secrets",
    "has_hidden": "text",
    "looks_like_instructions": "text",
    "redact": "secrets",
    "sensitive": "scope",
    "split": "commands",
    "visible": "text",
}


def __getattr__(name: str) -> Any:
    """Imported when asked for, as `treewright_agent.operations` says why."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, "find" if name == "find_secrets" else name)
