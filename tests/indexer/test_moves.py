"""Files get new names: every import says so, and the code below it is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.ide.moves import Rewritten, rewritten_imports

FILES = {
    "pkg/__init__.py": "",
    "pkg/a.py": "from . import b\nfrom .b import x\nfrom .sub import c\n",
    "pkg/b.py": "x = 1\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/c.py": "from ..b import x\nfrom .. import b\n",
    "main.py": (
        "import pkg.b\nimport pkg.b as short\nfrom pkg import a, b\nfrom pkg.b import x\n\n"
        "print(pkg.b.x, b.x, short.x, 'pkg.b.x is text')\n"
    ),
}


def after(
    root: Path, moves: dict[str, str], files: dict[str, str]
) -> tuple[dict[str, str], Rewritten]:
    with workspace_of(root, files) as fixture:
        absolute = {fixture.absolute(old): fixture.absolute(new) for old, new in moves.items()}
        result = rewritten_imports(fixture.snapshot, absolute, CancelToken())
        texts: dict[str, str] = {}
        for name, text in files.items():
            data = text.encode()
            for edit in reversed(result.edits.get(fixture.absolute(name), [])):
                data = data[: edit.span.start] + edit.new_text.encode() + data[edit.span.end :]
            texts[name] = data.decode()
        return texts, result


def test_a_module_is_renamed(tmp_path: Path) -> None:
    texts, result = after(tmp_path, {"pkg/b.py": "pkg/new.py"}, FILES)
    assert result.left == []
    assert texts["pkg/a.py"] == "from . import new as b\nfrom .new import x\nfrom .sub import c\n"
    assert texts["pkg/sub/c.py"] == "from ..new import x\nfrom .. import new as b\n"
    assert texts["main.py"] == (
        "import pkg.new\nimport pkg.new as short\nfrom pkg import a, new as b\n"
        "from pkg.new import x\n\nprint(pkg.new.x, b.x, short.x, 'pkg.b.x is text')\n"
    )


def test_a_module_moves_to_another_package(tmp_path: Path) -> None:
    files = {**FILES, "main.py": "from pkg.b import x\nfrom pkg import b\n"}
    texts, result = after(tmp_path, {"pkg/b.py": "pkg/sub/b.py"}, files)
    assert result.left == []
    assert texts["main.py"] == "from pkg.sub.b import x\nfrom pkg.sub import b\n"
    assert texts["pkg/sub/c.py"] == "from .b import x\nfrom . import b\n"
    assert texts["pkg/a.py"] == "from .sub import b\nfrom .sub.b import x\nfrom .sub import c\n"


def test_a_module_that_moves_takes_its_relative_imports_along(tmp_path: Path) -> None:
    texts, result = after(tmp_path, {"pkg/sub/c.py": "pkg/c.py"}, FILES)
    assert result.left == []
    assert texts["pkg/sub/c.py"] == "from .b import x\nfrom . import b\n"
    assert texts["pkg/a.py"].endswith("from . import c\n")


def test_a_folder_is_renamed(tmp_path: Path) -> None:
    texts, result = after(tmp_path, {"pkg": "box"}, FILES)
    assert texts["pkg/a.py"] == FILES["pkg/a.py"]
    assert "from box.b import x" in texts["main.py"]
    assert "import box.b as short" in texts["main.py"]
    assert all(path.endswith("main.py") for path, _, _ in result.left)


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ({"src/a.ts": "src/b.ts"}, 'import { x } from "./b";\nimport { z } from "./lib/z.js";\n'),
        (
            {"src/a.ts": "src/lib/a.ts"},
            'import { x } from "./lib/a";\nimport { z } from "./lib/z.js";\n',
        ),
        ({"src/lib/z.ts": "src/z.ts"}, 'import { x } from "./a";\nimport { z } from "./z.js";\n'),
        ({"src/lib": "src/core"}, 'import { x } from "./a";\nimport { z } from "./core/z.js";\n'),
    ],
)
def test_paths(tmp_path: Path, moves: dict[str, str], expected: str) -> None:
    files = {
        "src/a.ts": "export const x = 1;\n",
        "src/lib/z.ts": "export const z = 1;\n",
        "src/main.ts": 'import { x } from "./a";\nimport { z } from "./lib/z.js";\n',
    }
    texts, result = after(tmp_path, moves, files)
    assert result.left == []
    assert texts["src/main.ts"] == expected


def test_what_imports_nothing_of_it_stays(tmp_path: Path) -> None:
    _, result = after(tmp_path, {"pkg/a.py": "pkg/z.py"}, {**FILES, "main.py": "a = 1\n"})
    assert result.edits == {}
