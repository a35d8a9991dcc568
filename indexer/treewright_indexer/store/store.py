"""Store: the index of one folder in SQLite. See `schema` for what the tables hold."""

from __future__ import annotations

import contextlib
import json
import marshal
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import apsw

from treewright_indexer.model import FileFacts
from treewright_indexer.search.symbols import rank_and_length
from treewright_indexer.store.bm25 import NAME_WEIGHT, TEXT_WEIGHT, score_of
from treewright_indexer.store.database import Database, clear
from treewright_indexer.store.names import Interner, SymbolNames
from treewright_indexer.store.rows import (
    ChunkRow,
    FileEntry,
    FileRow,
    PostingRow,
    SkippedRow,
    Stamp,
    SymbolRow,
)
from treewright_indexer.store.sqlite import Connection, scalar
from treewright_indexer.store.words import match_expression, query_phrases, telling_phrases

_BYTES_PER_WORD = 6
_MANY_CHUNKS = 150_000
_ASKED_AT_ONCE = 500
_NAMES_PER_LOT = 64
_BULK = 100
"""From so many files in a batch on, it is worth knowing every name."""
_STAMP = "file.size, file.mtime_ns, file.change"
_FILE_COLUMNS = f"file.id, file.path, {_STAMP}, file.hash, file.language, file.extractor"
_SYMBOL_COLUMNS = (
    "symbol_name.text, kind, name_start, line, symbol.column, n_continuation, n_astral, container"
)
_CHUNK_COLUMNS = "start, end, start_line, end_line, symbol, kind"


