"""Source actions: what an editor may run on a whole file, when saving or from its menu.

import sys
import os
->
import os
import sys

Asked for by kind they are checked first, so that saving a tidy file does nothing. In a menu that
opens at any cursor they are offered by what is known of the text already, and worked out when
they are chosen: a menu must not wait for a linter.
"""

from __future__ import annotations

from treewright_agent.calls import Call
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext

_ORGANIZE, _FIX_ALL = "source.organizeImports", "source.fixAll.treewright"


def _offer(ctx: RecipeContext) -> list[Offer]:
    from treewright_agent.verify.ruff import Linted, lint_known, lint_text

    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python" or not ctx.wants("source"):
        return []
    text = ctx.snapshot.text(ctx.path)
    folder = ctx.snapshot.folder_of(ctx.path)
    root = folder.root if folder is not None else None

    def linted(*always: str) -> Linted | None:
        if ctx.only is None:
            return lint_known(ctx.path, text, always=always)
        return lint_text(ctx.path, text, root, always=always, token=ctx.token)

    found: list[Offer] = []
    if ctx.wants(_ORGANIZE):
        sorting = linted("I001")
        unsorted = sorting is not None and any(f.diagnostic.code == "I001" for f in sorting.fixes)
        if unsorted or (sorting is None and _imports_several(ctx)):
            call = Call("fix_lint", {"path": ctx.path, "code": "I001"})
            found.append(Offer("Organize imports", _ORGANIZE, (call,), lazy=sorting is None))
    if ctx.wants(_FIX_ALL):
        own = linted()
        if own is None or any(fix.is_safe for fix in own.fixes):
            call = Call("fix_lint", {"path": ctx.path, "code": "all"})
            title = "Fix everything that is safe"
            found.append(Offer(title, _FIX_ALL, (call,), lazy=own is None))
    return found


def _imports_several(ctx: RecipeContext) -> bool:
    """Whether there is anything to sort at the top of the file."""
    root = ctx.snapshot.tree(ctx.path).root_node
    n_imports = 0
    for node in root.children:
        n_imports += node.type in ("import_statement", "import_from_statement")
        if n_imports > 1:
            return True
    return False


SOURCE_ACTIONS = Recipe(id="source_actions", title="Source actions", offer=_offer)
