"""The process that reads and extracts files: batches of jobs on stdin, their outcomes on stdout.

Both are frames of `marshal`: nothing of the workspace is ever imported or run. It imports the
grammars and the store's row types, no server, and ends with its parent: when stdin does.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from treewright_indexer.pipeline.entries import Job, Outcome, Reader, Touched
from treewright_indexer.store.rows import (
    ChunkEntry,
    FileEntry,
    SkippedRow,
    Stamp,
    SymbolEntry,
)

_NICENESS: Final = 10


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not break a frame
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICENESS)
    jobs = sys.stdin.buffer
    gc.disable()  # what a file leaves behind holds no cycles worth looking for
    try:
        root, max_bytes, shared_path = marshal.load(jobs)
        reader = _reader(root, max_bytes, shared_path)
        _send(answers, None)  # ready: what fails from here on is a file's fault
        while (batch := marshal.load(jobs)) is not None:
            before = reader.n_extracted
            outcomes = reader.read([job_of(values) for values in batch])
            _send(answers, (reader.n_extracted - before, [packed(each) for each in outcomes]))
        answers.close()
        reader.close()
    except (EOFError, BrokenPipeError):  # the parent has gone
        os._exit(0)


def _reader(root: str, max_bytes: int, shared_path: str) -> Reader:
    import_module("treewright_indexer.facts")  # what the first file would load
    if not shared_path:
        return Reader(root, max_bytes)
    from treewright_indexer.store.shared import SharedFacts

    return Reader(root, max_bytes, SharedFacts(Path(shared_path)))


def _send(answers: Any, value: Any) -> None:
    answers.write(marshal.dumps(value))
    answers.flush()


def packed(outcome: Outcome | None) -> tuple[Any, ...] | None:
    """For `marshal`, which writes tuples but none of their subclasses."""
    if isinstance(outcome, FileEntry):
        values: list[Any] = list(outcome)
        values[1] = tuple(outcome.stamp)
        values[6] = [tuple(symbol) for symbol in outcome.symbols]
        values[7] = [tuple(chunk) for chunk in outcome.chunks]
        return "entry", *values
    if isinstance(outcome, Touched):
        return "touched", outcome.path, tuple(outcome.stamp)
    if outcome is not None:
        return "skipped", outcome.path, outcome.reason, tuple(outcome.stamp)
    return None


def unpacked(values: tuple[Any, ...] | None) -> Outcome | None:
    if values is None:
        return None
    kind, *fields = values
    if kind == "entry":
        fields[1] = Stamp._make(fields[1])
        fields[6] = [SymbolEntry._make(symbol) for symbol in fields[6]]
        fields[7] = [ChunkEntry._make(chunk) for chunk in fields[7]]
        return FileEntry._make(fields)
    fields[-1] = Stamp._make(fields[-1])
    return Touched._make(fields) if kind == "touched" else SkippedRow._make(fields)


def packed_job(job: Job) -> tuple[Any, ...]:
    return job.path, tuple(job.stamp), job.hash, job.extractor


def job_of(values: tuple[Any, ...]) -> Job:
    return Job(values[0], Stamp._make(values[1]), *values[2:])


if __name__ == "__main__":
    main()
