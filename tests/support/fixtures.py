"""A workspace out of text: files in one string, `$0` where the cursor stands.

    //- pkg/a.py
    def f$0(): ...
    //- pkg/b.py
    from pkg.a import f

One helper knows the API, so that cases stay text when the code below them changes.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText
from treewright_indexer.workspace import IndexSettings, Workspace

CURSOR = "$0"


@dataclass
class Fixture:
    """An indexed workspace on disk with one cursor, or with none (`path` is then '')."""

    root: str
    workspace: Workspace
    path: str
    offset: int

    @property
    def snapshot(self) -> Snapshot:
        return self.workspace.snapshot()

    def absolute(self, relative: str) -> str:
        return os.path.join(self.root, *relative.split("/"))

    def show(self, path: str, offset: int) -> str:
        """`pkg/a.py:3` of a place; lines from 1, as people count."""
        text = self.snapshot.text(path)
        return f"{os.path.relpath(path, self.root).replace(os.sep, '/')}:{text.line_of(offset) + 1}"

    def open(self, relative: str, text: str, version: int = 1) -> None:
        """Open a document with unsaved text."""
        path = self.absolute(relative)
        self.workspace.open_document(path, "python", SourceText.of(text), version)


def split_fixture(text: str) -> dict[str, str]:
    """`//- path` sections, or the whole text as `main.py`."""
    text = textwrap.dedent(text)
    if not text.lstrip().startswith("//- "):
        return {"main.py": text.lstrip("\n")}
    files: dict[str, str] = {}
    for section in ("\n" + text).split("\n//- ")[1:]:
        name, _, body = section.partition("\n")
        files[name.strip()] = body if body.endswith("\n") or not body else body + "\n"
    return files


@contextmanager
def workspace_of(root: Path, text: str | dict[str, str]) -> Iterator[Fixture]:
    """The workspace that `text` describes, written below `root` and fully indexed."""
    files = split_fixture(text) if isinstance(text, str) else dict(text)
    cursor_path, cursor = "", 0
    for name, body in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if CURSOR in body:
            cursor_path, cursor = str(path), len(body.partition(CURSOR)[0].encode())
            body = body.replace(CURSOR, "", 1)
        path.write_bytes(body.encode())
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        folder = workspace.add_folder(str(root))
        assert folder.wait_ready(30), "the fixture was not indexed in 30 s"
        yield Fixture(str(root), workspace, cursor_path, cursor)
    finally:
        workspace.close()
