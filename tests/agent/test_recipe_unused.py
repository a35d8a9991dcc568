"""Unused imports and variables, however a tool spells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import check_operation, check_refused
from tests.support.recipes import check_recipe, offers_of
from treewright_agent.recipes.unused_import import UNUSED_IMPORT
from treewright_agent.recipes.unused_variable import UNUSED_VARIABLE

SPELLINGS = [
    pytest.param("import $0os$0\nx = 1\n", "x = 1\n", "`os` imported but unused", "F401", "Ruff", id="ruff"),
    pytest.param("import $0os.path$0\nx = 1\n", "x = 1\n", "`os.path` imported but unused", "F401", "Ruff", id="ruff, a submodule"),
    pytest.param("from typing import (\n    $0List$0,\n    Any,\n)\nx: Any = 1\n", "from typing import (\n    Any,\n)\nx: Any = 1\n", "`typing.List` imported but unused", "F401", "Ruff", id="ruff, a name on its line"),
    pytest.param("$0from typing import List, Any$0\nx: Any = 1\n", "from typing import Any\nx: Any = 1\n", "'typing.List' imported but unused", "F401", "flake8", id="flake8, the statement"),
    pytest.param("$0import numpy as np$0\nx = 1\n", "x = 1\n", "'numpy as np' imported but unused", "", "pyflakes", id="pyflakes, an alias"),
    pytest.param("from .a import $0b$0\nx = 1\n", "x = 1\n", "`.a.b` imported but unused", "F401", "Ruff", id="ruff, relative"),
    pytest.param("from . import $0b$0\nx = 1\n", "x = 1\n", "`.b` imported but unused", "F401", "Ruff", id="ruff, bare relative"),
    pytest.param("$0import os$0\nx = 1\n", "x = 1\n", "Unused import os", "unused-import", "pylint", id="pylint"),
    pytest.param("$0from typing import List$0, Any\nx: Any = 1\n", "from typing import Any\nx: Any = 1\n", "Unused List imported from typing", "W0611:unused-import", "pylint", id="pylint, a name"),
    pytest.param("$0import numpy as np$0\nx = 1\n", "x = 1\n", "Unused numpy imported as np", "unused-import", "pylint", id="pylint, an alias"),
    pytest.param("from typing import $0List$0, Any\nx: Any = 1\n", "from typing import Any\nx: Any = 1\n", 'Import "List" is not accessed', "reportUnusedImport", "basedpyright", id="pyright"),
    pytest.param("from typing import $0List$0, Any\nx: Any = 1\n", "from typing import Any\nx: Any = 1\n", '"List" is not accessed', "", "Pylance", id="pylance's hint"),
    pytest.param("import $0os$0\nx = 1\n", "x = 1\n", "Import `os` is unused", "unused-import", "Pyrefly", id="pyrefly"),
    pytest.param("import $0os$0\nx = 1\n", "x = 1\n", "tout autre chose", "F401", "Ruff", id="a translated message"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "message", "code", "source"), SPELLINGS)
def test_an_unused_import_goes(
    tmp_path: Path, before: str, after: str, message: str, code: str, source: str
) -> None:
    offer = check_recipe(UNUSED_IMPORT, tmp_path, before, after, message, code, source)
    assert offer.preferred


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import $0os$0\nos.name\n", id="it is used since"),
        pytest.param("$0x = 1$0\n", id="the import is gone since"),
    ],
)
def test_an_import_that_is_not_unused_is_left_alone(tmp_path: Path, text: str) -> None:
    assert offers_of(UNUSED_IMPORT, tmp_path, text, "`os` imported but unused", "F401") == []


def test_what_a_package_imports_may_be_what_it_exports(tmp_path: Path) -> None:
    text = "//- p/__init__.py\nfrom .a import $0b$0\n"
    (offer,) = offers_of(UNUSED_IMPORT, tmp_path, text, "`.a.b` imported but unused", "F401")
    assert not offer.preferred


VARIABLES = [
    pytest.param("    $0x$0 = g()\n    h()\n", "    g()\n    h()\n", id="a call stays"),
    pytest.param("    $0x$0 = 1\n    h()\n", "    h()\n", id="a constant goes"),
    pytest.param("    $0x$0 = 1\n", "    pass\n", id="the only statement"),
    pytest.param("    $0x$0: int = 1\n    h()\n", "    h()\n", id="annotated"),
    pytest.param("    $0x$0: int = g()\n    h()\n", "    g()\n    h()\n", id="annotated, with a call"),
    pytest.param("    $0x$0 = y = g()\n    return y\n", "    y = g()\n    return y\n", id="a chain"),
    pytest.param("    y = $0x$0 = g()\n    return y\n", "    y = g()\n    return y\n", id="the end of a chain"),
    pytest.param("    with g() as $0x$0:\n        h()\n", "    with g():\n        h()\n", id="with"),
    pytest.param("    try:\n        g()\n    except E as $0x$0:\n        h()\n", "    try:\n        g()\n    except E:\n        h()\n", id="except"),
    pytest.param("    y, $0x$0 = g()\n    return y\n", "    y, _x = g()\n    return y\n", id="unpacking"),
    pytest.param("    for $0x$0 in g():\n        h()\n", "    for _x in g():\n        h()\n", id="a loop"),
    pytest.param("    if ($0x$0 := g()):\n        h()\n", "    if (g()):\n        h()\n", id="a walrus"),
    pytest.param("    match g():\n        case [$0x$0, 1]:\n            h()\n", "    match g():\n        case [_, 1]:\n            h()\n", id="a pattern"),
    pytest.param("    match g():\n        case int() as $0x$0:\n            h()\n", "    match g():\n        case int():\n            h()\n", id="a pattern's as"),
    pytest.param("    $0x$0 = 1\n    x = g()\n    h()\n", "    g()\n    h()\n", id="all of its assignments"),
    pytest.param("    $0x$0 = [1, y]\n    h()\n", "    h()\n", id="a list of names"),
    pytest.param("    $0x$0 = y.z\n    h()\n", "    y.z\n    h()\n", id="an attribute may do something"),
    pytest.param("    $0x$0 = f'{g()}'\n    h()\n", "    f'{g()}'\n    h()\n", id="an f-string may do something"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), VARIABLES)
def test_an_unused_variable_goes(tmp_path: Path, before: str, after: str) -> None:
    head = "def f(y):\n" if "y.z" in before or ", y]" in before else "def f():\n"
    check_recipe(
        UNUSED_VARIABLE, tmp_path, head + before, head + after,
        "Local variable `x` is assigned to but never used", "F841", "Ruff",
    )  # fmt: skip


def test_an_unused_variable_can_be_meant(tmp_path: Path) -> None:
    check_recipe(
        UNUSED_VARIABLE, tmp_path, "def f():\n    $0x$0 = g()\n", "def f():\n    _x = g()\n",
        "Local variable `x` is assigned to but never used", "F841", "Ruff", which=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("def f():\n    $0x = 1\n    return x\n", r"`x` is used: line 3", id="read"),
        pytest.param("def f($0x): ...\n", "is a parameter", id="a parameter"),
        pytest.param("$0x = 1\n", "is a name of the module", id="of the module"),
        pytest.param("class A:\n    $0x = 1\n", "is a name of the class", id="of the class"),
        pytest.param("def f():\n    $0x = 1\n    def g():\n        nonlocal x\n        x = 2\n", "shared by `nonlocal`", id="nonlocal"),
        pytest.param("def f():\n    def $0x(): ...\n", "is a function, not a variable", id="a function"),
    ],
)  # fmt: skip
def test_remove_variable_refuses(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "remove_variable", text, reason)


def test_remove_variable_leaves_namesakes(tmp_path: Path) -> None:
    check_operation(
        tmp_path, "remove_variable",
        "def f():\n    $0x = 1\n    self.x = 2\n    g(x=3)\n\n\ndef h(x):\n    return x\n",
        "def f():\n    self.x = 2\n    g(x=3)\n\n\ndef h(x):\n    return x\n",
    )  # fmt: skip
