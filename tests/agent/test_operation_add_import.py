"""add_import: every place an import can have, and the names it must not take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import case_of, check_operation, check_refused
from treewright_indexer.errors import ArgumentsError

CASES = [
    # ---- no imports yet
    pytest.param("x = 1\n", {"module": "os"}, "import os\n\nx = 1\n", id="before code"),
    pytest.param("def f(): ...\n", {"module": "os"}, "import os\n\n\ndef f(): ...\n", id="before a function"),
    pytest.param("", {"module": "os"}, "import os\n", id="an empty file"),
    pytest.param('"""Doc."""\n', {"module": "os"}, '"""Doc."""\n\nimport os\n', id="behind a lone docstring"),
    pytest.param('"""Doc."""', {"module": "os"}, '"""Doc."""\n\nimport os\n', id="behind a lone docstring without a break"),
    pytest.param('"""Doc."""\nx = 1\n', {"module": "os"}, '"""Doc."""\n\nimport os\n\nx = 1\n', id="between docstring and code"),
    pytest.param('"""Doc."""\n\nx = 1\n', {"module": "os"}, '"""Doc."""\n\nimport os\n\nx = 1\n', id="… with a blank line"),
    pytest.param("#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nx = 1\n", {"module": "os"}, "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nimport os\n\nx = 1\n", id="behind shebang and coding"),
    pytest.param("# Licence.\n\nx = 1\n", {"module": "os"}, "# Licence.\n\nimport os\n\nx = 1\n", id="behind a licence"),
    pytest.param("# About x.\nx = 1\n", {"module": "os"}, "import os\n\n# About x.\nx = 1\n", id="above a comment of the code"),
    pytest.param("x = 1\r\n", {"module": "os"}, "import os\r\n\r\nx = 1\r\n", id="CRLF"),
    pytest.param("\ufeffx = 1\n", {"module": "os"}, "import os\n\nx = 1\n", id="behind a byte-order mark"),
    # ---- sections
    pytest.param("import os\n", {"module": "sys"}, "import os\nimport sys\n", id="sorted behind"),
    pytest.param("import sys\n", {"module": "os"}, "import os\nimport sys\n", id="sorted before"),
    pytest.param("import os", {"module": "sys"}, "import os\nimport sys\n", id="behind an open end"),
    pytest.param("import os\nfrom a import b\n", {"module": "sys"}, "import os\nimport sys\nfrom a import b\n", id="plain before from, sections together"),
    pytest.param("import os\n\nimport numpy\n", {"module": "sys"}, "import os\nimport sys\n\nimport numpy\n", id="into its section"),
    pytest.param("import os\n\nimport numpy\n", {"module": "django"}, "import os\n\nimport django\nimport numpy\n", id="into the other section"),
    pytest.param("import numpy\n", {"module": "os"}, "import os\n\nimport numpy\n", id="a new section before"),
    pytest.param("import os\n", {"module": "numpy"}, "import os\n\nimport numpy\n", id="a new section behind"),
    pytest.param("import os\n\nfrom . import x\n", {"module": "numpy"}, "import os\n\nimport numpy\n\nfrom . import x\n", id="a new section between"),
    pytest.param("import os\n\nfrom .b import x\n", {"module": ".a", "name": "y"}, "import os\n\nfrom .a import y\nfrom .b import x\n", id="relative"),
    pytest.param("from .b import x\n", {"module": "..a", "name": "y"}, "from ..a import y\nfrom .b import x\n", id="further relative ones first"),
    pytest.param("import os\n\nx = 1\n", {"module": "os", "name": "path"}, "import os\nfrom os import path\n\nx = 1\n", id="from behind plain"),
    pytest.param("from __future__ import annotations\n\nx = 1\n", {"module": "os"}, "from __future__ import annotations\n\nimport os\n\nx = 1\n", id="behind __future__"),
    pytest.param('"""Doc."""\nimport os\n', {"module": "__future__", "name": "annotations"}, '"""Doc."""\n\nfrom __future__ import annotations\n\nimport os\n', id="__future__ comes first"),
    pytest.param("import sys, os\nimport re\nimport abc\n", {"module": "json"}, "import sys, os\nimport re\nimport abc\nimport json\n", id="an unsorted group gets it near its like"),
    pytest.param("from a import z\nimport b\nfrom c import y\n", {"module": "bb"}, "from a import z\nimport b\nimport bb\nfrom c import y\n", id="sorted by module alone"),
    pytest.param("import os\n# about sys\nimport sys\n", {"module": "re"}, "import os\nimport re\n# about sys\nimport sys\n", id="a comment stays with its import"),
    pytest.param("import os\nimport numpy\nfrom . import x\n", {"module": "sys"}, "import os\nimport sys\nimport numpy\nfrom . import x\n", id="sections without blank lines"),
    pytest.param("import os  # noqa\nx = 1\n", {"module": "re"}, "import os  # noqa\nimport re\nx = 1\n", id="a comment behind the import"),
    pytest.param("try:\n    import a\nexcept ImportError:\n    a = None\n\nimport os\n", {"module": "sys"}, "try:\n    import a\nexcept ImportError:\n    a = None\n\nimport os\nimport sys\n", id="not among conditional imports"),
    pytest.param("import a.b\n", {"module": "a.c"}, "import a.b\nimport a.c\n", id="a submodule of an imported package"),
    pytest.param("import os\n", {"module": "numpy", "alias": "np"}, "import os\n\nimport numpy as np\n", id="with an alias"),
    # ---- joining a from import
    pytest.param("from a import b\n", {"module": "a", "name": "c"}, "from a import b, c\n", id="joins, behind"),
    pytest.param("from a import c\n", {"module": "a", "name": "b"}, "from a import b, c\n", id="joins, before"),
    pytest.param("from a import b, d\n", {"module": "a", "name": "c"}, "from a import b, c, d\n", id="joins, between"),
    pytest.param("from a import CONST, Class, func\n", {"module": "a", "name": "Other"}, "from a import CONST, Class, Other, func\n", id="joins by kind of name"),
    pytest.param("from a import b, A, d\n", {"module": "a", "name": "c"}, "from a import b, A, d, c\n", id="joins an unsorted list at its end"),
    pytest.param("from a import (\n    b,\n    d,\n)\n", {"module": "a", "name": "c"}, "from a import (\n    b,\n    c,\n    d,\n)\n", id="joins lines"),
    pytest.param("from a import (\n    b,\n    d,\n)\n", {"module": "a", "name": "e"}, "from a import (\n    b,\n    d,\n    e,\n)\n", id="joins lines at the end"),
    pytest.param("from a import (\n    b,\n    d\n)\n", {"module": "a", "name": "e"}, "from a import (\n    b,\n    d,\n    e\n)\n", id="joins lines without a final comma"),
    pytest.param("from a import (\n    b,  # why\n    d,\n)\n", {"module": "a", "name": "c"}, "from a import (\n    b,  # why\n    c,\n    d,\n)\n", id="comments stay"),
    pytest.param("from a import (b,\n               d)\n", {"module": "a", "name": "e"}, "from a import (b,\n               d,\n               e)\n", id="hanging lines"),
    pytest.param("from a import b, \\\n    d\n", {"module": "a", "name": "c"}, "from a import b, \\\n    c,\n    d\n", id="backslash"),
    pytest.param("from a import b  # noqa\n", {"module": "a", "name": "c"}, "from a import b, c  # noqa\n", id="a comment behind"),
    pytest.param("from aaaaaaaaaaaaaaaaaaaa import bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccccccc\n", {"module": "aaaaaaaaaaaaaaaaaaaa", "name": "ddddd"}, "from aaaaaaaaaaaaaaaaaaaa import (\n    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n    cccccccccccccccccccccccccccc,\n    ddddd,\n)\n", id="a line that gets too long"),
    pytest.param("from a import *\n", {"module": "a", "name": "b"}, "from a import *\nfrom a import b\n", id="not into a star import"),
    pytest.param("from a import b\n", {"module": "a", "name": "c", "alias": "d"}, "from a import b\nfrom a import c as d\n", id="an alias stands alone"),
    pytest.param("from a import b, c as d\n", {"module": "a", "name": "e", "alias": "f"}, "from a import b, c as d, e as f\n", id="… unless the file mixes them"),
    pytest.param("from . import a\n", {"module": ".", "name": "b"}, "from . import a, b\n", id="joins a bare relative one"),
    pytest.param("if True:\n    from a import b\n", {"module": "a", "name": "c"}, "from a import c\n\nif True:\n    from a import b\n", id="not into a conditional one"),
    # ---- type checking
    pytest.param("from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from a import b\n", {"module": "a", "name": "c", "type_checking": True}, "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from a import b, c\n", id="joins below TYPE_CHECKING"),
    pytest.param("from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from b import b\n", {"module": "a", "name": "c", "type_checking": True}, "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from a import c\n    from b import b\n", id="before, below TYPE_CHECKING"),
    pytest.param("import os\n\nx = 1\n", {"module": "a", "name": "c", "type_checking": True}, "import os\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from a import c\n\nx = 1\n", id="makes the TYPE_CHECKING block"),
    # ---- nothing to do
    pytest.param("import os\n", {"module": "os"}, "import os\n", id="there already"),
    pytest.param("from a import (b)\n", {"module": "a", "name": "b"}, "from a import (b)\n", id="the name is there already"),
    pytest.param("try:\n    import a\nexcept ImportError:\n    a = None\n", {"module": "a"}, "try:\n    import a\nexcept ImportError:\n    a = None\n", id="there already, in a try"),
    pytest.param("import os as os\n", {"module": "os"}, "import os as os\n", id="there already, exported"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "arguments", "after"), CASES)
def test_add_import(tmp_path: Path, before: str, arguments: dict[str, Any], after: str) -> None:
    after = after.removeprefix("\ufeff") if not before.startswith("\ufeff") else after
    check_operation(
        tmp_path, "add_import", {"m.py": before}, {"m.py": after}, path="m.py", **arguments
    )


def test_this_workspaces_modules_are_a_section(tmp_path: Path) -> None:
    files = {"m.py": "import os\n\nimport numpy\n\nimport own_b\n", "own_a.py": "", "own_b.py": ""}
    after = files | {"m.py": "import os\n\nimport numpy\n\nimport own_a\nimport own_b\n"}
    check_operation(tmp_path, "add_import", files, after, path="m.py", module="own_a")


def test_the_projects_width_counts(tmp_path: Path) -> None:
    files = {
        "m.py": "from a import bbbbbbbbb\n",
        "pyproject.toml": "[tool.ruff]\nline-length = 30\n",
    }
    after = files | {"m.py": "from a import (\n    bbbbbbbbb,\n    ccccccccc,\n)\n"}
    check_operation(tmp_path, "add_import", files, after, path="m.py", module="a", name="ccccccccc")


def test_the_projects_single_lines_count(tmp_path: Path) -> None:
    settings = "[tool.ruff.lint.isort]\nforce-single-line = true\n"
    files = {"m.py": "from a import b\n", "pyproject.toml": settings}
    after = files | {"m.py": "from a import b\nfrom a import c\n"}
    check_operation(tmp_path, "add_import", files, after, path="m.py", module="a", name="c")


def test_the_order_of_the_other_groups_counts(tmp_path: Path) -> None:
    files = {"m.py": "from abc import x\nimport os\n\nfrom b import y\n"}
    after = {"m.py": "from abc import x\nimport os\n\nfrom b import y\nimport c\n"}
    check_operation(tmp_path, "add_import", files, after, path="m.py", module="c")


def test_of_two_groups_of_a_section_the_one_with_the_package(tmp_path: Path) -> None:
    before = "from a import x\n\nfrom b.c import y\n"
    after = "from a import x\n\nfrom b.a import z\nfrom b.c import y\n"
    check_operation(
        tmp_path,
        "add_import",
        {"m.py": before},
        {"m.py": after},
        path="m.py",
        module="b.a",
        name="z",
    )


@pytest.mark.parametrize(
    ("before", "arguments", "reason"),
    [
        pytest.param("json = 1\n", {"module": "json"}, r"`json` is another variable in m\.py already \(line 1\)", id="a variable"),
        pytest.param("\nfrom a import f\n", {"module": "b", "name": "f"}, r"`f` is another import in m\.py already \(line 2\)", id="another import"),
        pytest.param("def f(): ...\n", {"module": "b", "name": "g", "alias": "f"}, "`f` is another function", id="an alias that is taken"),
        pytest.param("", {"module": "a", "name": "*"}, "star import", id="a star"),
        pytest.param("", {"module": "class"}, "keyword", id="a keyword"),
        pytest.param("", {"module": "a", "name": "b-c"}, "not an identifier", id="no identifier"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, before: str, arguments: dict[str, Any], reason: str) -> None:
    check_refused(tmp_path, "add_import", {"m.py": before}, reason, path="m.py", **arguments)


@pytest.mark.parametrize("module", ["", "a b", "a..b", "1a", ".a", "."])
def test_a_module_must_be_one(tmp_path: Path, module: str) -> None:
    with (
        case_of(tmp_path, {"m.py": ""}, path="m.py", module=module) as case,
        pytest.raises(ArgumentsError, match=r"module|name is missing|needs name"),
    ):
        case.run("add_import")


def test_another_language_is_refused(tmp_path: Path) -> None:
    check_refused(
        tmp_path,
        "add_import",
        {"m.go": "package m\n"},
        "for python, not for go",
        path="m.go",
        module="a",
    )
