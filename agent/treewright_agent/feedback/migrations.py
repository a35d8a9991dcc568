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

# What a report asks for, and what learns: who made a proposal, how long it took and what it
# cost; the level in force at every outcome; what is still to be measured; what was tuned.
# `outcomes` is made anew because a CHECK cannot be widened; its numbers stay, and so does the
# counter behind them, because cursors of the outbox point there.
_M004_CREATE_LEARNING = """
ALTER TABLE proposals ADD COLUMN recipe TEXT NOT NULL DEFAULT '';
ALTER TABLE proposals ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE proposals ADD COLUMN versions TEXT;     -- JSON: of treewright, prompts, rules
ALTER TABLE proposals ADD COLUMN seconds REAL;      -- from the request to the proposal
ALTER TABLE proposals ADD COLUMN cost REAL;         -- in the currency of the endpoint's prices
ALTER TABLE proposals ADD COLUMN tokens INTEGER;

CREATE TABLE outcomes_new (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    proposal_id   TEXT NOT NULL REFERENCES proposals(id) ON DELETE CASCADE,
    time          REAL NOT NULL,
    outcome       TEXT NOT NULL CHECK (outcome IN ('shown', 'previewed', 'accepted',
                      'accepted_in_part', 'edited', 'rejected', 'reverted', 'expired')),
    hunks         TEXT,              -- JSON list of the edits kept: [path, index]
    final_diff    TEXT,              -- from the text before to what the user has now
    seconds_after REAL,              -- since the proposal
    rating        INTEGER,
    comment       TEXT,
    changed       REAL,              -- share of the accepted lines that the user changed
    consent       TEXT               -- the level in force when this was written
);
INSERT INTO outcomes_new (number, proposal_id, time, outcome, hunks, final_diff, seconds_after,
                          rating, comment)
    SELECT number, proposal_id, time, outcome, hunks, final_diff, seconds_after, rating, comment
    FROM outcomes ORDER BY number;
DELETE FROM sqlite_sequence WHERE name = 'outcomes_new';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'outcomes_new', seq FROM sqlite_sequence WHERE name = 'outcomes';
DROP TABLE outcomes;
ALTER TABLE outcomes_new RENAME TO outcomes;
CREATE INDEX outcomes_of ON outcomes (proposal_id, number);
CREATE INDEX outcomes_by_time ON outcomes (time);
CREATE TRIGGER outcomes_are_final BEFORE UPDATE ON outcomes
BEGIN SELECT RAISE(ABORT, 'outcomes are append-only'); END;

CREATE INDEX proposals_of_task ON proposals (task) WHERE task IS NOT NULL;

CREATE TABLE consents (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    time      REAL NOT NULL,
    workspace TEXT NOT NULL,
    level     TEXT NOT NULL          -- in force from then on
);
CREATE INDEX consents_of ON consents (workspace, number);

-- Accepted changes whose text is looked at again; a row goes when nothing is left to measure.
CREATE TABLE watches (
    proposal_id TEXT PRIMARY KEY REFERENCES proposals(id) ON DELETE CASCADE,
    accepted_at REAL NOT NULL,
    files       TEXT NOT NULL        -- JSON; hashes of lines, never lines
) WITHOUT ROWID;

-- How many proposals stand where, by what they are grouped by: derived from the events, and
-- made anew from them when rows are forgotten.
CREATE TABLE tallies (
    workspace  TEXT NOT NULL,
    day        INTEGER NOT NULL,     -- days since 1970, UTC
    operations TEXT NOT NULL,
    recipe     TEXT NOT NULL,
    rung       TEXT NOT NULL,
    model      TEXT NOT NULL,
    language   TEXT NOT NULL,
    outcome    TEXT NOT NULL,        -- the latest
    n          INTEGER NOT NULL,
    n_timed    INTEGER NOT NULL,
    seconds    REAL NOT NULL,
    cost       REAL NOT NULL,
    tokens     INTEGER NOT NULL,
    PRIMARY KEY (workspace, day, operations, recipe, rung, model, language, outcome)
) WITHOUT ROWID;

CREATE TABLE versions (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    time    REAL NOT NULL,
    kind    TEXT NOT NULL,           -- ranking, reranker, rules, model
    body    BLOB NOT NULL,
    figures TEXT NOT NULL            -- JSON: what the gate measured
);
CREATE TABLE promotions (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    time    REAL NOT NULL,
    kind    TEXT NOT NULL,
    version INTEGER NOT NULL,        -- 0: what ships
    reason  TEXT NOT NULL
);

CREATE TABLE rules (
    id         TEXT PRIMARY KEY,     -- hash of language, pattern and rewrite
    time       REAL NOT NULL,
    language   TEXT NOT NULL,
    pattern    TEXT NOT NULL,
    rewrite    TEXT NOT NULL,
    title      TEXT NOT NULL,
    n          INTEGER NOT NULL,     -- edits that have this shape
    proposals  TEXT NOT NULL,        -- JSON list of the proposals it was mined from
    examples   TEXT NOT NULL,        -- JSON list of [before, after]
    state      TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
    decided_at REAL
) WITHOUT ROWID;
"""

_ALL_TALLIES = """
INSERT INTO tallies
SELECT p.workspace, CAST(p.time / 86400 AS INTEGER), p.operations, p.recipe, p.rung, p.model,
       p.language, o.outcome, count(*), count(p.seconds), total(p.seconds), total(p.cost),
       CAST(total(p.tokens) AS INTEGER)
FROM proposals p JOIN outcomes o ON o.number =
     (SELECT max(number) FROM outcomes WHERE proposal_id = p.id)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""


def tally_anew(connection: sqlite3.Connection) -> None:
    """Make `tallies` from the events."""
    connection.execute("DELETE FROM tallies")
    connection.execute(_ALL_TALLIES)


MIGRATIONS: tuple[str, ...] = (
    _M001_CREATE_EVENTS,
    _M002_CREATE_LATER_EVENTS,
    _M003_CREATE_OUTBOX,
    _M004_CREATE_LEARNING + _ALL_TALLIES + ";\n",
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
