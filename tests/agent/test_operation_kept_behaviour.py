"""What random refactorings of real packages broke once: each case is one cause, made small.

See `benchmarks/behaviour.py`, which finds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import case_of, check_operation, check_refused

REFUSED: list[Any] = [
    pytest.param("inline_variable", "def f(a):\n    x$0 = []\n    for i in a:\n        x.append(i)\n    return x\n", "new list, which 2 places share", {}, id="a list that is shared"),
    pytest.param("inline_variable", "def f(k):\n    x$0 = k.pop('a')\n    if k:\n        raise E\n    return x\n", "line 4 would skip|may skip", {}, id="a call that a raise would skip"),
    pytest.param("inline_variable", "def f(k):\n    x$0 = k.pop()\n    y = k.pop()\n    return y, x\n", "so does line 3", {}, id="calls that change places"),
    pytest.param("inline_variable", "def f(s):\n    x$0 = s.n\n    s.n += 1\n    return x\n", "line 3 changes", {}, id="an attribute that changes"),
    pytest.param("inline_variable", "def f(s):\n    x$0 = s.n\n    s.bump()\n    return x\n", "line 3 may change", {}, id="an attribute that a call may change"),
    pytest.param("inline_variable", "def f(s, k):\n    x$0 = s[k]\n    s[0] = 1\n    return x\n", "line 3 changes", {}, id="an item that changes"),
    pytest.param("inline_variable", "def f(a):\n    x$0 = g()\n    if a:\n        return x\n", "may skip it", {}, id="a call under a condition"),
    pytest.param("inline_variable", "def f(a):\n    x$0 = g()\n    return a and x\n", "may skip it", {}, id="a call behind an and"),
    pytest.param("inline_variable", "def f(a):\n    x$0 = g()\n    try:\n        return x\n    except E:\n        pass\n", "would then catch", {}, id="a call into a try"),
    pytest.param("inline_variable", "def f(d, k):\n    n = 0\n    try:\n        x$0 = d[k]\n        n += 1\n        return x\n    except KeyError:\n        return n\n", "line 5 would happen", {}, id="a lookup that may fail in a try"),
    pytest.param("extract_function", "def f(a):\n    $0'''Doc.'''\n    b = a$0\n    return b\n", "docstring", {"name": "g"}, id="a docstring"),
    pytest.param("extract_function", "class A:\n    $0x = 1\n    y = x$0\n", "attributes", {"name": "g"}, id="the body of a class"),
    pytest.param("extract_function", "c = 0\ndef f():\n    global c\n    $0c += 1\n    print(c)$0\n", "global here", {"name": "g"}, id="a global that is assigned"),
    pytest.param("extract_function", "def f(a):\n    x = a\n    $0k = lambda: x\n    print(k)$0\n    x = 2\n    return k()\n", "changes later", {"name": "g"}, id="a closure over what changes"),
    pytest.param("rename_symbol", "$0range = range\n", "still the builtin", {"new_name": "g"}, id="a builtin that is kept under its name"),
    pytest.param("rename_symbol", "class Loader:\n    def $0find_spec(self, name): ...\n", "import system", {"new_name": "g"}, id="what the import system calls"),
    pytest.param("rename_symbol", "//- m.py\nclass Mixin:\n    def $0assertEqual(self): ...\n//- t.py\nfrom unittest import TestCase\nfrom m import Mixin\nclass T(TestCase, Mixin): ...\n", "from `TestCase` too", {"new_name": "g"}, id="a mixin's name for another base's member"),
    pytest.param("extract_variable", "def f(v):\n    return isinstance(v, A) and $0v.n$0\n", "may fail", {"name": "x"}, id="a part that a condition guards"),
    pytest.param("extract_variable", "def f(v):\n    return $0v.n$0 if v else 1\n", "may fail", {"name": "x"}, id="a part that a conditional guards"),
    pytest.param("move_symbol", "//- a.py\ndef $0f():\n    return __name__\n//- b.py\n", "its own module", {"new_path": "b.py"}, id="what asks for its module"),
    pytest.param("move_symbol", "//- a.py\ndef $0f(): ...\n//- b.py\nimport sys\nassert sys.platform == 'win32'\n", "under a condition", {"new_path": "b.py"}, id="to a module of one platform"),
    pytest.param("move_symbol", "//- a.py\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    N = int | str\ndef $0f(x: N): ...\n//- b.py\n", "type checkers alone", {"new_path": "b.py"}, id="what needs a name of the type checker's"),
    pytest.param("move_symbol", "//- a.py\nfrom b import g as h\ndef $0f():\n    return h()\n//- b.py\ndef g(): ...\n", "knows `g` of the new module as `h`", {"new_path": "b.py"}, id="to where it has an alias for something"),
    pytest.param("move_symbol", "//- a.py\nfrom b import g\ndef $0f(): ...\n//- b.py\ndef g(): ...\n//- c.py\nfrom a import f\n//- d.py\nimport c\n", "they would import each other", {"new_path": "d.py"}, id="a cycle through a user"),
    pytest.param("move_symbol", "//- a.py\nfrom b import g\ndef $0f():\n    return g()\n//- b.py\nimport c\ndef g(): ...\n//- c.py\nx = 1\n", "they would import each other", {"new_path": "c.py"}, id="a cycle through what it needs"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "before", "reason", "arguments"), REFUSED)
def test_is_refused(
    tmp_path: Path, operation: str, before: str, reason: str, arguments: dict[str, Any]
) -> None:
    check_refused(tmp_path, operation, before, reason, **arguments)


DONE: list[Any] = [
    pytest.param("rename_symbol", "def $0f(a):\n    \"\"\"Do f.\n\n    >>> f(1)\n    1\n    >>> x.f(f(2))\n    \"\"\"\n    return a\n", "def g(a):\n    \"\"\"Do f.\n\n    >>> g(1)\n    1\n    >>> x.f(g(2))\n    \"\"\"\n    return a\n", {"new_name": "g"}, id="examples that tests run"),
    pytest.param("move_symbol", "//- a.py\nfrom b import g\ndef $0f():\n    return g()\nk = 1\n//- b.py\ndef g(): ...\n", "//- a.py\nk = 1\n//- b.py\ndef g(): ...\n\n\ndef f():\n    return g()\n", {"new_path": "b.py"}, id="what comes home needs no import"),
    pytest.param("inline_variable", "def f(a):\n    x$0 = g(a)\n    return x\n", "def f(a):\n    return g(a)\n", {}, id="a call right before its use"),
    pytest.param("inline_variable", "def f(a):\n    x$0 = g(a)\n    if x:\n        h()\n", "def f(a):\n    if g(a):\n        h()\n", {}, id="a call as a condition"),
    pytest.param("inline_variable", "def f(s):\n    x$0 = s.n\n    y = 1\n    return x + y\n", "def f(s):\n    y = 1\n    return s.n + y\n", {}, id="an attribute that stays"),
    pytest.param(
        "extract_function",
        "def f():\n    def h():\n        return x\n    $0x = 1\n    print(x)$0\n    return h()\n",
        "def g():\n    x = 1\n    print(x)\n    return x\n\n\ndef f():\n    def h():\n        return x\n    x = g()\n    return h()\n",
        {"name": "g"}, id="what a function before it reads comes out",
    ),
    pytest.param(
        "extract_function",
        "class A:\n    x = 1\n    y = ($0x + 1$0) * 2\n",
        "def g(x):\n    return x + 1\n\n\nclass A:\n    x = 1\n    y = (g(x)) * 2\n",
        {"name": "g"}, id="a class's name goes in",
    ),
    pytest.param(
        "extract_function",
        "//- main.py\n$0x = h()\ny = x$0\n//- b.py\nfrom main import x\n",
        "//- main.py\ndef g():\n    x = h()\n    y = x\n    return x, y\n\n\nx, y = g()\n//- b.py\nfrom main import x\n",
        {"name": "g"}, id="a module's names come out",
    ),
    pytest.param(
        "move_symbol",
        "//- a.py\n__all__ = ('f', 'g')\ndef $0f(): ...\ndef g(): ...\n//- b.py\nx = 1\n",
        "//- a.py\n__all__ = ('g',)\ndef g(): ...\n//- b.py\nx = 1\n\n\ndef f(): ...\n",
        {"new_path": "b.py"}, id="a tuple of one keeps its comma",
    ),
    pytest.param(
        "move_symbol",
        "//- p/__init__.py\nfrom .a import *\nfrom . import c\n//- p/a.py\ndef $0f(): ...\n//- p/b.py\nx = 1\n//- p/c.py\nimport p\ny = p.f\n",
        "//- p/__init__.py\nfrom .a import *\nfrom .b import f\nfrom . import c\n//- p/a.py\n//- p/b.py\nx = 1\n\n\ndef f(): ...\n//- p/c.py\nimport p\ny = p.f\n",
        {"new_path": "p/b.py"}, id="a package's star import is followed where it stands",
    ),
    pytest.param(
        "rename_symbol",
        "//- p/__init__.py\nfrom .a import *\na.s.$0f()\n//- p/a.py\nimport p.b as s\n//- p/b.py\ndef f(): ...\n",
        "//- p/__init__.py\nfrom .a import *\na.s.g()\n//- p/a.py\nimport p.b as s\n//- p/b.py\ndef g(): ...\n",
        {"new_name": "g"}, id="a submodule by its own name",
    ),
    pytest.param(
        "rename_symbol",
        "//- p/__init__.py\nfrom p.m import f\n//- p/__init__.pyi\ndef f(): ...\n//- p/m.py\ndef $0f(): ...\n",
        "//- p/__init__.py\nfrom p.m import g\n//- p/__init__.pyi\ndef g(): ...\n//- p/m.py\ndef g(): ...\n",
        {"new_name": "g"}, id="the stub of a re-export",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "before", "after", "arguments"), DONE)
def test_keeps_what_the_program_does(
    tmp_path: Path, operation: str, before: str, after: str, arguments: dict[str, Any]
) -> None:
    check_operation(tmp_path, operation, before, after, **arguments)


def test_a_keyword_through_another_name_of_the_function_is_listed(tmp_path: Path) -> None:
    text = "def f($0old=1): ...\nclass A:\n    def m(self):\n        self.k(old=2)\na = g(f)\n"
    with case_of(tmp_path, text, new_name="new") as case:
        (note,) = case.run("rename_symbol").notes
        assert "`old=` for a `k`" in note.text
    with case_of(tmp_path / "b", text.replace("g(f)", "f()"), new_name="new") as case:
        assert not case.run("rename_symbol").notes


def test_names_that_are_made_at_run_time_are_listed(tmp_path: Path) -> None:
    text = "class A:\n    def on_$0key(self): ...\n    def f(self, n):\n        return getattr(self, f'on_{n}')()\n"
    with case_of(tmp_path, text, new_name="new") as case:
        (note,) = case.run("rename_symbol").notes
        assert "`on_`" in note.text
