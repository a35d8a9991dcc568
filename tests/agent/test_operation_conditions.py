"""Shapes of `if`: what becomes of them, what refuses, and that no comment is lost."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.operations import case_of, check_operation, check_refused

INVERTED = [
    pytest.param("if$0 not a:\n    f()\nelse:\n    g()\n", "if a:\n    g()\nelse:\n    f()\n", id="not"),
    pytest.param("if$0 a == 1:\n    f()\nelse:\n    g()\n", "if a != 1:\n    g()\nelse:\n    f()\n", id="=="),
    pytest.param("if$0 a < 1:\n    f()\nelse:\n    g()\n", "if not a < 1:\n    g()\nelse:\n    f()\n", id="an order is not turned round"),
    pytest.param("if$0 a and b:\n    f()\nelse:\n    g()\n", "if not (a and b):\n    g()\nelse:\n    f()\n", id="and"),
    pytest.param("if$0 a is None or b not in c:\n    f()\nelse:\n    g()\n", "if a is not None and b in c:\n    g()\nelse:\n    f()\n", id="De Morgan where it is free"),
    pytest.param("if$0 not (a or b):\n    f()\nelse:\n    g()\n", "if a or b:\n    g()\nelse:\n    f()\n", id="not of parentheses"),
    pytest.param("if$0 (x := f()):\n    f()\nelse:\n    g()\n", "if not (x := f()):\n    g()\nelse:\n    f()\n", id="a walrus"),
    pytest.param("if$0 a: f()\nelse: g()\n", "if not a: g()\nelse: f()\n", id="one line"),
    pytest.param("if$0 a:  # one\n    f()\n    # two\n# three\nelse:  # four\n    g()\n    # five\nh()\n", "if not a:  # four\n    g()\n    # five\nelse:  # one\n    f()\n    # two\n# three\nh()\n", id="comments go with their branch"),
    pytest.param("x = a if$0 b else c\n", "x = c if not b else a\n", id="a conditional expression"),
    pytest.param("x = (a if$0 b is None else c if d else e)\n", "x = ((c if d else e) if b is not None else a)\n", id="one inside another"),
    pytest.param("if$0 a:\n    f()\nelse:\n    g()", "if not a:\n    g()\nelse:\n    f()", id="no last line break"),
    pytest.param("if$0 a:\r\n\tf()\r\nelse:\r\n\tg()\r\n", "if not a:\r\n\tg()\r\nelse:\r\n\tf()\r\n", id="tabs and CRLF"),
    pytest.param("if$0 a:\n    '''\n  x'''\nelse:\n    g()\n", "if not a:\n    g()\nelse:\n    '''\n  x'''\n", id="strings over lines"),
]  # fmt: skip

GUARDED = [
    pytest.param("def f(a):\n    if$0 a:\n        g()\n        h()\n", "def f(a):\n    if not a:\n        return\n    g()\n    h()\n", id="last of a function"),
    pytest.param("for a in b:\n    if$0 a is None:\n        g()\n", "for a in b:\n    if a is not None:\n        continue\n    g()\n", id="last of a loop"),
    pytest.param("def f(a):\n    if$0 a:\n        g()\n    else:\n        raise E\n    h()\n", "def f(a):\n    if not a:\n        raise E\n    g()\n    h()\n", id="the else leaves"),
    pytest.param("def f(a):\n    if$0 a:\n        return 1\n    else:\n        return 2\n", "def f(a):\n    if a:\n        return 1\n    return 2\n", id="the if leaves"),
    pytest.param("def f(a):\n    if$0 a:\n        return 1\n    elif b:\n        return 2\n    else:\n        g()\n    h()\n", "def f(a):\n    if a:\n        return 1\n    elif b:\n        return 2\n    g()\n    h()\n", id="every elif leaves"),
    pytest.param("def f(a):\n    if$0 a:  # why\n        # how\n        g()\n\n        h('''\n        x''')\n        # end\n", "def f(a):\n    if not a:  # why\n        return\n    # how\n    g()\n\n    h('''\n        x''')\n    # end\n", id="comments, blank lines and strings"),
]  # fmt: skip

MERGED = [
    pytest.param("if$0 a:\n    if b:\n        f()\n", "if a and b:\n    f()\n", id="two"),
    pytest.param("if$0 a or b:\n    if c:\n        f()\n        g()\n", "if (a or b) and c:\n    f()\n    g()\n", id="an or"),
    pytest.param("if a:\n    f()\nelse$0:\n    if b:\n        g()\n    else:\n        h()\n", "if a:\n    f()\nelif b:\n    g()\nelse:\n    h()\n", id="else if"),
    pytest.param("if a:\n    f()\nelse:\n    if$0 b:\n        g()\n", "if a:\n    f()\nelif b:\n    g()\n", id="from inside"),
    pytest.param("if$0 a:\n    if b:  # why\n        f()  # how\n", "if a and b:  # why\n    f()  # how\n", id="comments of the inner one"),
]  # fmt: skip

SPLIT = [
    pytest.param("if a and b and$0 c:\n    f()\n", "if a and b:\n    if c:\n        f()\n", id="at the cursor"),
    pytest.param("if$0 (a and\n    b):\n    f()\n", "if a:\n    if b:\n        f()\n", id="over lines"),
]  # fmt: skip


def _all() -> list[object]:
    found: list[object] = []
    for name, rows in (
        ("invert_if", INVERTED),
        ("guard_clause", GUARDED),
        ("merge_ifs", MERGED),
        ("split_if", SPLIT),
    ):
        for row in rows:
            found.append(pytest.param(name, *row.values, id=f"{name}: {row.id}"))
    return found


@pytest.mark.parametrize(("name", "before", "after"), _all())
def test_shapes_of_if(tmp_path: Path, name: str, before: str, after: str) -> None:
    check_operation(tmp_path, name, {"m.py": before}, {"m.py": after})


@pytest.mark.parametrize(
    "before", [row.values[0] for row in INVERTED if row.id != "one inside another"]
)
def test_inverting_twice_changes_nothing(tmp_path: Path, before: str) -> None:
    """The tree is the same again, but for a `not not`."""
    with case_of(tmp_path, {"m.py": before}) as case:
        once = case.files_after(case.run("invert_if"))["m.py"]
    start = before.index("$0")
    if " if$0 " in before:
        start = once.index(" if ") + 3
    folder = tmp_path / "again"
    folder.mkdir()
    with case_of(folder, {"m.py": f"{once[:start]}$0{once[start:]}"}) as case:
        twice = case.files_after(case.run("invert_if"))["m.py"]
    assert ast.dump(ast.parse(twice)) == ast.dump(ast.parse(before.replace("$0", "")))


REFUSED = [
    ("invert_if", "if$0 a:\n    f()\n", "no else"),
    ("invert_if", "if$0 a:\n    f()\nelif b:\n    g()\n", "elif"),
    ("invert_if", "if$0 a:\n    f(\nelse:\n    g()\n", "no `if`|syntax error"),
    ("guard_clause", "def f(a):\n    if$0 a:\n        g()\n    h()\n", "more follows"),
    ("guard_clause", "if$0 a:\n    g()\n", "not the last statement"),
    ("guard_clause", "def f(a):\n    with b:\n        if$0 a:\n            g()\n", "not the last statement"),
    ("guard_clause", "def f(a):\n    if$0 a: g()\n", "same line"),
    ("merge_ifs", "if$0 a:\n    if b:\n        f()\n    else:\n        g()\n", "something else"),
    ("merge_ifs", "if$0 a:\n    if b:\n        f()\n    g()\n", "something else than one"),
    ("merge_ifs", "if$0 a:\n    # why\n    if b:\n        f()\n", "comment"),
    ("split_if", "if$0 a or b:\n    f()\n", "no `and`"),
    ("split_if", "if$0 a and b:\n    f()\nelse:\n    g()\n", "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "reason"), REFUSED)
def test_what_would_mean_something_else_is_refused(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    check_refused(tmp_path, name, {"m.py": text}, reason)


MATCHED = [
    pytest.param("if$0 x == 1:\n    f()\nelif x == -2 or x == 'a':\n    g()\n", "match x:\n    case 1:\n        f()\n    case -2 | 'a':\n        g()\n", id="values"),
    pytest.param("if$0 x is None:\n    f()\nelif isinstance(x, (int, str)) and y:\n    g()\nelse:\n    h()\n", "match x:\n    case None:\n        f()\n    case int() | str() if y:\n        g()\n    case _:\n        h()\n", id="None, classes and a guard"),
    pytest.param("if$0 x == A.B:  # one\n    f()\n# two\nelif x == 2:\n    g()\n", "match x:\n    case A.B:  # one\n        f()\n    # two\n    case 2:\n        g()\n", id="dotted names and comments"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), MATCHED)
def test_a_chain_becomes_a_match(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "if_to_match", {"m.py": before}, {"m.py": after})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("if$0 x == 1:\n    f()\n", "no elif", id="one branch"),
        pytest.param("if$0 x == a:\n    f()\nelif x == 2:\n    g()\n", "`a` would take any value", id="a bare name"),
        pytest.param("if$0 x == 1:\n    f()\nelif y == 2:\n    g()\n", "does not compare `x`", id="two subjects"),
        pytest.param("if$0 x == True:\n    f()\nelif x == 2:\n    g()\n", "cannot say `True`", id="== True is not is True"),
        pytest.param("if$0 x.y == 1:\n    f()\nelif x.y == 2:\n    g()\n", "no name", id="an attribute may be computed"),
        pytest.param("if$0 x > 1:\n    f()\nelif x == 2:\n    g()\n", "cannot say `>`", id="an order"),
    ],
)  # fmt: skip
def test_what_no_pattern_says_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "if_to_match", {"m.py": text}, reason)


def test_an_old_python_has_no_match(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nrequires-python = ">=3.9"\n',
        "m.py": "if$0 x == 1:\n    f()\nelif x == 2:\n    g()\n",
    }
    check_refused(tmp_path, "if_to_match", files, "before 3.10")


WRAPPED = [
    pytest.param({"construct": "try"}, "$0f()\n# c\ng()$0  # d\n", "try:\n    f()\n    # c\n    g()  # d\nexcept Exception:\n    raise\n", id="try"),
    pytest.param({"construct": "try_finally"}, "$0f()$0\ng()\n", "try:\n    f()\nfinally:\n    pass\ng()\n", id="finally"),
    pytest.param({"construct": "with", "header": "a() as b"}, "def f():\n\t$0x = '''\n y'''$0\n", "def f():\n\twith a() as b:\n\t\tx = '''\n y'''\n", id="with, tabs, a string over lines"),
    pytest.param({"construct": "if", "header": "x and y"}, "$0f()$0", "if x and y:\n    f()", id="no last line break"),
    pytest.param({"construct": "for", "header": "i in r"}, "f($0)\n", "for i in r:\n    f()\n", id="the statement at the cursor"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "before", "after"), WRAPPED)
def test_statements_are_wrapped(
    tmp_path: Path, arguments: dict[str, str], before: str, after: str
) -> None:
    check_operation(tmp_path, "wrap_in", {"m.py": before}, {"m.py": after}, **arguments)


@pytest.mark.parametrize(
    ("arguments", "text", "reason"),
    [
        pytest.param({"construct": "with"}, "f($0)\n", "what should the `with` say", id="no header"),
        pytest.param({"construct": "if", "header": "x: y"}, "f($0)\n", "does not fit", id="no condition"),
        pytest.param({"construct": "if", "header": "x:\n  g()\nif y"}, "f($0)\n", "more than a header|does not fit", id="more than a header"),
        pytest.param({"construct": "try"}, "f($0); g()\n", "shares its line", id="a shared line"),
        pytest.param({"construct": "try"}, "from __future__ import annotations$0\n", "cannot stand in a block", id="a future import"),
        pytest.param({"construct": "try"}, "$0f()\nif a:\n    g()$0\n    h()\n", "cuts a statement", id="half a statement"),
    ],
)  # fmt: skip
def test_wrapping_refuses(
    tmp_path: Path, arguments: dict[str, str], text: str, reason: str
) -> None:
    check_refused(tmp_path, "wrap_in", {"m.py": text}, reason, **arguments)
