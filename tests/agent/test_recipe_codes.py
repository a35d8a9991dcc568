"""Every diagnostic code that the documentation lists is really mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.codes import ALL, Mended
from tests.support.recipes import context_of
from treewright_agent.proposals import plan
from treewright_agent.recipes import RECIPES, Offer, offers
from treewright_indexer.cancel import CancelToken

_MENDING = tuple(r for r in RECIPES if r.id not in ("suppress", "refactorings", "source_actions"))


def _mends(tmp_path: Path, row: Mended) -> tuple[list[Offer], list[str]]:
    """The offers for the diagnostic, and the text that each leaves."""
    with context_of(tmp_path, {row.file: row.before}, row.message, row.code, row.tool) as ctx:
        found = [offer for _, offer in offers(ctx, _MENDING) if offer.diagnostic]
        texts: list[str] = []
        for offer in found:
            if offer.lazy:
                continue
            text = plan(ctx.snapshot, offer.calls, CancelToken()).apply(ctx.snapshot.text)[ctx.path]
            assert text is not None
            texts.append(text.string)
        return found, texts


@pytest.mark.parametrize("row", ALL, ids=lambda row: f"{row.tool} {row.code}")
def test_the_code_is_mended(tmp_path: Path, row: Mended) -> None:
    found, texts = _mends(tmp_path, row)
    assert row.after in texts, "\n---\n".join([repr([o.title for o in found]), *texts])
    assert sum(offer.preferred for offer in found) <= len(found)


def test_at_least_sixty_codes_are_covered() -> None:
    assert len({(row.tool.lower(), row.code) for row in ALL}) >= 60
    tools = {row.tool.lower() for row in ALL}
    assert {"ruff", "flake8", "pylint", "pyright", "basedpyright", "mypy"} <= tools
    assert {"ts", "eslint", "rustc", "compiler"} <= tools
