"""Rename as an editor asks for it: prepareRename, then rename, over the wire, one folder a case.

`<x>` is a place that must become `new`, `<x|y>` one that becomes `y`; every other text must
stay. `//= old/path new/path` says that a file moves.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.agent.test_operation_rename_symbol import (
    GLOBALS,
    LOCALS,
    MEMBERS,
    PARAMETERS,
    after_of,
    before_of,
)
from tests.support.fixtures import CURSOR, split_fixture
from tests.support.lsp_client import FULL_CAPABILITIES, LspClient, RpcError

pytestmark = pytest.mark.e2e

ANNOTATIONS = [
    pytest.param("a: '$0<old>' = 1\nclass <old>: ...\n", id="from a quoted annotation"),
    pytest.param("a: 'None | <ol$0d>' = None\nclass <old>: ...\n", id="from a part of one"),
    pytest.param("a: 'dict[str, <old>$0]'\nclass <old>: ...\n", id="at the end of a part"),
    pytest.param("class $0<old>: ...\nfrom typing import Annotated, Optional\na: Annotated[<old>, 'old'] = <old>()\nb: Optional['<old>'] = None\nc: \"type['<old>']\"\n", id="in typing's wrappers"),
    pytest.param("class $0<old>: ...\ndef f(*a: <old>, **k: '<old>') -> 'tuple[<old>, ...]': ...\n", id="of star arguments"),
    pytest.param("class $0<old>: ...\nfrom typing import cast\nx = cast('list[<old>]', [])\n", id="in a cast"),
    pytest.param("type $0<old>[T] = list[T]\nx: <old>[int]\ny: '<old>[str]'\n", id="a generic alias"),
    pytest.param("type A[$0<old>: int = bool] = tuple[<old>, list[<old>]]\n", id="an alias's parameter"),
    pytest.param("from typing import Callable\ntype A[**$0<old> = [int, str]] = Callable[<old>, int]\n", id="an alias's ParamSpec"),
    pytest.param("type A[*$0<old> = ()] = tuple[*<old>]\n", id="an alias's TypeVarTuple"),
    pytest.param("class A[<old>]:\n    def f[T](self, x: $0<old>, y: T) -> dict[T, <old>]: ...\n", id="a class's parameter from its use"),
    pytest.param("def f[$0<old>: (int, str) = int](x: <old>, y: 'list[<old>]') -> <old>: ...\nold = 1\n", id="a function's parameter with a bound"),
    pytest.param("from typing import TypeAlias\n$0<old>: TypeAlias = 'int | str'\ndef f(x: <old>): ...\n", id="an annotated alias"),
    pytest.param("from typing import NewType\n$0<old> = NewType('old', int)\nx: <old> = <old>(1)\n", id="a NewType"),
    pytest.param("from __future__ import annotations\ndef f(x: <old>) -> <old>: ...\nclass $0<old>: ...\n", id="annotations before the definition"),
]  # fmt: skip

SCOPES = [
    pytest.param("def o():\n    $0<old> = 1\n    def a():\n        nonlocal <old>\n        <old> = 2\n        return <old>\n    def b():\n        nonlocal <old>\n        <old> += 1\n    return <old>\n", id="nonlocal in two functions"),
    pytest.param("<old> = 0\ndef a():\n    global $0<old>\n    <old> += 1\ndef b():\n    old = 1\n    return old\nclass C:\n    def m(self):\n        global <old>\n        <old> = 3\n", id="global in functions and methods"),
    pytest.param("class A:\n    $0<old> = [1]\n    y = [old for old in <old>]\n    z = <old>\n    def f(self, a=<old>):\n        return old\nold = 2\n", id="a class body's comprehension and default"),
    pytest.param("x = [($0<old>, b) for <old> in range(3) for b in range(<old>) if <old> if b]\nold = 1\n", id="a comprehension's variable in later clauses"),
    pytest.param("$0<old> = 1\nx = [<old> for y in range(<old>)]\nz = {old: old for old in x}\n", id="a global in and out of comprehensions"),
    pytest.param("def f(xs):\n    while ($0<old> := next(xs)) is not None:\n        print(<old>, (lambda: <old>)())\n    return <old>\n", id="a walrus in a condition"),
    pytest.param("f = lambda old, *, $0<new_one>=1: (old, <new_one>)\n", id="a keyword-only parameter of a lambda"),
    pytest.param("def f():\n    for $0<old>, (x, *y) in g():\n        <old>.a = x\n    else:\n        del <old>\n", id="a loop with else"),
    pytest.param("try:\n    x()\nexcept (A, B) as $0<old>:\n    print(<old>.args)\nelse:\n    y()\n", id="an exception at the top"),
    pytest.param("with a() as $0<old>, b(<old>) as c:\n    <old>.read()\nwith (d() as old2,):\n    pass\n", id="with at the top"),
    pytest.param("def f(c):\n    match c:\n        case ['get', $0<old>]:\n            x = <old>\n        case {'k': [a, b]} if a:\n            old2 = 1\n", id="a capture in a list"),
    pytest.param("def f(c):\n    match c:\n        case ['get', ('a' | 'b') as $0<old>]:\n            x = <old>\n", id="an as in a pattern"),
    pytest.param("class P:\n    __match_args__ = ('<old>', 'b')\n    def __init__(self, a, b):\n        self.$0<old>: int = a\n        self.b = b\ndef f(e: P):\n    match e:\n        case P(x, b=y):\n            return x\n        case P(<old>=1):\n            return e.<old>\n", id="__match_args__"),
    pytest.param("def f():\n    def $0<old>(n):\n        return <old>(n - 1)\n    return map(<old>, [])\n", id="a nested function that calls itself"),
    pytest.param("def deco(f): return f\n@deco\ndef $0<old>(): ...\nx = {'old': <old>, 'k': [<old>]}\n", id="a decorated function as a value"),
    pytest.param("def f():\n    $0<naïve>, b = 1, '😋'\n    return f'{<naïve>!r} {b:{<naïve>}} naïve'\n", id="letters beyond ASCII"),
    pytest.param("def g():\n    yield 1\ndef f():\n    $0<old> = yield from g()\n    return <old>\n", id="yield from"),
    pytest.param("async def f(s):\n    async with s as $0<old>:\n        return [x async for x in <old>]\n", id="async with"),
    pytest.param("import os as $0<old>, sys\n<old>.path.join('a')\nos = 1\n", id="an alias of a foreign module"),
    pytest.param("from os import path as $0<old>\n<old>.join('a')\n", id="an alias of a foreign name"),
    pytest.param("if a:\n    import json as $0<old>\nelse:\n    <old> = None\nprint(<old>)\n", id="an alias or nothing"),
    pytest.param("x = 1\nprint(f'{(lambda $0<old>: <old>)(x)} {x!r:>{x}} {{old}}')\n", id="inside an f-string"),
]  # fmt: skip

CALLS = [
    pytest.param("from contextlib import contextmanager\n@contextmanager\ndef f($0<old>):\n    yield <old>\nwith f(<old>=1): ...\n", id="of a context manager"),
    pytest.param("from dataclasses import dataclass, replace\n@dataclass\nclass A:\n    $0<old>: int = 0\na = A(<old>=1)\nb = replace(a, <old>=2)\nprint(b.<old>)\n", id="a field in replace"),
    pytest.param("from typing import NamedTuple\nclass A(NamedTuple):\n    $0<old>: int\na = A(1)\na._replace(<old>=2).<old>\n", id="a field in _replace"),
    pytest.param("class A:\n    def __call__(self, $0<old>): ...\na = A()\na(<old>=1)\n", id="of __call__"),
    pytest.param("class A:\n    def __new__(cls, $0<old>):\n        return super().__new__(cls)\nA(<old>=1)\n", id="of __new__"),
    pytest.param("class A:\n    @classmethod\n    def make(cls, $0<old>): ...\nclass B(A): ...\nB.make(<old>=1)\nA().make(<old>=2)\n", id="of an inherited class method"),
    pytest.param("class A:\n    def __init__(self, $0<old>): ...\n    @classmethod\n    def make(cls, **k):\n        return cls(<old>=1, **k)\n", id="through cls with more"),
    pytest.param("def f(a, $0<old>=None, *args, b=<x|x>, **kw): ...\nf(1, <old>=2)\nf(1, 2, b=3, old2=4)\nx = 1\n", id="beside the stars"),
    pytest.param("class A:\n    def m(self, $0<old>): ...\nclass B:\n    def __init__(self, a: A):\n        self.a = a\n    def n(self):\n        self.a.m(<old>=1)\n", id="of a method of an attribute"),
    pytest.param("def f($0<old>): ...\nxs = [f(<old>=i) for i in range(3)]\ng = lambda: f(<old>=1)\n", id="in a comprehension and a lambda"),
    pytest.param("from typing import Protocol\nclass P(Protocol):\n    def m(self, $0<old>: int) -> int: ...\nclass C(P):\n    def m(self, <old>: int) -> int:\n        return <old>\ndef f(p: P):\n    p.m(<old>=1)\n", id="of a protocol's method"),
]  # fmt: skip

CLASSES = [
    pytest.param("from typing import TypedDict\nclass D(TypedDict, total=False):\n    $0<old>: int\n    b: str\nd: D = {'<old>': 1, 'b': 'old'}\nd['<old>'] = d.get('<old>', 2)\ne = D(<old>=1)\nprint(e['<old>'], '<old>' in d)\n{'old': 1}['old']\n", id="a key of a TypedDict"),
    pytest.param("from typing import TypedDict\nclass D(TypedDict):\n    $0<old>: int\nclass E(D):\n    b: str\ndef f(e: E) -> D:\n    del e['b']\n    return {'<old>': e['<old>']}\n", id="a key of a base TypedDict"),
    pytest.param("from enum import Enum, auto\nclass C(Enum):\n    RED = auto()\n    $0<old> = auto()\n    @classmethod\n    def f(cls):\n        return cls.<old>, C['<old>'], [c for c in C if c is C.<old>]\n", id="an enum member by its name"),
    pytest.param("class A:\n    def m(self):\n        self.$0<old> = 1\n    def n(self):\n        return self.<old> + self.k().<old>\n    def k(self) -> 'A':\n        return self\na = A()\na.<old> = a.n()\n", id="an attribute in several methods"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B(A): ...\nclass C(A):\n    def <old>(self): ...\nclass D(B, C): ...\nD().<old>()\nsuper(D, D()).<old>()\n", id="a diamond"),
    pytest.param("from typing import overload\nclass A:\n    @overload\n    def $0<old>(self, a: int) -> int: ...\n    @overload\n    def <old>(self, a: str) -> str: ...\n    def <old>(self, a): ...\nA().<old>(1)\n", id="an overloaded method"),
    pytest.param("class A:\n    @property\n    def <old>(self): ...\n    @<old>.setter\n    def <old>(self, v): ...\ndef f(a: A):\n    a.$0<old> = a.<old>\n", id="a property from an assignment"),
    pytest.param("from functools import cached_property\nclass A:\n    @cached_property\n    def $0<old>(self) -> 'A': ...\nA().<old>.<old>\n", id="a cached property"),
    pytest.param("class Box[T]:\n    def __init__(self, v: T):\n        self.$0<old>: T = v\nb: Box[int] = Box(1)\nb.<old>\nBox[str]('a').<old>\n", id="an attribute of a generic class"),
    pytest.param("class A:\n    def $0<old>(self): ...\ndef f(xs: list[A], d: dict[str, A], t: tuple[int, A]):\n    for x in xs:\n        x.<old>()\n    for k, v in d.items():\n        v.<old>()\n    n, a = t\n    a.<old>()\n    xs[0].<old>()\n    [y.<old>() for y in d.values()]\n", id="receivers in containers"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B:\n    def old(self): ...\ndef f(x):\n    if isinstance(x, A) and x.<old>():\n        x.<old>()\n    elif isinstance(x, B):\n        x.old()\n", id="receivers that isinstance tells"),
    pytest.param("class E(Exception):\n    def __init__(self):\n        self.$0<old> = 1\ntry: ...\nexcept E as e:\n    print(e.<old>)\n", id="a caught exception's attribute"),
    pytest.param("class A:\n    def __enter__(self):\n        return self\n    def __exit__(self, *a): ...\n    def $0<old>(self): ...\nclass B:\n    def old(self): ...\nwith A() as a:\n    a.<old>()\n", id="an entered object's method"),
    pytest.param("class A:\n    def $0<old>(self): ...\nclass B:\n    def old(self): ...\n    def __init__(self, a: 'A | None' = None):\n        self.a = a or A()\n    def f(self):\n        return self.a.<old>(), self.old()\n", id="an attribute that a parameter fills"),
    pytest.param("class A:\n    x = 1\n    class $0<old>:\n        y = 2\n    def f(self):\n        return self.<old>.y, A.<old>().y\nclass B(A.<old>): ...\n", id="a nested class as a base"),
    pytest.param("class M(type):\n    <old>: int\nclass A(metaclass=M):\n    $0<old> = 1\nA.<old>\n", id="what a metaclass declares"),
]  # fmt: skip

MODULES = [
    pytest.param("//- <a|new>.py\nx = 1\n//- b.py\nimport $0<a>\nprint(<a>.x)\n//= a.py new.py\n", id="a module from its import"),
    pytest.param("//- p/__init__.py\n//- p/<a|new>.py\nx = 1\n//- b.py\nfrom p import $0<a>\nimport p.<a> as q\nfrom p.<a> import x\nprint(<a>.x)\n//= p/a.py p/new.py\n", id="a submodule from a from-import"),
    pytest.param("//- p/__init__.py\n//- p/a.py\nx = 1\n//- b.py\nimport $0<p>.a\nfrom <p>.a import x\nprint(<p>.a.x)\n//= p/__init__.py new/__init__.py\n//= p/a.py new/a.py\n", id="a package from an import"),
    pytest.param("//- p/__init__.py\nfrom .<a> import x\n//- p/a.py\nx = 1\n//- p/c.py\nfrom . import $0<a>\n<a>.x\n//= p/a.py p/new.py\n", id="a submodule from a relative import"),
    pytest.param("//- p/__init__.py\nfrom .<old> import <other|other>\n//- p/old.py\nother = 1\n//- b.py\nimport p.<old>\np.$0<old>.other\n//= p/old.py p/new.py\n", id="a submodule from its use"),
    pytest.param("//- p/__init__.py\nfrom .old import <old>\nx = $0<old>\n//- p/old.py\n<old> = 10\n", id="a name like its module"),
    pytest.param("//- a.py\ndef $0<old>(): ...\n//- b.py\nfrom a import <old> as x\nfrom a import (\n    <old>,  # old\n)\nx(), <old>()\n//- c.py\nfrom b import <old>, x\n", id="an import chain with aliases"),
]  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[LspClient]:
    home = tmp_path_factory.mktemp("home")
    with LspClient(home=home) as client:
        client.initialize(folders=[], capabilities=FULL_CAPABILITIES)
        yield client


class Editor:
    """A folder of one case in the server, and what an edit makes of its files."""

    def __init__(self, client: LspClient, root: Path, files: dict[str, str]) -> None:
        self.client = client
        self.root = root
        self.place: tuple[str, dict[str, int]] | None = None
        for name, body in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if CURSOR in body:
                before, _, after = body.partition(CURSOR)
                line = before.rpartition("\n")[2]
                character = len(line.encode("utf-16-le")) // 2
                self.place = (name, {"line": before.count("\n"), "character": character})
                body = before + after
            file.write_bytes(body.encode())
        self.files: dict[str, str] = {name: (root / name).read_bytes().decode() for name in files}

    def ask(self, method: str, **more: Any) -> Any:
        assert self.place is not None
        name, position = self.place
        uri = (self.root / name).as_uri()
        return self.client.request(
            method, {"textDocument": {"uri": uri}, "position": position, **more}
        )

    def applied(self, edit: dict[str, Any]) -> dict[str, str]:
        files: dict[str, str] = {**self.files}
        for change in edit["documentChanges"]:
            if change.get("kind") == "rename":
                files[self.name(change["newUri"])] = files.pop(self.name(change["oldUri"]))
                continue
            name = self.name(change["textDocument"]["uri"])
            lines: list[str] = files[name].split("\n")
            for each in sorted(
                change["edits"],
                key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"]),
                reverse=True,
            ):
                start, end = each["range"]["start"], each["range"]["end"]
                assert start["line"] == end["line"]
                line: bytes = lines[int(start["line"])].encode("utf-16-le")
                new: bytes = each["newText"].encode("utf-16-le")
                whole = line[: start["character"] * 2] + new + line[end["character"] * 2 :]
                lines[int(start["line"])] = whole.decode("utf-16-le")
            files[name] = "\n".join(lines)
        return files

    def name(self, uri: str) -> str:
        return str(Path(unquote(uri.removeprefix("file://"))).relative_to(self.root))


def folders(client: LspClient, added: list[Path], removed: list[Path]) -> None:
    event = {
        key: [{"uri": path.as_uri(), "name": path.name} for path in paths]
        for key, paths in (("added", added), ("removed", removed))
    }
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    wanted = {str(path) for path in added}

    def current() -> bool:
        try:
            status = client.request(
                "workspace/executeCommand", {"command": "treewright.index.status"}
            )
        except RpcError:  # a folder is just being closed
            return False
        return status["ready"] and {f["root"] for f in status["folders"]} == wanted

    client.eventually(current)


@pytest.mark.parametrize(
    "text",
    [*LOCALS, *PARAMETERS, *GLOBALS, *MEMBERS, *ANNOTATIONS, *SCOPES, *CALLS, *CLASSES, *MODULES],
)
def test_renames(client: LspClient, tmp_path: Path, text: str) -> None:
    moves = re.findall(r"^//= (\S+) (\S+)\n", text, re.MULTILINE)
    text = re.sub(r"^//= .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^//- .*$", lambda m: before_of(m.group()), text, flags=re.MULTILINE)
    root = tmp_path.resolve()
    editor = Editor(client, root, split_fixture(before_of(text)))
    expected = split_fixture(after_of(text))
    for old, new in moves:
        expected[new] = expected.pop(old)
    folders(client, [root], [])
    try:
        prepared = editor.ask("textDocument/prepareRename")
        assert editor.place is not None
        word: str = editor.files[editor.place[0]].split("\n")[
            int(prepared["range"]["start"]["line"])
        ]
        units: bytes = word.encode("utf-16-le")
        start, end = (prepared["range"][key]["character"] * 2 for key in ("start", "end"))
        assert units[start:end].decode("utf-16-le") == prepared["placeholder"]
        edit = editor.ask("textDocument/rename", newName="new")
    finally:
        folders(client, [], [root])
    assert editor.applied(edit) == expected


REFUSED = [
    pytest.param("import $0os\nos.path\n", id="a foreign module"),
    pytest.param("import os\nos.$0path\n", id="a foreign module's attribute"),
    pytest.param("from os.$0path import join\n", id="a part of a foreign module"),
    pytest.param("x: $0int = 1\n", id="a builtin type"),
    pytest.param("$0class A: ...\n", id="a keyword"),
    pytest.param("x = '$0word'\n", id="a word in a string"),
    pytest.param("# $0word\n", id="a word in a comment"),
    pytest.param("x = 1$02\n", id="a number"),
    pytest.param("x: 'None |$0 A'\nclass A: ...\n", id="an operator in an annotation"),
    pytest.param("'abc'.$0upper()\n", id="a builtin's method"),
    pytest.param("class A:\n    def $0__init__(self): ...\n", id="a dunder"),
    pytest.param("class A(Exception):\n    def f(self):\n        return self.$0args\n", id="an inherited foreign attribute"),
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_is_refused_before_anything_is_typed(client: LspClient, tmp_path: Path, text: str) -> None:
    root = tmp_path.resolve()
    editor = Editor(client, root, split_fixture(text))
    folders(client, [root], [])
    try:
        try:
            assert editor.ask("textDocument/prepareRename") is None
        except RpcError as error:
            assert error.message  # noqa: PT017
        with pytest.raises(RpcError):
            editor.ask("textDocument/rename", newName="new")
    finally:
        folders(client, [], [root])
