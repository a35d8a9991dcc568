"""Remove a feature flag: constants, branches, variables that hold it, and what refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import check_operation, check_refused

TRUE = [
    pytest.param("if FLAG:\n    a()\nelse:\n    b()\n", "a()\n", id="if"),
    pytest.param("if not FLAG:\n    a()\nelse:\n    b()\n", "b()\n", id="if not"),
    pytest.param("if not FLAG:\n    a()\nc()\n", "c()\n", id="a branch goes"),
    pytest.param("if x:\n    a()\nelif FLAG:\n    b()\nelse:\n    c()\n", "if x:\n    a()\nelse:\n    b()\n", id="elif"),
    pytest.param("if x:\n    a()\nelif not FLAG:\n    b()\nelse:\n    c()\n", "if x:\n    a()\nelse:\n    c()\n", id="elif not"),
    pytest.param("if not FLAG:\n    a()\nelif x:\n    b()\n", "if x:\n    b()\n", id="if not, elif"),
    pytest.param("y = a if FLAG else b\n", "y = a\n", id="conditional expression"),
    pytest.param("y = FLAG and x\n", "y = x\n", id="and"),
    pytest.param("y = f() or FLAG\n", "y = f() or True\n", id="a value that is computed stays"),
    pytest.param("if f() and FLAG:\n    a()\n", "if f():\n    a()\n", id="and, in a condition"),
    pytest.param("y = x and FLAG\n", "y = x and True\n", id="as a value the and stays"),
    pytest.param("while not FLAG:\n    a()\nb()\n", "b()\n", id="while"),
    pytest.param("if FLAG is False:\n    a()\nb()\n", "b()\n", id="is False"),
    pytest.param("f(FLAG, k=FLAG)\n", "f(True, k=True)\n", id="arguments"),
    pytest.param("def f():\n    if not FLAG:\n        return 1\n", "def f():\n    pass\n", id="a body left empty"),
    pytest.param("def f():\n    on = FLAG\n    if on:\n        a()\n    return on\n", "def f():\n    a()\n    return True\n", id="a variable that holds it"),
    pytest.param("def f():\n    on = FLAG\n    on = g(on)\n    return on\n", "def f():\n    on = True\n    on = g(on)\n    return on\n", id="a variable that changes"),
    pytest.param("if FLAG:\n    # why\n    a()  # how\n\n    b('''\n    x''')\nc()\n", "# why\na()  # how\n\nb('''\n    x''')\nc()\n", id="comments and strings"),
    pytest.param("xs = [x for x in y if FLAG]\n", "xs = [x for x in y]\n", id="a comprehension"),
    pytest.param("if FLAG and (not FLAG or x):\n    a()\n", "if x:\n    a()\n", id="more than one use"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), TRUE)
def test_a_flag_that_is_true(tmp_path: Path, before: str, after: str) -> None:
    check_operation(
        tmp_path, "remove_flag", "FLAG = env('X')\n" + before, after, symbol="FLAG", value=True
    )


def test_a_flag_that_is_false_is_followed_over_modules(tmp_path: Path) -> None:
    check_operation(
        tmp_path, "remove_flag",
        "//- conf.py\nimport os\n\nNEW = os.environ.get('NEW')\nOLD = 1\n//- a.py\nimport conf\nfrom new import ui\n\n\ndef f():\n    if conf.NEW:\n        return ui()\n    return 1\n//- b.py\nfrom conf import NEW, OLD\n\nx = OLD if NEW else 2\ny = OLD\n",
        "//- conf.py\nOLD = 1\n//- a.py\ndef f():\n    return 1\n//- b.py\nfrom conf import OLD\n\nx = 2\ny = OLD\n",
        symbol="NEW", value=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("FLAG = 1\n\ndef f():\n    global FLAG\n    FLAG = 2\n", "is set in main.py:5", id="set elsewhere"),
        pytest.param("if x:\n    FLAG = 1\nelse:\n    FLAG = 2\n", "condition|set in", id="defined twice"),
        pytest.param("def FLAG(): ...\n", "is a function, not a flag", id="a function"),
        pytest.param("__all__ = ['FLAG']\nFLAG = 1\n", "`__all__` of main.py exports", id="exported"),
    ],
)  # fmt: skip
def test_it_refuses(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "remove_flag", text, reason, symbol="FLAG", value=True)


def test_line_breaks_are_kept(tmp_path: Path) -> None:
    check_operation(
        tmp_path, "remove_flag", {"m.py": "FLAG = 1\r\nif FLAG:\r\n\ta()\r\nb()\r\n"},
        {"m.py": "a()\r\nb()\r\n"}, symbol="FLAG", value=True,
    )  # fmt: skip
