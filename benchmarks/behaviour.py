"""Do refactorings keep what a program does? Random ones on real packages, judged by their tests.

    python benchmarks/behaviour.py PROJECT [--python PYTHON] [-n 200] [--seed 1] [--batch 10]
        [--only KIND]… [--minutes 25] [--json FILE] [-- ARGUMENTS OF PYTEST]

PROJECT is a folder with a package and its tests (a source distribution from the registry); a
copy of it is changed. Each step draws a place for the operation that was applied least so far,
plans and verifies it as the server does, and applies it. After each batch the package's own
tests run; a batch that breaks them is taken back step by step, until the one to blame is found.
Printed, and written to FILE: how many were applied, refused with which reason, and how many
broke a test, with the change that did.

A step that lists places for the user to look at counts as refused ("asks"): nobody is there to
answer. Any symbol of the package may be drawn, public ones too; its tests are part of the
workspace and must follow.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from treewright_agent.calls import Call
from treewright_agent.operations.blocks import EXPRESSIONS, PythonFile, walk
from treewright_agent.proposals import ProposalRefused, consider
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.workspace import IndexSettings, Workspace

KINDS = (
    "extract_variable", "extract_function", "inline_variable", "inline_function",
    "change_signature", "rename_symbol", "move_symbol", "organize_imports",
)  # fmt: skip


@dataclass
class Tally:
    applied: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])
    broke: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])


def sources(root: Path) -> list[Path]:
    """The package's own files: no tests, no documentation, no set-up."""
    out = {"tests", "test", "docs", "build", "examples", "benchmarks"}
    return [
        path
        for path in sorted(root.rglob("*.py"))
        if not out & set(path.relative_to(root).parts)
        and path.name not in ("setup.py", "conftest.py", "_version.py")
        and not path.name.startswith("test_")
    ]


def draw(luck: random.Random, snapshot: Snapshot, path: str, kind: str) -> Call | None:
    """A random place for the operation in one file; None when the file has none."""
    file = PythonFile(snapshot, path)
    # Private: some packages test which public names they have.
    name = f"_drawn_{luck.randrange(10**6)}"
    nodes = list(walk(file.root))
    if kind == "extract_variable":
        found = [n for n in nodes if n.type in EXPRESSIONS - {"identifier", "string", "integer"}]
        if not found:
            return None
        start, end = luck.choice(found).byte_range
        return Call(kind, {"path": path, "start": start, "end": end, "name": name})
    if kind == "extract_function":
        blocks = [n for n in nodes if n.type == "block" and n.named_child_count > 1]
        if not blocks:
            return None
        children = [c for c in luck.choice(blocks).named_children if c.type != "comment"]
        if not children:
            return None
        first = luck.randrange(len(children))
        last = min(len(children) - 1, first + luck.randrange(3))
        span = {"start": children[first].start_byte, "end": children[last].end_byte}
        return Call(kind, {"path": path, "name": name, **span})
    if kind == "inline_variable":
        bound = file.facts.scopes
        writes = [
            u
            for u in file.uses
            if u.writes
            and u.home > 0
            and bound[u.home].bindings.get(u.name, (0, ""))[1] == "variable"
        ]
        times = Counter((u.name, u.home) for u in writes)
        writes = [u for u in writes if times[u.name, u.home] == 1]
        return Call(kind, {"path": path, "offset": luck.choice(writes).start}) if writes else None
    symbols = [
        s for s in file.facts.symbols
        if s.kind in ("function", "method", "class", "field", "variable", "constant")
        and not s.name.startswith("__")
    ]  # fmt: skip
    functions = [s for s in symbols if s.kind in ("function", "method")]
    if kind == "inline_function":
        called = [
            s for s in functions if any(r.role == Role.CALL for r in file.facts.references(s.name))
        ]
        if not called:
            return None
        offset = luck.choice(called).name_start
        return Call(kind, {"path": path, "offset": offset, "keep": luck.random() < 0.5})
    if kind == "rename_symbol":
        # Half of them names of functions (parameters too), half names that others see.
        locals_ = [u.start for u in file.uses if u.writes and u.home > 0]
        seen = [s.name_start for s in symbols]
        places = luck.choice([locals_, seen]) or locals_ or seen
        if not places:
            return None
        return Call(kind, {"path": path, "offset": luck.choice(places), "new_name": name})
    if kind == "move_symbol":
        movable = [s for s in symbols if s.parent < 0]
        beside = [
            str(other)
            for other in Path(path).parent.glob("*.py")
            if other.name not in ("__init__.py", "__main__.py", "setup.py", "conftest.py")
            and str(other) != path
        ]
        if not movable or not beside:
            return None
        offset = luck.choice(movable).name_start
        return Call(kind, {"path": path, "offset": offset, "new_path": luck.choice(sorted(beside))})
    if kind == "organize_imports":
        return Call(kind, {"path": path, "remove_unused": luck.random() < 0.5})
    if not functions:
        return None
    symbol = luck.choice(functions)
    parameters = parameters_of(file, symbol.name_start)
    if parameters is None:
        return None
    way = luck.random()
    if way < 0.2 and len(parameters) > 1 and not {"*", "/"} & {p["name"] for p in parameters}:
        index = luck.randrange(len(parameters) - 1)
        parameters[index : index + 2] = reversed(parameters[index : index + 2])
    elif way < 0.6:
        parameters.append({"name": name, "default": "None"})
    else:
        index = luck.randrange(len(parameters)) if parameters else -1
        if index < 0 or parameters[index]["name"] in ("*", "/"):
            return None
        parameters[index] = {"name": name, "old": parameters[index]["name"]}
    return Call(kind, {"path": path, "offset": symbol.name_start, "parameters": parameters})


