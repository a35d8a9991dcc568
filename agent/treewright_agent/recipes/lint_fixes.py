"""Lint fixes: what ruff would do about a diagnostic, whichever tool reported it.

    if x == None: ...
    ->
    if x is None: ...

flake8, pycodestyle, pyflakes and ruff name their rules alike, so a diagnostic of any of them
is matched by code and line; pylint's and pyright's names are translated (`codes.SAME_AS`). What
other recipes do better is left to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treewright_agent.calls import Call
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.operations.fix_lint import CODE
from treewright_agent.recipes.codes import SAME_AS
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_agent.recipes.wordings import codes_of

if TYPE_CHECKING:
    from treewright_agent.verify.ruff import LintFix

_ELSEWHERE = frozenset({"F401", "F841", "F821"})
"""Rules with a recipe of their own."""
_SAME_AS = {code.lower(): rules for code, rules in SAME_AS.items()}


def rules_for(diagnostic: Diagnostic) -> tuple[str, ...]:
    """The rules of ruff that find what the diagnostic says."""
    for code in sorted(codes_of(diagnostic.code, diagnostic.message)):
        if code in _SAME_AS:
            return _SAME_AS[code]
    code = diagnostic.code
    tool = diagnostic.source.lower()
    if CODE.fullmatch(code) and code not in _ELSEWHERE and not tool.startswith("pylint"):
        return (code,)
    return ()


def _offer(ctx: RecipeContext) -> list[Offer]:
    from treewright_agent.verify.ruff import ALWAYS, lint_text

    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python":
        return []
    wanted = [(d, rules) for d in ctx.diagnostics if (rules := rules_for(d))]
    if not wanted:
        return []
    text = ctx.snapshot.text(ctx.path)
    folder = ctx.snapshot.folder_of(ctx.path)
    root = folder.root if folder is not None else None
    linted = lint_text(ctx.path, text, root, token=ctx.token)
    known = {fix.diagnostic.code for fix in linted.fixes}
    foreign = sorted({rule for _, rules in wanted for rule in rules} - known - set(ALWAYS))
    fixes = linted.fixes
    if foreign:
        fixes += lint_text(ctx.path, text, root, always=tuple(foreign), token=ctx.token).fixes
    found: list[Offer] = []
    for diagnostic, rules in wanted:
        for fix in _near(ctx, diagnostic, [f for f in fixes if f.diagnostic.code in rules]):
            own = fix.diagnostic
            arguments = {"path": ctx.path, "code": own.code, "start": own.span.start}
            if not fix.is_safe:
                arguments["unsafe"] = True
            offer = Offer(
                fix.title, "quickfix", (Call("fix_lint", arguments),), diagnostic, fix.is_safe
            )
            found.append(offer)
            if fix.is_safe:
                same = [f for f in fixes if f.diagnostic.code == own.code and f.is_safe]
                if len({f.diagnostic.span for f in same}) > 1:
                    call = Call("fix_lint", {"path": ctx.path, "code": own.code})
                    title = f"Fix every {own.code} in this file"
                    found.append(Offer(title, "quickfix", (call,), diagnostic))
                call = Call("fix_lint_everywhere", {"code": own.code})
                title = f"Fix every {own.code} in the workspace"
                found.append(Offer(title, "quickfix", (call,), diagnostic, lazy=True))
            break
    return found


def _near(ctx: RecipeContext, diagnostic: Diagnostic, fixes: list[LintFix]) -> list[LintFix]:
    """The fixes on the diagnostic's line; else, where a tool points at the head of a definition,
    the one inside it."""
    text = ctx.snapshot.text(ctx.path)
    start = min(diagnostic.span.start, len(text.data))
    line = text.line_of(start)
    here = [fix for fix in fixes if text.line_of(fix.diagnostic.span.start) == line]
    if here or not fixes:
        return here
    node = ctx.snapshot.tree(ctx.path).root_node.descendant_for_byte_range(start, start)
    while node is not None and node.type not in ("function_definition", "class_definition"):
        node = node.parent
    if node is None or text.line_of(node.start_byte) != line:
        return []
    inside = [f for f in fixes if node.start_byte <= f.diagnostic.span.start < node.end_byte]
    return inside if len(inside) == 1 else []


LINT_FIXES = Recipe(id="lint_fixes", title="Lint fixes", offer=_offer)
