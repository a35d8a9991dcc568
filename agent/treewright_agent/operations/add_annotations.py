"""Add annotations: the types of a function or a variable, where the code proves them.

A return type is proven by what is returned: literals, f-strings, `not`, calls of classes and of
builtins whose type never varies, or nothing at all. A parameter's default only hints at its type,
so its annotation asks for confirmation. Whatever is not proven is left out.

    def label$0(self):
        return f"{self.name}!"
    -> {}
    def label(self) -> str:
        return f"{self.name}!"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.add_docstring import own_returns
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.if_to_match import python_floor
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    chain_at,
    code_of,
    field,
    header_end,
    holds,
    python_at,
    terminates,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import definitions, occurrence_at
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_LITERALS = {
    "integer": "int", "float": "float", "true": "bool", "false": "bool", "none": "None",
    "not_operator": "bool",
}  # fmt: skip
_BUILTINS = {
    "len": "int", "str": "str", "repr": "str", "int": "int", "float": "float", "bool": "bool",
    "bytes": "bytes", "isinstance": "bool", "issubclass": "bool", "hasattr": "bool",
    "callable": "bool", "any": "bool", "all": "bool", "ord": "int", "chr": "str", "hex": "str",
    "bin": "str", "oct": "str", "id": "int", "hash": "int", "format": "str", "ascii": "str",
}  # fmt: skip
_BY_NAME = {
    "__init__": "None", "__str__": "str", "__repr__": "str", "__len__": "int", "__hash__": "int",
    "__bool__": "bool", "__contains__": "bool", "__bytes__": "bytes", "__int__": "int",
    "__float__": "float", "__format__": "str", "__del__": "None", "__setattr__": "None",
    "__delattr__": "None", "__setitem__": "None", "__delitem__": "None", "__index__": "int",
}  # fmt: skip
_STRING_METHODS = frozenset(
    {
        "join",
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "replace",
        "format",
        "capitalize",
    }
)


def _plan(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "add_annotations")
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    node = _meant(file, span)
    if node.type == "assignment":
        left, right = field(node, "left"), node.child_by_field_name("right")
        if node.child_by_field_name("type") is not None:
            raise RefusedError("it is annotated already")
        known = type_of(file, right) if right is not None else ""
        if left.type != "identifier" or not known or known == "None":
            raise RefusedError("its type is not proven")
        name = file.text_of(left)
        home = file.home_of(name, left.start_byte)
        if home < 0 or file.facts.scopes[home].bindings[name][0] != left.start_byte:
            raise RefusedError("it is bound before")
        editor.insert(left.end_byte, f": {known}")
        return build.build()
    n_found = 0
    if node.child_by_field_name("return_type") is None:
        known = return_type(file, node)
        if known:
            editor.insert(field(node, "parameters").end_byte, f" -> {known}")
            n_found += 1
    for parameter in field(node, "parameters").named_children:
        if parameter.type != "default_parameter":
            continue
        name, value = field(parameter, "name"), field(parameter, "value")
        known = type_of(file, value)
        if known and known != "None" and "[" not in known:
            editor.replace(
                Span(name.end_byte, value.start_byte),
                f": {known} = ",
                doubt="only its default says so; callers may pass more",
            )
            n_found += 1
    if not n_found:
        raise RefusedError("no type is proven that is not written already")
    return build.build()


def _meant(file: PythonFile, span: Span) -> Node:
    for node in chain_at(file.root, Span(span.start, span.start)):
        if node.type == "function_definition":
            if node.start_byte <= span.start <= header_end(node) and not node.has_error:
                return node
            break
        alone = node.parent is not None and node.parent.type == "expression_statement"
        if node.type == "assignment" and alone and span.start <= field(node, "left").end_byte:
            return node
        if node.type == "decorated_definition":
            inner = field(node, "definition")
            if inner.type == "function_definition" and span.start <= header_end(inner):
                return inner
    raise RefusedError("the cursor is on no function's head and no assignment")


def return_type(file: PythonFile, function: Node) -> str:
    """The proven type of what a function returns, '' when there is none."""
    name = file.text_of(field(function, "name"))
    if name in _BY_NAME:
        return _BY_NAME[name]
    body = field(function, "body")
    if holds(body, ("yield",)):
        return ""
    code = code_of(body)
    returns = own_returns(body)
    values = [r.named_children[0] if r.named_children else None for r in returns]
    if not any(value is not None for value in values) and _is_stub(file, code):
        return ""
    kinds = {type_of(file, value) if value is not None else "None" for value in values}
    if "" in kinds:
        return ""
    if not values or not _leaves(code[-1] if code else None):
        kinds.add("None")
    if kinds == {"bool", "int"} or kinds == {"int", "float"}:
        return ""
    if len(kinds) == 1:
        return kinds.pop()
    if len(kinds) == 2 and "None" in kinds and python_floor(file.path) >= (3, 10):
        (other,) = kinds - {"None"}
        return f"{other} | None"
    return ""


def _leaves(statement: Node | None) -> bool:
    """Whether the end of the function is not reached behind it."""
    if statement is None:
        return False
    if terminates(statement):
        return True
    if statement.type == "while_statement" and not holds(statement, ("break_statement",)):
        condition = statement.child_by_field_name("condition")
        return condition is not None and condition.type == "true"
    return False


def _is_stub(file: PythonFile, code: list[Node]) -> bool:
    """A body that only stands for what others write: `...`, `pass`, `raise NotImplementedError`."""
    rest = [
        s
        for s in code
        if not (
            s.type == "expression_statement"
            and s.named_children
            and s.named_children[0].type in ("string", "concatenated_string")
        )
    ]
    return not rest or all(
        s.type in ("pass_statement", "raise_statement") or file.text_of(s) == "..." for s in rest
    )


def type_of(file: PythonFile, node: Node) -> str:
    """The type that an expression certainly has, as an annotation; '' when it is not certain."""
    kind = node.type
    if kind == "parenthesized_expression":
        return type_of(file, node.named_children[0])
    if kind in _LITERALS:
        return (
            _LITERALS[kind]
            if kind != "integer"
            else "complex"
            if file.text_of(node).endswith("j")
            else "int"
        )
    if kind in ("string", "concatenated_string"):
        text = file.text_of(node)
        prefix = text[: len(text) - len(text.lstrip("rRbBuUfF"))].lower()
        return "bytes" if "b" in prefix else "str"
    if kind == "comparison_operator":
        sure = all(
            c.type in ("is", "is not", "in", "not in") for c in node.children if not c.is_named
        )
        return "bool" if sure else ""
    if kind == "conditional_expression":
        parts = [c for c in node.named_children if c.type != "comment"]
        one, two = type_of(file, parts[0]), type_of(file, parts[-1])
        return one if one == two else ""
    if kind in ("list", "set", "tuple", "dictionary"):
        return _display(file, node)
    if kind == "call":
        return _called(file, node)
    return ""


def _display(file: PythonFile, node: Node) -> str:
    items = [c for c in node.named_children if c.type != "comment"]
    if node.type == "dictionary":
        if not items or any(c.type != "pair" for c in items):
            return ""
        keys = {type_of(file, field(c, "key")) for c in items}
        values = {type_of(file, field(c, "value")) for c in items}
        if len(keys) == len(values) == 1 and "" not in keys | values and "None" not in values:
            return f"dict[{keys.pop()}, {values.pop()}]"
        return ""
    kinds = [type_of(file, item) for item in items]
    if not kinds or "" in kinds:
        return ""
    if node.type == "tuple":
        return f"tuple[{', '.join(kinds)}]"
    if len(set(kinds)) != 1 or kinds[0] == "None":
        return ""
    return f"{node.type}[{kinds[0]}]"


def _called(file: PythonFile, call: Node) -> str:
    function = field(call, "function")
    text = file.text_of(function)
    if function.type == "attribute":
        value = field(function, "object")
        name = file.text_of(field(function, "attribute"))
        if name in _STRING_METHODS and type_of(file, value) == "str":
            return "str"
        return ""
    if function.type != "identifier":
        return ""
    home = file.home_of(text, function.start_byte)
    if home == -1:
        return _BUILTINS.get(text, "")
    if not text[:1].isupper() or file.facts.scopes[home].kind != "module":
        return ""
    occurrence = occurrence_at(file.snapshot, file.path, function.start_byte)
    if occurrence is None:
        return ""
    found = definitions(file.snapshot, file.path, function.start_byte)
    if len(found) != 1 or found[0].kind != "class":
        return ""
    facts = file.snapshot.facts(found[0].path)
    if any(s.parent == found[0].symbol and s.name == "__new__" for s in facts.symbols):
        return ""
    symbol = facts.symbols[found[0].symbol]
    plain = all("Generic[" not in base and "metaclass" not in base for base in symbol.bases)
    return text if (plain and not symbol.decorators) or _is_dataclass(symbol.decorators) else ""


def _is_dataclass(decorators: tuple[str, ...]) -> bool:
    return all("dataclass" in decorator for decorator in decorators)


ADD_ANNOTATIONS = Operation(
    name="add_annotations",
    title="Annotate what the code proves",
    arguments=Place,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
