"""Replace an import over the workspace: every way to write one, and what refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import case_of, check_operation, check_refused

CASES = [
    pytest.param("import a.b\na.b.x()\n", "import c.d\nc.d.x()\n", id="a module and its uses"),
    pytest.param("import a.b as m\nm.x()\n", "import c.d as m\nm.x()\n", id="an alias"),
    pytest.param("from a.b import x, y\nx()\n", "from c.d import x, y\nx()\n", id="names of it"),
    pytest.param("from a import b\nb.x()\n", "from c import d\nd.x()\n", id="the module by name"),
    pytest.param("from a import b as m\nm.x()\n", "from c import d as m\nm.x()\n", id="by name, with an alias"),
    pytest.param("import a.b.e\na.b.e.x()\n", "import c.d.e\nc.d.e.x()\n", id="below it"),
    pytest.param("from a.b import *\n", "from c.d import *\n", id="a star"),
    pytest.param("import os, a.b\na.b.x(os)\n", "import os, c.d\nc.d.x(os)\n", id="with another module"),
    pytest.param("from a import b, z\nb(z)\n", "from a import z\nfrom c import d\nd(z)\n", id="with another name"),
    pytest.param("def f():\n    from a import b\n    return b\n", "def f():\n    from c import d\n    return d\n", id="inside a function"),
    pytest.param("import a.b\n\ndef f(a):\n    return a.b\n\na.b()\n", "import c.d\n\ndef f(a):\n    return a.b\n\nc.d()\n", id="another a is left alone"),
    pytest.param("import a.b  # why\nx = 'a.b is'\n", "import c.d  # why\nx = 'a.b is'\n", id="comments and text stay"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES)
def test_an_import_is_replaced(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "replace_import", before, after, old="a.b", new="c.d")


def test_relative_imports_are_followed(tmp_path: Path) -> None:
    check_operation(
        tmp_path, "replace_import",
        "//- p/__init__.py\n//- p/old.py\nx = 1\n//- p/q/__init__.py\n//- p/q/m.py\nfrom ..old import x\nfrom .. import old\nold.x\n//- new.py\nx = 1\n",
        "//- p/__init__.py\n//- p/old.py\nx = 1\n//- p/q/__init__.py\n//- p/q/m.py\nfrom new import x\nimport new\nnew.x\n//- new.py\nx = 1\n",
        old="p.old", new="new",
    )  # fmt: skip


def test_strings_are_listed(tmp_path: Path) -> None:
    text = "import a.b\npatch('a.b.x')\n"
    with case_of(tmp_path, text, old="a.b", new="c.d") as case:
        (note,) = case.run("replace_import").notes
    assert note.text == "a string names `a.b`"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("import a.b\nc = 1\na.b.x(c)\n", r"`c` already means something else \(line 2\)", id="the new name is taken"),
        pytest.param("import z\n", "nothing imports `a.b`", id="nobody imports it"),
    ],
)  # fmt: skip
def test_it_refuses(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "replace_import", text, reason, old="a.b", new="c.d")


def test_a_keyword_is_refused(tmp_path: Path) -> None:
    check_refused(tmp_path, "replace_import", "import a\n", "keyword", old="a", new="c.class")
