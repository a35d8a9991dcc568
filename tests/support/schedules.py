"""An editor out of numbers: a seeded schedule of typing, saving, other servers' edits and events
of files, with proposals made and accepted in between.

The editor is a model of its own: it keeps buffers with versions and files, and applies LSP's
WorkspaceEdit from its JSON alone, refusing one for another version. What must hold after each
accepted proposal is checked here, so that a test and a benchmark say the same.
"""

from __future__ import annotations

import ast
import builtins
import os
import random
import types
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from treewright_agent.calls import Call
from treewright_agent.proposals import Proposal, consider
from treewright_agent.renewal import HeldError, renewed
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import SourceText
from treewright_indexer.workspace import IndexSettings, Workspace
from treewright_server.client import ClientFeatures
from treewright_server.convert import to_uri
from treewright_server.edits import to_workspace_edit

FILES = {
    "lib.py": '''"""Numbers."""
import sys
import os

LIMIT = 10


class Counter:
    """Counts."""

    def __init__(self, start=0):
        self.total = start

    def add(self, amount, scale=1):
        value = amount * scale
        self.total = self.total + value
        return self.total

    def twice(self, amount):
        first = self.add(amount)
        return first + self.add(amount, scale=2)


def double(number):
    result = number * 2
    return result


def clamp(number):
    if number > LIMIT:
        return LIMIT
    return number


def name_of(path):
    return os.path.basename(path), sys.maxsize > 0
''',
    "util.py": """from lib import Counter, clamp, double


def total(numbers):
    counter = Counter(1)
    for number in numbers:
        counter.add(double(number))
    return clamp(counter.total)


def label(text, width=8):
    padded = "😋" + text.ljust(width, ".")
    return padded
""",
    "app.py": """import lib
from util import label, total


def run():
    counter = lib.Counter(start=2)
    found = [total([1, 2]), lib.double(4), counter.twice(3)]
    for size in (3, 30):
        limited = lib.clamp(size)
        found.append(limited)
    return found, label("x", width=4), lib.name_of("a/b")
""",
}

CLIENT = ClientFeatures(
    document_changes=True, create_files=True, rename_files=True, delete_files=True
)


@dataclass
class Tally:
    made: int = 0
    not_made: int = 0
    applied: int = 0
    moved: int = 0
    """Of the applied ones: those whose files had changed in between."""
    held: Counter[str] = field(default_factory=Counter[str])
    corrupted: list[str] = field(default_factory=list[str])
    lost: list[str] = field(default_factory=list[str])

    @property
    def applicable(self) -> float:
        """Share of the accepted proposals that could be applied."""
        tried = self.applied + sum(self.held.values())
        return self.applied / tried if tried else 1.0

    def add(self, other: Tally) -> None:
        self.made += other.made
        self.not_made += other.not_made
        self.applied += other.applied
        self.moved += other.moved
        self.held.update(other.held)
        self.corrupted += other.corrupted
        self.lost += other.lost


