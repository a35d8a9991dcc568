"""Which file a module of JavaScript or TypeScript is: aliases, indexes, packages of a workspace."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.index import write
from treewright_indexer.graph.scripts import ScriptModules
from treewright_indexer.workspace import IndexSettings, Workspace

VITE = """{
  // What the editor reads; "paths" stand in the projects.
  "files": [],
  "references": [{ "path": "./tsconfig.app.json" }, /* … */ { "path": "./tsconfig.node.json" },],
}"""
APP = '{"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["./src/*"], "https://x": ["no"],}}}'


def find(root: Path, files: dict[str, str | bytes], importer: str, module: str) -> str | None:
    """The file that `importer` gets for `module`, relative to the root."""
    write(root, {**files, importer: ""})
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        workspace.add_folder(str(root)).wait_ready(30)
        snapshot = workspace.snapshot()
        modules = ScriptModules(snapshot, snapshot.exists)
        found = modules.find(str(root / importer), module)
        return None if found is None else os.path.relpath(found, root).replace(os.sep, "/")
    finally:
        workspace.close()


def _options(**options: object) -> str:
    return json.dumps({"compilerOptions": options})


@pytest.mark.parametrize(
    ("files", "importer", "module", "expected"),
    [
        pytest.param({"a/b.ts": ""}, "a/m.ts", "./b", "a/b.ts", id="relative"),
        pytest.param({"a/b.ts": ""}, "a/m.ts", "./b.js", "a/b.ts", id="the name of what is built"),
        pytest.param({"b.js": "", "b.ts": ""}, "m.ts", "./b.js", "b.js", id="…unless it is there"),
        pytest.param({"b/index.tsx": ""}, "m.ts", "./b", "b/index.tsx", id="an index file"),
        pytest.param({"b.service.ts": ""}, "m.ts", "./b.service", "b.service.ts", id="a dot in the name"),
        pytest.param({"data.json": "{}"}, "m.ts", "./data.json", "data.json", id="data"),
        pytest.param({"index.ts": ""}, "a/m.ts", "..", "index.ts", id="the folder above"),
        pytest.param({"b.ts": ""}, "m.ts", "b", None, id="a bare name is no file beside"),
        pytest.param({"b.ts": ""}, "m.ts", "node:b", None, id="a module of the runtime"),
        pytest.param(
            {"tsconfig.json": _options(paths={"@/*": ["./src/*"]}), "src/a/b.ts": ""},
            "src/m.ts", "@/a/b", "src/a/b.ts", id="an alias without baseUrl",
        ),
        pytest.param(
            {"jsconfig.json": _options(baseUrl="src", paths={"~/*": ["lib/*"]}), "src/lib/b.js": ""},
            "m.js", "~/b", "src/lib/b.js", id="an alias from baseUrl, in jsconfig.json",
        ),
        pytest.param(
            {"tsconfig.json": _options(baseUrl="src"), "src/lib/b.ts": ""},
            "m.ts", "lib/b", "src/lib/b.ts", id="baseUrl alone",
        ),
        pytest.param(
            {"tsconfig.json": _options(paths={"a*": ["x/*"], "app/*": ["y/*"]}), "x/pp/b.ts": "", "y/b.ts": ""},
            "m.ts", "app/b", "y/b.ts", id="the longest prefix wins",
        ),
        pytest.param(
            {"tsconfig.json": _options(paths={"$b": ["x/one.ts", "y/two.ts"]}), "y/two.ts": ""},
            "m.ts", "$b", "y/two.ts", id="an exact name; the first file that exists",
        ),
        pytest.param(
            {"tsconfig.base.json": _options(paths={"@/*": ["src/*"]}),
             "apps/web/tsconfig.json": '{"extends": "../../tsconfig.base"}', "src/b.ts": ""},
            "apps/web/m.ts", "@/b", "src/b.ts", id="inherited paths start where they are written",
        ),
        pytest.param(
            {"tsconfig.json": _options(paths={"@/*": ["src/*"]}), "src/b.ts": "", "t/tsconfig.json": "{}"},
            "t/m.ts", "@/b", None, id="the nearest configuration counts",
        ),
        pytest.param(
            {"tsconfig.json": VITE, "tsconfig.app.json": APP, "tsconfig.node.json": "{}", "src/b.ts": ""},
            "src/m.ts", "@/b", "src/b.ts", id="projects that are referred to, comments, last commas",
        ),
        pytest.param(
            {"tsconfig.json": '{"extends": "./tsconfig.json"}'}, "m.ts", "@/b", None, id="a circle ends",
        ),
        pytest.param({"tsconfig.json": "{ broken"}, "m.ts", "@/b", None, id="broken settings"),
        pytest.param({"tsconfig.json": '{"compilerOptions": 1, "extends": 2}'}, "m.ts", "@/b", None, id="odd settings"),
        pytest.param(
            {"package.json": '{"imports": {"#lib/*": {"types": "./src/lib/*.ts"}}}', "src/lib/b.ts": ""},
            "src/m.ts", "#lib/b", "src/lib/b.ts", id="imports of the package",
        ),
        pytest.param(
            {"packages/ui/package.json": '{"name": "@acme/ui", "main": "./dist/index.js"}', "packages/ui/src/index.ts": ""},
            "apps/web/m.ts", "@acme/ui", "packages/ui/src/index.ts", id="a package beside: its source, not what is built",
        ),
        pytest.param(
            {"packages/ui/package.json": '{"name": "ui", "exports": {"./*": {"import": "./dist/*.js"}, ".": "./main.js"}}',
             "packages/ui/src/button.tsx": ""},
            "apps/web/m.ts", "ui/button", "packages/ui/src/button.tsx", id="exports with a star",
        ),
        pytest.param(
            {"packages/ui/package.json": '{"name": "ui", "exports": {"import": "./lib/main.js"}}', "packages/ui/lib/main.js": ""},
            "m.ts", "ui", "packages/ui/lib/main.js", id="conditions without a name",
        ),
        pytest.param(
            {"packages/ui/package.json": '{"name": "ui"}', "packages/ui/theme/index.ts": ""},
            "m.ts", "ui/theme", "packages/ui/theme/index.ts", id="a folder of a package",
        ),
        pytest.param({}, "m.ts", "react", None, id="a package that is not here"),
    ],
)  # fmt: skip
def test_module(
    tmp_path: Path, files: dict[str, str | bytes], importer: str, module: str, expected: str | None
) -> None:
    assert find(tmp_path, files, importer, module) == expected


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    root = tmp_path / "inner"
    write(tmp_path, {"tsconfig.json": _options(paths={"@/*": ["inner/*"]})})
    assert find(root, {"b.ts": ""}, "m.ts", "@/b") is None
    extending = {"tsconfig.json": '{"extends": "../tsconfig.json"}', "b.ts": ""}
    assert find(root, {**extending}, "m.ts", "@/b") is None


@pytest.mark.parametrize(
    ("module", "moved", "expected"),
    [
        ("@/a/b", "src/c/d.ts", "@/c/d"),
        ("@/a/b.js", "src/c/d.ts", "@/c/d.js"),
        ("@/a", "src/c/index.ts", "@/c"),
        ("@/a/b", "other/d.ts", None),
        ("$one", "src/c/d.ts", None),
    ],
)
def test_an_alias_follows_a_file(
    tmp_path: Path, module: str, moved: str, expected: str | None
) -> None:
    paths = {"@/*": ["./src/*"], "$one": ["./src/a/b.ts"]}
    write(
        tmp_path, {"tsconfig.json": _options(paths=paths), "src/a/b.ts": "", "src/a/index.ts": ""}
    )
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        workspace.add_folder(str(tmp_path))
        snapshot = workspace.snapshot()
        modules = ScriptModules(snapshot, snapshot.exists)
        found = modules.respelled(str(tmp_path / "m.ts"), module, str(tmp_path / moved))
        assert found == expected
    finally:
        workspace.close()
