"""Addresses that every operation takes: a symbol or the exact code instead of a byte.

A plan that a person or a model writes ahead cannot count bytes of text that earlier steps have
yet to make. So `symbol` ("name", "Class.method", "package.module.name") stands for `path` and
`offset`, and `code` (text as it stands in the file of `path`, once, or once within `symbol`)
for the bytes `start` to `end` or for `offset`, wherever the operation itself takes no such
argument. Both are looked up in the snapshot that the step sees.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from treewright_agent.operations.targets import find_target
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

FIELDS = {
    "symbol": "`name`, `Class.method` or `package.module.name`, instead of a place",
    "code": "The exact code, where it stands once in the file (or in `symbol`), instead of bytes",
}


def offered(takes: Collection[str]) -> dict[str, str]:
    """Which of the addresses an operation with these arguments is given on top, described."""
    return {
        name: text
        for name, text in FIELDS.items()
        if name not in takes and ("offset" in takes or (name == "code" and "start" in takes))
    }


def addressed(
    name: str,
    given: Mapping[str, Any],
    takes: Collection[str],
    snapshot: Snapshot,
    token: CancelToken,
) -> dict[str, Any]:
    """The arguments with addresses turned to what the operation takes.

    Raises ArgumentsError that names the address, RefusedError where it names nothing or several.
    """
    arguments = dict(given)
    mine = [key for key in offered(takes) if key in arguments]
    if not mine:
        return arguments
    said = {key: arguments.pop(key) for key in mine}
    for key, value in said.items():
        if not isinstance(value, str) or not value.strip():
            raise ArgumentsError(f"{name}: {key}: text that is not empty, not {value!r}")
    given_bytes = [
        key for key in ("offset", "start", "end") if arguments.get(key, -1) not in (-1, None)
    ]
    if given_bytes:
        raise ArgumentsError(f"{name}: give {given_bytes[0]} or {mine[0]}, not both")
    path_key = "file_path" if "file_path" in takes else "path"
    path = arguments.get(path_key, "")
    path = path if isinstance(path, str) else ""
    within: Span | None = None
    if "symbol" in said:
        target = find_target(snapshot, path, said["symbol"], token)
        path, within = target.path, target.span
        arguments[path_key] = path
        if "code" not in said:
            arguments["offset"] = target.name_span.start
            return arguments
    found = _only(name, snapshot, path, said["code"], within)
    if "start" in takes and "end" in takes:
        arguments["start"], arguments["end"] = found.start, found.end
    else:
        arguments["offset"] = found.start
    return arguments


def _only(name: str, snapshot: Snapshot, path: str, code: str, within: Span | None) -> Span:
    if not path:
        raise ArgumentsError(f"{name}: code needs path or symbol")
    path = snapshot.require_inside(path)
    text = snapshot.text(path)
    wanted = code.replace("\r\n", "\n").replace("\n", text.newline).encode()
    low, high = (within.start, within.end) if within is not None else (0, len(text.data))
    start = text.data.find(wanted, low, high)
    if start < 0:
        raise RefusedError(f"code: {code!r} does not stand in {snapshot.display_path(path)}")
    again = text.data.find(wanted, start + 1, high)
    if again >= 0:
        first, second = (text.line_of(at) + 1 for at in (start, again))
        raise RefusedError(
            f"code: it stands on lines {first} and {second} of {snapshot.display_path(path)};"
            " give more of it, or its symbol"
        )
    return Span(start, start + len(wanted))
