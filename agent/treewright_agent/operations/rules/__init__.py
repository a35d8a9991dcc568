"""Rules: what to do about one diagnostic at its place, in the languages that ruff does not fix.

A rule is a function of a Site that collects edits, or raises RefusedError with the reason. It
looks at the tree, never at the message; what only the message knows comes as `site.said`. A rule
is one row of `RULES`; the operation `apply_rule` runs it, recipes name it by code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from treewright_agent.changes import ChangeBuilder, FileEditor
from treewright_agent.operations.shapes import chain_at
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass
class Site:
    """Where a rule works: one file, the span that a tool reported, what the message named."""

    snapshot: Snapshot
    path: str
    span: Span
    said: str
    build: ChangeBuilder

    @cached_property
    def text(self) -> SourceText:
        return self.snapshot.text(self.path)

    @property
    def data(self) -> bytes:
        return self.text.data

    @cached_property
    def root(self) -> Node:
        return self.snapshot.tree(self.path).root_node

    @cached_property
    def editor(self) -> FileEditor:
        return self.build.file(self.path)

    @cached_property
    def language(self) -> str:
        found = self.snapshot.language(self.path)
        return found.id if found is not None else ""

    def of(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def chain(self, span: Span | None = None) -> list[Node]:
        """The nodes that hold the span, innermost first."""
        return chain_at(self.root, self.span if span is None else span)

    def find(self, *types: str) -> Node:
        """The innermost node of one of `types` that holds the start of the span, else the first
        that begins inside it. Raises RefusedError."""
        for node in self.chain(Span(self.span.start, self.span.start)):
            if node.type in types and not node.has_error:
                return node
        pending = [self.root]
        while pending:
            here = pending.pop(0)
            if here.end_byte <= self.span.start or self.span.end <= here.start_byte:
                continue
            if here.type in types and here.start_byte >= self.span.start:
                return here
            pending += here.children
        raise RefusedError(f"there is no {types[0].replace('_', ' ')} here")

    def delete_lines(self, node: Node) -> None:
        """Deletes a node with its line when nothing else stands there."""
        start, end = node.byte_range
        line = self.text.line_span(self.text.line_of(start))
        last = self.text.line_span(self.text.line_of(max(start, end - 1)), with_break=True)
        before, behind = self.data[line.start : start], self.data[end : last.end]
        if not before.strip() and not behind.strip(b" \t\r\n;"):
            self.editor.delete(Span(line.start, last.end))
            return
        while end < len(self.data) and self.data[end : end + 1] in (b" ", b"\t"):
            end += 1
        self.editor.delete(Span(start, end))

    def line(self, offset: int) -> int:
        return self.text.line_of(offset) + 1


Rule = Callable[[Site], None]


def separated(site: Site, node: Node, items: list[Node]) -> None:
    """Deletes one of several items between commas, with its comma."""
    at = items.index(node)
    if at + 1 < len(items):
        site.editor.delete(Span(node.start_byte, items[at + 1].start_byte))
    elif at:
        site.editor.delete(Span(items[at - 1].end_byte, node.end_byte))
    else:
        raise RefusedError("it is the only one of its list")