class Store:
    """See the module. Thread safe; another process may read and write the same file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = Interner("name")
        self._symbol_names = Interner("symbol_name")
        self._table = SymbolNames()

    @classmethod
    def open(
        cls,
        path: Path | None,
        *,
        on_problem: Callable[[str], None] = lambda message: None,
        on_reset: Callable[[], None] = lambda: None,
    ) -> Store:
        """Open or make the index at `path`; None keeps it in memory.

        Never fails for the file's sake: a corrupt or newer one is built anew, and where
        nothing can be written the index lives in memory; `on_problem` is told either.
        `on_reset` is called before and after a file that turned out broken in use is emptied.
        Both may be called from any thread.
        """
        return cls(Database(path, on_problem, on_reset))

    @property
    def path(self) -> Path | None:
        """The file, or None when the index is in memory."""
        return None if self._database.in_memory else self._database.path

    @property
    def generation(self) -> int:
        """Differs after every committed write, by this process or another."""
        return self._database.version()

    def settle(self) -> None:
        """Bulk work is over: give back the memory and the disk space that it needed."""
        self._database.write(lambda connection: self._forget())
        self._database.checkpoint()

    def _forget(self) -> None:
        self._names.forget()
        self._symbol_names.forget()

    def verify(self) -> bool:
        """Look at every page of the file; a damaged one is emptied, as `on_reset` then says."""
        return self._database.verify()

    def size(self) -> int:
        """Bytes on disk, what is not yet merged into the file included; 0 in memory."""
        path = self.path
        if path is None:
            return 0
        sizes = 0
        for suffix in ("", "-wal"):
            with contextlib.suppress(OSError):
                sizes += path.with_name(path.name + suffix).stat().st_size
        return sizes

    def close(self) -> None:
        """Readers still at work finish; later calls raise StoreError."""
        self._database.close()

    # ---------------------------------------------------------------- writing

    def apply(
        self,
        *,
        put: Iterable[FileEntry] = (),
        touched: Iterable[tuple[str, Stamp]] = (),
        deleted: Iterable[str] = (),
        skipped: Iterable[SkippedRow] = (),
    ) -> None:
        """One transaction. `touched` gives files whose text is the same a new stamp.

        A file that becomes skipped leaves the index, and one that is put is skipped no more.
        Raises StoreError.
        """
        entries = list({entry.path: entry for entry in put}.values())
        touches = [(path, *stamp) for path, stamp in touched]
        gone, left_out = list(deleted), list(skipped)

        def work(connection: Connection) -> None:
            for path in gone:
                _delete(connection, path)
            for row in left_out:
                _delete(connection, row.path)
                connection.execute(
                    "INSERT INTO skipped VALUES (?, ?, ?, ?, ?)", (*row[:2], *row.stamp)
                )
            connection.executemany(
                "UPDATE file SET size = ?2, mtime_ns = ?3, change = ?4 WHERE path = ?1", touches
            )
            if entries:
                self._put(connection, entries)

        if entries or touches or gone or left_out:
            try:
                self._database.write(work)
            except BaseException:
                self._forget()
                raise

    def put_files(self, entries: Iterable[FileEntry]) -> None:
        self.apply(put=entries)

    def delete_files(self, paths: Iterable[str]) -> None:
        self.apply(deleted=paths)

    def clear(self) -> None:
        self._database.write(clear)

    def meta(self, key: str) -> str:
        """A note kept with the index; '' when there is none."""
        rows = self._database.query("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else ""

    def keep_names(self) -> None:
        """Keep the names of symbols ready made, if many are new since that was done last."""

        self._database.write(self._table.keep)

    def set_meta(self, key: str, value: str) -> None:
        self._database.write(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value)
            )
        )

    def _put(self, connection: Connection, entries: list[FileEntry]) -> None:
        bulk = len(entries) >= _BULK
        names = (name for e in entries for name in e.postings)
        name_ids = self._names.ids(connection, names, bulk=bulk)
        names = (symbol[0] for e in entries for symbol in e.symbols)
        symbol_ids = self._symbol_names.ids(connection, names, bulk=bulk)
        file_ids = _make_way(connection, [entry.path for entry in entries])
        next_chunk = _next_chunk(connection)
        files: list[tuple[Any, ...]] = []
        facts: list[tuple[int, bytes]] = []
        postings: list[tuple[int, int, bytes]] = []
        symbols: list[tuple[Any, ...]] = []
        chunks: list[tuple[Any, ...]] = []
        words: list[tuple[int, str, bytes]] = []
        for file_id, entry in zip(file_ids, entries, strict=True):
            n_references = sum(map(len, entry.postings.values())) // 8
            files.append(
                (
                    *(file_id, entry.path, *entry.stamp, entry.hash, entry.language),
                    *(entry.extractor, n_references, entry.n_edges),
                )
            )
            if entry.facts:
                facts.append((file_id, entry.facts))
            postings += [(name_ids[name], file_id, refs) for name, refs in entry.postings.items()]
            symbols += [(symbol_ids[s[0]], file_id, *s[1:]) for s in entry.symbols]
            for chunk in entry.chunks:
                chunks.append((next_chunk, file_id, *chunk[:7]))
                words.append((next_chunk, chunk.words, chunk.text))
                next_chunk += 1
        postings.sort()  # the index on names grows in one place at a time
        for table, rows in (
            ("file", files),
            ("facts", facts),
            ("posting", postings),
            ("symbol", symbols),
            ("chunk", chunks),
        ):
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.executemany("INSERT INTO word (rowid, words, text) VALUES (?, ?, ?)", words)
        connection.execute(
            "INSERT OR REPLACE INTO meta VALUES ('next_chunk', ?)", (str(next_chunk),)
        )

    # ---------------------------------------------------------------- files

    def files(self) -> dict[str, FileRow]:
        """Every indexed file by path."""
        rows = self._database.query(f"SELECT {_FILE_COLUMNS} FROM file")
        return {row[1]: _file_row(row) for row in rows}

    def paths(self) -> list[str]:
        """Every indexed file."""
        return [row[0] for row in self._database.query("SELECT path FROM file ORDER BY path")]

    def file(self, path: str) -> FileRow | None:
        rows = self._database.query(f"SELECT {_FILE_COLUMNS} FROM file WHERE path = ?", (path,))
        return _file_row(rows[0]) if rows else None

    def paths_at(self, path: str) -> list[str]:
        """The file `path`, or every file below the folder `path`, indexed or skipped."""
        bounds = (path, path + "/", path + "0")  # "0" follows "/"
        sql = "SELECT path FROM {} WHERE path = ?1 OR (path > ?2 AND path < ?3)"
        rows = self._database.query(f"{sql.format('file')} UNION {sql.format('skipped')}", bounds)
        return [row[0] for row in rows]

    def facts(self, path: str, with_postings: bool = False) -> tuple[FileRow, FileFacts] | None:
        """A file with its facts; None when it is not indexed or has no language."""
        sql = (
            f"SELECT {_FILE_COLUMNS}, blob FROM file JOIN facts ON file.id = file_id WHERE path = ?"
        )

        def work(connection: Connection) -> tuple[FileRow, bytes, dict[str, bytes]] | None:
            connection.execute("BEGIN")  # one state of the file for both queries
            try:
                rows = connection.execute(sql, (path,)).fetchall()
                if not rows:
                    return None
                row = _file_row(rows[0][:-1])
                postings: dict[str, bytes] = {}
                if with_postings:
                    found = connection.execute(
                        "SELECT text, refs FROM posting JOIN name ON name.id = name_id"
                        " WHERE file_id = ?",
                        (row.id,),
                    )
                    postings = dict(found.fetchall())
                return row, rows[0][-1], postings
            finally:
                connection.execute("ROLLBACK")

        found = self._database.read(work)
        return (found[0], FileFacts.from_bytes(found[1], found[2])) if found is not None else None

    def skipped(self) -> list[tuple[str, str]]:
        """(path, reason) of each file that is not indexed, by path."""
        return self._database.query("SELECT path, reason FROM skipped ORDER BY path")  # type: ignore[return-value]

    def skipped_rows(self) -> dict[str, SkippedRow]:
        rows = self._database.query("SELECT path, reason, size, mtime_ns, change FROM skipped")
        return {row[0]: SkippedRow(row[0], row[1], Stamp(*row[2:])) for row in rows}

    def counts(self) -> dict[str, int]:
        """files, symbols, references, edges, chunks, bytes."""
        rows = self._database.query(
            "SELECT count(*), (SELECT count(*) FROM symbol), ifnull(sum(n_references), 0),"
            " ifnull(sum(n_edges), 0), (SELECT count(*) FROM chunk), ifnull(sum(size), 0) FROM file"
        )
        keys = ("files", "symbols", "references", "edges", "chunks", "bytes")
        return dict(zip(keys, rows[0], strict=True))

    # ---------------------------------------------------------------- names

    def postings(self, name: str) -> list[PostingRow]:
        """The uses of `name` in every file, by path."""
        rows = self._database.query(
            f"SELECT path, {_STAMP}, hash, refs FROM name JOIN posting ON name_id = name.id"
            " JOIN file ON file.id = file_id WHERE text = ? ORDER BY path",
            (name,),
        )
        return [PostingRow(row[0], Stamp(*row[1:4]), *row[4:]) for row in rows]

    def postings_in(self, path: str, name: str) -> PostingRow | None:
        """The uses of `name` in one file; None for a file without facts."""
        rows = self._database.query(
            f"SELECT path, {_STAMP}, hash, ifnull((SELECT refs FROM posting WHERE file_id = file.id"
            "  AND name_id = (SELECT id FROM name WHERE text = ?2)), x'')"
            " FROM file WHERE path = ?1 AND language <> ''",
            (path, name),
        )
        return PostingRow(rows[0][0], Stamp(*rows[0][1:4]), *rows[0][4:]) if rows else None

    def symbols_named(self, name: str) -> list[SymbolRow]:
        """Every definition of exactly `name`, by path and position."""
        return self._database.read(lambda connection: _symbols_named(connection, name))

    def symbols_matching(self, query: str, limit: int) -> list[SymbolRow]:
        """The best `limit` definitions whose name the letters of `query` match; see `rank_of`.

        Of a dotted query the last part is the name and the one before it the container's.
        """
        container, _, name = query.rpartition(".")
        container = container.rpartition(".")[2]

        def work(connection: Connection) -> list[SymbolRow]:
            ranked = self._table.ranked(connection, self._database.epoch, name)
            found: list[SymbolRow] = []
            for group in _in_lots(ranked):
                rows = _symbols_of(connection, [each for alike in group for each in alike])
                for alike in group:
                    some = [row for each in alike for row in rows[each]]
                    if container:
                        some = [row for row in some if row.container == container]
                    found += sorted(some, key=_by_place)
                if len(found) >= limit:
                    break
            return found[:limit]

        return self._database.read(work)

    # ---------------------------------------------------------------- words

    def search_words(self, query: str, limit: int) -> list[ChunkRow]:
        """The best `limit` chunks that hold any word of `query`, by BM25 over name and text."""
        phrases = query_phrases(query)
        if not phrases or limit <= 0:
            return []
        newest = self._database.query("SELECT ifnull(max(id), 0) FROM chunk")[0][0]
        if newest > _MANY_CHUNKS:  # a word costs as much as it has chunks
            phrases = telling_phrases(phrases)
        rows = self._database.query(
            f"SELECT path, {_STAMP}, {_CHUNK_COLUMNS}, -score, chunk.id FROM"
            " (SELECT rowid AS id, bm25(word, ?, ?) AS score FROM word WHERE word MATCH ?"
            "  ORDER BY score LIMIT ?) AS hit"
            " JOIN chunk ON chunk.id = hit.id JOIN file ON file.id = file_id"
            " ORDER BY score, file.path, start",
            (NAME_WEIGHT, TEXT_WEIGHT, match_expression(phrases), limit),
        )
        return [ChunkRow(row[0], Stamp(*row[1:4]), *row[4:]) for row in rows]

    def score_words(self, query: str, texts: Sequence[tuple[str, bytes]]) -> list[float]:
        """What `search_words` would score texts that are not in the index; 0.0 without a match.

        Each text is (words, text) of a ChunkEntry. The same formula over the index's own
        frequencies, with lengths estimated from bytes, so that unsaved text ranks among the rest.
        """
        phrases = query_phrases(query)
        if not phrases or not texts:
            return [0.0] * len(texts)

        def work(connection: Connection) -> list[float]:
            tokenizer = connection.fts5_tokenizer("porter", ["unicode61"])

            def tokens(text: bytes) -> list[str]:
                found = tokenizer(text, apsw.FTS5_TOKENIZE_DOCUMENT, None)
                return [word for item in found for word in item[2:]]

            n_rows, n_bytes = connection.execute(
                "SELECT count(*), ifnull(sum(end - start), 0) FROM chunk"
            ).fetchall()[0]
            average = max(1.0, n_bytes / max(1, n_rows) / _BYTES_PER_WORD)
            wanted: dict[tuple[str, ...], float] = {}
            for phrase in phrases:
                n_hits: int = scalar(
                    connection, "SELECT count(*) FROM word WHERE word MATCH ?", (f'"{phrase}"',)
                )
                weight = math.log((n_rows - n_hits + 0.5) / (n_hits + 0.5)) if n_rows else 1.0
                wanted[tuple(tokens(phrase.encode()))] = max(weight, 1e-6)
            return [
                score_of(wanted, tokens(words.encode("utf-8", "replace")), tokens(text), average)
                for words, text in texts
            ]

        return self._database.read(work)

    # ---------------------------------------------------------------- chunks by number

    def chunk_ids(self) -> list[int]:
        """Every chunk's number, ascending. A changed file's chunks get new, higher ones."""
        return [row[0] for row in self._database.query("SELECT id FROM chunk ORDER BY id")]

    def chunk_keys(self, above: int, limit: int) -> list[tuple[int, bytes]]:
        """(number, key) of the next `limit` chunks whose number is higher than `above`."""
        return self._database.query(
            "SELECT id, key FROM chunk WHERE id > ? ORDER BY id LIMIT ?", (above, limit)
        )  # type: ignore[return-value]

    def chunks(self, ids: Iterable[int]) -> dict[int, ChunkRow]:
        """The chunks of those numbers that still exist, with score 0."""
        wanted = ",".join(str(int(number)) for number in ids)
        rows = self._database.query(
            f"SELECT chunk.id, path, {_STAMP}, {_CHUNK_COLUMNS}, 0.0, chunk.id FROM chunk"
            f" JOIN file ON file.id = file_id WHERE chunk.id IN ({wanted})"
        )
        return {row[0]: ChunkRow(row[1], Stamp(*row[2:5]), *row[5:]) for row in rows}

    def chunk_at(self, path: str, offset: int) -> ChunkRow | None:
        """The smallest chunk of the file that holds the byte."""
        rows = self._database.query(
            f"SELECT path, {_STAMP}, {_CHUNK_COLUMNS}, 0.0, chunk.id FROM chunk"
            " JOIN file ON file.id = file_id WHERE path = ?1 AND start <= ?2 AND end > ?2"
            " ORDER BY end - start LIMIT 1",
            (path, offset),
        )
        return ChunkRow(rows[0][0], Stamp(*rows[0][1:4]), *rows[0][4:]) if rows else None

    # ---------------------------------------------------------------- tests and repair

    def dump(self) -> dict[str, Any]:
        """All content independent of ids, so that two indexes of the same files compare equal."""

        def work(connection: Connection) -> dict[str, Any]:
            connection.execute("BEGIN")
            try:
                return _dump(connection)
            finally:
                connection.execute("ROLLBACK")

        return self._database.read(work)

    def check(self) -> list[str]:
        """What SQLite's own integrity checks find wrong; [] when the file is whole."""

        def work(connection: Connection) -> list[str]:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check").fetchall()]
            problems = [message for message in found if message != "ok"]
            orphans = scalar(
                connection,
                "SELECT (SELECT count(*) FROM posting WHERE file_id NOT IN (SELECT id FROM file))"
                " + (SELECT count(*) FROM symbol WHERE file_id NOT IN (SELECT id FROM file))"
                " + (SELECT count(*) FROM chunk WHERE file_id NOT IN (SELECT id FROM file))"
                " + (SELECT count(*) FROM facts WHERE file_id NOT IN (SELECT id FROM file))",
            )
            return problems + ([f"{orphans} rows without a file"] if orphans else [])

        return self._database.read(work)


