"""The table of recipes, and what they offer on a diagnostic."""

from __future__ import annotations

import logging

from treewright_agent.calls import Call
from treewright_agent.diagnostics import Diagnostic, Severity
from treewright_agent.recipes.by_code import BY_CODE
from treewright_agent.recipes.lint_fixes import LINT_FIXES
from treewright_agent.recipes.missing_import import MISSING_IMPORT
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_agent.recipes.refactorings import REFACTORINGS
from treewright_agent.recipes.shapes import SHAPES
from treewright_agent.recipes.source_actions import SOURCE_ACTIONS
from treewright_agent.recipes.suppress import SUPPRESS
from treewright_agent.recipes.unused_import import UNUSED_IMPORT
from treewright_agent.recipes.unused_variable import UNUSED_VARIABLE
from treewright_indexer.errors import CancelledError

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

_log = logging.getLogger(__name__)

RECIPES: tuple[Recipe, ...] = (
    MISSING_IMPORT,
    UNUSED_IMPORT,
    UNUSED_VARIABLE,
    BY_CODE,
    LINT_FIXES,
    SUPPRESS,
    REFACTORINGS,
    SHAPES,
    SOURCE_ACTIONS,
)


def offers(ctx: RecipeContext, recipes: tuple[Recipe, ...] = RECIPES) -> list[tuple[str, Offer]]:
    """(recipe id, offer) of every recipe that has something to say, in menu order.

    Two tools that report the same problem lead to one offer. One failing recipe is logged
    and never hides the others. Raises CancelledError.
    """
    found: list[tuple[str, Offer]] = []
    seen: list[tuple[Call, ...]] = []
    for recipe in recipes:
        ctx.token.check()
        try:
            offered = recipe.offer(ctx)
        except CancelledError:
            raise
        except Exception:
            _log.exception("recipe %s failed on %s", recipe.id, ctx.path)
            continue
        for offer in offered:
            if offer.calls not in seen:
                seen.append(offer.calls)
                found.append((recipe.id, offer))
    return found
