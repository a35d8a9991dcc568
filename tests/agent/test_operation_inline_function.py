"""Inlining functions: text in, text out, and refusals with the place that stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import check_operation, check_refused

CASES = [
    pytest.param("def d$0(rows):\n    total = 0\n    for row in rows:\n        total += row\n    return total\n\n\ndef f(rows):\n    total = d(rows)\n    return total\n",
                 "def f(rows):\n    total = 0\n    for row in rows:\n        total += row\n    return total\n", id="statements back in their place"),
    pytest.param("def d$0(x, k=2):\n    y = x * k\n    return y\n\n\ndef f(a):\n    z = d(a + 1)\n    return z\n",
                 "def f(a):\n    x = a + 1\n    k = 2\n    y = x * k\n    z = y\n    return z\n", id="statements with arguments"),
    pytest.param("def d$0(x):\n    y = x\n    print(y)\n\n\ndef f(a):\n    if a:\n        d(a)\n",
                 "def f(a):\n    if a:\n        x = a\n        y = x\n        print(y)\n", id="statements in a block"),
    pytest.param("def d$0(x):\n    y = x\n    return y + 1\n\n\ndef f(a):\n    return d(a)\n",
                 "def f(a):\n    x = a\n    y = x\n    return y + 1\n", id="statements whose value is returned"),
    pytest.param("def d$0(x):\n    return x * 2\n\n\ny = d(3)\n", "y = 3 * 2\n", id="a literal"),
    pytest.param("def d$0(x):\n    return x * 2\n\n\ny = d(a + 1) + d(b)\n", "y = (a + 1) * 2 + b * 2\n", id="parentheses where needed"),
    pytest.param("def d$0(x, k=2):\n    return x * k\n\n\ny = d(k=5, x=1)\nz = d(1)\n", "y = 1 * 5\nz = 1 * 2\n", id="keywords and defaults"),
    pytest.param('def d$0(x):\n    """Doc."""\n    print(x)\n\n\nd(1)\n', "print(1)\n", id="a body without a result"),
    pytest.param("class A:\n    def d$0(self, x):\n        return self.k * x\n\n    def m(self):\n        return self.d(3)\n",
                 "class A:\n    def m(self):\n        return self.k * 3\n", id="a method"),
    pytest.param("//- a.py\ndef d$0(x):\n    return x + 1\n\n\nk = 1\n//- b.py\nfrom a import d, k\n\ny = d(k)\n",
                 "//- a.py\nk = 1\n//- b.py\nfrom a import k\n\ny = k + 1\n", id="another file and its import"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES)
def test_inlines(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "inline_function", before, after)


REFUSED = [
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\nz = d(1) + 1\n", "part of a larger one", id="statements in an expression"),
    pytest.param("def d$0(x):\n    if x:\n        return 1\n    return 2\n\n\nz = d(1)\n", "in the middle", id="a return in the middle"),
    pytest.param("def d$0(x):\n    y = x\n    return y\n\n\ndef f(y):\n    z = d(1)\n    return z + y\n", "`y`, a name of its body", id="a name of the body is taken"),
    pytest.param("def d$0(x, y):\n    x += y\n    return x\n\n\ndef f(a):\n    z = d(a, g(x))\n    return z\n", "`x`", id="an argument that a parameter would hide"),
    pytest.param("def d$0(x):\n    return x + x\n\n\nd(f())\n", "calls something in main.py:5 and is used 2 times", id="a call used twice"),
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
