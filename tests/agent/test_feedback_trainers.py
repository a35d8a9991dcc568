"""Axolotl and LLaMA-Factory themselves check the configurations and read the rows.

A trainer may load a form without complaint and still train on an empty answer: what is looked at is
the text that it would teach. `make trainers` makes the two Pythons beside the project's own, or
TREEWRIGHT_AXOLOTL_PYTHON and TREEWRIGHT_LLAMAFACTORY_PYTHON name them.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_feedback_training import CHECK, ROOT, fill
from treewright_agent.feedback import FeedbackStore, export_folder
from treewright_agent.feedback.tuning.configs import write_config

pytestmark = pytest.mark.slow


def python_of(trainer: str) -> str:
    given = os.environ.get(f"TREEWRIGHT_{trainer.upper()}_PYTHON")
    python = given or str(ROOT / f".venv-{trainer}/bin/python")
    if not Path(python).exists():
        if os.environ.get("TREEWRIGHT_REQUIRE_TRAINERS"):
            pytest.fail(f"{python} is not there")
        pytest.skip(f"no Python with {trainer}: run `make trainers`")
    return python


def run(python: str, *arguments: str | Path, cwd: Path) -> Any:
    done = subprocess.run(
        [python, *map(str, arguments)], capture_output=True, text=True, timeout=300, cwd=cwd,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize(
    ("trainer", "format", "parquet"),
    [
        ("axolotl", "messages", False),
        ("axolotl", "messages", True),
        ("axolotl", "alpaca", False),
        ("axolotl", "dpo_messages", False),
        ("axolotl", "kto_text", False),
        ("llamafactory", "sharegpt", False),
        ("llamafactory", "sharegpt", True),
        ("llamafactory", "alpaca", False),
        ("llamafactory", "dpo_messages", False),
        ("llamafactory", "kto_messages", False),
    ],
)
def test_the_trainer_takes_the_configuration_and_teaches_what_was_kept(
    trainer: str, format: str, parquet: bool, tmp_path: Path
) -> None:
    python, data, model = python_of(trainer), tmp_path / "data", tmp_path / "model"
    with FeedbackStore.open(tmp_path / "store") as store:
        fill(store)
        done = export_folder(
            store, data, format=format, near=1.0, parquet=parquet, shares=(0.0, 0.0)
        )
    if not parquet:
        run(python, CHECK, "model", model, data / "train.jsonl", cwd=tmp_path)
    else:
        (tmp_path / "texts.jsonl").write_text('{"text": "abc"}\n')
        run(python, CHECK, "model", model, tmp_path / "texts.jsonl", cwd=tmp_path)
    (config,) = write_config(trainer, data, tmp_path / "c", str(model), template="qwen3")
    check = ROOT / "tests/support/trainer_check.py"
    told = run(python, check, trainer, config, cwd=tmp_path)
    assert told["unknown"] == []
    assert told["n"] >= 0.75 * done.n_rows  # a very small vocabulary makes long rows
    assert "Remove unused import" in told["asked"]
    chosen = told["taught"][0]
    assert "x" in chosen
    if format == "alpaca":
        assert "-import os" in chosen
    else:
        assert "replace_text" in chosen
        assert "import os" in chosen
    if format == "dpo_messages":
        assert "replace_text" in told["taught"][1] != chosen
    if format.startswith("kto"):
        assert isinstance(told["taught"][1], bool)
