"""Requests that may be about failing tests, in words that no rule knows."""

import pytest

from treewright_agent.intents import mending


@pytest.mark.parametrize(
    "text",
    [
        "The tests fail. Find the bug and fix it.",
        "fix the bug in gcd",
        "test_gcd fails, please fix it",
        "Make the failing pytest suite pass",
        "gcd returns the wrong result for (7, 0)",
        "修复这个错误",
    ],
)
def test_is_a_request_to_mend(text: str) -> None:
    found = mending(text)
    assert found is not None
    assert found.action == "fix_tests"


@pytest.mark.parametrize(
    "text",
    ["why does test_gcd fail?", "rename gcd to hcf", "add a docstring to gcd", "make it faster"],
)
def test_is_none(text: str) -> None:
    assert mending(text) is None


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("make tests/test_a.py pass", {"test": "tests/test_a.py"}),
        ("fix test_a.py::test_b[1], it fails", {"test": "test_a.py::test_b[1]"}),
        ("fix what fails in test_a.py and test_b.py", {}),
        ("fix the bug in gcd.py", {}),
    ],
)
def test_one_file_of_tests_may_be_meant(text: str, slots: dict[str, str]) -> None:
    found = mending(text)
    assert found is not None
    assert found.slots == slots
