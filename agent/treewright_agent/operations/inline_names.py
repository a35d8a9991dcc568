"""The free names of an inlined body: they must mean the same where it is put, imported if need be."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.import_removal import Removal
from treewright_agent.operations.imports import Wanted
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph.imports import module_name
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_OF_ITS_MODULE = frozenset({"__name__", "__file__", "__package__", "__spec__", "globals"})


def imports_for(
    home: PythonFile,
    nodes: Iterable[Node],
    function: Node,
    file: PythonFile,
    call: Node,
    place: str,
) -> list[Wanted]:
    """What the file of the call must import for the free names of `nodes`.

    Raises RefusedError when one means something else there.
    """
    inner = Span(*function.byte_range)
    wanted: dict[str, Wanted] = {}
    for node in nodes:
        for use in home.within(Span(*node.byte_range)):
            scope = home.facts.scopes[use.home] if use.home > 0 else None
            if scope is not None and inner.start <= scope.start < inner.end:
                continue
            there = file.home_of(use.name, call.start_byte)
            if file.path == home.path:
                if there != use.home:
                    raise RefusedError(f"`{use.name}` means something else in {place}")
                continue
            if use.home > 0:
                raise RefusedError(f"its body uses `{use.name}` of a function around it")
            if use.home == 0 and there <= 0:
                if use.name not in wanted:
                    wanted[use.name] = _import_of(home, use.name)
            elif there != -1 or use.home != -1:
                raise RefusedError(f"`{use.name}` means something else in {place}")
            elif use.name in _OF_ITS_MODULE:
                raise RefusedError(f"it asks for its own module with `{use.name}`")
    missing: list[Wanted] = []
    block = ImportBlock(file.snapshot, file.path)
    for name, each in wanted.items():
        if block.existing(each) is not None:
            continue
        if name in file.facts.scopes[0].bindings:
            raise RefusedError(f"`{name}` means something else in {place}")
        missing.append(each)
    return missing


def _import_of(home: PythonFile, name: str) -> Wanted:
    """How another file imports what the module calls `name`."""
    own = module_name(home.snapshot, home.path)
    if own is None:
        raise RefusedError(f"{home.snapshot.display_path(home.path)} cannot be imported")
    for one in Removal(home.snapshot, home.path).imports():
        if one.scope == 0 and one.binds == name:
            return Wanted(_absolute(home, own, one.module), one.name, one.alias)
    return Wanted(own, name)


def _absolute(home: PythonFile, own: str, module: str) -> str:
    bare = module.lstrip(".")
    level = len(module) - len(bare)
    if not level:
        return module
    package = own.split(".")
    if not os.path.basename(home.path).startswith("__init__."):
        package = package[:-1]
    package = package[: len(package) - (level - 1)]
    return ".".join([*package, *([bare] if bare else [])])
