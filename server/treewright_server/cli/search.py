"""treewright search: find code by words and meaning; one query, or a stream with --batch."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import msgspec

from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    ProgressLine,
    folder_path,
    load_settings,
    opened,
    painter,
    print_json,
    usage,
)

if TYPE_CHECKING:
    from treewright_indexer.encoders import Reranker
    from treewright_indexer.encoders.shelf import Models
    from treewright_indexer.folder import Folder
    from treewright_indexer.search.engine import Answer
    from treewright_indexer.workspace import Workspace


_RERANK_S = 2.0
"""Nobody types meanwhile: the same query gives the same answer on a busy machine too."""


class Query(msgspec.Struct):
    """One line of --batch."""

    query: str
    id: str | int | None = None
    k: int = 10


def run(arguments: Namespace) -> int:
    root = folder_path(arguments.path)
    if arguments.k < 1:
        usage("-k must be 1 or more")
    if arguments.batch and arguments.query is not None:
        usage("--batch takes its queries from standard input")
    given: str = arguments.query or ""
    if not arguments.batch and arguments.query is None:
        usage("QUERY is missing")
    started = time.perf_counter()
    models = _models(root, arguments)
    if models is not None:
        models.start_warm_up()
    with opened(root, models=models) as (workspace, folder):
        _wait_for_vectors(folder, patient=arguments.batch)
        wanted = models is not None and arguments.rerank is not False
        searcher = _Searcher(workspace, arguments.mode, _reranker(models) if wanted else None)
        if arguments.batch:
            return _batch(searcher, folder, started)
        answer = searcher(given, arguments.k)
    if arguments.json:
        print_json([hit._asdict() for hit in answer.hits])
    else:
        _show(answer, arguments.explain)
    return DONE if answer.hits else NOT_DONE


class _Searcher:
    """A search with everything but the query decided."""

    def __init__(self, workspace: Workspace, mode: str, reranker: Reranker | None) -> None:
        self._workspace = workspace
        self.mode = mode
        self._reranker = reranker

    def __call__(self, query: str, k: int) -> Answer:
        from treewright_indexer.search.engine import search

        return search(
            self._workspace.snapshot(),
            query,
            k,
            mode=self.mode,
            rerank=self._reranker is not None,
            reranker=self._reranker,
            rerank_s=_RERANK_S,
        )


def _models(root: str, arguments: Namespace) -> Models | None:
    """None when only words or the graph are asked."""
    layer = load_settings(root).search
    if arguments.mode in ("lexical", "graph") or not layer.semantic:
        return None
    from treewright_indexer.encoders.shelf import Models

    return Models(layer.domain())


def _reranker(models: Models | None) -> Reranker | None:
    from treewright_indexer.encoders.manifest import ModelError

    try:
        return models.reranker() if models is not None else None
    except ModelError as error:
        print(f"treewright: {error}", file=sys.stderr)
        return None


def _wait_for_vectors(folder: Folder, *, patient: bool) -> None:
    """Until every chunk has its vector, or it is known that there will be none.

    Unless `patient`, who interrupts that is answered with what there is.
    """
    if folder.vectors is None:
        return
    bar = ProgressLine(sys.stderr)

    def report(done: int, total: int, message: str) -> None:
        hint = "" if patient else ", Ctrl-C: answer now"
        bar.report(done, total, f"{message}{hint}")

    folder.vectors.report = report
    try:
        folder.vectors.wait_complete(None)
    except KeyboardInterrupt:
        if patient:
            raise
    finally:
        bar.clear()


def _show(answer: Answer, explain: bool) -> None:
    paint = painter()
    for hit in answer.hits:
        place = f"{hit.path}:{hit.start_line}-{hit.end_line}"
        head = f"{paint('cyan', place)}  {paint('bold', hit.symbol)}"
        note = f"{hit.kind} {hit.score:.2f}"
        if explain:
            note += f" by {', '.join(hit.sources)}"
        print(f"{head}  {paint('dim', note)}")
        for line in hit.snippet.split("\n")[:6]:
            print(f"    {line}")
    if explain:
        print(paint("dim", f"{answer.plan.explain()} in {answer.ms:.0f} ms"))
    for note in answer.notes:
        print(paint("dim", note))


def _batch(searcher: _Searcher, folder: Folder, started: float) -> int:
    counts = folder.store.counts()
    vectors = folder.vectors
    print_json(
        {
            "ready": True,
            "files": counts.get("files", 0),
            "chunks": counts.get("chunks", 0),
            "vectors": vectors.progress[0] if vectors is not None else 0,
            "mode": searcher.mode,
            "problem": vectors.problem if vectors is not None else "",
            "seconds": round(time.perf_counter() - started, 3),
        }
    )
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            query = msgspec.json.decode(line, type=Query)
        except (msgspec.DecodeError, UnicodeError) as error:
            print_json({"id": _id_of(line), "error": str(error)})
            continue
        begun = time.perf_counter()
        answer = searcher(query.query, max(1, min(query.k, 1000)))
        print_json(
            {
                "id": query.id,
                "results": [hit._asdict() for hit in answer.hits],
                "ms": round(1000 * (time.perf_counter() - begun), 3),
                "notes": list(answer.notes),
            }
        )
    return DONE


def _id_of(line: str) -> Any:
    """The id of a line that is no query, when it can be read at all."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any]).get("id")
    except (msgspec.DecodeError, UnicodeError):
        return None
