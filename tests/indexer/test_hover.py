"""What hovers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer import graph
from treewright_indexer.graph.hover import parameter_doc


@pytest.mark.parametrize(
    ("text", "signature", "doc"),
    [
        ("def f(a: int = 3):\n    return $0a\n", "a: int = 3", ""),
        ("def f(a, *, b=None, **c):\n    return $0b\n", "b=None", ""),
        ("def f(*args):\n    return $0args\n", "*args", ""),
        (
            'def f(a):\n    """Does.\n\n    :param str a: the way\n        in\n    """\n    $0a\n',
            "a",
            "the way in",
        ),
        ("class A:\n    def m(self):\n        $0self\n", "self: A", ""),
        ("class A:\n    @classmethod\n    def m(cls):\n        $0cls\n", "cls: type[A]", ""),
        (
            "class A:\n    def __init__(self, a, *, b: int = 3) -> None: ...\n$0A\n",
            "class A\nA(a, *, b: int = 3)",
            "",
        ),
        ("class A:\n    def __init__(self): ...\n$0A\n", "class A\nA()", ""),
        ('class A:\n    """Base."""\nclass B(A): ...\n$0B\n', "class B(A)", "Base."),
        (
            'class A:\n    def m(self):\n        """Goes."""\nclass B(A):\n    def m(self): ...\nB().$0m\n',
            "def m(self)",
            "Goes.",
        ),
        ("RATE = 0.2\n$0RATE\n", "RATE = 0.2", ""),
    ],
)
def test_hover(tmp_path: Path, text: str, signature: str, doc: str) -> None:
    with workspace_of(tmp_path, text) as fixture:
        (target, *_) = graph.definitions(fixture.snapshot, fixture.path, fixture.offset)
        info = graph.hover_of(fixture.snapshot, target)
        assert (info.signature, info.doc) == (signature, doc)


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ("Does.\n\nArgs:\n    x (int): the one\n        there\n    y: other\n", "the one there"),
        ("Does.\n\nArgs:\n    y: other\n    x: it\n", "it"),
        ("Does.\n\nParameters\n----------\nx : int\n    The one.\ny\n    No.\n", "The one."),
        (":param xx: no\n:param x: yes", "yes"),
        ("The x: of all.", ""),
        ("", ""),
    ],
)
def test_what_documentation_says_of_a_parameter(doc: str, expected: str) -> None:
    assert parameter_doc(doc, "x") == expected
