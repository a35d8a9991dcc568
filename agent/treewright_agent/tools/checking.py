"""Tools that check: lint (the project's own rules, on the draft), test, build."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolError, Trouble, tool
from treewright_agent.tools.places import column_of


def _no_workshop(bench: Bench) -> str:
    return "" if bench.workshop is not None else "programs cannot be run here: there is no sandbox"


@tool(Effect.READS, "check")
def lint(bench: Bench, file_path: str) -> dict[str, Any]:
    """Lint a Python file as the project is configured, with the draft's edits and unsaved text in
    it; adds what the editor's servers report there.

    Args:
    file_path: relative to the workspace root
    """
    from treewright_agent.verify.ruff import ALWAYS, lint_text

    path, text = bench.file(file_path)
    rows: list[dict[str, Any]] = []
    skipped = ""
    if path.endswith((".py", ".pyi")):
        folder = bench.snapshot.folder_of(path)
        linted = lint_text(
            path,
            text,
            folder.root if folder is not None else None,
            always=ALWAYS,
            token=bench.token,
        )
        skipped = linted.skipped
        for found in linted.diagnostics:
            rows.append(_row(bench, path, text, found))
    else:
        skipped = "only Python is linted here"
    if text.hash == _base_hash(bench, path):  # what the editor's servers say is about this text
        known = {(row["line"], row["code"]) for row in rows}
        for found in bench.diagnostics.get(path, ()):
            row = _row(bench, path, text, found)
            if (row["line"], row["code"]) not in known:
                rows.append(row)
    rows.sort(key=lambda row: (row["line"], row["column"]))
    message = skipped or ("" if rows else "no problems")
    return {"file": bench.shown(path), "diagnostics": rows, "message": message}


def _base_hash(bench: Bench, path: str) -> str:
    return bench.draft.base.hash(path) if bench.draft.base.exists(path) else ""


def _row(bench: Bench, path: str, text: Any, found: Any) -> dict[str, Any]:
    line = text.line_of(found.span[0])
    start = text.line_span(line).start
    before = text.data[start : found.span[0]].decode("utf-8", "replace")
    return {
        "line": line + 1,
        "column": column_of(text, found.span[0]),
        "utf16_column": len(before.encode("utf-16-le")) // 2,
        "code": found.code,
        "message": found.message,
        "source": found.source,
        "severity": int(found.severity),
    }


@tool(Effect.RUNS, "check", name="test", available=_no_workshop)
def run_tests(
    bench: Bench,
    selection: list[str] | None = None,
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 120.0,
) -> dict[str, Any]:
    """Run the project's tests on a copy with the draft's edits in it. Failures come with file,
    line, error and message.

    Args:
    selection: test files or node ids (`tests/test_a.py::test_b`); left out, those that the edits
        affect, or all
    timeout_s: the longest time to wait
    """
    assert bench.workshop is not None
    from treewright_agent.routines.testing import affected_tests

    chosen = selection if selection is not None else affected_tests(bench)
    timeout = min(timeout_s, bench.budget.deadline.remaining_s)
    run = bench.workshop.test(bench.draft.change, chosen, timeout, bench.token)
    bench.last_test = run
    row = run.to_json()
    if not run.passed:
        first = run.failures[0] if run.failures else None
        what = f": {first.node_id or first.path}: {first.message}" if first else ""
        row |= {"status": "failure", "message": f"{run.kind}{what}"[:500]}
    else:
        row["message"] = f"{run.n_run} tests passed"
    return row


@tool(Effect.RUNS, "check", available=_no_workshop)
def build(
    bench: Bench, timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 120.0
) -> dict[str, Any]:
    """Build or compile the project on a copy with the draft's edits in it.

    Args:
    timeout_s: the longest time to wait
    """
    assert bench.workshop is not None
    timeout = min(timeout_s, bench.budget.deadline.remaining_s)
    run = bench.workshop.build(bench.draft.change, timeout, bench.token)
    row = run.to_json()
    row["diagnostics"] = row.pop("failures")
    if not run.passed:
        row |= {"status": "failure", "message": f"the build failed ({run.kind})"}
    return row


@tool(Effect.RUNS, "run", available=_no_workshop)
def run_command(
    bench: Bench,
    command: str,
    workdir: str = ".",
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] | None = None,
) -> dict[str, Any]:
    """Run one program (no shell) on a copy of the workspace with the draft's edits in it. What it
    writes is not kept.

    Args:
    command: program and arguments, quoted as for a shell
    workdir: folder, relative to the workspace root
    timeout: seconds; default 20
    """
    import os
    import shlex

    assert bench.workshop is not None
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise ToolError(f"command: {error}", Trouble.ARGUMENTS) from error
    if not argv:
        raise ToolError("command: it is empty", Trouble.ARGUMENTS)
    try:
        folder = bench.path(workdir)
    except ToolError as error:
        raise ToolError(
            f"the working folder is outside the workspace: {workdir!r}", Trouble.OUTSIDE_WORKDIR
        ) from error
    limit = min(timeout or bench.command_timeout_s, bench.budget.deadline.remaining_s)
    run = bench.workshop.command(
        bench.draft.change, argv, os.path.relpath(folder, bench.root), limit, bench.max_output,
        bench.token,
    )  # fmt: skip
    row: dict[str, Any] = {
        "returncode": run.returncode,
        "stdout": run.stdout,
        "stderr": run.stderr,
        "sandbox": run.level,
        "truncated": run.truncated,
    }
    if run.limit:
        trouble = Trouble.TIMEOUT if run.limit in ("timeout", "time") else Trouble.BLOCKED
        message = (
            f"ended after {limit:g} s" if trouble is Trouble.TIMEOUT else f"stopped: {run.limit}"
        )
        raise ToolError(message, trouble, timeout=limit, **row)
    return row


TOOLS = (lint, run_tests, build, run_command)
