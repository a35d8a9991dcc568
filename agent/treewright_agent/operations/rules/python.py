"""Rules for Python that ruff has no fix for, by what mypy, pyright and pylint report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from treewright_agent.operations.blocks import BLOCKS
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.remove_variable import is_pure
from treewright_agent.operations.rules import Rule, Site
from treewright_agent.operations.scoping import home_of
from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_IGNORES = re.compile(
    rb"[ \t]*#[ \t]*(?:type:[ \t]*ignore|pyright:[ \t]*ignore)(?:\[(?P<codes>[^\]]*)\])?"
)


def unused_ignore(site: Site) -> None:
    """`# type: ignore`, or the codes of it that the message calls unused, from the line."""
    start, end = site.text.line_span(site.text.line_of(site.span.start))
    for match in _IGNORES.finditer(site.data, start, end):
        codes = [c.strip() for c in (match["codes"] or b"").decode().split(",") if c.strip()]
        unused = [c.strip(" \"'") for c in site.said.split(",") if c.strip()]
        left = [code for code in codes if code not in unused]
        if unused and left and len(left) < len(codes):
            span = Span(*match.span("codes"))
            site.editor.replace(span, ", ".join(left))
            return
        tail = site.data[match.end() : end]
        if tail.strip() and not tail.lstrip().startswith(b"#"):
            # What is said behind it stays as a comment.
            rest = tail.strip().lstrip(b",;-").strip().decode("utf-8", "replace")
            site.editor.replace(Span(match.start(), end), f"  # {rest}")
            return
        site.editor.delete(Span(match.start(), match.end()))
        return
    raise RefusedError("the line has no ignore comment")


def add_await(site: Site) -> None:
    node = site.find("call")
    function = node.parent
    while function is not None and function.type not in ("function_definition", "lambda"):
        function = function.parent
    if function is None or not site.of(function).startswith("async"):
        raise RefusedError("the function around it is not async")
    site.editor.insert(node.start_byte, "await ")


def add_async(site: Site) -> None:
    node = site.find("function_definition")
    if site.of(node).startswith("async"):
        raise RefusedError("the function is async already")
    site.editor.insert(node.start_byte, "async ", doubt="callers get a coroutine")


def redundant_cast(site: Site) -> None:
    node = site.find("call")
    function, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    given = [c for c in listed.named_children if c.type != "comment"] if listed else []
    named = function is not None and site.of(function).rpartition(".")[2] == "cast"
    if not named or len(given) != 2:
        raise RefusedError("there is no cast here")
    value = given[1]
    simple = value.type in ("identifier", "attribute", "call", "subscript", "string", "list")
    text = site.of(value)
    site.editor.replace(Span(*node.byte_range), text if simple else f"({text})")


def bare_except(site: Site) -> None:
    node = site.find("except_clause")
    word = node.children[0]
    if any(c.is_named and c.type not in ("block", "comment") for c in node.children):
        raise RefusedError("it names what it catches already")
    site.editor.insert(
        word.end_byte,
        " Exception",
        doubt="KeyboardInterrupt and SystemExit are no longer caught",
    )


def pointless_statement(site: Site) -> None:
    node = site.find("expression_statement")
    inner = node.named_children[0]
    compared = inner.type == "comparison_operator" and all(
        is_pure(part, site.data) for part in inner.named_children
    )
    text = inner.type in ("string", "concatenated_string")
    if text or not (compared or is_pure(inner, site.data)):
        raise RefusedError("computing it may do something")
    block = node.parent
    code = [c for c in block.named_children if c.type != "comment"] if block else []
    if block is not None and block.type == "block" and len(code) == 1:
        site.editor.replace(Span(*node.byte_range), "pass")
    else:
        site.delete_lines(node)


def initialise(site: Site) -> None:
    """`name = None` before the statement under whose conditions the name is bound."""
    node = site.find("identifier")
    name = site.of(node)
    facts = site.snapshot.file_facts(site.path)
    home = home_of(facts, node.start_byte, name)
    if home < 0:
        raise RefusedError(f"nothing here binds `{name}`")
    kind = facts.scopes[home].bindings[name][1]
    if kind != "variable":
        raise RefusedError(f"`{name}` is a {kind}")
    start = facts.scopes[home].bindings[name][0]
    here = site.root.descendant_for_byte_range(start, start + 1)
    top: Node | None = None
    while here is not None:
        parent = here.parent
        if parent is not None and parent.type in BLOCKS:
            top = here
            holder = parent.parent
            if parent.type == "module" or (
                holder is not None and holder.type in ("function_definition", "class_definition")
            ):
                break
        here = parent
    if top is None or top.type in ("expression_statement", "function_definition"):
        raise RefusedError(f"`{name}` is bound under no condition")
    line = site.text.line_span(site.text.line_of(top.start_byte))
    indent = site.data[line.start : top.start_byte]
    if indent.strip():
        raise RefusedError("the statement shares its line with other code")
    site.editor.insert(top.start_byte, f"{name} = None\n{indent.decode()}")


def add_self(site: Site) -> None:
    node = site.find("function_definition")
    parameters = node.child_by_field_name("parameters")
    word = "cls" if "classmethod" in _decorators(site, node) else "self"
    if parameters is None or site.of(parameters).startswith(f"({word}"):
        raise RefusedError(f"its first parameter is {word} already")
    if "staticmethod" in _decorators(site, node):
        raise RefusedError("it is a staticmethod")
    given = [c for c in parameters.named_children if c.type != "comment"]
    site.editor.insert(
        parameters.start_byte + 1,
        word + (", " if given else ""),
        doubt="calls that passed the instance as another parameter change" if given else "",
    )


def add_staticmethod(site: Site) -> None:
    node = site.find("function_definition")
    outer = node.parent
    first = outer if outer is not None and outer.type == "decorated_definition" else node
    if "staticmethod" in _decorators(site, node):
        raise RefusedError("it is a staticmethod already")
    line = site.text.line_span(site.text.line_of(first.start_byte))
    indent = site.data[line.start : first.start_byte].decode()
    site.editor.insert(first.start_byte, f"@staticmethod\n{indent}")


def _decorators(site: Site, function: Node) -> set[str]:
    outer = function.parent
    if outer is None or outer.type != "decorated_definition":
        return set()
    return {site.of(c).lstrip("@").strip() for c in outer.children if c.type == "decorator"}


def optional_parameter(site: Site) -> None:
    """`x: int = None` -> `x: int | None = None`; `Optional[int]` before Python 3.10."""
    node = site.find("typed_default_parameter", "assignment")
    annotation = node.child_by_field_name("type")
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    if annotation is None or value is None or value.type != "none":
        raise RefusedError("there is no annotation with the default None")
    text = site.of(annotation)
    if re.search(r"\bNone\b|\bOptional\b|\bAny\b", text):
        raise RefusedError("its annotation allows None already")
    from treewright_agent.operations.if_to_match import python_floor

    if python_floor(site.path) >= (3, 10) or b"from __future__ import annotations" in site.data:
        if text[:1] in "\"'":
            site.editor.insert(annotation.end_byte - 1, " | None")
        else:
            site.editor.insert(annotation.end_byte, " | None")
        return
    site.editor.replace(Span(*annotation.byte_range), f"Optional[{text}]")
    facts = site.snapshot.file_facts(site.path)
    if "Optional" not in facts.scopes[0].bindings:
        ImportBlock(site.snapshot, site.path).add(site.editor, [Wanted("typing", "Optional")])


def f_string_prefix(site: Site) -> None:
    """A string whose braces name what is known here gets its `f`."""
    node = site.find("string")
    text = site.of(node)
    match = re.match(r"([rRuU]*)(['\"])", text)
    if match is None or not re.search(r"\{[A-Za-z_][\w.]*[!:}]", text):
        raise RefusedError("its braces name nothing")
    site.editor.replace(
        Span(node.start_byte, node.start_byte + len(match[1])),
        "f" + match[1].lower().replace("u", ""),
    )


PYTHON_RULES: dict[str, Rule] = {
    "unused_ignore": unused_ignore,
    "await_call": add_await,
    "async_function": add_async,
    "redundant_cast": redundant_cast,
    "bare_except": bare_except,
    "pointless_statement": pointless_statement,
    "initialise": initialise,
    "add_self": add_self,
    "add_staticmethod": add_staticmethod,
    "optional_parameter": optional_parameter,
    "f_string_prefix": f_string_prefix,
}
