"""Fix lint: do what ruff would do about one rule, at one place or everywhere in a file.

Only fixes that ruff calls safe are done everywhere; one that may change what the program does
is marked, and the user confirms it.

    x$0 = 1
    if x == None:
        pass
    -> {"code": "E711", "unsafe": true}
    x = 1
    if x is None:
        pass
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

CODE = re.compile(r"[A-Z]{1,4}[0-9]{3,4}")


class FixLint(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    code: Annotated[str, msgspec.Meta(description="the rule, as `F401`; `all`: every rule")]
    start: Annotated[
        int, msgspec.Meta(description="first byte of the one diagnostic; -1: the whole file")
    ] = -1
    offset: Annotated[int, msgspec.Meta(description="ignored; where an editor stood")] = -1
    unsafe: Annotated[
        bool, msgspec.Meta(description="also fixes that may change what the program does")
    ] = False


def _plan(snapshot: Snapshot, arguments: FixLint, token: CancelToken) -> SourceChange:
    from treewright_agent.verify.ruff import lint_text

    code = arguments.code
    if code != "all" and not CODE.fullmatch(code):
        raise ArgumentsError(f"code: {code!r} is no rule; write one like F401, or all")
    text = snapshot.text(arguments.path)
    folder = snapshot.folder_of(arguments.path)
    root = folder.root if folder is not None else None
    always = () if code == "all" else (code,)
    linted = lint_text(arguments.path, text, root, always=always, token=token)
    if linted.skipped:
        raise RefusedError(linted.skipped)
    here = [f for f in linted.fixes if code in ("all", f.diagnostic.code)]
    if arguments.start >= 0:
        here = [f for f in here if f.diagnostic.span.start == arguments.start]
    chosen = [f for f in here if f.is_safe or arguments.unsafe]
    if not chosen:
        reason = (
            "its fix may change what the program does; pass unsafe" if here else "nothing to fix"
        )
        raise RefusedError(f"{code}: {reason}")
    build = ChangeBuilder(snapshot)
    editor = build.file(arguments.path)
    taken: list[Span] = []
    done: set[tuple[Span, str]] = set()
    for fix in chosen:
        new = [edit for edit in fix.edits if edit not in done]
        if any(_meet(span, other) for span, _ in new for other in taken):
            continue  # two fixes of one place: the next run does the other
        for span, content in new:
            doubt = "" if fix.is_safe else f"{fix.diagnostic.code} may change what the program does"
            editor.replace(span, content, doubt=doubt)
            done.add((span, content))
            taken.append(span)
    return build.build()


def _meet(one: Span, two: Span) -> bool:
    if one == two:
        return True
    return one.start < two.end and two.start < one.end


FIX_LINT = Operation(
    name="fix_lint",
    title="Fix lint",
    arguments=FixLint,
    plan=_plan,
    document=__doc__ or "",
    kind="quickfix",
    behaviour="changed",
)
