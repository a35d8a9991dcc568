"""Inlining functions: text in, text out, and refusals with the place that stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import check_operation, check_refused

CASES = [
    pytest.param("def d$0(rows):\n    total = 0\n    for row in rows:\n        total += row\n    return total\n\n\ndef f(rows):\n    total = d(rows)\n    return total\n",
                 "def f(rows):\n    total = 0\n    for row in rows:\n        total += row\n    return total\n", id="statements back in their place"),
    pytest.param("def d$0(x, k=2):\n    y = x * k\n    return y\n\n\ndef f(a):\n    z = d(a + 1)\n    return z\n",
                 "def f(a):\n    x = a + 1\n    y = x * 2\n    z = y\n    return z\n", id="statements with arguments"),
    pytest.param("def d$0(x):\n    y = x\n    print(y)\n\n\ndef f(a):\n    if a:\n        d(a)\n",
                 "def f(a):\n    if a:\n        y = a\n        print(y)\n", id="statements in a block"),
    pytest.param("def d$0(x):\n    y = x\n    return y + 1\n\n\ndef f(a):\n    return d(a)\n",
                 "def f(a):\n    y = a\n    return y + 1\n", id="statements whose value is returned"),
    pytest.param("def d$0(x):\n    return x * 2\n\n\ny = d(3)\n", "y = 3 * 2\n", id="a literal"),
    pytest.param("def d$0(x):\n    return x * 2\n\n\ny = d(a + 1) + d(b)\n", "y = (a + 1) * 2 + b * 2\n", id="parentheses where needed"),
    pytest.param("def d$0(x, k=2):\n    return x * k\n\n\ny = d(k=5, x=1)\nz = d(1)\n", "y = 1 * 5\nz = 1 * 2\n", id="keywords and defaults"),
    pytest.param('def d$0(x):\n    """Doc."""\n    print(x)\n\n\nd(1)\n', "print(1)\n", id="a body without a result"),
    pytest.param("class A:\n    def d$0(self, x):\n        return self.k * x\n\n    def m(self):\n        return self.d(3)\n",
                 "class A:\n    def m(self):\n        return self.k * 3\n", id="a method"),
    pytest.param("//- a.py\ndef d$0(x):\n    return x + 1\n\n\nk = 1\n//- b.py\nfrom a import d, k\n\ny = d(k)\n",
                 "//- a.py\nk = 1\n//- b.py\nfrom a import k\n\ny = k + 1\n", id="another file and its import"),
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\nz = d(1) + 1\n", "y = 1\nz = y + 1\n", id="statements in an expression"),
    pytest.param("def d$0(x):\n    if x:\n        return 1\n    return 2\n\n\nz = d(a)\n",
                 "if a:\n    z = 1\nelse:\n    z = 2\n", id="a return in the middle"),
    pytest.param("def d$0(x):\n    if x > 1:\n        return 1\n    elif x:\n        k = x\n    else:\n        raise X\n    k += 1  # why\n    return k\n\n\ndef f(a):\n    print(d(a))\n",
                 "def f(a):\n    if a > 1:\n        result = 1\n    elif a:\n        k = a\n        k += 1  # why\n        result = k\n    else:\n        raise X\n    print(result)\n", id="what follows goes into the branch that goes on"),
    pytest.param("def d$0(x):\n    if x:\n        return\n    print(x)\n\n\ndef f(a):\n    d(a)\n    print(a)\n",
                 "def f(a):\n    if a:\n        pass\n    else:\n        print(a)\n    print(a)\n", id="an early return of nothing"),
    pytest.param("def d$0(x):\n    for y in x:\n        return y\n\n\ndef f(a):\n    return d(a)\n",
                 "def f(a):\n    for y in a:\n        return y\n    return None\n", id="returned as it is"),
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\ndef f(y):\n    z = d(1)\n    return z + y\n",
                 "def f(y):\n    y_2 = 1\n    z = y_2\n    return z + y\n", id="a name of the body is taken"),
    pytest.param("def d$0(x, y):\n    x += y\n    return x\n\n\ndef f(a):\n    z = d(a, g(x))\n    return z\n",
                 "def f(a):\n    x_2 = a\n    y = g(x)\n    x_2 += y\n    z = x_2\n    return z\n", id="an argument that a parameter would hide"),
    pytest.param("def d$0(x):\n    return x + x\n\n\nd(f())\n", "x = f()\n", id="a call used twice"),
    pytest.param("def d$0(x):\n    y = x * 2\n    return y\n\n\nprint(d(1), d(d(2)))\n",
                 "y = 1 * 2\ny_2 = 2 * 2\ny_3 = y_2 * 2\nprint(y, y_3)\n", id="several calls in a statement"),
    pytest.param("def d$0(x):\n    return x + 1\n\n\nprint(d(d(2) * 3))\n", "print((2 + 1) * 3 + 1)\n", id="a call in a call"),
    pytest.param("class A:\n    @staticmethod\n    def d$0(x):\n        return x\n\n    def m(self):\n        return A.d(1) + self.d(2)\n",
                 "class A:\n    def m(self):\n        return 1 + 2\n", id="a static method"),
    pytest.param("class A:\n    def d$0(self, x):\n        return self.k * x\n\n    def m(self):\n        return A.d(self, 3)\n",
                 "class A:\n    def m(self):\n        return self.k * 3\n", id="a method with its receiver as an argument"),
    pytest.param("//- a.py\nimport math\n\nK = 1\n\n\ndef d$0(x):\n    return math.floor(x) + K\n//- b.py\nfrom a import d\n\ny = d(2)\n",
                 "//- a.py\nK = 1\n//- b.py\nimport math\n\nfrom a import K\n\ny = math.floor(2) + K\n", id="what it needs is imported"),
    pytest.param("class A:\n    def d$0(self):\n        return self.__k\n\n    def m(self):\n        return self.d()\n",
                 "class A:\n    def m(self):\n        return self.__k\n", id="a private name in its class"),
    pytest.param("//- a.py\ndef d$0(x):\n    y = x\n    return y + y\n//- b.py\nimport a\n\n\ndef f(v):\n    return a.d(v.w)\n",
                 "//- a.py\n//- b.py\nimport a\n\n\ndef f(v):\n    x = v.w\n    y = x\n    return y + y\n", id="statements into another file"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES)
def test_inlines(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "inline_function", before, after)


REFUSED = [
    pytest.param("class A:\n    def d$0(self):\n        return self.__k\n\n\na = A()\na.d()\n", "private to its class", id="a private name elsewhere"),
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\nprint(g(), d(1))\n", "`g\\(\\)` in main.py:6 happens before the call", id="what comes before the call"),
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\nwhile d(1):\n    pass\n", "made at another time", id="the condition of a loop"),
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\nprint(a and d(1))\n", "may skip", id="behind a condition"),
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\nprint([d(i) for i in a])\n", "for each item", id="in a comprehension"),
    pytest.param("def d$0(x):\n    for y in x:\n        return y\n\n\nz = d(a)\n", "in a `for`", id="a return in a loop"),
    pytest.param("def d$0(x, y):\n    return y - x\n\n\nw = lambda: d(f(), g())\n", "another order", id="arguments in another order in a lambda"),
    pytest.param("class A:\n    def d$0(self):\n        return 1\nclass B(A):\n    def d(self):\n        return 2\nA().d()\n", "`B` overrides it", id="an override"),
    pytest.param("def d$0(x=[]):\n    x.append(1)\n    return x\n\n\nd()\n", "share the list", id="a shared default"),
    pytest.param("def d$0(x):\n    return x\n\n\ng(d)\n", "without being called in main.py:5", id="passed as a value"),
    pytest.param("def d$0(n):\n    return d(n - 1)\n\n\nd(1)\n", "calls itself", id="recursion"),
    pytest.param("@cache\ndef d$0(x):\n    return x\n\n\nd(1)\n", "decorated with @cache", id="decorated"),
    pytest.param("def d$0(*a):\n    return a\n\n\nd(1)\n", "takes \\* or", id="star arguments"),
    pytest.param("def d$0():\n    return k\n\n\nk = 1\n\n\ndef f(k):\n    return d()\n", "means something else in main.py:9", id="a hidden name"),
    pytest.param("def d$0(x):\n    return x\n", "nothing calls it", id="unused"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "reason"), REFUSED)
def test_is_refused(tmp_path: Path, before: str, reason: str) -> None:
    check_refused(tmp_path, "inline_function", before, reason)
