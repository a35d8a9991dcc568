"""A cross-encoder of the user's own: judged on what it has not seen, put in force, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.models import VOCABULARY, cross_encoder, write_model
from treewright_agent.feedback import FeedbackStore, gate, versions
from treewright_agent.feedback.learning import learned
from treewright_agent.feedback.tuning import cross
from treewright_agent.feedback.tuning.reranker import Judged
from treewright_indexer.errors import ArgumentsError
from treewright_server.cli import main


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FeedbackStore]:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    with FeedbackStore.open() as opened:
        yield opened


def folder_of(tmp_path: Path, seen: tuple[str, ...] = ("dog hat",), scale: float = 1.0) -> Path:
    """Scores a document by the words that it shares with the query; `scale` makes another file."""
    table = np.eye(len(VOCABULARY), dtype=np.float32)
    table[:4] = 0  # the special tokens say nothing
    made = write_model(
        tmp_path / "cross", table, data=cross_encoder(table * np.float32(scale)), task="rerank",
        dimensions=1, text="plain", max_tokens=32,
    )  # fmt: skip
    hashes = {"trained": [cross.hash_of(query) for query in seen]}
    (made / cross.QUERIES).write_text(json.dumps(hashes))
    return made


RESULTS = [{"path": f"{n}.py", "symbol": word, "snippet": word} for n, word in enumerate(("dog", "hat", "cat"))]  # fmt: skip


def searched(store: FeedbackStore, n: int = 12, query: str = "cat", opened: int = 2) -> None:
    for number in range(n):
        name = f"{query}{number}"
        store.record_search(name, "/w", query, RESULTS)
        store.record_search_use(name, opened, "opened")


def test_it_is_put_in_force_when_better_and_rolled_back_with_one_command(
    store: FeedbackStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    searched(store)
    folder = str(folder_of(tmp_path))
    command = ["feedback", "evaluate", "reranker", "--cross-encoder", folder, "--json"]
    assert main([*command, "--promote"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"]
    assert told["figures"]["candidate"] == 1.0 > told["figures"]["in_force"]
    in_force = learned(store, 0.0).reranker
    assert isinstance(in_force, cross.CrossReranker)
    assert in_force.order("cat", RESULTS) == [2, 0, 1]
    assert in_force.order("cat", RESULTS[:1]) == [0]
    # Once more: it is no better than itself.
    assert main(command) == 1
    assert main(["feedback", "evaluate", "reranker", "--rollback"]) == 0
    assert learned(store, 0.0).reranker is None


def test_one_that_is_no_better_or_worse_for_others_is_not_kept(
    store: FeedbackStore, tmp_path: Path
) -> None:
    searched(store, opened=1)  # this user opens what it would put last
    folder = folder_of(tmp_path)
    verdict = gate.evaluate_cross_encoder(store, folder)
    assert not verdict.passed
    assert gate.promote(store, verdict) == 0
    store.forget(everything=True)
    searched(store)
    assert gate.evaluate_cross_encoder(store, folder).passed
    # Others look for what stands on top already, and those that were asked first do not.
    others = [Judged("cat", RESULTS, [0, 0, 1]), Judged("cat", RESULTS, [1, 0, 0])] * 4
    verdict = gate.evaluate_cross_encoder(store, folder, others)
    assert not verdict.passed
    assert "of others" in verdict.reason


def test_it_is_heard_as_much_as_others_bear(store: FeedbackStore, tmp_path: Path) -> None:
    searched(store)
    others = [Judged("cat", RESULTS, [1, 0, 0])] * 4  # they look for what stands on top already
    verdict = gate.evaluate_cross_encoder(store, folder_of(tmp_path), others)
    assert verdict.passed
    assert 0 < verdict.body["weight"] < 1
    assert verdict.figures["general_candidate"] == verdict.figures["general_in_force"]
    gate.promote(store, verdict)
    in_force = learned(store, 0.0).reranker
    assert in_force is not None
    assert in_force.order("cat", RESULTS) == [0, 2, 1]  # what it is about goes up, below the top


def test_nobody_judges_it_by_what_it_was_trained_on(store: FeedbackStore, tmp_path: Path) -> None:
    searched(store, 20)
    verdict = gate.evaluate_cross_encoder(store, folder_of(tmp_path, seen=("cat",)))
    assert (verdict.passed, verdict.reason) == (False, "0 searches held out, 10 are needed")


def test_what_is_wrong_with_a_folder_is_said(store: FeedbackStore, tmp_path: Path) -> None:
    with pytest.raises(ArgumentsError, match="cannot read the model manifest"):
        gate.evaluate_cross_encoder(store, tmp_path / "nowhere")
    folder = folder_of(tmp_path)
    (folder / cross.QUERIES).unlink()
    with pytest.raises(ArgumentsError, match="which queries the model was trained on"):
        gate.evaluate_cross_encoder(store, folder)
    folder = folder_of(tmp_path)
    (folder / "model.onnx").write_bytes(b"something else")
    with pytest.raises(ArgumentsError, match="not the file of the manifest"):
        gate.evaluate_cross_encoder(store, folder)


def test_a_model_that_was_changed_later_is_not_used(
    store: FeedbackStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = folder_of(tmp_path)
    body = cross.cross_of(folder).to_json()
    number = versions.add(store, "reranker", body, {})
    versions.promote(store, "reranker", number, "test")
    folder_of(tmp_path, scale=2.0)
    in_force = learned(store, 0.0).reranker
    assert in_force is not None
    assert in_force.order("cat", RESULTS) == [0, 1, 2]
    assert "another model than the one that passed the gate" in caplog.text
    (folder / "manifest.json").unlink()
    again = learned(store, 0.0).reranker
    assert again is not None
    assert again.order("cat", RESULTS) == [0, 1, 2]
