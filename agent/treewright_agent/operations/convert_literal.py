"""Convert literal: `dict(a=1)` and `{"a": 1}`, `list()` and `[]`, `set([…])` and `{…}`.

A call becomes a literal or a comprehension where it says the same; a dictionary whose keys are
names becomes a call. Refused where the name of the type means something else here.

    x = dict$0(a=1, b=f())
    -> {}
    x = {"a": 1, "b": f()}
"""

from __future__ import annotations

import ast
import keyword
from typing import TYPE_CHECKING

from treewright_agent.changes import ChangeBuilder, FileEditor, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    chain_at,
    field,
    kept,
    python_at,
    require_sound,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPES = frozenset({"dict", "list", "set", "tuple"})
_LITERALS = frozenset({"dictionary", "list", "tuple"})


def _plan(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "convert_literal")
    for node in chain_at(file.root, span):
        function = node.child_by_field_name("function") if node.type == "call" else None
        if (
            function is not None
            and function.type == "identifier"
            and file.text_of(function) in _TYPES
            and span.start <= field(node, "arguments").start_byte + 1
        ):
            require_sound(node)
            return _to_literal(file, node, file.text_of(function))
        if node.type == "dictionary" and span.start in (node.start_byte, node.start_byte + 1):
            require_sound(node)
            return _to_call(file, node)
        if node.type in _LITERALS and not node.named_children and node.parent is not None:
            return _to_call(file, node)
        if node.type in ("block", "module"):
            break
    raise RefusedError("the cursor is on no dict, list, set or tuple that can be written otherwise")


def _require_builtin(file: PythonFile, name: str, offset: int) -> None:
    if file.home_of(name, offset) != -1:
        raise RefusedError(f"`{name}` means something else here")


def _to_literal(file: PythonFile, call: Node, name: str) -> SourceChange:
    _require_builtin(file, name, call.start_byte)
    listed = field(call, "arguments")
    build = ChangeBuilder(file.snapshot)
    editor = build.file(file.path)
    opening, closing = {"dict": "{}", "list": "[]", "set": "{}", "tuple": "()"}[name]
    start, end = call.byte_range
    if listed.type == "generator_expression":
        if name == "tuple":
            raise RefusedError("there is no tuple comprehension")
        body = field(listed, "body")
        if name == "dict":
            _pair_edits(file, editor, body)
        editor.replace(Span(start, listed.start_byte + 1), opening)
        editor.replace(Span(end - 1, end), closing)
        return kept(file, build)
    given = [child for child in listed.named_children if child.type != "comment"]
    if not given:
        if name == "set":
            raise RefusedError("an empty set has no literal")
        editor.replace(Span(start, end), opening + closing)
        return kept(file, build)
    if name == "dict" and all(child.type == "keyword_argument" for child in given):
        quote = quote_of(file)
        for child in given:
            key, value = field(child, "name"), field(child, "value")
            shown = f"{quote}{file.text_of(key)}{quote}: "
            editor.replace(Span(key.start_byte, value.start_byte), shown)
        editor.replace(Span(start, listed.start_byte + 1), "{")
        editor.replace(Span(end - 1, end), "}")
        return kept(file, build)
    if len(given) != 1:
        raise RefusedError(f"`{name}` is given something that a literal cannot say")
    (value,) = given
    inner = value
    if name == "dict":
        if value.type not in ("list", "tuple", "list_comprehension") or len(value.children) < 3:
            raise RefusedError("what it is made of is not written out")
        if value.type == "list_comprehension":
            _pair_edits(file, editor, field(value, "body"))
        else:
            for each in value.named_children:
                if each.type != "comment":
                    _pair_edits(file, editor, each)
    elif value.type in ("list", "tuple") or (
        name != "tuple" and value.type == "list_comprehension"
    ):
        if name == "set" and not [c for c in value.named_children if c.type != "comment"]:
            raise RefusedError("an empty set has no literal")
    elif name == "set" and value.type in ("set", "set_comprehension"):
        pass
    else:
        raise RefusedError("what it is made of is not written out")
    editor.replace(Span(start, inner.start_byte + 1), opening)
    tail = closing
    elements = [c for c in inner.named_children if c.type != "comment"]
    text = file.text_of(inner)
    has_comma = text[1:-1].rstrip().endswith(",")
    if name == "tuple" and len(elements) == 1 and not has_comma:
        tail = ",)"
    if name in ("list", "set") and inner.type == "tuple" and len(elements) == 1:
        comma = next((c for c in inner.children if c.type == ","), None)
        if comma is not None and "\n" not in text:
            editor.delete(Span(*comma.byte_range))
    editor.replace(Span(inner.end_byte - 1, end), tail)
    return kept(file, build)


def _pair_edits(file: PythonFile, editor: FileEditor, pair: Node) -> None:
    """`(k, v)` or `[k, v]` as `k: v`."""
    parts = [child for child in pair.named_children if child.type != "comment"]
    splat = any(part.type == "list_splat" for part in parts)
    if pair.type not in ("tuple", "list") or len(parts) != 2 or splat:
        raise RefusedError("its pairs are not written out")
    key, value = parts
    text = file.text_of(key)
    loose = key.type in ("lambda", "conditional_expression", "named_expression")
    editor.replace(Span(pair.start_byte, key.end_byte), f"({text})" if loose else text)
    editor.replace(Span(key.end_byte, value.start_byte), ": ")
    editor.delete(Span(value.end_byte, pair.end_byte))


def _to_call(file: PythonFile, node: Node) -> SourceChange:
    name = {"dictionary": "dict", "list": "list", "tuple": "tuple"}[node.type]
    _require_builtin(file, name, node.start_byte)
    build = ChangeBuilder(file.snapshot)
    editor = build.file(file.path)
    if node.type != "dictionary":
        if _is_target(node):
            raise RefusedError("it is assigned to")
        editor.replace(Span(*node.byte_range), f"{name}()")
        return kept(file, build)
    seen: set[str] = set()
    for pair in node.named_children:
        if pair.type == "comment":
            continue
        key = pair.child_by_field_name("key") if pair.type == "pair" else None
        if key is None or key.type != "string":
            raise RefusedError("a key is no name")
        try:
            said = ast.literal_eval(file.text_of(key))
        except (SyntaxError, ValueError) as error:
            raise RefusedError("a key is no name") from error
        if not isinstance(said, str) or not said.isidentifier() or keyword.iskeyword(said):
            raise RefusedError(f"the key {said!r} cannot name an argument")
        if said in seen:
            raise RefusedError(f"the key {said!r} is there twice")
        seen.add(said)
        value = field(pair, "value")
        editor.replace(Span(key.start_byte, value.start_byte), f"{said}=")
    editor.replace(Span(node.start_byte, node.start_byte + 1), "dict(")
    editor.replace(Span(node.end_byte - 1, node.end_byte), ")")
    return kept(file, build)


def _is_target(node: Node) -> bool:
    parent = node.parent
    return (
        parent is not None
        and parent.type in ("assignment", "for_statement")
        and parent.child_by_field_name("left") == node
    )


def quote_of(file: PythonFile) -> str:
    """The quote that the file's strings use more often."""
    data = file.text.data
    return "'" if data.count(b"'") > data.count(b'"') else '"'


CONVERT_LITERAL = Operation(
    name="convert_literal",
    title="Convert between literal and call",
    arguments=Place,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
