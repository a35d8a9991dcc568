"""Rewrite script: shapes of JavaScript and TypeScript that the syntax alone proves.

`invert_if` swaps the branches of an `if` with an `else`, or of a `?:`, and negates the condition;
`template` joins strings into a template literal; `arrow_body` adds or removes the braces of an
arrow function; `to_function` and `to_arrow` convert where `this`, `arguments`, `new` and hoisting
cannot tell; `use_const` wants a name that is never assigned again.

        //- a.js
        if$0 (a === null) {
          f();
        } else {
          g();
        }
    -> {"shape": "invert_if"}
        //- a.js
        if (a !== null) {
          g();
        } else {
          f();
        }
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import walk
from treewright_agent.operations.model import Operation
from treewright_agent.operations.rules import Site
from treewright_agent.operations.rules.script import template_literal, use_const
from treewright_agent.operations.shapes import Place, span_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, UnsupportedLanguageError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

LANGUAGES = frozenset({"javascript", "typescript", "tsx"})
_OPPOSITE = {"===": "!==", "!==": "===", "==": "!=", "!=": "=="}
_FUNCTIONS = frozenset(
    {"function_declaration", "function_expression", "arrow_function", "method_definition",
     "generator_function", "generator_function_declaration"}
)  # fmt: skip
_BARE = frozenset(
    {"identifier", "member_expression", "call_expression", "subscript_expression", "true", "false",
     "parenthesized_expression", "this", "number", "string", "null", "non_null_expression"}
)  # fmt: skip


class RewriteScript(Place, frozen=True, kw_only=True):
    shape: Annotated[
        Literal["invert_if", "template", "arrow_body", "to_function", "to_arrow", "use_const"],
        msgspec.Meta(description="What to do at the offset."),
    ]


def _plan(snapshot: Snapshot, arguments: RewriteScript, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    language = snapshot.language(path)
    if language is None:
        raise UnsupportedLanguageError(path)
    if language.id not in LANGUAGES:
        raise RefusedError(
            f"rewrite_script is for JavaScript and TypeScript, not for {language.id}"
        )
    build = ChangeBuilder(snapshot)
    site = Site(snapshot, path, span_of(snapshot, path, arguments), "", build)
    _SHAPES[arguments.shape](site)
    _require_comments(site)
    return build.build()


def _require_comments(site: Site) -> None:
    edits = site.editor.edits()
    written = "".join(edit.new_text for edit in edits)
    for edit in edits:
        for node in walk(site.root):
            inside = edit.span.start < node.end_byte and node.start_byte < edit.span.end
            if node.type == "comment" and inside and site.of(node) not in written:
                raise RefusedError(
                    f"the comment in line {site.line(node.start_byte)} would be lost"
                )


def _text(site: Site, node: Node) -> str:
    return site.of(node).replace("\r\n", "\n")


# -------------------------------------------------------------------- if


def _invert(site: Site) -> None:
    node = site.find("if_statement", "ternary_expression")
    condition = node.child_by_field_name("condition")
    first = node.child_by_field_name("consequence")
    second = node.child_by_field_name("alternative")
    if condition is None or first is None or second is None:
        raise RefusedError("it has no else")
    if node.type == "ternary_expression":
        site.editor.replace(Span(*condition.byte_range), _negated(site, condition))
        one, two = _text(site, first), _text(site, second)
        site.editor.replace(Span(*first.byte_range), two)
        site.editor.replace(Span(*second.byte_range), one)
        return
    body = second.named_children[-1] if second.type == "else_clause" else second
    if body.type == "if_statement":
        raise RefusedError("it has an else if, whose condition is looked at only after this one")
    if first.type != "statement_block" or body.type != "statement_block":
        raise RefusedError("a branch has no braces")
    inner = condition.named_children[0]
    site.editor.replace(Span(*inner.byte_range), _negated(site, inner))
    site.editor.replace(Span(*first.byte_range), _text(site, body))
    site.editor.replace(Span(*body.byte_range), _text(site, first))


def _negated(site: Site, node: Node) -> str:
    if node.type == "parenthesized_expression" and len(node.named_children) == 1:
        return f"({_negated(site, node.named_children[0])})"
    if node.type == "unary_expression" and site.of(node).startswith("!"):
        argument = node.child_by_field_name("argument")
        assert argument is not None
        while argument.type == "parenthesized_expression" and len(argument.named_children) == 1:
            argument = argument.named_children[0]
        return _text(site, argument)
    if node.type == "binary_expression":
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type in _OPPOSITE:
            data = site.data
            before = data[node.start_byte : operator.start_byte].decode("utf-8", "replace")
            after = data[operator.end_byte : node.end_byte].decode("utf-8", "replace")
            return f"{before}{_OPPOSITE[operator.type]}{after}"
    text = _text(site, node)
    return f"!{text}" if node.type in _BARE else f"!({text})"


# -------------------------------------------------------------------- functions


def _arrow_body(site: Site) -> None:
    node = site.find("arrow_function")
    body = node.child_by_field_name("body")
    if body is None:
        raise RefusedError("it has no body")
    if body.type != "statement_block":
        inner = body
        while inner.type == "parenthesized_expression" and len(inner.named_children) == 1:
            inner = inner.named_children[0]
        shown = inner if inner.type in ("object", "sequence_expression") else body
        line = site.text.line_span(site.text.line_of(node.start_byte))
        start = site.data[line.start : line.end]
        indent = start[: len(start) - len(start.lstrip(b" \t"))].decode()
        text = _text(site, shown)
        site.editor.replace(
            Span(*body.byte_range), f"{{\n{indent}{_unit(site)}return {text};\n{indent}}}"
        )
        return
    code = [c for c in body.named_children if c.type != "comment"]
    if len(code) != 1 or code[0].type != "return_statement" or not code[0].named_children:
        raise RefusedError("it does more than return a value")
    value = code[0].named_children[0]
    text = _text(site, value)
    if value.type in ("object", "sequence_expression"):
        text = f"({text})"
    site.editor.replace(Span(*body.byte_range), text)


def _unit(site: Site) -> str:
    """One step of indentation: of the first block that is indented, else two spaces."""
    for node in walk(site.root):
        if node.type == "statement_block" and node.named_children:
            first = node.named_children[0]
            line = site.text.line_span(site.text.line_of(first.start_byte))
            outer = site.text.line_span(site.text.line_of(node.start_byte))
            inside = site.data[line.start : first.start_byte]
            head = site.data[outer.start : outer.end]
            base = head[: len(head) - len(head.lstrip(b" \t"))]
            if not inside.strip() and inside.startswith(base) and len(inside) > len(base):
                return inside[len(base) :].decode()
    return "  "


def _own(node: Node, types: frozenset[str], *, arrows: bool) -> Node | None:
    """A node of `types` in a function's own code; arrow functions inside share its `this`."""
    pending = list(node.children)
    while pending:
        here = pending.pop()
        if here.type in types:
            return here
        stops = here.type in _FUNCTIONS and not (arrows and here.type == "arrow_function")
        if not stops and here.type not in ("class_declaration", "class"):
            pending += here.children
    return None


