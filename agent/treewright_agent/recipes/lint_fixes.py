"""Lint fixes: what ruff would do about a diagnostic, whichever tool reported it.

    if x == None: ...
    ->
    if x is None: ...

flake8, pycodestyle, pyflakes and ruff name their rules alike, so a diagnostic of any of them
is matched by code and line. What other recipes do better is left to them.
"""

from __future__ import annotations

from treewright_agent.calls import Call
from treewright_agent.operations.fix_lint import CODE
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext

_ELSEWHERE = frozenset({"F401", "F841", "F821"})
"""Rules with a recipe of their own."""


def _offer(ctx: RecipeContext) -> list[Offer]:
    from treewright_agent.verify.ruff import ALWAYS, lint_text

    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python":
        return []
    wanted = [d for d in ctx.diagnostics if CODE.fullmatch(d.code) and d.code not in _ELSEWHERE]
    if not wanted:
        return []
    text = ctx.snapshot.text(ctx.path)
    folder = ctx.snapshot.folder_of(ctx.path)
    root = folder.root if folder is not None else None
    linted = lint_text(ctx.path, text, root, token=ctx.token)
    known = {fix.diagnostic.code for fix in linted.fixes}
    foreign = sorted({d.code for d in wanted} - known - set(ALWAYS))
    fixes = linted.fixes
    if foreign:
        fixes += lint_text(ctx.path, text, root, always=tuple(foreign), token=ctx.token).fixes
    found: list[Offer] = []
    for diagnostic in wanted:
        line = text.line_of(min(diagnostic.span.start, len(text.data)))
        for fix in fixes:
            own = fix.diagnostic
            if own.code != diagnostic.code or text.line_of(own.span.start) != line:
                continue
            arguments = {"path": ctx.path, "code": own.code, "start": own.span.start}
            if not fix.is_safe:
                arguments["unsafe"] = True
            offer = Offer(
                fix.title, "quickfix", (Call("fix_lint", arguments),), diagnostic, fix.is_safe
            )
            found.append(offer)
            same = [f for f in fixes if f.diagnostic.code == own.code and f.is_safe]
            if fix.is_safe and len({f.diagnostic.span for f in same}) > 1:
                every = {"path": ctx.path, "code": own.code}
                title = f"Fix every {own.code} in this file"
                found.append(Offer(title, "quickfix", (Call("fix_lint", every),), diagnostic))
            break
    return found


LINT_FIXES = Recipe(id="lint_fixes", title="Lint fixes", offer=_offer)
