"""Cases of recipes as text: `$0…$0` is where a tool points, `$0` the start of its word."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.support.fixtures import CURSOR, split_fixture, workspace_of
from treewright_agent.proposals import plan
from treewright_agent.recipes import Diagnostic, Offer, Recipe, RecipeContext
from treewright_indexer.cancel import CancelToken
from treewright_indexer.text import Span


@contextmanager
def context_of(
    root: Path, text: str | dict[str, str], message: str, code: str = "", source: str = ""
) -> Generator[RecipeContext]:
    files = split_fixture(text) if isinstance(text, str) else dict(text)
    path, span = "", Span(0, 0)
    for name, body in files.items():
        if CURSOR in body:
            first, *rest = body.split(CURSOR)
            start = len(first.encode())
            word = len(rest[0].encode()) if len(rest) == 2 else 1
            path, span = str(root / name), Span(start, start + word)
            files[name] = "".join((first, *rest))
    with workspace_of(root, files) as fixture:
        diagnostic = Diagnostic(path, span, code, source, message)
        yield RecipeContext(fixture.snapshot, path, span, (diagnostic,))


def offers_of(
    recipe: Recipe, root: Path, text: str, message: str, code: str = "", source: str = ""
) -> list[Offer]:
    with context_of(root, text, message, code, source) as ctx:
        return recipe.offer(ctx)


def check_recipe(
    recipe: Recipe,
    root: Path,
    before: str,
    after: str,
    message: str,
    code: str = "",
    source: str = "",
    *,
    which: int = 0,
) -> Offer:
    """The offer number `which` turns the file under the cursor into `after`."""
    with context_of(root, before, message, code, source) as ctx:
        offer = recipe.offer(ctx)[which]
        change = plan(ctx.snapshot, offer.calls, CancelToken())
        text = change.apply(ctx.snapshot.text)[ctx.path]
        assert text is not None
        assert text.string == after
        return offer
