"""Extracting: text in, text out, and refusals with their reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import check_operation, check_refused

VARIABLE = [
    pytest.param("def f(a):\n    return $0a + 1$0\n", "def f(a):\n    x = a + 1\n    return x\n", id="whole return"),
    pytest.param("def f(a):\n    return g($0a + 1$0) * 2\n", "def f(a):\n    x = a + 1\n    return g(x) * 2\n", id="an argument"),
    pytest.param("def f(a):\n    return ($0a.b.c$0).d\n", "def f(a):\n    x = a.b.c\n    return (x).d\n", id="an attribute chain"),
    pytest.param("y = $0[1, 2]$0\n", "x = [1, 2]\ny = x\n", id="at module level"),
    pytest.param("def f():\n    $0go(1)$0\n", "def f():\n    x = go(1)\n", id="a whole statement"),
    pytest.param("if a:\n    b = $0c + 1$0\n", "if a:\n    x = c + 1\n    b = x\n", id="in a block"),
    pytest.param("if $0a + 1$0:\n    pass\n", "x = a + 1\nif x:\n    pass\n", id="a condition"),
    pytest.param("if a: return_($0b + 1$0)\n", "if a: x = b + 1; return_(x)\n", id="a block on one line"),
    pytest.param("print(f'{$0a + 1$0}')\n", "x = a + 1\nprint(f'{x}')\n", id="in an f-string"),
    pytest.param("a(); b($01 + 2$0)\n", "a(); x = 1 + 2; b(x)\n", id="two statements in a line"),
    pytest.param("for i in $0range(3)$0:\n    pass\n", "x = range(3)\nfor i in x:\n    pass\n", id="an iterable"),
    pytest.param("z = sum($0(i for i in a)$0)\n", "x = (i for i in a)\nz = sum(x)\n", id="a generator in parentheses"),
    pytest.param("z = f(\n    $0a +\n    b$0,\n)\n", "x = (a +\n    b)\nz = f(\n    x,\n)\n", id="over lines without brackets"),
    pytest.param("z = [i for i in $0g(1)$0]\n", "x = g(1)\nz = [i for i in x]\n", id="the first iterable of a comprehension"),
    pytest.param("@d($01 + 2$0)\ndef f(): ...\n", "x = 1 + 2\n@d(x)\ndef f(): ...\n", id="in a decorator"),
    pytest.param("def f(a=$01 + 2$0): ...\n", "x = 1 + 2\ndef f(a=x): ...\n", id="a default"),
    pytest.param("p = '😋' + $0'好' * 2$0\n", "x = '好' * 2\np = '😋' + x\n", id="bytes are not code points"),
    pytest.param("v = fo$0o(1).bar\n", "x = foo(1).bar\nv = x\n", id="the expression at a cursor"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), VARIABLE)
def test_extract_variable(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "extract_variable", before, after, name="x")


VARIABLE_REFUSED = [
    pytest.param("$0a + b$0 + c = 1\n", "syntax error|assigned", id="broken"),
    pytest.param("v = a $0+ b$0\n", "not one whole expression", id="half an expression"),
    pytest.param("$0a.b$0 = 1\n", "assigned to", id="a target"),
    pytest.param("def f(x: $0list[int]$0): ...\n", "annotation", id="an annotation"),
    pytest.param("z = [$0i + 1$0 for i in a]\n", "comprehension", id="an item of a comprehension"),
    pytest.param("z = lambda i: $0i + 1$0\n", "lambda", id="a lambda's body"),
    pytest.param("while $0a < 3$0:\n    a += 1\n", "condition", id="a loop's condition"),
    pytest.param("a and $0f()$0\n", "left side decides", id="behind an and"),
    pytest.param("v = f($0key$0=1)\n", "name of an argument|not one whole", id="a keyword"),
    pytest.param("x = 1\nv = $0a + 1$0\n", "already means", id="the name is taken"),
    pytest.param("def f():\n    v = $0(yield)$0\n", "yield", id="a yield"),
    pytest.param("import $0os$0\n", "part of its statement|no expression|not one whole", id="an import"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "reason"), VARIABLE_REFUSED)
def test_extract_variable_is_refused(tmp_path: Path, before: str, reason: str) -> None:
    check_refused(tmp_path, "extract_variable", before, reason, name="x")


def test_every_equal_expression_until_a_name_changes(tmp_path: Path) -> None:
    check_operation(
        tmp_path,
        "extract_variable",
        "def f(a):\n    b = $0a * 2$0\n    c = a * 2 + 1\n    a = 3\n    return a * 2\n",
        "def f(a):\n    x = a * 2\n    b = x\n    c = x + 1\n    a = 3\n    return a * 2\n",
        name="x",
        every=True,
    )


def test_a_constant_goes_to_the_top(tmp_path: Path) -> None:
    check_operation(
        tmp_path,
        "extract_variable",
        "import os\n\n\ndef f(a):\n    return a * $03.14$0\n",
        "import os\n\n\nPI = 3.14\n\n\ndef f(a):\n    return a * PI\n",
        name="PI",
        constant=True,
    )


FUNCTION = [
    pytest.param(
        "def f(a):\n    $0b = a + 1\n    c = b * 2$0\n    return c\n",
        "def g(a):\n    b = a + 1\n    c = b * 2\n    return c\n\n\ndef f(a):\n    c = g(a)\n    return c\n",
        id="what goes in and what comes out",
    ),
    pytest.param(
        "def f(a):\n    $0print(a)$0\n",
        "def g(a):\n    print(a)\n\n\ndef f(a):\n    g(a)\n",
        id="nothing comes out",
    ),
    pytest.param(
        "def f(a):\n    $0if a:\n        return 1\n    return 2$0\n",
        "def g(a):\n    if a:\n        return 1\n    return 2\n\n\ndef f(a):\n    return g(a)\n",
        id="the rest of a function",
    ),
    pytest.param(
        "def f(a):\n    return $0a + 1$0 + 2\n",
        "def g(a):\n    return a + 1\n\n\ndef f(a):\n    return g(a) + 2\n",
        id="an expression",
    ),
    pytest.param(
        "class A:\n    def m(self, a):\n        $0b = self.x + a$0\n        return b\n\n    def n(self): ...\n",
        "class A:\n    def m(self, a):\n        b = self.g(a)\n        return b\n\n"
        "    def g(self, a):\n        b = self.x + a\n        return b\n\n    def n(self): ...\n",
        id="a method",
    ),
    pytest.param(
        "def f(a):\n    x = 0\n    $0if a:\n        x = 1$0\n    return x\n",
        "def g(a, x):\n    if a:\n        x = 1\n    return x\n\n\ndef f(a):\n    x = 0\n    x = g(a, x)\n    return x\n",
        id="assigned on one way only: the value before goes in",
    ),
    pytest.param(
        "def f(rows):\n    t = 0\n    for r in rows:\n        $0t += r$0\n    return t\n",
        "def g(t, r):\n    t += r\n    return t\n\n\ndef f(rows):\n    t = 0\n    for r in rows:\n        t = g(t, r)\n    return t\n",
        id="in a loop",
    ),
    pytest.param(
        "async def f(a):\n    $0b = await a$0\n    return b\n",
        "async def g(a):\n    b = await a\n    return b\n\n\nasync def f(a):\n    b = await g(a)\n    return b\n",
        id="awaits",
    ),
    pytest.param(
        "def f(a):\n    $0try:\n        b = a()\n    except E:\n        b = 1$0\n    return b\n",
        "def g(a):\n    try:\n        b = a()\n    except E:\n        b = 1\n    return b\n\n\ndef f(a):\n    b = g(a)\n    return b\n",
        id="assigned on both ways of a try",
    ),
    pytest.param(
        'def f(a):\n    $0s = """x\n  y\n"""\n    print(s, a)$0\n',
        'def g(a):\n    s = """x\n  y\n"""\n    print(s, a)\n\n\ndef f(a):\n    g(a)\n',
        id="text inside a string keeps its lines",
    ),
]


@pytest.mark.parametrize(("before", "after"), FUNCTION)
def test_extract_function(tmp_path: Path, before: str, after: str) -> None:
    change = check_operation(tmp_path, "extract_function", before, after, name="g")
    assert not change.is_empty


FUNCTION_REFUSED = [
    pytest.param("def f(a):\n    $0if a:\n        return 1$0\n    print(a)\n", "returns in the middle", id="a return in the middle"),
    pytest.param("for i in a:\n    $0if i:\n        break$0\n", "belongs to a loop outside", id="a break"),
    pytest.param("def f():\n    $0yield 1$0\n", "yields", id="a yield"),
    pytest.param("def f(a):\n    $0if a:\n        b = 1$0\n    return b\n", "without a value", id="a name that may be unset"),
    pytest.param("def h():\n    return k\n\n\n$0k = 1\nx = h()$0\n", "`h` may read `k`", id="a global that a called function reads"),
    pytest.param("def f(a):\n    $0for i in a:\n        pass$0\n    print(a and i)\n", "without a value", id="a loop's variable that may not be read"),
    pytest.param("def f(a):\n    x = $0a\n    b$0 = 1\n", "cuts a statement|not one whole", id="half a statement"),
    pytest.param("def f():\n    global x\n    $0global y\n    y = 1$0\n", "global", id="a global"),
    pytest.param("class A:\n    def m(self):\n        $0super().m()$0\n", "super", id="super without arguments"),
    pytest.param("def g(): ...\ndef f(a):\n    $0print(a)$0\n", "already means", id="the name is taken"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "reason"), FUNCTION_REFUSED)
def test_extract_function_is_refused(tmp_path: Path, before: str, reason: str) -> None:
    check_refused(tmp_path, "extract_function", before, reason, name="g")


INLINE = [
    pytest.param("def f(a):\n    x$0 = a + 1\n    return x\n", "def f(a):\n    return a + 1\n", id="once"),
    pytest.param("def f(a):\n    x = a + 1\n    return $0x * 2\n", "def f(a):\n    return (a + 1) * 2\n", id="with parentheses where needed"),
    pytest.param("def f(a):\n    x$0 = a - 1\n    return 2 - x, x - 2, -x, x ** 2\n", "def f(a):\n    return 2 - (a - 1), a - 1 - 2, -(a - 1), (a - 1) ** 2\n", id="only where the meaning needs it"),
    pytest.param("def f(a):\n    x$0 = a.b\n    return x.c, x[0]\n", "def f(a):\n    return a.b.c, a.b[0]\n", id="twice"),
    pytest.param("def f(a):\n    x$0 = 1, 2\n    return g(x)\n", "def f(a):\n    return g((1, 2))\n", id="a tuple"),
    pytest.param("def f(a):\n    x$0: int = a  # why\n    return x\n", "def f(a):\n    return a\n", id="with an annotation and a comment"),
    pytest.param("def f(a):\n    x$0 = 1\n    return x.real\n", "def f(a):\n    return (1).real\n", id="a number's attribute"),
    pytest.param("x$0 = 1; y = x\n", "y = 1\n", id="two statements in a line"),
    pytest.param("def f(a):\n    x$0 = a\n    return f'{x}'\n", "def f(a):\n    return f'{a}'\n", id="in an f-string"),
    pytest.param("def f(a):\n    x$0 = a or 1\n    return [x for _ in x]\n", "def f(a):\n    return [a or 1 for _ in a or 1]\n", id="in a comprehension"),
    pytest.param("def f(a):\n    x$0 = a if a else 1\n    return [x for _ in x]\n", "def f(a):\n    return [(a if a else 1) for _ in (a if a else 1)]\n", id="a condition in a comprehension"),
    pytest.param("def f(a):\n    x$0 = (a, 1)\n    return x + x, [y for y in x]\n", "def f(a):\n    return (a, 1) + (a, 1), [y for y in (a, 1)]\n", id="a tuple with parentheses of its own"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), INLINE)
def test_inline_variable(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "inline_variable", before, after)


INLINE_REFUSED = [
    pytest.param("def f(a):\n    x$0 = a\n    x = 2\n    return x\n", "assigned 2 times", id="assigned twice"),
    pytest.param("def f(x$0):\n    return x\n", "parameter", id="a parameter"),
    pytest.param("import x$0\nx.f()\n", "import", id="an import"),
    pytest.param("def x$0(): ...\nx()\n", "function", id="a function"),
    pytest.param("for x$0 in a:\n    print(x)\n", "more than a plain assignment", id="a loop's variable"),
    pytest.param("def f(a):\n    x$0 = g(a)\n    return x + x\n", "happen 2 times", id="a call read twice"),
    pytest.param("def f(a):\n    x$0 = a + 1\n    a = 2\n    return x\n", "is assigned in line 3", id="a name that changes"),
    pytest.param("def f(a):\n    x$0 = g()\n    for i in a:\n        print(x)\n", "every turn", id="a call read in a loop"),
    pytest.param("class A:\n    x$0 = 1\n    y = x\n", "attribute of its class", id="a class attribute"),
    pytest.param("def f(a):\n    x$0 = 'b'\n    return f'{x}'\n", "f-string", id="quotes in an f-string"),
    pytest.param("//- a.py\nx$0 = 1\nprint(x)\n//- b.py\nfrom a import x\n", "used in b.py", id="used elsewhere"),
    pytest.param("def f(a):\n    x$0 = a\n    return [a for a in x], (lambda a: x)\n", "means something else", id="a name that is hidden"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "reason"), INLINE_REFUSED)
def test_inline_variable_is_refused(tmp_path: Path, before: str, reason: str) -> None:
    check_refused(tmp_path, "inline_variable", before, reason)
