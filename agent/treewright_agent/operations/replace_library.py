"""Replace library: another library does the work of one, with its own names and arguments.

What has a counterpart is rewritten: imports, names, exceptions, arguments of calls, attributes of
what calls give back, and the list of dependencies. What has none stays as it is, is listed with the
reason, and the edits of its file wait for confirmation.

        //- m.py
        import requests

        def fetch(url):
            answer = requests.get(url, {"q": 1}, allow_redirects=False)
            if not answer.ok:
                raise requests.exceptions.ConnectionError(answer.reason)
            return answer.json()
    -> {"old": "requests", "new": "httpx"}
        //- m.py
        import httpx

        def fetch(url):
            answer = httpx.get(url, params={"q": 1}, follow_redirects=False)
            if answer.is_error:
                raise httpx.NetworkError(answer.reason_phrase)
            return answer.json()
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from treewright_agent.changes import ChangeBuilder, FileEditor, SourceChange
from treewright_agent.operations.blocks import NameUse, PythonFile, walk
from treewright_agent.operations.http_calls import HttpCalls
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.imports import STATEMENTS, Statement, Wanted, read_statement
from treewright_agent.operations.library_tables import (
    LIBRARIES,
    REQUESTS_TO_HTTPX,
    Library,
    library,
)
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_LISTS = re.compile(
    r"(^|/)(pyproject\.toml|setup\.(py|cfg)|Pipfile|environment\.ya?ml|requirements[^/]*\.(txt|in)|requirements/[^/]+\.(txt|in))$"
)


class ReplaceLibrary(Arguments, frozen=True):
    old: Annotated[str, msgspec.Meta(description="The library that is imported now, dotted.")]
    new: Annotated[str, msgspec.Meta(description="The library that takes its place, dotted.")]
    path: Annotated[str, msgspec.Meta(description="Only in this file; empty: everywhere.")] = ""


def _plan(snapshot: Snapshot, arguments: ReplaceLibrary, token: CancelToken) -> SourceChange:
    table = library(arguments.old.strip(), arguments.new.strip())
    if table is None:
        known = ", ".join(f"{row.old} by {row.new}" for row in LIBRARIES)
        raise RefusedError(f"what becomes of {arguments.old} in {arguments.new} is not known; known are {known}")  # fmt: skip
    only = snapshot.require_inside(arguments.path) if arguments.path else ""
    build = ChangeBuilder(snapshot)
    n_found = 0
    left: list[str] = []
    for path in sorted(snapshot.files_naming(table.old.rpartition(".")[2])):
        token.check()
        language = snapshot.language(path)
        if language is None or language.id != "python" or (only and path != only):
            continue
        file = _File(snapshot, path, table)
        if not file.imports:
            continue
        n_found += 1
        file.rewrite(build)
        if file.stays:
            left.append(snapshot.display_path(path))
    if not n_found:
        raise RefusedError(f"nothing imports `{table.old}`")
    if not only:
        _dependencies(snapshot, build, table, left, token)
    return build.build()


class _Meaning(NamedTuple):
    """What a bound name stands for: a dotted name of the old library, and how the import is written."""

    dotted: str
    statement: int
    item: int


class _Hand(NamedTuple):
    span: Span
    reason: str


class _Collected:
    """Edits of one file, none of which overlap, and what is left to a person."""

    def __init__(self) -> None:
        self.edits: dict[Span, str] = {}
        self.hand: list[_Hand] = []

    def replace(self, start: int, end: int, text: str) -> None:
        self.edits[Span(start, end)] = self.edits.get(Span(start, end), "") + text

    def by_hand(self, node: Node, reason: str) -> None:
        self.hand.append(_Hand(Span(*node.byte_range), reason))


class _File:
    def __init__(self, snapshot: Snapshot, path: str, table: Library) -> None:
        self.snapshot, self.path, self.table = snapshot, path, table
        self.file = PythonFile(snapshot, path)
        self.statements = [
            read_statement(node, self.file.text.data)
            for node in walk(self.file.root)
            if node.type in STATEMENTS
        ]
        self.imports: dict[tuple[str, int], _Meaning] = {}
        self.made = _Collected()
        self.stays = False
        """Something still needs the old library."""
        self._kept: set[tuple[int, int]] = set()
        self._ours: dict[int, list[int]] = {}
        """Number of an import statement -> of its names that are the old library's."""
        self._verbs: dict[tuple[int, int], str] = {}
        self._modules: set[str] = set()
        """Modules that the new text names and that no rewritten statement imports."""
        self._find_imports()

    def _find_imports(self) -> None:
        old = self.table.old
        self._stars: list[Statement] = []
        for index, statement in enumerate(self.statements):
            if statement.is_star and (statement.module + ".").startswith(old + "."):
                self._stars.append(statement)
            for position, item in enumerate(statement.items):
                whole = f"{statement.module}.{item.name}" if statement.is_from else item.name
                if not (whole == old or whole.startswith(old + ".")):
                    continue
                if not statement.is_from and not item.alias:
                    whole = whole.partition(".")[0] if "." not in old else old
                bound = item.alias or (
                    item.name if statement.is_from else item.name.partition(".")[0]
                )
                scope = self.file.home_of(bound, statement.start)
                self.imports.setdefault((bound, scope), _Meaning(whole, index, position))
                self._ours.setdefault(index, []).append(position)

    # ---------------------------------------------------------------- the whole file

    def rewrite(self, build: ChangeBuilder) -> None:
        table, made = self.table, self.made
        for statement in self._stars:
            made.hand.append(
                _Hand(Span(statement.start, statement.end), "names of a star import cannot be told")
            )
            self.stays = True
        if table is REQUESTS_TO_HTTPX:
            calls = HttpCalls(self.file, self.dotted_of, made.replace, made.by_hand)
            calls.rewrite()
            self._verbs = calls.verbs
        for use in self.file.uses:
            meaning = self.imports.get((use.name, use.home))
            if meaning is not None and use.role is not Role.IMPORT and not use.writes:
                self._use(use, meaning)
        self._rewrite_imports()
        editor = build.file(self.path)
        doubt = self._doubt()
        for span, text in sorted(made.edits.items()):
            editor.replace(span, text, groups=(self.path,), doubt=doubt)
        self._add_imports(editor, doubt)
        for hand in made.hand:
            build.note(self.path, hand.span, hand.reason)
        self._strings(build)

    def _doubt(self) -> str:
        if not self.made.hand:
            return ""
        first = min(self.made.hand)
        line = self.file.text.line_of(first.span.start) + 1
        more = f", and {len(self.made.hand) - 1} more" if len(self.made.hand) > 1 else ""
        return f"the file needs more than this: line {line}: {first.reason}{more}"

    # ---------------------------------------------------------------- names

    def _chain(self, use: NameUse, meaning: _Meaning) -> tuple[Node, str]:
        """The attribute chain that begins with the name, and its dotted name."""
        node = self.file.root.descendant_for_byte_range(use.start, use.end)
        assert node is not None
        dotted = meaning.dotted
        while (
            node.parent is not None
            and node.parent.type == "attribute"
            and node.parent.child_by_field_name("object") == node
        ):
            wider = node.parent.child_by_field_name("attribute")
            if wider is None or self._of_object(dotted):
                break
            node, dotted = node.parent, f"{dotted}.{self.file.text_of(wider)}"
        return node, dotted

    def _of_object(self, dotted: str) -> bool:
        """Whether the name is a class, function or exception: what follows is its own."""
        return dotted in self.table.names and not dotted.endswith(".codes")

    def dotted_of(self, node: Node | None) -> str:
        """The dotted name of the old library that an expression is; '' for any other."""
        if node is None:
            return ""
        first = node
        while first.type == "attribute":
            inner = first.child_by_field_name("object")
            if inner is None:
                return ""
            first = inner
        if first.type != "identifier":
            return ""
        name = self.file.text_of(first)
        meaning = self.imports.get((name, self.file.home_of(name, first.start_byte)))
        if meaning is None:
            return ""
        rest = self.file.text_of(node)[len(name) :]
        return meaning.dotted + re.sub(r"\s", "", rest)

    def _use(self, use: NameUse, meaning: _Meaning) -> None:
        node, dotted = self._chain(use, meaning)
        new = self._new_name(dotted)
        verb = self._verbs.get(node.byte_range)
        if new is not None and verb is not None:
            new = f"{new.rpartition('.')[0]}.{verb}"
        if new is None:
            reason = next(
                (
                    why
                    for name, why in self.table.by_hand.items()
                    if (dotted + ".").startswith(name + ".")
                ),
                f"`{dotted}` has no counterpart in {self.table.new} that is known",
            )
            self.made.by_hand(node, reason)
            self.stays = True
            self._kept.add((meaning.statement, meaning.item))
            return
        statement = self.statements[meaning.statement]
        item = statement.items[meaning.item]
        if meaning.dotted in self.table.names and statement.is_from:
            if not item.alias:  # the name itself was imported
                self.made.replace(node.start_byte, node.end_byte, new.rpartition(".")[2])
            return
        module, _, last = new.rpartition(".")
        if not module:
            self.made.replace(node.start_byte, node.end_byte, last)
            return
        base = self._base(meaning)
        if new.startswith(self.table.new + "."):
            new = base + new[len(self.table.new) :]
            if statement.is_from:  # `from requests import exceptions`
                self._modules.add(self.table.new)
        else:
            self._modules.add(module.partition(".")[0])
        self.made.replace(node.start_byte, node.end_byte, new)

    def _base(self, meaning: _Meaning) -> str:
        statement = self.statements[meaning.statement]
        item = statement.items[meaning.item]
        if not statement.is_from and item.alias and meaning.dotted == self.table.old:
            return item.alias
        return self.table.new.rpartition(".")[2]

    def _new_name(self, dotted: str) -> str | None:
        new = self.table.names.get(dotted)
        if new is None and dotted.startswith("requests.codes."):
            name = dotted.rpartition(".")[2]
            return f"httpx.codes.{name.upper()}" if name.isidentifier() else None
        return new

    # ---------------------------------------------------------------- imports

    def _rewrite_imports(self) -> None:
        have_module = False
        for index, positions in sorted(self._ours.items()):
            statement = self.statements[index]
            if statement.is_from:
                self._from(index, statement, set(positions))
                continue
            lines: list[str] = []
            others = [i for n, i in enumerate(statement.items) if n not in positions]
            for position in dict.fromkeys(positions):
                item = statement.items[position]
                if item.name == self.table.old or not have_module:
                    lines.append(
                        self._module_import(item.alias if item.name == self.table.old else "")
                    )
                    have_module = True
                if (index, position) in self._kept:
                    lines.append(f"import {self.file.text_of(Span(item.start, item.end))}")
            if others:
                shown = ", ".join(self.file.text_of(Span(i.start, i.end)) for i in others)
                lines.insert(0, f"import {shown}")
            self._instead(statement, list(dict.fromkeys(lines)))
        if have_module:
            self._modules.discard(self.table.new)

    def _module_import(self, alias: str) -> str:
        home, _, last = self.table.new.rpartition(".")
        shown = f" as {alias}" if alias and alias != last else ""
        return f"from {home} import {last}{shown}" if home else f"import {last}{shown}"

    def _from(self, index: int, statement: Statement, positions: set[int]) -> None:
        kept: list[str] = []
        moved: dict[str, list[str]] = {}
        for position, item in enumerate(statement.items):
            shown = self.file.text_of(Span(item.start, item.end))
            dotted = f"{statement.module}.{item.name}"
            new = self._new_name(dotted)
            if position not in positions or (index, position) in self._kept:
                kept.append(shown)
            elif new is not None and "." in new:
                module, _, last = new.rpartition(".")
                alias = f" as {item.alias}" if item.alias and item.alias != last else ""
                moved.setdefault(module, []).append(last + alias)
            elif new is None and not self._is_module(dotted):
                kept.append(shown)
                self.stays = True
                node = self.file.root.descendant_for_byte_range(item.start, item.end)
                if node is not None:
                    why = self.table.by_hand.get(
                        dotted, f"`{dotted}` has no counterpart in {self.table.new} that is known"
                    )
                    self.made.by_hand(node, why)
        lines = [
            f"from {module} import {', '.join(dict.fromkeys(names))}"
            for module, names in sorted(moved.items())
        ]
        if kept:
            lines.append(f"from {statement.module} import {', '.join(kept)}")
        self._instead(statement, lines)

    def _is_module(self, dotted: str) -> bool:
        return any(name.startswith(dotted + ".") for name in self.table.names)

    def _instead(self, statement: Statement, lines: list[str]) -> None:
        if not lines:
            whole = self.file.whole_lines(statement.start, statement.end)
            alone = not self.file.text_of(Span(whole.start, statement.start)).strip()
            self.made.replace(
                *(whole if alone else Span(statement.start, statement.end)), "" if alone else "pass"
            )
            return
        indent = self.file.indentation(statement.node)
        self.made.replace(statement.start, statement.end, f"\n{indent}".join(lines))

    def _add_imports(self, editor: FileEditor, doubt: str) -> None:
        wanted: list[Wanted] = []
        for module in sorted(self._modules):
            home, _, last = module.rpartition(".")
            wanted.append(Wanted(home, last) if home else Wanted(module))
        taken = {
            name
            for scope in self.file.facts.scopes[:1]
            for name, binding in scope.bindings.items()
            if binding[1] != "import"
        }
        for each in wanted:
            if each.binds in taken:
                raise RefusedError(
                    f"`{each.binds}` already means something else in {self.snapshot.display_path(self.path)}"
                )
        if wanted:
            ImportBlock(self.snapshot, self.path).add(editor, wanted, groups=(self.path,))

    # ---------------------------------------------------------------- what only names it

    def _strings(self, build: ChangeBuilder) -> None:
        pattern = re.compile(
            rb"['\"](" + re.escape(self.table.old.encode()) + rb"(?:\.[\w.]+)?)['\"]"
        )
        for match in pattern.finditer(self.file.text.data):
            dotted = match[1].decode()
            new = self._new_name(dotted)
            span = Span(match.start(1), match.end(1))
            if new is not None and "." in dotted:
                why = "a string names it: a patched name, most likely"
                build.file(self.path).replace(span, new, groups=(self.path,), doubt=why)
            else:
                build.note(
                    self.path, Span(match.start(), match.end()), f"a string names `{dotted}`"
                )
        for item in self.file.facts.imports:
            top = item.module.partition(".")[0]
            if top in self.table.mocks:
                build.note(
                    self.path, Span(item.start, item.end), f"`{top}` stands on {self.table.old}"
                )


