"""Remove unused imports: take out every import of a Python file that nothing uses.

An import stays when a use of its name is found here or through this file, when it is
re-exported (`import x as x`, `__all__`), stands in a `try`, carries `# noqa`, comes from
`__future__`, or makes up a package's `__init__`.

        //- a.py
        import os
        import sys
        from typing import Any, List

        x: Any = sys.path
    -> {"path": "a.py"}
        //- a.py
        import sys
        from typing import Any

        x: Any = sys.path
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_removal import OneImport, Removal, uses_of_import
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node

_KEPT = re.compile(r"#.*\bnoqa\b(?!:(?!.*\bF401\b))", re.IGNORECASE)


class RemoveUnusedImports(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file.")]


def _plan(snapshot: Snapshot, arguments: RemoveUnusedImports, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "remove_unused_imports")
    return unused_removed(snapshot, path, token)


def unused_removed(snapshot: Snapshot, path: str, token: CancelToken) -> SourceChange:
    build = ChangeBuilder(snapshot)
    removal = Removal(snapshot, path)
    text = snapshot.text(path)
    package = os.path.basename(path).startswith("__init__.")
    unused: list[OneImport] = []
    for one in removal.imports():
        token.check()
        if one.module == "__future__" or one.alias == (one.name or one.module) != "":
            continue
        if (package and one.scope == 0) or _is_kept(text, one):
            continue
        if not uses_of_import(snapshot, path, one, token):
            unused.append(one)
    removal.remove(build.file(path), _once(snapshot, path, unused, token))
    return build.build()


def _is_kept(text: SourceText, one: OneImport) -> bool:
    for offset in (one.item.start, one.statement.start, one.statement.end):
        line = text.slice(text.line_span(text.line_of(offset)))
        if _KEPT.search(line):
            return True
    return _is_tried(one.statement.node)


def _is_tried(node: Node) -> bool:
    """In a `try` whether the import works may be what counts."""
    parent = node.parent
    while parent is not None and parent.type in ("block", "if_statement", "else_clause"):
        parent = parent.parent
    return parent is not None and parent.type in ("try_statement", "except_clause")


def _once(
    snapshot: Snapshot, path: str, unused: list[OneImport], token: CancelToken
) -> list[OneImport]:
    """Of equal imports one stays when their name is used: each alone could go."""
    seen: set[tuple[str, str, str, int]] = set()
    going: list[OneImport] = []
    for one in unused:
        key = (one.module, one.name, one.binds, one.scope)
        if key not in seen or not uses_of_import(snapshot, path, one, token, alone=True):
            seen.add(key)
            going.append(one)
    return going


REMOVE_UNUSED_IMPORTS = Operation(
    name="remove_unused_imports",
    title="Remove unused imports",
    arguments=RemoveUnusedImports,
    plan=_plan,
    document=__doc__ or "",
    kind="source.fixAll",
)
