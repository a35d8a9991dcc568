"""The index on disk: SQLite through apsw, which only this package imports."""

from treewright_indexer.store.rows import (
    ChunkEntry,
    ChunkRow,
    FileEntry,
    FileRow,
    PostingRow,
    SkippedRow,
    Stamp,
    SymbolEntry,
    SymbolRow,
)
from treewright_indexer.store.store import Store

__all__ = [
    "ChunkEntry",
    "ChunkRow",
    "FileEntry",
    "FileRow",
    "PostingRow",
    "SkippedRow",
    "Stamp",
    "Store",
    "SymbolEntry",
    "SymbolRow",
]
