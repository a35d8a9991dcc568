"""Signatures and their calls: text in, text out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import case_of, check_operation, check_refused


def p(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


CASES = [
    pytest.param("def f$0(a): ...\nf(1)\n", [p("a"), p("b", value="2")], "def f(a, b): ...\nf(1, 2)\n", id="add"),
    pytest.param("def f$0(a): ...\nf(1)\n", [p("a"), p("b", default="0")], "def f(a, b=0): ...\nf(1)\n", id="add with a default"),
    pytest.param("def f$0(a, b): ...\nf(1, b=2)\n", [p("a")], "def f(a): ...\nf(1)\n", id="remove"),
    pytest.param("def f$0(a, b):\n    return a - b\nf(1, 2)\nf(b=3, a=4)\n", [p("b"), p("a")],
                 "def f(b, a):\n    return a - b\nf(2, 1)\nf(b=3, a=4)\n", id="reorder"),
    pytest.param("def f$0(a):\n    return a\nf(1)\nf(a=2)\n", [p("x", old="a")], "def f(x):\n    return x\nf(1)\nf(x=2)\n", id="rename"),
    pytest.param("def f$0(a: int = 1): ...\nf()\n", [p("a", annotation="str", default="'x'")], "def f(a: str = 'x'): ...\nf()\n", id="retype"),
    pytest.param("def f$0(a, b): ...\nf(1, 2)\n", [p("a"), p("*"), p("b")], "def f(a, *, b): ...\nf(1, b=2)\n", id="keyword only"),
    pytest.param("class A:\n    def m$0(self, a): ...\n    def n(self): self.m(1)\nclass B(A):\n    def m(self, a): super().m(a)\nB().m(3)\n",
                 [p("a"), p("k", value="0")],
                 "class A:\n    def m(self, a, k): ...\n    def n(self): self.m(1, 0)\nclass B(A):\n    def m(self, a, k): super().m(a, 0)\nB().m(3, 0)\n",
                 id="a method with its overrides"),
    pytest.param("class A:\n    def m$0(self, a: int = 1): ...\nclass B(A):\n    def m(self, a: bool = True): ...\n", [p("k", default="0"), p("a")],
                 "class A:\n    def m(self, k=0, a: int = 1): ...\nclass B(A):\n    def m(self, k=0, a: bool = True): ...\n", id="an override keeps its own types and defaults"),
    pytest.param("def f$0(a, b): ...\nf(f(1, 2), 3)\n", [p("b"), p("a")], "def f(b, a): ...\nf(3, f(2, 1))\n", id="a call in a call"),
    pytest.param("class A:\n    def __init__$0(self, a): ...\nA(1)\n", [p("a"), p("k", value="0")],
                 "class A:\n    def __init__(self, a, k): ...\nA(1, 0)\n", id="a constructor"),
    pytest.param("def f$0(\n    a,\n    b,\n): ...\nf(\n    1,\n    2,\n)\n", [p("b"), p("a")],
                 "def f(\n    b,\n    a,\n): ...\nf(\n    2,\n    1,\n)\n", id="the layout stays"),
    pytest.param("//- a.py\ndef f$0(a): ...\n//- b.py\nfrom a import f as g\ng(1)\n", [p("a"), p("b", value="2")],
                 "//- a.py\ndef f(a, b): ...\n//- b.py\nfrom a import f as g\ng(1, 2)\n", id="through an alias"),
    pytest.param("def f$0(a, b=1, c=2): ...\nf(1, 5, 6)\n", [p("a"), p("c")], "def f(a, c=2): ...\nf(1, 6)\n", id="remove in the middle"),
    pytest.param("from functools import partial\ndef f$0(a, b): ...\nh = partial(f, 1)\n", [p("b"), p("a")],
                 "from functools import partial\ndef f(b, a): ...\nh = partial(f, a=1)\n", id="partial"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "parameters", "after"), CASES)
def test_changes(tmp_path: Path, before: str, parameters: list[Any], after: str) -> None:
    check_operation(tmp_path, "change_signature", before, after, parameters=parameters)


def test_the_return_type(tmp_path: Path) -> None:
    check_operation(
        tmp_path, "change_signature", "def f$0(): ...\n", "def f() -> int: ...\n",
        parameters=[], returns="int",
    )  # fmt: skip


REFUSED = [
    pytest.param("def f$0(a):\n    return a\n", [], "`a` is used in line 2", id="a parameter in use"),
    pytest.param("def f$0(a): ...\nf(1)\n", [p("a"), p("b")], "neither a default nor a value", id="nothing to pass"),
    pytest.param("def f$0(a): ...\n", [p("b", default="1"), p("a")], "cannot stand behind", id="a default in front"),
    pytest.param("def f$0(a):\n    b = a\n    return b\n", [p("b", old="a")], "already means", id="a name in use"),
    pytest.param("x$0 = 1\n", [], "not a function", id="no function"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "parameters", "reason"), REFUSED)
def test_is_refused(tmp_path: Path, before: str, parameters: list[Any], reason: str) -> None:
    check_refused(tmp_path, "change_signature", before, reason, parameters=parameters)


CALLS = "n = []\ndef t(x): ...\ndef f$0(a, b): ...\n"
KEPT = "n = []\ndef t(x): ...\ndef f(b, a): ...\n"


@pytest.mark.parametrize(
    ("call", "after"),
    [
        pytest.param("f(t(1), t(2))\n", "f(a=t(1), b=t(2))\n", id="two calls"),
        pytest.param("f(n[0], t(2))\n", "f(a=n[0], b=t(2))\n", id="a call may change an item"),
        pytest.param("f(n, t(2))\n", "f(t(2), n)\n", id="a name stays what it is"),
        pytest.param("f(b=t(2), a=t(1))\n", "f(b=t(2), a=t(1))\n", id="by keyword"),
    ],
)
def test_what_arguments_do_keeps_its_order(tmp_path: Path, call: str, after: str) -> None:
    check_operation(
        tmp_path, "change_signature", CALLS + call, KEPT + after, parameters=[p("b"), p("a")]
    )


@pytest.mark.parametrize(
    ("text", "parameters", "reason"),
    [
        pytest.param("def f$0(a, b): ...\nf(*x)\n", [p("b"), p("a")], "main.py:2: passes", id="a star"),
        pytest.param("def f$0(a, b): ...\ng(f)\n", [p("b"), p("a")], "main.py:2: used", id="a value"),
        pytest.param("def f$0(a): ...\ng(f)\n", [p("a"), p("b", value="1")], "main.py:2: used", id="a new one that must be passed"),
        pytest.param("def f$0(a): ...\nf(t())\n", [], "calls something in main.py:2", id="an argument that does something"),
    ],
)  # fmt: skip
def test_uses_that_would_break_are_said(
    tmp_path: Path, text: str, parameters: list[Any], reason: str
) -> None:
    check_refused(tmp_path, "change_signature", text, reason, parameters=parameters)


def test_uses_that_keep_their_meaning_stand_in_no_way(tmp_path: Path) -> None:
    check_operation(
        tmp_path, "change_signature", "def f$0(a): ...\ng(f)\nf(*x)\n",
        "def f(a, b=0): ...\ng(f)\nf(*x)\n", parameters=[p("a"), p("b", default="0")],
    )  # fmt: skip


def test_what_cannot_be_proven_is_listed(tmp_path: Path) -> None:
    text = "def f$0(a, b): ...\nf(*x)\ng(f)\nf(1, 2)\n"
    with case_of(tmp_path, text, parameters=[p("b"), p("a")], confirm=True) as case:
        change = case.run("change_signature")
        assert len(change.notes) == 2
        assert "f(2, 1)" in case.files_after(change)["main.py"]
