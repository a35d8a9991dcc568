"""Why an edit is as it is, read from a task's trajectory: who decided, on what, checked how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from treewright_agent import trajectory
from treewright_agent.episodes import Episodes

_PROMPTS = ("thought_prompt", "plan_prompt", "critique_prompt", "reflect_prompt")


def explained(path: Path, episodes: Episodes | None, prompt: int | None = None) -> dict[str, Any]:
    """The answer of treewright.why. Raises TreewrightError for a file that is no trajectory."""
    events = trajectory.read(path)
    nothing: dict[str, Any] = {}
    task = next((e.data for e in events if e.name == "task"), nothing)
    result = next((e.data for e in events if e.name == "result"), nothing)
    intent = next((e.data for e in events if e.name == "intent"), None)
    asked = [e for e in events if e.name in _PROMPTS and e.data.get("messages")]
    row: dict[str, Any] = {
        "task_id": path.stem,
        "instruction": task.get("instruction", ""),
        "source": result.get("source", ""),
        "status": result.get("status", "running"),
        "message": result.get("message", ""),
        "reason": result.get("reason", ""),
        "attempts": result.get("attempts", []),
        "fingerprint": result.get("fingerprint", ""),
        "context": [
            block for e in events if e.name == "context_blocks" for block in e.data["blocks"]
        ],
        "prompts": [
            {
                "number": n,
                "kind": e.name,
                "endpoint": e.data.get("endpoint"),
                "messages": len(e.data["messages"]),
            }
            for n, e in enumerate(asked, 1)
        ],
        "routes": [dict(e.data) for e in events if e.name == "route"],
        "steps": [
            {"tool": e.data.get("name"), "arguments": e.data.get("arguments")}
            for e in events
            if e.name == "action_executed"
        ],
        "edits": [
            {
                "operation": e.data["operation"],
                "arguments": e.data["arguments"],
                "files": e.data["files"],
            }
            for e in events
            if e.name == "edit"
        ],
        "checks": [dict(e.data) for e in events if e.name == "check"],
        "tests": [
            {k: e.data.get(k) for k in ("kind", "test_passed", "tests_run", "command")}
            for e in events
            if e.name == "test"
        ],
        "findings": [f for e in events if e.name == "critique" for f in e.data["findings"]],
        "history": [],
    }
    if intent is not None:
        row["rule_id"] = intent["rule_id"]
        row["understood"] = {"action": intent["action"], "slots": intent["slots"]}
    if episodes is not None:
        row["history"] = [
            {"status": status, "cause": cause, "at": at}
            for status, cause, at in episodes.history(path.stem)
        ]
    if prompt is not None and prompt <= len(asked):
        row["messages"] = asked[prompt - 1].data["messages"]
    return row
