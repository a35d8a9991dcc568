"""What editors ask beyond the graph, as text in and text out."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_indexer import graph
from treewright_indexer.cancel import CancelToken
from treewright_indexer.ide.arguments import not_given
from treewright_indexer.ide.calls import foreign_module, incoming, outgoing
from treewright_indexer.ide.completion import Completion, complete, documentation
from treewright_indexer.ide.folding import folds
from treewright_indexer.ide.hints import parameter_hints
from treewright_indexer.ide.links import links
from treewright_indexer.ide.problems import cycles, problems, unresolved
from treewright_indexer.ide.recent import Recent
from treewright_indexer.ide.selection import growing
from treewright_indexer.ide.signatures import (
    Signature,
    parameter_name,
    signatures,
    split_parameters,
)
from treewright_indexer.ide.tokens import tokens
from treewright_indexer.ide.typed import type_definitions
from treewright_indexer.text import Span

TOKEN = CancelToken()


# Folding


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("def f():\n    x = 1\n    return x\n\n\ny = 1\n", ["0-2"], id="a body"),
        pytest.param("if a:\n    b\nelse:\n    c\n", ["0-1", "2-3"], id="branches"),
        pytest.param("x = [\n    1,\n    2,\n]\n", ["0-2"], id="the bracket's line stays"),
        pytest.param("x = f(\n    1)\n", [], id="nothing between the brackets but one line"),
        pytest.param("# one\n# two\nx = 1\n", ["0-1 comment"], id="comments"),
        pytest.param("# one\n\n# two\nx = 1\n", [], id="comments apart"),
        pytest.param(
            "import a\nimport b\n\nfrom c import d\nx = 1\n", ["0-3 imports"], id="imports"
        ),
        pytest.param('x = """\na\nb\n"""\n', ["0-3"], id="a long string"),
        pytest.param("#region A\nx = 1\n#endregion\n", ["0-2 region"], id="a region"),
        pytest.param("x = 1\n", [], id="nothing"),
        pytest.param("def f(:\n    x = [\n        1,\n    ]\n", ["1-2"], id="a syntax error"),
    ],
)
def test_folds(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, {"main.py": text}) as fixture:
        found = folds(fixture.snapshot, fixture.absolute("main.py"), TOKEN)
        shown = [f"{fold.first}-{fold.last} {fold.kind}".strip() for fold in found]
        assert [fold for fold in shown if fold in expected] == expected
        if not expected:
            assert shown == []
        for fold in found:
            assert fold.start <= fold.end


# Selection


def test_a_selection_grows_by_nodes(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "def f(a):\n    return g(a.b$0c, 1)\n") as fixture:
        text = fixture.snapshot.text(fixture.path)
        grown = [
            text.slice(span) for span in growing(fixture.snapshot, fixture.path, fixture.offset)
        ]
        assert grown == [
            "bc", "a.bc", "a.bc, 1", "(a.bc, 1)", "g(a.bc, 1)", "return g(a.bc, 1)",
            "def f(a):\n    return g(a.bc, 1)", "def f(a):\n    return g(a.bc, 1)\n",
        ]  # fmt: skip


@pytest.mark.parametrize("text", ["$0", "\n\n$0\n", "x = 1$0", "x = '😋$0'\n"])
def test_each_step_of_a_selection_is_larger(tmp_path: Path, text: str) -> None:
    with workspace_of(tmp_path, text) as fixture:
        spans = growing(fixture.snapshot, fixture.path, fixture.offset)
        assert spans
        for inner, outer in itertools.pairwise(spans):
            assert outer.start <= inner.start <= inner.end <= outer.end
            assert inner != outer


# Signatures


@pytest.mark.parametrize(
    ("text", "label", "active"),
    [
        pytest.param("def f(a, b=1): ...\nf($0", "def f(a, b=1)", "a", id="first"),
        pytest.param("def f(a, b=1): ...\nf(1, $0)", "def f(a, b=1)", "b=1", id="second"),
        pytest.param("def f(a, b): ...\nf(g(1, 2), [3, 4], $0", "def f(a, b)", "", id="too many"),
        pytest.param("def f(a, b): ...\nf(b=$0", "def f(a, b)", "b", id="keyword"),
        pytest.param("def f(a, *args): ...\nf(1, 2, 3, $0", "def f(a, *args)", "*args", id="star"),
        pytest.param("def f(a, **k): ...\nf(1, z=$0", "def f(a, **k)", "**k", id="double star"),
        pytest.param("def f(a, *, k): ...\nf(1, $0", "def f(a, *, k)", "", id="keywords only"),
        pytest.param("def f(a): ...\nf('(,', $0", "def f(a)", "", id="strings hold nothing"),
        pytest.param(
            "class A:\n    def m(self, x): ...\n    def n(self):\n        self.m($0",
            "def m(x)", "x", id="method",
        ),
        pytest.param(
            "class A:\n    def __init__(self, x, y): ...\nA(1, $0", "A(x, y)", "y", id="class",
        ),
        pytest.param(
            "@dataclass\nclass A:\n    x: int\n    y: str = ''\nA(1, $0", "A(x: int, y: str = '')",
            "y: str = ''", id="dataclass",
        ),
        pytest.param("def f(a, b): ...\nf(1, [2, $0", "def f(a, b)", "b", id="inside a list"),
        pytest.param("def f(a, b): ...\nf({1: 2, $0", "def f(a, b)", "a", id="inside a dictionary"),
        pytest.param(
            "class S[T]:\n    def push(self, item: T): ...\ns = S[int]()\ns.push($0",
            "def push(item: T)", "item: T", id="an instance of a subscripted class",
        ),
    ],
)  # fmt: skip
def test_signatures(tmp_path: Path, text: str, label: str, active: str) -> None:
    with workspace_of(tmp_path, text) as fixture:
        found = signatures(fixture.snapshot, fixture.path, fixture.offset, TOKEN)
        assert found is not None
        assert [signature.label for signature in found] == [label]
        shown = ""
        if found[0].active >= 0:
            start, end = found[0].parameters[found[0].active]
            shown = found[0].label[start:end]
        assert shown == active


@pytest.mark.parametrize(
    "text",
    [
        "def f($0",
        "x = (1, $0",
        "$0",
        "f(1)$0",
        "[f(1), $0",
        "def f(a): ...\nmatch x:\n    case f($0)",
    ],
)
def test_no_call_is_being_written(tmp_path: Path, text: str) -> None:
    with workspace_of(tmp_path, text) as fixture:
        assert not signatures(fixture.snapshot, fixture.path, fixture.offset, TOKEN)


def test_parameters_of_any_language() -> None:
    label = "func F(a map[string]int, b ...string) (c int)"
    assert [label[a:b] for a, b in split_parameters(label)] == ["a map[string]int", "b ...string"]
    assert parameter_name("*args: int") == "args"
    assert parameter_name("const char *name") == "name"


# Completion


def completed(fixture: Fixture) -> Completion:
    return complete(fixture.snapshot, fixture.path, fixture.offset, TOKEN)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("def alpha(): ...\nal$0", ["alpha"], id="a function of the file"),
        pytest.param("def f(parameter):\n    par$0", ["parameter"], id="a parameter"),
        pytest.param("def f():\n    value = 1\n    va$0", ["value"], id="a local"),
        pytest.param("class Alpha: ...\nAl$0", ["Alpha"], id="a class"),
        pytest.param("import collections\ncol$0", ["collections"], id="an import"),
        pytest.param("ret$0", ["return"], id="a keyword"),
        pytest.param("prin$0", ["print"], id="a builtin"),
        pytest.param(
            "class A:\n    def method(self): ...\n    def go(self):\n        self.me$0",
            ["method"], id="a method of self",
        ),
        pytest.param(
            "class A:\n    def __init__(self):\n        self.field = 1\n    def go(self):\n        self.$0",
            ["field", "go"], id="a field of self",
        ),
        pytest.param(
            "class A:\n    def base(self): ...\nclass B(A):\n    def own(self):\n        self.$0",
            ["own", "base"], id="own members before inherited ones",
        ),
        pytest.param(
            "class A:\n    def run(self): ...\na = A()\na.$0", ["run"], id="an instance",
        ),
        pytest.param(
            "class A:\n    def run(self): ...\ndef f(a: A):\n    a.r$0", ["run"], id="annotated",
        ),
        pytest.param(
            "//- pkg/__init__.py\n//- pkg/m.py\ndef deep(): ...\n//- main.py\nfrom pkg import m\nm.$0",
            ["deep"], id="a module",
        ),
        pytest.param(
            "//- pkg/__init__.py\n//- pkg/m.py\ndef deep(): ...\n//- main.py\nfrom pkg.m import de$0",
            ["deep"], id="names of a module in its import",
        ),
        pytest.param(
            "//- pkg/__init__.py\n//- pkg/mod.py\n//- main.py\nfrom pkg import m$0",
            ["mod"], id="submodules",
        ),
        pytest.param("//- pkg/__init__.py\n//- main.py\nimport pk$0", ["pkg"], id="packages"),
        pytest.param("def f():\n    x = f'{le$0}'", ["len"], id="code in a string"),
    ],
)  # fmt: skip
def test_completion(tmp_path: Path, text: str, first: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        labels = [item.label for item in completed(fixture).items]
        assert labels[: len(first)] == first


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("def f(a, bee=1): ...\nf(1, $0)", ["bee"], id="what is not given by place"),
        pytest.param("def f(a, bee=1): ...\nf(bee=1, $0)", ["a"], id="nor by keyword"),
        pytest.param("def f(a, /, b): ...\nf($0", ["b"], id="by place only"),
        pytest.param(
            "def f(a, *args, key=1, **more): ...\nf(1, 2, k$0", ["key"], id="behind a star"
        ),
        pytest.param("class A:\n    def __init__(self, x): ...\nA(x$0", ["x"], id="a constructor"),
        pytest.param("@dataclass\nclass A:\n    x: int\nA($0", ["x"], id="fields"),
        pytest.param(
            "class A:\n    def m(self, x): ...\na = A()\na.m($0)", ["x"], id="not the receiver"
        ),
        pytest.param("def f(a): ...\nf(a=$0", [], id="not behind the sign"),
        pytest.param("def f(a): ...\nf(1 + $0", [], id="not inside an expression"),
        pytest.param("def f(a): ...\nf([$0", [], id="not inside a list"),
    ],
)
def test_keyword_arguments_are_offered(tmp_path: Path, text: str, names: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        labels = [item.label for item in completed(fixture).items]
        assert [label[:-1] for label in labels if label.endswith("=")] == names


def test_the_call_of_an_unknown_function_is_said(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "sorted([1], $0)") as fixture:
        call = completed(fixture).call
        assert call is not None
        shown = Signature(
            "(it, /, *, key=None, rev=0)", "", [(1, 3), (5, 6), (8, 9), (11, 19), (21, 26)], -1
        )
        assert [each.name for each in not_given([shown], call)] == ["key", "rev"]


@pytest.mark.parametrize("text", ["def f(x: 'Al$0'): ...", "x: 'list[Al$0]' = 1"])
def test_names_in_annotations_that_are_strings(tmp_path: Path, text: str) -> None:
    with workspace_of(tmp_path, f"class Alpha: ...\n{text}") as fixture:
        assert [item.label for item in completed(fixture).items][:1] == ["Alpha"]


def test_fields_that_statements_bind(tmp_path: Path) -> None:
    text = """
        class A:
            def go(self):
                with open("f") as self.file:
                    for self.each in self.file: ...
                self.$0
    """
    with workspace_of(tmp_path, text) as fixture:
        labels = [item.label for item in completed(fixture).items]
        assert {"file", "each"} <= set(labels)


@pytest.mark.parametrize("text", ["# al$0", "'al$0'", '"""\nal$0\n"""', "12$0", "x = 1.$0"])
def test_nothing_is_completed_in_text_and_numbers(tmp_path: Path, text: str) -> None:
    with workspace_of(tmp_path, {"main.py": f"alpha = 1\n{text}"}) as fixture:
        assert completed(fixture).items == []


def test_names_of_other_files_are_offered_with_their_module(tmp_path: Path) -> None:
    text = """
        //- pkg/__init__.py
        //- pkg/shapes.py
        class Rectangle:
            '''Four corners.'''
        def _hidden(): ...
        //- main.py
        Rect$0
    """
    with workspace_of(tmp_path, text) as fixture:
        item = next(item for item in completed(fixture).items if item.label == "Rectangle")
        assert (item.module, item.kind, item.group) == ("pkg.shapes", "class", 3)
        assert completed(fixture).incomplete
        shown = documentation(fixture.snapshot, item.path, item.offset)
        assert shown == ("class Rectangle", "Four corners.")
        without = complete(fixture.snapshot, fixture.path, fixture.offset, TOKEN, imports=False)
        assert "Rectangle" not in [item.label for item in without.items]


def test_what_the_graph_does_not_know_is_said(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "def f(x):\n    x.$0") as fixture:
        assert completed(fixture).unknown
    text = "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.$0"
    with workspace_of(tmp_path / "b", text) as fixture:
        found = completed(fixture)
        assert found.unknown
        assert [item.label for item in found.items] == ["test"]


# Calls and types


def test_calls_both_ways(tmp_path: Path) -> None:
    text = """
        //- a.py
        def target$0():
            helper()
            helper()
        def helper(): ...
        //- b.py
        from a import target
        class C:
            def m(self):
                target()
                target()
        target()
    """
    with workspace_of(tmp_path, text) as fixture:
        target = graph.definitions(fixture.snapshot, fixture.path, fixture.offset)[0]
        into = incoming(fixture.snapshot, target, TOKEN)
        assert sorted((c.other.kind, c.other.name, len(c.spans)) for c in into) == [
            ("method", "m", 2), ("module", "b", 1),
        ]  # fmt: skip
        out = outgoing(fixture.snapshot, target, TOKEN)
        assert [(c.other.name, len(c.spans)) for c in out] == [("helper", 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class A: ...\na = A()\na$0", ["A"]),
        ("class A: ...\ndef f(x$0: A): ...", ["A"]),
        ("class A: ...\ndef f$0() -> A: ...", ["f"]),
        ("class A$0: ...", ["A"]),
        ("x$0 = 1", []),
    ],
)
def test_type_definitions(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        found = type_definitions(fixture.snapshot, fixture.path, fixture.offset, TOKEN)
        assert [target.name for target in found] == expected


# Tokens


def test_tokens_say_what_names_are(tmp_path: Path) -> None:
    text = (
        "import os\nfrom a import Thing, run\nLIMIT = 1\n\n\n"
        "class A(Thing):\n    field = LIMIT\n\n    @run\n    def m(self, x):\n"
        "        self.field = x\n        return run(os.sep, key=x)\n"
    )
    with workspace_of(tmp_path, {"main.py": text}) as fixture:
        path = fixture.absolute("main.py")
        source = fixture.snapshot.text(path)
        found = tokens(fixture.snapshot, path, None, TOKEN)
        kinds = {(source.slice(t.span), t.type) for t in found}
        assert {
            ("os", "namespace"), ("Thing", "class"), ("LIMIT", "variable"), ("A", "class"),
            ("field", "property"), ("m", "method"), ("x", "parameter"), ("key", "parameter"),
            ("sep", "property"),
        } <= kinds  # fmt: skip
        for before, after in itertools.pairwise(found):
            assert before.span.end <= after.span.start
        part = tokens(fixture.snapshot, path, Span(0, 10), TOKEN)
        assert part == [token for token in found if token.span.start < 10]


# Links and hints


def test_imports_are_links(tmp_path: Path) -> None:
    text = """
        //- pkg/__init__.py
        //- pkg/a.py
        from . import b
        from .b import x
        import pkg.b
        import os
        //- pkg/b.py
        x = 1
    """
    with workspace_of(tmp_path, text) as fixture:
        path = fixture.absolute("pkg/a.py")
        source = fixture.snapshot.text(path)
        found = [
            (source.slice(link.span), Path(link.target).name)
            for link in links(fixture.snapshot, path, TOKEN)
        ]
        assert (".b", "b.py") in found
        assert ("pkg.b", "b.py") in found
        assert "os" not in [written for written, _ in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(width, height): ...\nf(1, 'x')\n", ["width=1", "height='x'"]),
        ("def f(width, height): ...\nf(1, height=2)\n", ["width=1"]),
        ("def f(width, height): ...\nf(a, 2)\n", ["height=2"]),
        ("def f(width): ...\nf(1)\n", []),
        ("def f(width, *rest): ...\nf(1, 2, 3)\n", ["width=1"]),
        ("unknown(1, 2)\n", []),
    ],
)
def test_hints(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, {"main.py": text}) as fixture:
        path, data = fixture.absolute("main.py"), text.encode()
        found = parameter_hints(fixture.snapshot, path, Span(0, len(data)), TOKEN)
        shown = [h.label + text[h.offset :].split(",")[0].split(")")[0] for h in found]
        assert shown == expected


# Problems


def test_imports_that_lead_nowhere(tmp_path: Path) -> None:
    text = """
        //- pkg/__init__.py
        from .here import known
        //- pkg/here.py
        known = 1
        //- pkg/open.py
        from os.path import *
        //- pkg/dynamic.py
        globals()["made"] = 1
        //- main.py
        import os
        import numpy
        import pkg
        import pkg.gone
        from pkg import known, unknown, here, nowhere
        from pkg.here import known, missing
        from pkg.open import anything
        from pkg.dynamic import made
        from somewhere import thing
        try:
            from pkg import optional
        except ImportError:
            pass
    """
    with workspace_of(tmp_path, text) as fixture:
        path = fixture.absolute("main.py")
        found = unresolved(fixture.snapshot, path, TOKEN)
        source = fixture.snapshot.text(path)
        assert [source.slice(finding.span) for finding in found] == [
            "pkg.gone", "unknown", "nowhere", "missing",
        ]  # fmt: skip


def test_imports_that_go_in_circles(tmp_path: Path) -> None:
    text = """
        //- a.py
        import b
        //- b.py
        from c import x
        //- c.py
        import a
        x = 1
        //- d.py
        import a
        def f():
            import e
        //- e.py
        import d
    """
    with workspace_of(tmp_path, text) as fixture:
        found = cycles(fixture.snapshot, fixture.absolute("a.py"), TOKEN)
        assert [finding.message for finding in found] == ["import cycle: a.py → b.py → c.py → a.py"]
        assert cycles(fixture.snapshot, fixture.absolute("d.py"), TOKEN) == []


def test_a_package_and_its_modules_are_no_circle(tmp_path: Path) -> None:
    text = """
        //- pkg/__init__.py
        from pkg.a import x
        //- pkg/a.py
        from pkg import y
        x = 1
    """
    with workspace_of(tmp_path, text) as fixture:
        path = fixture.absolute("pkg/a.py")
        assert [p.code for p in problems(fixture.snapshot, path, TOKEN)] == ["unresolved-import"]


# Facts of a moment ago

BASE = "class A:\n    def go(self):\n        value = 1\n        self.go()\n\n\nx = A()\n"


@pytest.mark.parametrize(
    ("line", "column", "new", "labels"),
    [
        pytest.param(3, 13, "", ["go"], id="deleted letters"),
        pytest.param(3, 13, "g", ["go"], id="one letter"),
        pytest.param(3, 8, "val", ["value"], id="another name"),
        pytest.param(6, 4, "A().", ["go"], id="an instance"),
        pytest.param(6, 0, "'😋'; A().", ["go"], id="bytes are not code points"),
    ],
)
def test_completion_reads_letters_now_and_facts_a_moment_ago(
    tmp_path: Path, line: int, column: int, new: str, labels: list[str]
) -> None:
    with workspace_of(tmp_path, {"main.py": BASE}) as fixture:
        path = fixture.absolute("main.py")
        fixture.open("main.py", BASE)
        recent, overlay = Recent(), fixture.snapshot.overlays[path]
        recent.learn(overlay)
        start, end = overlay.text.line_span(line)
        at = start + column
        fixture.workspace.change_document(path, 2, [(Span(at, end), new)])
        snapshot = fixture.snapshot
        offset = at + len(new.encode())
        earlier = recent.near(snapshot.overlays[path], offset)
        assert earlier is not None
        found = complete(snapshot, path, offset, TOKEN, recent=recent)
        assert [item.label for item in found.items][: len(labels)] == labels
        assert found.span.end == offset
        fresh = complete(snapshot, path, offset, TOKEN)
        assert [i.label for i in fresh.items][:1] == labels[:1]


@pytest.mark.parametrize("new", ["'A", '"A', "1  # A", "x'A"])
def test_a_string_or_comment_that_was_begun_just_now(tmp_path: Path, new: str) -> None:
    with workspace_of(tmp_path, {"main.py": BASE}) as fixture:
        path = fixture.absolute("main.py")
        fixture.open("main.py", BASE)
        recent, overlay = Recent(), fixture.snapshot.overlays[path]
        recent.learn(overlay)
        start, end = overlay.text.line_span(6)
        fixture.workspace.change_document(path, 2, [(Span(start + 4, end), new)])
        offset = start + 4 + len(new)
        found = complete(fixture.snapshot, path, offset, TOKEN, recent=recent)
        assert found.items == []


@pytest.mark.parametrize(
    ("edit", "offset"),
    [
        pytest.param((Span(0, 0), "import os\n"), 10, id="a new line"),
        pytest.param((Span(0, 0), "y"), 70, id="somewhere else"),
        pytest.param((None, "x = 1\n"), 3, id="another text"),
        pytest.param((Span(0, 0), "y" * 1000), 1000, id="much"),
    ],
)
def test_facts_of_a_moment_ago_are_not_those_of_another_text(
    tmp_path: Path, edit: tuple[Span | None, str], offset: int
) -> None:
    with workspace_of(tmp_path, {"main.py": BASE}) as fixture:
        path = fixture.absolute("main.py")
        fixture.open("main.py", BASE)
        recent = Recent()
        recent.learn(fixture.snapshot.overlays[path])
        fixture.workspace.change_document(path, 2, [edit])
        assert recent.near(fixture.snapshot.overlays[path], offset) is None


def test_the_full_stop_of_a_comment_is_no_dot(tmp_path: Path) -> None:
    text = "class A:\n    def go(self):\n        # It ends with a full stop.\n        self.$0go()\n"
    with workspace_of(tmp_path, text) as fixture:
        assert [item.label for item in completed(fixture).items] == ["go"]
        found = graph.definitions(fixture.snapshot, fixture.path, fixture.offset)
        assert [target.name for target in found] == ["go"]


def test_reading_a_property_calls_it(tmp_path: Path) -> None:
    text = (
        "class A:\n    @property\n    def $0size(self):\n        return 1\n"
        "    def use(self):\n        return self.size\n"
    )
    with workspace_of(tmp_path, text) as fixture:
        (target,) = graph.definitions(fixture.snapshot, fixture.path, fixture.offset)
        assert [call.other.name for call in incoming(fixture.snapshot, target, TOKEN)] == ["use"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/x/typeshed/stdlib/asyncio/tasks.pyi", "asyncio.tasks"),
        ("/usr/lib/python3.11/json/__init__.py", "json"),
        ("/v/lib/python3.11/site-packages/attr/_make.py", "attr._make"),
        ("/elsewhere/thing.py", "thing"),
    ],
)
def test_modules_outside_the_workspace(path: str, name: str) -> None:
    assert ".".join(foreign_module(path)) == name


def test_members_are_looked_up_in_pythons_order(tmp_path: Path) -> None:
    text = (
        "class Root:\n    def m(self): ...\nclass Left(Root): ...\nclass Right(Root):\n"
        "    def m(self): ...\nclass Both(Left, Right):\n    def m(self):\n        super().$0m()\n"
    )
    with workspace_of(tmp_path, text) as fixture:
        found = graph.definitions(fixture.snapshot, fixture.path, fixture.offset)
        assert [target.container for target in found] == ["Right"]


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("def f(a, b): ...\nf(lambda x, y: x, $0)", "b"),
        ("def f(a, b): ...\nf(lambda x, $0y: x)", "a"),
        ("class A:\n    def m(self, x): ...\nA.m($0", "self"),
        ("class A:\n    @classmethod\n    def m(cls, x): ...\nA.m($0", "x"),
    ],
)
def test_the_active_parameter(tmp_path: Path, text: str, active: str) -> None:
    with workspace_of(tmp_path, text) as fixture:
        (found,) = signatures(fixture.snapshot, fixture.path, fixture.offset, TOKEN) or []
        start, end = found.parameters[found.active]
        assert found.label[start:end] == active


def test_what_a_syntax_error_hides_is_still_offered(tmp_path: Path) -> None:
    text = "def f(x):\n    return g(x, h(\ndef g():\n    value = 1\n    return val$0\n"
    with workspace_of(tmp_path, text) as fixture:
        found = complete(fixture.snapshot, fixture.path, fixture.offset, TOKEN)
        assert "value" in [item.label for item in found.items]
