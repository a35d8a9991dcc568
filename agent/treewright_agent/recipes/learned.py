"""Learned rules: patterns that their user approved, offered where one matches at the cursor.

Which rules there are comes in as data; where they were learned is nothing to a recipe.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from treewright_agent.calls import Call
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_indexer.errors import TreewrightError

_WORD = re.compile(r"(?<!\$)\b[^\W\d]\w+")
_MAX_BYTES = 1_000_000


class Rule(Protocol):
    """`pattern` and `rewrite` as `replace_pattern` reads them."""

    @property
    def id(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def pattern(self) -> str: ...
    @property
    def rewrite(self) -> str: ...
    @property
    def title(self) -> str: ...


def learned_recipe(rules: Sequence[Rule]) -> Recipe:
    """A recipe that offers `rules`."""

    def offer(ctx: RecipeContext) -> list[Offer]:
        return _offers(ctx, rules)

    return Recipe(id="learned", title="Learned from your edits", offer=offer)


def _offers(ctx: RecipeContext, rules: Sequence[Rule]) -> list[Offer]:
    from treewright_agent.operations.replace_pattern import spans

    language = ctx.snapshot.language(ctx.path)
    if language is None:
        return []
    try:
        text = ctx.snapshot.text(ctx.path)
    except TreewrightError:
        return []
    if len(text.data) > _MAX_BYTES:
        return []
    found: list[Offer] = []
    for rule in rules:
        ctx.token.check()
        words = _WORD.findall(rule.pattern)
        if rule.language != language.id or not all(w.encode() in text.data for w in words):
            continue
        here = [
            span
            for span in spans(text.string, language.id, rule.pattern)
            if span.start <= ctx.span.end and ctx.span.start <= span.end
        ]
        if here:
            arguments = {"path": ctx.path, "pattern": rule.pattern, "rewrite": rule.rewrite}
            calls = (Call("replace_pattern", arguments),)
            found.append(Offer(f"{rule.title} in this file", "refactor.rewrite", calls))
    return found