def _next_chunk(connection: Connection) -> int:
    """The number of the next chunk: higher than that of any chunk there ever was."""
    rows = connection.execute("SELECT value FROM meta WHERE key = 'next_chunk'").fetchall()
    return int(rows[0][0]) if rows else 1


def _make_way(connection: Connection, paths: list[str]) -> list[int]:
    """Delete all that is kept of the files; the ids they shall have, the old ones where known."""
    # Before anything is deleted: ids of known files are used again.
    next_id: int = scalar(connection, "SELECT ifnull(max(id), 0) + 1 FROM file")
    known: dict[str, int] = {}
    for start in range(0, len(paths), _ASKED_AT_ONCE):
        some = paths[start : start + _ASKED_AT_ONCE]
        marks = ",".join("?" * len(some))
        known.update(connection.execute(f"SELECT path, id FROM file WHERE path IN ({marks})", some))
    for file_id in known.values():
        _delete_content(connection, file_id)
    connection.executemany("DELETE FROM file WHERE id = ?", [(id,) for id in known.values()])
    connection.executemany("DELETE FROM skipped WHERE path = ?", [(path,) for path in paths])
    new = (path for path in dict.fromkeys(paths) if path not in known)
    known.update((path, next_id + offset) for offset, path in enumerate(new))
    return [known[path] for path in paths]


