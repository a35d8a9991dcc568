"""The template rung: a frame of what was asked, labelled as one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.agent.test_task import run, services_for
from tests.support.fixtures import workspace_of
from tests.support.model_server import error, model_server
from treewright_agent.routines.request import TaskRequest
from treewright_agent.routines.templates import frame_for
from treewright_indexer.cancel import CancelToken

WORKSPACE = """
//- utils/__init__.py
//- utils/string_utils.py
def shout(text: str, times: int = 1) -> str:
    if times < 0:
        raise ValueError("times")
    return text.upper() * times


class Box:
    def size(self):
        return 1
//- tests/test_other.py
def test_nothing():
    assert True
"""


def _framed(tmp_path: Path, instruction: str) -> dict[str, str] | None:
    """Text of each file that the template writes, by its path; None without a template."""
    with workspace_of(tmp_path / "w", WORKSPACE) as fx:
        frame = frame_for(TaskRequest(instruction), fx.snapshot, fx.root, CancelToken())
        if frame is None:
            return None
        texts = frame.draft.change.apply(fx.snapshot.text)
        found = {
            Path(p).relative_to(fx.root).as_posix(): t.string
            for p, t in texts.items()
            if t is not None
        }
    for text in found.values():
        ast.parse(text)
    return found


def test_a_function_with_its_tests(tmp_path: Path) -> None:
    texts = _framed(
        tmp_path, "Add `reverse_string(text: str)` to utils/string_utils.py and write tests"
    )
    assert texts is not None
    assert set(texts) == {"utils/string_utils.py", "tests/test_string_utils.py"}
    assert "def reverse_string(text: str):\n    raise NotImplementedError\n" in texts[
        "utils/string_utils.py"
    ]  # fmt: skip
    tests = texts["tests/test_string_utils.py"]
    assert "from utils.string_utils import reverse_string" in tests
    assert "@pytest.mark.skip" in tests
    assert '("", ...),' in tests


@pytest.mark.parametrize(
    "instruction",
    ["write tests for shout", "add unit tests for utils/string_utils.py", "为 shout 编写单元测试"],
)
def test_tests_of_what_is_there(tmp_path: Path, instruction: str) -> None:
    texts = _framed(tmp_path, instruction)
    assert texts is not None
    assert "def test_shout(text, expected):" in texts["tests/test_string_utils.py"]


def test_a_docstring_from_the_signature(tmp_path: Path) -> None:
    texts = _framed(tmp_path, "add a docstring to shout")
    assert texts is not None
    doc = ast.get_docstring(ast.parse(texts["utils/string_utils.py"]).body[0])  # type: ignore[arg-type]
    assert doc is not None
    for part in ("text: …", "times: …", "Returns:\n    str", "ValueError: …"):
        assert part in doc


@pytest.mark.parametrize(
    "instruction",
    [
        "add shout to utils/string_utils.py",  # it is there
        "write tests for nobody",
        "add f( to utils/string_utils.py",
        "add f() to ../outside.py",
        "make everything better",
        "do not write tests for shout",
    ],
)
def test_no_template(tmp_path: Path, instruction: str) -> None:
    assert _framed(tmp_path, instruction) is None


def test_it_comes_after_the_model_and_says_what_it_is(tmp_path: Path) -> None:
    with (
        workspace_of(tmp_path, WORKSPACE) as fx,
        model_server(otherwise=error(401, "no key")) as server,
        services_for(server) as services,
    ):
        result = run(fx, services, "add a docstring to shout")
        row = result.to_json(fx.root)
    assert server.requests
    assert (row["source"], row["origin"], row["quality"]) == ("template", "template", "standard")
    assert row["success"]
    assert "this is a template" in row["notes"][0]
    assert row["attempts"][0].startswith("model: ")
    assert row["diff"].startswith("diff --git")
