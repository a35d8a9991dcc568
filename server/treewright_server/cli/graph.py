"""treewright graph: definitions, uses and neighbours of a symbol."""

from __future__ import annotations

from argparse import Namespace

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError
from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    folder_path,
    opened,
    painter,
    print_json,
)
from treewright_server.neighbours import rows


def run(arguments: Namespace) -> int:
    root = folder_path(arguments.path)
    with opened(root) as (workspace, _):
        try:
            found = rows(workspace.snapshot(), arguments.relation, arguments.symbol, CancelToken())
        except UnknownFileError:
            if arguments.json:
                print_json([])
            raise
    if arguments.json:
        print_json(found)
        return DONE if found else NOT_DONE
    paint = painter()
    for row in found:
        place = f"{row['path']}:{row['line']}:{row['column']}"
        where = f"{row['container']}.{row['name']}" if row["container"] else row["name"]
        note = f"{row['kind']} {row['confidence']}"
        print(f"{paint('cyan', place)}  {paint('bold', where)}  {paint('dim', note)}")
        if row["text"]:
            print(f"    {row['text']}")
    if not found:
        print(f"no {arguments.relation} of {arguments.symbol}")
    return DONE if found else NOT_DONE