def _delete(connection: Connection, path: str) -> None:
    connection.execute("DELETE FROM skipped WHERE path = ?", (path,))
    for (file_id,) in connection.execute("SELECT id FROM file WHERE path = ?", (path,)).fetchall():
        _delete_content(connection, file_id)
        connection.execute("DELETE FROM file WHERE id = ?", (file_id,))


def _delete_content(connection: Connection, file_id: int) -> None:
    """Everything of one file but its row."""
    connection.execute(
        "DELETE FROM word WHERE rowid IN (SELECT id FROM chunk WHERE file_id = ?)", (file_id,)
    )
    for table in ("facts", "posting", "symbol", "chunk"):
        connection.execute(f"DELETE FROM {table} WHERE file_id = ?", (file_id,))


def _in_lots(ranked: Iterable[tuple[int, str]]) -> Iterator[list[list[str]]]:
    """Names of one rank and length together, and as many such groups as one query asks for."""
    lot: list[list[str]] = []
    n_names = 0
    for _, alike in groupby(ranked, key=rank_and_length):
        lot.append([name for _, name in alike])
        n_names += len(lot[-1])
        if n_names >= _NAMES_PER_LOT:
            yield lot
            lot, n_names = [], 0
    if lot:
        yield lot


def _by_place(row: SymbolRow) -> tuple[str, int]:
    return row.path, row.name_start


