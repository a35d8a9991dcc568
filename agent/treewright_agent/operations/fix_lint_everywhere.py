"""Fix lint everywhere: do what ruff would do about one rule, in every file of the workspace.

Each file is a part that can be accepted alone. Only fixes that ruff calls safe are done, unless
`unsafe`; files that the project's settings leave out are left out.

    x$0 = 1
    if x == None:
        pass
    -> {"code": "E711", "unsafe": true}
    x = 1
    if x is None:
        pass
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from treewright_agent.changes import SourceChange
from treewright_agent.operations.fix_lint import CODE, FIX_LINT, FixLint
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError, TreewrightError
from treewright_indexer.snapshot import Snapshot


class FixLintEverywhere(Arguments, frozen=True):
    code: Annotated[str, msgspec.Meta(description="The rule, as `F401`.")]
    unsafe: Annotated[
        bool, msgspec.Meta(description="Also fixes that may change what the program does.")
    ] = False
    path: Annotated[str, msgspec.Meta(description="Ignored; the file an editor showed.")] = ""
    offset: Annotated[int, msgspec.Meta(description="Ignored; where an editor stood.")] = -1


def _plan(snapshot: Snapshot, arguments: FixLintEverywhere, token: CancelToken) -> SourceChange:
    from treewright_agent.verify.ruff import lint_folder

    if not CODE.fullmatch(arguments.code):
        raise ArgumentsError(f"code: {arguments.code!r} is no rule; write one like F401")
    paths: set[str] = set(snapshot.overlays)
    for folder in snapshot.folders:
        found, problem = lint_folder(folder.root, (arguments.code,), token)
        if problem:
            raise RefusedError(problem)
        paths |= {path for path in found if not snapshot.is_hidden(folder, path)}
    whole = SourceChange(revision=snapshot.revision)
    for path in sorted(paths):
        token.check()
        language = snapshot.language(path)
        if language is None or language.id != "python":
            continue
        given = FixLint(path=path, code=arguments.code, unsafe=arguments.unsafe)
        try:
            change = FIX_LINT.plan(snapshot, given, token)
        except RefusedError:
            continue
        except TreewrightError as error:
            raise type(error)(f"{snapshot.display_path(path)}: {error}") from error
        whole = whole.merge(change.labelled(path))
    if whole.is_empty:
        raise RefusedError(f"{arguments.code}: nothing to fix")
    return whole


FIX_LINT_EVERYWHERE = Operation(
    name="fix_lint_everywhere",
    title="Fix lint everywhere",
    arguments=FixLintEverywhere,
    plan=_plan,
    document=__doc__ or "",
    kind="quickfix",
    behaviour="changed",
)
