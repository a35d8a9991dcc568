"""The arguments of a call after the parameters of its function have changed.

What arguments do happens in the order in which it happened before: where positions would change
it, they are passed by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.operations.blocks import PythonFile, has_effects, text_with, walk
from treewright_indexer.errors import RefusedError

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.graph import Target


class Old(NamedTuple):
    """A parameter as it stands. `kind` is plain, star, double_star or a separator."""

    name: str
    kind: str
    text: str
    annotation: str
    default: str
    keyword_only: bool
    positional_only: bool


class Definition(NamedTuple):
    file: PythonFile
    node: Node
    target: Target
    receiver: str
    olds: tuple[Old, ...]


class Row(NamedTuple):
    """A parameter afterwards, with what it was before."""

    name: str
    old: Old | None
    text: str
    value: str
    keyword_only: bool


def new_arguments(
    file: PythonFile,
    listed: Node,
    definition: Definition,
    rows: list[Row],
    skip: int,
    texts: Mapping[tuple[int, int], str],
) -> str | None:
    """The new argument list, parentheses included; None when it cannot be told.

    `texts`: what argument lists inside it have become.
    """
    arguments = [c for c in listed.named_children if c.type != "comment"]
    if len(arguments) != listed.named_child_count:
        return None
    leading, arguments = arguments[:skip], arguments[skip:]
    positional = [o for o in definition.olds if o.kind == "plain" and not o.keyword_only]
    rest = next((o for o in definition.olds if o.kind == "star"), None)
    taken: dict[str, Node] = {}
    given: dict[str, str] = {}
    by_keyword: set[str] = set()
    extra: list[str] = []
    starred: list[str] = []
    other_keywords: list[str] = []
    position = 0
    for argument in arguments:
        text = text_with(file, argument, texts)
        if argument.type == "list_splat":
            starred.append(text)
        elif argument.type == "dictionary_splat":
            other_keywords.append(text)
        elif argument.type == "keyword_argument":
            name = argument.child_by_field_name("name")
            value = argument.child_by_field_name("value")
            assert name is not None
            assert value is not None
            key = file.text_of(name)
            if any(o.name == key and o.kind == "plain" for o in definition.olds):
                given[key], by_keyword = text_with(file, value, texts), by_keyword | {key}
                taken[key] = value
            else:
                other_keywords.append(text)
        elif position < len(positional) and not starred:
            given[positional[position].name] = text
            taken[positional[position].name] = argument
            position += 1
        elif rest is not None and not starred:
            extra.append(text)
        else:
            return None
    if starred and not _only_names_change(definition, rows):
        return None
    parts = [text_with(file, node, texts) for node in leading]
    in_order = True
    for row in rows:
        if row.name in ("*", "/"):
            in_order = in_order and row.name != "*"
            continue
        if row.old is not None and row.old.kind == "star":
            if extra and not in_order:
                return None
            parts += extra
            extra = []
            in_order = False
            continue
        if row.old is not None and row.old.kind == "double_star":
            continue
        value = given.get(row.old.name) if row.old is not None else row.value or None
        if value is None:
            if row.old is None and "=" not in row.text:
                raise RefusedError(f"`{row.name}` is new and has neither a default nor a value")
            in_order = False  # it is left to its default; what follows needs its name
            if extra:
                return None
            continue
        was_keyword = row.old is not None and row.old.name in by_keyword
        may_stand = row.old is not None if starred else not row.keyword_only
        if in_order and may_stand and not was_keyword:
            parts.append(value)
        else:
            in_order = False
            parts.append(f"{row.name}={value}")
    if extra:  # there is no `*` parameter any more to take them
        return None
    dropped = [n for n in taken if has_effects(taken[n]) and not any(_was(row, n) for row in rows)]
    if dropped:
        line = file.text.line_of(taken[dropped[0]].start_byte) + 1
        place = file.snapshot.display_path(file.path)
        raise RefusedError(
            f"`{dropped[0]}` calls something in {place}:{line}, which would not happen"
        )
    if not starred and _changes_order(file, taken, rows, by_keyword):
        parts = _in_old_order(
            file, taken, rows, texts, [text_with(file, node, texts) for node in leading]
        )
    keywords = [part for part in parts if _is_keyword(part)]
    plain = [part for part in parts if not _is_keyword(part)]
    return _laid_out(file, listed, [*plain, *starred, *keywords, *other_keywords])


def _was(row: Row, name: str) -> bool:
    return row.old is not None and row.old.name == name


def _changes_order(
    file: PythonFile, taken: dict[str, Node], rows: list[Row], by_keyword: set[str]
) -> bool:
    """Whether what the arguments do would be done in another order."""
    old = list(taken)
    stand = [r.old.name for r in rows if r.old is not None and r.old.name in taken]
    new = [n for n in stand if n not in by_keyword] + [n for n in stand if n in by_keyword]
    for index, name in enumerate(old):
        for other in old[index + 1 :]:
            if name not in new or other not in new or new.index(name) < new.index(other):
                continue
            first, second = taken[name], taken[other]
            if (has_effects(first) and _may_differ(second)) or (
                has_effects(second) and _may_differ(first)
            ):
                return True
    return False


def _may_differ(node: Node) -> bool:
    """Whether its value may be another once something was called."""
    return any(child.type in ("attribute", "subscript") for child in walk(node)) or has_effects(
        node
    )


def _in_old_order(
    file: PythonFile,
    taken: dict[str, Node],
    rows: list[Row],
    texts: Mapping[tuple[int, int], str],
    leading: list[str],
) -> list[str]:
    """The arguments by name, as they were computed; new ones behind them."""
    parts = list(leading)
    for name, node in taken.items():
        row = next((row for row in rows if _was(row, name)), None)
        if row is None:
            continue
        if row.old is not None and row.old.positional_only:
            line = file.text.line_of(node.start_byte) + 1
            raise RefusedError(
                f"the arguments in {file.snapshot.display_path(file.path)}:{line} call something,"
                " which would happen in another order"
            )
        parts.append(f"{row.name}={text_with(file, node, texts)}")
    for row in rows:
        if row.old is None and row.name not in ("*", "/") and row.value:
            parts.append(f"{row.name}={row.value}")
    return parts


def _is_keyword(text: str) -> bool:
    name, equals, rest = text.partition("=")
    return bool(equals) and name.isidentifier() and not rest.startswith("=")


def _only_names_change(definition: Definition, rows: list[Row]) -> bool:
    """Whether positions stay: then `*arguments` still mean the same."""
    before = [o.name for o in definition.olds]
    after = [row.old.name for row in rows if row.old is not None]
    new = [i for i, row in enumerate(rows) if row.old is None and row.name not in ("*", "/")]
    return (
        after == before[: len(after)]
        and len(after) == len([b for b in before if b not in ("*", "/")])
        and all(i >= len(after) for i in new)
    )


def _laid_out(file: PythonFile, listed: Node, parts: list[str]) -> str:
    first = listed.named_children[0] if listed.named_children else None
    if first is None or not file.starts_its_line(first) or not parts:
        return f"({', '.join(parts)})"
    indent = file.indentation(first)  # one argument a line, as it was
    closing = file.text_of(listed).rpartition("\n")[2][:-1]
    return "(\n" + "".join(f"{indent}{part},\n" for part in parts) + f"{closing})"
