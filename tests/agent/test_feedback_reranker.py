"""What was used and what was passed over in; an order out, and an ONNX file that says the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.reading import SearchRow
from treewright_agent.feedback.tuning.onnx_file import linear_model
from treewright_agent.feedback.tuning.reranker import (
    Judged,
    features,
    fit,
    fit_safely,
    from_json,
    judged,
    ndcg,
    shipped,
)

FOLDERS = ("src/api", "src/models", "tests/unit", "docs", "legacy/old")
NOUNS = ("user", "price", "order", "cache", "token", "route", "basket", "mail")


def results(luck: random.Random, noun: str) -> list[dict[str, Any]]:
    """What a search found: the one that is right in general is mostly on top."""
    rows = [
        {
            "path": f"{luck.choice(FOLDERS)}/{noun if n < 2 else luck.choice(NOUNS)}_{n}.py",
            "symbol": f"load_{noun}" if n == 0 else f"helper_{luck.choice(NOUNS)}",
            "kind": luck.choice(("function", "class")),
            "snippet": f"def load_{noun}(): ...",
            "sources": ["lexical"],
        }
        for n in range(10)
    ]
    if luck.random() < 0.3:
        rows.insert(luck.randrange(1, 4), rows.pop(0))
    return rows


def search(luck: random.Random, taste: str | None) -> Judged:
    """A user who looks for `taste` where the general one takes what is named as asked."""
    noun = luck.choice(NOUNS)
    rows = results(luck, noun)
    wanted = [n for n, r in enumerate(rows) if taste and r["path"].startswith(taste)]
    if not wanted or luck.random() < 0.1:
        wanted = [n for n, r in enumerate(rows) if r["symbol"] == f"load_{noun}"]
    gains: list[int | None] = [0] * len(rows)
    gains[wanted[0]] = 2
    return Judged(f"load {noun}", rows, gains)


@pytest.mark.parametrize("seed", range(5))
def test_a_users_taste_is_learned_and_the_general_order_kept(seed: int) -> None:
    luck = random.Random(seed)
    taste = luck.choice(FOLDERS)
    own = [search(luck, taste) for _ in range(120)]
    unseen = [search(luck, None) for _ in range(200)]
    held_out, rest = own[80:], own[:80]
    tuned = fit_safely(rest, [search(luck, None) for _ in range(200)])
    assert ndcg(tuned, held_out) > ndcg(shipped(), held_out) + 0.01
    assert ndcg(tuned, unseen) > ndcg(shipped(), unseen) * 0.99


def test_nothing_to_learn_from_changes_nothing() -> None:
    assert fit([]) == shipped()
    rows = results(random.Random(1), "user")
    assert shipped().order("load user", rows) == list(range(10))


def test_one_search_changes_little() -> None:
    luck = random.Random(3)
    tuned = fit([search(luck, "docs")])
    again = [search(luck, None) for _ in range(40)]
    assert ndcg(tuned, again) > ndcg(shipped(), again) - 0.05


def test_the_onnx_file_scores_as_the_model_does(tmp_path: Path) -> None:
    import onnxruntime

    luck = random.Random(5)
    tuned = fit([search(luck, "docs") for _ in range(20)])
    path = tmp_path / "reranker.onnx"
    path.write_bytes(linear_model(tuned.weights, description="test"))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rows = results(luck, "mail")
    given = np.asarray(features("load mail", rows), dtype=np.float32)
    (scores,) = session.run(["scores"], {"features": given})
    assert np.allclose(scores[:, 0], tuned.scores("load mail", rows), atol=1e-4)


def test_a_version_of_other_features_is_not_used() -> None:
    tuned = fit([search(random.Random(1), "docs")])
    again = from_json(tuned.to_json(), 3)
    assert again is not None
    assert again.number == 3
    assert again.weights == pytest.approx(tuned.weights, abs=1e-5)
    assert from_json({"features": 3, "weights": [1, 2, 3]}, 4) is None


def row(uses: set[tuple[int, str]], n: int = 4) -> SearchRow:
    found = [{"path": f"{i}.py", "symbol": "", "snippet": ""} for i in range(n)]
    return SearchRow("s", 1.0, "/w", "q", found, "local", frozenset(uses))


def test_what_was_looked_past_counts_as_passed_over() -> None:
    found = judged(row({(2, "opened"), (2, "used")}))
    assert found is not None
    assert found.gains == [0, 0, 2, None]
    assert judged(row({(0, "used")})) is None
    assert judged(row({(1, "ignored")})) is None
    both = judged(row({(0, "ignored"), (0, "opened"), (1, "ignored")}))
    assert both is not None
    assert both.gains[:2] == [1, 0]


def test_searches_come_back_as_they_were_recorded(tmp_path: Path) -> None:
    with FeedbackStore.open(tmp_path) as store:
        given = [{"path": "a.py", "symbol": "f", "kind": "function", "sources": ["dense"]}]
        store.record_search("s1", "/w", "how", given)
        assert store.record_search_use("s1", 0, "used")
        assert store.record_search_use("s1", 0, "used")  # told twice
        assert not store.record_search_use("s1", 7, "used")
        assert not store.record_search_use("s2", 0, "used")
        (found,) = store.searches()
        assert found.results[0]["kind"] == "function"
        assert found.uses == {(0, "used")}
