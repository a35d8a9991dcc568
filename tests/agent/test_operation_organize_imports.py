"""organize_imports and remove_unused_imports: the imports of a file, in order and needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import check_operation

UNUSED = [
    pytest.param("import os\nimport sys\nsys.path\n", "import sys\nsys.path\n", id="a statement"),
    pytest.param("from a import b, c, d\nc\n", "from a import c\nc\n", id="names of a statement"),
    pytest.param("from a import (\n    b,\n    c,\n)\n\nx = 1\n", "x = 1\n", id="all names of a statement"),
    pytest.param("import os\nimport os\n\nos.name\n", "import os\n\nos.name\n", id="one of two equal ones"),
    pytest.param("import os\nimport os\nx = 1\n", "x = 1\n", id="two equal ones"),
    pytest.param("import a.b\nimport a.c\na.c.d\n", "import a.c\na.c.d\n", id="one module of a package"),
    pytest.param("def f():\n    import os\n    return 1\n", "def f():\n    return 1\n", id="in a function"),
    pytest.param("if TYPE_CHECKING:\n    import a\n    import b\n\nx: b\n", "if TYPE_CHECKING:\n    import b\n\nx: b\n", id="for types"),
]  # fmt: skip

KEPT = [
    pytest.param("from __future__ import annotations\n", id="__future__"),
    pytest.param("import os as os\nfrom a import b as b\n", id="exported by its alias"),
    pytest.param("from a import b\n__all__ = ['b']\n", id="exported by __all__"),
    pytest.param("import os  # noqa\nimport sys  # noqa: F401\n", id="noqa"),
    pytest.param("try:\n    import a\nexcept ImportError:\n    a = None\n", id="in a try"),
    pytest.param("from a import B\nx: 'B'\n", id="in a quoted annotation"),
    pytest.param("from a import *\n", id="a star"),
    pytest.param("import os\ndef f():\n    global os\n", id="named by global"),
]


@pytest.mark.parametrize(("before", "after"), UNUSED)
def test_unused_imports_go(tmp_path: Path, before: str, after: str) -> None:
    check_operation(
        tmp_path, "remove_unused_imports", {"m.py": before}, {"m.py": after}, path="m.py"
    )


@pytest.mark.parametrize("text", KEPT)
def test_imports_that_stay(tmp_path: Path, text: str) -> None:
    check_operation(tmp_path, "remove_unused_imports", {"m.py": text}, {"m.py": text}, path="m.py")


def test_an_import_that_another_file_takes_from_here_stays(tmp_path: Path) -> None:
    files = {"m.py": "from a import b, c\n", "n.py": "from m import b\n"}
    after = {"m.py": "from a import b\n", "n.py": "from m import b\n"}
    check_operation(tmp_path, "remove_unused_imports", files, after, path="m.py")


def test_a_package_keeps_what_it_offers(tmp_path: Path) -> None:
    files = {"p/__init__.py": "from .a import x\n", "p/a.py": "x = 1\n"}
    check_operation(tmp_path, "remove_unused_imports", files, files, path="p/__init__.py")


SORTED = [
    pytest.param("import sys\nimport os\n", "import os\nimport sys\n", id="sorted"),
    pytest.param("import numpy\nimport os\nfrom . import x\n", "import os\n\nimport numpy\n\nfrom . import x\n", id="grouped"),
    pytest.param("from a import c, b\n", "from a import b, c\n", id="names sorted"),
    pytest.param("import sys  # s\n# about os\nimport os\n", "# about os\nimport os\nimport sys  # s\n", id="with their comments"),
    pytest.param("import sys\r\nimport os\r\n", "import os\r\nimport sys\r\n", id="CRLF"),
    pytest.param("import os\nimport sys\n", "import os\nimport sys\n", id="sorted already"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), SORTED)
def test_imports_are_sorted(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "organize_imports", {"m.py": before}, {"m.py": after}, path="m.py")


def test_the_projects_rules_count(tmp_path: Path) -> None:
    settings = "[tool.ruff.lint.isort]\nforce-sort-within-sections = true\n"
    files = {"m.py": "import b\nfrom a import x\n", "pyproject.toml": settings}
    after = files | {"m.py": "from a import x\nimport b\n"}
    check_operation(tmp_path, "organize_imports", files, after, path="m.py")


def test_unused_ones_go_first_on_request(tmp_path: Path) -> None:
    before = "import sys\nimport os\nimport abc\n\nprint(os, sys)\n"
    after = "import os\nimport sys\n\nprint(os, sys)\n"
    check_operation(
        tmp_path,
        "organize_imports",
        {"m.py": before},
        {"m.py": after},
        path="m.py",
        remove_unused=True,
    )