# -------------------------------------------------------------------- dependencies


def _dependencies(
    snapshot: Snapshot, build: ChangeBuilder, table: Library, left: list[str], token: CancelToken
) -> None:
    """The old library's line in lists of dependencies, unless something still needs it."""
    name = table.old.partition(".")[0]
    pattern = re.compile(
        rf"(?im)(?<![\w.\[-]){re.escape(name)}(?P<extra>\[[\w, ]+\])?(?P<spec> ?(?:[<>=!~]=?=?[^\"'\n;#\]]*)?)(?=[\"'\s;#]|$)"
    )
    for path in _lists(snapshot):
        token.check()
        try:
            text = snapshot.text(path).string
        except TreewrightError:
            continue
        plain = path.endswith((".txt", ".in"))
        for match in pattern.finditer(text):
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            quoted = text[match.start() - 1 : match.start()] in ("'", '"')
            if not (quoted or (plain and not line.strip())):
                continue
            span = Span(
                len(text[: match.start()].encode()), len(text[: match.end()].rstrip().encode())
            )
            if left:
                build.note(
                    path, span, f"still needed by {', '.join(left[:3])}; {table.new} is needed too"
                )
            elif table.requirement:
                new = table.requirement
                if path.endswith(".py") and not match["spec"].strip():
                    new = table.requirement.partition(">")[0]
                build.file(path).replace(
                    span, new, groups=(path,), doubt="a dependency: look at the version"
                )
            else:
                build.note(path, span, f"{table.new} comes with Python: this dependency can go")


def _lists(snapshot: Snapshot) -> list[str]:
    """Files of the workspace that list dependencies, at its roots and in `requirements/`."""
    found: list[str] = []
    for folder in snapshot.folders:
        for base in (folder.root, os.path.join(folder.root, "requirements")):
            with contextlib.suppress(OSError):
                for name in sorted(os.listdir(base)):
                    path = os.path.join(base, name)
                    if _LISTS.search(path) and snapshot.exists(path):
                        found.append(path)
    return [
        path for path in found if not any(snapshot.is_hidden(f, path) for f in snapshot.folders)
    ]


REPLACE_LIBRARY = Operation(
    name="replace_library",
    title="Replace library",
    arguments=ReplaceLibrary,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
