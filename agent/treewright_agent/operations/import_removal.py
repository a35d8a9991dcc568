"""Taking Python imports out of a file, and who would miss them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.changes import FileEditor
from treewright_agent.operations.imports import STATEMENTS, Item, Statement, read_statement
from treewright_agent.operations.scoping import home_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from tree_sitter import Node


class OneImport(NamedTuple):
    """One imported name and the statement it stands in."""

    statement: Statement
    item: Item
    scope: int
    """Index of the scope that the name is bound in."""

    @property
    def module(self) -> str:
        return self.statement.module or self.item.name

    @property
    def name(self) -> str:
        return self.item.name if self.statement.is_from else ""

    @property
    def alias(self) -> str:
        return self.item.alias

    @property
    def binds(self) -> str:
        return self.item.alias or (self.name or self.module.partition(".")[0])

    def touches(self, offset: int) -> bool:
        """On the name itself, or on a part of the statement that is no other name."""
        if self.item.start <= offset <= self.item.end:
            return True
        within = self.statement.start <= offset <= self.statement.end
        return within and not any(
            other.start <= offset <= other.end for other in self.statement.items
        )


class ImportUse(NamedTuple):
    path: str
    start: int


# -------------------------------------------------------------------- who needs it


def uses_of_import(
    snapshot: Snapshot,
    path: str,
    one: OneImport,
    token: CancelToken,
    *,
    elsewhere: bool = True,
    alone: bool = False,
) -> list[ImportUse]:
    """Where the name that the import binds is used, here or (`elsewhere`) through this file.

    Nothing when another import of the same scope binds the name to the same thing, unless
    this one is looked at `alone`.
    """
    facts = snapshot.file_facts(path)
    name = one.binds
    others = [
        item
        for item in facts.imports
        if item.alias == name
        and not item.start <= one.item.start < item.end
        and facts.scope_at(item.start) == one.scope
    ]
    dotted = not one.name and not one.alias and "." in one.module
    if not alone and any(_same(item.module, item.level, item.name, one) for item in others):
        return []
    package = [i for i in others if not i.name and not i.level and dotted]
    uses: list[ImportUse] = []
    data = snapshot.text(path).data
    chain = one.module.encode()
    for reference in facts.references(name):
        if reference.attribute or reference.role in (Role.IMPORT, Role.KEYWORD):
            continue
        if home_of(facts, reference.start, name) != one.scope:
            continue
        if package and not _follows(data, reference.start, chain):
            continue  # `a.x` needs some `import a…`, and there is another one
        uses.append(ImportUse(path, reference.start))
    if elsewhere and one.scope == 0:
        uses += _through(snapshot, path, name, token)
    return uses


def _same(module: str, level: int, name: str, one: OneImport) -> bool:
    return "." * level + module == one.module and name == one.name


def _follows(data: bytes, start: int, chain: bytes) -> bool:
    """Whether `a.b` stands at `start`, white space aside."""
    pattern = rb"\s*\.\s*".join(re.escape(part) for part in chain.split(b"."))
    return re.compile(pattern + rb"(?![\w\x80-\xff])").match(data, start) is not None


def _through(snapshot: Snapshot, path: str, name: str, token: CancelToken) -> Iterator[ImportUse]:
    """Uses in other files that take `name` from this module."""
    resolver = Resolver(snapshot, token)
    for other, references in snapshot.uses(name):
        token.check()
        if other == path:
            continue
        try:
            facts = snapshot.facts(other)
            for item in facts.imports:
                if (
                    item.name == name
                    and resolver.modules.find(other, item.module, item.level) == path
                ):
                    yield ImportUse(other, item.name_start)
            for reference in references:
                if reference.attribute and _is_of_module(resolver, other, reference.start, path):
                    yield ImportUse(other, reference.start)
        except TreewrightError:
            continue


def _is_of_module(resolver: Resolver, path: str, start: int, module: str) -> bool:
    parts = receiver_before(resolver.snapshot.text(path).data, start)
    if not parts or parts[-1].called:
        return False
    values = resolver.evaluate(path, parts, start)
    return any(v.target.kind == "module" and v.target.path == module for v in values)


# -------------------------------------------------------------------- taking it out


class Removal:
    """Removes imports of one Python file."""

    def __init__(self, snapshot: Snapshot, path: str) -> None:
        self.snapshot = snapshot
        self.path = path
        self.text = snapshot.text(path)
        self.data = self.text.data
        self.facts = snapshot.file_facts(path)
        self.root = snapshot.tree(path).root_node

    @cached_property
    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        pending = [self.root]
        while pending:
            node = pending.pop()
            if node.type in STATEMENTS:
                found.append(read_statement(node, self.data))
            else:
                pending += (child for child in node.children if child.child_count)
        return sorted(found, key=lambda statement: statement.start)

    def imports(self) -> list[OneImport]:
        """Every imported name of the file, conditional and local ones included."""
        return [
            OneImport(statement, item, self.facts.scope_at(statement.start))
            for statement in self.statements
            for item in statement.items
        ]

    def remove(
        self, edit: FileEditor, found: Iterable[OneImport], *, groups: tuple[str, ...] = ()
    ) -> None:
        chosen: dict[int, list[Item]] = {}
        for one in found:
            chosen.setdefault(one.statement.start, []).append(one.item)
        whole: list[Statement] = []
        for statement in self.statements:
            items = chosen.get(statement.start)
            if items is None:
                continue
            if len(items) == len(statement.items):
                whole.append(statement)
            else:
                self._remove_items(edit, statement, items, groups)
        self._remove_statements(edit, [statement.node for statement in whole], groups)

    # ---------------------------------------------------------------- names of a statement

    def _remove_items(
        self, edit: FileEditor, statement: Statement, items: Sequence[Item], groups: tuple[str, ...]
    ) -> None:
        all_items = statement.items
        gone = {item.start for item in items}
        runs: list[list[int]] = []
        for index, item in enumerate(all_items):
            if item.start in gone:
                if runs and runs[-1][-1] == index - 1:
                    runs[-1].append(index)
                else:
                    runs.append([index])
        for run in runs:
            first, last = all_items[run[0]], all_items[run[-1]]
            if self._own_lines(statement, first, last):
                start = self.text.line_span(self.text.line_of(first.start)).start
                end = self.text.line_span(self.text.line_of(last.end), with_break=True).end
                edit.delete(Span(start, end), groups=groups)
            elif run[-1] + 1 < len(all_items):
                edit.delete(Span(first.start, all_items[run[-1] + 1].start), groups=groups)
            else:
                edit.delete(Span(all_items[run[0] - 1].end, last.end), groups=groups)

    def _own_lines(self, statement: Statement, first: Item, last: Item) -> bool:
        """The names fill whole lines between parentheses, up to their comma and comment."""
        first_line, last_line = self.text.line_of(first.start), self.text.line_of(last.end)
        before = self.text.slice(Span(self.text.line_span(first_line).start, first.start))
        after = self.text.slice(Span(last.end, self.text.line_span(last_line).end))
        inside = self.text.line_of(statement.start) < first_line
        return (
            inside
            and not before.strip()
            and re.fullmatch(r"\s*,?\s*(?:#.*)?", after) is not None
            and last_line < self.text.line_of(statement.end)
            and not any(
                item.start < first.start and self.text.line_of(item.end) == first_line
                for item in statement.items
            )
        )

    # ---------------------------------------------------------------- whole statements

    def _remove_statements(
        self, edit: FileEditor, nodes: Sequence[Node], groups: tuple[str, ...]
    ) -> None:
        gone = {node.id for node in nodes}
        by_block: dict[int, tuple[Node, list[Node]]] = {}
        for node in nodes:
            block = node.parent
            if block is not None:
                by_block.setdefault(block.id, (block, []))[1].append(node)
        for block, own in by_block.values():
            left = [n for n in block.named_children if n.type != "comment" and n.id not in gone]
            if left or block.type != "block":
                for run in self._line_runs(own):
                    edit.delete(lines_of_statements(self.text, run), groups=groups)
                continue
            condition = block.parent
            if condition is not None and self._is_lone_type_check(condition):
                edit.delete(lines_of_statements(self.text, [condition]), groups=groups)
                continue
            edit.replace(Span(own[0].start_byte, own[0].end_byte), "pass", groups=groups)
            for run in self._line_runs(own[1:]):
                edit.delete(lines_of_statements(self.text, run), groups=groups)

    def _line_runs(self, nodes: Sequence[Node]) -> Iterator[list[Node]]:
        """Statements whose lines follow each other, so that they go in one edit."""
        run: list[Node] = []
        for node in sorted(nodes, key=lambda each: each.start_byte):
            near = (
                run
                and self.text.line_of(node.start_byte) <= self.text.line_of(run[-1].end_byte) + 1
            )
            if run and not near:
                yield run
                run = []
            run.append(node)
        if run:
            yield run

    def _is_lone_type_check(self, node: Node) -> bool:
        if node.type != "if_statement" or node.child_by_field_name("alternative") is not None:
            return False
        condition = node.child_by_field_name("condition")
        return (
            condition is not None
            and b"TYPE_CHECKING" in self.data[condition.start_byte : condition.end_byte]
        )


# -------------------------------------------------------------------- lines


def lines_of_statements(
    text: SourceText, nodes: Sequence[Node], *, comment: int | None = None
) -> Span:
    """What goes with the statements: their lines, or their part of lines they share.

    `comment` is where a comment above them starts that goes as well.
    """
    start, end = nodes[0].start_byte, nodes[-1].end_byte
    start = start if comment is None else comment
    first, last = text.line_of(start), text.line_of(end)
    line_start = text.line_span(first).start
    before = text.slice(Span(line_start, start))
    after = text.slice(Span(end, text.line_span(last).end))
    if before.strip():  # `x = 1; import a`
        separator = re.search(r";\s*\Z", before)
        if separator is not None and not after.strip().strip(";"):
            return Span(start - len(separator.group().encode()), end)
        rest = re.match(r"\s*;\s*", after)
        return Span(start, end + (len(rest.group().encode()) if rest else 0))
    rest = re.match(r"\s*;\s*(?=[^\s#])", after)
    if rest is not None:  # `import a; x = 1`
        return Span(start, end + len(rest.group().encode()))
    whole = Span(line_start, text.line_span(last, with_break=True).end)
    return _with_blank_lines(text, whole, first, last)


def _with_blank_lines(text: SourceText, span: Span, first: int, last: int) -> Span:
    """Also the blank lines on one side, when there are some on both."""
    above = 0
    while first - above - 1 >= 0 and _is_blank(text, first - above - 1):
        above += 1
    below = 0
    n_lines = text.n_lines
    while last + below + 1 < n_lines and _is_blank(text, last + below + 1):
        below += 1
    at_top = first - above == 0
    at_end = last + below + 1 >= n_lines
    if at_end and above and not at_top:
        return Span(text.line_starts[first - above], span.end)
    if at_top and below:
        return Span(span.start, text.line_span(last + below, with_break=True).end)
    if not above or not below:
        return span
    if above <= below:
        return Span(text.line_starts[first - above], span.end)
    return Span(span.start, text.line_span(last + below, with_break=True).end)


def _is_blank(text: SourceText, line: int) -> bool:
    span = text.line_span(line)
    return not text.data[span.start : span.end].strip()


def unused_without(snapshot: Snapshot, path: str, gone: Sequence[Span]) -> list[OneImport]:
    """Imports of the module that only the text of `gone` uses, and nobody takes from it."""
    if os.path.basename(path).startswith("__init__."):
        return []  # others may have them from here
    facts = snapshot.file_facts(path)
    finder = ModuleFinder(snapshot)
    unused: list[OneImport] = []
    for one in Removal(snapshot, path).imports():
        if one.scope != 0 or one.binds in (facts.exports or ()):
            continue
        uses = [r for r in facts.references(one.binds) if r.role != Role.IMPORT]
        if not uses or not all(any(s.start <= r.start < s.end for s in gone) for r in uses):
            continue
        if not any(
            item.name == one.binds and finder.find(other, item.module, item.level) == path
            for other in snapshot.files_naming(one.binds)
            if other != path and other.endswith((".py", ".pyi"))
            for item in snapshot.facts(other).imports
        ):
            unused.append(one)
    return unused
