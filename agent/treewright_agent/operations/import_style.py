"""Operations on how a module imports: absolute or relative, at the top or inside a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.import_removal import OneImport, Removal, uses_of_import
from treewright_agent.operations.imports import Statement, Wanted, is_docstring
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import Place, code_of, field, python_at
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph.imports import ModuleFinder, module_name
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

STYLE_DOCUMENT = """Convert import: from absolute to relative, and back.

One `from` import at the offset, or with `every` all of a file that can be said the other way. Only
modules of the file's own package have a relative name; a file outside any package has none.

        //- pkg/__init__.py
        //- pkg/a.py
        x = 1
        //- pkg/sub/__init__.py
        //- pkg/sub/b.py
        from pkg.a$0 import x
    -> {}
        //- pkg/__init__.py
        //- pkg/a.py
        x = 1
        //- pkg/sub/__init__.py
        //- pkg/sub/b.py
        from ..a import x
"""


class ConvertImport(Place, frozen=True, kw_only=True):
    style: Annotated[
        Literal["other", "absolute", "relative"],
        msgspec.Meta(description="How it should be written; `other`: not as it is."),
    ] = "other"
    every: Annotated[
        bool, msgspec.Meta(description="All imports of the file; `style` says how.")
    ] = False


def _convert(snapshot: Snapshot, arguments: ConvertImport, token: CancelToken) -> SourceChange:
    place = arguments if not arguments.every else Place(path=arguments.path, offset=0)
    file, span = python_at(snapshot, place, "convert_import")
    statements = [s for s in Removal(snapshot, file.path).statements if s.is_from]
    if not arguments.every:
        statements = [s for s in statements if s.start <= span.start <= s.end]
        if not statements:
            raise RefusedError("the cursor is on no `from` import")
    elif arguments.style == "other":
        raise RefusedError("every import: absolute or relative?")
    build = ChangeBuilder(snapshot)
    namer = _Namer(snapshot, file)
    for statement in statements:
        token.check()
        try:
            text = namer.other(statement, arguments.style)
        except RefusedError:
            if arguments.every:
                continue
            raise
        node = field(statement.node, "module_name")
        build.file(file.path).replace(Span(*node.byte_range), text)
    change = build.build()
    if change.is_empty:
        raise RefusedError("every import that can be is written so already")
    return change


class _Namer:
    def __init__(self, snapshot: Snapshot, file: PythonFile) -> None:
        self.snapshot, self.file = snapshot, file
        name = module_name(snapshot, file.path)
        parts = name.split(".") if name else []
        if not file.path.rpartition("/")[2].startswith("__init__."):
            parts = parts[:-1]
        self.package = parts
        self.finder = ModuleFinder(snapshot)

    def other(self, statement: Statement, style: str) -> str:
        relative = statement.module.startswith(".")
        if (style == "relative") is relative and style != "other":
            raise RefusedError("it is written so already")
        if statement.module == "__future__":
            raise RefusedError("`__future__` is no module of the package")
        if not self.package:
            raise RefusedError("the file is in no package, so there is no relative name")
        bare = statement.module.lstrip(".")
        if relative:
            level = len(statement.module) - len(bare)
            if level > len(self.package):
                raise RefusedError("it goes above the outermost package")
            base = self.package[: len(self.package) - level + 1]
            return ".".join([*base, *([bare] if bare else [])])
        parts = bare.split(".")
        common = 0
        for one, two in zip(self.package, parts, strict=False):
            if one != two:
                break
            common += 1
        if not common or self.finder.find(self.file.path, bare, 0) is None:
            raise RefusedError(f"`{bare}` is not of this file's package")
        return "." * (len(self.package) - common + 1) + ".".join(parts[common:])


CONVERT_IMPORT = Operation(
    name="convert_import",
    title="Convert between absolute and relative import",
    arguments=ConvertImport,
    plan=_convert,
    document=STYLE_DOCUMENT,
    kind="refactor.rewrite",
)

# -------------------------------------------------------------------- local imports

LOCAL_DOCUMENT = """Local import: move an import into the functions that use it.

It breaks an import cycle: the module is then imported when a function runs. A name that only
annotations need goes under `TYPE_CHECKING`. Refused where the module itself needs the name while
it is loaded, as a base class, a decorator or a default, and where others import it from here.

        //- a.py
        from b import work$0


        def run():
            return work()
        //- b.py
        def work():
            import a
    -> {}
        //- a.py
        def run():
            from b import work
            return work()
        //- b.py
        def work():
            import a
