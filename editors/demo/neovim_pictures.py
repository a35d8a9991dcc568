"""Pictures of the plugin in a real Neovim, for the documentation.

    python editors/demo/neovim_pictures.py FOLDER [--chromium /usr/bin/chromium]

A headless Neovim with the plugin as it ships plays a few scenes; a second client attaches as its screen
and what it is told to draw is written as HTML and photographed by a headless Chromium. The model of the
scenes with a model is scripted; everything else is what the server answers.
"""

from __future__ import annotations

import argparse
import html
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pynvim

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.model_server import ModelServer, say, uses
from tests.support.neovim import Neovim, neovim_in, write

COLUMNS, LINES = 104, 30
CELL, ROW = 8.4, 19  # pixels, of the font below
FILES = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/prices.py": '''"""Prices with and without tax."""

TAX = 0.19


def with_tax(cents):
    """What a customer pays."""
    return round(cents * (1 + TAX))


def total(prices):
    """Sum of all prices."""
    result = 0
    for i in range(len(prices)):
        result = result + with_tax(prices[i])
    return result


def cheapest(prices):
    """The lowest of the prices."""
    return min(prices)
''',
    "shop/cart.py": (
        "from shop.prices import total\n\n\nclass Cart:\n    def __init__(self, items):\n"
        "        self.items = items\n\n    def show(self):\n        return f'{total(self.items):.2f}'\n"
    ),
    "shop/orders.py": (
        "from shop.prices import total\n\n\ndef invoice(order):\n    return {'sum': total(order.prices)}\n"
    ),
    "tests/test_prices.py": (
        "from shop.prices import total\n\n\ndef test_total():\n    assert total([100]) == 119\n"
    ),
}
BEFORE = """    result = 0
    for i in range(len(prices)):
        result = result + with_tax(prices[i])
    return result"""
ANSWER = """`total` adds up `with_tax` of each price, so the sum is in cents **with** tax.

