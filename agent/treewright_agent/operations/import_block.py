"""Where a new import goes in a Python file, and how it reads there.

The order is isort's: `__future__`, standard library, others' packages, this workspace's,
relative ones; in a group `import x` before `from x import y`, unless the group is sorted by
module alone. A group that follows no order gets the new line behind its like.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from treewright_agent.changes import FileEditor
from treewright_agent.operations.imports import (
    FIRST_PARTY,
    FUTURE,
    LOCAL,
    STANDARD,
    STATEMENTS,
    THIRD_PARTY,
    Statement,
    Wanted,
    is_docstring,
    is_sorted,
    member_key,
    member_place,
    module_key,
    read_statement,
    style_of,
)
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from tree_sitter import Node


class ImportBlock:
    """The import statements of one Python file, and edits that add to them."""

    def __init__(self, snapshot: Snapshot, path: str) -> None:
        self.snapshot = snapshot
        self.path = path
        self.text: SourceText = snapshot.text(path)
        self.data = self.text.data
        self.root = snapshot.tree(path).root_node
        self.style = style_of(path)
        self._finder = ModuleFinder(snapshot)

    @cached_property
    def statements(self) -> list[Statement]:
        """Those of the module's top level, in order, without those in `if` and `try`."""
        return [
            read_statement(node, self.data)
            for node in self.root.children
            if node.type in STATEMENTS
        ]

    @cached_property
    def runs(self) -> list[list[Statement]]:
        """The top-level statements in stretches that only comments and blank lines interrupt."""
        runs: list[list[Statement]] = []
        open_run = False
        known = {statement.start: statement for statement in self.statements}
        for node in self.root.children:
            if node.start_byte in known and node.type in STATEMENTS:
                if not open_run:
                    runs.append([])
                runs[-1].append(known[node.start_byte])
                open_run = True
            elif node.type != "comment":
                open_run = False
        return runs

    def section(self, module: str) -> int:
        if module.startswith("."):
            return LOCAL
        top = module.partition(".")[0]
        if top == "__future__":
            return FUTURE
        if self._finder.find(self.path, top, 0) is not None:
            return FIRST_PARTY
        return STANDARD if top in sys.stdlib_module_names else THIRD_PARTY

    def existing(self, wanted: Wanted) -> Statement | None:
        """The top-level statement that imports exactly this already."""
        for statement in self.statements:
            for item in statement.items:
                if wanted.name:
                    same = statement.module == wanted.module and item.name == wanted.name
                else:
                    same = not statement.is_from and item.name == wanted.module
                alias = "" if item.alias == item.name else item.alias
                if same and alias == wanted.alias:
                    return statement
        return None

    # ---------------------------------------------------------------- adding

    def add(
        self, edit: FileEditor, wanted: Iterable[Wanted], *, groups: tuple[str, ...] = ()
    ) -> None:
        """Add the imports that are not there yet; the caller has looked for collisions."""
        missing = sorted(
            {each for each in wanted if self.existing(each) is None}, key=self._wanted_key
        )
        merged: dict[int, list[Wanted]] = {}
        placed: dict[int, list[Wanted]] = {}
        for each in missing:
            home = self._home(each)
            if home is not None:
                merged.setdefault(home.start, []).append(each)
            else:
                placed.setdefault(self.section(each.module), []).append(each)
        for statement in self.statements:
            if statement.start in merged:
                self._extend(edit, statement, merged[statement.start], groups)
        for section in sorted(placed):
            self._place_all(edit, section, placed[section], groups)

    def _wanted_key(self, wanted: Wanted) -> tuple[object, ...]:
        return (
            self.section(wanted.module),
            bool(wanted.name),
            module_key(wanted.module),
            member_key(wanted.name or wanted.module),
            wanted.alias,
        )

    def _home(self, wanted: Wanted) -> Statement | None:
        """The `from` statement that the name joins."""
        if not wanted.name or self.style.single_line:
            return None
        same = [
            statement
            for statement in self.statements
            if statement.module == wanted.module and not statement.is_star and statement.items
        ]
        mixes = self.style.combine_as or any(
            any(i.alias for i in s.items) and any(not i.alias for i in s.items)
            for s in self.statements
            if s.is_from
        )
        for statement in same:
            aliased = all(item.alias for item in statement.items)
            if mixes or (not wanted.alias and not aliased):
                return statement
        return None

    def _extend(
        self,
        edit: FileEditor,
        statement: Statement,
        wanted: Sequence[Wanted],
        groups: tuple[str, ...],
    ) -> None:
        names = [item.name for item in statement.items]
        spelled = [f"{each.name} as {each.alias}" if each.alias else each.name for each in wanted]
        first_line = self.text.line_of(statement.start)
        one_line = first_line == self.text.line_of(statement.end)
        line = self.text.slice(self.text.line_span(first_line))
        longer = sum(len(each) + 2 for each in spelled)
        comment = "#" in line
        if one_line and not comment and len(line) + longer > self.style.width:
            self._wrap(edit, statement, names, wanted, spelled, groups)
            return
        places: dict[int, list[str]] = {}
        for each, text in zip(wanted, spelled, strict=True):
            places.setdefault(member_place(names, each.name), []).append(text)
        for place in sorted(places):
            self._insert_item(edit, statement, place, places[place], groups)

    def _insert_item(
        self,
        edit: FileEditor,
        statement: Statement,
        place: int,
        new: Sequence[str],
        groups: tuple[str, ...],
    ) -> None:
        items = statement.items
        if place < len(items):
            item = items[place]
            before = self._line_before(item.start)
            separator = ", " if before.strip() else f",\n{before}"
            edit.insert(item.start, separator.join(new) + separator, groups=groups)
            return
        item = items[-1]
        before = self._line_before(item.start)
        separator = ", " if before.strip() else f",\n{before}"
        edit.insert(item.end, separator + separator.join(new), groups=groups)

    def _line_before(self, offset: int) -> str:
        start = self.text.line_span(self.text.line_of(offset)).start
        return self.text.slice(Span(start, offset))

    def _wrap(
        self,
        edit: FileEditor,
        statement: Statement,
        names: Sequence[str],
        wanted: Sequence[Wanted],
        spelled: Sequence[str],
        groups: tuple[str, ...],
    ) -> None:
        """The statement over several lines, one name each, because one line is too long."""
        rows = [self.text.slice(Span(item.start, item.end)) for item in statement.items]
        order = list(names)
        for each, text in zip(wanted, spelled, strict=True):
            at = member_place(order, each.name)
            order.insert(at, each.name)
            rows.insert(at, text)
        first = statement.items[0].start
        opening = self.text.slice(Span(statement.start, first)).rstrip(" (")
        body = "".join(f"    {row},\n" for row in rows)
        edit.rewrite(Span(statement.start, statement.end), f"{opening} (\n{body})", groups=groups)

    # ---------------------------------------------------------------- placing

    def _place_all(
        self,
        edit: FileEditor,
        section: int,
        wanted: Sequence[Wanted],
        groups: tuple[str, ...],
    ) -> None:
        lines: dict[tuple[str, bool], list[Wanted]] = {}
        for each in wanted:  # several names of one module share a line
            key = (each.module if each.name else "", bool(each.alias) or self.style.single_line)
            lines.setdefault(key if each.name and not key[1] else (repr(each), True), []).append(
                each
            )
        statements = [self._spelled(each) for each in lines.values()]
        by_offset: dict[tuple[int, str, str], list[str]] = {}
        for (spelled, key), _ in zip(statements, lines, strict=True):
            place = self._place(section, key)
            by_offset.setdefault(place, []).append(spelled)
        for offset, before, after in by_offset:
            block = "\n".join(by_offset[offset, before, after])
            edit.insert(offset, f"{before}{block}\n{after}", groups=groups)

    def _spelled(self, wanted: Sequence[Wanted]) -> tuple[str, tuple[bool, str]]:
        """(the statement, what it is sorted by)."""
        first = wanted[0]
        if len(wanted) == 1 and len(first.statement()) <= self.style.width:
            return first.statement(), (bool(first.name), first.module)
        names = [f"{w.name} as {w.alias}" if w.alias else w.name for w in wanted]
        line = f"from {first.module} import {', '.join(names)}"
        if len(line) > self.style.width:
            line = f"from {first.module} import (\n" + "".join(f"    {n},\n" for n in names) + ")"
        return line, (True, first.module)

    def _place(self, section: int, key: tuple[bool, str]) -> tuple[int, str, str]:
        """(offset, text before the statement, text behind it): see the module's rules."""
        run = self._run_for(section)
        if run is None:
            return self._first_place(section)
        paragraphs = self._paragraphs(run)
        sections = [[self.section(s.sort_module) for s in each] for each in paragraphs]
        separated = all(len(set(each)) == 1 for each in sections)
        if separated:
            alike = [p for p, s in zip(paragraphs, sections, strict=True) if s[0] == section]
            if alike:  # two groups of one section: beside the same package
                return self._inside(max(alike, key=lambda p: _kinship(p, key[1])), key)
            return self._new_paragraph(paragraphs, sections, section)
        # Sections that stand together: beside one's own, in the paragraph with most of them.
        index = max(range(len(sections)), key=lambda i: (sections[i].count(section), -i))
        own = [
            statement
            for statement, there in zip(paragraphs[index], sections[index], strict=True)
            if there == section
        ]
        if own:
            return self._inside(own, key)
        earlier = [s for s in run if self.section(s.sort_module) < section]
        return self._behind(earlier[-1]) if earlier else self._before(run[0])

    def _run_for(self, section: int) -> list[Statement] | None:
        runs = self.runs
        for run in runs:
            if any(self.section(statement.sort_module) == section for statement in run):
                return run
        if section == FUTURE:
            return None
        for run in runs:
            if any(statement.module != "__future__" for statement in run):
                return run
        return runs[0] if runs else None

    def _paragraphs(self, run: Sequence[Statement]) -> list[list[Statement]]:
        """Statements between blank lines."""
        found: list[list[Statement]] = []
        last_line = self.text.line_of(run[0].start) - 1
        for statement in run:
            line = self.text.line_of(statement.start)
            gap = any(
                not self.text.slice(self.text.line_span(each)).strip()
                for each in range(last_line + 1, line)
            )
            if not found or gap:
                found.append([])
            found[-1].append(statement)
            last_line = self.text.line_of(statement.end)
        return found

    def _inside(self, group: Sequence[Statement], key: tuple[bool, str]) -> tuple[int, str, str]:
        for order in self._orders:
            keys = [order(s.is_from, s.sort_module) for s in group]
            if is_sorted(keys):
                place = sum(1 for each in keys if each <= order(*key))
                return self._before(group[0]) if not place else self._behind(group[place - 1])
        alike = [s for s in group if s.is_from == key[0] and s.sort_module <= key[1]]
        return self._behind(alike[-1] if alike else group[-1])

    @cached_property
    def _orders(self) -> list[Callable[[bool, str], tuple[object, ...]]]:
        """Ways to sort a group, the one that most groups of the file follow first."""
        groups = [group for run in self.runs for group in self._paragraphs(run)]

        def fitting(order: Callable[[bool, str], tuple[object, ...]]) -> int:
            return sum(
                is_sorted([order(s.is_from, s.sort_module) for s in group]) for group in groups
            )

        if self.style.within_sections:
            return [_by_module, _by_kind, _by_kind_reversed]
        return sorted((_by_kind, _by_module, _by_kind_reversed), key=fitting, reverse=True)

    def _new_paragraph(
        self,
        paragraphs: Sequence[Sequence[Statement]],
        sections: Sequence[Sequence[int]],
        section: int,
    ) -> tuple[int, str, str]:
        earlier = [p for p, s in zip(paragraphs, sections, strict=True) if s[0] < section]
        if earlier:
            offset, _, _ = self._behind(earlier[-1][-1])
            ends_open = offset == len(self.data) and not self.data.endswith((b"\n", b"\r"))
            return offset, "\n\n" if ends_open else "\n", ""
        offset, _, _ = self._before(paragraphs[0][0])
        return offset, "", "\n"

    def _before(self, statement: Statement) -> tuple[int, str, str]:
        """On the line of the statement, above comments that belong to it."""
        line = self.text.line_of(statement.start)
        while line and self._is_comment(line - 1) and not self._is_head(line - 1):
            line -= 1
        return self.text.line_starts[line], "", ""

    def _behind(self, statement: Statement) -> tuple[int, str, str]:
        line = self.text.line_of(statement.end)
        span = self.text.line_span(line, with_break=True)
        if span.end == self.text.line_span(line).end:  # the last line, without a break
            return span.end, "\n", ""
        return span.end, "", ""

    def _is_comment(self, line: int) -> bool:
        return self.text.slice(self.text.line_span(line)).lstrip().startswith("#")

    def _is_head(self, line: int) -> bool:
        """True for a line of the comment that opens the file: licence, coding, shebang."""
        return all(self._is_comment(each) for each in range(line + 1))

    def _first_place(self, section: int) -> tuple[int, str, str]:
        """In a file without imports, or for its first `__future__` one: behind comments that
        open the file and the docstring."""
        head = self._head_end()
        end = len(self.data)
        if head >= end:
            opening = "" if not self.data or self.data.endswith((b"\n", b"\r")) else "\n"
            return end, opening + ("\n" if self._has_docstring() else ""), ""
        blank = re.compile(rb"[ \t\f]*(?:\r\n|\n|\r)")
        breaks: list[int] = []
        at = head
        while (match := blank.match(self.data, at)) is not None:
            at = match.end()
            breaks.append(at)
        if at >= end:
            return end, "\n" if head and not breaks and self._has_docstring() else "", ""
        first = next((n for n in self.root.children if n.start_byte >= at), None)
        is_import = first is not None and first.type in STATEMENTS
        is_definition = first is not None and first.type in (
            "function_definition", "class_definition", "decorated_definition",
        )  # fmt: skip
        separate = head > 0 and (self._has_docstring() or bool(breaks))
        before = "\n" if separate and not breaks else ""
        place = breaks[0] if separate and breaks else head
        left = len(breaks) - (1 if separate and breaks else 0)
        needed = (1 if section == FUTURE else 0) if is_import else 2 if is_definition else 1
        return place, before, "\n" * max(0, needed - left)

    def _has_docstring(self) -> bool:
        first = next((n for n in self.root.children if n.type != "comment"), None)
        return first is not None and is_docstring(first)

    def _head_end(self) -> int:
        """Where the opening comments and the docstring end: the start of the next line."""
        line = 0
        n_lines = self.text.n_lines
        last = -1
        while line < n_lines and self._is_comment(line):
            last = line
            line += 1
        first = next((n for n in self.root.children if n.type != "comment"), None)
        if first is not None and is_docstring(first):
            last = self.text.line_of(first.end_byte)
        elif 0 <= last < n_lines - 1 and self.text.slice(self.text.line_span(last + 1)).strip():
            # A comment right above code belongs to the code, but for shebang and coding.
            last = self._last_special(last)
        if last < 0:
            return 0
        return self.text.line_span(last, with_break=True).end

    def _last_special(self, last: int) -> int:
        special = re.compile(r"#!|#.*?coding[:=]|#\s*(?:type:|ruff:|mypy:|pylint:|flake8:|isort:)")
        found = -1
        for line in range(last + 1):
            if special.match(self.text.slice(self.text.line_span(line)).lstrip()):
                found = line
        return found

    # ---------------------------------------------------------------- type checking

    def type_checking_body(self) -> Node | None:
        """The block of the first top-level `if TYPE_CHECKING:`."""
        for node in self.root.children:
            if node.type == "if_statement":
                condition = node.child_by_field_name("condition")
                body = node.child_by_field_name("consequence")
                if condition is None or body is None:
                    continue
                text = self.data[condition.start_byte : condition.end_byte]
                if text in (b"TYPE_CHECKING", b"typing.TYPE_CHECKING", b"t.TYPE_CHECKING"):
                    return body
        return None

    def add_for_types(
        self, edit: FileEditor, wanted: Iterable[Wanted], *, groups: tuple[str, ...] = ()
    ) -> None:
        """Add imports below `if TYPE_CHECKING:`, which is made when there is none."""
        missing = sorted(set(wanted), key=self._wanted_key)
        body = self.type_checking_body()
        if body is None:
            self.add(edit, [Wanted("typing", "TYPE_CHECKING")], groups=groups)
            lines = "".join(f"    {each.statement()}\n" for each in missing)
            offset, before = self._behind_imports()
            edit.insert(offset, f"{before}\nif TYPE_CHECKING:\n{lines}", groups=groups)
            return
        there = [read_statement(n, self.data) for n in body.children if n.type in STATEMENTS]
        indent = self._line_before(body.start_byte)
        for each in missing:
            same = [
                s
                for s in there
                if each.name and s.module == each.module and s.items and not s.is_star
            ]
            known = [
                i for s in same for i in s.items if i.name == each.name and i.alias == each.alias
            ]
            if known:
                continue
            if same and not each.alias and not all(item.alias for item in same[0].items):
                names = [item.name for item in same[0].items]
                self._insert_item(
                    edit, same[0], member_place(names, each.name), [each.name], groups
                )
                continue
            keys = [(s.is_from, module_key(s.sort_module)) for s in there]
            place = sum(1 for key in keys if key <= (bool(each.name), module_key(each.module)))
            if there and place:
                offset, before, _ = self._behind(there[place - 1])
                edit.insert(offset, f"{before}{indent}{each.statement()}\n", groups=groups)
            else:
                start = body.start_byte
                edit.insert(start, f"{each.statement()}\n{indent}", groups=groups)

    def _behind_imports(self) -> tuple[int, str]:
        """Where a block below the imports goes, and what separates it from them."""
        if self.runs:
            last = next(
                (r for r in self.runs if any(s.module != "__future__" for s in r)), self.runs[0]
            )
            offset, before, _ = self._behind(last[-1])
            return offset, before
        offset, before, _ = self._first_place(STANDARD)
        return offset, before


def _by_kind(is_from: bool, module: str) -> tuple[object, ...]:
    return is_from, module_key(module)


def _by_module(is_from: bool, module: str) -> tuple[object, ...]:
    return module_key(module), is_from


def _by_kind_reversed(is_from: bool, module: str) -> tuple[object, ...]:
    return not is_from, module_key(module)


def _kinship(group: Sequence[Statement], module: str) -> int:
    """How many leading parts of its name a module shares with one of the group."""
    parts = module.split(".")
    best = 0
    for statement in group:
        other = statement.sort_module.split(".")
        common = 0
        while common < min(len(parts), len(other)) and parts[common] == other[common]:
            common += 1
        best = max(best, common)
    return best