class Editor:
    """Buffers and files of one workspace, and what the server sees of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            (root / name).write_bytes(text.encode())
        self.disk = dict(FILES)
        self.buffers: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
        assert self.workspace.add_folder(str(root)).wait_ready(30)

    def close(self) -> None:
        self.workspace.close()

    def path(self, name: str) -> str:
        return str(self.root / name)

    def text(self, name: str) -> str:
        return self.buffers.get(name, self.disk[name])

    def open(self, name: str) -> None:
        self.buffers[name] = self.disk[name]
        self.versions[name] = self.versions.get(name, 0) + 1
        text = SourceText.of(self.buffers[name])
        self.workspace.open_document(self.path(name), "python", text, self.versions[name])

    def shut(self, name: str) -> None:
        self.save(name)
        del self.buffers[name]
        self.workspace.close_document(self.path(name))

    def change(self, name: str, text: str) -> None:
        """The user or another server changes a buffer; a file that is not open, on disk."""
        if name not in self.buffers:
            self.write(name, text)
            return
        self.buffers[name] = text
        self.versions[name] += 1
        edits = [(None, text)]
        self.workspace.change_document(self.path(name), self.versions[name], edits)

    def write(self, name: str, text: str) -> None:
        self.disk[name] = text
        (self.root / name).write_bytes(text.encode())
        self.workspace.files_changed({self.path(name)})

    def save(self, name: str) -> None:
        if name in self.buffers:
            self.write(name, self.buffers[name])

    def apply(self, edit: dict[str, Any]) -> str:
        """Apply a WorkspaceEdit whole; why not, if not. Nothing is changed then."""
        after: dict[str, str] = {}
        for change in edit["documentChanges"]:
            document = change["textDocument"]
            name = Path(unquote(document["uri"].removeprefix("file://"))).name
            version = document["version"]
            if name in self.buffers and version != self.versions[name]:
                return f"{name} is at version {self.versions[name]}, not {version}"
            after[name] = spliced(self.text(name), change["edits"])
        for name, text in after.items():
            self.change(name, text)
        return ""


def spliced(text: str, edits: list[dict[str, Any]]) -> str:
    """LSP text edits applied; columns are UTF-16 units."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode("utf-16-le")) // 2 + 1)

    def unit(position: dict[str, int]) -> int:
        return (starts[position["line"]] + position["character"]) * 2

    data = text.encode("utf-16-le")
    spans = sorted(
        (unit(e["range"]["start"]), unit(e["range"]["end"]), n, e["newText"])
        for n, e in enumerate(edits)
    )
    assert all(a[1] <= b[0] for a, b in pairwise(spans)), "edits overlap"
    for start, end, _, new in reversed(spans):
        data = data[:start] + new.encode("utf-16-le") + data[end:]
    return data.decode("utf-16-le")


def outcome(texts: dict[str, str]) -> Any:
    """What the program computes, run from its texts alone."""
    modules: dict[str, types.ModuleType] = {}

    def fetch(name: str, *rest: Any, **options: Any) -> Any:
        if f"{name}.py" not in texts:
            return __import__(name, *rest, **options)
        if name not in modules:
            module = modules[name] = types.ModuleType(name)
            module.__dict__["__builtins__"] = {**vars(builtins), "__import__": fetch}
            exec(compile(texts[f"{name}.py"], f"{name}.py", "exec"), module.__dict__)
        return modules[name]

    return fetch("app").run()


# -------------------------------------------------------------------- one schedule


