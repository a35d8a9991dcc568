"""Cases of operations as text: a workspace before, arguments, the workspace after.

`$0` is the cursor and gives the arguments `path` and `offset`; `$0…$0` gives `path`, `start`
and `end`. Arguments whose name ends in `path` are relative to the workspace.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import CURSOR, Fixture, split_fixture, workspace_of
from treewright_agent.changes import SourceChange
from treewright_agent.operations import run
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError


@dataclass
class Case:
    """An operation's workspace before, and the arguments that its cursor stands for."""

    fixture: Fixture
    arguments: dict[str, Any]

    def run(self, name: str) -> SourceChange:
        return run(name, self.arguments, self.fixture.snapshot, CancelToken())

    def files_after(self, change: SourceChange) -> dict[str, str]:
        """Relative path -> text of every file of the workspace after `change`."""
        root = Path(self.fixture.root)
        files = {
            str(path): path.read_bytes().decode() for path in root.rglob("*") if path.is_file()
        }
        for path, text in change.apply(self.fixture.snapshot.text).items():
            if text is None:
                files.pop(path)
            else:
                files[path] = text.string
        return {
            os.path.relpath(path, root).replace(os.sep, "/"): text for path, text in files.items()
        }


@contextmanager
def case_of(root: Path, before: str | dict[str, str], /, **arguments: Any) -> Generator[Case]:
    files = split_fixture(before) if isinstance(before, str) else dict(before)
    placed: dict[str, Any] = {}
    for name, body in files.items():
        if CURSOR not in body:
            continue
        first, *rest = body.split(CURSOR)
        placed["path"] = str(root / name)
        start = len(first.encode())
        if len(rest) == 2:
            placed |= {"start": start, "end": start + len(rest[0].encode())}
        else:
            placed["offset"] = start
        files[name] = "".join((first, *rest))
    for key, value in arguments.items():
        is_path = key.endswith("path") and isinstance(value, str)
        placed[key] = str(root / value) if is_path else value
    with workspace_of(root, files) as fixture:
        yield Case(fixture, placed)


def check_operation(
    root: Path,
    name: str,
    before: str | dict[str, str],
    after: str | dict[str, str],
    /,
    **arguments: Any,
) -> SourceChange:
    """The operation turns the workspace `before` into `after`, every file compared."""
    with case_of(root, before, **arguments) as case:
        change = case.run(name)
        expected = split_fixture(after) if isinstance(after, str) else dict(after)
        got = case.files_after(change)
        assert got == expected, "\n".join(
            f"--- {name}, expected:\n{expected.get(name)}--- got:\n{got.get(name)}"
            for name in sorted(got.keys() | expected.keys())
            if got.get(name) != expected.get(name)
        )
        return change


def check_refused(
    root: Path, name: str, before: str | dict[str, str], reason: str, /, **arguments: Any
) -> None:
    """The operation refuses, and its message matches the regular expression `reason`."""
    with case_of(root, before, **arguments) as case, pytest.raises(RefusedError, match=reason):
        case.run(name)
