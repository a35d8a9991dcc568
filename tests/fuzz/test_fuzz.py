"""Whatever comes in, the edge answers: with a value, or with an error of ours by name. Nothing hangs.

The committed corpus is replayed first, then hypothesis makes more. Framing is in
tests/server/test_transport.py, positions in test_convert.py, streams in tests/agent/test_models_errors.py.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import corpus
from tests.server.test_protocol import Echo
from treewright_agent.brains.remote import read_reply
from treewright_agent.calls import calls_from_json
from treewright_agent.changes.patch import parse_patch, patch_edits
from treewright_agent.guard.commands import classify, split
from treewright_agent.models.sse import EventReader
from treewright_agent.models.text_protocol import parse
from treewright_agent.routines.request import read_task
from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import SourceText
from treewright_server import settings as server_settings

QUICK_S = 2.0

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)


@contextlib.contextmanager
def quick() -> Any:
    began = time.process_time()
    yield
    assert time.process_time() - began < QUICK_S


# -------------------------------------------------------------------- what models write

_PIECES = st.sampled_from(
    ["FINAL:", "FINAL_CODE:", "THOUGHT:", "```", "```json\n", "```python\n", "\n", "{", "}", '"tool"', ":", '"edit_file"', ",",
     '"arguments"', "[", "]", '"', "\\", "'", "<tool_call>", "</tool_call>", "\u2028", "é", "\x00", "name(", ")", "null", "1e999"]
)  # fmt: skip


@pytest.mark.parametrize("text", corpus.MODEL_TEXTS, ids=lambda t: repr(t[:20]))
def test_model_texts_of_the_corpus(text: str) -> None:
    with quick():
        assert parse(text) is not None


@given(st.lists(_PIECES | st.text(max_size=8), max_size=40).map("".join))
@settings(deadline=None)
def test_model_texts(text: str) -> None:
    with quick():
        found = parse(text)
    assert found is not None
    assert parse(text) == found


@given(st.binary(max_size=400), st.lists(st.integers(1, 30), max_size=30))
@settings(deadline=None)
def test_event_streams(data: bytes, sizes: list[int]) -> None:
    with quick():
        reader, at = EventReader(), 0
        with contextlib.suppress(TreewrightError):
            for size in [*sizes, len(data)]:
                list(reader.feed(data[at : at + size]))
                at += size


# -------------------------------------------------------------------- patches

_LINES = st.sampled_from(
    ["--- a/x", "+++ b/x", "--- /dev/null", "+++ b/../y", "@@ -1 +1 @@", "@@ -1,2 +1,3 @@ def", "@@ -9999999 +1 @@", "-a", "+b",
     " c", "", "\\ No newline at end of file", "diff --git a/x b/x", "new file mode 100644", "deleted file mode 100644",
     "rename from x", "rename to y", "Binary files differ", "\x00", "+\u2028", "-\r"]
)  # fmt: skip


def _patched(text: str, source: str) -> None:
    with contextlib.suppress(TreewrightError):
        for file in parse_patch(text):
            with contextlib.suppress(TreewrightError):
                patch_edits(SourceText.of(source), file.hunks)


@pytest.mark.parametrize("text", corpus.PATCHES, ids=lambda t: repr(t[:20]))
def test_patches_of_the_corpus(text: str) -> None:
    with quick():
        _patched(text, "a\nb\nc\n")


@given(st.lists(_LINES | st.text(max_size=10), max_size=30).map("\n".join), st.text(max_size=60))
@settings(deadline=None)
def test_patches(text: str, source: str) -> None:
    with quick():
        _patched(text, source)


# -------------------------------------------------------------------- commands


@given(st.text(alphabet="ab -'\"$`;|&><(){}\\\n*~/.=git", max_size=60))
@settings(deadline=None)
def test_commands_are_one_plain_program_or_refused(text: str) -> None:
    with quick():
        try:
            argv = split(text)
        except TreewrightError:
            return
    assert argv
    if not {"\\", "'", '"'} & set(text):  # nothing is quoted: then nothing of a shell is in it
        assert not {";", "|", "`", "&", ">", "<", "\n"} & set(text.strip())
    classify(argv, "/work")


# -------------------------------------------------------------------- messages and their order


def _is_whole(server: Echo, sent: list[Any]) -> None:
    """Each request that has an id which JSON-RPC allows has exactly one answer."""
    ids = [
        (type(each["id"]).__name__, each["id"])
        for each in sent
        if isinstance(each, dict) and "method" in each and isinstance(each.get("id"), (int, str)) and not isinstance(each["id"], bool)
    ]  # fmt: skip
    answers = [
        (type(row["id"]).__name__, row["id"])
        for row in server.out
        if "id" in row and row["id"] is not None
    ]
    for id in set(ids):
        assert answers.count(id) == ids.count(id), id


@pytest.mark.parametrize("message", corpus.MESSAGES, ids=lambda m: repr(m)[:30])
def test_messages_of_the_corpus(message: Any) -> None:
    server = Echo()
    server.receive(message)
    server.send(id="after", method="initialize", params={})
    assert server.last()["id"] == "after"


_METHODS = st.sampled_from(
    [
        "initialize",
        "initialized",
        "echo",
        "slow",
        "fail",
        "nope",
        "shutdown",
        "exit",
        "$/cancelRequest",
        "boom",
    ]
)
_STEPS = st.lists(
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": _METHODS},
        optional={"id": st.integers(0, 5) | st.sampled_from(["a", "b"]), "params": st.none() | st.dictionaries(st.sampled_from(["id", "kind"]), st.integers(0, 5) | st.just("stale"))},
    ),
    max_size=25,
)  # fmt: skip


@given(_STEPS)
@settings(deadline=None)
def test_in_any_order_each_request_has_one_answer(steps: list[dict[str, Any]]) -> None:
    server = Echo()
    server.send(id="first", method="initialize", params={})
    for step in steps:
        server.receive(dict(step))
    for request in server.held:
        server.succeed(request, None)
    server.cancel_all()
    _is_whole(server, steps)


# -------------------------------------------------------------------- settings, tasks, steps, calls


@pytest.mark.parametrize("given_", corpus.SETTINGS, ids=lambda s: repr(s)[:30])
def test_settings_of_the_corpus(given_: Any) -> None:
    built, problems = server_settings.build(given_)
    assert isinstance(built, server_settings.ServerSettings)
    assert all(str(problem) for problem in problems)


@given(
    st.dictionaries(
        st.sampled_from(["agent", "index", "search", "lint", "treewright", "features", "x"])
        | st.text(max_size=6),
        JSON,
        max_size=5,
    )
)
@settings(deadline=None)
def test_settings(given_: dict[str, Any]) -> None:
    built, problems = server_settings.build(given_, {"MAX_MCP_ITERATIONS": "x"}, {"CI": "1"})
    assert isinstance(built, server_settings.ServerSettings)
    assert any("MAX_MCP_ITERATIONS" in str(problem) for problem in problems)


@pytest.mark.parametrize("row", corpus.STEPS, ids=lambda s: repr(s)[:30])
def test_steps_of_the_corpus(row: Any) -> None:
    with contextlib.suppress(TreewrightError):
        read_reply(row)


@given(
    JSON
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("event", "name", "arguments", "summary"), JSON),
    )
)
@settings(deadline=None)
def test_steps(row: Any) -> None:
    with contextlib.suppress(TreewrightError):
        read_reply(row)


@given(
    JSON
    | st.fixed_dictionaries(
        {"instruction": JSON}, optional={"kind": JSON, "attachments": JSON, "task_id": JSON}
    )
)
@settings(deadline=None)
def test_tasks(row: Any) -> None:
    with contextlib.suppress(TreewrightError):
        read_task(json.dumps(row, ensure_ascii=True).encode())


@given(st.binary(max_size=60))
def test_tasks_that_are_no_json(raw: bytes) -> None:
    with contextlib.suppress(TreewrightError):
        read_task(raw)


@given(JSON)
def test_calls(rows: Any) -> None:
    with contextlib.suppress(TreewrightError, KeyError, TypeError, ValueError, AttributeError):
        list(calls_from_json(rows))
