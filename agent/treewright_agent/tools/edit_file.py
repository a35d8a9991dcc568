"""edit_file: the operation `replace_text` under the name and arguments that agents know.

Five modes that exclude each other: whole text, unified diff, insertion after a line, replacement of
lines, search and replace. Lines count from 0, as on the wire. The draft's log holds the operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.operations import run
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolError, Trouble, tool
from treewright_indexer.errors import ArgumentsError, InvalidPositionError, RefusedError

OPERATION = "replace_text"


@tool(Effect.EDITS, "edit")
def edit_file(
    bench: Bench,
    file_path: str,
    new_content: str | None = None,
    diff_patch: str | None = None,
    insert_after_line: int = -1,
    replace_lines: tuple[int, int] | None = None,
    insert_at_top: bool = False,
    search: str | None = None,
    replace: str | None = None,
) -> dict[str, Any]:
    """Edit one file by text, in exactly one way: new_content alone writes the whole file (for new
    or very small ones); search with replace exchanges a text that stands there once; insert_after_line
    or insert_at_top with new_content inserts lines; replace_lines with new_content replaces lines;
    diff_patch applies a unified diff.

    Args:
    file_path: relative to the workspace root; folders are made
    new_content: the whole text, or the lines to put in
    diff_patch: hunks of a unified diff with exact context
    insert_after_line: line to insert behind, from 0
    replace_lines: first and last line, from 0, both included
    insert_at_top: insert new_content before the first line
    search: exact text that stands in the file once
    replace: what takes its place
    """
    path = bench.path(file_path)
    given: dict[str, Any] = {
        "new_content": new_content,
        "diff_patch": diff_patch,
        "insert_after_line": None if insert_after_line == -1 else insert_after_line,
        "replace_lines": None if replace_lines is None else list(replace_lines),
        "insert_at_top": insert_at_top or None,
        "search": search,
        "replace": replace,
    }
    arguments = operation_arguments({k: v for k, v in given.items() if v is not None})
    if not bench.snapshot.exists(path) and "content" not in arguments and "patch" not in arguments:
        bench.file(file_path)  # says that there is none, and what may have been meant
    try:
        change = run(OPERATION, {"path": path, **arguments}, bench.snapshot, bench.token)
    except (ArgumentsError, InvalidPositionError) as error:
        lines = "lines" in arguments or "after_line" in arguments
        raise ToolError(
            _own_words(str(error)), Trouble.RANGE if lines else Trouble.ARGUMENTS
        ) from error
    except RefusedError as error:
        raise ToolError(_own_words(str(error)), Trouble.NOT_FOUND) from error
    row = bench.edit(Call(OPERATION, {"path": bench.shown(path), **arguments}), change)
    row["message"] = f"{row['edits']} edits in {bench.shown(path)}"
    return row


def operation_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `replace_text`, without the path. Raises ToolError for a combination that is none."""
    content = given.get("new_content")
    modes: dict[frozenset[str], dict[str, Any]] = {
        frozenset({"new_content"}): {"content": content},
        frozenset({"diff_patch"}): {"patch": given.get("diff_patch")},
        frozenset({"insert_after_line", "new_content"}): {
            "after_line": given.get("insert_after_line"), "new": content,
        },
        frozenset({"insert_at_top", "new_content"}): {"after_line": -1, "new": content},
        frozenset({"replace_lines", "new_content"}): {
            "lines": given.get("replace_lines"), "new": content,
        },
        frozenset({"search", "replace"}): {"old": given.get("search"), "new": given.get("replace")},
    }  # fmt: skip
    found = modes.get(frozenset(given))
    if found is None:
        raise ToolError(
            f"{', '.join(sorted(given)) or 'no mode'}: give new_content alone, or diff_patch alone,"
            " or search with replace, or new_content with one of insert_after_line, insert_at_top,"
            " replace_lines",
            Trouble.COMBINATION,
        )
    return found


_WORDS = (
    ("replace_text: after_line", "insert_after_line"),
    ("replace_text: lines", "replace_lines"),
    ("replace_text: ", ""),
)


def _own_words(message: str) -> str:
    """The operation's message in the words of this tool's arguments."""
    for theirs, ours in _WORDS:
        if message.startswith(theirs):
            return ours + message[len(theirs) :]
    return message


TOOLS = (edit_file,)
