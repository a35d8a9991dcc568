"""Search over many chunks: time of each stage, and what the vector index loses at each way to store it.

    python benchmarks/search_scale.py --sources DIR [--chunks 100000 1000000] [--vectors FILE.db] [--json OUT]

Chunks are real ones: the files of DIR, copied under other folders until there are as many as asked
for, are indexed as a user's are. Vectors are those that an index of real code has
(`--vectors`, a file below the cache's `vectors/`), turned a little for each repetition, since
random ones say nothing about what a coarse comparison loses. Processor time is given beside wall
time: on a machine that others use, the first says more.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from treewright_indexer.encoders.shelf import Models, ModelSettings
from treewright_indexer.search import dense, engine
from treewright_indexer.search.dense import DenseIndex, pack
from treewright_indexer.search.plan import plan_of
from treewright_indexer.search.vectors import Serving
from treewright_indexer.settings import IndexSettings
from treewright_indexer.store.sqlite import connect
from treewright_indexer.workspace import Workspace

QUERIES = (
    "where are migrations applied to the database",
    "How is the session cookie signed?",
    "python render template to string",
    "QuerySet.filter",
    "Return the number of days between two dates.",
    "Fix crash when a form field is missing",
    "how does the admin site register models",
    "escape html in templates",
    "lazy translation of strings",
    "connection pooling for the database",
    "how to parse a date from a string in python",
    "simplify a trigonometric expression",
    "which entity reports the battery level of a device",
    "open a zip archive and read one member",
    "What handles a lost connection to the broker?",
    "Compute the determinant of a matrix.",
)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """(wall, processor) milliseconds."""
    wall, own = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - own)


def spread(times: list[tuple[float, float]]) -> dict[str, float]:
    wall, own = sorted(t[0] for t in times), [t[1] for t in times]
    return {
        "p50_ms": round(statistics.median(wall), 1),
        "p95_ms": round(wall[int(len(wall) * 0.95)], 1),
        "processor_p50_ms": round(statistics.median(own), 1),
    }


def real_vectors(path: Path, limit: int) -> Any:
    """(rows, dimensions) float32 of unit length."""
    connection = connect(path, flags=apsw.SQLITE_OPEN_READONLY)
    rows = [row[0] for row in connection.execute("SELECT data FROM vector LIMIT ?", (limit,))]
    raw = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)
    codes = np.ascontiguousarray(raw[:, :-4]).view(np.int8).astype(np.float32)
    return codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-9)


def many(vectors: Any, n: int, rng: Any) -> Any:
    """`n` vectors: the real ones, then each again with a third of another one mixed in."""
    parts = [vectors]
    while sum(map(len, parts)) < n:
        mixed = vectors + 0.5 * vectors[rng.permutation(len(vectors))]
        parts.append((mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32))
    return np.concatenate(parts)[:n]


def storing(vectors: Any, queries: Any) -> dict[str, Any]:
    """Ways to compare a query with all vectors: milliseconds, megabytes, share of the true first 20."""
    n = len(vectors)
    exact = [set(np.argpartition(-(vectors @ q), 20)[:20].tolist()) for q in queries]
    ids = np.arange(1, n + 1)
    index = DenseIndex(vectors.shape[1])
    for start in range(0, n, 100_000):
        rows = zip(
            ids[start : start + 100_000].tolist(),
            pack(vectors[start : start + 100_000]),
            strict=True,
        )
        index.update(ids[: start + 100_000], list(rows))
    found: dict[str, Any] = {}

    def measure(name: str, search: Callable[[Any], set[int]], megabytes: float) -> None:
        search(queries[0])
        times: list[tuple[float, float]] = []
        kept: list[float] = []
        for q, wanted in zip(queries, exact, strict=True):
            got: list[set[int]] = []
            times.append(timed(lambda q=q, got=got: got.append(search(q))))
            kept.append(len(got[0] & wanted) / 20)
        found[name] = {
            **spread(times),
            "recall_20": round(statistics.mean(kept), 4),
            "megabytes": round(megabytes),
        }
        print(f"  {n:8d} {name:28s} {found[name]}", flush=True)

    measure(
        "float, every row",
        lambda q: set(np.argpartition(-(vectors @ q), 20)[:20].tolist()),
        vectors.nbytes / 1e6,
    )
    share = dense.CANDIDATE_SHARE
    for candidates in (500, 1500, 4000):
        dense.CANDIDATES, dense.CANDIDATE_SHARE = candidates, 0.0
        measure(
            f"bits, {candidates} by bytes",
            lambda q: {number - 1 for number, _ in index.search(q, 300)},
            n * (vectors.shape[1] / 8 + vectors.shape[1] + 4) / 1e6,
        )
    dense.CANDIDATES, dense.CANDIDATE_SHARE = 1500, share
    measure(
        "bits and bytes, as shipped",
        lambda q: {number - 1 for number, _ in index.search(q, 300)},
        n * (vectors.shape[1] / 8 + vectors.shape[1] + 4) / 1e6,
    )
    return found


def copies(sources: Path, n: int, scratch: Path) -> Path:
    """A folder with `n` hard-linked copies of the sources, each below a folder of its own."""
    target = scratch / f"x{n}"
    for number in range(n):
        for path in sources.rglob("*"):
            if path.is_file() and not path.is_symlink():
                link = target / f"part{number}" / path.relative_to(sources)
                if not link.exists():
                    link.parent.mkdir(parents=True, exist_ok=True)
                    os.link(path, link)
    return target


def indexed(root: Path, cache: Path, models: Models) -> Workspace:
    workspace = Workspace(IndexSettings(cache_dir=cache, watch=False))
    workspace.models = models
    folder = workspace.add_folder(str(root))
    assert folder.vectors is not None
    folder.vectors.pause()
    began = time.perf_counter()
    folder.wait_ready(None)
    took = time.perf_counter() - began
    print(f"{root}: {folder.store.counts()['chunks']} chunks, {took:.0f} s", flush=True)
    return workspace


def queries_over(workspace: Workspace, models: Models, vectors: Any) -> dict[str, Any]:
    """Milliseconds of the stages of a query, and of whole ones."""
    folder = workspace.folders[0]
    encoder = models.embedder()
    ids = np.array(folder.store.chunk_ids(), np.int64)
    index = DenseIndex(encoder.dimensions)
    index.update(ids, list(zip(ids.tolist(), pack(vectors[: len(ids)]), strict=True)))
    assert folder.vectors is not None
    folder.vectors.serve(Serving(encoder, index, True))
    snapshot = workspace.snapshot()
    found: dict[str, Any] = {"chunks": len(ids)}
    firsts: list[tuple[float, float]] = []
    stages: dict[str, Callable[[str], Any]] = {
        "words": lambda q: engine.search(snapshot, q, 10, mode="lexical"),
        "without reranking": lambda q: engine.search(snapshot, q, 10, rerank=False),
        "with reranking": lambda q: engine.search(snapshot, q, 10, reranker=models.reranker()),
    }
    for name, ask in stages.items():
        ask("warm up the caches of everything")
        times: list[tuple[float, float]] = []
        for query in QUERIES:
            engine.forget()
            times.append(timed(lambda query=query, ask=ask: ask(query)))
        found[name] = spread(times)
        print(f"  {len(ids):8d} {name:28s} {found[name]}", flush=True)
    for query in QUERIES:
        engine.forget()
        began, first = time.perf_counter(), [0.0]

        def partial(
            stage: str, hits: Any, began: float = began, first: list[float] = first
        ) -> None:
            first[0] = first[0] or 1000 * (time.perf_counter() - began)

        engine.search(snapshot, query, 10, rerank=False, partial=partial)
        firsts.append((first[0], 0.0))
    found["first words"] = spread(firsts)
    print(f"  {len(ids):8d} {'first words':28s} {found['first words']}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--chunks", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="keep indexes here")
    parser.add_argument("--scratch", type=Path, help="on the file system of the sources")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    models = Models(ModelSettings())
    real = real_vectors(given.vectors, 200_000)
    asked = np.stack([models.embedder().query(plan_of(q).query) for q in QUERIES])
    report: dict[str, Any] = {"vectors": {}, "queries": {}}
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        cache = given.cache or Path(scratch)
        workspace = indexed(given.sources, cache, models)
        n_once = workspace.folders[0].store.counts()["chunks"]
        for n in sorted(given.chunks):
            n_copies = -(-n // n_once)
            if n_copies > 1:
                workspace.close()
                workspace = indexed(copies(given.sources, n_copies, Path(scratch)), cache, models)
            n_chunks = workspace.folders[0].store.counts()["chunks"]
            vectors = many(real, n_chunks, rng)
            report["vectors"][n] = storing(vectors[:n], asked)
            report["queries"][n] = queries_over(workspace, models, vectors)
        workspace.close()
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
