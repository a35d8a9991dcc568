"""treewright task: do a task headlessly and print its diff; nothing is written without `--write`.

The task is said in words, or is JSON, `{"instruction": …}` with `task_id`, `kind` and `attachments`
if wanted, from `--task-file` or standard input. It works without a model (rules, repair by search) and with any
OpenAI-compatible endpoint or step server that settings or the environment name. Exit codes: 0 done,
1 not done (bad JSON as well), 2 bad usage.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, TreewrightError
from treewright_server import tasking
from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    coloured_diff,
    folder_path,
    load_settings,
    opened,
    painter,
    print_json,
    require_trust,
    usage,
)

if TYPE_CHECKING:
    from treewright_agent.routines.planner import Plan
    from treewright_agent.routines.request import Services, TaskRequest, TaskResult
    from treewright_agent.tools.bench import Question
    from treewright_agent.trajectory import Event
    from treewright_indexer.workspace import Workspace


def run(arguments: Namespace) -> int:
    root = folder_path(arguments.path)
    if arguments.write or arguments.branch:
        require_trust(root, "nothing is written")
    if arguments.replay:
        return _replay(root, arguments.replay)
    from treewright_agent.routines.request import read_task

    try:
        request = read_task(_given(arguments))
    except ArgumentsError as error:
        print(f"treewright: error: {error}", file=sys.stderr)
        return NOT_DONE
    settings = load_settings(root)
    token = CancelToken()
    with _Interruptible(token), opened(root) as (workspace, _):
        services = tasking.services_of(
            settings.agent, root, os.environ, tell=_say, trusted=settings.agent.trusted
        )
        unread = arguments.task_file is not None or arguments.instruction is not None
        person = sys.stdin.isatty() and unread and not settings.agent.ci
        services = replace(
            services,
            on_event=_Reporter(sys.stderr.isatty() and not arguments.json),
            ask=_ask if person else None,
            approve=_approve if person else None,
        )
        try:
            return _run(arguments, request, workspace, services, token, root)
        finally:
            tasking.close(services)


def _run(
    arguments: Namespace,
    request: TaskRequest,
    workspace: Workspace,
    services: Services,
    token: CancelToken,
    root: str,
) -> int:
    from treewright_agent.routines.task import run_task

    began = time.monotonic()
    try:
        result = run_task(request, workspace.snapshot(), services, token, root)
    except TreewrightError as error:  # a task id that was used before
        print(f"treewright: error: {error}", file=sys.stderr)
        return NOT_DONE
    row = result.to_json(root)
    done = result.success
    if done and result.proposal is not None:
        if arguments.branch:
            row["branch"], done = _branch(request, result, token)
        if arguments.write and not arguments.branch:
            from treewright_server.cli.apply import write

            # A snapshot that has read nothing yet: a file that changed meanwhile is refused.
            texts = result.proposal.change.apply(workspace.snapshot().text)
            write(texts)
            row["written"] = sorted(os.path.relpath(path, root) for path in texts)
            if services.episodes is not None:
                services.episodes.mark(request.task_id, "accepted", "written by the command line")
        _record(result, root, began, written="written" in row)
    if arguments.json:
        print_json(row)
    else:
        _print(row, result)
    return DONE if done else NOT_DONE


def _record(result: TaskResult, root: str, began: float, *, written: bool) -> None:
    from treewright_agent.feedback import Made
    from treewright_server.answering import made_of
    from treewright_server.cli.feedback_task import record

    assert result.proposal is not None
    made = Made(**made_of(result, began))
    record(result.proposal, root, made, written=written)


def _branch(
    request: TaskRequest, result: TaskResult, token: CancelToken
) -> tuple[dict[str, Any], bool]:
    """Commit on a branch of its own. What went wrong is in the row; the change is kept."""
    from treewright_agent.routines import pull_request
    from treewright_agent.routines.committer import commit
    from treewright_server.homes import home_folder

    assert result.draft is not None
    assert result.proposal is not None
    files = sorted({os.path.relpath(p, result.proposal.root) for p in result.draft.change.paths()})
    text = pull_request.plain(
        request.instruction, result.message, files, result.tests, result.notes
    )
    try:
        made = commit(
            result.draft, request.instruction, f"{text.title}\n\n{text.body}", token,
            seed=request.task_id, scratch=home_folder("cache") / "worktrees",
        )  # fmt: skip
    except TreewrightError as error:
        _say(str(error))
        return {"error": str(error)}, False
    return {
        "name": made.branch,
        "commit": made.commit,
        "files": list(made.files),
        "title": text.title,
        "body": text.body,
        "pull_request": None,
        "message": "no pull request was opened: no forge is set up",
        "output": made.output,
    }, True


def _print(row: dict[str, Any], result: TaskResult) -> None:
    paint = painter(sys.stderr)
    if row["diff"] and result.success:
        sys.stdout.write(coloured_diff(row["diff"], painter()))
        sys.stdout.flush()
    if result.answer:
        print(result.answer)
    mark = paint("green", "done") if result.success else paint("red", "not done")

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    say(f"treewright: {mark} ({result.source}): {result.message}")
    if result.reason and result.reason != result.message and not result.success:
        say(f"  {result.reason}")
    for note in result.notes:
        say(f"  {paint('dim', note)}")
    for choice in result.choices:
        say(f"  - {choice}")
    if result.guide is not None:
        for step in result.guide.console_steps:
            say(f"  • {step}")
        for step in result.guide.next_steps:
            say(f"  → {step}")
    branch = row.get("branch")
    if branch and "name" in branch:
        say(f"  branch {branch['name']}, commit {branch['commit'][:10]}; {branch['message']}")
    elif row.get("written"):
        say(f"  {len(row['written'])} files written")
    spent = result.spent
    if spent.get("requests"):
        cost = f", cost {spent['cost']:.4f}" if spent["cost"] else ""
        say(
            paint(
                "dim",
                f"  {spent['rounds']} rounds, {spent['requests']} model calls,"
                f" {spent['prompt_tokens']}+{spent['completion_tokens']} tokens{cost},"
                f" {spent['seconds']:.1f} s",
            )
        )


class _Reporter:
    """One line per step on stderr, where that is a terminal."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, event: Event) -> None:
        if not self._on:
            return
        data = event.data
        text = {
            "plan": lambda: "plan: " + "; ".join(step["step"] for step in data["plan"]),
            "route": lambda: f"model {data['endpoint']} ({data['reason']})",
            "action_executed": lambda: f"{data['name']} {_about(data.get('arguments', {}))}",
            "test": lambda: f"tests: {data['kind']}, {data['tests_run']} ran",
            "diagnosis": lambda: f"diagnosis: {data['facts'].split(chr(10))[0][:120]}",
            "critique": lambda: f"critique: {len(data['findings'])} findings",
        }.get(event.name)
        if text is not None:
            print(f"  {event.at:6.1f} s  {text()[:160]}", file=sys.stderr)


