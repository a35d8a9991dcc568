"""Rules for JavaScript and TypeScript, by what eslint and tsc report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from treewright_agent.operations.blocks import walk
from treewright_agent.operations.rules import Rule, Site, separated
from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMES = ("identifier", "shorthand_property_identifier", "type_identifier")
_WRITES = ("assignment_expression", "augmented_assignment_expression")
_PURE = frozenset(
    {"identifier", "number", "string", "string_fragment", "true", "false", "null", "undefined",
     "arrow_function", "function_expression", "regex", "this"}
)  # fmt: skip
_LOOPS = ("for_statement", "for_in_statement", "while_statement", "do_statement")
_FUNCTIONS = (
    "function_declaration", "function_expression", "arrow_function", "method_definition",
    "generator_function_declaration", "generator_function",
)  # fmt: skip


def _uses(site: Site, name: str) -> list[Node]:
    return [n for n in walk(site.root) if n.type in _NAMES and site.of(n) == name]


def _is_written(node: Node) -> bool:
    """Whether the name is assigned there, other than where it is declared."""
    here = node
    while here.parent is not None:
        parent = here.parent
        if parent.type in _WRITES and parent.child_by_field_name("left") == here:
            return here.type not in ("member_expression", "subscript_expression")
        if parent.type == "update_expression":
            return True
        if parent.type in ("for_in_statement",) and parent.child_by_field_name("left") == here:
            return True
        if here.type in ("member_expression", "call_expression", "arguments", "statement_block"):
            return False
        here = parent
    return False


def _declaration(site: Site, *kinds: str) -> tuple[Node, Node]:
    """The declaration of the name at the span (or that the message named), and its keyword."""
    name = site.said or site.of(site.find("identifier"))
    for node in site.chain(Span(site.span.start, site.span.start)):
        if node.type in ("lexical_declaration", "variable_declaration") and any(
            site.of(declarator.named_children[0]) == name or site.said == ""
            for declarator in node.named_children
            if declarator.type == "variable_declarator"
        ):
            keyword = node.children[0]
            if keyword.type in kinds:
                return node, keyword
    for node in walk(site.root):
        if node.type == "variable_declarator" and node.parent is not None:
            declared = node.child_by_field_name("name")
            keyword = node.parent.children[0]
            if declared is not None and site.of(declared) == name and keyword.type in kinds:
                return node.parent, keyword
    raise RefusedError(f"`{name}` is declared by no {' or '.join(kinds)}")


def use_const(site: Site) -> None:
    declaration, keyword = _declaration(site, "let", "var")
    for declarator in declaration.named_children:
        if declarator.type != "variable_declarator":
            continue
        declared = declarator.child_by_field_name("name")
        in_loop = declaration.parent is not None and declaration.parent.type == "for_in_statement"
        if declared is None or (declarator.child_by_field_name("value") is None and not in_loop):
            raise RefusedError("it is declared without a value")
        for each in walk(declared):
            if each.type in (*_NAMES, "shorthand_property_identifier_pattern"):
                name = site.of(each)
                written = next((u for u in _uses(site, name) if _is_written(u)), None)
                if written is not None:
                    raise RefusedError(
                        f"`{name}` is assigned in line {site.line(written.start_byte)}"
                    )
    if keyword.type == "var":
        _require_blocked(site, declaration)
    site.editor.replace(Span(*keyword.byte_range), "const")


def use_let(site: Site) -> None:
    """`var` -> `let` where no other block and no closure of a loop sees a difference."""
    declaration, keyword = _declaration(site, "var")
    _require_blocked(site, declaration)
    site.editor.replace(Span(*keyword.byte_range), "let")


def _require_blocked(site: Site, declaration: Node) -> None:
    where = declaration.parent
    here = declaration.parent
    while here is not None and here.type not in _FUNCTIONS:
        loop = here.type in _LOOPS
        if loop and any(each.type in _FUNCTIONS for each in walk(here)):
            raise RefusedError("a function made in a loop sees it")
        if here.type in ("switch_case", "switch_default"):
            raise RefusedError("it is declared in a case")
        here = here.parent
    assert where is not None
    for declarator in declaration.named_children:
        declared = declarator.child_by_field_name("name")
        if declarator.type != "variable_declarator" or declared is None:
            continue
        if declared.type != "identifier":
            raise RefusedError("it is declared by a pattern")
        name = site.of(declared)
        for use in _uses(site, name):
            if use == declared:
                continue
            if not where.start_byte <= use.start_byte < where.end_byte:
                raise RefusedError(f"`{name}` is used outside the block")
            if use.start_byte < declaration.start_byte:
                raise RefusedError(f"`{name}` is used before it is declared")
            parent = use.parent
            again = parent is not None and parent.type == "variable_declarator"
            if again and parent and parent.child_by_field_name("name") == use:
                raise RefusedError(f"`{name}` is declared twice")


def const_to_let(site: Site) -> None:
    _, keyword = _declaration(site, "const")
    site.editor.replace(Span(*keyword.byte_range), "let")


def strict_equality(site: Site) -> None:
    node = site.find("binary_expression")
    operator = node.child_by_field_name("operator")
    if operator is None or operator.type not in ("==", "!="):
        raise RefusedError("it compares with neither == nor !=")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    typed = any(
        part is not None and part.type in ("string", "unary_expression", "null", "undefined")
        and (part.type != "unary_expression" or site.of(part).startswith("typeof"))
        for part in (left, right)
    )  # fmt: skip
    null = any(part is not None and part.type in ("null", "undefined") for part in (left, right))
    doubt = "" if typed and not null else "what compares equal after a conversion does no longer"
    site.editor.replace(Span(*operator.byte_range), operator.type + "=", doubt=doubt)


def insert_semicolon(site: Site) -> None:
    here = site.span.start
    if not site.data[here : here + 1].strip() or here >= len(site.data):
        while here and site.data[here - 1 : here] in (b" ", b"\t", b"\r", b"\n"):
            here -= 1
    if site.data[here - 1 : here] == b";":
        raise RefusedError("there is a semicolon already")
    site.editor.insert(here, ";")


def delete_semicolon(site: Site) -> None:
    start = site.span.start
    if site.data[start : start + 1] != b";":
        raise RefusedError("there is no semicolon here")
    site.editor.delete(Span(start, start + 1))


def delete_statement(site: Site) -> None:
    node = next(
        (
            n
            for n in site.chain(Span(site.span.start, site.span.start))
            if n.type.endswith(("_statement", "_declaration")) and n.type != "import_statement"
        ),
        None,
    )
    if node is None or node.has_error or node.parent is None:
        raise RefusedError("there is no statement here")
    if node.parent.type not in ("program", "statement_block", "switch_case", "block"):
        raise RefusedError("it is all that a branch holds")
    site.delete_lines(node)


def delete_unreachable(site: Site) -> None:
    """What stands behind a return, throw, break or continue, to the end of its block."""
    node = next(
        (
            n
            for n in site.chain(Span(site.span.start, site.span.start))
            if n.parent is not None and n.parent.type in ("statement_block", "program")
        ),
        None,
    )
    if node is None or node.parent is None:
        raise RefusedError("there is no statement here")
    siblings = [n for n in node.parent.named_children if n.type != "comment"]
    at = siblings.index(node)
    leaves = ("return_statement", "throw_statement", "break_statement", "continue_statement")
    if not at or not any(n.type in leaves for n in siblings[:at]):
        raise RefusedError("no return, throw, break or continue stands before it")
    for each in siblings[at:]:
        hoisted = each.type in ("function_declaration", "variable_declaration", "class_declaration")
        if hoisted or any(n.type == "variable_declaration" for n in walk(each)):
            raise RefusedError("it declares something that is seen before it")
        site.delete_lines(each)


def remove_unused(site: Site) -> None:
    """An import, a specifier of one, or a variable whose value does nothing."""
    name = site.said
    for node in site.chain(Span(site.span.start, site.span.start)):
        if node.type in ("import_specifier", "export_specifier"):
            _specifier(site, node)
            return
        if node.type == "import_clause":
            _clause(site, node, name)
            return
        if node.type == "import_statement":
            clause = next((c for c in node.children if c.type == "import_clause"), None)
            if clause is None:
                raise RefusedError("it is imported for what it does")
            if not name or site.span.end - site.span.start > len(name) + 2:
                bound = _bound(site, clause)
                if not name or bound == {name}:
                    _require_unused(site, bound, node)
                    site.delete_lines(node)
                    return
            _clause(site, clause, name)
            return
        if node.type == "variable_declarator":
            _variable(site, node)
            return
        if node.type in ("function_declaration", "class_declaration", "interface_declaration",
                         "type_alias_declaration", "enum_declaration"):  # fmt: skip
            declared = node.child_by_field_name("name")
            if declared is None or not declared.start_byte <= site.span.start <= declared.end_byte:
                break
            if node.parent is not None and node.parent.type == "export_statement":
                raise RefusedError("it is exported")
            _require_unused(site, {site.of(declared)}, node)
            site.delete_lines(node)
            return
        if node.type in ("required_parameter", "optional_parameter", "formal_parameters"):
            raise RefusedError("it is a parameter, which callers pass")
    raise RefusedError("there is no import and no variable here")


def _bound(site: Site, clause: Node) -> set[str]:
    found: set[str] = set()
    for node in walk(clause):
        if node.type == "import_specifier":
            alias = node.child_by_field_name("alias") or node.child_by_field_name("name")
            if alias is not None:
                found.add(site.of(alias))
        elif (
            node.type == "identifier"
            and node.parent is not None
            and node.parent.type in ("import_clause", "namespace_import")
        ):
            found.add(site.of(node))
    return found


def _require_unused(site: Site, names: set[str], inside: Node) -> None:
    for name in names:
        for use in _uses(site, name):
            if not inside.start_byte <= use.start_byte < inside.end_byte:
                raise RefusedError(f"`{name}` is used in line {site.line(use.start_byte)}")


def _specifier(site: Site, node: Node) -> None:
    named = node.parent
    assert named is not None
    bound = node.child_by_field_name("alias") or node.child_by_field_name("name")
    if bound is not None:
        _require_unused(site, {site.of(bound)}, node)
    items = [c for c in named.named_children if c.type == node.type]
    if len(items) > 1:
        separated(site, node, items)
        return
    clause = named.parent
    assert clause is not None
    parts = [c for c in clause.named_children if c.type != "comment"]
    if clause.type == "import_clause" and len(parts) > 1:
        separated(site, named, parts)
    elif clause.parent is not None:
        site.delete_lines(clause.parent)


def _clause(site: Site, clause: Node, name: str) -> None:
    parts = [c for c in clause.named_children if c.type != "comment"]
    for part in parts:
        if part.type == "named_imports":
            for item in part.named_children:
                bound = item.child_by_field_name("alias") or item.child_by_field_name("name")
                touched = item.start_byte <= site.span.start <= item.end_byte
                if bound is not None and (site.of(bound) == name or (not name and touched)):
                    _specifier(site, item)
                    return
            continue
        shown = site.of(part.named_children[0] if part.named_children else part)
        if shown == name or (not name and part.start_byte <= site.span.start <= part.end_byte):
            _require_unused(site, {shown}, clause)
            if len(parts) > 1:
                separated(site, part, parts)
            elif clause.parent is not None:
                site.delete_lines(clause.parent)
            return
    raise RefusedError(f"the import does not bind `{name}`")


def _variable(site: Site, node: Node) -> None:
    declared, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    declaration = node.parent
    if declared is None or declared.type != "identifier" or declaration is None:
        raise RefusedError("it is one of several that a pattern takes apart")
    if declaration.parent is not None and declaration.parent.type in (
        "for_in_statement", "for_statement", "export_statement",
    ):  # fmt: skip
        raise RefusedError("a loop or an export needs it")
    _require_unused(site, {site.of(declared)}, declared)
    items = [c for c in declaration.named_children if c.type == "variable_declarator"]
    if value is not None and value.type not in _PURE:
        if len(items) > 1:
            raise RefusedError("its value may do something")
        site.editor.delete(Span(declaration.start_byte, value.start_byte))
        return
    if len(items) > 1:
        separated(site, node, items)
    else:
        site.delete_lines(declaration)


def underscore(site: Site) -> None:
    node = site.find("identifier")
    name = site.of(node)
    if name.startswith("_") or len(_uses(site, name)) > 1:
        raise RefusedError(f"`{name}` is used, or begins with an underscore")
    site.editor.insert(node.start_byte, "_")


def template_literal(site: Site) -> None:
    """`"a" + x` -> a template; the concatenation must begin with a string."""
    node = next((n for n in site.chain() if n.type == "binary_expression"), None)
    if node is None:
        node = site.find("binary_expression")
    while node.parent is not None and node.parent.type == "binary_expression":
        node = node.parent
    parts: list[Node] = []
    here = node
    while here.type == "binary_expression":
        operator, right = here.child_by_field_name("operator"), here.child_by_field_name("right")
        left = here.child_by_field_name("left")
        if operator is None or operator.type != "+" or right is None or left is None:
            raise RefusedError("it does more than join")
        parts.append(right)
        here = left
    parts.append(here)
    parts.reverse()
    if not any(part.type == "string" for part in parts):
        raise RefusedError("it joins no string")
    if parts[0].type not in ("string", "template_string") and not (
        len(parts) > 1 and parts[1].type == "string"
    ):
        raise RefusedError("it may add numbers before it joins them to a string")
    if any(each.type == "comment" for each in walk(node)):
        raise RefusedError("a comment stands in it")
    out: list[str] = []
    for part in parts:
        text = site.of(part)
        if part.type == "string":
            quote, content = text[0], text[1:-1]
            content = content.replace("\\" + quote, quote)
            if re.search(r"\\\d", content):
                raise RefusedError("it writes a character by its octal number")
            out.append(content.replace("`", "\\`").replace("${", "\\${"))
        elif part.type == "template_string":
            out.append(text[1:-1])
        else:
            inner = part.named_children[0] if part.type == "parenthesized_expression" else part
            out.append(f"${{{site.of(inner)}}}")
    site.editor.replace(Span(*node.byte_range), f"`{''.join(out)}`")


def dot_notation(site: Site) -> None:
    node = site.find("subscript_expression")
    index = node.child_by_field_name("index")
    name = site.of(index)[1:-1] if index is not None and index.type == "string" else ""
    if not re.fullmatch(r"[A-Za-z_$][\w$]*", name):
        raise RefusedError("the key is no name")
    value = node.child_by_field_name("object")
    if value is None or value.type == "number":
        raise RefusedError("a dot would belong to the number")
    optional = any(child.type == "optional_chain" for child in node.children)
    dot = "?." if optional else "."
    site.editor.replace(Span(value.end_byte, node.end_byte), f"{dot}{name}")


def shorthand_property(site: Site) -> None:
    node = site.find("pair")
    key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
    if key is None or value is None or value.type != "identifier" or site.of(key) != site.of(value):
        raise RefusedError("its key and its value are called differently")
    site.editor.delete(Span(key.end_byte, value.end_byte))


def useless_rename(site: Site) -> None:
    node = site.find("import_specifier", "export_specifier", "pair_pattern")
    if node.type == "pair_pattern":
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
    else:
        key, value = node.child_by_field_name("name"), node.child_by_field_name("alias")
    if key is None or value is None or site.of(key) != site.of(value):
        raise RefusedError("it is given another name")
    site.editor.delete(Span(key.end_byte, value.end_byte))


def drop_type(site: Site) -> None:
    node = site.find("variable_declarator", "required_parameter", "public_field_definition")
    annotation = node.child_by_field_name("type")
    if annotation is None or node.child_by_field_name("value") is None:
        raise RefusedError("there is no type that its value says as well")
    site.editor.delete(Span(*annotation.byte_range))


def add_async(site: Site) -> None:
    node = site.find(*_FUNCTIONS)
    if any(child.type == "async" for child in node.children):
        raise RefusedError("the function is async already")
    start = node.start_byte
    if node.type == "method_definition":
        name = node.child_by_field_name("name")
        start = name.start_byte if name is not None else start
    site.editor.insert(start, "async ", doubt="callers get a promise")


def add_await(site: Site) -> None:
    node = site.find("call_expression")
    holder = node.parent
    while holder is not None and holder.type not in _FUNCTIONS:
        holder = holder.parent
    if holder is not None and not any(child.type == "async" for child in holder.children):
        raise RefusedError("the function around it is not async")
    site.editor.insert(node.start_byte, "await ")


def swap_quotes(site: Site) -> None:
    node = site.find("string")
    text = site.of(node)
    other = "'" if text[0] == '"' else '"'
    if other in text or "\\" in text:
        raise RefusedError("it holds the other quote, or an escape")
    site.editor.replace(Span(node.start_byte, node.start_byte + 1), other)
    site.editor.replace(Span(node.end_byte - 1, node.end_byte), other)


def unneeded_ternary(site: Site) -> None:
    node = site.find("ternary_expression")
    parts = [node.child_by_field_name(n) for n in ("condition", "consequence", "alternative")]
    if any(part is None for part in parts):
        raise RefusedError("it is not whole")
    condition, first, second = (part for part in parts if part is not None)
    if (first.type, second.type) not in (("true", "false"), ("false", "true")):
        raise RefusedError("it does not choose between true and false")
    text = site.of(condition)
    inner = condition
    while inner.type == "parenthesized_expression":
        inner = inner.named_children[0]
    if first.type == "true":
        sure = inner.type == "binary_expression" and re.search(r"[<>]|[!=]=|\bin\b", site.of(inner))
        shown = (
            text
            if sure or (inner.type == "unary_expression" and text.startswith("!"))
            else f"!!({text})"
        )
    else:
        shown = f"!({site.of(inner)})"
    site.editor.replace(Span(*node.byte_range), shown)


def end_of_file_break(site: Site) -> None:
    if not site.data or site.data.endswith((b"\n", b"\r")):
        raise RefusedError("the file ends with a line break already")
    site.editor.insert(len(site.data), "\n")


def trailing_spaces(site: Site) -> None:
    start, end = site.text.line_span(site.text.line_of(site.span.start))
    stripped = site.data[start:end].rstrip(b" \t")
    if start + len(stripped) == end:
        raise RefusedError("the line ends with no space")
    node = site.root.descendant_for_byte_range(start + len(stripped), end)
    if node is not None and node.type in (
        "string",
        "template_string",
        "string_content",
        "string_fragment",
        "raw_string_literal",
    ):
        raise RefusedError("the spaces stand inside a string")
    site.editor.delete(Span(start + len(stripped), end))


def boolean_cast(site: Site) -> None:
    """`!!x` and `Boolean(x)` where only the truth counts."""
    for node in site.chain():
        if node.type == "unary_expression" and site.of(node).startswith("!"):
            inner = node.child_by_field_name("argument")
            if (
                inner is not None
                and inner.type == "unary_expression"
                and site.of(inner).startswith("!")
            ):
                argument = inner.child_by_field_name("argument")
                if argument is not None:
                    site.editor.delete(Span(node.start_byte, argument.start_byte))
                    return
        if node.type == "call_expression" and site.of(node).startswith("Boolean("):
            listed = node.child_by_field_name("arguments")
            given = listed.named_children if listed is not None else []
            if len(given) == 1 and given[0].type != "spread_element":
                simple = given[0].type in ("identifier", "member_expression", "call_expression")
                text = site.of(given[0])
                site.editor.replace(Span(*node.byte_range), text if simple else f"({text})")
                return
    raise RefusedError("there is no cast to a boolean here")


SCRIPT_RULES: dict[str, Rule] = {
    "use_const": use_const,
    "use_let": use_let,
    "const_to_let": const_to_let,
    "strict_equality": strict_equality,
    "insert_semicolon": insert_semicolon,
    "delete_semicolon": delete_semicolon,
    "delete_statement": delete_statement,
    "delete_unreachable": delete_unreachable,
    "remove_unused": remove_unused,
    "underscore": underscore,
    "template_literal": template_literal,
    "dot_notation": dot_notation,
    "shorthand_property": shorthand_property,
    "useless_rename": useless_rename,
    "drop_type": drop_type,
    "add_async": add_async,
    "add_await": add_await,
    "swap_quotes": swap_quotes,
    "unneeded_ternary": unneeded_ternary,
    "boolean_cast": boolean_cast,
    "end_of_file_break": end_of_file_break,
    "trailing_spaces": trailing_spaces,
}
