"""Calls: what is called, what stands before it, and the shape of what it is given.

Postings say where a name is called, which is enough for the graph; how it is called is read from the
tree of the few files that a question is about. So no file pays for it when it is indexed. One rule
for all languages: the node around the called name that has the field `arguments`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_FAR: Final = 4
"""Nodes between a called name and its call: `a.b::<T>(…)`."""
_BETWEEN: Final = re.compile(rb"\s*(?:(?:::)?\s*[<\[].*[>\]])?\s*!?\s*", re.DOTALL)
"""What may stand between the name and its arguments: those of types."""
_WRAPPERS: Final = frozenset({"argument", "value_argument"})
"""Nodes that some grammars put around each argument."""


class Argument(NamedTuple):
    span: Span
    """The value alone: without the keyword and the stars."""
    keyword: str
    """The name that it is given by; '' for a positional one."""
    stars: int
    """1 for `*values` and `...values`, 2 for `**values`."""


class Call(NamedTuple):
    name: str
    name_start: int
    span: Span
    """The whole expression, receiver and arguments included."""
    receiver: str
    """The text before the dot, `a.b(c)` of `a.b(c).name()`; '' without one."""
    arguments: tuple[Argument, ...]

    @property
    def positional(self) -> int:
        """How many arguments are given by place alone, those in stars not counted."""
        return sum(1 for each in self.arguments if not each.keyword and not each.stars)

    @property
    def keywords(self) -> tuple[str, ...]:
        return tuple(each.keyword for each in self.arguments if each.keyword)

    @property
    def is_open(self) -> bool:
        """Whether stars give arguments that the text does not show."""
        return any(each.stars for each in self.arguments)


def call_at(root: Node, data: bytes, name: Span) -> Call | None:
    """The call of the name at `name`; None where that name is not called."""
    node: Node | None = root.descendant_for_byte_range(name.start, name.end)
    for _ in range(_FAR):
        if node is None or node.end_byte < name.end:
            return None
        arguments = node.child_by_field_name("arguments")
        if arguments is not None and arguments.start_byte >= name.end:
            if not _BETWEEN.fullmatch(data, name.end, arguments.start_byte):
                return None  # `b` of `a.b.f()`
            return Call(
                _text(data, name.start, name.end),
                name.start,
                Span(node.start_byte, node.end_byte),
                _receiver(data, node, name.start),
                tuple(_arguments(data, arguments)),
            )
        node = node.parent
    return None


def _receiver(data: bytes, call: Node, name_start: int) -> str:
    before = data[call.start_byte : name_start].rstrip()
    for mark in (b"?.", b"!!.", b"->", b"::", b"."):
        if before.endswith(mark):
            return before[: -len(mark)].rstrip().decode("utf-8", "replace")
    return ""


def _arguments(data: bytes, node: Node) -> Sequence[Argument]:
    if node.type == "generator_expression":  # `f(x for x in y)` has no list of arguments
        return [Argument(Span(node.start_byte, node.end_byte), "", 0)]
    return [_argument(data, child) for child in node.named_children if "comment" not in child.type]


def _argument(data: bytes, node: Node) -> Argument:
    keyword = node.child_by_field_name("name")
    value = node.child_by_field_name("value")
    if keyword is not None and value is None and node.type in _WRAPPERS:
        value = node.named_children[-1]  # C#: `argument` with a name and no field for the value
    stars = 0
    inner = value if value is not None else node
    if inner.type in _WRAPPERS and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    if "splat" in inner.type or "spread" in inner.type or inner.type == "variadic_unpacking":
        stars = 2 if "dictionary" in inner.type or inner.type == "hash_splat_argument" else 1
        inner = inner.named_children[-1] if inner.named_children else inner
    if keyword is None or keyword.start_byte == inner.start_byte:
        name = ""
    else:
        name = _text(data, keyword.start_byte, keyword.end_byte)
    return Argument(Span(inner.start_byte, inner.end_byte), name, stars)


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "replace")
