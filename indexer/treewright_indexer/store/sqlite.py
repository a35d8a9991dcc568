"""The connection that the store works with: apsw's, with types that say what comes out.

apsw's own stubs leave the values of a row unknown to a type checker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import apsw

BROKEN = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)
"""Raised for a file that is no database, or a damaged one."""

Row = tuple[Any, ...]
Tokenizer = Callable[[bytes, int, str | None], list[tuple[Any, ...]]]


class Cursor(Protocol):
    def __iter__(self) -> Iterator[Row]: ...
    def fetchall(self) -> list[Row]: ...


class Connection(Protocol):
    """What the store uses of apsw.Connection; as a context manager it is one transaction."""

    @property
    def in_transaction(self) -> bool: ...
    def execute(self, statements: str, bindings: Sequence[Any] | None = None) -> Cursor: ...
    def executemany(self, statements: str, bindings: Iterable[Sequence[Any]]) -> Cursor: ...
    def fts5_tokenizer(self, name: str, args: list[str]) -> Tokenizer: ...
    def set_busy_timeout(self, milliseconds: int) -> None: ...
    def set_busy_handler(self, callable: Callable[[int], bool]) -> None: ...
    def interrupt(self) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Any: ...
    def __exit__(self, *_: Any) -> Any: ...


def connect(path: Path | str, flags: int | None = None) -> Connection:
    """Raises apsw.Error."""
    if flags is None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    return cast("Connection", apsw.Connection(str(path), flags=flags))


def scalar(connection: Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    """The first value of the first row."""
    return connection.execute(sql, bindings).fetchall()[0][0]
