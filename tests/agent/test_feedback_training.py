"""Exports and configurations as trainers read them. The real ones, where they are installed.

`make test-training` makes a Python with torch, TRL, PEFT and datasets beside the project's own, or
TREEWRIGHT_TRAINING_PYTHON names one.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.proposals import proposal_of
from treewright_agent.feedback import FORMATS, FeedbackStore, Filter, export_folder
from treewright_agent.feedback.tuning import train_lora
from treewright_agent.feedback.tuning.configs import write_config
from treewright_agent.feedback.tuning.cross import hash_of, trained_on
from treewright_indexer.encoders.manifest import read_manifest
from treewright_indexer.errors import ArgumentsError
from treewright_server.cli import main

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "tests/support/training_check.py"


def training_python() -> str:
    given = os.environ.get("TREEWRIGHT_TRAINING_PYTHON") or str(ROOT / ".venv-training/bin/python")
    if not Path(given).exists():
        if os.environ.get("TREEWRIGHT_REQUIRE_TRAINERS"):
            pytest.fail(f"{given} is not there")
        pytest.skip("no Python with torch and TRL: run `make test-training`")
    return given


def fill(store: FeedbackStore, n: int = 24) -> None:
    """Kept, edited and refused changes, two answers to one request, and searches."""
    assert store.database is not None
    store.database.rows("PRAGMA synchronous = OFF")
    for number in range(n):
        before, after = f"import os\nx{number} = 1\n", f"x{number} = 1\n"
        outcome = ("accepted", "rejected", "edited")[number % 3]
        proposal = proposal_of(f"p{number}", before, after, source="model")
        store.record_proposal(proposal, f"/w/{number % 9}", now=1e9 + number)
        final = {"/workspace/a.py": f"x{number} = 2\n"} if outcome == "edited" else None
        store.record_outcome(f"p{number}", outcome, final_text=final, now=1e9 + number)
        found = [
            {"path": f"{i}.py", "symbol": f"f{i}", "snippet": f"def f{i}(): {number}"}
            for i in range(3)
        ]
        store.record_search(f"s{number}", f"/w/{number % 9}", f"question {number}", found)
        store.record_search_use(f"s{number}", 2, "opened")


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every format, as JSON Lines and as Parquet."""
    pytest.importorskip("pyarrow")
    base = tmp_path_factory.mktemp("exports")
    with FeedbackStore.open(base / "data") as store:
        fill(store)
        for name in FORMATS:
            for parquet in (False, True):
                place = base / "out" / f"{name}-{'parquet' if parquet else 'json'}"
                done = export_folder(store, place, format=name, near=1.0, parquet=parquet)
                assert done.per_split["train"], name
    return base / "out"


