"""An index beside a fresh one: whatever happened, both must say the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from treewright_indexer.workspace import Folder, IndexSettings, Workspace

READY_S = 60.0


@contextmanager
def index_of(root: Path, **settings: Any) -> Iterator[tuple[Workspace, Folder]]:
    """The folder with its index complete; in memory and unwatched unless `settings` say so."""
    workspace = Workspace(IndexSettings(**{"cache_dir": None, "watch": False, **settings}))
    try:
        folder = workspace.add_folder(str(root))
        assert folder.wait_ready(READY_S), "the index was not complete in time"
        yield workspace, folder
    finally:
        workspace.close()


def fresh_dump(root: Path, **settings: Any) -> dict[str, Any]:
    """What an index says that is built from nothing, in this process alone."""
    with index_of(root, **{**settings, "cache_dir": None, "watch": False, "workers": 0}) as (
        _,
        folder,
    ):
        return folder.store.dump()


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def many_files(n: int) -> dict[str, str | bytes]:
    """Small Python files that use each other's names."""
    return {
        f"pkg{index % 7}/m{index}.py": f"from pkg{(index + 1) % 7}.m{index + 1} import f{index + 1}\n\n\n"
        f"class C{index}:\n    def run(self):\n        return f{index + 1}()\n\n\n"
        f"def f{index}():\n    return C{index}().run()\n"
        for index in range(n)
    }


def names(workspace: Workspace, name: str) -> list[str]:
    """The files that define `name`, relative and sorted."""
    snapshot = workspace.snapshot()
    return sorted(snapshot.display_path(hit.path) for hit in snapshot.symbols_named(name))
