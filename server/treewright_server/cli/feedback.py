"""treewright feedback: what was recorded, shown, exported, forwarded, forgotten and learned from."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treewright_server.cli.feedback_learning import evaluate, rules, taste
from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    coloured_diff,
    painter,
    print_json,
    print_pairs,
    usage,
)

if TYPE_CHECKING:
    from treewright_agent.feedback import FeedbackStore, ProposalRow


def run(arguments: Namespace) -> int:
    from treewright_agent.feedback import FeedbackStore

    def problem(message: str) -> None:
        print(f"treewright: {message}", file=sys.stderr)

    with FeedbackStore.open(on_problem=problem) as store:
        return _ACTIONS[arguments.action](store, arguments)


def _workspace(arguments: Namespace) -> str | None:
    given = arguments.workspace
    return os.path.abspath(os.path.expanduser(given)) if given else None


def _export(store: FeedbackStore, arguments: Namespace) -> int:
    if arguments.format == "rounds":
        return _rounds(store, arguments)
    from treewright_agent.feedback import Filter, export, export_folder

    chosen = Filter(
        workspace=_workspace(arguments),
        since=_moment(arguments.since, "--since"),
        until=_moment(arguments.until, "--until"),
        rungs=frozenset(arguments.rung),
        languages=frozenset(arguments.language),
        outcomes=frozenset(arguments.outcome),
        origins=frozenset(arguments.origin),
        per_project=arguments.per_workspace,
        per_user=arguments.per_user,
        standing=arguments.standing,
    )
    if arguments.redact_path or arguments.redact_name:
        from treewright_agent.feedback import Redactor

        store.redactor = Redactor(arguments.redact_path, arguments.redact_name)
    if not 0 < arguments.near <= 1:
        usage("--near must be above 0 and at most 1")
    options: dict[str, Any] = {
        "format": arguments.format, "chosen": chosen, "provenance": arguments.provenance,
        "near": arguments.near, "n_tools": max(0, arguments.tools),
    }  # fmt: skip
    if arguments.folder:
        done = export_folder(store, Path(arguments.folder), parquet=arguments.parquet, **options)
    elif arguments.parquet:
        usage("--parquet needs --folder")
    elif arguments.output:
        with Path(arguments.output).open("w", encoding="utf-8", newline="\n") as out:
            done = export(store, out, **options)
    else:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # pyright: ignore
        done = export(store, sys.stdout, **options)
        sys.stdout.flush()
    left_out = ", ".join(f"{n} {reason}" for reason, n in done.left_out.items())
    note = f"; left out: {left_out}" if left_out else ""
    print(f"treewright: {done.n_rows} rows{note}", file=sys.stderr)
    return DONE if done.n_rows else NOT_DONE


def _rounds(store: FeedbackStore, arguments: Namespace) -> int:
    """The rounds of every task, `<task>.jsonl` each."""
    from treewright_agent.feedback.reading import workspaces
    from treewright_agent.feedback.rounds import export_rounds
    from treewright_server.tasking import trajectory_folder

    if not arguments.folder:
        usage("--format rounds needs --folder")
    only = _workspace(arguments)
    roots = [root for root in workspaces(store.database) if root and only in (None, root)]
    folders = {root: trajectory_folder(root) for root in roots}
    n = export_rounds(store, folders, Path(arguments.folder))
    print(f"treewright: {n} tasks written", file=sys.stderr)
    return DONE if n else NOT_DONE


def _moment(given: str | None, option: str) -> float | None:
    """Seconds since 1970 of a day or a moment, in local time unless it names its zone."""
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).timestamp()
    except (ValueError, OverflowError, OSError):
        usage(f"{option}: {given!r} is no date; write 2026-01-31 or 2026-01-31T12:00")


def _stats(store: FeedbackStore, arguments: Namespace) -> int:
    stats = store.stats(_workspace(arguments))
    if arguments.json:
        print_json(stats)
        return DONE
    paint = painter()
    print(paint("bold", str(stats["path"])))
    kept = stats["kept"]
    print_pairs(
        {
            "proposals": stats["proposals"],
            **{name: count for name, count in stats["outcomes"].items() if count},
            "kept": "-" if kept is None else f"{100 * kept:.0f} %",
        },
        paint,
    )
    return DONE


def _show(store: FeedbackStore, arguments: Namespace) -> int:
    if arguments.leaving:
        return _leaving(store, arguments)
    if arguments.n < 1:
        usage("-n must be 1 or more")
    rows = list(store.proposals())
    if arguments.proposal:
        rows = [row for row in rows if row.id == arguments.proposal]
    rows = rows[-arguments.n :]
    if arguments.json:
        print_json([_plain(row) for row in rows])
        return DONE if rows else NOT_DONE
    paint = painter()
    for row in rows:
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.time))
        kept = row.outcome.value in ("accepted", "accepted_in_part", "edited")
        outcome = paint("green" if kept else "yellow", row.outcome.value)
        title = paint("bold", row.title or ", ".join(row.operations))
        print(f"{paint('dim', moment)}  {outcome:<12}  {title}  {paint('dim', row.id)}")
        if arguments.proposal:
            print(coloured_diff(row.final_diff or row.diff, paint))
    if not rows:
        what = f"no proposal {arguments.proposal}" if arguments.proposal else "nothing"
        print(f"treewright: {what} is recorded", file=sys.stderr)
    return DONE if rows else NOT_DONE


def _leaving(store: FeedbackStore, arguments: Namespace) -> int:
    """Exactly the lines that would be sent, by the address that they would be sent to."""
    from treewright_agent.feedback.outbox import Outbox, sinks_of

    addresses = [arguments.to] if arguments.to else sinks_of(store)
    for address in addresses:
        print(f"treewright: to {address}:", file=sys.stderr)
        for line in Outbox(store, address, with_code=arguments.with_code).preview():
            print(line)
    if not addresses:
        print(
            "treewright: nothing leaves: no address was ever used (try --to ADDRESS)",
            file=sys.stderr,
        )
    return DONE


def _plain(row: ProposalRow) -> dict[str, Any]:
    return {**row._asdict(), "outcome": row.outcome.value}


def _forget(store: FeedbackStore, arguments: Namespace) -> int:
    n = store.forget(
        workspace=_workspace(arguments),
        proposal=arguments.proposal,
        task=arguments.task,
        everything=arguments.all,
    )
    kept = 0
    if not arguments.proposal:
        from treewright_agent.feedback.elsewhere import forget_kept
        from treewright_server.homes import home_folder
        from treewright_server.tasking import workspace_key

        root = _workspace(arguments)
        kept = forget_kept(
            home_folder("data") / "agent",
            workspace=workspace_key(root) if root else None,
            task=arguments.task,
            everything=arguments.all,
        )
    print(
        f"treewright: {n} proposals forgotten, and {kept} records of tasks and conversations",
        file=sys.stderr,
    )
    return DONE


def _forward(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback.outbox import Outbox
    from treewright_agent.feedback.sinks import sink_of

    outbox = Outbox(store, arguments.to, with_code=arguments.with_code)
    if arguments.dry_run:
        for line in outbox.preview():
            print(line)
        return DONE
    sink = sink_of(arguments.to, os.environ)
    n_sent = 0
    while True:
        outbox.seal()
        done = outbox.drain(sink)
        n_sent += done.n_sent
        if done.error or not done.n_sent:
            break
    note = f"; {done.error}" if done.error else ""
    print(f"treewright: {n_sent} batches sent, {done.n_left} wait{note}", file=sys.stderr)
    return NOT_DONE if done.error else DONE


def _report(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback.report import report

    page = report(store, _workspace(arguments))
    if arguments.output:
        Path(arguments.output).write_text(page, "utf-8")
        print(f"treewright: {arguments.output} written", file=sys.stderr)
    else:
        sys.stdout.write(page)
    return DONE


def _tune(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback.tuning.configs import write_config

    general: Iterable[dict[str, str]] = ()
    if arguments.general:
        from treewright_agent.feedback.tuning.general import general_triples
        from treewright_server.cli.feedback_learning import searches_of_others

        general = general_triples(searches_of_others(arguments.general, teaching=True))
    written = write_config(
        arguments.trainer, Path(arguments.data), Path(arguments.output), arguments.model,
        template=arguments.template, general=general,
    )  # fmt: skip
    for path in written:
        print(path)
    return DONE


_ACTIONS = {
    "export": _export, "stats": _stats, "show": _show, "forget": _forget, "forward": _forward,
    "report": _report, "rules": rules, "taste": taste, "evaluate": evaluate, "tune": _tune,
}  # fmt: skip
