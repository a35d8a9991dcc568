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
