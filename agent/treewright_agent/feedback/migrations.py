"""The feedback file's schema, one numbered migration after the other.

A migration that has shipped is never changed. `PRAGMA user_version` is the number of the
last one applied; a file with a higher number was written by a newer treewright.
"""

from __future__ import annotations

import sqlite3

from treewright_indexer.errors import StoreError

APPLICATION_ID = 0x74774642
"""`twFB` in the file's header tells a feedback file from any other SQLite file."""

# Rows are only ever added: an event that was acknowledged stays as it was. `forget` alone
# deletes, and it deletes whole rows.
_M001_CREATE_EVENTS = """
CREATE TABLE proposals (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    time         REAL NOT NULL,      -- seconds since 1970, UTC
    workspace    TEXT NOT NULL,      -- root folder
    task         TEXT,
    title        TEXT,
    reason       TEXT,
    source       TEXT NOT NULL,      -- recipe, operation, model, cache, template
    rung         TEXT NOT NULL,      -- which step of the ladder decided: recipe, model, ...
    fingerprint  TEXT NOT NULL,
    operations   TEXT NOT NULL,      -- JSON list of operation names
    calls        TEXT,               -- JSON list of {operation, arguments}
    context      TEXT,               -- JSON list of {path, language, code}: the code before
    diff         TEXT,
    language     TEXT NOT NULL,
    verification TEXT NOT NULL,      -- JSON of the report
    consent      TEXT NOT NULL       -- the level in force: outcomes or local
);

CREATE TABLE outcomes (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    proposal_id   TEXT NOT NULL REFERENCES proposals(id) ON DELETE CASCADE,
    time          REAL NOT NULL,
    outcome       TEXT NOT NULL CHECK (outcome IN ('shown', 'accepted', 'accepted_in_part',
                      'edited', 'rejected', 'reverted', 'expired')),
    hunks         TEXT,              -- JSON list of the edits kept: [path, index]
    final_diff    TEXT,              -- from the text before to what the user has now
    seconds_after REAL,              -- since the proposal
    rating        INTEGER,
    comment       TEXT
);

CREATE INDEX outcomes_of ON outcomes (proposal_id, number);
CREATE INDEX proposals_of ON proposals (workspace);

CREATE TRIGGER proposals_are_final BEFORE UPDATE ON proposals
BEGIN SELECT RAISE(ABORT, 'proposals are append-only'); END;
CREATE TRIGGER outcomes_are_final BEFORE UPDATE ON outcomes
BEGIN SELECT RAISE(ABORT, 'outcomes are append-only'); END;
"""

# What happened to the text later, what searches led to, and what users say of answers.
_M002_CREATE_LATER_EVENTS = """
CREATE TABLE kept (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    proposal_id TEXT NOT NULL REFERENCES proposals(id) ON DELETE CASCADE,
    time        REAL NOT NULL,
    moment      TEXT NOT NULL CHECK (moment IN ('ten_minutes', 'commit', 'day')),
    share       REAL NOT NULL,       -- of the accepted lines that still stand, 0 to 1
    UNIQUE (proposal_id, moment)
);

CREATE TABLE searches (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    time      REAL NOT NULL,
    workspace TEXT NOT NULL,
    query     TEXT,
    results   TEXT NOT NULL,         -- JSON list of {path, symbol, snippet}; [] without code
    n_results INTEGER NOT NULL,
    consent   TEXT NOT NULL
);

CREATE TABLE search_uses (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    search_id TEXT NOT NULL REFERENCES searches(id) ON DELETE CASCADE,
    time      REAL NOT NULL,
    result    INTEGER NOT NULL,      -- index into results
    action    TEXT NOT NULL CHECK (action IN ('opened', 'used', 'ignored')),
    UNIQUE (search_id, result, action)
);

CREATE TABLE ratings (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    time      REAL NOT NULL,
    workspace TEXT NOT NULL,
    subject   TEXT NOT NULL,         -- id of a chat answer, task or search
    rating    INTEGER NOT NULL,
    comment   TEXT,
    consent   TEXT NOT NULL
);

CREATE INDEX kept_of ON kept (proposal_id);
CREATE INDEX searches_of ON searches (workspace);
CREATE INDEX outcomes_by_time ON outcomes (time);
CREATE TRIGGER searches_are_final BEFORE UPDATE ON searches
BEGIN SELECT RAISE(ABORT, 'searches are append-only'); END;
"""

# A batch is sealed once and sent as it is until it is acknowledged: the same bytes under the
# same key, so that a sink that heard it twice knows. The tables above are the queue; a cursor
# says how far a sink has got.
_M003_CREATE_OUTBOX = """
CREATE TABLE forward_cursors (
    sink   TEXT NOT NULL,
    source TEXT NOT NULL,            -- name of the table
    number INTEGER NOT NULL,
    PRIMARY KEY (sink, source)
) WITHOUT ROWID;

CREATE TABLE batches (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    sink      TEXT NOT NULL,
    key       TEXT NOT NULL UNIQUE,  -- idempotency key, names the batch at the sink
    workspace TEXT NOT NULL,         -- root folder; never sent
    sequence  INTEGER NOT NULL,      -- from 1, without gaps, per sink and workspace
    body      BLOB NOT NULL,
    n_events  INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    error     TEXT,
    sent_at   REAL,
    UNIQUE (sink, workspace, sequence)
);
CREATE INDEX batches_open ON batches (sink, sent_at, number);
"""

MIGRATIONS: tuple[str, ...] = (
    _M001_CREATE_EVENTS,
    _M002_CREATE_LATER_EVENTS,
    _M003_CREATE_OUTBOX,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the open file to the newest schema, all or nothing.

    Raises StoreError when a newer treewright wrote the file, or something else did;
    the file is left as it is.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        application: int = connection.execute("PRAGMA application_id").fetchone()[0]
        n_tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and (application or version or n_tables):
            raise StoreError("it is an SQLite file of another program")
        if version > len(MIGRATIONS):
            raise StoreError(
                f"a newer treewright wrote it (schema {version}, this one knows "
                f"{len(MIGRATIONS)}): update treewright, or set TREEWRIGHT_HOME elsewhere"
            )
        for script in MIGRATIONS[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        if version < len(MIGRATIONS):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    """The statements of a script; `executescript` would commit between them."""
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    if pending.strip():
        raise ValueError("a migration ends inside a statement")
    return statements
