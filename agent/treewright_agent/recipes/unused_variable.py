"""Unused variable: take it out and keep what its value does, or mark it as meant.

def f():
    total$0 = print("x")
->
def f():
    print("x")
"""

from __future__ import annotations

from treewright_agent.calls import Call
from treewright_agent.operations.scoping import home_of
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_agent.recipes.places import identifier_at
from treewright_agent.recipes.wordings import Problem, understand
from treewright_indexer.model import Role

_PROBLEMS = (Problem.UNUSED_VARIABLE, Problem.UNUSED_BINDING)
_BINDS = (Role.WRITE, Role.DEFINITION)


def _offer(ctx: RecipeContext) -> list[Offer]:
    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python":
        return []
    text = ctx.snapshot.text(ctx.path)
    offers: list[Offer] = []
    for diagnostic in ctx.diagnostics:
        ctx.token.check()
        match = understand(diagnostic)
        if match is None or match.problem not in _PROBLEMS:
            continue
        span = identifier_at(text, diagnostic, match.name)
        if span is None:
            continue
        name = text.slice(span)
        facts = ctx.snapshot.file_facts(ctx.path)
        roles = {r.start: r.role for r in facts.references(name) if not r.attribute}
        if roles.get(span.start) not in _BINDS:
            continue
        home = home_of(facts, span.start, name)
        if home <= 0 or facts.scopes[home].kind == "class":
            continue
        if facts.scopes[home].bindings[name][1] != "variable":
            continue
        arguments = {"path": ctx.path, "offset": span.start}
        offers.append(
            Offer(
                title=f"Remove unused variable `{name}`",
                kind="quickfix",
                calls=(Call("remove_variable", arguments),),
                diagnostic=diagnostic,
                preferred=match.problem is Problem.UNUSED_VARIABLE,
            )
        )
        if not name.startswith("_"):
            renamed = {**arguments, "new_name": f"_{name}"}
            offers.append(
                Offer(
                    title=f"Rename `{name}` to `_{name}`",
                    kind="quickfix",
                    calls=(Call("rename_symbol", renamed),),
                    diagnostic=diagnostic,
                )
            )
    return offers


UNUSED_VARIABLE = Recipe(id="unused_variable", title="Remove the unused variable", offer=_offer)