def _symbols_of(connection: Connection, names: list[str]) -> dict[str, list[SymbolRow]]:
    """Every definition of each of the names, in no order."""
    found: dict[str, list[SymbolRow]] = {name: [] for name in names}
    for path, size, mtime_ns, change, *rest in connection.execute(
        f"SELECT file.path, {_STAMP}, {_SYMBOL_COLUMNS}"
        " FROM json_each(?) AS wanted JOIN symbol_name ON symbol_name.text = wanted.value"
        " JOIN symbol ON name_id = symbol_name.id JOIN file ON file.id = file_id",
        (json.dumps(names),),
    ).fetchall():
        found[rest[0]].append(SymbolRow(path, Stamp(size, mtime_ns, change), *rest))
    return found


def _symbols_named(connection: Connection, name: str) -> list[SymbolRow]:
    return sorted(_symbols_of(connection, [name])[name], key=_by_place)


def _file_row(row: tuple[Any, ...]) -> FileRow:
    id, path, size, mtime_ns, change, hash, language, extractor = row
    return FileRow(id, path, Stamp(size, mtime_ns, change), hash, language, extractor)


def _dump(connection: Connection) -> dict[str, Any]:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    files: dict[str, Any] = {}
    for path, *values in rows(
        "SELECT path, size, mtime_ns, change, hash, language, extractor, n_references, n_edges"
        " FROM file"
    ):
        files[path] = {"row": values, "postings": {}, "symbols": [], "chunks": [], "facts": b""}
    for path, blob in rows("SELECT path, blob FROM facts JOIN file ON file.id = file_id"):
        # Equal values need not be equal bytes: `marshal` writes what is shared only once.
        files[path]["facts"] = marshal.loads(blob)
    for path, name, refs in rows(
        "SELECT path, text, refs FROM posting JOIN name ON name.id = name_id"
        " JOIN file ON file.id = file_id"
    ):
        files[path]["postings"][name] = refs
    for path, *symbol in rows(
        f"SELECT path, {_SYMBOL_COLUMNS} FROM symbol JOIN symbol_name ON symbol_name.id = name_id"
        " JOIN file ON file.id = file_id ORDER BY file.path, name_start, text, kind"
    ):
        files[path]["symbols"].append(tuple(symbol))
    words: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, word, instance)")
    for term, chunk_id, column, offset in rows("SELECT * FROM temp.vocabulary"):
        words[chunk_id].append((term, column, offset))
    connection.execute("DROP TABLE temp.vocabulary")
    for path, chunk_id, *chunk in rows(
        "SELECT path, chunk.id, start, end, start_line, end_line, symbol, kind FROM chunk"
        " JOIN file ON file.id = file_id ORDER BY path, start, end, symbol"
    ):
        files[path]["chunks"].append((*chunk, sorted(words.pop(chunk_id, []))))
    return {
        "files": files,
        "skipped": rows("SELECT path, reason FROM skipped ORDER BY path"),
        "words of no chunk": sorted(words),
    }
