"""Organize imports: sort and group the imports of a Python file.

By ruff's rules of isort, with the project's settings if it has some. With `remove_unused`
imports that nothing uses go first. Comments stay with their imports.

        //- a.py
        import sys
        import os

        print(os.name, sys.path)
    -> {"path": "a.py"}
        //- a.py
        import os
        import sys

        print(os.name, sys.path)
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_agent.operations.remove_unused_imports import unused_removed
from treewright_agent.verify.ruff import lint_text
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Overlay, Snapshot

_RULE = "I001"


class OrganizeImports(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file.")]
    remove_unused: Annotated[
        bool, msgspec.Meta(description="First remove imports that nothing uses.")
    ] = False


def _plan(snapshot: Snapshot, arguments: OrganizeImports, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "organize_imports")
    if not arguments.remove_unused:
        return _sorted(snapshot, path, token)
    first = unused_removed(snapshot, path, token)
    if first.is_empty:
        return _sorted(snapshot, path, token)
    text = first.apply(snapshot.text)[path]
    assert text is not None
    overlays = {**snapshot.overlays, path: Overlay(path, snapshot.language(path), text, 0)}
    between = Snapshot(snapshot.revision, snapshot.folders, overlays, snapshot.removed)
    return first.then(_sorted(between, path, token), snapshot.text)


def _sorted(snapshot: Snapshot, path: str, token: CancelToken) -> SourceChange:
    text = snapshot.text(path)
    folder = snapshot.folder_of(path)
    root = folder.root if folder is not None else None
    linted = lint_text(path, text, root, always=(_RULE,), token=token)
    if linted.skipped:
        raise RefusedError(linted.skipped)
    build = ChangeBuilder(snapshot)
    for fix in linted.fixes:
        if fix.diagnostic.code == _RULE:
            for span, new in fix.edits:
                build.file(path).rewrite(span, new)
    return build.build()


ORGANIZE_IMPORTS = Operation(
    name="organize_imports",
    title="Organize imports",
    arguments=OrganizeImports,
    plan=_plan,
    document=__doc__ or "",
    kind="source.organizeImports",
)