class Schedule:
    def __init__(self, editor: Editor, luck: random.Random) -> None:
        self.editor = editor
        self.luck = luck
        self.tally = Tally()
        self.marks: dict[str, set[str]] = {name: set() for name in FILES}
        """Words that the user typed and that must still be in the file."""
        self.half: dict[str, str] = {}
        """name -> the rest of a statement that is only half typed."""
        self.open: list[Proposal] = []
        self.wanted = outcome({name: editor.text(name) for name in FILES})
        self._number = 0
        self._names = 0

    def run(self, n_steps: int) -> Tally:
        for name in FILES:
            if self.luck.random() < 0.6 and name not in self.editor.buffers:
                self.editor.open(name)
        actions: list[Callable[[], None]] = [
            self.type, self.type, self.type_half, self.comment, self.format_on_save,
            self.other_server, self.file_event, self.reopen, self.save,
        ]  # fmt: skip
        for _ in range(n_steps):
            if len(self.open) < 2 and self.luck.random() < 0.35:
                self.finish_typing()
                self.propose()
            elif self.open and self.luck.random() < 0.3:
                self.finish_typing()
                self.accept()
            else:
                self.luck.choice(actions)()
        self.finish_typing()
        while self.open:
            self.accept()
        return self.tally

    # ---------------------------------------------------------------- what a user does

    def _some(self) -> str:
        return self.luck.choice(sorted(FILES))

    def _mark(self, name: str) -> str:
        self._number += 1
        mark = f"u{self._number}_"
        self.marks[name].add(mark)
        return mark

    def _places(self, text: str) -> list[tuple[int, str]]:
        """(line, indentation) in front of each statement but docstrings and decorated ones."""
        found: list[tuple[int, str]] = []
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.stmt) or getattr(node, "decorator_list", None):
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            line = text.split("\n")[node.lineno - 1]
            if not line[: node.col_offset].strip() and not line.strip().startswith("elif"):
                found.append((node.lineno - 1, " " * node.col_offset))
        return found

    def _insert(self, name: str, line: str) -> None:
        text = self.editor.text(name)
        at, indent = self.luck.choice(self._places(text))
        lines = text.split("\n")
        lines.insert(at, indent + line)
        self.editor.change(name, "\n".join(lines))

    def type(self) -> None:
        name = self._some()
        if name not in self.half:
            mark = self._mark(name)
            self._insert(name, f"{mark} = {self._number}")

    def type_half(self) -> None:
        name = self._some()
        if name not in self.half and name in self.editor.buffers:
            mark = self._mark(name)
            self._insert(name, f"{mark} = (")
            self.half[name] = f"{mark} = ("

    def finish_typing(self) -> None:
        for name, start in list(self.half.items()):
            text = self.editor.text(name)
            if start not in text:
                self.tally.lost.append(f"{name}: `{start}` is gone")
            self.editor.change(name, text.replace(start, f"{start}1)", 1))
            del self.half[name]

    def comment(self) -> None:
        name = self._some()
        if name not in self.half:
            self._insert(name, f"# {self._mark(name)} why")

    def format_on_save(self) -> None:
        """Blank lines around definitions, quotes, a break in a call: what formatters do."""
        name = self._some()
        if name in self.half or name not in self.editor.buffers:
            return
        text = self.editor.text(name)
        done: list[str] = []
        for line in text.split("\n"):
            if line.startswith(("def ", "class ")):
                while done and not done[-1].strip():
                    done.pop()
                done += [""] * self.luck.choice([1, 2, 2, 3])
            done.append(line.rstrip())
        self.editor.change(name, "\n".join(done).lstrip("\n"))
        self.editor.save(name)

    def other_server(self) -> None:
        """Another server sorts the imports or adds one."""
        name = self._some()
        if name in self.half:
            return
        lines = self.editor.text(name).split("\n")
        at = [i for i, line in enumerate(lines) if line.startswith(("import ", "from "))]
        if self.luck.random() < 0.5 or not at:
            mark = self._mark(name)
            lines.insert(at[0] if at else 0, f"import json as {mark}")
        else:
            kept = sorted(lines[i] for i in at)
            for i, line in zip(at, kept, strict=True):
                lines[i] = line
        self.editor.change(name, "\n".join(lines))

    def file_event(self) -> None:
        """A file that is not open changes on disk."""
        closed = [name for name in FILES if name not in self.editor.buffers]
        if not closed:
            return
        name = self.luck.choice(sorted(closed))
        text = self.editor.text(name).rstrip("\n")
        self.editor.write(name, f"{text}\n\n\ndef {self._mark(name)}():\n    return 1\n")

    def reopen(self) -> None:
        name = self._some()
        if name in self.half:
            return
        if name in self.editor.buffers:
            self.editor.shut(name)
        else:
            self.editor.open(name)

    def save(self) -> None:
        name = self._some()
        if name not in self.half:
            self.editor.save(name)

    # ---------------------------------------------------------------- proposals

    def propose(self) -> None:
        snapshot = self.editor.workspace.snapshot()
        call = self._draw()
        if call is None:
            return
        try:
            made = consider(snapshot, call.operation, [call], "operation", CancelToken())
        except TreewrightError:
            self.tally.not_made += 1
            return
        if isinstance(made, Proposal):
            self.tally.made += 1
            self.open.append(made)
        else:
            self.tally.not_made += 1

    def _draw(self) -> Call | None:
        name = self._some()
        text = self.editor.text(name)
        path = self.editor.path(name)
        self._names += 1
        new = f"fresh{self._names}_"
        nodes = list(ast.walk(ast.parse(text)))
        kind = self.luck.choice(
            ["rename_symbol", "rename_symbol", "rename_symbol", "extract_variable",
             "extract_function", "inline_variable", "change_signature", "add_import",
             "organize_imports"]
        )  # fmt: skip
        own = [n for n in nodes if hasattr(n, "lineno") and not self._is_marked(text, n)]
        if kind == "add_import":
            return Call(kind, {"path": path, "module": self.luck.choice(["re", "math", "time"])})
        if kind == "organize_imports":
            return Call(kind, {"path": path})
        if kind in ("rename_symbol", "inline_variable"):
            targets = [n for n in own if isinstance(n, ast.Name) and n.id != "lib"]
            functions = [
                n
                for n in own
                if isinstance(n, ast.FunctionDef) and n.name not in ("run", "__init__")
            ]
            chosen: ast.AST = self.luck.choice([*targets, *functions])
            shift = 4 if isinstance(chosen, ast.FunctionDef) else 0
            given: dict[str, Any] = {"path": path, "offset": offset_of(text, chosen, shift)}
            return Call(kind, given | ({"new_name": new} if kind == "rename_symbol" else {}))
        if kind == "change_signature":
            functions = [n for n in own if isinstance(n, ast.FunctionDef) and n.name != "run"]
            if not functions:
                return None
            function = self.luck.choice(functions)
            kept = [a.arg for a in function.args.args if a.arg != "self"]
            parameters = [*({"name": a} for a in kept), {"name": new, "default": "None"}]
            offset = offset_of(text, function, 4)
            return Call(kind, {"path": path, "offset": offset, "parameters": parameters})
        expressions = [n for n in own if isinstance(n, ast.BinOp | ast.Call)]
        if not expressions:
            return None
        chosen = self.luck.choice(expressions)
        start = offset_of(text, chosen, 0)
        assert isinstance(chosen, ast.expr)
        end = start + len((ast.get_source_segment(text, chosen) or "").encode())
        return Call(kind, {"path": path, "start": start, "end": end, "name": new})

    def _is_marked(self, text: str, node: ast.AST) -> bool:
        line = text.split("\n")[int(getattr(node, "lineno", 1)) - 1]
        return any(f"u{n}_" in line for n in range(1, self._number + 1))

    def accept(self) -> None:
        proposal = self.open.pop(self.luck.randrange(len(self.open)))
        editor = self.editor
        before = {name: editor.text(name) for name in FILES}
        snapshot = editor.workspace.snapshot()
        try:
            now = renewed(proposal, snapshot, CancelToken())
            edit = to_workspace_edit(now.change, snapshot, CLIENT, to_uri)
        except HeldError as error:
            self.tally.held[str(error)] += 1
            self._check(proposal, before, held=True)
            return
        refused = editor.apply(edit)
        if refused:
            self.tally.held[refused] += 1
            return
        self.tally.applied += 1
        self.tally.moved += now is not proposal
        wanted = now.change.apply(snapshot.text)
        for path, text in wanted.items():
            name = os.path.basename(path)
            if text is not None and editor.text(name) != text.string:
                self.tally.corrupted.append(f"{proposal.title}: {name} is not what was planned")
        self._check(proposal, before, held=False)

    def _check(self, proposal: Proposal, before: dict[str, str], *, held: bool) -> None:
        texts = {name: self.editor.text(name) for name in FILES}
        if held and texts != before:
            self.tally.corrupted.append(f"{proposal.title}: held, and yet something changed")
        for name, marks in self.marks.items():
            for mark in marks:
                if mark not in texts[name]:
                    self.tally.lost.append(f"{proposal.title}: `{mark}` of {name}")
        try:
            found: Any = outcome(texts)
        except Exception as error:
            found = repr(error)
        if found != self.wanted:
            calls = ", ".join(f"{c.operation} {dict(c.arguments)}" for c in proposal.calls)
            shown = "\n".join(f"--- {name}\n{text}" for name, text in before.items())
            self.tally.corrupted.append(f"{calls}: {found!r}\n{proposal.diff}\n{shown}")
            self.wanted = found  # say it once


def offset_of(text: str, node: ast.AST, shift: int) -> int:
    """Byte offset of a node in the text."""
    lines = text.split("\n")
    line = int(getattr(node, "lineno", 1)) - 1
    column = int(getattr(node, "col_offset", 0))
    return len("\n".join(lines[:line]).encode()) + bool(line) + column + shift


def run_schedules(root: Path, seeds: range, n_steps: int = 12) -> Tally:
    """Several schedules in one workspace, each from the files as they were at first."""
    whole = Tally()
    editor = Editor(root)
    try:
        for seed in seeds:
            for name in list(editor.buffers):
                editor.shut(name)
            for name, text in FILES.items():
                if editor.disk[name] != text:
                    editor.write(name, text)
            schedule = Schedule(editor, random.Random(seed))
            try:
                whole.add(schedule.run(n_steps))
            except Exception as error:
                error.add_note(f"in the schedule of seed {seed}")
                raise
    finally:
        editor.close()
    return whole
