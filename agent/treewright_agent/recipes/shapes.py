"""Shapes at the cursor: what the operations on code shapes can do right here.

    if$0 not x:
        return 1
    else:
        return 2
    ->
    if x:
        return 2
    else:
        return 1

A row says under which nodes its operation is worth asking; the nodes around the cursor are looked
at once, and only operations of rows that fit are planned. What is offered was planned: it works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from treewright_agent.calls import Call
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

HEAD, INSIDE, SELECTED, NAME = "head", "inside", "selected", "name"
"""Where the cursor must be: on the first line of the node, anywhere in it, a selection that is
there, or on the name that the node defines."""


class Row(NamedTuple):
    nodes: frozenset[str]
    where: str
    operation: str
    title: str
    kind: str
    arguments: dict[str, Any]
    proven: bool = True
    """Planned before it is offered; else only its place is looked at, since proving it means
    looking at the whole workspace."""


def _row(
    nodes: str, where: str, operation: str, title: str, kind: str, *, proven: bool = True,
    **arguments: Any,
) -> Row:  # fmt: skip
    return Row(frozenset(nodes.split()), where, operation, title, kind, arguments, proven)


_IF = "if_statement elif_clause else_clause"
_PYTHON: tuple[Row, ...] = (
    _row("if_statement conditional_expression", HEAD, "invert_if", "Invert if", "refactor.rewrite.invertIf"),
    _row(_IF, HEAD, "guard_clause", "Leave early instead of nesting", "refactor.rewrite.guardClause"),
    _row(_IF, HEAD, "merge_ifs", "Merge the nested ifs", "refactor.rewrite.mergeIfs"),
    _row("if_statement", HEAD, "split_if", "Split the condition into nested ifs", "refactor.rewrite.splitIf"),
    _row("if_statement", HEAD, "if_to_match", "Convert to match", "refactor.rewrite.ifToMatch"),
    _row("for_statement", HEAD, "loop_to_comprehension", "Convert the loop to a comprehension", "refactor.rewrite.comprehension"),
    _row("list_comprehension set_comprehension dictionary_comprehension", INSIDE, "comprehension_to_loop", "Convert the comprehension to a loop", "refactor.rewrite.loop"),
    _row("binary_operator call", INSIDE, "to_f_string", "Convert to an f-string", "refactor.rewrite.fString"),
    _row("call dictionary list tuple", HEAD, "convert_literal", "Convert between literal and call", "refactor.rewrite.literal"),
    _row("function_definition class_definition", NAME, "add_docstring", "Add a docstring", "refactor.rewrite.docstring"),
    _row("function_definition assignment", NAME, "add_annotations", "Annotate what the code proves", "refactor.rewrite.annotate"),
    _row("decorator", INSIDE, "remove_decorator", "Remove the decorator", "refactor.rewrite.removeDecorator", proven=False),
    _row("import_from_statement", INSIDE, "expand_star_import", "Import the names that are used", "refactor.rewrite.starImport"),
    _row("import_from_statement", INSIDE, "convert_import", "Convert between absolute and relative import", "refactor.rewrite.importStyle"),
    _row("function_definition", NAME, "convert_async", "Convert between sync and async, with its callers", "refactor.rewrite.async", proven=False),
    _row("class_definition", NAME, "generate_methods", "Generate __init__, __repr__ and __eq__", "refactor.rewrite.generate"),
    _row("class_definition", NAME, "to_dataclass", "Convert to a dataclass", "refactor.rewrite.dataclass"),
    _row("class_definition", NAME, "from_dataclass", "Write the dataclass's methods out", "refactor.rewrite.dataclass"),
    _row("class_definition", NAME, "extract_protocol", "Extract a protocol", "refactor.extract.protocol", proven=False),
    _row("function_definition", NAME, "generate_test", "Generate a test", "refactor.rewrite.generateTest"),
    _row("function_definition", NAME, "introduce_parameter_object", "Pass the parameters as one dataclass", "refactor.rewrite.parameterObject", proven=False),
    _row("block module", SELECTED, "wrap_in", "Wrap in try", "refactor.rewrite.wrap", construct="try"),
    _row("block module", SELECTED, "wrap_in", "Wrap in try and finally", "refactor.rewrite.wrap", construct="try_finally"),
    _row("block module", SELECTED, "wrap_in", "Wrap in if", "refactor.rewrite.wrap", construct="if"),
    _row("function_definition", SELECTED, "introduce_parameter", "Introduce a parameter", "refactor.extract.parameter"),
    _row("parameters", INSIDE, "inline_parameter", "Inline the parameter", "refactor.inline.parameter", proven=False),
    _row("block", INSIDE, "remove_dead_code", "Remove the dead code", "refactor.rewrite.deadCode"),
)  # fmt: skip
_SCRIPT: tuple[Row, ...] = (
    _row("if_statement ternary_expression", HEAD, "rewrite_script", "Invert if", "refactor.rewrite.invertIf", shape="invert_if"),
    _row("binary_expression", INSIDE, "rewrite_script", "Convert to a template", "refactor.rewrite.template", shape="template"),
    _row("arrow_function", HEAD, "rewrite_script", "Convert to a function", "refactor.rewrite.function", shape="to_function"),
    _row("arrow_function", HEAD, "rewrite_script", "Add or remove the braces", "refactor.rewrite.arrowBody", shape="arrow_body"),
    _row("function_expression function_declaration", HEAD, "rewrite_script", "Convert to an arrow function", "refactor.rewrite.arrow", shape="to_arrow"),
    _row("lexical_declaration variable_declaration", HEAD, "rewrite_script", "Use const", "refactor.rewrite.const", shape="use_const"),
)  # fmt: skip
_ROWS: dict[str, tuple[Row, ...]] = {
    "python": _PYTHON,
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "javascript": _SCRIPT,
}
_STATEMENT_ENDS = frozenset({"block", "statement_block", "module", "program"})


def _offer(ctx: RecipeContext) -> list[Offer]:
    from treewright_agent.operations import OPERATIONS, run

    language = ctx.snapshot.language(ctx.path)
    rows = _ROWS.get(language.id) if language is not None else None
    if rows is None or not ctx.wants("refactor"):
        return []
    known = {operation.name for operation in OPERATIONS}
    chain = _chain(ctx)
    found: list[Offer] = []
    for row in rows:
        if row.operation not in known or not ctx.wants(row.kind) or not _fits(row, ctx, chain):
            continue
        ctx.token.check()
        arguments: dict[str, Any] = {"path": ctx.path, **row.arguments}
        if row.where == SELECTED:
            arguments |= {"start": ctx.span.start, "end": ctx.span.end}
        else:
            arguments["offset"] = ctx.span.start
        if not row.proven:
            found.append(Offer(row.title, row.kind, (Call(row.operation, arguments),)))
            continue
        try:
            change = run(row.operation, arguments, ctx.snapshot, ctx.token)
        except CancelledError:
            raise
        except TreewrightError:
            continue
        if not change.is_empty:
            found.append(Offer(row.title, row.kind, (Call(row.operation, arguments),)))
    return found


def _chain(ctx: RecipeContext) -> list[Node]:
    """The nodes at the cursor up to the statement it is in, and that statement's holder."""
    from treewright_agent.operations.shapes import chain_at

    found: list[Node] = []
    n_ends = 0
    for node in chain_at(ctx.snapshot.tree(ctx.path).root_node, ctx.span):
        found.append(node)
        if node.type in _STATEMENT_ENDS:
            n_ends += 1
            if n_ends == 2:
                break
    return found