def parameters_of(file: PythonFile, name_start: int) -> list[dict[str, Any]] | None:
    node = file.root.descendant_for_byte_range(name_start, name_start + 1)
    while node is not None and node.type != "function_definition":
        node = node.parent
    listed = node.child_by_field_name("parameters") if node is not None else None
    if listed is None:
        return None
    names: list[str] = []
    for child in listed.named_children:
        name = child
        if child.type in ("default_parameter", "typed_default_parameter"):
            name = cast(Any, child.child_by_field_name("name"))
        elif child.type == "typed_parameter":
            name = child.named_children[0]
        if "splat" in name.type or "separator" in name.type:
            return None
        names.append(file.text_of(name))
    if names and names[0] in ("self", "cls"):
        names = names[1:]
    return [{"name": name} for name in names]


class Campaign:
    """Changes a copy of one project, step by step."""

    def __init__(self, root: Path, python: str, luck: random.Random, arguments: list[str]) -> None:
        self.root = root
        self._python = python
        self._arguments = arguments
        self._luck = luck
        self.said = ""
        """The end of what the tests printed last."""
        self.tally = Tally()
        self._tried: Counter[str] = Counter()
        self.workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
        folder = self.workspace.add_folder(str(root))
        folder.start(lambda done, total, message="": None, lambda message="": None)
        folder.wait_ready(120)

    def tests_pass(self) -> bool:
        paths = os.pathsep.join(str(self.root / part) for part in ("", "src"))
        command = [self._python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        try:
            done = subprocess.run(
                [*command, *self._arguments],
                cwd=self.root,
                env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                check=False,
                timeout=600,
            )
        except subprocess.TimeoutExpired:
            self.said = "the tests did not come to an end"
            return False
        self.said = done.stdout.decode(errors="replace")[-1500:]
        return done.returncode == 0

    def steps(self, n: int) -> Iterator[tuple[str, str, dict[str, bytes | None]]]:
        """Apply up to `n` steps; each with what stood in the files before it."""
        files = [str(path) for path in sources(self.root)]
        for _ in range(n):
            kind = min(KINDS, key=lambda k: (self.tally.applied[k] * 4 + self._tried[k], k))
            self._tried[kind] += 1
            snapshot = self.workspace.snapshot()
            path = self._luck.choice(files)
            try:
                call = draw(self._luck, snapshot, path, kind)
                if call is None:
                    continue
                found = consider(snapshot, kind, [call], "operation", CancelToken())
            except TreewrightError as error:
                self.tally.refused[kind] += 1
                self.tally.reasons[f"{kind}: {plain(str(error))}"] += 1
                continue
            except Exception as error:
                self.tally.failed.append(f"{kind} {path}: {error!r}")
                continue
            if isinstance(found, ProposalRefused) and found.reason == "it changes nothing":
                continue  # imports in order are no place
            if isinstance(found, ProposalRefused):
                self.tally.refused[kind] += 1
                self.tally.reasons[f"{kind}: verification: {plain(found.reason)}"] += 1
                continue
            if found.change.notes:  # it lists places to look at: a user would be asked
                self.tally.refused[kind] += 1
                self.tally.reasons[f"{kind}: asks: {plain(found.change.notes[0].text)}"] += 1
                continue
            before: dict[str, bytes | None] = {}
            for changed, text in found.change.apply(snapshot.text).items():
                place = Path(changed)
                before[changed] = place.read_bytes() if place.exists() else None
                if text is not None:
                    place.write_bytes(text.to_disk())
            self.workspace.files_changed(set(before))
            self.tally.applied[kind] += 1
            yield kind, found.diff, before

    def take_back(self, before: dict[str, bytes | None]) -> None:
        for path, data in before.items():
            if data is not None:
                Path(path).write_bytes(data)
        self.workspace.files_changed(set(before))

    def batch(self, n: int) -> None:
        done = list(self.steps(n))
        if not done or self.tests_pass():
            return
        # Newest first, until the tests pass again: the last one taken back is to blame, and
        # those taken back before it were not tried.
        said = self.said
        while done:
            kind, diff, before = done.pop()
            self.take_back(before)
            if self.tests_pass():
                self.tally.broke.append(f"{kind}\n{diff}\n{said}")
                return
            self.tally.applied[kind] -= 1
            said = self.said


def plain(message: str) -> str:
    """A reason without the names in it, so that equal ones count together."""
    import re

    return re.sub(r"`[^`]*`|\S*\.py:\d+\S*|\d+", "…", message)[:90]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("-n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--only", choices=KINDS, action="append")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--json", type=Path)
    own, rest = _split(sys.argv[1:])
    arguments = parser.parse_args(own)
    if arguments.only:
        globals()["KINDS"] = tuple(arguments.only)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / arguments.project.name
        shutil.copytree(arguments.project, root)
        campaign = Campaign(root, arguments.python, random.Random(arguments.seed), rest)
        if not campaign.tests_pass():
            print("the tests of the project fail before anything was changed", file=sys.stderr)
            print(campaign.said, file=sys.stderr)
            return 1
        started = time.monotonic()
        while sum(campaign.tally.applied.values()) < arguments.n:
            campaign.batch(arguments.batch)
            if time.monotonic() - started > arguments.minutes * 60:
                break
        campaign.workspace.close()
        report(campaign.tally)
        if arguments.json:
            arguments.json.write_text(json.dumps(as_json(arguments.project, campaign.tally)))
    return 0


def _split(given: list[str]) -> tuple[list[str], list[str]]:
    """Ours, and what stands behind `--`: pytest's."""
    at = given.index("--") if "--" in given else len(given)
    return given[:at], given[at + 1 :]


def as_json(project: Path, tally: Tally) -> dict[str, Any]:
    return {
        "project": project.name,
        "applied": dict(tally.applied),
        "refused": dict(tally.refused),
        "reasons": dict(tally.reasons.most_common()),
        "broke": tally.broke,
        "failed": tally.failed,
    }


def report(tally: Tally) -> None:
    for kind in KINDS:
        applied, refused = tally.applied[kind], tally.refused[kind]
        print(f"{kind:18} applied {applied:4}  refused {refused:4}")
    print(f"\nbroke a test: {len(tally.broke)}")
    for line in tally.broke:
        print(f"  {line}")
    print(f"failed with an error: {len(tally.failed)}")
    for line in tally.failed[:20]:
        print(f"  {line}")
    print("\nrefusals")
    for reason, count in tally.reasons.most_common(25):
        print(f"  {count:4}  {reason}")


if __name__ == "__main__":
    sys.exit(main())
