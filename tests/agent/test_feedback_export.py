"""Recorded outcomes in, training rows out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.proposals import ROOT, proposal_of
from treewright_agent.feedback import FORMATS, FeedbackStore, Filter, export, export_folder
from treewright_agent.feedback.dedup import Deduplicator
from treewright_agent.feedback.samples import split_of
from treewright_indexer.errors import ArgumentsError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "data") as opened:
        yield opened


def record(
    store: FeedbackStore, name: str, outcome: str | None, final: str = "", **more: Any
) -> None:
    workspace = more.pop("workspace", ROOT)
    now = more.pop("now", 1000.0)
    proposal = proposal_of(name, **more)
    store.record_proposal(proposal, workspace, now=now)
    if outcome:
        path = next(iter(proposal.before))
        final_text = {path: final} if final else None
        store.record_outcome(name, outcome, final_text=final_text, now=now + 1)


def rows(store: FeedbackStore, format: str, **options: Any) -> list[dict[str, Any]]:
    out = io.StringIO()
    export(store, out, format=format, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def fill(store: FeedbackStore) -> None:
    """One of each: kept, edited afterwards, rejected, and a question that got no answer."""
    record(store, "kept", "accepted")
    record(store, "edited", "edited", "y = 2\n", before="import re\ny = 1\n", after="y = 1\n")
    record(store, "refused", "rejected", before="import sys\nz = 1\n", after="z = 1\n")
    record(store, "expired", "expired", before="import io\nw = 1\n", after="w = 1\n")


def test_messages_hold_what_the_user_kept(store: FeedbackStore) -> None:
    fill(store)
    kept, edited = rows(store, "messages")
    assert [message["role"] for message in kept["messages"]] == ["system", "user", "assistant"]
    call = kept["messages"][2]["tool_calls"][0]["function"]
    assert (call["name"], json.loads(call["arguments"])["path"]) == ("replace_text", "a.py")
    patch = json.loads(edited["messages"][2]["tool_calls"][0]["function"]["arguments"])["patch"]
    assert "+y = 2" in patch  # the user's text, not the proposal's
    assert "-import re" in patch
    assert {tool["function"]["name"] for tool in json.loads(kept["tools"])} >= {"replace_text"}


@pytest.mark.parametrize(
    ("format", "n_rows"),
    [
        ("messages", 2), ("prompt_completion", 2), ("alpaca", 2), ("sharegpt", 2), ("dpo", 1),
        ("dpo_messages", 1), ("kto", 4), ("kto_messages", 4), ("kto_text", 4), ("next_edit", 1),
    ],
)  # fmt: skip
def test_each_format_has_its_columns_only(store: FeedbackStore, format: str, n_rows: int) -> None:
    fill(store)
    found = rows(store, format)
    assert [tuple(row) for row in found] == [FORMATS[format].columns] * n_rows


def test_a_row_offers_the_tools_that_it_calls_and_a_few_others(store: FeedbackStore) -> None:
    fill(store)
    offered = [
        [t["function"]["name"] for t in json.loads(row["tools"])] for row in rows(store, "kto")
    ]
    assert all("replace_text" in names and len(names) == 6 for names in offered)
    assert offered == [sorted(names) for names in offered]
    assert offered[0] != offered[3]  # by the request
    assert offered[1] == offered[2]  # one request, two answers
    (row, *_) = rows(store, "sharegpt", n_tools=0)
    (only,) = json.loads(row["tools"])
    assert only["function"]["name"] == "replace_text"
    assert len(json.dumps(only)) < 4000
    (row, *_) = rows(store, "sharegpt", n_tools=1000)
    assert len(json.loads(row["tools"])) > 40


def test_labels_of_kto(store: FeedbackStore) -> None:
    fill(store)
    labels = [row["label"] for row in rows(store, "kto")]
    assert labels == [True, True, False, False]  # kept; edited: kept and proposed; refused


def test_dpo_prefers_what_the_user_made_of_it(store: FeedbackStore) -> None:
    record(store, "one", "edited", "y = 2\n", before="import re\ny = 1\n", after="y = 1\n")
    record(store, "two", "rejected")
    record(store, "three", "accepted")
    (edited,) = (row for row in rows(store, "dpo"))
    chosen = json.loads(edited["chosen"][0]["tool_calls"][0]["function"]["arguments"])
    assert "+y = 2" in chosen["patch"]
    rejected = json.loads(edited["rejected"][0]["tool_calls"][0]["function"]["arguments"])
    assert rejected["new"] == "y = 1\n"


def test_filters(store: FeedbackStore) -> None:
    fill(store)
    record(store, "late", "accepted", before="import json\nq = 1\n", after="q = 1\n", now=5000.0)
    assert len(rows(store, "messages", chosen=Filter(since=4000.0))) == 1
    assert len(rows(store, "messages", chosen=Filter(origins=frozenset({"human"})))) == 1
    assert len(rows(store, "messages", chosen=Filter(per_project=1))) == 1
    assert rows(store, "messages", chosen=Filter(languages=frozenset({"go"}))) == []
    assert len(rows(store, "messages", chosen=Filter(per_user=2))) == 2
    with pytest.raises(ArgumentsError, match="nonsense is none of"):
        Filter(outcomes=frozenset({"nonsense"}))


def test_repetitions_and_near_ones_go(store: FeedbackStore) -> None:
    body = "\n".join(f"value_{n} = compute({n})" for n in range(60))
    record(store, "a", "accepted", before=f"import os\n{body}\n", after=f"{body}\n")
    record(store, "b", "accepted", before=f"import os\n{body}\n", after=f"{body}\n")
    record(store, "c", "accepted", before=f"import os\n{body}\n#\n", after=f"{body}\n#\n")
    assert len(rows(store, "messages")) == 1
    assert len(rows(store, "messages", near=1.0)) == 2


def test_a_folder_is_split_by_project_with_a_card(store: FeedbackStore, tmp_path: Path) -> None:
    for n in range(40):
        record(store, f"p{n}", "accepted", before=f"import os\nx{n} = 1\n", after=f"x{n} = 1\n",
               workspace=f"/w/{n % 20}", root=f"/w/{n % 20}")  # fmt: skip
    done = export_folder(store, tmp_path / "out", shares=(0.2, 0.2), near=1.0, provenance=True)
    assert done.n_rows == 40
    projects: dict[str, set[str]] = {}
    for path in done.files:
        for line in path.read_text().splitlines():
            projects.setdefault(path.stem, set()).add(json.loads(line)["provenance"]["project"])
    assert len(projects) == 3
    assert sum(map(len, projects.values())) == 20  # no project stands in two of them
    assert "| accepted | 40 |" in (tmp_path / "out/README.md").read_text()
    assert json.loads((tmp_path / "out/dataset_info.json").read_text()) == {}
    export_folder(store, tmp_path / "other", format="sharegpt", shares=(0.2, 0.2), near=1.0)
    info = json.loads((tmp_path / "other/dataset_info.json").read_text())
    assert info["treewright_train"]["file_name"] == "train.jsonl"


def test_secrets_do_not_leave(store: FeedbackStore) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 4
    record(store, "s", "accepted", before=f"import os\nt = '{secret}'\n", after=f"t = '{secret}'\n")
    out = io.StringIO()
    export(store, out)
    assert out.getvalue()
    assert secret not in out.getvalue()


def test_an_empty_store_and_an_unknown_format(store: FeedbackStore) -> None:
    assert rows(store, "alpaca") == []
    with pytest.raises(ArgumentsError, match="is none of messages"):
        rows(store, "csv")


def test_without_consent_to_code_nothing_is_exported(tmp_path: Path) -> None:
    with FeedbackStore.open(tmp_path, level="outcomes") as quiet:
        record(quiet, "kept", "accepted")
        out = io.StringIO()
        done = export(quiet, out)
        assert (done.n_rows, done.left_out) == (0, {"recorded without code": 1})


def test_near_duplicates_are_measured_on_words() -> None:
    seen = Deduplicator(0.8)
    text = " ".join(f"word{n}" for n in range(100))
    assert seen.repeats(text) == ""
    assert seen.repeats(text) == "repetition"
    assert seen.repeats(text + " more") == "near repetition"
    assert seen.repeats(" ".join(f"other{n}" for n in range(100))) == ""


def test_a_projects_split_depends_on_nothing_else() -> None:
    places = [split_of(f"p{n}", (0.1, 0.1)) for n in range(2000)]
    assert 150 < places.count("test") < 250
    assert places == [split_of(f"p{n}", (0.1, 0.1)) for n in range(2000)]