def _about(arguments: dict[str, Any]) -> str:
    for key in ("file_path", "symbol", "query", "command", "goals", "summary"):
        if key in arguments:
            return str(arguments[key])[:80]
    return ""


def _ask(question: Question) -> str | None:
    print(question.text, file=sys.stderr)
    for number, choice in enumerate(question.choices, 1):
        print(f"  {number}. {choice}", file=sys.stderr)
    try:
        answer = input("> ").strip()
    except EOFError:
        return None
    if question.choices and answer.isdigit() and 1 <= int(answer) <= len(question.choices):
        return question.choices[int(answer) - 1]
    return answer or None


def _approve(plan: Plan, warnings: Any) -> Plan | None:
    print(plan.text(), file=sys.stderr)
    for warning in warnings:
        print(f"  note: {warning}", file=sys.stderr)
    try:
        answer = input("follow this plan? [Y/n] ").strip().lower()
    except EOFError:
        return None
    return plan if answer in ("", "y", "yes", "j", "ja", "是") else None


def _given(arguments: Namespace) -> bytes:
    """The task's JSON, as if it had been read when it is said in words."""
    if arguments.code_version is not None:
        return msgspec.json.encode({"code_version": arguments.code_version})
    if arguments.instruction is not None:
        return msgspec.json.encode({"instruction": arguments.instruction})
    if arguments.task_file is None or arguments.task_file == "-":
        return sys.stdin.buffer.read()
    given = arguments.task_file
    try:
        return Path(given).read_bytes()
    except OSError as error:
        usage(f"{given}: {error.strerror or error}")


def _say(message: str) -> None:
    print(f"treewright: {message}", file=sys.stderr)


class _Interruptible:
    """Ctrl-C and SIGTERM cancel the task, which then tidies up and ends by itself."""

    def __init__(self, token: CancelToken) -> None:
        self._token = token
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._cancel)

    def _cancel(self, number: int, frame: object) -> None:
        self._token.cancel()

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _replay(root: str, file: str) -> int:
    """Do a recorded task's edits again, without any model, and print the diff."""
    from treewright_agent.trajectory import read, replay

    try:
        events = read(Path(file))
    except OSError as error:
        usage(f"{file}: {error.strerror or error}")
    with opened(root) as (workspace, _):
        replayed = replay(events, workspace.snapshot(), root, CancelToken())
        sys.stdout.write(coloured_diff(replayed.draft.diff(root), painter()))
        sys.stdout.flush()
    if replayed.differs:
        _say(replayed.differs)
        return NOT_DONE
    return DONE
