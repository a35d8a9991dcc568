"""`make run`: index a workspace, then play a real editor session on a copy of it.

    python editors/demo/session.py WORKSPACE [--svg FILE]

A real language client starts `treewright serve` as a process and talks to it over stdio, as an
editor does. What it prints is what the server answered. The workspace itself is only read: the
session opens a scratch copy, and the index and the feedback store stand in a temporary home.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from client import Editor
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

COPY_LIMIT = 400 * 1024 * 1024
DEMO_FILE = "treewright_demo.py"
FUNCTION = 12
"""LSP's SymbolKind."""


class Stage:
    """Prints what happens, one numbered step after the other."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._number = 0

    def step(self, title: str, note: str = "") -> None:
        self._number += 1
        line = Text.assemble(
            ("\n" if self._number > 1 else "", ""),
            (f" {self._number} ", "bold black on cyan"),
            (f" {title}", "bold"),
            (f"  {note}" if note else "", "dim"),
        )
        self.console.print(line)

    def say(self, *parts: tuple[str, str] | str) -> None:
        self.console.print(Text.assemble("   ", *parts), soft_wrap=False, overflow="ellipsis")

    def code(self, code: str, lexer: str, title: str = "") -> None:
        syntax = Syntax(code.rstrip("\n"), lexer, theme="ansi_dark", background_color="default")
        self.console.print(Panel(syntax, title=title or None, title_align="left", style="dim"))


def treewright(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "treewright_server", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "TREEWRIGHT_HOME": str(home)},
        check=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", nargs="?", default=".")
    parser.add_argument("--svg", type=Path, help="also write what was printed as a picture")
    arguments = parser.parse_args()
    root = Path(arguments.workspace).expanduser().resolve()
    if not root.is_dir():
        print(f"{root} is not a folder: make run WORKSPACE=path/to/project", file=sys.stderr)
        return 2
    width = 100 if arguments.svg else None
    console = Console(record=arguments.svg is not None, width=width, highlight=False)
    with tempfile.TemporaryDirectory(prefix="treewright-") as scratch:
        home, copy = Path(scratch) / "home", Path(scratch) / root.name
        stage = Stage(console)
        if not index(stage, root, home):
            return 1
        copied = copy_workspace(root, copy)
        failed = asyncio.run(play(stage, copy, home, copied))
        stage.step("The workspace itself was only read", root.name)
        if arguments.svg:
            console.save_svg(str(arguments.svg), title="make run")
        return failed


def index(stage: Stage, root: Path, home: Path) -> bool:
    stage.step("Index the workspace", f"treewright index {root.name} --json")
    done = treewright("index", str(root), "--json", home=home)
    if done.returncode:
        stage.console.print(done.stderr, style="red")
        return False
    found = json.loads(done.stdout)
    seconds = max(found["seconds"]["total"], 0.001)
    stage.say(
        (f"{found['files']:,}", "bold green"), " files  ",
        (f"{found['symbols']:,}", "bold green"), " symbols  ",
        (f"{found['references']:,}", "bold green"), " references  ",
        (f"{found['edges']:,}", "bold green"), " edges",
    )  # fmt: skip
    stage.say(
        f"in {seconds:.2f} s: ",
        (f"{found['bytes'] / seconds / 1e6:.1f} MB/s", "green"),
        f", {found['symbols'] / seconds:,.0f} symbols/s",
        f"; {len(found['skipped'])} files skipped, each with its reason",
    )
    if not found["files"]:
        stage.say(("nothing to index here: try another WORKSPACE", "yellow"))
    return bool(found["files"])


def copy_workspace(root: Path, copy: Path) -> int:
    """Copy what git or a walk lists, up to a limit; returns the number of files."""
    from treewright_indexer.pipeline.scan import scan
    from treewright_indexer.settings import IndexSettings

    size = n_files = 0
    for relative, (n_bytes, *_) in sorted(scan(str(root), IndexSettings()).files.items()):
        size += n_bytes
        if size > COPY_LIMIT:
            break
        target = copy / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / relative, target)
        n_files += 1
    return n_files


async def play(stage: Stage, copy: Path, home: Path, n_files: int) -> int:
    stage.step("Open it in an editor", f"treewright serve, over stdio; a copy of {n_files:,} files")
    started = time.perf_counter()
    async with Editor(copy, home) as editor:
        stage.say(
            ("initialize", "bold"), f" answered in {1000 * editor.initialize_s:.0f} ms"
            f" by treewright {editor.version}",
        )  # fmt: skip
        await editor.wait_index()
        stage.say(f"the index of the copy was complete after {time.perf_counter() - started:.2f} s")
        symbol = await pick_symbol(editor, copy)
        if symbol is None:
            stage.say(("no function with uses in other files: nothing to show", "yellow"))
            return 0
        await show_symbol(stage, editor, symbol)
        await show_search(stage, editor, symbol)
        if symbol["path"].suffix == ".py":
            await show_fix(stage, editor, copy, home, symbol)
        else:
            await show_rename(stage, editor, copy, symbol)
        return 0


async def pick_symbol(editor: Editor, copy: Path) -> dict[str, Any] | None:
    """The function or class with the most telling number of uses among a few."""
    best: tuple[int, dict[str, Any]] | None = None
    hits = await editor.symbols("")
    seen: set[str] = set()
    for query in ("", "get", "run", "make", "parse", "load", "read", "create", "find", "open"):
        hits = await editor.symbols(query)
        for hit in hits[:60]:
            path, name = editor.path_of(hit["location"]["uri"]), hit["name"]
            top_level = not hit.get("containerName")
            plain = not name.startswith("_") and len(name) > 4 and "test" not in str(path).lower()
            if not (top_level and plain and hit["kind"] in (5, FUNCTION)) or name in seen:
                continue
            seen.add(name)
            if len(seen) > 40:
                break
            start = hit["location"]["range"]["start"]
            uses = await editor.references(path, start)
            n_files = len({use["uri"] for use in uses})
            score = 100 * (path.suffix == ".py") + 10 * min(n_files, 8) - max(0, len(uses) - 40)
            score += 25 * ("_" in name) + 15 * (hit["kind"] == FUNCTION)
            if n_files > 1 and (best is None or score > best[0]):
                best = score, {"name": name, "path": path, "start": start, "uses": uses}
    return best[1] if best else None


async def show_symbol(stage: Stage, editor: Editor, symbol: dict[str, Any]) -> None:
    stage.step("Where is it defined, and who uses it?", f"`{symbol['name']}`")
    use = next(
        (u for u in symbol["uses"] if editor.path_of(u["uri"]) != symbol["path"]), symbol["uses"][0]
    )
    path, place = editor.path_of(use["uri"]), use["range"]["start"]
    begun = time.perf_counter()
    targets = await editor.definition(path, place)
    ms = 1000 * (time.perf_counter() - begun)
    stage.say("from ", (editor.shown(path, place), "cyan"), f"  definition in {ms:.1f} ms")
    for target in targets[:2]:
        where = editor.path_of(target["uri"])
        stage.say("  → ", (editor.shown(where, target["range"]["start"]), "bold cyan"))
    begun = time.perf_counter()
    uses = await editor.references(symbol["path"], symbol["start"])
    ms = 1000 * (time.perf_counter() - begun)
    n_files = len({u["uri"] for u in uses})
    stage.say((f"{len(uses)} references in {n_files} files", "bold"), f" in {ms:.1f} ms")
    for use in uses[:4]:
        where = editor.path_of(use["uri"])
        line = editor.line_of(where, use["range"]["start"]["line"]).strip()
        stage.say("  ", (editor.shown(where, use["range"]["start"]), "cyan"), f"  {line[:72]}")
    if len(uses) > 4:
        stage.say((f"  and {len(uses) - 4} more", "dim"))


async def show_search(stage: Stage, editor: Editor, symbol: dict[str, Any]) -> None:
    words = " ".join(part for part in symbol["name"].lower().split("_") if part)
    query = f"how does it {words}" if " " in words else f"where is {words} done"
    stage.step("Find code", f"“{query}”")
    begun = time.perf_counter()
    hits = await editor.command("treewright.search", {"query": query, "k": 3})
    ms = 1000 * (time.perf_counter() - begun)
    for hit in hits:
        place = f"{hit['path']}:{hit['start_line']}"
        stage.say("  ", (place, "cyan"), "  ", (hit["symbol"] or "", "bold"),
                  (f"  {hit['kind']}, by {', '.join(hit['sources'])}", "dim"))  # fmt: skip
    stage.say((f"{len(hits)} best in {ms:.1f} ms", "dim"))


async def show_fix(
    stage: Stage, editor: Editor, copy: Path, home: Path, symbol: dict[str, Any]
) -> None:
    name = symbol["name"]
    code = f"def first_try():\n    return {name}\n"
    stage.step("Type code that lacks an import", f"a new file, {DEMO_FILE}, not saved yet")
    path = copy / DEMO_FILE
    editor.open(path, code)
    diagnostics = await editor.diagnostics(path)
    for diagnostic in diagnostics[:3]:
        line = diagnostic["range"]["start"]["line"] + 1
        stage.say((f"line {line}", "cyan"), "  ", (diagnostic["code"], "yellow"),
                  f"  {diagnostic['message']}")  # fmt: skip
    actions = await editor.code_actions(path, diagnostics)
    for action in actions[:4]:
        mark = "★ " if action.get("isPreferred") else "  "
        stage.say("  ", (mark, "bold yellow"), (action["title"], "bold"))
    if not actions:
        stage.say(("no fix is offered for this name", "yellow"))
        return
    chosen = next((a for a in actions if a.get("isPreferred")), actions[0])
    stage.step("Preview the edit", "parsed and linted before it was offered")
    preview = await editor.command("treewright.preview", chosen["data"])
    stage.code(preview["diff"], "diff")
    for check in preview["checks"]:
        stage.say(
            "  ✓ " if check["ok"] else "  – ", (check["name"], "bold"), f"  {check['detail']}"
        )
    stage.step("Accept it", "one workspace edit, one undo")
    await editor.apply_action(chosen)
    editor.save(path)
    stage.code(path.read_text("utf-8"), "python", DEMO_FILE)
    await show_rename(stage, editor, copy, symbol)
    await editor.settle()
    stage.step("What was recorded", "on this machine only; treewright feedback show --json")
    done = treewright("feedback", "show", "--json", home=home)
    rows: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 else []
    for row in rows[-3:]:
        stage.say("  ", (row["outcome"], "bold green"), f"  {row['title']}",
                  (f"  source {row['source']}, {row['language']}", "dim"))  # fmt: skip


async def show_rename(stage: Stage, editor: Editor, copy: Path, symbol: dict[str, Any]) -> None:
    new_name = f"{symbol['name']}_renamed" if "_" in symbol["name"] else f"{symbol['name']}Renamed"
    stage.step("Rename it everywhere", f"`{symbol['name']}` → `{new_name}`")
    begun = time.perf_counter()
    edit, reason = await editor.rename(symbol["path"], symbol["start"], new_name)
    ms = 1000 * (time.perf_counter() - begun)
    if edit is None:
        stage.say(("refused", "bold yellow"), f"  {reason}")
        return
    files = editor.apply_edit(edit)
    n_edits = sum(len(change["edits"]) for change in edit["documentChanges"])
    stage.say((f"{n_edits} edits in {len(files)} files", "bold green"),
              f" planned, parsed and linted in {ms:.0f} ms, applied to the copy")  # fmt: skip
    left = await editor.symbols(symbol["name"])
    stale = [hit for hit in left if hit["name"] == symbol["name"]]
    stage.say(f"definitions of `{symbol['name']}` left: {len(stale)}")


if __name__ == "__main__":
    sys.exit(main())
