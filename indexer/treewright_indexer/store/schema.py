"""The index file's schema: numbered migrations and the settings of every connection.

`PRAGMA user_version` counts the migrations that ran. The index is a cache: a file with more
of them than this program knows is rebuilt.
"""

from __future__ import annotations

from typing import Final

_M001_CREATE: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    change INTEGER NOT NULL,
    hash TEXT NOT NULL,
    language TEXT NOT NULL,
    extractor TEXT NOT NULL,
    n_references INTEGER NOT NULL,
    n_edges INTEGER NOT NULL
);
CREATE TABLE facts (file_id INTEGER PRIMARY KEY, blob BLOB NOT NULL);

-- Names are never deleted and their ids only grow, so that caches of them stay valid.
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE posting (name_id INTEGER NOT NULL, file_id INTEGER NOT NULL, refs BLOB NOT NULL);
CREATE INDEX posting_name ON posting (name_id);
CREATE INDEX posting_file ON posting (file_id);

CREATE TABLE symbol_name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE symbol (
    name_id INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name_start INTEGER NOT NULL,
    line INTEGER NOT NULL,
    column INTEGER NOT NULL,
    before TEXT NOT NULL,
    container TEXT NOT NULL
);
CREATE INDEX symbol_name_id ON symbol (name_id);
CREATE INDEX symbol_file ON symbol (file_id);

CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    kind TEXT NOT NULL
);
CREATE INDEX chunk_file ON chunk (file_id);
CREATE VIRTUAL TABLE word USING fts5(
    words, text, content='', contentless_delete=1, tokenize='porter unicode61'
);

CREATE TABLE skipped (
    path TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    change INTEGER NOT NULL
) WITHOUT ROWID;
"""

_M002_CHUNK_KEYS: Final = """
-- What is embedded for the chunk, as a hash: see store/vectors.py. Files are read again for it.
ALTER TABLE chunk ADD COLUMN key BLOB NOT NULL DEFAULT x'';
UPDATE file SET extractor = '';
"""

_M003_COLUMNS_AS_NUMBERS: Final = """
-- The text before a name, kept to count columns in other units, is all of a minified file.
DROP TABLE symbol;
CREATE TABLE symbol (
    name_id INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name_start INTEGER NOT NULL,
    line INTEGER NOT NULL,
    column INTEGER NOT NULL,
    n_continuation INTEGER NOT NULL,
    n_astral INTEGER NOT NULL,
    container TEXT NOT NULL
);
CREATE INDEX symbol_name_id ON symbol (name_id);
CREATE INDEX symbol_file ON symbol (file_id);
UPDATE file SET extractor = '';
"""

MIGRATIONS: Final[tuple[str, ...]] = (_M001_CREATE, _M002_CHUNK_KEYS, _M003_COLUMNS_AS_NUMBERS)

CONTENT_TABLES: Final = ("file", "facts", "posting", "symbol", "chunk", "skipped")
"""The tables that `clear` empties, beside the word index; names are kept."""

CONNECTION_PRAGMAS: Final = """
PRAGMA synchronous = NORMAL;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -32768;
PRAGMA journal_size_limit = 67108864;
"""
