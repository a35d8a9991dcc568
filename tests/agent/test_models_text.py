"""The text protocol: what a model's free text asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treewright_agent.models.text_protocol import (
    BrokenText,
    CallText,
    FinalText,
    ThoughtText,
    parse,
)

CALL = '{ "tool_name": "read_file", "arguments": {"file_path": "a.py"} }'


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        pytest.param(CALL, "read_file", {"file_path": "a.py"}, id="bare"),
        pytest.param(f"```json\n{CALL}\n```", "read_file", {"file_path": "a.py"}, id="fenced json"),
        pytest.param(f"```\n{CALL}\n```", "read_file", {"file_path": "a.py"}, id="fenced without a language"),
        pytest.param(f"Thought: I look.\nAction: {CALL}", "read_file", {"file_path": "a.py"}, id="thought and action"),
        pytest.param(f"First {CALL} and then I wait.", "read_file", {"file_path": "a.py"}, id="text before and after"),
        pytest.param(f"<tool_call>\n{CALL}\n</tool_call>", "read_file", {"file_path": "a.py"}, id="tags"),
        pytest.param('{"name": "lint", "arguments": {"file_path": "a"}}', "lint", {"file_path": "a"}, id="name"),
        pytest.param('{"tool": "lint", "args": {"file_path": "a"}}', "lint", {"file_path": "a"}, id="tool and args"),
        pytest.param('{"name": "lint", "arguments": "{\\"file_path\\": \\"a\\"}"}', "lint", {"file_path": "a"}, id="arguments as text"),
        pytest.param('{"type": "function", "function": {"name": "lint", "arguments": {}}}', "lint", {}, id="as in the interface"),
        pytest.param('{"tool_name": "edit_file", "arguments": {"new_content": "d = {1: {2: 3}}"}}', "edit_file", {"new_content": "d = {1: {2: 3}}"}, id="braces in a string"),
        pytest.param('{"tool_name": "f", "arguments": {"a": {"b": {"c": 1}}}}', "f", {"a": {"b": {"c": 1}}}, id="nested"),
        pytest.param('{"tool_name": "f", "arguments": {"t": "two\nlines"}}', "f", {"t": "two\nlines"}, id="a line break in a string"),
        pytest.param('{"tool_name": "build"}', "build", {}, id="no arguments"),
        pytest.param('{"tool_name": "build", "arguments": null}', "build", {}, id="null arguments"),
        pytest.param('The config is {"a": 1}.\n' + CALL, "read_file", {"file_path": "a.py"}, id="another object before"),
        pytest.param(f"```python\nx = {{'a': 1}}\n```\n{CALL}", "read_file", {"file_path": "a.py"}, id="code before"),
        pytest.param(f"{CALL}\nFINAL_ANSWER: it is done", "read_file", {"file_path": "a.py"}, id="the answer behind a call is made up"),
        pytest.param('{"tool_name": "f", "arguments": {"text": "FINAL_ANSWER: no"}}', "f", {"text": "FINAL_ANSWER: no"}, id="a marker in a string"),
        pytest.param('{"tool_name": "搜索", "arguments": {"query": "重命名"}}', "搜索", {"query": "重命名"}, id="Chinese"),
    ],
)  # fmt: skip
def test_calls(text: str, name: str, arguments: dict[str, object]) -> None:
    parsed = parse(text)
    assert isinstance(parsed, CallText)
    assert (parsed.name, parsed.arguments) == (name, arguments)


def test_the_first_of_two_calls_counts() -> None:
    parsed = parse(CALL + '\n{"tool_name": "lint", "arguments": {}}')
    assert isinstance(parsed, CallText)
    assert (parsed.name, parsed.n_ignored) == ("read_file", 1)


def test_the_thought_is_kept() -> None:
    parsed = parse(f"Thought: I look.\nAction: {CALL}")
    assert isinstance(parsed, CallText)
    assert parsed.thought == "I look."


@pytest.mark.parametrize(
    ("text", "answer", "is_code"),
    [
        ("FINAL_ANSWER: all done", "all done", False),
        ("I think so.\n\nFINAL_ANSWER: two\nlines", "two\nlines", False),
        ("**FINAL_ANSWER:** bold", "bold", False),
        (
            "FINAL_ANSWER: call `process.terminate()` there",
            "call `process.terminate()` there",
            False,
        ),
        ("FINAL_CODE:\n```python\nx = 1\n```\nThat is it.", "x = 1\n", True),
        ("FINAL_CODE: x = 1", "x = 1", True),
        ("```python\nprint('FINAL_ANSWER: no')\n```\nFINAL_ANSWER: yes", "yes", False),
        ("```python\nFINAL_ANSWER: no\n```\nFINAL_ANSWER: yes", "yes", False),
        ("```\nFINAL_ANSWER: no\n```\nFINAL_ANSWER: yes", "yes", False),
        (f"FINAL_ANSWER: the form is {CALL}", f"the form is {CALL}", False),
    ],
)
def test_answers(text: str, answer: str, is_code: bool) -> None:
    parsed = parse(text)
    assert isinstance(parsed, FinalText)
    assert (parsed.text, parsed.is_code) == (answer, is_code)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"tool_name": "read_file", "arguments": {"file_path": "a.p', "cut off"),
        ('{"tool_name": "read_file", "arguments": {"file_path": a}}', "not valid JSON"),
        ('{"tool_name": "read_file", "arguments": ["a.py"]}', "must be an object"),
        ('{"tool_name": "read_file", "file_path": "a.py"}', 'no "arguments"'),
        ('{"name": "f", "arguments": "not json"}', "not text"),
        ("", "empty"),
        ("   \n", "empty"),
        ('{"tool_name": "f", "arguments": {}\nand {"tool_name": "g", "arguments": {}}', "cut off"),
        ('{"tool_name": "f", "arguments": ' + '{"a": ' * 5_000, "nested too deeply"),
    ],
)
def test_broken_ones_say_why(text: str, words: str) -> None:
    parsed = parse(text)
    assert isinstance(parsed, BrokenText)
    assert words in parsed.reason


@pytest.mark.parametrize(
    "text",
    [
        "I should read the file first.",
        'Configuration such as {"a": 1} is common.',
        f"```python\ncall = {CALL}\n```",
        "Set FINAL_ANSWER: in the prompt? No: `FINAL_ANSWER` is a marker.",
        '{"name": "treewright", "version": "1.0"}',
    ],
)
def test_thoughts_are_no_actions(text: str) -> None:
    assert isinstance(parse(text), ThoughtText)


def test_a_flood_takes_no_time() -> None:
    import time

    started = time.perf_counter()
    for flood in ("{" * 1_000_000, '{"a":' * 200_000, "```\n" * 200_000, "FINAL_ANSWER" * 80_000):
        parse(flood)
    assert time.perf_counter() - started < 5


@given(st.text(max_size=300))
def test_any_text_is_something(text: str) -> None:
    assert isinstance(parse(text), CallText | FinalText | ThoughtText | BrokenText)


@given(
    st.text(max_size=40),
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=20), lambda c: st.lists(c, max_size=3)
        ),
    ),
)
def test_what_is_written_as_json_is_read_back(name: str, arguments: dict[str, object]) -> None:
    import json

    parsed = parse(json.dumps({"tool_name": name, "arguments": arguments}))
    assert isinstance(parsed, CallText)
    assert (parsed.name, parsed.arguments) == (name, arguments)
