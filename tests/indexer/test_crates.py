"""Which file a module of Rust is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.index import write
from treewright_indexer.graph.crates import Crates
from treewright_indexer.workspace import IndexSettings, Workspace

FILES: dict[str, str | bytes] = {
    "one/Cargo.toml": '[package]\nname = "the-one"\n',
    "one/src/lib.rs": "pub mod a;\n",
    "one/src/a.rs": "pub mod b;\nmod inner { pub fn f() {} }\n",
    "one/src/a/b.rs": "",
    "one/src/c/mod.rs": "mod d;\n",
    "one/src/c/d.rs": "",
    "one/tests/t.rs": "mod common;\n",
    "one/tests/common/mod.rs": "",
    "two/Cargo.toml": '[package]\nname = "two"\n[dependencies]\nthe-one = { path = "../one" }\n',
    "two/src/main.rs": "",
    "three/Cargo.toml": "[package\n",
}


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("one/src/c/d.rs", "crate", "one/src/lib.rs"),
        ("one/src/c/d.rs", "crate::a::b", "one/src/a/b.rs"),
        ("one/src/c/d.rs", "crate::c", "one/src/c/mod.rs"),
        ("one/src/c/d.rs", "super", "one/src/c/mod.rs"),
        ("one/src/c/d.rs", "super::super::a", "one/src/a.rs"),
        ("one/src/c/mod.rs", "super", "one/src/lib.rs"),
        ("one/src/c/mod.rs", "self::d", "one/src/c/d.rs"),
        ("one/src/a/b.rs", "super", "one/src/a.rs"),
        ("one/src/a.rs", "b", "one/src/a/b.rs"),
        ("one/src/a.rs", "crate::a::inner", None),
        ("one/tests/t.rs", "the_one::a", "one/src/a.rs"),
        ("one/tests/t.rs", "common", "one/tests/common/mod.rs"),
        ("one/tests/t.rs", "crate", "one/tests/t.rs"),
        ("two/src/main.rs", "the_one::c::d", "one/src/c/d.rs"),
        ("two/src/main.rs", "std::fmt", None),
        ("two/src/main.rs", "crate.a", None),
    ],
)
def test_module(tmp_path: Path, importer: str, module: str, expected: str | None) -> None:
    write(tmp_path, FILES)
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        assert workspace.add_folder(str(tmp_path)).wait_ready(30)
        snapshot = workspace.snapshot()
        found = Crates(snapshot, snapshot.exists).find(str(tmp_path / importer), module)
        shown = None if found is None else os.path.relpath(found, tmp_path).replace(os.sep, "/")
        assert shown == expected
    finally:
        workspace.close()
