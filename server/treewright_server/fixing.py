"""\"Fix with treewright\": a code action that starts a task, on what is reported and on tests.

A recipe's fix comes first and needs no task. What is left goes down the ladder: rules, the search
for a repair, a model when there is one. The action is a command, so nothing is computed for it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from treewright_server.given import member, objects, uri_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot

_TEST_SOURCES = ("pytest", "unittest", "test", "neotest", "testing", "python test")
_DEF = re.compile(rb"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_TEST_FILE = re.compile(r"(^test_.*|.*_tests?)\.py$")
_MAX = 3


def fix_actions(
    params: Any, snapshot: Snapshot, path: str, offset: int, *, has_model: bool, folder: str
) -> list[dict[str, Any]]:
    """For the test around the byte `offset`, and for what is reported there.

    Without a model a diagnostic that is no failing test has no task that could mend it.
    """
    uri = uri_of(params)
    given = objects(params, "context", "diagnostics")
    actions: list[dict[str, Any]] = []
    test = _test_at(snapshot, path, offset, folder)
    if test:
        about = [d for d in given if _is_of_a_test(d)]
        instruction = f"fix the failing test {test}"
        action = _action("Fix this test with treewright", uri, params, about, instruction)
        action["kind"] = "quickfix" if about else "refactor.rewrite"
        actions.append(action)
    if has_model:
        for diagnostic in given[:_MAX]:
            if test and _is_of_a_test(diagnostic):
                continue
            message = diagnostic.get("message")
            text = message if isinstance(message, str) else str(diagnostic.get("code", ""))
            title = f"Fix with treewright: {' '.join(text.split())[:60]}"
            actions.append(_action(title, uri, params, [diagnostic], ""))
    return actions


def _action(
    title: str, uri: str, params: Any, about: list[dict[str, Any]], instruction: str
) -> dict[str, Any]:
    argument: dict[str, Any] = {"uri": uri, "diagnostics": about, "apply": True}
    argument["range"] = about[0].get("range") if about else member(params, "range")
    if instruction:
        argument["instruction"] = instruction
    command = {"title": title, "command": "treewright.fix", "arguments": [argument]}
    action: dict[str, Any] = {"title": title, "kind": "quickfix", "command": command}
    if about:
        action["diagnostics"] = about
    return action


def _is_of_a_test(diagnostic: dict[str, Any]) -> bool:
    source = str(diagnostic.get("source") or "").lower()
    message = str(diagnostic.get("message") or "")
    return any(name in source for name in _TEST_SOURCES) or "AssertionError" in message


def _test_at(snapshot: Snapshot, path: str, offset: int, folder: str) -> str:
    """The node id of the test function that holds the byte; '' for none."""
    if not _TEST_FILE.match(os.path.basename(path)):
        return ""
    data = snapshot.text(path).data
    end = data.find(b"\n", offset)
    around: list[tuple[int, bytes, str]] = []
    for match in _DEF.finditer(data, 0, end if end >= 0 else len(data)):
        indent = len(match[1].expandtabs())
        around = [row for row in around if row[0] < indent]
        around.append((indent, match[2], match[3].decode("utf-8", "replace")))
    names = [name for _, _, name in around]
    for position, (_, kind, name) in enumerate(around):
        if kind == b"def" and name.startswith("test"):
            shown = os.path.relpath(path, folder).replace(os.sep, "/")
            return "::".join((shown, *names[: position + 1]))
    return ""
