"""treewright apply: run operations on a folder and print a diff that `git apply` takes.

One operation is said by its name and arguments (`cli/operations.py`), several by JSON.
The operations file is one call, a list of calls, or `{"operations": [calls]}`; a call is
`{"operation": name, "arguments": {…}}`. Paths in arguments are relative to the folder. Each call
sees what the ones before it made, so name places by `symbol` or `code`; bytes of calls behind the
first are counted in the folder as it is.
"""

from __future__ import annotations

import os
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    coloured_diff,
    folder_path,
    opened,
    painter,
    require_trust,
    usage,
)
from treewright_server.plain import is_object

if TYPE_CHECKING:
    from treewright_agent.calls import Call
    from treewright_indexer.text import SourceText


def run(arguments: Namespace) -> int:
    root = folder_path(arguments.path)
    if arguments.write:
        require_trust(root, "nothing is written")
    from treewright_agent.operations import operation_named
    from treewright_agent.proposals import ProposalRefused, consider
    from treewright_server.cli.operations import call_of

    named = bool(arguments.given) or not _is_file(arguments.operations)
    calls = [] if named else _calls(_read(arguments.operations), root)
    if named:
        operation_named(arguments.operations)  # a wrong name is said before anything is read
    with opened(root) as (workspace, _):
        snapshot = workspace.snapshot()
        if named:
            call = call_of(arguments.operations, arguments.given, root, snapshot.text)
            calls = [call._replace(arguments=_absolute(call.arguments, root))]
        title = ", ".join(dict.fromkeys(call.operation for call in calls))
        proposal = consider(snapshot, title, calls, "operation", CancelToken())
        if isinstance(proposal, ProposalRefused):
            raise RefusedError(f"refused: {proposal.reason}")
        change = proposal.change
        diff = change.diff(snapshot.text, root)
        texts = change.apply(snapshot.text) if arguments.write else {}
    if not diff:
        print("treewright: nothing to change", file=sys.stderr)
        return NOT_DONE
    sys.stdout.write(coloured_diff(diff, painter()))
    sys.stdout.flush()
    if arguments.write:
        write(texts)
        print(f"treewright: {len(texts)} files written", file=sys.stderr)
    return DONE


def _is_file(given: str) -> bool:
    """Whether this means a file, there or not: no operation's name has a dot or a slash."""
    return given == "-" or os.path.exists(given) or not given.isidentifier()


def _read(given: str) -> bytes:
    if given == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(given).read_bytes()
    except OSError as error:
        usage(f"{given}: {error.strerror or error}")


def _calls(raw: bytes, root: str) -> list[Call]:
    from treewright_agent.calls import calls_from_json

    try:
        given: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ArgumentsError(f"the operations are not JSON: {error}") from error
    rows: Any = given["operations"] if is_object(given) and "operations" in given else given
    if is_object(rows):
        rows = [rows]
    try:
        calls = list(calls_from_json(rows))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArgumentsError(
            'each operation must be {"operation": name, "arguments": {…}}'
        ) from error
    if not calls:
        raise ArgumentsError("no operations were given")
    return [call._replace(arguments=_absolute(call.arguments, root)) for call in calls]


def _absolute(arguments: Any, root: str) -> dict[str, Any]:
    result = dict(arguments)
    for key in ("path", "file_path"):
        if isinstance(result.get(key), str):
            result[key] = os.path.normpath(os.path.join(root, result[key]))
    return result


def write(texts: dict[str, SourceText | None]) -> None:
    """Replace each file in one step, so that a crash leaves old or new text, never half."""
    for path, text in texts.items():
        if text is None:
            os.unlink(path)
            continue
        data = text.to_disk()
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        mode = os.stat(path).st_mode if os.path.exists(path) else None
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".treewright-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, mode & 0o7777 if mode is not None else 0o644)
            os.replace(temporary, os.path.realpath(path))
        except BaseException:
            os.unlink(temporary)
            raise