def python(*arguments: str, timeout: float = 300.0) -> Any:
    done = subprocess.run(
        [training_python(), *arguments], capture_output=True, text=True, timeout=timeout,
        env={**os.environ, "OMP_NUM_THREADS": "2", "TOKENIZERS_PARALLELISM": "false",
             "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


# -------------------------------------------------------------------- without a trainer


def test_configurations_name_what_the_export_holds(exports: Path, tmp_path: Path) -> None:
    import yaml

    (path,) = write_config("axolotl", exports / "messages-json", tmp_path, "my/model: x")
    config = yaml.safe_load(path.read_text())
    assert config["base_model"] == "my/model: x"
    (dataset,) = config["datasets"]
    assert dataset["field_messages"] == "messages"
    row = json.loads(Path(dataset["path"]).read_text().splitlines()[0])
    assert {dataset["field_messages"], dataset["field_tools"]} <= row.keys()

    (path,) = write_config(
        "llamafactory", exports / "kto_messages-json", tmp_path, "m", template="qwen"
    )
    config = yaml.safe_load(path.read_text())
    info = json.loads((Path(config["dataset_dir"]) / "dataset_info.json").read_text())
    entry = info[config["dataset"]]
    row = json.loads((Path(config["dataset_dir"]) / entry["file_name"]).read_text().splitlines()[0])
    assert (config["stage"], config["template"]) == ("kto", "qwen")
    assert set(entry["columns"].values()) <= row.keys()

    script, shell = write_config("trl", exports / "dpo-json", tmp_path, "it's")
    assert script.read_text() == Path(train_lora.__file__).read_text()
    assert "'it'\\''s'" in shell.read_text()


def test_a_reranker_gets_its_script_its_triples_and_those_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    with FeedbackStore.open() as store:
        fill(store, 3)
        export_folder(store, tmp_path / "data", format="reranker", near=1.0, shares=(0.0, 0.0))
        export_folder(store, tmp_path / "other", format="messages", near=1.0)
    shop = tmp_path / "shop"
    shop.mkdir()
    parts = ("price", "basket", "customer", "invoice", "delivery", "discount", "refund", "voucher")
    (shop / "shop.py").write_text(
        "".join(
            f'def {name}_of(order):\n    """Read the {name} that belongs to an order."""\n    return order\n\n\n'
            for name in parts
        )
    )
    command = ["feedback", "tune", "reranker", "--model", "m", "--general", str(shop), "--output"]
    assert main([*command, str(tmp_path / "out"), "--data", str(tmp_path / "data")]) == 0
    assert (tmp_path / "out/train_cross_encoder.py").exists()
    assert "--general general" in (tmp_path / "out/train.sh").read_text()
    lines = (tmp_path / "out/general/train.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    asked = {row["query"] for row in rows}
    assert 0 < len(asked) < len(parts)  # the others judge
    for row in rows:
        assert row["query"].split()[2] in row["positive"].split("\n")[0]
        assert row["query"] not in row["positive"]  # which would give the answer away
        assert row["negative"] != row["positive"]
    assert main([*command, str(tmp_path / "out"), "--data", str(tmp_path / "other")]) == 2


def test_what_a_trainer_cannot_read_is_said(exports: Path, tmp_path: Path) -> None:
    for trainer, data, message in [
        ("axolotl", exports / "dpo-json", "export messages, alpaca, dpo_messages or kto_text"),
        ("llamafactory", exports / "dpo-json", "holds another format"),
        ("axolotl", tmp_path, "run `treewright feedback export --folder` first"),
        ("other", exports / "dpo-json", "is none of"),
    ]:
        with pytest.raises(ArgumentsError, match=message):
            write_config(trainer, data, tmp_path / "out", "m")


def test_an_empty_store_exports_empty_folders(tmp_path: Path) -> None:
    with FeedbackStore.open(tmp_path / "data") as store:
        for name in FORMATS:
            done = export_folder(store, tmp_path / name, format=name)
            assert (done.n_rows, done.files) == (0, ())
            assert "No rows." in (tmp_path / name / "README.md").read_text()


def test_triples_come_from_searches(tmp_path: Path) -> None:
    with FeedbackStore.open(tmp_path / "data") as store:
        fill(store, 3)
        done = export_folder(
            store, tmp_path / "out", format="reranker", near=1.0, shares=(0.0, 0.0), provenance=True,
            chosen=Filter(per_project=1),
        )  # fmt: skip
    assert done.left_out["over the cap of its workspace"] == 3
    rows = [json.loads(line) for line in (tmp_path / "out/train.jsonl").read_text().splitlines()]
    assert rows[0]["query"] == "question 0"
    assert rows[0]["positive"] == "2.py f2\ndef f2(): 0"
    assert rows[0]["negative"].startswith("1.py f1")
    assert rows[0]["provenance"]["search"] == "s0"


# -------------------------------------------------------------------- with the real ones


@pytest.mark.slow
def test_the_real_loaders_read_every_export(exports: Path) -> None:
    found = python(str(CHECK), "load", str(exports))
    assert len(found) == 2 * len(FORMATS)
    for name, seen in found.items():
        assert seen["n"] > 0
        assert seen["columns"] == list(FORMATS[name.split("-")[0]].columns), name
    assert "<call>" in found["messages-json"]["rendered"]["text"]
    assert found["messages-parquet"]["tools"] == found["messages-json"]["tools"] == 6
    assert "<call>" in found["dpo-json"]["rendered"]["chosen"]
    assert found["dpo-json"]["rendered"]["chosen"] != found["dpo-json"]["rendered"]["rejected"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "falls"), [("prompt_completion", 0.95), ("dpo", 0.99), ("kto", 1.0)]
)
def test_a_tiny_run_learns_and_its_adapter_loads(
    exports: Path, tmp_path: Path, format: str, falls: float
) -> None:
    data = exports / f"{format}-json"
    python(str(CHECK), "model", str(tmp_path / "model"), str(data / "train.jsonl"))
    (script, _) = write_config("trl", _without_tools(data, tmp_path), tmp_path / "t", "m")
    told = python(
        str(script), "--model", str(tmp_path / "model"), "--data", str(tmp_path / "data"),
        "--output", str(tmp_path / "adapter"), "--max-steps", "20", "--learning-rate", "2e-2",
        "--accumulate", "1", "--batch", "4", "--rank", "8", "--max-length", "256", timeout=600,
    )  # fmt: skip
    assert told["steps"] == 20
    assert told["last"] < told["first"] * falls
    loaded = python(str(CHECK), "adapter", str(tmp_path / "model"), str(tmp_path / "adapter"))
    assert loaded["rank"] == 8
    assert loaded["differs"] > 0.01


def _without_tools(data: Path, tmp_path: Path) -> Path:
    """The schemas of forty tools are longer than a tiny model's context."""
    (tmp_path / "data").mkdir()
    rows = [json.loads(line) for line in (data / "train.jsonl").read_text().splitlines()]
    for row in rows:
        del row["tools"]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "data" / "train.jsonl").write_text(lines)
    return tmp_path / "data"


@pytest.mark.slow
def test_a_cross_encoder_is_kept_only_when_it_is_better(tmp_path: Path) -> None:
    """A user who opens tests where others open sources: learned from 60 queries, told on 25."""
    data = tmp_path / "data"
    data.mkdir()
    rows = [
        {"query": f"how is part {n} made", "positive": f"tests/p{n}.py\ncheck part {n}",
         "negative": f"src/p{n}.py\nmake part {n}"}
        for n in range(85)
    ]  # fmt: skip
    (data / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model, output = tmp_path / "model", tmp_path / "out"
    python(str(CHECK), "encoder", str(model), str(data / "train.jsonl"))
    script = ROOT / "agent/treewright_agent/feedback/tuning/train_cross_encoder.py"
    common = [str(script), "--model", str(model), "--data", str(data), "--output", str(output)]
    idle = python(*common, "--epochs", "0")
    assert not idle["kept"]
    assert not output.exists()
    told = python(*common, "--epochs", "3", "--learning-rate", "1e-3")
    assert told["kept"]
    assert told["after"] >= told["before"] + 0.02
    # What the gate reads: the files are those of the manifest, and it says what it has seen.
    read_manifest(output).verify()
    seen = trained_on(output)
    assert len(seen) == 85 - told["n"]
    assert seen < {hash_of(row["query"]) for row in rows}
    said = python(
        str(CHECK),
        "scores",
        str(output),
        "how is part 99 made",
        "tests/p99.py check part 99",
        "src/p99.py make part 99",
    )
    assert said["scores"][0] > said["scores"][1]
