"""Tools that read files: read_file, list_files, search_text."""

from __future__ import annotations

import fnmatch
import os
import re
from typing import Annotated, Any

import msgspec

from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolError, Trouble, tool
from treewright_indexer.errors import TreewrightError

Count = Annotated[int, msgspec.Meta(ge=0)]
Line = Annotated[int, msgspec.Meta(ge=1)]


@tool(Effect.READS, "read")
def read_file(
    bench: Bench,
    file_path: str,
    start: Count = 0,
    end: Annotated[int, msgspec.Meta(ge=-1)] = 4000,
    start_line: Line | None = None,
    end_line: Line | None = None,
) -> dict[str, Any]:
    """Read a part of a file, with unsaved and pending edits in it. By default its first 4000
    characters; with start_line, whole lines.

    Args:
    file_path: relative to the workspace root
    start: first character, from 0
    end: character to stop before; -1 reads to the end
    start_line: first line, from 1; wins over start and end
    end_line: last line, included; default 200 lines from start_line
    """
    _, text = bench.file(file_path)
    string = text.string
    if start_line is not None or end_line is not None:
        first = start_line or 1
        last = min(end_line or first + 199, text.n_lines)
        if first > text.n_lines:
            raise ToolError(f"line {first}: the file has {text.n_lines} lines", Trouble.RANGE)
        if last < first:
            raise ToolError(f"end_line {end_line} is before start_line {first}", Trouble.RANGE)
        span_start = text.line_span(first - 1).start
        span_end = text.line_span(last - 1, with_break=True).end
        content = text.data[span_start:span_end].decode("utf-8", "replace")
        return {
            "content": content,
            "start_line": first,
            "end_line": last,
            "total_lines": text.n_lines,
            "truncated": first > 1 or last < text.n_lines,
        }
    stop = len(string) if end == -1 else end
    content = string[start:stop]
    row: dict[str, Any] = {
        "content": content,
        "total_characters": len(string),
        "total_lines": text.n_lines,
        "truncated": start > 0 or stop < len(string),
    }
    if stop < len(string):
        row["message"] = f"characters {start}:{stop} of {len(string)}"
    return row


@tool(Effect.READS, "read")
def list_files(
    bench: Bench, pattern: str = "*", limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
) -> dict[str, Any]:
    """List the workspace's files (ignored ones left out) whose path fits a glob pattern.

    Args:
    pattern: `*.py`, `src/**/test_*.py`; without a slash it is matched against the name
    limit: at most this many
    """
    shown = sorted(bench.shown(path) for path in bench.snapshot.files())
    if "/" in pattern:
        wanted = re.compile(_glob(pattern))
        found = [path for path in shown if wanted.fullmatch(path)]
    else:
        found = [path for path in shown if fnmatch.fnmatchcase(os.path.basename(path), pattern)]
    return {"files": found[:limit], "total": len(found), "truncated": len(found) > limit}


def _glob(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./"))
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(meaning.get(part, re.escape(part)) for part in parts)


@tool(Effect.READS, "find")
def search_text(
    bench: Bench,
    pattern: str,
    file_pattern: str = "*",
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Find the lines that a regular expression matches, in files of the workspace.

    Args:
    pattern: a Python regular expression
    file_pattern: glob for the files, as for list_files
    limit: at most this many lines
    """
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise ToolError(f"pattern: {error}", Trouble.ARGUMENTS) from error
    in_path = re.compile(_glob(file_pattern)) if "/" in file_pattern else None
    rows: list[dict[str, Any]] = []
    for path in sorted(bench.snapshot.files()):
        bench.token.check()
        shown = bench.shown(path)
        fits = (
            in_path.fullmatch(shown)
            if in_path
            else fnmatch.fnmatchcase(os.path.basename(path), file_pattern)
        )
        if not fits:
            continue
        try:
            text = bench.snapshot.text(path)
        except TreewrightError:
            continue
        for number, line in enumerate(text.string.split("\n"), 1):
            if len(line) < 2_000 and wanted.search(line):
                rows.append({"file": shown, "line": number, "text": line.strip()[:200]})
                if len(rows) >= limit:
                    return {"matches": rows, "truncated": True}
    return {"matches": rows}


TOOLS = (read_file, list_files, search_text)
