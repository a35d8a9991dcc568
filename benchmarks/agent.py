"""Seeded tasks with a scripted model: are they all solved, and what does treewright itself cost?

    python benchmarks/agent.py [--delay 1.0] [--only NAME] [--noop] [--json FILE]

Each task of `agent_cases` is run like the real thing: a fresh folder, an index, the ladder, an
OpenAI-compatible server on loopback that answers from the task's script after `--delay` seconds,
tests in the sandbox. A task is solved when its files are exactly the right ones afterwards.
Overhead is the share of a task's wall time that is not the model's. `--noop` lets the model give up
at once: it must solve nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.agent_cases import Project, Task, load
from tests.support.model_server import ModelServer, Reply, uses


def attempt(
    project: Project, task: Task, delay_s: float, *, noop: bool = False, verbose: bool = False
) -> dict[str, Any]:
    from treewright_agent.models.client import ChatClient
    from treewright_agent.models.endpoint import Endpoint
    from treewright_agent.models.router import Router
    from treewright_agent.routines.request import Services, TaskRequest
    from treewright_agent.routines.task import run_task
    from treewright_agent.settings import AgentSettings
    from treewright_agent.workshop import repairer, workshop_of
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.workspace import IndexSettings, Workspace

    answers = [uses(*((name, dict(given)) for name, given in calls)) for calls in task.script]
    if noop:
        answers = [uses(("finish", {"summary": "nothing was done"}))]
    server = ModelServer(otherwise=lambda request: _answer(request, answers, delay_s))
    client = ChatClient(Endpoint("m", server.url, "scripted"))
    first_step: list[float] = []
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.realpath(folder)
        try:
            _write(root, project)
            added = workspace.add_folder(root)
            added.start(lambda done, total, message="": None, lambda message="": None)
            added.wait_ready(None)
            snapshot = workspace.snapshot()
            started = time.monotonic()

            def on_event(event: Any) -> None:
                seconds = time.monotonic() - started
                if event.name != "stage":
                    first_step.append(seconds)
                if verbose:
                    print(f"    {seconds:6.2f} {event.name} {str(event.data)[:400]}", flush=True)

            services = Services(
                AgentSettings(plan="never"), Router({"m": client}, {}), workshop_of, repairer,
                on_event=on_event,
            )  # fmt: skip
            result = run_task(
                TaskRequest(task.instruction), snapshot, services, CancelToken(), root
            )
            wall_s = time.monotonic() - started
            solved = result.success and _right(root, project, task, result)
            untouched = _untouched(root, project)
        finally:
            workspace.close()
            client.close()
            server.close()
    model_s = delay_s * len(server.requests)
    return {
        "project": project.name,
        "task": task.name,
        "kind": task.kind,
        "solved": solved,
        "untouched": untouched,
        "source": result.source,
        "status": result.status,
        "reason": result.reason or "; ".join(result.attempts),
        "rounds": result.rounds,
        "calls": len(server.requests),
        "wall_s": round(wall_s, 3),
        "own_s": round(wall_s - model_s, 3),
        "overhead": round((wall_s - model_s) / wall_s, 3),
        "first_step_ms": round(1000 * first_step[0], 1) if first_step else None,
        "tokens": result.spent.get("prompt_tokens", 0),
        "diff": result.to_json(root)["diff"],
    }


_DIAGNOSIS: dict[str, Any] = {
    "diagnosis": "the change does not cover every case",
    "root_cause": "LOGIC_ERROR",
    "severity": "MEDIUM",
    "fix_strategy": "cover the case that the failing test shows",
    "code_changes": [],
    "plan_adjustment_needed": False,
    "plan_adjustment_suggestion": "",
}


def _answer(request: dict[str, Any], answers: list[Reply], delay_s: float) -> Reply:
    """The next of the script; a question with a schema of its own is about a red test."""
    if request.get("response_format"):
        return Reply(text=json.dumps(_DIAGNOSIS), delay_s=delay_s)
    reply = answers.pop(0) if answers else uses(("finish", {"summary": "no idea"}))
    reply.delay_s = delay_s
    return reply


def _write(root: str, project: Project) -> None:
    for name, text in project.files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _right(root: str, project: Project, task: Task, result: Any) -> bool:
    if result.draft is None:
        return False
    after: dict[str, str | None] = dict(project.files)
    for path, text in result.draft.change.apply(result.draft.base.text).items():
        name = os.path.relpath(path, root).replace(os.sep, "/")
        after[name] = None if text is None else text.string
    return after == {**project.files, **task.right}


def _untouched(root: str, project: Project) -> bool:
    """Nothing of the user's was written, and nothing was left behind."""
    found = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in Path(root).rglob("*")
        if path.is_file()
    }
    return found == project.files


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "tasks": len(rows),
        "solved": sum(row["solved"] for row in rows),
        "files untouched": sum(row["untouched"] for row in rows),
        "rounds": dict(sorted(Counter(row["rounds"] for row in rows).items())),
        "overhead median": round(statistics.median(row["overhead"] for row in rows), 3),
        "own seconds median": round(statistics.median(row["own_s"] for row in rows), 3),
        "first step ms median": statistics.median(row["first_step_ms"] or 0 for row in rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=1.0, help="seconds of each model call")
    parser.add_argument("--only", default="")
    parser.add_argument("--noop", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="print every event")
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for project in load():
        for task in project.tasks:
            if options.only and options.only not in f"{project.name}/{task.name}":
                continue
            row = attempt(project, task, options.delay, noop=options.noop, verbose=options.verbose)
            rows.append(row)
            mark = "solved" if row["solved"] else "FAILED"
            print(
                f"{mark} {row['project']:8} {row['task']:10} {row['kind']:9} {row['source']:7}"
                f" rounds {row['rounds']} calls {row['calls']} {row['wall_s']:6.2f} s"
                f" own {row['own_s']:5.2f} s ({row['overhead']:.0%})",
                flush=True,
            )
            if not row["solved"] and not options.noop:
                print(f"       {row['status']}: {row['reason']}\n{row['diff']}")
    for name, value in summary(rows).items():
        print(f"{name}: {value}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
