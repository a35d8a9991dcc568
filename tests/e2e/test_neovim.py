"""A real Neovim with the plugin as it ships: open a project, rename, fix, undo.

Marked `e2e`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.neovim import FILES, PLUGIN, Neovim, neovim_in, write

pytestmark = pytest.mark.e2e


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project")


@pytest.fixture
def neovim(tmp_path: Path, project: Path) -> Iterator[Neovim]:
    with neovim_in(tmp_path, project, "shop/prices.py") as editor:
        yield editor


def test_rename_across_files_and_one_undo(neovim: Neovim, project: Path) -> None:
    before = {name: (project / name).read_text() for name in FILES}
    neovim.lua("vim.api.nvim_win_set_cursor(0, { 1, 5 }); vim.lsp.buf.rename('sum_up')")
    neovim.until("vim.fn.getline(1) == 'def sum_up(items):'")
    neovim.until(
        "vim.fn.bufloaded(arguments[1]) == 1 and"
        " vim.fn.getbufline(arguments[1], 1)[1] == 'from shop.prices import sum_up'",
        str(project / "shop/cart.py"),
    )
    # Nothing is on disk before the user writes it, and one undo a buffer takes it back.
    assert {name: (project / name).read_text() for name in FILES} == before
    neovim.nvim.command("silent undo")
    assert neovim.text() == FILES["shop/prices.py"]
    neovim.nvim.command("silent redo")
    neovim.nvim.command("silent wall")
    assert "return f'{sum_up(items):.2f}'" in (project / "shop/cart.py").read_text()
    assert (project / "shop/late.py").read_text() == FILES["shop/late.py"]  # never bound to it


UNDEFINED = "vim.tbl_filter(function(each) return each.code == 'F821' end, vim.diagnostic.get(0))"


def test_a_fix_for_a_diagnostic(neovim: Neovim, project: Path) -> None:
    neovim.open(project / "shop/late.py")
    neovim.until(f"#{UNDEFINED} == 1")
    neovim.lua(f"vim.g.found = {UNDEFINED}[1]")
    neovim.lua("""
        vim.api.nvim_win_set_cursor(0, { vim.g.found.lnum + 1, vim.g.found.col })
        vim.lsp.buf.code_action({
          apply = true,
          filter = function(action) return action.title:find('shop.prices', 1, true) ~= nil end,
        })
    """)
    neovim.until("vim.fn.getline(1) == 'from shop.prices import total'")
    neovim.until(f"#{UNDEFINED} == 0")
    neovim.nvim.command("silent undo")
    assert neovim.text() == FILES["shop/late.py"]


def test_definition_references_and_hover_with_unsaved_text(neovim: Neovim, project: Path) -> None:
    neovim.open(project / "shop/cart.py")
    neovim.nvim.current.buffer.append(["# one", "# two"], 0)
    neovim.lua("vim.api.nvim_win_set_cursor(0, { 7, 14 }); vim.lsp.buf.definition()")
    neovim.until("vim.fn.expand('%:t') == 'prices.py'")
    assert tuple(neovim.nvim.current.window.cursor) == (1, 4)
    neovim.lua("vim.lsp.buf.references(nil, { on_list = function(l) vim.g.found = l.items end })")
    neovim.until("vim.g.found ~= nil")
    places = {(Path(i["filename"]).name, i["lnum"]) for i in neovim.lua("return vim.g.found")}
    assert places == {("prices.py", 1), ("cart.py", 3), ("cart.py", 7)}


def test_search_and_graph_as_quickfix_lists(neovim: Neovim, project: Path) -> None:
    neovim.nvim.command("Treewright search sum of the prices")
    neovim.until("#vim.fn.getqflist() > 0")
    first = neovim.lua("return vim.fn.getqflist()[1]")
    assert neovim.lua("return vim.fn.bufname(...)", first["bufnr"]).endswith("prices.py")
    neovim.nvim.command("cclose")
    neovim.nvim.command("Treewright callers total")
    neovim.until("vim.fn.getqflist({ title = 0 }).title == 'callers of total'")
    assert len(neovim.lua("return vim.fn.getqflist()")) == 1
    assert "callers" in neovim.nvim.funcs.getcompletion("Treewright c", "cmdline")


def test_health_and_help(neovim: Neovim) -> None:
    neovim.nvim.command("checkhealth treewright")
    report = neovim.text()
    assert "ERROR" not in report, report
    assert "treewright 0." in report
    neovim.nvim.command(f"helptags {neovim.plugin}/doc")
    # The tags that ship are those of today's text: `:help` works without a plugin manager.
    assert (neovim.plugin / "doc/tags").read_text() == (PLUGIN / "doc/tags").read_text()
    for subject in (
        ":Treewright",
        "treewright",
        "treewright-feedback",
        "<Plug>(treewright-accept)",
    ):
        neovim.nvim.command(f"help {subject}")
        assert neovim.nvim.funcs.expand("%:t") == "treewright.txt"
