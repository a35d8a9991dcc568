"""Unused import: take it out.

    import os$0
    import sys

    print(sys.path)
    ->
    import sys

    print(sys.path)

Tools spell one import in many ways (`typing.List`, `List imported from typing`, `a as b`); the
import is the one on the diagnostic's lines that any of its spellings fits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from treewright_agent.calls import Call
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.operations.import_removal import OneImport, Removal, uses_of_import
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_agent.recipes.places import lines_of
from treewright_agent.recipes.wordings import Problem, understand

_PROBLEMS = (Problem.UNUSED_IMPORT, Problem.UNUSED_BINDING)


def _offer(ctx: RecipeContext) -> list[Offer]:
    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python":
        return []
    reported = [
        (diagnostic, match.name)
        for diagnostic in ctx.diagnostics
        if (match := understand(diagnostic)) is not None and match.problem in _PROBLEMS
    ]
    if not reported:
        return []
    imports = Removal(ctx.snapshot, ctx.path).imports()
    package = os.path.basename(ctx.path).startswith("__init__.")
    offers: list[Offer] = []
    for diagnostic, name in reported:
        ctx.token.check()
        found = _meant(ctx, imports, diagnostic, name)
        if found is None or uses_of_import(
            ctx.snapshot, ctx.path, found, ctx.token, elsewhere=False
        ):
            continue
        offers.append(
            Offer(
                title=f"Remove unused import `{_shown(found)}`",
                kind="quickfix",
                calls=(_call(ctx.path, imports, found),),
                diagnostic=diagnostic,
                preferred=not package,  # what a package imports may be what it exports
            )
        )
    return offers


def _meant(
    ctx: RecipeContext, imports: list[OneImport], diagnostic: Diagnostic, name: str
) -> OneImport | None:
    text = ctx.snapshot.text(ctx.path)
    if not 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text.data):
        return None
    lines = lines_of(text, diagnostic.span)
    near = [
        one
        for one in imports
        if one.statement.start <= lines.end and lines.start <= one.statement.end
    ]
    if not name:
        touched = [
            one
            for one in near
            if one.item.start <= diagnostic.span.start <= one.item.end or len(near) == 1
        ]
        return touched[0] if len(touched) == 1 else None
    wanted = " ".join(name.split())
    fitting = [one for one in near if wanted in set(_spellings(one))]
    on_line = [one for one in fitting if lines.start <= one.item.start <= lines.end]
    exact = [one for one in on_line if one.item.start <= diagnostic.span.start <= one.item.end]
    for choice in (exact, on_line, fitting):
        if len(choice) == 1:
            return choice[0]
    return None


def _spellings(one: OneImport) -> Iterator[str]:
    whole = f"{one.module}.{one.name}" if one.name else one.module
    if one.name and one.module.endswith("."):
        whole = f"{one.module}{one.name}"
    short = one.name or one.module
    yield from (whole, short, one.binds)
    if not one.name:
        yield f"import {one.module}"
    else:
        yield f"{one.name} imported from {one.module}"
        yield f"{one.name} imported from {one.module.lstrip('.')}"
    if one.alias:
        yield from (f"{whole} as {one.alias}", f"{short} as {one.alias}")
        yield f"{short} imported as {one.alias}"
        yield f"{one.name} imported from {one.module} as {one.alias}"
        yield f"import {one.module} as {one.alias}"


def _shown(one: OneImport) -> str:
    whole = f"{one.module}.{one.name}" if one.name else one.module
    return f"{whole} as {one.alias}" if one.alias else whole


def _call(path: str, imports: list[OneImport], one: OneImport) -> Call:
    arguments: dict[str, object] = {"path": path, "module": one.module}
    if one.name:
        arguments["name"] = one.name
    if one.alias:
        arguments["alias"] = one.alias
    alike = [o for o in imports if (o.module, o.name) == (one.module, one.name)]
    if len(alike) > 1 and (not one.alias or sum(o.alias == one.alias for o in alike) > 1):
        arguments["offset"] = one.item.start
    return Call("remove_import", arguments)


UNUSED_IMPORT = Recipe(id="unused_import", title="Remove the unused import", offer=_offer)
