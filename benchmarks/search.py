"""NDCG@10 of search on our own labelled queries, by kind of query, language and stage.

    python benchmarks/search.py --repositories DIR [--stdlib DIR] [--commits FILE] [--documents FILE]
                                [--ablate] [--json OUT] [--model MANIFEST] [--set untuned]

DIR holds one folder per name in `search/repositories.json`, at the commit given there. Questions
are in `search/questions.tsv`, web queries over the standard library in `search/web_queries.tsv`.
`search/sets.py` makes the two others from the same repositories: commit subjects with the files
they touched, and docstrings with the functions they were cut from.
Retrieval runs once for each query; every row of the ablation ranks the same candidates.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from treewright_indexer.encoders import Reranker
from treewright_indexer.encoders.late import WEIGHT as LATE_WEIGHT
from treewright_indexer.encoders.onnx import OnnxReranker
from treewright_indexer.encoders.shelf import Models, ModelSettings, manifest_of
from treewright_indexer.search import engine, places
from treewright_indexer.search.fuse import Candidate, fuse
from treewright_indexer.search.plan import Plan, plan_of
from treewright_indexer.search.rerank import blended, wants
from treewright_indexer.settings import IndexSettings
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span
from treewright_indexer.workspace import Workspace

HERE = Path(__file__).resolve().parent / "search"
K = 10
CROSS_HEAD = 24
CROSSED = (0.2, 0.35, 0.5, 0.7, 1.0)
"""Weights of the cross-encoder in the ablation."""


Ranking = Callable[[Plan, list[Candidate]], list[Candidate]]


class Case(NamedTuple):
    """A query with its answers: `path` or `path::symbol` -> grade."""

    kind: str
    folder: Path
    language: str
    query: str
    answers: dict[str, int]


class Retrieved(NamedTuple):
    case: Case
    plan: Plan
    candidates: list[Candidate]
    ms: float


def rows_of(path: Path) -> Iterable[list[str]]:
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split("\t")


def cases_of(arguments: argparse.Namespace) -> list[Case]:
    here = HERE / arguments.set
    repositories: dict[str, dict[str, str]] = json.loads(
        (here / "repositories.json").read_text("utf-8")
    )
    cases: list[Case] = []

    def folder(name: str) -> Path:
        return arguments.repositories / name

    for name, query, answers in rows_of(here / "questions.tsv"):
        graded = {a.rpartition("=")[0]: int(a.rpartition("=")[2]) for a in answers.split()}
        language = repositories[name]["language"]
        cases.append(Case("question", folder(name), language, query, graded))
    if arguments.stdlib:
        for query, answers in rows_of(HERE / "web_queries.tsv"):
            cases.append(
                Case("web", arguments.stdlib, "python", query, dict.fromkeys(answers.split(), 1))
            )
    for file, kind in ((arguments.commits, "commit"), (arguments.documents, "docstring")):
        for row in json.loads(file.read_text("utf-8")) if file else ():
            name = row["repository"]
            where = Path(row["folder"]) if "folder" in row else folder(name)
            language = repositories[name]["language"]
            cases.append(
                Case(kind, where, language, row["query"], dict.fromkeys(row["answers"], 1))
            )
    return [case for case in cases if case.folder.is_dir()]


def retrieve(
    cases: list[Case], models: Models, cache: Path, cross: Reranker | None = None
) -> tuple[list[Retrieved], list[dict[str, Any]]]:
    """Candidates of every case, and what indexing each folder cost."""
    by_folder: dict[Path, list[Case]] = defaultdict(list)
    for case in cases:
        by_folder[case.folder].append(case)
    found: list[Retrieved] = []
    costs: list[dict[str, Any]] = []
    for root, some in by_folder.items():
        workspace = Workspace(IndexSettings(cache_dir=cache, watch=False))
        workspace.models = models
        folder = workspace.add_folder(str(root))
        began = time.perf_counter()
        folder.wait_ready(None)
        indexed = time.perf_counter()
        if folder.vectors is not None:
            folder.vectors.wait_complete(None)
        embedded = time.perf_counter()
        costs.append(
            {
                "folder": root.name,
                "chunks": folder.store.counts()["chunks"],
                "index_s": round(indexed - began, 2),
                "embed_s": round(embedded - indexed, 2),
                "embedded": folder.vectors.n_embedded if folder.vectors is not None else 0,
            }
        )
        print(costs[-1], flush=True)
        for case in some:
            snapshot, plan = workspace.snapshot(), plan_of(case.query)
            started = time.perf_counter()
            candidates, _, _ = engine.retrieve(
                snapshot, plan, "hybrid", [], time.monotonic() + 30, None
            )
            ms = 1000 * (time.perf_counter() - started)
            _rerank(workspace.snapshot(), plan, candidates, models.reranker())
            if cross is not None:
                _read_together(workspace.snapshot(), plan, candidates, cross)
            found.append(Retrieved(case, plan, candidates, ms))
        workspace.close()
    return found, costs


def _rerank(
    snapshot: Snapshot, plan: Plan, candidates: list[Candidate], reranker: Reranker | None
) -> None:
    """Note what the reranker says of those candidates that it would be asked for."""
    if reranker is None or not wants(plan, reranker):
        return
    head = fuse(plan, candidates)[: reranker.head]
    texts = [
        reranker.document(c.shown, c.symbol, snapshot.text(c.path).slice(Span(c.start, c.end)))
        for c in head
    ]
    for candidate, score in zip(head, reranker.scores(plan.query, texts), strict=True):
        candidate.rerank = score


def _read_together(
    snapshot: Snapshot, plan: Plan, candidates: list[Candidate], cross: Reranker
) -> None:
    """Note what a cross-encoder says of the head, whatever kind of query it is."""
    head = fuse(plan, candidates)[:CROSS_HEAD]
    texts = [
        cross.document(c.shown, c.symbol, snapshot.text(c.path).slice(Span(c.start, c.end)))
        for c in head
    ]
    for candidate, score in zip(head, cross.scores(plan.query, texts), strict=True):
        candidate.scores["cross"] = score


def crossed(weight: float, n: int = 24) -> Ranking:
    """The first `n` anew by the cross-encoder with `weight`."""

    def rank(plan: Plan, candidates: list[Candidate]) -> list[Candidate]:
        ranked = fuse(plan, candidates)
        head = list(itertools.takewhile(lambda c: "cross" in c.scores, ranked[:n]))
        return blended(ranked, [c.scores["cross"] for c in head], weight)

    return rank


def everything(plan: Plan, candidates: list[Candidate]) -> list[Candidate]:
    """As a search ranks: fused, and the head again by the reranker."""
    ranked = fuse(plan, candidates)
    scores = [c.rerank for c in itertools.takewhile(lambda c: c.rerank is not None, ranked)]
    return blended(ranked, [score for score in scores if score is not None], LATE_WEIGHT)


def gain_of(case: Case, candidate: Candidate) -> tuple[str, int]:
    """(the answer that the candidate is, its grade)."""
    for answer, grade in case.answers.items():
        path, _, symbol = answer.partition("::")
        here = candidate.shown == path or candidate.shown.endswith("/" + path)
        if here and (not symbol or candidate.symbol == symbol):
            return answer, grade
    return "", 0


def ndcg(case: Case, ranked: list[Candidate]) -> float:
    """Files count once, at their first chunk, and take one place; a span takes a place a chunk.

    Of a web query's several answers each is as good as the best.
    """
    gains: list[int] = []
    seen: set[str] = set()
    files: set[str] = set()
    by_file = case.kind in ("question", "commit")
    for candidate in ranked:
        if by_file:
            if candidate.shown in files:
                continue
            files.add(candidate.shown)
        answer, grade = gain_of(case, candidate)
        gains.append(0 if answer in seen else grade)
        if answer:
            seen.add(answer)
        if len(gains) == K:
            break
    ideal = sorted(case.answers.values(), reverse=True)[:K]
    if case.kind == "web":
        first = next((i for i, gain in enumerate(gains) if gain), None)
        return 0.0 if first is None else 1 / math.log2(first + 2)
    return _dcg(gains) / _dcg(ideal)


def _dcg(gains: list[int]) -> float:
    return sum((2**gain - 1) / math.log2(index + 2) for index, gain in enumerate(gains))


def evaluate(found: list[Retrieved], rank: Ranking) -> dict[str, float]:
    scores: dict[str, list[float]] = defaultdict(list)
    for each in found:
        copies = [replace(c, scores=dict(c.scores)) for c in each.candidates]
        value = ndcg(each.case, rank(each.plan, copies))
        scores[each.case.kind].append(value)
        scores[f"{each.case.kind}/{each.case.language}"].append(value)
    return {name: round(statistics.mean(values), 4) for name, values in sorted(scores.items())}


def only(source: str) -> Ranking:
    def rank(plan: Plan, candidates: list[Candidate]) -> list[Candidate]:
        kept = [c for c in candidates if source in c.scores]
        return sorted(kept, key=lambda c: (-c.scores[source], c.path, c.start))

    return rank


def without(**changes: Any) -> Ranking:
    return lambda plan, candidates: fuse(replace(plan, **changes), candidates)


def by_ranks(plan: Plan, candidates: list[Candidate]) -> list[Candidate]:
    """Reciprocal rank fusion of words and meaning, with the same rules about files."""
    for source in ("dense", "lexical"):
        order = sorted(
            (c for c in candidates if source in c.scores), key=lambda c: -c.scores[source]
        )
        for rank, candidate in enumerate(order):
            candidate.scores[source] = 1 / (60 + rank)
    return fuse(replace(plan, dense=0.5), candidates)


def no_places(plan: Plan, candidates: list[Candidate]) -> list[Candidate]:
    about = frozenset(places.FACTORS)
    return fuse(replace(plan, about=about), candidates)


def no_names(plan: Plan, candidates: list[Candidate]) -> list[Candidate]:
    for candidate in candidates:
        candidate.scores.pop("symbol", None)
        candidate.scores.pop("path", None)
    return fuse(plan, candidates)


# The rows below "no reranking" are without it too: it saw the head of the whole ranking only.
STAGES: dict[str, Ranking] = {
    "all": everything,
    "no reranking": fuse,
    "words only, no rules": only("lexical"),
    "meaning only, no rules": only("dense"),
    "words with the rules": without(dense=0.0),
    "meaning with the rules": without(dense=1.0),
    "ranks instead of scores": by_ranks,
    "no rules about places": no_places,
    "no file totals": without(file=0.0),
    "no path words": without(path=0.0),
    "no spreading": without(spread=1.0),
    "no names": no_names,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=Path, required=True)
    parser.add_argument("--set", default="", help="folder of a set below `search`")
    parser.add_argument("--stdlib", type=Path)
    parser.add_argument("--commits", type=Path)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--model", default="")
    parser.add_argument("--cross", default="", help="a cross-encoder to measure: a name or a path")
    parser.add_argument("--cache", type=Path, help="keep indexes and vectors here")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    settings = ModelSettings(embedder=arguments.model) if arguments.model else ModelSettings()
    with tempfile.TemporaryDirectory() as scratch:
        found, costs = retrieve(
            cases_of(arguments),
            Models(settings),
            arguments.cache or Path(scratch),
            OnnxReranker(manifest_of(arguments.cross)) if arguments.cross else None,
        )
    stages: dict[str, Ranking] = dict(STAGES) if arguments.ablate else {"all": everything}
    if arguments.cross:
        for weight in CROSSED:
            stages[f"cross-encoder at {weight}"] = crossed(weight)
    results = {name: evaluate(found, rank) for name, rank in stages.items()}
    kinds = sorted({each.case.kind for each in found})
    print(f"{'':28s}" + "".join(f"{kind:>11s}" for kind in kinds))
    for name, scores in results.items():
        print(f"{name:28s}" + "".join(f"{scores[kind]:11.4f}" for kind in kinds))
    print({name: value for name, value in results["all"].items() if "/" in name})
    times = sorted(each.ms for each in found)
    print(
        f"retrieval ms: p50 {times[len(times) // 2]:.1f}, p95 {times[int(len(times) * 0.95)]:.1f}"
    )
    if arguments.json:
        report = {
            "revision": subprocess.run(
                ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
            ).stdout.strip(),
            "model": Models(settings).embedder().generation,
            "scores": results,
            "costs": costs,
        }
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
