"""treewright search: find code by words; one query, or a stream of them with --batch."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import Any

import msgspec

from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    folder_path,
    opened,
    painter,
    print_json,
    usage,
)


class Query(msgspec.Struct):
    """One line of --batch."""

    query: str
    id: str | int | None = None
    k: int = 10


def run(arguments: Namespace) -> int:
    root = folder_path(arguments.path)
    if arguments.k < 1:
        usage("-k must be 1 or more")
    if arguments.batch:
        if arguments.query is not None:
            usage("--batch takes its queries from standard input")
        return _batch(root)
    if arguments.query is None:
        usage("QUERY is missing")
    from treewright_indexer.search.lexical import search

    with opened(root) as (workspace, _):
        hits = search(workspace.snapshot(), arguments.query, arguments.k)
    if arguments.json:
        print_json([hit._asdict() for hit in hits])
    else:
        _show([hit._asdict() for hit in hits])
    return DONE if hits else NOT_DONE


def _show(hits: list[dict[str, Any]]) -> None:
    paint = painter()
    for hit in hits:
        place = f"{hit['path']}:{hit['start_line']}-{hit['end_line']}"
        head = f"{paint('cyan', place)}  {paint('bold', hit['symbol'] or '')}"
        note = f"{hit['kind']} {hit['score']:.2f}"
        print(f"{head}  {paint('dim', note)}")
        for line in hit["snippet"].split("\n")[:6]:
            print(f"    {line}")


def _batch(root: str) -> int:
    from treewright_indexer.search.lexical import search

    started = time.perf_counter()
    with opened(root) as (workspace, folder):
        counts = folder.store.counts()
        print_json(
            {
                "ready": True,
                "files": counts.get("files", 0),
                "chunks": counts.get("chunks", 0),
                "mode": "lexical",
                "seconds": round(time.perf_counter() - started, 3),
            }
        )
        for line in sys.stdin:
            if not line.strip():
                continue
            try:
                query = msgspec.json.decode(line, type=Query)
            except (msgspec.DecodeError, UnicodeError) as error:
                print_json({"id": _id_of(line), "error": str(error)})
                continue
            begun = time.perf_counter()
            hits = search(workspace.snapshot(), query.query, max(1, min(query.k, 1000)))
            print_json(
                {
                    "id": query.id,
                    "results": [hit._asdict() for hit in hits],
                    "ms": round(1000 * (time.perf_counter() - begun), 3),
                }
            )
    return DONE


def _id_of(line: str) -> Any:
    """The id of a line that is no query, when it can be read at all."""
    try:
        given = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return given.get("id") if isinstance(given, dict) else None
