"""Source actions: what an editor may run on a whole file, when saving or from its menu.

import sys
import os
->
import os
import sys
"""

from __future__ import annotations

from treewright_agent.calls import Call
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext


def _offer(ctx: RecipeContext) -> list[Offer]:
    from treewright_agent.verify.ruff import lint_text

    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python":
        return []
    text = ctx.snapshot.text(ctx.path)
    folder = ctx.snapshot.folder_of(ctx.path)
    root = folder.root if folder is not None else None
    found: list[Offer] = []
    sorting = lint_text(ctx.path, text, root, always=("I001",), token=ctx.token).fixes
    if any(fix.diagnostic.code == "I001" for fix in sorting):
        call = Call("fix_lint", {"path": ctx.path, "code": "I001"})
        found.append(Offer("Organize imports", "source.organizeImports", (call,)))
    own = lint_text(ctx.path, text, root, token=ctx.token).fixes
    if any(fix.is_safe for fix in own):
        call = Call("fix_lint", {"path": ctx.path, "code": "all"})
        found.append(Offer("Fix everything that is safe", "source.fixAll.treewright", (call,)))
    return found


SOURCE_ACTIONS = Recipe(id="source_actions", title="Source actions", offer=_offer)
