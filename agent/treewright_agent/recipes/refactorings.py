"""Refactorings at the cursor: what can be extracted from a selection or inlined at a name.

    return $0a * 2$0 + 1
    ->
    extracted = a * 2
    return extracted + 1

Each is planned before it is offered, so the menu holds only what works here; it is verified
when it is chosen.
"""

from __future__ import annotations

import re
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_indexer.errors import CancelledError, TreewrightError

_SELECTED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("Extract variable", "refactor.extract.variable", "extract_variable", {}),
    ("Extract variable, every occurrence", "refactor.extract.variable", "extract_variable", {"every": True}),
    ("Extract constant", "refactor.extract.constant", "extract_variable", {"constant": True}),
    ("Extract function", "refactor.extract.function", "extract_function", {}),
)  # fmt: skip
_WORD = re.compile(rb"[\w.\x80-\xff]*")
MOST_FILES = 24
_AT_A_NAME = (
    ("Inline variable", "refactor.inline.variable", "inline_variable"),
    ("Inline function", "refactor.inline.function", "inline_function"),
)


def _offer(ctx: RecipeContext) -> list[Offer]:
    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python":
        return []
    found: list[Offer] = []
    start, end = ctx.span
    # A name or a number alone is seldom what somebody selected to move.
    selected = ctx.snapshot.text(ctx.path).data[start:end].strip()
    if start < end and ctx.wants("refactor.extract") and not _WORD.fullmatch(selected):
        for title, kind, operation, more in _SELECTED:
            arguments: dict[str, Any] = {"path": ctx.path, "start": start, "end": end, **more}
            found += _if_possible(ctx, title, kind, operation, arguments, found)
    for title, kind, operation in _AT_A_NAME if ctx.wants("refactor.inline") else ():
        if not _may_be(ctx, operation, start):
            continue
        arguments = {"path": ctx.path, "offset": start}
        if operation == "inline_function" and _is_everywhere(ctx, start):
            continue
        found += _if_possible(ctx, title, kind, operation, arguments, found)
    return found


def _is_everywhere(ctx: RecipeContext, offset: int) -> bool:
    """Whether so many files hold the name that following it would keep a menu waiting; what is used
    like that is not inlined from a menu."""
    root = ctx.snapshot.tree(ctx.path).root_node
    for at in (offset, max(0, offset - 1)):
        node = root.descendant_for_byte_range(at, offset)
        if node is not None and node.type == "identifier" and node.text is not None:
            return len(ctx.snapshot.files_naming(node.text.decode())) > MOST_FILES
    return False


def _may_be(ctx: RecipeContext, operation: str, offset: int) -> bool:
    """Whether the node at the cursor is a name of the kind that the operation inlines."""
    root = ctx.snapshot.tree(ctx.path).root_node
    for node in (
        root.descendant_for_byte_range(offset, offset),
        root.descendant_for_byte_range(max(0, offset - 1), offset),
    ):
        parent = node.parent if node is not None else None
        if node is None or parent is None or node.type != "identifier":
            continue
        function = parent
        if parent.type == "attribute" and parent.parent is not None:
            function = parent.parent
        called = function.type == "call" and parent.type != "argument_list"
        defined = parent.type == "function_definition"
        if (called or defined) == (operation == "inline_function"):
            return True
    return False


def _if_possible(
    ctx: RecipeContext,
    title: str,
    kind: str,
    operation: str,
    arguments: dict[str, Any],
    before: list[Offer],
) -> list[Offer]:
    from treewright_agent.operations import OPERATIONS, run

    if not any(known.name == operation for known in OPERATIONS):
        return []
    ctx.token.check()
    try:
        change = run(operation, arguments, ctx.snapshot, ctx.token)
    except CancelledError:
        raise
    except TreewrightError:
        return []
    if change.is_empty:
        return []
    if arguments.get("every") and len(change.files[0].edits) <= 2:
        return []  # the same as the offer without it
    return [Offer(title, kind, (Call(operation, arguments),))]


REFACTORINGS = Recipe(id="refactorings", title="Refactorings", offer=_offer)
