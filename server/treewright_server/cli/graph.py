"""treewright graph: definitions, uses and neighbours of a symbol."""

from __future__ import annotations

from argparse import Namespace

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError
from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    UsageError,
    folder_path,
    opened,
    painter,
    print_json,
)
from treewright_server.neighbours import WITHOUT_SYMBOL, rows


def run(arguments: Namespace) -> int:
    if not arguments.symbol and arguments.relation not in WITHOUT_SYMBOL:
        raise UsageError(f"treewright graph PATH {arguments.relation} needs a SYMBOL")
    if arguments.relation == "path" and not arguments.to:
        raise UsageError("treewright graph PATH path needs two SYMBOLs: from and to")
    root = folder_path(arguments.path)
    with opened(root) as (workspace, _):
        try:
            found = rows(
                workspace.snapshot(), arguments.relation, arguments.symbol or "", CancelToken(),
                to=arguments.to or "", depth=arguments.depth, limit=arguments.limit,
            )  # fmt: skip
        except UnknownFileError:
            if arguments.json:
                print_json([])
            raise
    if arguments.json:
        print_json(found)
        return DONE if found else NOT_DONE
    paint = painter()
    for row in found:
        if "files" in row:
            print(" → ".join([*row["files"], row["files"][0]]))
            continue
        place = f"{row['path']}:{row['line']}:{row['column']}"
        where = f"{row['container']}.{row['name']}" if row["container"] else row["name"]
        note = f"{row['kind']} {row['confidence']}"
        note += "".join(f" {key} {row[key]}" for key in ("depth", "score") if key in row)
        print(f"{paint('cyan', place)}  {paint('bold', where)}  {paint('dim', note)}")
        if row["text"]:
            print(f"    {row['text']}")
    if not found:
        print(f"no {arguments.relation}" + (f" of {arguments.symbol}" if arguments.symbol else ""))
    return DONE if found else NOT_DONE
