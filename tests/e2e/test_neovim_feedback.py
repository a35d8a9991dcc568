"""What only the editor sees, in a real Neovim: results opened, used or ignored, ratings, the report."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.neovim import Neovim, neovim_in, write
from treewright_agent.feedback import FeedbackStore

pytestmark = pytest.mark.e2e


@pytest.fixture
def neovim(tmp_path: Path) -> Iterator[Neovim]:
    project = write(tmp_path / "project")
    with neovim_in(tmp_path, project, "shop/cart.py") as editor:
        editor.lua("""
            vim.g.told = {}
            local rpc = require('treewright.rpc')
            local request = rpc.request
            rpc.request = function(method, params, done, buffer)
              if params.command == 'treewright.feedback.search' then
                local told = vim.g.told
                table.insert(told, params.arguments[1])
                vim.g.told = told
              end
              return request(method, params, done, buffer)
            end
        """)
        yield editor


def _told(neovim: Neovim) -> list[tuple[str, int | None]]:
    return [(each["action"], each.get("result")) for each in neovim.lua("return vim.g.told")]


def _search(neovim: Neovim) -> None:
    neovim.run("Treewright search sum of the prices")
    neovim.until("vim.fn.getqflist({ title = 0 }).title == 'search: sum of the prices'")
    neovim.until("vim.bo.buftype == 'quickfix'")


def test_what_is_opened_and_copied_from_is_told(neovim: Neovim, tmp_path: Path) -> None:
    _search(neovim)
    neovim.run("call search('prices.py', 'cw')")
    first = neovim.nvim.current.window.cursor[0] - 1
    neovim.keys("<CR>")
    assert neovim.nvim.current.buffer.name.endswith("prices.py")
    neovim.run("doautocmd CursorMoved")  # comes with the screen, which a headless Neovim has not
    neovim.until("#vim.g.told == 1")
    neovim.keys("yy")
    neovim.keys("yy")
    neovim.run("doautocmd CursorMoved")
    neovim.until("#vim.g.told == 2")
    assert _told(neovim) == [("opened", first), ("used", first)]
    neovim.run("cclose")

    deadline = time.monotonic() + 30
    while True:
        with FeedbackStore.open(tmp_path / "home" / "data") as store:
            recorded = [use for row in store.searches() for use in row.uses]
        if {(first, "opened"), (first, "used")} <= set(recorded):
            break
        assert time.monotonic() < deadline, recorded
        time.sleep(0.05)


def test_a_list_that_is_closed_was_of_no_use(neovim: Neovim) -> None:
    _search(neovim)
    neovim.run("cclose")
    neovim.until("#vim.g.told == 1")
    assert _told(neovim) == [("ignored", None)]


def test_standing_where_a_result_is_opens_nothing(neovim: Neovim, tmp_path: Path) -> None:
    neovim.open(tmp_path / "project/shop/prices.py")
    _search(neovim)
    neovim.run("wincmd p")
    neovim.run("doautocmd CursorMoved")
    assert _told(neovim) == []
    names = neovim.lua(
        "return vim.tbl_map(function(i) return vim.fn.bufname(i.bufnr) end, vim.fn.getqflist())"
    )
    other = next(n for n, name in enumerate(names) if not name.endswith("prices.py"))
    neovim.run(f"cc {other + 1}")
    neovim.run("doautocmd CursorMoved")
    neovim.until("#vim.g.told == 1")
    assert _told(neovim) == [("opened", other)]


def test_an_answer_is_rated_and_a_word_is_needed(neovim: Neovim) -> None:
    neovim.run("Treewright rate good")
    assert "no answer to rate" in neovim.messages()
    neovim.run("Treewright chat Who calls total?")
    chat = "table.concat(vim.api.nvim_buf_get_lines(vim.fn.bufnr('treewright://chat'), 0, -1, false), '\\n')"
    neovim.until(f"{chat}:find('Answered by', 1, true)")
    neovim.keys("+")
    neovim.until("vim.fn.execute('messages'):find('noted: good')")
    neovim.lua("vim.ui.select = function(items, _, done) done(items[2]) end")
    neovim.run("Treewright rate")
    neovim.until("vim.fn.execute('messages'):find('noted: bad')")
    neovim.lua("pcall(vim.cmd, 'Treewright rate splendid')")
    assert "say good, bad or neither" in neovim.messages()
    assert neovim.nvim.funcs.getcompletion("Treewright rate b", "cmdline") == ["bad"]


def test_the_report_is_a_page(neovim: Neovim) -> None:
    neovim.lua("vim.ui.open = function(path) vim.g.page = path return {}, nil end")
    neovim.run("Treewright report")
    page = Path(neovim.until("vim.g.page"))
    text = page.read_text("utf-8")
    assert text.lower().startswith("<!doctype html>")
    assert "<script" not in text
    assert page.parent.stat().st_mode & 0o77 == 0
