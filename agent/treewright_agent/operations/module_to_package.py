"""Module to package: `mod.py` becomes `mod/__init__.py`, and nothing that imports it changes.

Relative imports inside it gain a dot. The way back is taken for a package that holds nothing but
its `__init__.py`.

        //- pkg/__init__.py
        //- pkg/mod.py
        from .other import x
        //- pkg/other.py
        x = 1
        //- use.py
        from pkg.mod import x
    -> {"path": "pkg/mod.py"}
        //- pkg/__init__.py
        //- pkg/mod/__init__.py
        from ..other import x
        //- pkg/other.py
        x = 1
        //- use.py
        from pkg.mod import x
"""

from __future__ import annotations

import os
import re
from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_removal import Removal
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_agent.operations.shapes import field
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


class ModuleToPackage(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The module, or a package's `__init__.py`.")]
    offset: Annotated[int, msgspec.Meta(description="Ignored; where an editor stood.")] = -1


def _plan(snapshot: Snapshot, arguments: ModuleToPackage, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "module_to_package")
    folder, name = os.path.split(path)
    stem, suffix = os.path.splitext(name)
    back = stem == "__init__"
    if back:
        others = [p for p in snapshot.files() if p.startswith(folder + os.sep) and p != path]
        if others:
            shown = snapshot.display_path(others[0])
            raise RefusedError(f"the package holds more than its __init__.py: {shown}")
        new = folder + suffix
    else:
        if not stem.isidentifier() or stem == "__main__":
            raise RefusedError(f"`{stem}` cannot be the name of a package")
        new = os.path.join(folder, stem, f"__init__{suffix}")
    if snapshot.exists(new) or (os.path.isdir(os.path.join(folder, stem)) and not back):
        raise RefusedError(f"{snapshot.display_path(new)} is there already")
    build = ChangeBuilder(snapshot)
    build.rename(path, new)
    for statement in Removal(snapshot, path).statements:
        token.check()
        if not statement.module.startswith("."):
            continue
        node = field(statement.node, "module_name")
        if back:
            # `from . import x` of the package itself has no other name outside it.
            if not statement.module.startswith(".."):
                raise RefusedError("it imports from the package it would stop to be")
            build.file(path).delete(Span(node.start_byte, node.start_byte + 1))
        else:
            build.file(path).insert(node.start_byte, ".")
    data = snapshot.text(path).data
    for match in re.finditer(rb"\b__file__\b|\b__path__\b", data):
        build.note(path, Span(*match.span()), "its folder is another one afterwards")
    return build.build()


MODULE_TO_PACKAGE = Operation(
    name="module_to_package",
    title="Convert module to package",
    arguments=ModuleToPackage,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.move",
)
