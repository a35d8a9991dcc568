"""Forgetting, provably: rows go, what was derived from them goes, and the file is rewritten.

`secure_delete` overwrites what is deleted, `VACUUM` leaves no free page and the emptied log no
copy: afterwards no byte of the file holds the text. Batches that wait to be sent lose the lines
about what was forgotten; what a sink has got already, only the sink can delete.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from treewright_agent.feedback.database import Database, remove_asides
from treewright_agent.feedback.migrations import tally_anew
from treewright_indexer.errors import ArgumentsError, StoreError


def forget(
    database: Database,
    workspace: str | None,
    proposal: str | None,
    task: str | None,
    everything: bool,
) -> int:
    """Returns how many proposals went. Raises ArgumentsError unless exactly one is named, and
    StoreError when the rows went but the file could not be rewritten."""
    chosen = [(n, v) for n, v in (("workspace", workspace), ("id", proposal), ("task", task)) if v]
    if len(chosen) + everything != 1:
        raise ArgumentsError("forget: name exactly one of workspace, proposal, task, everything")
    where, values = ("1", ()) if everything else (f"{chosen[0][0]} = ?", (chosen[0][1],))
    with database.transaction() as connection:
        ids = connection.execute(f"SELECT id FROM proposals WHERE {where}", values)
        forgotten = {row[0] for row in ids.fetchall()}
        _forget_rules(connection, forgotten)
        connection.execute(f"DELETE FROM proposals WHERE {where}", values)
        if everything or workspace:
            for table in ("searches", "ratings", "batches", "consents"):
                connection.execute(f"DELETE FROM {table} WHERE {where}", values)
        else:
            if task:
                connection.execute("DELETE FROM ratings WHERE subject = ?", (task,))
                forgotten.add(task)
            _forget_in_batches(connection, forgotten)
        if everything:
            # Learned from what is gone; a later promotion starts anew from what ships.
            for table in ("rules", "versions", "promotions"):
                connection.execute(f"DELETE FROM {table}")
        tally_anew(connection)
    n = len(forgotten - ({task} if task else set()))
    try:
        database.rewrite()
    except StoreError as error:
        raise StoreError(
            f"{n} proposals deleted, but {database.path} cannot be rewritten now: {error}"
        ) from error
    if everything:
        remove_asides(database.path)
    return n


def _forget_rules(connection: sqlite3.Connection, forgotten: set[str]) -> None:
    """A rule that nobody approved goes with what it was mined from; an approved one is the
    user's own, and loses its examples."""
    for id, state, proposals in connection.execute(
        "SELECT id, state, proposals FROM rules"
    ).fetchall():
        if forgotten.isdisjoint(json.loads(proposals)):
            continue
        if state == "approved":
            connection.execute(
                "UPDATE rules SET examples = '[]', proposals = '[]' WHERE id = ?", (id,)
            )
        else:
            connection.execute("DELETE FROM rules WHERE id = ?", (id,))


def _forget_in_batches(connection: sqlite3.Connection, forgotten: set[str]) -> None:
    """Take the lines about forgotten proposals out of batches that were not sent yet."""
    rows = connection.execute("SELECT number, body FROM batches WHERE sent_at IS NULL").fetchall()
    for number, body in rows:
        lines = body.decode("utf-8").splitlines(keepends=True)
        left = [line for line in lines if not _is_about(json.loads(line), forgotten)]
        if len(left) < len(lines):
            connection.execute(
                "UPDATE batches SET body = ?, n_events = ? WHERE number = ?",
                ("".join(left).encode("utf-8"), len(left), number),
            )


def _is_about(event: dict[str, Any], forgotten: set[str]) -> bool:
    return any(event.get(key) in forgotten for key in ("id", "proposal", "subject"))