def _require_no_this(site: Site, node: Node) -> None:
    found = _own(node, frozenset({"this", "super", "meta_property"}), arrows=True)
    if found is not None:
        raise RefusedError(f"it says `{site.of(found)}`, which would mean something else")
    for each in walk(node):
        if each.type == "identifier" and site.of(each) == "arguments":
            raise RefusedError("it says `arguments`, which would mean something else")


def _to_function(site: Site) -> None:
    """`const f = (x) => …;` -> `function f(x) { … }`."""
    node = site.find("arrow_function")
    _require_no_this(site, node)
    declarator = node.parent
    declaration = declarator.parent if declarator is not None else None
    if (
        declarator is None
        or declaration is None
        or declarator.type != "variable_declarator"
        or declaration.type != "lexical_declaration"
        or site.of(declaration.children[0]) != "const"
        or len([c for c in declaration.named_children if c.type == "variable_declarator"]) != 1
        or declarator.child_by_field_name("type") is not None
    ):
        raise RefusedError("it is not the value of a `const` of its own")
    holder = declaration.parent
    if holder is None or holder.type not in ("program", "export_statement", "statement_block"):
        raise RefusedError("it does not stand in a block")
    name = declarator.child_by_field_name("name")
    assert name is not None
    for use in walk(site.root):
        if use.type != "identifier" or site.of(use) != site.of(name):
            continue
        if use.start_byte < declaration.start_byte:
            raise RefusedError(f"`{site.of(name)}` is used before it")
        parent = use.parent
        if parent is not None and parent.type == "new_expression":
            raise RefusedError(f"`{site.of(name)}` is called with new")
    parameters = node.child_by_field_name("parameters")
    single = node.child_by_field_name("parameter")
    returns = node.child_by_field_name("return_type")
    generics = node.child_by_field_name("type_parameters")
    body = node.child_by_field_name("body")
    assert body is not None
    shown = (
        _text(site, parameters)
        if parameters is not None
        else f"({_text(site, single)})"
        if single is not None
        else "()"
    )
    head = "async function" if site.of(node).startswith("async") else "function"
    types = _text(site, generics) if generics is not None else ""
    result = _text(site, returns) if returns is not None else ""
    if body.type == "statement_block":
        text = _text(site, body)
    else:
        line = site.text.line_span(site.text.line_of(declaration.start_byte))
        start = site.data[line.start : line.end]
        indent = start[: len(start) - len(start.lstrip(b" \t"))].decode()
        inner = body
        while inner.type == "parenthesized_expression" and len(inner.named_children) == 1:
            inner = inner.named_children[0]
        text = f"{{\n{indent}{_unit(site)}return {_text(site, inner)};\n{indent}}}"
    site.editor.replace(
        Span(*declaration.byte_range), f"{head} {_text(site, name)}{types}{shown}{result} {text}"
    )


