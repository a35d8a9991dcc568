"""Apply patch: change several files by one unified diff, all of it or nothing.

The diff may create, delete and rename files; `a/` and `b/` are left off the names, which are
relative to the workspace folder. Line numbers are hints, context must be equal. A hunk that
does not fit is named with the line that is in its way.

        //- a.py
        x = 1
        y = 2
    -> {"patch": "--- a/a.py\\n+++ b/a.py\\n@@ -1,2 +1,2 @@\\n x = 1\\n-y = 2\\n+y = 3\\n"}
        //- a.py
        x = 1
        y = 3
"""

from __future__ import annotations

import os
from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.changes.patch import PatchError, parse_patch
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.replace_text import patch_file
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.snapshot import Snapshot


class ApplyPatch(Arguments, frozen=True):
    patch: Annotated[
        str, msgspec.Meta(description="A unified diff of one or more files, as git writes it.")
    ]
    path: Annotated[
        str, msgspec.Meta(description="The folder its names are relative to; '' is the workspace.")
    ] = ""


def _plan(snapshot: Snapshot, arguments: ApplyPatch, token: CancelToken) -> SourceChange:
    root = arguments.path or (snapshot.folders[0].root if snapshot.folders else "")
    if not root:
        raise ArgumentsError("apply_patch: there is no workspace folder; give path")
    build = ChangeBuilder(snapshot)
    failed: list[str] = []
    files = parse_patch(arguments.patch)
    for file in files:
        token.check()
        name = file.old if file.old is not None else file.new
        if not name:
            raise ArgumentsError("apply_patch: the patch names no file (no `---` and `+++` lines)")
        path = snapshot.require_inside(os.path.join(root, name))
        try:
            if not snapshot.exists(path) and file.old is not None:
                raise RefusedError("there is no such file")
            patch_file(build, path, file)
            if file.new is not None and file.old is not None and file.new != file.old:
                new = snapshot.require_inside(os.path.join(root, file.new))
                if snapshot.exists(new):
                    raise RefusedError(f"{file.new} exists already")
                build.rename(path, new)
        except PatchError as error:
            failed += [f"{name}: hunk {each.number}: {each.reason}" for each in error.failures]
        except RefusedError as error:
            failed.append(f"{name}: {error}")
    if failed:
        raise RefusedError(f"the patch does not apply, nothing was changed: {'; '.join(failed)}")
    return build.build()


APPLY_PATCH = Operation(
    name="apply_patch",
    title="Apply patch",
    arguments=ApplyPatch,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
