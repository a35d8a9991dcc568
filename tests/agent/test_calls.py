"""Calls with paths of one machine, and without."""

from __future__ import annotations

from treewright_agent.calls import Call, absolute_calls, relative_calls


def test_there_and_back() -> None:
    calls = (
        Call("rename_symbol", {"path": "/w/a/b.py", "new_name": "x"}),
        Call("move_file", {"path": "/w/a.py", "new_path": "/w/c/a.py"}),
        Call("replace_pattern", {"path": "", "pattern": "f($X)"}),
    )
    relative = relative_calls(calls, "/w")
    assert [call.arguments["path"] for call in relative] == ["a/b.py", "a.py", ""]
    assert absolute_calls(relative, "/w") == calls
    assert absolute_calls(calls, "/w") == calls
