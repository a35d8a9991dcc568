"""Generate test: a first test of a function or a class, where the project keeps its tests.

The file is the one that tests the module already; else a new one in the tests folder, in the layout
of the others. The call is built from the signature; what it asserts is what the annotations say, for
somebody to make it say more. unittest or pytest, as the other tests.

        //- pkg/area.py
        def area(w: int, h: int) -> int$0:
            return w * h
        //- tests/test_other.py
        def test_other():
            pass
    -> {}
        //- pkg/area.py
        def area(w: int, h: int) -> int:
            return w * h
        //- tests/test_other.py
        def test_other():
            pass
        //- tests/test_area.py
        from pkg.area import area


        def test_area() -> None:
            result = area(w=1, h=1)
            assert isinstance(result, int)
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import Place, chain_at, field, header_end, python_at
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph.imports import module_name
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_SAMPLES = {
    "int": "1", "float": "1.0", "str": '"text"', "bool": "True", "bytes": 'b"data"',
    "list": "[]", "dict": "{}", "set": "set()", "tuple": "()", "Sequence": "[]", "Mapping": "{}",
    "Iterable": "[]", "Path": 'Path("file")', "object": "object()", "Any": "None", "None": "None",
}  # fmt: skip
_CHECKED = frozenset({"int", "float", "str", "bool", "bytes", "list", "dict", "set", "tuple"})


class GenerateTest(Place, frozen=True, kw_only=True):
    test_path: Annotated[
        str, msgspec.Meta(description="The test file; without it where the project keeps them.")
    ] = ""


def _plan(snapshot: Snapshot, arguments: GenerateTest, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "generate_test")
    function, owner = _meant(file, span)
    name = file.text_of(field(function, "name"))
    module = module_name(snapshot, file.path)
    if module is None:
        raise RefusedError("the module cannot be imported by name")
    if os.path.basename(file.path).startswith("test_") or name.startswith("test"):
        raise RefusedError("it is a test itself")
    place = arguments.test_path or _test_file(snapshot, file.path)
    path = snapshot.require_inside(place)
    imported = owner or name
    is_async = file.text_of(function).startswith("async")
    title = "_".join(
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part).lower().strip("_")
        for part in ((owner, name) if owner else (name,))
    )
    body, needs = _body(file, function, owner, name, is_async)
    build = ChangeBuilder(snapshot)
    if not snapshot.exists(path):
        unittest = _uses_unittest(snapshot, path)
        build.create(path, _new_file(module, imported, title, body, needs, is_async, unittest))
        return build.build()
    test = PythonFile(snapshot, path)
    if f"def test_{title}(" in test.text.string:
        raise RefusedError(f"{snapshot.display_path(path)} has a test_{title} already")
    editor = build.file(path)
    wanted = [Wanted(module, imported), *needs]
    ImportBlock(snapshot, path).add(
        editor, [w for w in wanted if w.binds not in test.facts.scopes[0].bindings]
    )
    end = len(test.text.data)
    gap = "\n\n" if test.text.data.endswith(b"\n") else "\n\n\n"
    if b"unittest" in test.text.data and b"TestCase" in test.text.data:
        editor.insert(end, gap + _case(title, body, is_async))
    else:
        editor.insert(end, gap + _function(title, body, is_async))
    return build.build()


def _meant(file: PythonFile, span: Span) -> tuple[Node, str]:
    """The function at the cursor, and the class it is a method of."""
    for node in chain_at(file.root, Span(span.start, span.start)):
        if node.type != "function_definition":
            if node.type == "class_definition":
                break
            continue
        if span.start > header_end(node) or node.has_error:
            break
        holder = node.parent
        if holder is not None and holder.type == "decorated_definition":
            holder = holder.parent
        if holder is not None and holder.type == "module":
            return node, ""
        cls = holder.parent if holder is not None else None
        if cls is not None and cls.type == "class_definition":
            name = file.text_of(field(node, "name"))
            if name.startswith("_"):
                raise RefusedError(f"`{name}` is tested through what uses it")
            return node, file.text_of(field(cls, "name"))
        raise RefusedError("it stands inside another function")
    raise RefusedError("the cursor is on no function's head")


# -------------------------------------------------------------------- where


def _test_file(snapshot: Snapshot, path: str) -> str:
    """The file that tests a module by its name, or where a new one goes."""
    folder = snapshot.folder_of(path)
    root = folder.root if folder is not None else os.path.dirname(path)
    stem = os.path.splitext(os.path.basename(path))[0]
    if stem == "__init__":
        stem = os.path.basename(os.path.dirname(path))
    names = (f"test_{stem}.py", f"{stem}_test.py")
    tests = [
        p
        for p in snapshot.files()
        if re.fullmatch(r"test_.*\.py|.*_test\.py", os.path.basename(p)) and p.startswith(root)
    ]
    same = [p for p in tests if os.path.basename(p) in names]
    parts = os.path.relpath(os.path.dirname(path), root).split(os.sep)
    if same:
        return max(
            same, key=lambda p: (_shared(parts, os.path.relpath(p, root).split(os.sep)), -len(p))
        )
    suffix = sum(p.endswith("_test.py") for p in tests) > len(tests) / 2
    name = names[1] if suffix else names[0]
    beside = [p for p in tests if os.path.dirname(p) == os.path.dirname(path)]
    if beside:
        return os.path.join(os.path.dirname(path), name)
    for candidate in ("tests", "test"):
        top = os.path.join(root, candidate)
        if not os.path.isdir(top):
            continue
        inner = [part for part in parts if part not in (".", "src", "lib")]
        for depth in range(len(inner)):
            mirrored = os.path.join(top, *inner[depth:])
            if os.path.isdir(mirrored):
                return os.path.join(mirrored, name)
        return os.path.join(top, name)
    return os.path.join(root, "tests", name)


def _shared(one: list[str], other: list[str]) -> int:
    return len(set(one) & set(other))


def _uses_unittest(snapshot: Snapshot, path: str) -> bool:
    folder = os.path.dirname(path)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return False
    votes = 0
    for name in names[:30]:
        near = os.path.join(folder, name)
        if name.endswith(".py") and name.startswith("test_") and snapshot.exists(near):
            votes += 1 if b"TestCase" in snapshot.text(near).data else -1
    return votes > 0


# -------------------------------------------------------------------- what


def _body(
    file: PythonFile, function: Node, owner: str, name: str, is_async: bool
) -> tuple[list[str], list[Wanted]]:
    arguments: list[str] = []
    needs: list[Wanted] = []
    decorated = function.parent
    marks = (
        [file.text_of(c) for c in decorated.children if c.type == "decorator"]
        if decorated is not None and decorated.type == "decorated_definition"
        else []
    )
    static = "@staticmethod" in marks or "@classmethod" in marks
    for index, child in enumerate(field(function, "parameters").named_children):
        if owner and index == 0 and "@staticmethod" not in marks:
            continue
        if child.type in ("default_parameter", "typed_default_parameter", "list_splat_pattern",
                          "dictionary_splat_pattern", "keyword_separator", "positional_separator",
                          "comment"):  # fmt: skip
            continue
        named = child.named_children[0] if child.type == "typed_parameter" else child
        if named.type != "identifier":
            continue
        annotation = child.child_by_field_name("type")
        kind = file.text_of(annotation) if annotation is not None else ""
        base = re.split(r"[\[|]", kind)[0].strip().rpartition(".")[2]
        sample = _SAMPLES.get(base, "None")
        if base == "Path":
            needs.append(Wanted("pathlib", "Path"))
        arguments.append(f"{file.text_of(named)}={sample}")
    wait = "await " if is_async else ""
    if owner and not static:
        called = f"{owner}().{name}" if "@property" not in marks else ""
    else:
        called = f"{owner}.{name}" if owner else name
    value = f"{owner}().{name}" if not called else f"{called}({', '.join(arguments)})"
    annotation = function.child_by_field_name("return_type")
    kind = file.text_of(annotation) if annotation is not None else ""
    base = re.split(r"[\[|]", kind)[0].strip()
    if kind == "None":
        return [f"{wait}{value}"], needs
    if base in _CHECKED and "|" not in kind:
        return [f"result = {wait}{value}", f"assert isinstance(result, {base})"], needs
    return [f"result = {wait}{value}", "assert result is not None"], needs


def _function(title: str, body: list[str], is_async: bool) -> str:
    word = "async def" if is_async else "def"
    return f"{word} test_{title}() -> None:\n" + "".join(f"    {line}\n" for line in body)


def _case(title: str, body: list[str], is_async: bool) -> str:
    word = "async def" if is_async else "def"
    base = "unittest.IsolatedAsyncioTestCase" if is_async else "unittest.TestCase"
    name = "".join(part.capitalize() for part in title.split("_"))
    lines = [
        re.sub(
            r"assert isinstance\((\w+), (\w+)\)", r"self.assertIsInstance(\1, \2)", line
        ).replace("assert result is not None", "self.assertIsNotNone(result)")
        for line in body
    ]
    return f"class {name}Test({base}):\n    {word} test_{title}(self) -> None:\n" + "".join(
        f"        {line}\n" for line in lines
    )


def _new_file(
    module: str, imported: str, title: str, body: list[str], needs: list[Wanted], is_async: bool,
    unittest: bool,
) -> str:  # fmt: skip
    standard = [need.statement() for need in needs]
    if unittest:
        standard.insert(0, "import unittest")
    head = "\n".join(dict.fromkeys(standard)) + "\n\n" if standard else ""
    made = _case(title, body, is_async) if unittest else _function(title, body, is_async)
    return f"{head}from {module} import {imported}\n\n\n{made}"


GENERATE_TEST = Operation(
    name="generate_test",
    title="Generate a test",
    arguments=GenerateTest,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