def _to_arrow(site: Site) -> None:
    node = site.find("function_expression", "function_declaration")
    _require_no_this(site, node)
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    parameters = node.child_by_field_name("parameters")
    if body is None or parameters is None:
        raise RefusedError("the function is not whole")
    head = "async " if site.of(node).startswith("async") else ""
    generics = node.child_by_field_name("type_parameters")
    returns = node.child_by_field_name("return_type")
    types = _text(site, generics) if generics is not None else ""
    result = _text(site, returns) if returns is not None else ""
    shape = f"{head}{types}{_text(site, parameters)}{result} => {_text(site, body)}"
    if node.type == "function_expression":
        parent = node.parent
        if (parent is not None and parent.type in ("new_expression", "pair")) or _is_prototype(
            site, node
        ):
            raise RefusedError("it may be called with a `this` of its own")
        if name is not None and any(
            each.type == "identifier" and site.of(each) == site.of(name) for each in walk(body)
        ):
            raise RefusedError("it calls itself by its name")
        site.editor.replace(Span(*node.byte_range), shape)
        return
    assert name is not None
    called = site.of(name)
    holder = node.parent
    if holder is None or holder.type not in ("program", "export_statement", "statement_block"):
        raise RefusedError("it does not stand in a block")
    if holder.type == "export_statement" and "default" in site.of(holder)[:20]:
        raise RefusedError("it is exported as default")
    for use in walk(site.root):
        if use.type != "identifier" or site.of(use) != called or use == name:
            continue
        if use.start_byte < node.start_byte:
            raise RefusedError(f"`{called}` is used before it, which only a function allows")
        parent = use.parent
        if parent is not None and parent.type in ("new_expression", "assignment_expression"):
            raise RefusedError(f"`{called}` is called with new, or assigned")
        member = parent is not None and parent.type == "member_expression"
        if member and parent and parent.child_by_field_name("object") == use:
            raise RefusedError(f"`{called}` has attributes of its own")
    site.editor.replace(Span(*node.byte_range), f"const {called} = {shape};")


def _is_prototype(site: Site, node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.type != "assignment_expression":
        return False
    left = parent.child_by_field_name("left")
    return left is not None and left.type == "member_expression"


_SHAPES: dict[str, Callable[[Site], None]] = {
    "invert_if": _invert,
    "template": template_literal,
    "arrow_body": _arrow_body,
    "to_function": _to_function,
    "to_arrow": _to_arrow,
    "use_const": use_const,
}


REWRITE_SCRIPT = Operation(
    name="rewrite_script",
    title="Rewrite script",
    arguments=RewriteScript,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
