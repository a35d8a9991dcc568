"""treewright index: bring a folder's index up to date and count what is in it."""

from __future__ import annotations

import time
from argparse import Namespace

from treewright_server.cli.support import (
    DONE,
    folder_path,
    opened,
    painter,
    print_json,
    print_pairs,
)


def run(arguments: Namespace) -> int:
    root = folder_path(arguments.path)
    started = time.perf_counter()
    with opened(root, rebuild=arguments.rebuild) as (_, folder):
        seconds = time.perf_counter() - started
        counts = dict(folder.store.counts())
        skipped = [{"path": path, "reason": reason} for path, reason in folder.store.skipped()]
    result = {
        name: counts.get(name, 0)
        for name in ("files", "symbols", "references", "edges", "chunks", "bytes")
    }
    result |= {"skipped": skipped, "seconds": {"total": round(seconds, 3)}}
    if arguments.json:
        print_json(result)
        return DONE
    paint = painter()
    print(paint("bold", root))
    shown = {name: value for name, value in result.items() if isinstance(value, int)}
    print_pairs({**shown, "seconds": f"{seconds:.2f}"}, paint)
    if skipped:
        print(paint("yellow", f"{len(skipped)} skipped"))
        for row in skipped[:20]:
            print(f"  {row['path']}  {paint('dim', row['reason'])}")
        if len(skipped) > 20:
            print(paint("dim", f"  and {len(skipped) - 20} more (--json lists all)"))
    return DONE
