"""Remove flag: take a feature flag out as if it were always true, or always false.

Its uses become the value, conditions are worked out, branches that can never run go, those that
always run move out. A local variable that only holds the flag is followed. The flag's definition
goes, and imports that nothing needs any more. Assignments elsewhere refuse it.

        //- settings.py
        NEW_UI = False
        SIZE = 1
        //- app.py
        from settings import NEW_UI

        def page(x):
            if NEW_UI and x:
                return new(x)
            else:
                return old(x)
    -> {"path": "settings.py", "symbol": "NEW_UI", "value": true}
        //- settings.py
        SIZE = 1
        //- app.py
        def page(x):
            if x:
                return new(x)
            else:
                return old(x)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.draft import after
from treewright_agent.operations.blocks import BLOCKS, PythonFile
from treewright_agent.operations.flag_folding import folded
from treewright_agent.operations.import_removal import Removal, lines_of_statements
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_agent.operations.removal import drop_new_unused
from treewright_agent.operations.targets import find_occurrence
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Target, Use, references, resolve
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class RemoveFlag(Arguments, frozen=True):
    value: Annotated[bool, msgspec.Meta(description="What the flag is always taken to be.")]
    path: Annotated[str, msgspec.Meta(description="The file that defines the flag.")] = ""
    offset: Annotated[int | None, msgspec.Meta(description="A byte of its name.")] = None
    symbol: Annotated[str, msgspec.Meta(description="Its name, instead of an offset.")] = ""


def _plan(snapshot: Snapshot, arguments: RemoveFlag, token: CancelToken) -> SourceChange:
    occurrence = find_occurrence(
        snapshot, arguments.path, arguments.offset, arguments.symbol, token
    )
    found = resolve(snapshot, occurrence, token)
    if not found:
        raise RefusedError(f"it is not known what `{occurrence.name}` means here")
    target = found[0]
    require_language(snapshot, target.path, "python", "remove_flag")
    if target.kind not in ("variable", "constant", "field", "local"):
        raise RefusedError(f"`{target.name}` is a {target.kind}, not a flag")
    uses = references(snapshot, target, token, include_declaration=False, by_name=True)
    by_file: dict[str, list[Use]] = {}
    for use in uses:
        by_file.setdefault(use.path, []).append(use)
    by_file.setdefault(target.path, [])
    build = ChangeBuilder(snapshot)
    changed: list[str] = []
    for path in sorted(by_file):
        token.check()
        _one_file(snapshot, build, path, target, by_file[path], arguments.value)
        changed.append(path)
    change = build.build()
    between = after(snapshot, change)
    more = ChangeBuilder(between)
    for path in changed:
        drop_new_unused(snapshot, between, more, path, token)
    rest = more.build()
    return change if rest.is_empty else change.then(rest, snapshot.text)


def _one_file(
    snapshot: Snapshot,
    build: ChangeBuilder,
    path: str,
    target: Target,
    uses: list[Use],
    value: bool,
) -> None:
    file = PythonFile(snapshot, path)
    shown = snapshot.display_path(path)
    spots: list[Span] = []
    for use in uses:
        line = file.text.line_of(use.span.start) + 1
        if path == target.path and use.span == target.name_span:
            continue
        if use.role == Role.IMPORT:
            continue
        if use.role in (Role.WRITE, Role.DEFINITION, Role.DELETE):
            raise RefusedError(f"`{target.name}` is set in {shown}:{line}")
        if use.role == Role.KEYWORD:
            raise RefusedError(f"`{target.name}` is passed by name in {shown}:{line}")
        node = file.root.descendant_for_byte_range(use.span.start, use.span.end)
        if node is None:
            continue
        spots.append(_whole(node, use))
    removed = _definition(file, target) if path == target.path else None
    imports = [
        one
        for one in Removal(snapshot, path).imports()
        if one.name == target.name
        and any(use.role == Role.IMPORT and one.touches(use.span.start) for use in uses)
    ]
    if file.facts.exports is not None and target.name in file.facts.exports:
        raise RefusedError(f"`__all__` of {shown} exports `{target.name}`")
    text = folded(file.text.data, spots, value)
    data = file.text.data
    if removed is None and not imports:
        build.file(path).rewrite(Span(0, len(data)), text, groups=(path,))
        return
    build.file(path).rewrite(
        Span(0, len(data)), _without(snapshot, path, text, target, bool(imports)), groups=(path,)
    )


def _without(snapshot: Snapshot, path: str, text: str, target: Target, imports: bool) -> str:
    """The text without the flag's definition (in its own file) and its imports."""
    from treewright_indexer.snapshot import Overlay
    from treewright_indexer.text import SourceText

    new = SourceText.of(text)
    overlays = {**snapshot.overlays, path: Overlay(path, snapshot.language(path), new, 0)}
    between = Snapshot(snapshot.revision, snapshot.folders, overlays, snapshot.removed)
    build = ChangeBuilder(between)
    editor = build.file(path)
    if path == target.path:
        file = PythonFile(between, path)
        symbols = [
            s
            for s in file.facts.symbols
            if s.name == target.name
            and file.facts.qualified_name(file.facts.symbols.index(s)).rpartition(".")[0]
            == target.container
        ]
        for symbol in symbols:
            node = _statement(file, symbol.name_start)
            if node is not None:
                editor.delete(lines_of_statements(file.text, [node]))
    if imports:
        removal = Removal(between, path)
        removal.remove(editor, [one for one in removal.imports() if one.name == target.name])
    after_text = build.build().apply(between.text).get(path)
    return after_text.string if after_text is not None else text


def _whole(node: Node, use: Use) -> Span:
    """The use with what stands before its dot: `settings.FLAG`."""
    if use.attribute and node.parent is not None and node.parent.type == "attribute":
        return Span(*node.parent.byte_range)
    return Span(*node.byte_range)


def _definition(file: PythonFile, target: Target) -> Node:
    node = _statement(file, target.name_span.start)
    assignment = node.named_children[0] if node is not None and node.named_children else None
    if (
        node is None
        or assignment is None
        or assignment.type != "assignment"
        or assignment.child_by_field_name("left") is None
        or assignment.named_children[0].byte_range != tuple(target.name_span)
    ):
        raise RefusedError(f"`{target.name}` is not defined by one plain assignment")
    block = node.parent
    if block is not None and block.type == "block":
        owner = block.parent
        if owner is None or owner.type not in ("class_definition", "function_definition"):
            raise RefusedError(f"`{target.name}` is defined under a condition")
        if block.named_child_count == 1:
            raise RefusedError(f"`{target.name}` is all that its block holds")
    return node


def _statement(file: PythonFile, offset: int) -> Node | None:
    node = file.root.descendant_for_byte_range(offset, offset + 1)
    while node is not None and node.parent is not None and node.parent.type not in BLOCKS:
        node = node.parent
    return node


REMOVE_FLAG = Operation(
    name="remove_flag",
    title="Remove flag",
    arguments=RemoveFlag,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
