"""treewright.health, treewright.metrics: how treewright itself is doing.

`treewright.health` answers with the health of tools, the state of models, the sandbox, crash reports,
the jobs that tidy up, and what each operation took, today and on the days before. `treewright.metrics`
gives this server's numbers in Prometheus' text format.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    return await ls.session.lanes.run(lambda token: report(ls, token), Lane.BACKGROUND)


async def metrics(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"text": Prometheus' format, "values": the same as data}`."""
    return {"text": ls.metrics.text(), "values": ls.metrics.to_json()}


def report(ls: TreewrightServer, token: CancelToken) -> dict[str, Any]:
    """Runs in a thread: it probes the sandbox and reads files."""
    from treewright_agent.sandbox import active
    from treewright_server import crashes, upkeep
    from treewright_server.homes import home_folder
    from treewright_server.metrics import history

    session = ls.session
    protection = active()
    token.check()
    health = session.upkeep.health
    due = session.upkeep.janitor.due.get("health", 0.0)
    rows = [row.to_json() for row in health.rows(upkeep.now() + due)] if health else []
    found = crashes.reports(home_folder("log") / "crashes")
    return {
        "tools": rows,
        "models": session.services.breakers(),
        "queue": session.queue.stats(),
        "sandbox": {
            "level": protection.level.name.lower(),
            "detail": protection.detail,
            "advice": protection.advice,
        },
        "operations": ls.metrics.timings(),
        "history": history(home_folder("data") / "history"),
        "jobs": {name: round(seconds) for name, seconds in session.upkeep.janitor.due.items()},
        "crashes": [
            {key: each.get(key) for key in ("signature", "time", "count", "doing")}
            for each in found[:20]
        ],
        "markdown": _table(rows),
    }


def _table(rows: list[dict[str, Any]]) -> str:
    """For a panel that shows Markdown."""
    lines = [
        "| tool | state | calls | success | stands on | next check | note |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        rate = "" if row["success_rate"] is None else f"{row['success_rate']:.0%}"
        note, versions = (
            str(row[key]).replace("|", "\\|").replace("\n", " ")
            for key in ("note", "api_doc_version")
        )
        check = time.strftime("%H:%M", time.localtime(row["next_health_check"]))
        lines.append(
            f"| `{row['tool_name']}` | {row['status']} | {row['calls']} | {rate} | {versions} | {check} |"
            f" {note} |"
        )
    return "\n".join(lines)
