"""Expand star import: `from m import *` becomes the names of `m` that the file uses.

The module must be in the workspace, in the standard library, or installed where a list of its
names can be read; names it may define while it runs refuse it. A star that nothing uses goes. In a
module that others import with names of the star, those names are imported as well.

        //- shapes.py
        SIZE = 1
        def area(): ...
        def edge(): ...
        //- a.py
        from shapes import *$0

        print(area(), SIZE)
    -> {}
        //- shapes.py
        SIZE = 1
        def area(): ...
        def edge(): ...
        //- a.py
        from shapes import SIZE, area

        print(area(), SIZE)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_removal import lines_of_statements
from treewright_agent.operations.imports import member_key, read_statement, style_of
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import Place, node_at, python_at
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from treewright_agent.operations.blocks import PythonFile

_MAX_DEPTH = 8


def _plan(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "expand_star_import")
    node = node_at(file.root, span, ("import_from_statement",), "star import")
    statement = read_statement(node, file.text.data)
    if not statement.is_star:
        raise RefusedError("it is no star import")
    scope = file.facts.scope_at(node.start_byte)
    if scope:
        raise RefusedError("a star import stands at the top of a module")
    item = next(i for i in file.facts.imports if i.start == node.start_byte and i.name == "*")
    offered = names_of(snapshot, file.path, item.module, item.level, token)
    used = sorted(_needed(file, node.start_byte, token) & offered, key=member_key)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    if not used:
        editor.delete(lines_of_statements(file.text, [node]))
        return build.build()
    star = next(child for child in node.children if child.type == "wildcard_import")
    text = ", ".join(used)
    start, end = file.text.line_span(file.text.line_of(star.start_byte))
    room = style_of(file.path).width - (end - start) + 1
    if len(text) > room:
        text = "(\n" + "".join(f"    {name},\n" for name in used) + ")"
    editor.replace(Span(*star.byte_range), text)
    return build.build()


def _needed(file: PythonFile, start: int, token: CancelToken) -> set[str]:
    """The names that nothing else in the file binds, and those that others take from it."""
    needed: set[str] = set(file.facts.exports or ())
    top = file.facts.scopes[0].bindings
    for name in file.facts.postings:
        token.check()
        for reference in file.facts.references(name):
            if reference.attribute or reference.role in (Role.KEYWORD, Role.IMPORT):
                continue
            home = file.home_of(name, reference.start)
            late = home == 0 and top.get(name, (0, ""))[0] > reference.start
            if home == -1 or (late and reference.role != Role.DEFINITION):
                needed.add(name)
                break
    finder = ModuleFinder(file.snapshot)
    last = file.path.rpartition("/")[2].removesuffix(".py")
    if last == "__init__":
        last = file.path.rpartition("/")[0].rpartition("/")[2]
    for path in file.snapshot.files_naming(last):
        token.check()
        if path == file.path:
            continue
        facts = file.snapshot.facts(path)
        for item in facts.imports:
            if item.name and finder.find(path, item.module, item.level) == file.path:
                if item.name == "*":
                    shown = file.snapshot.display_path(path)
                    raise RefusedError(f"{shown} imports everything from this module by a star")
                if item.name not in top:
                    needed.add(item.name)
    return needed


def names_of(
    snapshot: Snapshot, path: str, module: str, level: int, token: CancelToken, depth: int = 0
) -> set[str]:
    """What `from module import *` binds. Raises RefusedError when that cannot be read."""
    from treewright_agent.recipes import stdlib  # recipes import operations

    shown = "." * level + module
    if depth > _MAX_DEPTH:
        raise RefusedError(f"`{shown}` imports stars of stars")
    token.check()
    home = ModuleFinder(snapshot).find(path, module, level)
    if home is None:
        known = stdlib.names_in(module) if not level else frozenset[str]()
        if not known:
            raise RefusedError(f"the names of `{shown}` are not known")
        return set(known)
    facts = snapshot.facts(home)
    if facts.n_errors:
        raise RefusedError(f"{snapshot.display_path(home)} has a syntax error")
    if facts.exports is not None:
        return set(facts.exports)
    data = snapshot.text(home).data
    if b"globals()" in data or b"__getattr__" in data or b"__all__" in data:
        raise RefusedError(f"{snapshot.display_path(home)} makes names while it runs")
    found = {name for name in facts.scopes[0].bindings if not name.startswith("_")}
    for item in facts.imports:
        if item.name == "*" and facts.scope_at(item.start) == 0:
            found |= names_of(snapshot, home, item.module, item.level, token, depth + 1)
    return {name for name in found if not name.startswith("_")}


EXPAND_STAR_IMPORT = Operation(
    name="expand_star_import",
    title="Import the names that are used",
    arguments=Place,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