def _fits(row: Row, ctx: RecipeContext, chain: list[Node]) -> bool:
    if row.where == SELECTED:
        return ctx.span.start < ctx.span.end and any(n.type in row.nodes for n in chain)
    if ctx.span.start < ctx.span.end and row.where != INSIDE and _lines(ctx, ctx.span) > 1:
        return False
    offset = ctx.span.start
    for node in chain:
        if node.type not in row.nodes:
            continue
        if row.where == INSIDE:
            return True
        if row.where == HEAD and node.start_byte <= offset <= _head_end(ctx, node):
            return True
        named = node.child_by_field_name("name") or node.child_by_field_name("left")
        at_name = named is not None and node.start_byte <= offset <= named.end_byte
        if row.where == NAME and at_name:
            return True
    return False


def _head_end(ctx: RecipeContext, node: Node) -> int:
    """The end of the line that the node begins on."""
    text = ctx.snapshot.text(ctx.path)
    return min(node.end_byte, text.line_span(text.line_of(node.start_byte)).end)


def _lines(ctx: RecipeContext, span: Span) -> int:
    text = ctx.snapshot.text(ctx.path)
    return text.line_of(span.end) - text.line_of(span.start) + 1


SHAPES = Recipe(id="shapes", title="Shapes at the cursor", offer=_offer)
