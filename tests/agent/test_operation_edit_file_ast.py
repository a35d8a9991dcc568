"""add_decorator, and edit_file_ast: the seed's batch of actions, done whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import case_of, check_operation, check_refused
from treewright_indexer.errors import ArgumentsError

DECORATORS = [
    pytest.param("def deco(f): ...\n\n\ndef $0f(): ...\n", "deco", "def deco(f): ...\n\n\n@deco\ndef f(): ...\n", id="a function"),
    pytest.param("def deco(f): ...\n\n\n# About f.\n@deco(1)\ndef $0f(): ...\n", "@deco(2)", "def deco(f): ...\n\n\n# About f.\n@deco(2)\n@deco(1)\ndef f(): ...\n", id="above others, below comments"),
    pytest.param("def deco(f): ...\nclass A:\n    async def $0f(self): ...\n", "deco", "def deco(f): ...\nclass A:\n    @deco\n    async def f(self): ...\n", id="an async method"),
    pytest.param("def deco(f): ...\n@deco\ndef $0f(): ...\n", "deco", "def deco(f): ...\n@deco\ndef f(): ...\n", id="there already"),
    pytest.param("class $0A: ...\n", "functools.total_ordering", "import functools\n\n\n@functools.total_ordering\nclass A: ...\n", id="a class, with an import"),
    pytest.param("//- a.py\nx = 1\n\n\ndef $0f(): ...\n//- b.py\ndef deco(f): ...\n", "deco", "//- a.py\nfrom b import deco\n\nx = 1\n\n\n@deco\ndef f(): ...\n//- b.py\ndef deco(f): ...\n", id="of the workspace"),
    pytest.param("class A:\n    def $0f(self): ...\n", "property", "class A:\n    @property\n    def f(self): ...\n", id="a builtin"),
    pytest.param("def deco(f): ...\r\ndef $0f(): ...\r\n", "deco", "def deco(f): ...\r\n@deco\r\ndef f(): ...\r\n", id="CRLF"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "decorator", "after"), DECORATORS)
def test_a_decorator_lands_in_its_place(
    tmp_path: Path, before: str, decorator: str, after: str
) -> None:
    files: Any = before if before.startswith("//-") or "\r" not in before else {"main.py": before}
    expected: Any = after if "\r" not in after else {"main.py": after}
    check_operation(tmp_path, "add_decorator", files, expected, decorator=decorator)


@pytest.mark.parametrize(
    ("text", "decorator", "reason"),
    [
        ("def $0f(): ...\n", "nobody_knows", "is nowhere known; give the module"),
        ("def $0f(): ...\n", "a b", "is no name and no call"),
        ("$0x = 1\n", "property", "no function or class"),
    ],
)
def test_add_decorator_refuses(tmp_path: Path, text: str, decorator: str, reason: str) -> None:
    check_refused(tmp_path, "add_decorator", text, reason, decorator=decorator)


# ------------------------------------------------------------------ the batch

UTILS = """\
from cache import cache_results


def calculate_total(items):
    temp_sum = 0
    for item in items:
        temp_sum += item.temp_sum
    return temp_sum  # temp_sum


def process_data(data):
    return data


def get_user_info(user):
    return process_data(user)
"""

AFTER = """\
from typing import Dict, List, Optional

from cache import cache_results


def calculate_total(items):
    running_total = 0
    for item in items:
        running_total += item.temp_sum
    return running_total  # temp_sum


def process_data(data: List[int], config: Dict = None) -> Optional[str]:
    return data


@cache_results
def get_user_info(user):
    return process_data(user)
"""

SEED: list[dict[str, Any]] = [
    {
        "type": "rename_variable",
        "function_scope": "calculate_total",
        "old_name": "temp_sum",
        "new_name": "running_total",
    },
    {
        "type": "change_function_signature",
        "function_name": "process_data",
        "new_parameters": [
            {"name": "data", "type": "List[int]"},
            {"name": "config", "type": "Dict", "default_value": None},
        ],
        "new_return_type": "Optional[str]",
    },
    {"type": "add_decorator", "function_name": "get_user_info", "decorator_name": "@cache_results"},
]


def test_the_seeds_example_as_written(tmp_path: Path) -> None:
    cache = {"cache.py": "def cache_results(f): ...\n"}
    check_operation(
        tmp_path, "edit_file_ast",
        {"src/utils.py": UTILS, **cache}, {"src/utils.py": AFTER, **cache},
        file_path="src/utils.py", actions=SEED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        pytest.param({"type": "frobnicate"}, r"actions\[1\].type: 'frobnicate' is none of rename_variable", id="unknown type"),
        pytest.param({"old_name": "x"}, r"actions\[1\].type: None is none of", id="no type"),
        pytest.param({"type": "rename_variable", "old_name": "x"}, r"actions\[1\].new_name is missing", id="missing field"),
        pytest.param({"type": "add_decorator", "function_name": "f", "decorator_name": "x", "at": 1}, r"no field 'at'", id="stray field"),
    ],
)  # fmt: skip
def test_wrong_actions_reject_the_batch(
    tmp_path: Path, action: dict[str, Any], reason: str
) -> None:
    actions = [SEED[0], action]
    with (
        case_of(tmp_path, {"u.py": UTILS}, file_path="u.py", actions=actions) as case,
        pytest.raises(ArgumentsError, match=reason),
    ):
        case.run("edit_file_ast")


def test_a_target_that_is_missing_rejects_the_batch(tmp_path: Path) -> None:
    actions = [SEED[0], {**SEED[2], "function_name": "nobody"}]
    check_refused(
        tmp_path, "edit_file_ast", {"u.py": UTILS}, r"action 2 \(add_decorator\): no symbol `nobody`",
        file_path="u.py", actions=actions,
    )  # fmt: skip


def test_a_default_that_is_not_given_is_none(tmp_path: Path) -> None:
    before = "def f(a=1, b=2):\n    return a, b\n"
    actions = [
        {
            "type": "change_function_signature",
            "function_name": "f",
            "new_parameters": [{"name": "a"}, {"name": "b", "default_value": None}],
        }
    ]
    check_operation(
        tmp_path, "edit_file_ast", {"u.py": before}, {"u.py": "def f(a, b=None):\n    return a, b\n"},
        file_path="u.py", actions=actions,
    )  # fmt: skip


def test_rename_variable_leaves_namesakes(tmp_path: Path) -> None:
    before = "def f():\n    x = 1\n    def g(x):\n        return x\n    return g(x=x), y.x, 'x'\n"
    after = "def f():\n    z = 1\n    def g(x):\n        return x\n    return g(x=z), y.x, 'x'\n"
    actions = [{"type": "rename_variable", "function_scope": "f", "old_name": "x", "new_name": "z"}]
    check_operation(
        tmp_path,
        "edit_file_ast",
        {"u.py": before},
        {"u.py": after},
        file_path="u.py",
        actions=actions,
    )


def test_rename_variable_refuses_a_name_that_is_taken(tmp_path: Path) -> None:
    actions = [{**SEED[0], "new_name": "item"}]
    check_refused(
        tmp_path, "edit_file_ast", {"u.py": UTILS}, "`item` is a variable there already",
        file_path="u.py", actions=actions,
    )  # fmt: skip
