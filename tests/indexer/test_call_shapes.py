"""How a name is called, in several languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.facts.calls import Call, call_at
from treewright_indexer.graph.occurrences import word_at


def shape(call: Call | None) -> str:
    """`receiver | positional | keywords | open`."""
    if call is None:
        return "no call"
    marks = "*" if call.is_open else ""
    return f"{call.receiver} | {call.positional} | {','.join(call.keywords)} | {marks}".strip()


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("a.py", "$0f()", "| 0 |  |"),
        ("a.py", "$0f(1, b, c=2, *d, **e)", "| 2 | c | *"),
        ("a.py", "a.b(c).$0f(x for x in y)", "a.b(c) | 1 |  |"),
        ("a.py", "a.$0b.f(1)", "no call"),
        ("a.py", "g($0f, 1)", "no call"),
        ("a.py", "$0f(g(1, 2), # 3,\n  (4, 5))", "| 2 |  |"),
        ("a.py", "@d.$0f(x=1)\ndef g(): ...", "d | 0 | x |"),
        ("a.py", "class A($0f(1)): ...", "| 1 |  |"),
        ("a.py", "$0f", "no call"),
        ("a.ts", "a?.$0f(1, ...b)", "a | 1 |  | *"),
        ("a.ts", "new $0F(1)", "| 1 |  |"),
        ("a.js", "$0f({a: 1}, () => g(1, 2))", "| 2 |  |"),
        ("a.go", "package a\nfunc f() { x.$0F(1, g(2, 3)) }", "x | 2 |  |"),
        ("a.rs", "fn f() { a::$0g(1, 2); }", "a | 2 |  |"),
        ("a.rs", "fn f() { a.b.$0g(1); }", "a.b | 1 |  |"),
        ("A.java", "class A { void f() { this.b.$0g(1, h(2, 3)); } }", "this.b | 2 |  |"),
        ("a.c", "int f(void) { return $0g(1, 2) + 3; }", "| 2 |  |"),
        ("a.cpp", "int f() { return a->$0g(1); }", "a | 1 |  |"),
        ("a.rb", "a.$0f(1, 2)", "a | 2 |  |"),
        ("a.php", "<?php $a->$0f(1, b: 2);", "$a | 1 | b |"),
        ("A.cs", "class A { void F() { x.$0G(1, b: 2); } }", "x | 1 | b |"),
    ],
)
def test_shapes(tmp_path: Path, file: str, text: str, expected: str) -> None:
    with workspace_of(tmp_path, f"//- {file}\n{text}\n") as fixture:
        snapshot = fixture.snapshot
        data = snapshot.text(fixture.path).data
        name = word_at(data, fixture.offset)
        assert name is not None
        call = call_at(snapshot.tree(fixture.path).root_node, data, name)
        assert shape(call) == expected


def test_the_values_of_arguments(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "$0f('é', b = (1, 2), *rest)\n") as fixture:
        data = fixture.snapshot.text(fixture.path).data
        name = word_at(data, fixture.offset)
        assert name is not None
        call = call_at(fixture.snapshot.tree(fixture.path).root_node, data, name)
        assert call is not None
        assert [data[slice(*each.span)].decode() for each in call.arguments] == [
            "'é'",
            "(1, 2)",
            "rest",
        ]
