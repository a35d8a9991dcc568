"""A PostgreSQL table: one row a batch, under its key, in one transaction."""

from __future__ import annotations

from typing import Any

from treewright_agent.feedback.outbox import Batch, SinkError
from treewright_agent.feedback.sinks.signing import signature
from treewright_indexer.errors import ArgumentsError

_CREATE = """
CREATE TABLE IF NOT EXISTS treewright_feedback (
    key text PRIMARY KEY,
    project text NOT NULL,
    sequence bigint NOT NULL,
    signature text NOT NULL,
    body text NOT NULL,
    n_events integer NOT NULL,
    received timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project, sequence, key)
)
"""
_INSERT = """
INSERT INTO treewright_feedback (key, project, sequence, signature, body, n_events)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING
"""


class PostgresSink:
    """Raises ArgumentsError without psycopg."""

    def __init__(self, address: str, key: bytes = b"") -> None:
        try:
            import psycopg  # type: ignore[import-not-found]
        except ImportError as error:
            raise ArgumentsError(
                "forward: postgresql needs psycopg: pip install 'treewright[postgres]'"
            ) from error
        self._psycopg: Any = psycopg
        self._address = address
        self._key = key

    def send(self, batch: Batch) -> None:
        # PostgreSQL's text holds no NUL; JSON writes it as an escape, so none is lost.
        row = (
            batch.key,
            batch.project,
            batch.sequence,
            signature(batch, self._key),
            batch.body.decode("utf-8"),
            batch.n_events,
        )
        try:
            with self._psycopg.connect(self._address, connect_timeout=10) as connection:
                connection.execute(_CREATE)
                connection.execute(_INSERT, row)
        except self._psycopg.Error as error:
            raise SinkError(f"postgresql: {str(error).splitlines()[0]}") from error
