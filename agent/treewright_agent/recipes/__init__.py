"""Recipes: (diagnostic or cursor) -> operation calls. Rules that prove their case.

Adding one touches its module, its row in `RECIPES` (the order there is the order of the
menu) and its test file. An Offer holds calls only; nothing is planned before it is chosen.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_agent.recipes.table import (
        RECIPES,
        Call,
        Diagnostic,
        Offer,
        Recipe,
        RecipeContext,
        Severity,
        offers,
    )

__all__ = [
    "RECIPES",
    "Call",
    "Diagnostic",
    "Offer",
    "Recipe",
    "RecipeContext",
    "Severity",
    "offers",
]


def __getattr__(name: str) -> Any:
    """Imported when asked for, as `treewright_agent.operations` says why."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.table"), name)
