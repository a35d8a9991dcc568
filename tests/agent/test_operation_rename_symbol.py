"""rename_symbol in Python: every kind of name, every way it is used, every reason to refuse.

In the cases `$0` is the cursor and `<old>` a place that must become `new`; every other `old`
must stay. `<old|x>` is one that becomes `x`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import case_of, check_operation, check_refused

NEW = "new"


def before_of(text: str) -> str:
    """The workspace before: `<x>` is a name x that must follow, `<x|y>` becomes y instead."""
    return re.sub(r"<([^<>|]*)(?:\|[^<>]*)?>", r"\1", text)


def after_of(text: str) -> str:
    return re.sub(
        r"<([^<>|]*)(?:\|([^<>]*))?>",
        lambda match: match[2] if match[2] is not None else NEW,
        text.replace("$0", ""),
    )


LOCALS = [
    pytest.param("def f():\n    $0<old> = 1\n    return <old>\n", id="a local"),
    pytest.param("def f():\n    <old> = 1\n    return $0<old>\n", id="from its use"),
    pytest.param("old = 1\ndef f():\n    $0<old> = 1\n    return <old>\nprint(old)\n", id="not the global it hides"),
    pytest.param("def f():\n    $0<old> = 1\n    def g():\n        return <old>\n    return g\n", id="in a closure"),
    pytest.param("def f():\n    $0<old> = 1\n    def g(old):\n        return old\n    return g(<old>)\n", id="not a namesake parameter"),
    pytest.param("def f():\n    $0<old> = 1\n    def g():\n        old = 2\n        return old\n    return <old>\n", id="not a namesake local"),
    pytest.param("def f():\n    $0<old> = 1\n    def g():\n        nonlocal <old>\n        <old> += 1\n    return <old>\n", id="nonlocal"),
    pytest.param("def f():\n    <old> = 1\n    def g():\n        nonlocal $0<old>\n        <old> += 1\n    return <old>\n", id="from nonlocal"),
    pytest.param("def f(x):\n    x.old = 1\n    $0<old> = x.old\n    g(old=<old>)\n    return 'old'  # old\n", id="no attribute, keyword, string or comment"),
    pytest.param("def f(xs):\n    for $0<old> in xs:\n        print(<old>)\n    return <old>\n", id="a loop variable"),
    pytest.param("def f(xs):\n    for i, (a, $0<old>) in xs:\n        print(<old>)\n", id="unpacked in a loop"),
    pytest.param("def f(xs):\n    a, *$0<old> = xs\n    return <old>\n", id="starred"),
    pytest.param("def f(xs):\n    return [$0<old> for <old> in xs if <old>]\n", id="a comprehension variable"),
    pytest.param("def f(old):\n    return [$0<old> for <old> in old]\n", id="not the first iterable"),
    pytest.param("def f(xs):\n    old = 1\n    return {$0<old>: 1 for <old> in xs}, old\n", id="a dict comprehension"),
    pytest.param("def f(xs):\n    return (y for x in xs for $0<old> in x for y in <old>)\n", id="the second iterable"),
    pytest.param("def f(xs):\n    if any(($0<old> := x) for x in xs):\n        return <old>\n", id="a walrus leaves its comprehension"),
    pytest.param("def f():\n    if ($0<old> := g()):\n        return <old>\n", id="a walrus"),
    pytest.param("def f():\n    with open('x') as $0<old>:\n        return <old>.read()\n", id="with"),
    pytest.param("def f():\n    with a() as ($0<old>, b), c(<old>):\n        return <old>\n", id="unpacked in a with"),
    pytest.param("def f():\n    try:\n        g()\n    except E as $0<old>:\n        raise X from <old>\n", id="except"),
    pytest.param("def f():\n    try:\n        g()\n    except* E as $0<old>:\n        print(<old>)\n", id="except*"),
    pytest.param("def f():\n    import os as $0<old>\n    return <old>.name\n", id="an alias"),
    pytest.param("def f():\n    $0<old>: int = 1\n    return f'{<old>} old {<old>!r:>{<old>}}'\n", id="f-strings"),
    pytest.param("def f(x):\n    match x:\n        case [$0<old>, *rest]:\n            return <old>\n", id="a match capture"),
    pytest.param("def f(x):\n    match x:\n        case [a, *$0<old>]:\n            return <old>\n", id="a match star"),
    pytest.param("def f(x):\n    match x:\n        case {'old': $0<old>, **r}:\n            return <old>\n", id="a match value"),
    pytest.param("def f(x):\n    match x:\n        case {'a': 1, **$0<old>}:\n            return <old>\n", id="a match rest"),
    pytest.param("def f(x):\n    match x:\n        case C(old=$0<old>):\n            return <old>\n", id="a match keyword's capture"),
    pytest.param("def f(x):\n    match x:\n        case (1 | 2) as $0<old>:\n            return <old>\n", id="a match as"),
    pytest.param("def f(x):\n    match x:\n        case <old> if $0<old> > 1:\n            return <old>\n", id="a match guard"),
    pytest.param("def f():\n    $0<old> = 1\n    del <old>\n", id="del"),
    pytest.param("def f():\n    $0<old> = [0]\n    <old>[0] = <old>[<old>[0]]\n    <old>.append(1)\n", id="subscripts"),
    pytest.param("def f():\n    $0<old> = 0\n    <old> += 1\n    return lambda: <old>\n", id="a lambda's body"),
    pytest.param("g = lambda $0<old>, k=1: <old> + k\n", id="a lambda's parameter"),
    pytest.param("old = 1\ng = lambda $0<old>=old: <old>\n", id="not a default"),
    pytest.param("def f():\n    def $0<old>():\n        return <old>\n    return <old>()\n", id="a nested function"),
    pytest.param("def f():\n    class $0<old>:\n        x: '<old>'\n    return <old>()\n", id="a nested class"),
    pytest.param("def f(x):\n    if x:\n        $0<old> = 1\n    else:\n        <old> = 2\n    return <old>\n", id="both branches"),
    pytest.param("async def f(xs):\n    async for $0<old> in xs:\n        await <old>\n", id="async"),
    pytest.param("def f():\n    global g\n    $0<old> = 1\n    g = <old>\n", id="beside a global"),
    pytest.param("def f[$0<old>](x: <old>) -> <old>:\n    y: <old> = x\n    return y\n", id="a type parameter"),
    pytest.param("class A[$0<old>]:\n    def f(self, x: <old>) -> list[<old>]: ...\n", id="a class's type parameter"),
    pytest.param("def f():\n    '😋'; $0<old> = '好' + g(<old>)\n", id="bytes are not code points"),
]  # fmt: skip

PARAMETERS = [
    pytest.param("def f($0<old>):\n    return <old>\nf(1)\nf(<old>=1)\n", id="with its keyword arguments"),
    pytest.param("def f(<old>):\n    return <old>\nf($0<old>=1)\n", id="from a keyword argument"),
    pytest.param("def f($0<old>): ...\ndef g(old): ...\nf(<old>=1)\ng(old=1)\nh(old=1)\n", id="not others' keywords"),
    pytest.param("def f(a, *, $0<old>=1):\n    return <old>\nf(1, <old>=2)\n", id="keyword-only"),
    pytest.param("def f(*$0<old>):\n    return <old>\n", id="*args"),
    pytest.param("def f(**$0<old>):\n    return <old>['old']\nf(old=1)\n", id="**kwargs takes no keyword of its name"),
    pytest.param("def f($0<old>, /):\n    return <old>\n", id="positional-only"),
    pytest.param("//- a.py\ndef f($0<old>): ...\n//- b.py\nfrom a import f\nf(<old>=1)\n", id="in another file"),
    pytest.param("//- a.py\ndef f($0<old>): ...\n//- b.py\nimport a as x\nfrom a import f as g\nx.f(<old>=1)\ng(<old>=2)\n", id="through aliases"),
    pytest.param("class A:\n    def m(self, $0<old>):\n        self.old = <old>\n\n\nA().m(<old>=1)\n", id="of a method"),
    pytest.param("class A:\n    def __init__(self, $0<old>):\n        self.old = <old>\n\n\nA(<old>=1)\nA(2).old\n", id="of a constructor"),
    pytest.param("class A:\n    def __init__(self, $0<old>): ...\nclass B(A):\n    def __init__(self, x):\n        super().__init__(<old>=x)\nclass C(A): ...\nC(<old>=1)\n", id="of a base's constructor"),
    pytest.param("class A:\n    @classmethod\n    def make(cls):\n        return cls(<old>=1)\n    def __init__(self, $0<old>): ...\n", id="through cls"),
    pytest.param("class A:\n    def m(self, $0<old>): ...\nclass B(A):\n    def m(self, <old>):\n        super().m(<old>=<old>)\nA().m(<old>=1)\nB().m(<old>=2)\n", id="of overrides as well"),
    pytest.param("class A:\n    def m(self, <old>): ...\nclass B(A):\n    def m(self, $0<old>): ...\n", id="of what it overrides as well"),
    pytest.param("class A:\n    def m(self, $0<old>): ...\nclass C:\n    def m(self, old): ...\nC().m(old=1)\n", id="not of unrelated classes"),
    pytest.param("from typing import overload\n@overload\ndef f($0<old>: int) -> int: ...\n@overload\ndef f(<old>: str) -> str: ...\ndef f(<old>):\n    return <old>\nf(<old>=1)\n", id="of every overload"),
    pytest.param("from functools import partial\ndef f($0<old>): ...\npartial(f, <old>=1)\n", id="through partial"),
    pytest.param("def f($0<old>):\n    def g(x=<old>):\n        return <old>\n    return g\n", id="in an inner default"),
    pytest.param("def f($0<old>: int = 1) -> None:\n    '''old'''\n    print(f'{<old>}')\n", id="with a default"),
    pytest.param("@deco(old=1)\ndef f($0<old>): ...\n", id="not a decorator's keyword"),
    pytest.param("class A:\n    @staticmethod\n    def m($0<old>): ...\nA.m(<old>=1)\n", id="of a static method"),
    pytest.param("def f($0<old>): ...\ng = f\ng(<old>=1)\n", id="through another name of the function"),
    pytest.param("def make($0<old>):\n    return <old>\ndef make2(old):\n    return make(<old>=old)\n", id="passed on"),
]  # fmt: skip

GLOBALS = [
    pytest.param("$0<old> = 1\ndef f():\n    return <old>\n", id="a variable"),
    pytest.param("<old> = 1\ndef f():\n    global $0<old>\n    <old> = 2\n", id="from global"),
    pytest.param("def f():\n    global $0<old>\n    <old> = 2\ndef g():\n    return <old>\n", id="made by global alone"),
    pytest.param("$0<old> = 1\nclass A:\n    old = <old>\n    def f(self):\n        return <old>, self.old\n", id="not a class's"),
    pytest.param("def $0<old>(): ...\n<old>()\nx.old()\n", id="a function"),
    pytest.param("class $0<old>: ...\nx: <old> = <old>()\ny: '<old>'\nclass B(<old>): ...\n", id="a class"),
    pytest.param("class $0<old>: ...\nx: 'list[<old> | None]' = []\ndef f(a: '<old>') -> '<old>': ...\n", id="quoted annotations"),
    pytest.param("from typing import List, cast, TypeVar\nclass $0<old>: ...\nT = TypeVar('T', bound='<old>')\nA = List['<old>']\nx = cast('<old>', y)\nz = {'old': 1}['old']\n", id="forward references"),
    pytest.param("__all__ = ['$0<old>', 'x']\n__all__ += ['y']\ndef <old>(): ...\n", id="__all__"),
    pytest.param("class $0<old>(Exception): ...\ntry: ...\nexcept <old>: ...\nexcept (<old>, E): ...\n", id="an exception"),
    pytest.param("@$0<old>\ndef f(): ...\n@<old>.x\ndef g(): ...\ndef <old>(f): ...\n", id="a decorator"),
    pytest.param("if x:\n    def $0<old>(): ...\nelse:\n    def <old>(): ...\n<old>()\n", id="conditional definitions"),
    pytest.param("try:\n    from x import <old|old as new>\nexcept ImportError:\n    $0<old> = None\nprint(<old>)\n", id="not through a foreign import"),
    pytest.param("from typing import overload\n@overload\ndef $0<old>(x: int): ...\n@overload\ndef <old>(x: str): ...\ndef <old>(x): ...\n", id="overloads"),
    pytest.param("type $0<old> = int\nx: <old>\n", id="a type alias"),
    pytest.param("from typing import TypeVar\n$0<old> = TypeVar('old')\ndef f(x: <old>) -> <old>: ...\n", id="a TypeVar, without the string"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\nfrom a import <old>\n<old>()\n//- c.py\nimport a\na.<old>()\n//- d.py\nold = 1\nx.old\n", id="in other files"),
    pytest.param("//- a.py\ndef <old>(): ...\n//- b.py\nfrom a import <old>\n$0<old>()\n", id="from another file"),
    pytest.param("//- a.py\ndef <old>(): ...\n//- b.py\nfrom a import $0<old>\n<old>()\n", id="from an import"),
    pytest.param("//- a.py\ndef <old>(): ...\n//- b.py\nimport a\na.$0<old>()\n", id="from a module's attribute"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\nfrom a import <old> as other\nother()\n", id="an alias stays"),
    pytest.param("//- a.py\ndef old(): ...\n//- b.py\nfrom a import old as $0<other>\n<other>()\n", id="an alias alone"),
    pytest.param("//- a.py\ndef old(): ...\n//- b.py\nfrom a import old as $0<other>\n//- c.py\nfrom b import <other>\n<other>()\n", id="an alias that others import"),
    pytest.param("//- p/__init__.py\nfrom .m import <old>\n__all__ = ['<old>']\n//- p/m.py\ndef $0<old>(): ...\n//- b.py\nfrom p import <old>\nimport p\n<old>(), p.<old>(), p.m.old2\n", id="a re-export"),
    pytest.param("//- p/__init__.py\nfrom .m import *\n//- p/m.py\ndef $0<old>(): ...\n//- b.py\nfrom p import <old>\n<old>()\n", id="a star re-export"),
    pytest.param("//- m.py\ndef $0<old>(): ...\n//- b.py\nfrom m import *\n<old>()\n", id="a star import"),
    pytest.param("//- m.py\n__all__ = ['x']\ndef $0<old>(): ...\n//- b.py\nfrom m import *\nold()\n", id="a star import that leaves it out"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\nfrom a import <old> as <old>\n<old>()\n", id="a redundant alias"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\ndef f():\n    from a import <old>\n    return <old>()\nold = 1\n", id="imported in a function"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\ntry:\n    from a import <old>\nexcept ImportError:\n    <old> = None\n<old>()\n", id="imported in a try"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\ntry:\n    from a import <old>\nexcept ImportError:\n    from x import <old|old as new>\n<old>()\n", id="imported from elsewhere as a fallback"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\nfrom a import (\n    <old>,\n    other,\n)\n<old>(other)\n", id="in a list of imports"),
    pytest.param("//- a.py\n$0<old>: int = 1\n//- a.pyi\n<old>: int\n//- b.py\nfrom a import <old>\n", id="with its stub"),
    pytest.param("//- a.py\nclass $0<old>: ...\n//- b.py\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import <old>\ndef f(x: '<old>') -> 'list[<old>]': ...\n", id="imported for types"),
    pytest.param("//- a.py\n$0<old> = 1\n//- b.py\nimport a\na.<old> = 2\na.<old> += 1\ndel a.<old>\n", id="written through its module"),
    pytest.param("//- p/__init__.py\n//- p/m.py\n$0<old> = 1\n//- b.py\nimport p.m\nimport p.m as q\nfrom p import m\np.m.<old>, q.<old>, m.<old>\n", id="through every way to its module"),
    pytest.param("//- a.py\n$0<old> = 1\n//- b.py\nold = 2\nimport a\nprint(old, a.<old>)\n", id="beside a namesake"),
    pytest.param("//- a.py\nfrom b import <old>\n//- b.py\nfrom a import x\n$0<old> = 1\n", id="in a cycle"),
    pytest.param("//- m.py\nRED = 1\n$0<old> = 2\n//- b.py\nimport m\ndef f(x):\n    match x:\n        case m.<old>:\n            pass\n", id="in a pattern"),
]  # fmt: skip

MEMBERS = [
    pytest.param("class A:\n    def $0<old>(self): ...\n    def n(self):\n        self.<old>()\nA().<old>()\nx.old2\n", id="a method"),
    pytest.param("class A:\n    def <old>(self): ...\nA().$0<old>()\n", id="from a call"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B:\n    def old(self): ...\nA().<old>()\nB().old()\nold = 1\n", id="not an unrelated class's"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B(A):\n    def <old>(self):\n        super().<old>()\nB().<old>()\n", id="with its override"),
    pytest.param("class A:\n    def <old>(self): ...\nclass B(A):\n    def $0<old>(self): ...\nclass C(A):\n    def <old>(self): ...\n", id="with siblings' overrides"),
    pytest.param("//- a.py\nclass A:\n    def $0<old>(self): ...\n//- b.py\nfrom a import A\nclass B(A):\n    def <old>(self):\n        return super().<old>()\n//- c.py\nfrom b import B\nB().<old>()\n//- d.py\nclass D:\n    def old(self): ...\n    def n(self): self.old()\n", id="across files"),
    pytest.param("class A:\n    x = 1\nclass B(A):\n    def f(self):\n        return self.x\nclass C(B):\n    def $0<old>(self): ...\n    g = <old>\n", id="used in the class body"),
    pytest.param("class A:\n    $0<old> = 1\n    def f(self):\n        return self.<old>, A.<old>, old\nA.<old>\n", id="a class attribute"),
    pytest.param("class A:\n    def __init__(self):\n        self.$0<old> = 1\n    def f(self):\n        self.<old> += 1\n        return self.<old>\nA().<old>\n", id="an instance attribute"),
    pytest.param("class A:\n    <old>: int = 0\n    def __init__(self):\n        self.$0<old> = 1\n", id="class and instance attribute"),
    pytest.param("class A:\n    def __init__(self, old):\n        self.$0<old> = old\nA(old=1).<old>\n", id="not the parameter that fills it"),
    pytest.param("class A:\n    @property\n    def $0<old>(self):\n        return 1\n    @<old>.setter\n    def <old>(self, v): ...\n    @<old>.deleter\n    def <old>(self): ...\nA().<old> = A().<old>\n", id="a property with setter and deleter"),
    pytest.param("class A:\n    __slots__ = ('<old>', 'x')\n    def __init__(self):\n        self.$0<old> = 1\n", id="__slots__"),
    pytest.param("from dataclasses import dataclass\n@dataclass\nclass A:\n    $0<old>: int\n    x: int = 1\nA(<old>=1).<old>\nA(1, x=2)\n", id="a dataclass field"),
    pytest.param("from dataclasses import dataclass\n@dataclass\nclass A:\n    $0<old>: int\n@dataclass\nclass B(A):\n    y: int\nB(<old>=1, y=2)\n", id="an inherited dataclass field"),
    pytest.param("from typing import NamedTuple\nclass A(NamedTuple):\n    $0<old>: int\nA(<old>=1).<old>\n", id="a named tuple's field"),
    pytest.param("from enum import Enum\nclass A(Enum):\n    $0<old> = 1\n    B = 2\nA.<old>\ndef f(x: A):\n    match x:\n        case A.<old>:\n            pass\n", id="an enum member"),
    pytest.param("class A:\n    $0<old>: int\ndef f(x):\n    match x:\n        case A(<old>=1):\n            pass\n        case A(<old>=old):\n            return old\n", id="a match keyword"),
    pytest.param("class A:\n    def $0<old>(self): ...\ndef f(a: A, b: 'A', c: A | None):\n    a.<old>()\n    b.<old>()\n    c.<old>()\n", id="annotated receivers"),
    pytest.param("class A:\n    def $0<old>(self): ...\ndef make() -> A:\n    return A()\nmake().<old>()\nx = make()\nx.<old>()\n", id="a returned receiver"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B:\n    def __init__(self):\n        self.a = A()\n    def f(self):\n        self.a.<old>()\nB().a.<old>()\n", id="a receiver in an attribute"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B:\n    def old(self): ...\nfor x in [A()]:\n    x.<old>()\n", id="a receiver that inference finds in a list"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B:\n    def old(self): ...\ndef f(x):\n    x.<old>()\nf(A())\n", id="a receiver that inference finds by a call"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B:\n    def old(self): ...\nwith A() as a:\n    pass\nxs: list[A] = []\nxs[0].<old>()\n", id="a receiver in an annotated list"),
    pytest.param("class A:\n    @classmethod\n    def $0<old>(cls):\n        return cls.<old>\nA.<old>()\n", id="a class method"),
    pytest.param("class A:\n    @staticmethod\n    def $0<old>(): ...\nA.<old>()\nA().<old>()\n", id="a static method"),
    pytest.param("class A:\n    class $0<old>: ...\n    x: <old>\n    def f(self) -> 'A.<old>':\n        return self.<old>()\nA.<old>()\n", id="a nested class"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass M:\n    def other(self): ...\nclass B(M, A): ...\nB().<old>()\n", id="inherited beside a mixin"),
    pytest.param("import threading\nclass A(threading.Thread):\n    def $0<old>(self): ...\nA().<old>()\n", id="in a class with a foreign base"),
    pytest.param("class F:\n    def __init__(self, $0<old>=1): ...\nclass G(F):\n    def __init__(self, *a, **kw):\n        super().__init__(*a, **kw)\nG(<old>=2)\nF(<old>=3)\n", id="not a parameter of its own, but passed on"),
    pytest.param("class A:\n    old = 1\n    def f(self):\n        $0<old> = self.old\n        return <old>\n", id="a local beside an attribute"),
    pytest.param("class A:\n    def m(self):\n        self.$0<old> = 1\nclass B(A):\n    def n(self):\n        return self.<old>\n", id="an attribute used in a subclass"),
    pytest.param("from typing import Protocol\nclass P(Protocol):\n    def $0<old>(self): ...\ndef f(p: P):\n    p.<old>()\n", id="a protocol's method"),
    pytest.param("from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def $0<old>(self): ...\nclass B(A):\n    def <old>(self): ...\n", id="an abstract method"),
    pytest.param("class A:\n    def f(self):\n        return self.$0<old>\n    def __init__(self):\n        self.<old>: int = 1\n", id="from a use before the definition"),
    pytest.param("class A:\n    $0<old> = 1\nclass B:\n    a = A()\nB.a.<old>\nB().a.<old>\n", id="through a class attribute"),
]  # fmt: skip


@pytest.mark.parametrize("text", [*LOCALS, *PARAMETERS, *GLOBALS, *MEMBERS])
def test_every_use_follows_and_nothing_else(tmp_path: Path, text: str) -> None:
    check_operation(tmp_path, "rename_symbol", before_of(text), after_of(text), new_name=NEW)


REFUSED = [
    pytest.param("def f():\n    $0old = 1\n    new = 2\n    return old + new\n", "`new` is a variable there already", id="taken in the scope"),
    pytest.param("def f($0old, new): ...\n", "`new` is a parameter there already", id="taken by a parameter"),
    pytest.param("$0old = 1\ndef new(): ...\n", "`new` is a function there already", id="taken by a function"),
    pytest.param("$0old = 1\nimport new\n", "`new` is an import there already", id="taken by an import"),
    pytest.param("$0old = 1\ndef f():\n    new = 2\n    return old, new\n", "`new` would mean another name", id="hidden where it is used"),
    pytest.param("$0old = 1\ndef f(new):\n    return lambda: old\n", "`new` would mean another name", id="hidden by a parameter"),
    pytest.param("new = 1\ndef f():\n    $0old = 2\n    return new\n", "`new` at .*:4 would come to mean", id="would capture a global"),
    pytest.param("def f():\n    $0old = 2\n    def g():\n        return new\n", "would come to mean", id="would capture in a closure"),
    pytest.param("def f():\n    global new\n    new = 1\n$0old = 2\n", "`new` is a global name there already", id="taken by a global statement"),
    pytest.param("//- a.py\n$0old = 1\n//- b.py\nfrom a import old\nnew = 2\n", r"`new` is a variable there already \(b.py:2\)", id="taken where it is imported"),
    pytest.param("//- a.py\n$0old = 1\n//- b.py\nfrom a import *\nnew = old\n", "`new` is bound in a file that star-imports it", id="taken where it is star-imported"),
    pytest.param("//- p/__init__.py\n$0old = 1\n//- p/new.py\n", "`new` is a module of the package already", id="taken by a module"),
    pytest.param("class A:\n    def $0old(self): ...\n    def new(self): ...\n", "`A` has a member `new` already", id="taken in the class"),
    pytest.param("class A:\n    new = 1\nclass B(A):\n    def $0old(self): ...\n", "`A` has a member `new` already", id="taken in a base"),
    pytest.param("class A:\n    def $0old(self): ...\nclass B(A):\n    def new(self): ...\n", "`B`, which inherits from `A`, has a member `new`", id="taken in a subclass"),
    pytest.param("class A:\n    def $0old(self): ...\n    def f(self):\n        self.new = 1\n", "`A` has a member `new` already", id="taken by an attribute"),
    pytest.param("import threading\nclass A(threading.Thread):\n    def $0run(self): ...\n", "overrides a member of `threading.Thread`", id="overrides the standard library"),
    pytest.param("from unittest import TestCase\nclass A(TestCase):\n    def $0setUp(self): ...\n", "overrides a member of `TestCase`", id="overrides an imported class"),
    pytest.param("class A(dict):\n    def $0get(self, k): ...\n", "overrides a member of `dict`", id="overrides a builtin"),
    pytest.param("class B(dict): ...\nclass A(B):\n    def $0get(self, k): ...\n", "overrides a member of `dict`", id="overrides a builtin further up"),
    pytest.param("class A(dict):\n    def __$0init__(self): ...\n", "has a meaning to Python itself", id="a dunder"),
    pytest.param("$0print(1)\n", "`print` is a builtin", id="a builtin"),
    pytest.param("import $0os\n", "outside this workspace", id="a foreign module"),
    pytest.param("from os import $0path\n", "`path` comes from `os`, which is outside", id="a foreign name"),
    pytest.param("import os\nos.$0getcwd()\n", "outside this workspace|cannot tell", id="a foreign attribute"),
    pytest.param("$0undefined\n", "is not defined in this workspace", id="an undefined name"),
    pytest.param("# $0old\n", "no name at byte", id="in a comment"),
    pytest.param("x = '$0old'\n", "no name at byte", id="in a string"),
    pytest.param("class A:\n    def old(self): ...\nclass B:\n    def old(self): ...\ndef f(x):\n    x.$0old()\n", "cannot tell what `old` belongs to", id="an unknown receiver"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_refused(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "rename_symbol", text, reason, new_name=NEW)


def test_a_private_name_stays_in_its_class(tmp_path: Path) -> None:
    before = "class A:\n    def __$0x(self): ...\n    def f(self):\n        self.__x()\n"
    check_operation(
        tmp_path,
        "rename_symbol",
        before,
        before.replace("$0", "").replace("__x", "__y"),
        new_name="__y",
    )


def test_a_name_that_is_used_outside_cannot_become_private(tmp_path: Path) -> None:
    before = "class A:\n    def $0x(self): ...\nA().x()\n"
    check_refused(tmp_path, "rename_symbol", before, "private to its class", new_name="__x")


def doubts_of(root: Path, text: str, **arguments: Any) -> tuple[dict[str, str], dict[str, str]]:
    """(place -> doubt of each marked edit, place -> text of each note)."""
    with case_of(root, text, new_name=NEW, **arguments) as case:
        change = case.run("rename_symbol")
        show = case.fixture.show
        marked = {
            show(file.path, edit.span.start): edit.doubt
            for file in change.files
            for edit in file.edits
            if edit.doubt
        }
        return marked, {show(note.path, note.span.start): note.text for note in change.notes}


MARKED = [
    pytest.param("class A:\n    def $0old(self): ...\ndef f(x):\n    x.old()\n", {"main.py:4": "not known here"}, {}, id="an unknown receiver, the only such member"),
    pytest.param("class A:\n    def $0old(self): ...\nclass B:\n    def old(self): ...\ndef f(x):\n    x.old()\n", {}, {"main.py:6": "unknown object"}, id="an unknown receiver, one of two"),
    pytest.param("class A:\n    def $0get(self): ...\ndef f(x):\n    x.get()\n", {}, {"main.py:4": "unknown object"}, id="an unknown receiver, a common name"),
    pytest.param("class A:\n    $0old = 1\ngetattr(A, 'old')\nsetattr(A, 'old', 1)\n", {"main.py:3": "dynamic access", "main.py:4": "dynamic access"}, {}, id="getattr"),
    pytest.param("class A:\n    $0old = 1\ngetattr(A(), 'old')\n", {"main.py:3": "dynamic access"}, {}, id="getattr of a new object"),
    pytest.param("//- p/__init__.py\n//- p/a.py\ndef $0old(): ...\n//- t.py\nfrom p import a\n@patch('p.a.old')\ndef test(_): ...\n", {"t.py:2": "dotted name"}, {}, id="a dotted name in a file that says it nowhere else"),
    pytest.param("class A:\n    $0old = 1\ndef f(x):\n    getattr(x, 'old')\n", {}, {"main.py:4": "unknown object"}, id="getattr of an unknown object"),
    pytest.param("$0old = 1\nglobals()['old']\n", {"main.py:2": "globals()"}, {}, id="globals"),
    pytest.param("//- p/__init__.py\n//- p/a.py\ndef $0old(): ...\n//- t.py\nfrom p.a import old\npatch('p.a.old')\npatch('q.a.old')\n", {"t.py:2": "dotted name"}, {}, id="a dotted name in a string"),
    pytest.param("$0old = 1\nprint(f'{old=} {old == 1}')\n", {"main.py:2": "prints the name"}, {}, id="an f-string that prints the name"),
    pytest.param("class B(Foreign):\n    def $0old(self): ...\nfrom foreign import Foreign\n", {"main.py:2": "may define `old`"}, {}, id="a base that cannot be read"),
    pytest.param("class A:\n    def $0old(self): ...\nclass B:\n    def old(self): ...\ndef f(x: A | B):\n    x.old()\n", {"main.py:6": "another class's"}, {}, id="one of two classes"),
    pytest.param("def f($0old): ...\ndef g(**kw):\n    kw['old'] = 1\n    f(**kw)\n", {}, {"main.py:3": "keyword arguments"}, id="a key of keyword arguments"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "marked", "noted"), MARKED)
def test_what_is_not_certain_is_said(
    tmp_path: Path, text: str, marked: dict[str, str], noted: dict[str, str]
) -> None:
    got_marked, got_noted = doubts_of(tmp_path, text)
    assert got_marked.keys() == marked.keys()
    assert all(marked[place] in got_marked[place] for place in marked)
    assert got_noted.keys() == noted.keys()
    assert all(noted[place] in got_noted[place] for place in noted)


def test_strings_and_comments_on_request(tmp_path: Path) -> None:
    before = "def $0old():\n    '''Like old, not older.'''  # old\n    return 'old'\n"
    plain = before.replace("def $0old", "def new")
    check_operation(tmp_path / "a", "rename_symbol", before, plain, new_name=NEW)
    with_comments = plain.replace("# old", "# new")
    check_operation(
        tmp_path / "b", "rename_symbol", before, with_comments, new_name=NEW, comments=True
    )
    with_strings = plain.replace("Like old", "Like new").replace("return 'old'", "return 'new'")
    check_operation(
        tmp_path / "c", "rename_symbol", before, with_strings, new_name=NEW, strings=True
    )
    marked, _ = doubts_of(tmp_path / "d", before, strings=True, comments=True)
    assert marked == {"main.py:2": "in a comment", "main.py:3": "in a string"}


SYMBOLS = [
    pytest.param("def old(): ...\n", "old", "def new(): ...\n", id="a function"),
    pytest.param("class A:\n    def old(self): ...\nclass B:\n    def old(self): ...\n", "B.old", "class A:\n    def old(self): ...\nclass B:\n    def new(self): ...\n", id="a method"),
    pytest.param("def f():\n    old = 1\n    return old\n", "f.old", "def f():\n    new = 1\n    return new\n", id="a local"),
    pytest.param("class A:\n    def f(self, old): ...\n", "A.f.old", "class A:\n    def f(self, new): ...\n", id="a parameter"),
    pytest.param("def old(): ...\n", "main.py::old", "def new(): ...\n", id="with its file"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "symbol", "after"), SYMBOLS)
def test_by_symbol(tmp_path: Path, before: str, symbol: str, after: str) -> None:
    check_operation(tmp_path, "rename_symbol", before, after, symbol=symbol, new_name=NEW)


@pytest.mark.parametrize(
    ("text", "symbol", "reason"),
    [
        (
            "//- a.py\ndef old(): ...\n//- b.py\ndef old(): ...\n",
            "old",
            r"names 2 symbols: old \(a.py:1\)",
        ),
        ("def older(): ...\n", "old", "no symbol `old`; there is `older`"),
    ],
)
def test_a_symbol_must_be_one(tmp_path: Path, text: str, symbol: str, reason: str) -> None:
    check_refused(tmp_path, "rename_symbol", text, reason, symbol=symbol, new_name=NEW)


def test_the_same_name_changes_nothing(tmp_path: Path) -> None:
    check_operation(tmp_path, "rename_symbol", "$0old = 1\n", "old = 1\n", new_name="old")


def test_unsaved_text_is_renamed(tmp_path: Path) -> None:
    with case_of(tmp_path, "//- a.py\ndef $0old(): ...\n//- b.py\n", new_name=NEW) as case:
        case.fixture.open("b.py", "from a import old\n\nold()\n")
        change = case.run("rename_symbol")
        after = change.apply(case.fixture.snapshot.text)
        text = after[case.fixture.absolute("b.py")]
        assert text is not None
        assert text.string == "from a import new\n\nnew()\n"


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("class", "`class` is a keyword"),
        ("None", "`None` is a keyword"),
        ("1x", "'1x' is not an identifier"),
        ("a b", "'a b' is not an identifier"),
        ("a.b", "'a.b' is not an identifier"),
        ("", "'' is not an identifier"),
        ("__x__", "Python keeps for itself"),
    ],
)
def test_a_new_name_must_be_one(tmp_path: Path, new: str, reason: str) -> None:
    check_refused(tmp_path, "rename_symbol", "$0old = 1\n", reason, new_name=new)
