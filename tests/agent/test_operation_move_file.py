"""move_file and rename_module: every import follows, in every way it can be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import case_of, check_operation, check_refused
from treewright_agent.verify import verify
from treewright_indexer.cancel import CancelToken

# (files before, files after but for the moved one, path, new path)
CASES = [
    pytest.param({"p/__init__.py": "", "p/a.py": "x = 1\n", "b.py": "import p.a\np.a.x\n"}, {"b.py": "import p.c\np.c.x\n"}, "p/a.py", "p/c.py", id="import, and its dotted uses"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "import p.a as q\nq.x\n"}, {"b.py": "import p.c as q\nq.x\n"}, "p/a.py", "p/c.py", id="import as"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "from p.a import x, y as z\n"}, {"b.py": "from p.c import x, y as z\n"}, "p/a.py", "p/c.py", id="from import"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "from p import a\na.x\nf(a=1)\ny.a\n"}, {"b.py": "from p import c\nc.x\nf(a=1)\ny.a\n"}, "p/a.py", "p/c.py", id="from package import module"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "from p import a as z\nz.x\n"}, {"b.py": "from p import c as z\nz.x\n"}, "p/a.py", "p/c.py", id="… with an alias"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "from p import a\nc = 1\na.x\n"}, {"b.py": "from p import c as a\nc = 1\na.x\n"}, "p/a.py", "p/c.py", id="… when the new name is taken"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "from p.a import *\n"}, {"b.py": "from p.c import *\n"}, "p/a.py", "p/c.py", id="star import"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "p/b.py": "from .a import x\nfrom . import a\na.x\n"}, {"p/b.py": "from .c import x\nfrom . import c\nc.x\n"}, "p/a.py", "p/c.py", id="relative imports"),
    pytest.param({"p/__init__.py": "from .a import x\nfrom . import a\n__all__ = ['a', 'x']\n", "p/a.py": ""}, {"p/__init__.py": "from .c import x\nfrom . import c\n__all__ = ['c', 'x']\n"}, "p/a.py", "p/c.py", id="the package itself"),
    pytest.param({"p/__init__.py": "__all__ = ['a', 'x']\n", "p/a.py": ""}, {"p/__init__.py": "__all__ = ['c', 'x']\n"}, "p/a.py", "p/c.py", id="__all__ alone"),
    pytest.param({"a.py": "x = 1\n", "b.py": "import a\na.x\n"}, {"b.py": "import c\nc.x\n"}, "a.py", "c.py", id="a top-level module"),
    pytest.param({"p/__init__.py": "", "q/__init__.py": "", "p/a.py": "x = 1\n", "b.py": "from p import a, z\na.x\n"}, {"b.py": "from q import a\nfrom p import z\na.x\n"}, "p/a.py", "q/a.py", id="to another package, beside others"),
    pytest.param({"p/__init__.py": "", "q/__init__.py": "", "p/a.py": "x = 1\n", "b.py": "from p import a\na.x\n"}, {"b.py": "from q import a\na.x\n"}, "p/a.py", "q/a.py", id="to another package"),
    pytest.param({"p/__init__.py": "", "p/q/__init__.py": "", "p/a.py": "x = 1\n", "p/b.py": "from .a import x\nfrom . import a\n"}, {"p/b.py": "from .q.a import x\nfrom .q import a\n"}, "p/a.py", "p/q/a.py", id="into a subpackage"),
    pytest.param({"p/__init__.py": "", "p/a.py": "x = 1\n", "b.py": "import p.a\nimport p.z\np.a.x, p.z.y\n", "p/z.py": ""}, {"b.py": "import p.c\nimport p.z\np.c.x, p.z.y\n"}, "p/a.py", "p/c.py", id="not another module's dotted uses"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "def f():\n    from p import a\n    return a.x\na = 1\n"}, {"b.py": "def f():\n    from p import c\n    return c.x\na = 1\n"}, "p/a.py", "p/c.py", id="imported in a function"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "changed", "path", "new_path"), CASES)
def test_importers_follow(
    tmp_path: Path, before: dict[str, str], changed: dict[str, str], path: str, new_path: str
) -> None:
    after = {name: text for name, text in before.items() if name != path} | changed
    after[new_path] = before[path]
    with case_of(tmp_path, before, path=path, new_path=new_path) as case:
        change = case.run("move_file")
        assert case.files_after(change) == after
        report = verify(case.fixture.snapshot, change, CancelToken())
        imports = [check for check in report.checks if check.name == "imports"]
        assert all(check.ok for check in imports), report.reason


OWN = [
    pytest.param("from .b import x\nfrom . import b\nfrom .. import z\nimport p.b\n", "from ..b import x\nfrom .. import b\nfrom ... import z\nimport p.b\n", "o/p/a.py", "o/p/q/a.py", id="deeper"),
    pytest.param("from .b import x\nfrom . import b\n", "from .p.b import x\nfrom .p import b\n", "o/p/a.py", "o/a.py", id="higher"),
    pytest.param("from .b import x\nfrom . import b\nfrom .. import z\n", "from ..b import x\nfrom .. import b\nfrom ... import z\n", "o/p/a.py", "o/p/a/__init__.py", id="a module becomes a package"),
    pytest.param("from .b import x\n", "from o.p.b import x\n", "o/p/a.py", "a.py", id="out of the package"),
    pytest.param("from .b import *\n", "from ..b import *\n", "o/p/a.py", "o/p/q/a.py", id="a star"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "path", "new_path"), OWN)
def test_its_own_relative_imports_follow(
    tmp_path: Path, before: str, after: str, path: str, new_path: str
) -> None:
    others = {
        "o/__init__.py": "z = 1\n",
        "o/p/__init__.py": "",
        "o/p/b.py": "x = 1\n",
        "o/p/q/__init__.py": "",
    }
    check_operation(
        tmp_path, "move_file", {**others, path: before}, {**others, new_path: after},
        path=path, new_path=new_path,
    )  # fmt: skip


def test_a_package_moves_with_all_of_it(tmp_path: Path) -> None:
    check_operation(
        tmp_path,
        "move_file",
        """
        //- p/__init__.py
        from .a import x
        //- p/a.py
        from . import b
        from p.b import y
        //- p/b.py
        y = 1
        //- m.py
        import p.a
        from p import b, x
        from p.b import y
        p.a.x, b.y
        """,
        """
        //- q/r/__init__.py
        from .a import x
        //- q/r/a.py
        from . import b
        from q.r.b import y
        //- q/r/b.py
        y = 1
        //- m.py
        import q.r.a
        from q.r import b, x
        from q.r.b import y
        q.r.a.x, b.y
        """,
        path="p",
        new_path="q/r",
    )


def test_strings_on_request(tmp_path: Path) -> None:
    before = {
        "p/__init__.py": "", "p/a.py": "x = 1\n", "b.py": "patch('p.a.x')\ny = 'p.ab'\n",
        "pyproject.toml": "[project.scripts]\nrun = 'p.a:x'\n",
    }  # fmt: skip
    after = {
        "p/__init__.py": "", "p/c.py": "x = 1\n", "b.py": "patch('p.c.x')\ny = 'p.ab'\n",
        "pyproject.toml": "[project.scripts]\nrun = 'p.c:x'\n",
    }  # fmt: skip
    change = check_operation(
        tmp_path, "move_file", before, after, path="p/a.py", new_path="p/c.py", strings=True
    )
    assert all(edit.doubt == "in a string" for file in change.files for edit in file.edits)


def test_relative_paths_of_scripts_follow(tmp_path: Path) -> None:
    before = {
        "src/a.ts": "import { x } from './lib/b';\nimport y from './c.js';\n",
        "src/lib/b.ts": "import { z } from '../c';\nexport const x = z;\n",
        "src/c.ts": "export const z = 1;\nexport default z;\n",
    }
    after = {
        "src/a.ts": "import { x } from './b';\nimport y from './c.js';\n",
        "src/b.ts": "import { z } from './c';\nexport const x = z;\n",
        "src/c.ts": before["src/c.ts"],
    }
    check_operation(tmp_path, "move_file", before, after, path="src/lib/b.ts", new_path="src/b.ts")


def test_aliases_of_scripts_follow(tmp_path: Path) -> None:
    config = '{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}} // settings\n'
    before = {
        "tsconfig.json": config,
        "src/a.ts": "import { x } from '@/lib/b';\nimport { readFile } from 'node:fs';\n",
        "src/lib/b.ts": "import { a } from '@/a';\nimport { z } from './c';\nexport const x = z;\n",
        "src/lib/c.ts": "export const z = 1;\n",
    }
    after = {
        "tsconfig.json": config,
        "src/a.ts": "import { x } from '@/new/d';\nimport { readFile } from 'node:fs';\n",
        "src/new/d.ts": "import { a } from '@/a';\nimport { z } from '../lib/c';\nexport const x = z;\n",
        "src/lib/c.ts": before["src/lib/c.ts"],
    }
    check_operation(
        tmp_path, "move_file", before, after, path="src/lib/b.ts", new_path="src/new/d.ts"
    )


REFUSED = [
    pytest.param({"a.py": "", "b.py": ""}, "a.py", "b.py", "exists already", id="taken"),
    pytest.param({"a.py": ""}, "z.py", "b.py", "does not exist", id="nothing there"),
    pytest.param({"p/__init__.py": ""}, "p", "p/q", "into itself", id="into itself"),
    pytest.param({"a.py": "x = 1\n", "b.py": "from a import x\n"}, "a.py", "a-b.py", "could not be imported under any name", id="no name to import it by"),
    pytest.param({"p/__init__.py": "", "p/a.py": "", "b.py": "import p.a\np.a.x\np.y\n"}, "p/a.py", "c.py", r"`p` at b.py:3 would be imported no longer", id="the package would be lost"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "path", "new_path", "reason"), REFUSED)
def test_refused(
    tmp_path: Path, files: dict[str, str], path: str, new_path: str, reason: str
) -> None:
    check_refused(tmp_path, "move_file", files, reason, path=path, new_path=new_path)


def test_a_folder_with_what_is_no_text_is_refused(tmp_path: Path) -> None:
    with case_of(tmp_path, {"p/__init__.py": ""}, path="p", new_path="q") as case:
        (tmp_path / "p" / "x.png").write_bytes(b"\x89PNG\0")
        with pytest.raises(Exception, match="cannot move as text"):
            case.run("move_file")


RENAMES = [
    pytest.param("//- p/__init__.py\n//- p/a.py\n//- b.py\nfrom p import $0a\na.x\n", "//- p/__init__.py\n//- p/c.py\n//- b.py\nfrom p import c\nc.x\n", id="at an import"),
    pytest.param("//- p/__init__.py\n//- p/a.py\n//- b.py\nimport p.a\np.$0a.x\n", "//- p/__init__.py\n//- p/c.py\n//- b.py\nimport p.c\np.c.x\n", id="at a use"),
    pytest.param("//- p/__init__.py\n//- p/a.py\nx = 1\n//- b.py\nfrom $0p.a import x\n", "//- c/__init__.py\n//- c/a.py\nx = 1\n//- b.py\nfrom c.a import x\n", id="a package"),
    pytest.param("//- p/__init__.py\ny = 1\n//- p/a.py\n//- b.py\nimport $0p.a\np.a.x, p.y\n", "//- c/__init__.py\ny = 1\n//- c/a.py\n//- b.py\nimport c.a\nc.a.x, c.y\n", id="a package that only the import of its module binds"),
    pytest.param("//- p/__init__.py\ny = 1\n//- p/a.py\n//- b.py\nimport $0p\nimport p.a\np.a.x, p.y\n", "//- c/__init__.py\ny = 1\n//- c/a.py\n//- b.py\nimport c\nimport c.a\nc.a.x, c.y\n", id="a package and its module"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), RENAMES)
@pytest.mark.parametrize("operation", ["rename_module", "rename_symbol"])
def test_a_module_is_renamed_where_it_is_named(
    tmp_path: Path, operation: str, before: str, after: str
) -> None:
    check_operation(tmp_path, operation, before, after, new_name="c")


@pytest.mark.parametrize(
    ("new_name", "reason"),
    [("class", "keyword"), ("a-b", "not an identifier"), ("b", "exists already")],
)
def test_a_module_cannot_have_every_name(tmp_path: Path, new_name: str, reason: str) -> None:
    files = {"a.py": "", "b/__init__.py": ""}
    check_refused(tmp_path, "rename_module", files, reason, path="a.py", new_name=new_name)
