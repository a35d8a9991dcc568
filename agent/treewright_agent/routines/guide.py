"""The last rung: what to do by hand, with real places and commands that run as they are written."""

from __future__ import annotations

import os
import re
import shlex

from treewright_agent.context import find_hits
from treewright_agent.routines.request import Guide, TaskRequest
from treewright_agent.tools.bench import TestRun
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_indexer.graph import callers, targets_named, tests_of
from treewright_indexer.snapshot import Snapshot

_NAME = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\b")


def guide_for(
    request: TaskRequest,
    snapshot: Snapshot,
    root: str,
    why: str,
    run: TestRun | None,
    token: CancelToken,
    *,
    has_model: bool,
) -> Guide:
    """Never fails but by cancellation: what cannot be found is left out."""
    places: dict[str, str] = {}
    steps: list[str] = []
    if run is not None:
        for failure in run.failures[:5]:
            if failure.path:
                place = f"{failure.path}:{failure.line}" if failure.line else failure.path
                places.setdefault(
                    place, f"{failure.node_id} fails here: {failure.error}: {failure.message[:120]}"
                )
    try:
        _from_symbols(request.instruction, snapshot, root, places, token)
        if not places:
            _from_search(request.instruction, snapshot, places, token)
    except CancelledError:
        raise
    except TreewrightError:
        pass
    for place, what in places.items():
        steps.append(f"Open {place}: {what}.")
    command = (
        shlex.join(run.command)
        if run is not None and run.command
        else _test_command(snapshot, root)
    )
    if command:
        steps.append(f"After the change, run: {command}")
    reasons = [why] if why else []
    if not has_model:
        more = "" if why else ", and no rule covers this request"
        reasons.append(f"no language model is set up{more}")
    found = (
        f"{len(places)} {'place has' if len(places) == 1 else 'places have'} to do with it."
        if places
        else "No place in the code was found that has to do with it."
    )
    return Guide(
        title=request.instruction.strip().split("\n")[0][:100],
        summary=f"This was not done automatically. {found}",
        console_steps=tuple(steps),
        cli_command=command,
        possible_reasons=tuple(reasons),
        next_steps=(
            f"treewright search {shlex.quote(root)} {shlex.quote(request.instruction[:80])}",
            "say it as one of the forms that need no model, such as: rename A to B everywhere",
            *(() if has_model else ("set OPENAI_BASE_URL and OPENAI_MODEL to a server of yours",)),
        ),
        locations=tuple(places),
    )


def _from_symbols(
    text: str, snapshot: Snapshot, root: str, places: dict[str, str], token: CancelToken
) -> None:
    names = [n for n in dict.fromkeys(_NAME.findall(text)) if len(n) > 2]
    for name in names[:12]:
        looks_like_code = (
            "_" in name or "." in name or re.search(r"[a-z][A-Z]|\d", name) or f"`{name}" in text
        )
        found = targets_named(snapshot, name, token)
        if not found or (not looks_like_code and len(found) > 2):
            continue
        for target in found[:2]:
            line = snapshot.text(target.path).line_of(target.name_span.start) + 1
            places.setdefault(f"{_shown(target.path, root)}:{line}", f"{target.kind} {target.name}")
            for use in callers(snapshot, target, token)[:3]:
                line = snapshot.text(use.path).line_of(use.span.start) + 1
                places.setdefault(f"{_shown(use.path, root)}:{line}", f"calls {target.name}")
            for test in tests_of(snapshot, target, token)[:2]:
                line = snapshot.text(test.path).line_of(test.name_span.start) + 1
                places.setdefault(f"{_shown(test.path, root)}:{line}", f"tests {target.name}")
        if len(places) >= 8:
            return


def _from_search(text: str, snapshot: Snapshot, places: dict[str, str], token: CancelToken) -> None:
    for row in find_hits(snapshot, text[:300], 5, token):
        what = f"{row['kind']} {row['symbol']}" if row["symbol"] else "found by search"
        places.setdefault(f"{row['file']}:{row['start_line']}", what)


def _shown(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _test_command(snapshot: Snapshot, root: str) -> str:
    for path in snapshot.files():
        name = os.path.basename(path)
        if name.startswith("test_") and name.endswith(".py"):
            return f"cd {shlex.quote(root)} && python -m pytest -q"
    return ""
