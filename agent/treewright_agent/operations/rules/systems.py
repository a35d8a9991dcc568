"""Rules for Rust and Go, by what rustc, clippy, go vet and the Go compiler report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from treewright_agent.operations.blocks import walk
from treewright_agent.operations.rules import Rule, Site, separated
from treewright_agent.operations.rules.script import delete_semicolon
from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

# -------------------------------------------------------------------- Rust


def rust_unused_import(site: Site) -> None:
    for node in site.chain():
        parent = node.parent
        if parent is not None and parent.type == "use_list":
            items = [c for c in parent.named_children if "comment" not in c.type]
            if len(items) > 1:
                separated(site, node, items)
                if len(items) == 2 and parent.parent is not None:
                    _unbrace(site, parent, next(i for i in items if i != node))
                return
        if node.type == "use_declaration":
            site.delete_lines(node)
            return
    raise RefusedError("there is no `use` here")


def _unbrace(site: Site, listed: Node, left: Node) -> None:
    """One name needs no braces: `{a}` -> `a`, but `{self}` does."""
    if site.of(left) == "self" or "\n" in site.of(listed):
        return
    items = list(listed.named_children)
    gone = next(i for i in items if i != left)
    editor = site.editor
    for span in (Span(gone.start_byte, left.start_byte), Span(left.end_byte, gone.end_byte)):
        if span.start < span.end:
            editor.delete(span)
    editor.delete(Span(listed.start_byte, min(left.start_byte, gone.start_byte)))
    editor.delete(Span(max(left.end_byte, gone.end_byte), listed.end_byte))


def rust_unused_variable(site: Site) -> None:
    node = site.find("identifier", "shorthand_field_identifier")
    name = site.of(node)
    if node.parent is not None and node.parent.type == "field_pattern":
        site.editor.insert(node.end_byte, ": _")
        return
    if name.startswith("_"):
        raise RefusedError(f"`{name}` begins with an underscore already")
    site.editor.insert(node.start_byte, "_")


def rust_unused_mut(site: Site) -> None:
    node = next(
        (
            n
            for n in site.chain()
            if n.type in ("mutable_specifier", "let_declaration", "parameter", "mut_pattern")
        ),
        None,
    )
    if node is None:
        node = site.find("mutable_specifier")
    if node.type != "mutable_specifier":
        node = next((n for n in walk(node) if n.type == "mutable_specifier"), None)
    if node is None:
        raise RefusedError("there is no `mut` here")
    end = node.end_byte
    while site.data[end : end + 1] in (b" ", b"\t"):
        end += 1
    site.editor.delete(Span(node.start_byte, end))


def rust_add_mut(site: Site) -> None:
    """At the `let` or the parameter that binds the name, the nearest one above."""
    name = site.said or site.of(site.find("identifier"))
    found: Node | None = None
    for node in walk(site.root):
        if node.start_byte > site.span.start:
            break
        pattern = node.child_by_field_name("pattern")
        binds = node.type in ("let_declaration", "parameter") and pattern is not None
        if binds and pattern and pattern.type == "identifier" and site.of(pattern) == name:
            if any(c.type == "mutable_specifier" for c in node.children):
                continue
            found = pattern
    if found is None:
        raise RefusedError(f"no `let` and no parameter binds `{name}` by itself")
    site.editor.insert(found.start_byte, "mut ")


def rust_unused_parens(site: Site) -> None:
    node = site.find("parenthesized_expression")
    inner = node.named_children[0]
    if inner.type in ("struct_expression", "closure_expression"):
        raise RefusedError("without them it would be read otherwise")
    site.editor.delete(Span(node.start_byte, inner.start_byte))
    site.editor.delete(Span(inner.end_byte, node.end_byte))


def rust_needless_return(site: Site) -> None:
    node = site.find("return_expression")
    statement = node.parent
    if statement is None or statement.type != "expression_statement":
        raise RefusedError("it is no statement of its own")
    block = statement.parent
    code = [c for c in block.named_children if "comment" not in c.type] if block else []
    function = block.parent if block is not None else None
    if not code or code[-1] != statement or function is None or function.type != "function_item":
        raise RefusedError("it is not the last statement of a function")
    if not node.named_children:
        site.delete_lines(statement)
        return
    site.editor.delete(Span(node.start_byte, node.named_children[0].start_byte))
    site.editor.delete(Span(node.end_byte, statement.end_byte))


def rust_unused_must_use(site: Site) -> None:
    node = site.find("expression_statement")
    site.editor.insert(node.start_byte, "let _ = ")


def rust_allow(site: Site) -> None:
    """`#[allow(lint)]` above the item; the lint's name comes with the diagnostic."""
    if not re.fullmatch(r"[a-z_]+(::[a-z_]+)?", site.said):
        raise RefusedError("the lint has no name that can be allowed")
    node = next(
        (
            n
            for n in site.chain(Span(site.span.start, site.span.start))
            if n.type.endswith("_item")
            or n.type in ("let_declaration", "field_declaration", "enum_variant")
        ),
        None,
    )
    if node is None:
        raise RefusedError("there is no item here")
    line = site.text.line_span(site.text.line_of(node.start_byte))
    indent = site.data[line.start : node.start_byte]
    if indent.strip():
        raise RefusedError("the item shares its line with other code")
    site.editor.insert(node.start_byte, f"#[allow({site.said})]\n{indent.decode()}")


def _code(node: Node) -> list[Node]:
    return [c for c in node.named_children if "comment" not in c.type]


