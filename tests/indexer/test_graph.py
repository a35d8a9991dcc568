"""What names mean and who uses them: text in, places out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph import (
    callees,
    callers,
    definitions,
    importers,
    references,
    subclasses,
    targets_named,
    tests_of,
)
from treewright_indexer.graph.references import highlights

DEFINITION_CASES = [
    pytest.param("def f(): ...\n$0f()\n", ["main.py:1"], id="a function of the module"),
    pytest.param("x = 1\ndef f(x):\n    return $0x\n", ["main.py:2"], id="a parameter hides a global"),
    pytest.param("def f():\n    y = 1\n    return [$0y for _ in ()]\n", ["main.py:2"], id="a local"),
    pytest.param("class A:\n    x = 1\n    def m(self):\n        return $0x\n", [], id="class scope is hidden"),
    pytest.param("x = 0\nclass A:\n    x = 1\n    def m(self):\n        return $0x\n", ["main.py:1"], id="…and the global seen"),
    pytest.param("class A:\n    def m(self): ...\n    def n(self):\n        self.$0m()\n", ["main.py:2"], id="self"),
    pytest.param("class A:\n    def m(self): ...\nclass B(A):\n    def n(self):\n        self.$0m()\n", ["main.py:2"], id="an inherited method"),
    pytest.param("class A:\n    def m(self): ...\nclass B(A):\n    def m(self):\n        super().$0m()\n", ["main.py:2"], id="super"),
    pytest.param("class A:\n    def m(self): ...\nclass C:\n    def m(self): ...\nA().$0m()\n", ["main.py:2"], id="a constructed receiver"),
    pytest.param("class A:\n    def m(self): ...\nclass C:\n    def m(self): ...\ndef f(a: 'A | None'):\n    a.$0m()\n", ["main.py:2"], id="an annotated parameter"),
    pytest.param("class A:\n    def m(self): ...\nclass C:\n    def m(self): ...\na = A()\na.$0m()\n", ["main.py:2"], id="an assigned variable"),
    pytest.param("class A:\n    def m(self): ...\nclass C:\n    def m(self): ...\ndef make() -> A: ...\nmake().$0m()\n", ["main.py:2"], id="a returned instance"),
    pytest.param("//- a.py\ndef f(): ...\n//- b.py\nfrom a import f\n$0f()\n", ["a.py:1"], id="from import"),
    pytest.param("//- a.py\ndef f(): ...\n//- b.py\nfrom a import f as g\n$0g()\n", ["a.py:1"], id="through an alias"),
    pytest.param("//- a.py\ndef f(): ...\n//- b.py\nimport a\na.$0f()\n", ["a.py:1"], id="module attribute"),
    pytest.param("//- p/__init__.py\nfrom .m import f\n//- p/m.py\ndef f(): ...\n//- b.py\nfrom p import f\n$0f()\n", ["p/m.py:1"], id="a re-export"),
    pytest.param("//- p/__init__.py\nfrom .m import *\n//- p/m.py\ndef f(): ...\n//- b.py\nfrom p import f\n$0f()\n", ["p/m.py:1"], id="a star re-export"),
    pytest.param("//- p/__init__.py\n//- p/q/__init__.py\n//- p/q/a.py\nfrom ..m import f\n$0f()\n//- p/m.py\ndef f(): ...\n", ["p/m.py:1"], id="relative, two up"),
    pytest.param("//- p/__init__.py\n//- p/m.py\ndef f(): ...\n//- b.py\nfrom p import m\nm.$0f()\n", ["p/m.py:1"], id="a submodule"),
    pytest.param("//- p/__init__.py\n//- p/m.py\ndef f(): ...\n//- b.py\nimport p.m\np.m.$0f()\n", ["p/m.py:1"], id="a dotted module"),
    pytest.param("//- src/p/__init__.py\n//- src/p/m.py\ndef f(): ...\n//- tests/t.py\nfrom p.m import f\n$0f()\n", ["src/p/m.py:1"], id="a src layout"),
    pytest.param("//- a.py\nfrom b import f\n//- b.py\nfrom a import f\n$0f()\n", [], id="a cycle ends"),
    pytest.param("def f(*, size): ...\nf($0size=1)\n", ["main.py:1"], id="a keyword argument"),
    pytest.param("import os\nos.$0getcwd()\ndef getcwd(): ...\n", [], id="a foreign module is not ours"),
    pytest.param("def f():\n    global g\n    g = 1\ng = 0\nprint($0g)\n", ["main.py:4"], id="a global"),
    pytest.param("'😋' ; 好 = 1\nprint($0好)\n", ["main.py:1"], id="bytes are not code points"),
    pytest.param("# f$0\ndef f(): ...\n", [], id="not in a comment"),
    pytest.param("class O[T]:\n    class In: ...\n    def m[U](self, a: $0In): ...\n", ["main.py:2"], id="type parameters do not hide the class"),
    pytest.param("class O:\n    class In: ...\n    def m[U](self): return $0In\n", [], id="…but the body of its methods does not see it"),
    pytest.param("class M(type):\n    def make(cls): ...\nclass A(metaclass=M): ...\nA.$0make()\n", ["main.py:2"], id="a member of the metaclass"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DEFINITION_CASES)
def test_definition(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        found = definitions(fixture.snapshot, fixture.path, fixture.offset)
        assert [fixture.show(t.path, t.name_span.start) for t in found] == expected


REFERENCE_CASES = [
    pytest.param(
        "//- a.py\ndef $0f(): ...\nf()\n//- b.py\nfrom a import f\nf()\n//- c.py\nimport a\na.f()\n"
        "//- d.py\ndef f(): ...\nf()\n//- e.py\nx.f()\n# f\n'f'\n",
        ["a.py:1", "a.py:2", "b.py:1", "b.py:2", "c.py:2"],
        id="imports, module attribute; not a namesake, a comment or a string",
    ),
    pytest.param(
        "//- a.py\ndef $0f(): ...\n//- b.py\nfrom a import f as g\ng()\n",
        ["a.py:1", "b.py:1", "b.py:1", "b.py:2"],
        id="through an alias",
    ),
    pytest.param(
        "//- p/__init__.py\nfrom .m import f\n//- p/m.py\ndef $0f(): ...\n//- b.py\nfrom p import f\nf()\n",
        ["b.py:1", "b.py:2", "p/__init__.py:1", "p/m.py:1"],
        id="through a re-export",
    ),
    pytest.param(
        "def f(x):\n    $0y = x\n    def g(y):\n        return y\n    return y\ny = 2\n",
        ["main.py:2", "main.py:5"],
        id="a local, not its namesakes",
    ),
    pytest.param(
        "//- a.py\nclass A:\n    def $0m(self): ...\n    def n(self): self.m()\n"
        "//- b.py\nfrom a import A\nA().m()\nclass B(A):\n    def k(self): self.m()\n"
        "//- c.py\nclass C:\n    def m(self): ...\n    def n(self): self.m()\n",
        ["a.py:2", "a.py:3", "b.py:2", "b.py:4"],
        id="a method",
    ),
    pytest.param(
        "def f(*, $0size): return size\nf(size=1)\ndef g(size): ...\ng(size=2)\n",
        ["main.py:1", "main.py:1", "main.py:2"],
        id="a parameter and its keyword arguments",
    ),
]


@pytest.mark.parametrize(("text", "expected"), REFERENCE_CASES)
def test_references(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        (target,) = definitions(fixture.snapshot, fixture.path, fixture.offset)
        uses = references(fixture.snapshot, target)
        assert [fixture.show(u.path, u.span.start) for u in uses] == expected


def test_unsaved_text_is_the_truth(tmp_path: Path) -> None:
    text = "//- a.py\ndef f(): ...\n//- b.py\nfrom a import f\nf()\n"
    with workspace_of(tmp_path, text) as fixture:
        fixture.open("b.py", "from a import f\n\n\nf()\nf()\n")
        (target,) = targets_named(fixture.snapshot, "f")
        uses = references(fixture.snapshot, target)
        shown = [fixture.show(u.path, u.span.start) for u in uses]
        assert shown == ["a.py:1", "b.py:1", "b.py:4", "b.py:5"]


def test_neighbours(tmp_path: Path) -> None:
    text = """
    //- a.py
    class Base: ...
    def helper(): ...
    def work():
        helper()
        return Base()
    //- b.py
    from a import Base, work
    class Derived(Base): ...
    class Last(Derived): ...
    //- test_a.py
    from a import work
    def test_work():
        assert work()
    """
    with workspace_of(tmp_path, text) as fixture:
        snapshot = fixture.snapshot
        (base,) = targets_named(snapshot, "Base")
        (work,) = targets_named(snapshot, "work")
        (helper,) = targets_named(snapshot, "a.helper")
        assert [t.name for t in subclasses(snapshot, base)] == ["Derived", "Last"]
        assert [use.enclosing for use in callers(snapshot, helper)] == ["work"]
        assert [t.name for t in callees(snapshot, work)] == ["helper", "Base"]
        assert [fixture.show(u.path, 0) for u in importers(snapshot, work)] == [
            "b.py:1",
            "test_a.py:1",
        ]
        assert [t.name for t in tests_of(snapshot, work)] == ["test_work"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param(
            "class A:\n    @property\n    def x(self): ...\n    @x.setter\n    def $0x(self, v): ...\nA().x",
            [2, 3, 4, 5], id="a property and its setter",
        ),
        pytest.param(
            "class K:\n    A = 1\nmatch k:\n    case K.A | K.$0A: ...", [1, 3, 3], id="patterns",
        ),
        pytest.param(
            "@overload\ndef f(a): ...\n@overload\ndef $0f(b): ...\ndef f(c): ...\nf(1)",
            [1, 3, 4, 5], id="overloads",
        ),
        pytest.param(
            "class P:\n    x: int\nmatch p:\n    case P($0x=1): ...", [1, 3], id="fields in patterns",
        ),
        pytest.param("sorted(r, $0key=1)\nmax(r, key=2)\nsorted(s, key=3)", [0, 2], id="keywords"),
    ],
)  # fmt: skip
def test_highlights(tmp_path: Path, text: str, lines: list[int]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        source = fixture.snapshot.text(fixture.path)
        found = highlights(fixture.snapshot, fixture.path, fixture.offset, CancelToken())
        assert [source.line_of(use.span.start) for use in found] == lines
