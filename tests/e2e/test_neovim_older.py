"""The Neovim that Debian ships (0.7): the server is started, LSP works, search and graph are lists.

`.ci/run` installs it; elsewhere these are skipped without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.neovim import FILES, PLUGIN, ROOT, write

NVIM = Path("/usr/bin/nvim")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not NVIM.exists() and not os.environ.get("CI"),
        reason="needs Debian's: apt-get install neovim",
    ),
]

SCRIPT = """
local function wait(what, seconds)
  assert(vim.wait((seconds or 60) * 1000, what, 30), 'it did not happen')
end
vim.cmd('filetype on')
require('treewright.classic').enable()
vim.cmd('edit ' .. vim.env.FIRST)
wait(function() return require('treewright.classic').client() end)
local client = require('treewright.classic').client()
wait(function() return client.initialized end)
wait(function()
  local answer = client.request_sync('treewright/status', vim.empty_dict(), 5000, 0)
  return answer and answer.result and answer.result.ready
end)
local function texts()
  return vim.tbl_map(function(item)
    return vim.fn.fnamemodify(vim.fn.bufname(item.bufnr), ':t') .. ':' .. item.lnum
  end, vim.fn.getqflist())
end
local function text() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n') .. '\\n' end
local ok, result = pcall(function()
  %s
end)
io.stdout:write('\\n' .. vim.json.encode(ok and { value = result } or { failed = tostring(result) }) .. '\\n')
vim.cmd('qa!')
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project")


def value(tmp: Path, project: Path, code: str, first: str = "shop/cart.py") -> Any:
    """What the Lua code returns, run in a Neovim with `first` open and the index complete."""
    script = tmp / "script.lua"
    script.write_text(SCRIPT.replace("%s", code))
    done = subprocess.run(
        [str(NVIM), "--headless", "--clean", "--cmd", f"set runtimepath^={PLUGIN}",
         "-c", f"luafile {script}"],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("VIRTUAL_ENV")},
            "FIRST": str(project / first),
            "HOME": str(tmp),
            "TREEWRIGHT_CMD": f"{sys.executable} -m treewright_server serve",
            "TREEWRIGHT_HOME": str(tmp / "home"),
            "XDG_STATE_HOME": str(tmp / "state"),
            "XDG_DATA_HOME": str(tmp / "data"),
            "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in ("server", "agent", "indexer")),
        },
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"')]
    assert lines, done.stdout + done.stderr
    answer = json.loads(lines[-1])
    assert "failed" not in answer, answer
    return answer["value"]


def test_rename_fix_and_undo(tmp_path: Path, project: Path) -> None:
    renamed, problems, fixed, undone = value(
        tmp_path,
        project,
        """
        vim.api.nvim_win_set_cursor(0, { 1, 25 })
        vim.lsp.buf.rename('sum_up')
        wait(function() return text():find('sum_up', 1, true) end)
        local renamed = text()
        vim.cmd('silent undo')
        vim.cmd('edit ' .. vim.fn.expand('%:p:h') .. '/late.py')
        wait(function() return #vim.diagnostic.get(0) > 1 end)
        local problems = vim.tbl_map(function(each) return each.message end, vim.diagnostic.get(0))
        vim.api.nvim_win_set_cursor(0, { 2, 12 })
        vim.ui.select = function(items, _, done)
          for _, item in ipairs(items) do
            if item[2].title:find('shop.prices', 1, true) then return done(item) end
          end
        end
        vim.cmd('Treewright action')
        wait(function() return text():find('import total', 1, true) end)
        local fixed = text()
        vim.cmd('silent undo')
        return { renamed, problems, fixed, text() }
        """,
    )
    assert renamed == FILES["shop/cart.py"].replace("total", "sum_up")
    assert any("total" in each for each in problems)
    assert fixed == "from shop.prices import total\n\n\n" + FILES["shop/late.py"]
    assert undone == FILES["shop/late.py"]


def test_lists_completion_and_commands(tmp_path: Path, project: Path) -> None:
    found, callers, place, names, offered, health = value(
        tmp_path,
        project,
        """
        vim.cmd('Treewright search sum of the prices')
        wait(function() return #vim.fn.getqflist() > 0 end)
        local found = texts()
        vim.cmd('cclose')
        vim.cmd('Treewright callers total')
        wait(function() return vim.fn.getqflist({ title = 0 }).title == 'callers of total' end)
        local callers = texts()
        vim.cmd('cclose')
        vim.api.nvim_win_set_cursor(0, { 5, 14 })
        vim.lsp.buf.definition()
        wait(function() return vim.fn.expand('%:t') == 'prices.py' end)
        local place = vim.api.nvim_win_get_cursor(0)
        vim.api.nvim_buf_set_lines(0, -1, -1, false, { 'x = tot' })
        vim.api.nvim_win_set_cursor(0, { 4, 7 })
        local completion = vim.lsp.buf_request_sync(0, 'textDocument/completion', {
          textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = 3, character = 7 },
        }, 10000)
        local offered = {}
        for _, answer in pairs(completion) do
          for _, item in ipairs(answer.result.items or answer.result) do
            offered[#offered + 1] = item.label
          end
        end
        local names = vim.fn.getcompletion('Treewright ca', 'cmdline')
        vim.cmd('checkhealth treewright')
        return { found, callers, place, names, offered, text() }
        """,
    )
    assert "review and chat need Neovim 0.11" in health
    assert "ERROR" not in health
    assert "prices.py:1" in found
    assert callers == ["cart.py:5"]
    assert place == [1, 4]
    assert names == ["callees", "callers"]
    assert "total" in offered