"""


def _local(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "local_import")
    removal = Removal(snapshot, file.path)
    here = [
        one for one in removal.imports() if one.statement.start <= span.start <= one.statement.end
    ]
    named = [one for one in here if one.item.start <= span.start <= one.item.end]
    chosen = named or here
    if not chosen:
        raise RefusedError("the cursor is on no import of names")
    if chosen[0].statement.is_star or any(one.scope for one in chosen):
        raise RefusedError("it is not an import of names at the top of the module")
    if chosen[0].module == "__future__":
        raise RefusedError("`__future__` must stand at the top")
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    for_types: list[Wanted] = []
    places: dict[int, tuple[Node, list[OneImport]]] = {}
    for one in chosen:
        token.check()
        elsewhere = [
            use for use in uses_of_import(snapshot, file.path, one, token) if use.path != file.path
        ]
        if elsewhere:
            where = snapshot.display_path(elsewhere[0].path)
            raise RefusedError(f"{where} takes `{one.binds}` from this module")
        only_types = False
        for function in _functions(file, one):
            if function is None:
                only_types = True
                continue
            places.setdefault(function.start_byte, (function, []))[1].append(one)
        if only_types:
            for_types.append(_wanted(one))
    if not places and not for_types:
        raise RefusedError("nothing in this module uses it")
    for function, ones in places.values():
        _insert(file, build, function, list(dict.fromkeys(_wanted(one) for one in ones)))
    removal.remove(editor, chosen)
    if for_types:
        ImportBlock(snapshot, file.path).add_for_types(editor, for_types)
    return build.build()


def _wanted(one: OneImport) -> Wanted:
    return Wanted(one.module, one.name, one.alias if one.alias != one.name else "")


def _functions(file: PythonFile, one: OneImport) -> list[Node | None]:
    """The outermost functions that use the name; None for a use in an annotation alone."""
    found: list[Node | None] = []
    lazy = b"from __future__ import annotations" in file.text.data
    for reference in file.facts.references(one.binds):
        if reference.attribute or reference.role in (Role.IMPORT, Role.KEYWORD):
            continue
        if file.home_of(one.binds, reference.start) != one.scope:
            continue
        line = file.text.line_of(reference.start) + 1
        if reference.role in (Role.WRITE, Role.DELETE, Role.DEFINITION):
            raise RefusedError(f"`{one.binds}` is assigned in line {line}")
        node = file.root.descendant_for_byte_range(reference.start, reference.start)
        function: Node | None = None
        annotation = False
        child = node
        while child is not None:
            parent = child.parent
            if child.type == "type":
                annotation = True
            inside = parent is not None and parent.type == "function_definition"
            if inside and parent and parent.child_by_field_name("body") == child:
                function = parent
            child = parent
        if annotation and lazy:
            found.append(None)
        elif function is None:
            raise RefusedError(f"the module itself needs `{one.binds}` in line {line}")
        elif function not in found:
            found.append(function)
    return found


def _insert(file: PythonFile, build: ChangeBuilder, function: Node, wanted: list[Wanted]) -> None:
    code = code_of(field(function, "body"))
    first = code[0]
    if is_docstring(first) and len(code) > 1:
        first = code[1]
    one_line = file.text.line_of(first.start_byte) == file.text.line_of(function.start_byte)
    if (not file.starts_its_line(first) and not one_line) or is_docstring(first):
        raise RefusedError("the body of a function that uses it stands on one line")
    for one in wanted:
        bound = file.facts.scopes[file.facts.scope_at(first.start_byte)].bindings
        if one.binds in bound:
            raise RefusedError(f"`{one.binds}` means something else in a function that uses it")
    by_module: dict[str, list[str]] = {}
    lines: list[str] = []
    for one in wanted:
        if one.name:
            shown = f"{one.name} as {one.alias}" if one.alias else one.name
            by_module.setdefault(one.module, []).append(shown)
        else:
            lines.append(one.statement())
    lines += [f"from {module} import {', '.join(names)}" for module, names in by_module.items()]
    if one_line:
        indent = file.indentation(function) + file.indent_unit()
        start = (
            first.start_byte
            - len(file.text.data[: first.start_byte])
            + len(file.text.data[: first.start_byte].rstrip(b" \t"))
        )
        text = "".join(f"\n{indent}{line}" for line in [*lines, ""])
        build.file(file.path).replace(Span(start, first.start_byte), text)
        return
    indent = file.indentation(first)
    text = "".join(f"{line}\n{indent}" for line in lines)
    build.file(file.path).insert(first.start_byte, text)


LOCAL_IMPORT = Operation(
    name="local_import",
    title="Import it where it is used",
    arguments=Place,
    plan=_local,
    document=LOCAL_DOCUMENT,
    kind="refactor.rewrite",
)