- It is called by `Cart.show` and by `invoice`.
- An empty list gives `0`.
"""


def _nothing(*_: Any) -> None:
    """Neovim asks this client nothing."""


class Screen:
    """What a Neovim draws, cell by cell (`:help ui-linegrid`)."""

    def __init__(self) -> None:
        self.cells = [[(" ", 0)] * COLUMNS for _ in range(LINES)]
        self.styles: dict[int, dict[str, Any]] = {0: {}}
        self.foreground, self.background = 0xE0E2EA, 0x14161B
        self.cursor = (0, 0)

    def draw(self, socket: str) -> None:
        nvim: Any = pynvim.attach("socket", path=socket)

        def told(name: str, arguments: list[Any]) -> None:
            if name == "redraw":
                for event, *calls in arguments:
                    handle: Callable[..., None] | None = getattr(self, f"_{event}", None)
                    for call in calls:
                        if handle is not None:
                            handle(*call)
                if arguments[-1][0] == "flush" and any(
                    c != " " for row in self.cells for c, _ in row
                ):
                    nvim.stop_loop()

        nvim.run_loop(
            _nothing, told,
            lambda: nvim.ui_attach(COLUMNS, LINES, rgb=True, ext_linegrid=True),
        )  # fmt: skip
        nvim.close()

    def _default_colors_set(self, foreground: int, background: int, *_: Any) -> None:
        self.foreground, self.background = foreground, background

    def _hl_attr_define(self, number: int, style: dict[str, Any], *_: Any) -> None:
        self.styles[number] = style

    def _grid_clear(self, *_: Any) -> None:
        self.cells = [[(" ", 0)] * COLUMNS for _ in range(LINES)]

    def _grid_cursor_goto(self, _grid: int, row: int, column: int) -> None:
        self.cursor = (row, column)

    def _grid_line(
        self, _grid: int, row: int, column: int, cells: list[list[Any]], *_wraps: Any
    ) -> None:
        style = 0
        for cell in cells:
            style = cell[1] if len(cell) > 1 else style
            for _ in range(int(cell[2]) if len(cell) > 2 else 1):
                self.cells[row][column] = (cell[0], style)
                column += 1

    def html(self) -> str:
        rows: list[str] = []
        for y, row in enumerate(self.cells):
            spans: list[str] = []
            for x, (character, number) in enumerate(row):
                css = self._css(self.styles.get(number, {}), (y, x) == self.cursor)
                if character:  # '' is the second half of a wide one
                    spans.append(f'<i style="left:{x * CELL}px;{css}">{html.escape(character)}</i>')
            rows.append(f'<div style="top:{y * ROW}px">{"".join(spans)}</div>')
        body = f"background:#{self.background:06x};color:#{self.foreground:06x}"
        return (
            "<!doctype html><meta charset=utf-8><style>*{margin:0}body{"
            f"{body};font:14px/{ROW}px 'DejaVu Sans Mono',monospace}}"
            f"div{{position:absolute;height:{ROW}px}}i{{position:absolute;width:{CELL + 0.3}px;"
            f"height:{ROW}px;font-style:normal;white-space:pre}}</style>{''.join(rows)}"
        )

    def _css(self, style: dict[str, Any], cursor: bool) -> str:
        front, back = style.get("foreground"), style.get("background")
        if bool(style.get("reverse")) != cursor:
            front, back = (
                self.background if back is None else back,
                self.foreground if front is None else front,
            )
        css = "" if front is None else f"color:#{front:06x};"
        css += "" if back is None else f"background:#{back:06x};z-index:1;"
        css += "font-weight:bold;" if style.get("bold") else ""
        css += "font-style:italic;" if style.get("italic") else ""
        lines = [
            word
            for key, word in (("underline", "underline"), ("undercurl", "underline"), ("strikethrough", "line-through"))
            if style.get(key)
        ]  # fmt: skip
        return css + (f"text-decoration:{' '.join(lines)};" if lines else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    model = ModelServer()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        root = write(Path(scratch) / "project", FILES)
        environment = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "scripted"}
        with neovim_in(Path(scratch), root, "shop/prices.py", **environment) as editor:
            editor.lua(
                f"vim.o.columns, vim.o.lines, vim.o.termguicolors = {COLUMNS}, {LINES}, true;"
                "vim.o.laststatus = 3; vim.o.number = true; vim.o.shortmess = vim.o.shortmess .. 'F';"
                "vim.o.statusline = \"%f %m%=%{%v:lua.require'treewright'.statusline()%}  %l:%c \""
            )
            editor.run(f"cd {root}")
            for name, scene in SCENES.items():
                scene(editor, model)
                photograph(
                    editor, Path(scratch), given.folder / f"neovim-{name}.png", given.chromium
                )
    model.close()


def photograph(editor: Neovim, scratch: Path, picture: Path, chromium: str) -> None:
    editor.run("redraw!")
    screen = Screen()
    screen.draw(editor.nvim.eval("v:servername"))
    page = scratch / "page.html"
    page.write_text(screen.html(), "utf-8")
    size = f"{int(COLUMNS * CELL)},{LINES * ROW}"
    subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--window-size={size}", f"--screenshot={picture.resolve()}", page.as_uri()],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    print(picture)


# -------------------------------------------------------------------- the scenes


def edit(editor: Neovim, model: ModelServer) -> None:
    """Two hunks in a file, shown beside what they take."""
    path = "shop/prices.py"
    model.then(
        uses(
            ("edit_file", {"file_path": path, "search": BEFORE,
                           "replace": "    return sum(with_tax(price) for price in prices)"}),
            ("edit_file", {"file_path": path, "search": "    return min(prices)",
                           "replace": "    return min(prices, default=0)"}),
        ),
        uses(("finish", {"summary": "Simpler, and right for an empty list"})),
    )  # fmt: skip
    editor.cursor(11, 4)
    editor.run("Treewright edit Say it shorter")
    editor.until("#require('treewright.proposals').entries == 1")
    editor.run("Treewright next")


def review(editor: Neovim, _: ModelServer) -> None:
    """A change of several files as a list."""
    editor.run("Treewright reject-all")
    editor.run("Treewright task rename total to total_price everywhere")
    said = "table.concat(vim.api.nvim_buf_get_lines(vim.fn.bufnr('treewright://chat'), 0, -1, false), '\\n')"
    editor.until(f"{said}:find('→ Review', 1, true)")
    editor.run("Treewright review")
    editor.run("only")


def chat(editor: Neovim, model: ModelServer) -> None:
    """A question and its answer, beside the code."""
    editor.run("Treewright reject-all")
    editor.run("Treewright new")
    editor.run("only")
    editor.run("edit shop/prices.py")
    model.then(say(ANSWER))
    editor.cursor(11, 4)
    editor.run("Treewright ask What does total add up, and who calls it?")
    said = "table.concat(vim.api.nvim_buf_get_lines(vim.fn.bufnr('treewright://chat'), 0, -1, false), '\\n')"
    editor.until(f"{said}:find('Answered by', 1, true)")


def graph(editor: Neovim, _: ModelServer) -> None:
    """Who calls what, as a tree."""
    editor.run("only")
    editor.run("edit shop/prices.py")
    editor.cursor(11, 4)
    editor.run("Treewright graph")
    editor.until("vim.bo.filetype == 'treewright-graph'")


SCENES: dict[str, Callable[[Neovim, ModelServer], None]] = {
    "edit": edit, "review": review, "chat": chat, "graph": graph,
}  # fmt: skip


if __name__ == "__main__":
    main()
