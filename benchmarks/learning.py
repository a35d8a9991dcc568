"""What treewright learns from simulated users with known tastes.

    python benchmarks/learning.py CORPUS [--users 2] [--trainer .venv-training/bin/python]

The order of the menu: users who take one of four offers most of the time and now and then err decide
200 times; how often is what they like first. The rerankers: CORPUS is indexed and searched with the
sentences of its docstrings; each user opens what lies in a folder that they prefer, else what the sentence is
about. Fitted to two thirds of that user's searches, they are judged by the gate, on the rest and on searches
of others that no fit has seen: the linear one, and, where a trainer is given (`make trainers`), a
cross-encoder tuned from what ships by `tune_reranker.py` on the export. One line of JSON at the end.

Simulations say that the machinery works, not what real users gain.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.feedback import FeedbackStore, Outcome, gate
from treewright_agent.feedback.export import export_folder
from treewright_agent.feedback.gate import Verdict
from treewright_agent.feedback.ranking import Ranking, keys_of
from treewright_agent.feedback.tuning.general import general_searches, general_triples
from treewright_agent.feedback.tuning.reranker import Judged
from treewright_indexer.cancel import CancelToken
from treewright_server.cli.support import folder_path, opened

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "models/onnx/treewright-code-embed"
OFFERS = ("typing", "collections.abc", "typing_extensions", "compat")
N_OUTCOMES, N_MENU_USERS = 200, 500
N_TEACHING, N_JUDGES, N_OWN = 120, 120, 400
GOAL_FIRST, GOAL_LOSS = 0.9, 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--users", type=int, default=2)
    parser.add_argument("--trainer", help="a Python with torch and onnx")
    given = parser.parse_args()
    # The link itself: what it points to is a Python without the packages.
    trainer = str(Path(given.trainer).absolute()) if given.trainer else None
    first = sum(menu(seed) for seed in range(N_MENU_USERS)) / N_MENU_USERS
    print(f"menu: after {N_OUTCOMES} outcomes the favourite is first for {first:.1%} of users")
    figures: dict[str, Any] = {"menu_first": first, "users": []}
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TREEWRIGHT_HOME"] = str(Path(scratch) / "home")
        with opened(folder_path(str(given.corpus))) as (workspace, _):
            snapshot, token = workspace.snapshot(), CancelToken()
            judging = general_searches(snapshot, token, N_JUDGES + N_OWN // 2)
            teaching = general_searches(snapshot, token, N_TEACHING + N_OWN // 2, teaching=True)
        own = [*judging[N_JUDGES:], *teaching[N_TEACHING:]]
        random.Random(1).shuffle(own)
        judges, teaching = judging[:N_JUDGES], teaching[:N_TEACHING]
        print(
            f"searches: {len(own)} of users, {len(teaching)} that teach, {len(judges)} that judge"
        )
        for number, folder in enumerate(tastes(own, given.users)):
            place = Path(scratch) / f"user{number}"
            row = user(place, folder, own, teaching, judges, trainer)
            figures["users"].append({"prefers": folder, **row})
    print(json.dumps(figures))
    good = first >= GOAL_FIRST and all(
        row[name]["passed"]
        for row in figures["users"]
        for name in ("linear", "cross")
        if name in row
    )
    print(f"goals: first >= {GOAL_FIRST:.0%}, better for the user and within {GOAL_LOSS:.0%} for others:"
          f" {'met' if good else 'missed'}")  # fmt: skip


def menu(seed: int) -> bool:
    """Whether the order that ships from 200 outcomes puts first what this user likes."""
    luck = random.Random(seed)
    likes = luck.choice(OFFERS)
    ranking = Ranking(now=1000.0)
    for _ in range(N_OUTCOMES):
        shown = luck.choice(OFFERS)
        taken = luck.random() < (0.8 if shown == likes else 0.3)
        outcome = Outcome.ACCEPTED if taken else Outcome.REJECTED
        ranking.add(keys_of(calls(shown), ("add_import",)), outcome, 1000.0)
    return max(OFFERS, key=lambda module: ranking.boost(calls(module))) == likes


def calls(module: str) -> list[Call]:
    return [Call("add_import", {"path": "/w/a.py", "module": module, "name": "Iterable"})]


# -------------------------------------------------------------------- searches


def tastes(searches: list[Judged], n: int) -> list[str]:
    """Folders that are among the results of many searches, and of few enough to be a taste."""
    seen = Counter(
        folder for each in searches for folder in {folder_of(row) for row in each.results[:12]}
    )
    fitting = [name for name, count in seen.most_common() if 0.1 < count / len(searches) < 0.6]
    return fitting[:n]


def folder_of(result: dict[str, Any]) -> str:
    """The first two folders of its path."""
    return "/".join(str(result.get("path", "")).split("/")[:-1][:2]) + "/"


def user(
    place: Path, folder: str, own: list[Judged], teaching: list[Judged], judges: list[Judged],
    trainer: str | None,
) -> dict[str, Any]:  # fmt: skip
    luck = random.Random(folder)
    with FeedbackStore.open(place / "store") as store:
        for number, each in enumerate(own):
            liked = [n for n, row in enumerate(each.results[:12]) if folder_of(row) == folder]
            right = [n for n, gain in enumerate(each.gains) if gain]
            opened_row = right[0] if not liked or luck.random() < 0.1 else liked[0]
            store.record_search(
                f"s{number}", str(place), each.query, each.results, now=1000.0 + number
            )
            store.record_search_use(f"s{number}", opened_row, "opened", now=1000.5 + number)
        row = {"linear": said("linear", folder, gate.evaluate_reranker(store, judges))}
        if trainer:
            tuned, told = tune(store, place, teaching, trainer)
            row["tuning"] = told
            if told["kept"]:
                verdict = gate.evaluate_cross_encoder(store, tuned, judges)
                row["cross"] = said("cross", folder, verdict)
    return row


def tune(
    store: FeedbackStore, place: Path, teaching: list[Judged], trainer: str
) -> tuple[Path, dict[str, Any]]:
    data, general, tuned = place / "data", place / "general", place / "tuned"
    export_folder(store, data, format="reranker", shares=(0.0, 0.0))
    general.mkdir()
    rows = [json.dumps(row) + "\n" for row in general_triples(teaching)]
    (general / "train.jsonl").write_text("".join(rows), "utf-8")
    script = ROOT / "models/onnx/training/tune_reranker.py"
    command = [
        trainer,
        script,
        "--model",
        SHIPPED,
        "--data",
        data,
        "--general",
        general,
        "--output",
        tuned,
    ]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=script.parent)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    told = json.loads(done.stdout.splitlines()[-1])
    print(f"  tuning: {told}", flush=True)
    return tuned, told


def said(kind: str, folder: str, verdict: Verdict) -> dict[str, Any]:
    f = verdict.figures
    print(
        f"{kind}, who prefers {folder}: {'passed' if verdict.passed else 'not passed'}, {verdict.reason}"
    )
    if f:
        print(f"  NDCG@10 own {f['in_force']:.3f} -> {f['candidate']:.3f} ({f['n']} searches),"
              f" others {f['general_in_force']:.3f} -> {f['general_candidate']:.3f} ({f['n_general']})",
              flush=True)  # fmt: skip
    return {"passed": verdict.passed, **f, "weight": verdict.body.get("weight")}


if __name__ == "__main__":
    main()
