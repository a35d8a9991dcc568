"""Which file `#include` means, without a compiler's flags."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.index import write
from treewright_indexer.graph.includes import Includes
from treewright_indexer.workspace import IndexSettings, Workspace


@pytest.mark.parametrize(
    ("files", "importer", "name", "expected"),
    [
        pytest.param(["src/a.h", "a.h"], "src/m.c", "a.h", "src/a.h", id="beside"),
        pytest.param(["a.h"], "src/m.c", "../a.h", "a.h", id="a relative path"),
        pytest.param(["include/lib/a.h"], "src/x/m.cpp", "lib/a.h", "include/lib/a.h", id="include of the project"),
        pytest.param(["core/api/a.h"], "app/m.cpp", "api/a.h", "core/api/a.h", id="the one that ends so"),
        pytest.param(["x/api/a.h", "app/y/api/a.h"], "app/m.cpp", "api/a.h", "app/y/api/a.h", id="the nearest of two"),
        pytest.param(["x/api/a.h", "y/api/a.h"], "app/m.cpp", "api/a.h", None, id="two as near say nothing"),
        pytest.param(["x/string.h"], "app/m.c", "string.h", None, id="the compiler's own"),
        pytest.param(["string.h"], "m.c", "string.h", "string.h", id="…but beside it is ours"),
        pytest.param(["x/ba.h"], "app/m.c", "a.h", None, id="a name that only ends so"),
        pytest.param(["x/a.h"], "app/m.c", "./a.h", None, id="a relative path is no other"),
    ],
)  # fmt: skip
def test_include(
    tmp_path: Path, files: list[str], importer: str, name: str, expected: str | None
) -> None:
    write(tmp_path, {**dict.fromkeys(files, "int f(void);\n"), importer: ""})
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        assert workspace.add_folder(str(tmp_path)).wait_ready(30)
        snapshot = workspace.snapshot()
        found = Includes(snapshot, snapshot.exists).find(str(tmp_path / importer), name)
        shown = None if found is None else os.path.relpath(found, tmp_path).replace(os.sep, "/")
        assert shown == expected
    finally:
        workspace.close()


def test_a_header_may_hold_classes(tmp_path: Path) -> None:
    write(tmp_path, {"a.h": "namespace n { class A { public: void m() const; }; }\n"})
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        assert workspace.add_folder(str(tmp_path)).wait_ready(30)
        (found,) = workspace.snapshot().symbols_named("m")
        assert (found.kind, found.container) == ("method", "A")
    finally:
        workspace.close()