def delete_unreachable(site: Site) -> None:
    """What stands behind a return, break, continue or panic, to the end of its block."""
    for node in site.chain(Span(site.span.start, site.span.start)):
        parent = node.parent
        if parent is None or parent.type not in ("block", "statement_list"):
            continue
        code = _code(parent)
        at = code.index(node) if node in code else -1
        if at <= 0:
            break
        before = site.of(code[at - 1]).lstrip()
        if not re.match(
            r"(return|break|continue|panic|loop|throw|goto|std::process::exit|os\.Exit)\b", before
        ):
            raise RefusedError("nothing that leaves stands right before it")
        if any(each.type in ("labeled_statement", "function_item") for each in code[at:]):
            raise RefusedError("a label or an item stands there")
        for each in code[at:]:
            site.delete_lines(each)
        return
    raise RefusedError("there is no statement here")


# -------------------------------------------------------------------- Go


def go_unused_import(site: Site) -> None:
    node = site.find("import_spec", "import_declaration")
    if node.type == "import_declaration":
        specs = [n for n in walk(node) if n.type == "import_spec"]
        node = next((n for n in specs if site.said and site.said in site.of(n)), node)
    parent = node.parent
    if parent is not None and parent.type == "import_spec_list":
        if len(_code(parent)) > 1:
            site.delete_lines(node)
            return
        assert parent.parent is not None
        node = parent.parent
    elif parent is not None and parent.type == "import_declaration":
        node = parent
    site.delete_lines(node)


def go_unused_variable(site: Site) -> None:
    """Its name becomes `_`; a declaration whose value does nothing goes."""
    node = site.find("identifier")
    statement: Node | None = node
    while statement is not None and statement.type not in (
        "short_var_declaration", "var_spec", "range_clause", "assignment_statement",
    ):  # fmt: skip
        statement = statement.parent
    if statement is None:
        raise RefusedError("it is declared by no variable declaration")
    if statement.type == "var_spec":
        declaration = statement.parent
        value = statement.child_by_field_name("value")
        if len(statement.children_by_field_name("name")) > 1 or declaration is None:
            raise RefusedError("it is declared together with others")
        if value is not None and _does_something(value):
            site.editor.replace(Span(declaration.start_byte, value.start_byte), "_ = ")
        elif declaration.type == "var_declaration":
            site.delete_lines(declaration)
        else:
            site.delete_lines(statement)
        return
    left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
    if left is None or right is None:
        raise RefusedError("it is declared by no variable declaration")
    names = [c for c in left.named_children if c.type == "identifier"]
    if len(names) == 1 and statement.type == "short_var_declaration":
        parent = statement.parent
        alone = parent is not None and parent.type in ("statement_list", "block")
        if alone and not _does_something(right):
            site.delete_lines(statement)
            return
        operator = next(c for c in statement.children if c.type == ":=")
        site.editor.replace(Span(node.start_byte, node.end_byte), "_")
        site.editor.replace(Span(*operator.byte_range), "=")
        return
    others = [site.of(each) for each in names if each != node]
    site.editor.replace(Span(node.start_byte, node.end_byte), "_")
    if statement.type == "short_var_declaration" and all(o == "_" for o in others):
        operator = next(c for c in statement.children if c.type == ":=")
        site.editor.replace(Span(*operator.byte_range), "=")


def _does_something(node: Node) -> bool:
    return any(
        each.type
        in (
            "call_expression",
            "unary_expression",
            "index_expression",
            "type_assertion_expression",
            "selector_expression",
        )
        for each in walk(node)
    )


def go_printf_verb(site: Site) -> None:
    """The verb that the message calls wrong becomes `%v`, which takes anything."""
    verb = site.said
    node = site.find("call_expression")
    literals = [
        n for n in walk(node) if n.type in ("interpreted_string_literal", "raw_string_literal")
    ]
    if not re.fullmatch(r"%[-+# 0-9.]*[a-zA-Z]", verb) or not literals:
        raise RefusedError("the message names no verb")
    text = site.of(literals[0])
    if text.count(verb) != 1:
        raise RefusedError(f"`{verb}` stands {text.count(verb)} times in the format")
    at = literals[0].start_byte + len(text[: text.index(verb)].encode())
    site.editor.replace(Span(at, at + len(verb.encode())), verb[:-1] + "v")


def delete_statement(site: Site) -> None:
    """A statement that does nothing: `x = x`, a useless `break` or `return`."""
    for node in site.chain(Span(site.span.start, site.span.start)):
        parent = node.parent
        if parent is not None and parent.type in (
            "statement_list",
            "block",
            "expression_case",
            "match_arm",
        ):
            site.delete_lines(node)
            return
    raise RefusedError("there is no statement here")


SYSTEM_RULES: dict[str, Rule] = {
    "rust_unused_import": rust_unused_import,
    "rust_unused_variable": rust_unused_variable,
    "rust_unused_mut": rust_unused_mut,
    "rust_add_mut": rust_add_mut,
    "rust_unused_parens": rust_unused_parens,
    "rust_needless_return": rust_needless_return,
    "rust_unused_must_use": rust_unused_must_use,
    "rust_allow": rust_allow,
    "rust_redundant_semicolon": delete_semicolon,
    "rust_unreachable": delete_unreachable,
    "go_unreachable": delete_unreachable,
    "go_unused_import": go_unused_import,
    "go_unused_variable": go_unused_variable,
    "go_printf_verb": go_printf_verb,
    "go_delete_statement": delete_statement,
}
