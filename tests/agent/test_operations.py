"""What holds of every operation: its example is true, its schema complete, its errors clear."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from tests.support.operations import check_operation
from treewright_agent.changes import SourceChange
from treewright_agent.operations import (
    OPERATIONS,
    Arguments,
    Operation,
    example_of,
    operation_named,
    run,
    schema,
)
from treewright_agent.operations.model import checked
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, CancelledError
from treewright_indexer.snapshot import Snapshot


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_the_example_of_the_docstring_is_true(tmp_path: Path, operation: Operation[Any]) -> None:
    example = example_of(operation.document)
    check_operation(tmp_path, operation.name, example.before, example.after, **example.arguments)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_everything_is_described(operation: Operation[Any]) -> None:
    described = schema(operation)
    assert json.loads(json.dumps(described)) == described
    assert "$ref" not in json.dumps(described)
    assert described["additionalProperties"] is False
    assert len(operation.description) > 20
    assert operation.title.strip()
    for name, field in described["properties"].items():
        assert field.get("description"), f"{operation.name}.{name} has no description"


def test_names_are_unique() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)


# ------------------------------------------------------------------ arguments


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    size: int


class _Sample(Arguments):
    path: Annotated[str, msgspec.Meta(description="The file.")]
    new_name: Annotated[str, msgspec.Meta(description="The new name.")] = ""
    parts: tuple[_Part, ...] = ()


SAMPLE = Operation(
    name="sample",
    title="Sample",
    arguments=_Sample,
    plan=lambda snapshot, arguments, token: SourceChange(),
    document="Sample: do what\nsamples do.\n\nAnd more.\n\n    x\n    -> {}\n    y\n\n    z\n\nLast.\n",
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({}, "sample: path is missing (The file.)", id="missing"),
        pytest.param({"path": "a", "new_nam": "b"}, "no argument 'new_nam'; did you mean new_name?", id="misspelled"),
        pytest.param({"path": "a", "zzz": "b"}, "no argument 'zzz' It takes path, new_name, parts", id="unknown"),
        pytest.param({"path": 1}, "path: Expected `str`, got `int` (The file.)", id="wrong type"),
        pytest.param({"path": "a", "parts": [{"size": "x"}]}, "parts[0].size: Expected `int`, got `str`", id="inside a list"),
        pytest.param({"path": "a", "parts": [{}]}, "Object missing required field `size`", id="missing inside"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentsError) as raised:
        checked(SAMPLE, given)
    assert message in str(raised.value)


def test_the_description_is_the_prose() -> None:
    assert SAMPLE.description == "Do what samples do.\nAnd more.\nLast."


def test_the_example_may_hold_blank_lines() -> None:
    example = example_of(SAMPLE.document)
    assert (example.before, example.arguments, example.after) == ("x\n", {}, "y\n\nz\n")


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(ArgumentsError, match="no such operation: frobnicate"):
        operation_named("frobnicate")


def test_a_cancelled_token_stops_before_planning() -> None:
    token = CancelToken()
    token.cancel()
    name = OPERATIONS[0].name if OPERATIONS else "none"
    with pytest.raises((CancelledError, ArgumentsError)):
        run(name, {}, Snapshot(1, (), {}), token)
