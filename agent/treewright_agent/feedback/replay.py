"""Requests of the past asked again: what a candidate answers now, judged by what it does.

A stored request is replayed on the code that was recorded with it, in a folder of its own; what
the calls make of it is compared with what the user kept and with what was refused, by syntax
tree: other spaces, the same code. A case is a folder with a request, files and tests; there the
tests decide, in the sandbox. Nothing touches the user's files.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from treewright_agent.calls import Call
from treewright_agent.feedback.samples import Sample, ToolCall
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, CancelledError, TreewrightError
from treewright_indexer.snapshot import Snapshot

Answerer = Callable[[str], Sequence[Call]]
"""The user's turn -> operation calls. What it raises counts as no answer."""

TESTS_S = 60.0


class Asked(NamedTuple):
    """What one request led to. `result`: kept, refused, other, broken, none; passed, failed."""

    name: str
    result: str
    detail: str = ""


def score(asked: Iterable[Asked]) -> dict[str, Any]:
    """`good` is the share that did what the user kept or passed the tests; `harm` what was
    refused before, or does not parse."""
    counts = Counter(each.result for each in asked)
    n = sum(counts.values())
    good = counts["kept"] + counts["passed"]
    harm = counts["refused"] + counts["broken"]
    return {
        "n": n,
        "good": round(good / n, 4) if n else 0.0,
        "harm": round(harm / n, 4) if n else 0.0,
        "results": dict(sorted(counts.items())),
    }


# -------------------------------------------------------------------- stored requests


def replayable(samples: Iterable[Sample]) -> Iterator[tuple[Sample, dict[str, str]]]:
    """Samples whose stored code is enough to plan on, with path -> text that the user kept (or
    that was refused). Of many, only a part of each file was recorded: those are left out."""
    for sample in samples:
        calls = sample.kept if sample.kept is not None else sample.proposed
        with _workspace(_context_files(sample)) as (snapshot, root):
            try:
                made = _planned(snapshot, root, _calls(calls))
            except TreewrightError:
                continue
            if made:
                yield sample, made


def ask(
    samples: Iterable[tuple[Sample, dict[str, str]]], answerer: Answerer, token: CancelToken
) -> list[Asked]:
    """Each stored request put to `answerer` again."""
    return [_asked(sample, wanted, answerer, token) for sample, wanted in samples]


def _asked(
    sample: Sample, wanted: Mapping[str, str], answerer: Answerer, token: CancelToken
) -> Asked:
    token.check()
    with _workspace(_context_files(sample)) as (snapshot, root):
        try:
            made = _planned(snapshot, root, answerer(sample.request))
        except CancelledError:
            raise
        except Exception as error:
            return Asked(sample.row.id, "none", f"{type(error).__name__}: {error}"[:200])
        if not made:
            return Asked(sample.row.id, "none", "no change")
        if any(_breaks(snapshot, root, path, text) for path, text in made.items()):
            return Asked(sample.row.id, "broken")
        same = made.keys() == wanted.keys() and all(
            _leaves(snapshot, path, made[path]) == _leaves(snapshot, path, wanted[path])
            for path in made
        )
    if not same:
        return Asked(sample.row.id, "other")
    return Asked(sample.row.id, "kept" if sample.kept is not None else "refused")


def _context_files(sample: Sample) -> dict[str, str]:
    return {piece["path"]: piece["code"] for piece in sample.row.context}


def _calls(calls: Iterable[ToolCall]) -> list[Call]:
    return [Call(call.name, dict(call.arguments)) for call in calls]


def _planned(snapshot: Snapshot, root: Path, calls: Sequence[Call]) -> dict[str, str]:
    """path below the root -> text, of each file that is there afterwards. Raises TreewrightError."""
    from treewright_agent.calls import absolute_calls
    from treewright_agent.proposals import plan

    if not calls:
        return {}
    change = plan(snapshot, absolute_calls(calls, str(root)), CancelToken())
    return {
        Path(path).relative_to(root).as_posix(): text.string
        for path, text in change.apply(snapshot.text).items()
        if text is not None
    }


def _breaks(snapshot: Snapshot, root: Path, path: str, text: str) -> bool:
    """Whether a text has syntax errors that the one before had not."""
    language = snapshot.language(str(root / path))
    if language is None:
        return False
    from treewright_indexer.syntax import parse

    if not parse(language, text.encode("utf-8", "replace")).root_node.has_error:
        return False
    try:
        before = snapshot.text(str(root / path)).data
    except TreewrightError:
        return True
    return not parse(language, before).root_node.has_error


def _leaves(snapshot: Snapshot, path: str, text: str) -> list[str]:
    """The tokens of a text; its words where there is no grammar for it."""
    from treewright_indexer.syntax import parse

    language = snapshot.language(path)
    if language is None:
        return text.split()
    found: list[str] = []
    stack = [parse(language, text.encode("utf-8", "replace")).root_node]
    while stack:
        node = stack.pop()
        if node.child_count == 0:
            found.append((node.text or b"").decode("utf-8", "replace"))
        stack.extend(reversed(node.children))
    return found


# -------------------------------------------------------------------- cases with tests


class Case(NamedTuple):
    """`files` is copied; `tests` are run there with pytest, in the sandbox."""

    name: str
    request: str
    files: Path


def cases_in(folder: Path) -> list[Case]:
    """Each subfolder with `request.md` and `files/`. Raises ArgumentsError when there is none."""
    found = [
        Case(place.name, (place / "request.md").read_text("utf-8"), place / "files")
        for place in sorted(folder.iterdir() if folder.is_dir() else ())
        if (place / "request.md").is_file() and (place / "files").is_dir()
    ]
    if not found:
        raise ArgumentsError(
            f"{folder}: no case in it; a case is a folder with request.md and files/, tests among them"
        )
    return found


def solve(cases: Iterable[Case], answerer: Answerer, token: CancelToken) -> list[Asked]:
    """Each case answered once, its tests run on the result."""
    return [_solved(case, answerer, token) for case in cases]


def _solved(case: Case, answerer: Answerer, token: CancelToken) -> Asked:
    from treewright_agent.sandbox import Limits, Policy, run

    token.check()
    files = {
        path.relative_to(case.files).as_posix(): path.read_text("utf-8", "replace")
        for path in sorted(case.files.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    shown = "\n\n".join(f"{path}:\n```\n{text}\n```" for path, text in files.items())
    with _workspace(files) as (snapshot, root):
        try:
            made = _planned(snapshot, root, answerer(f"{case.request.strip()}\n\n{shown}"))
        except CancelledError:
            raise
        except Exception as error:
            return Asked(case.name, "none", f"{type(error).__name__}: {error}"[:200])
        if any(_breaks(snapshot, root, path, text) for path, text in made.items()):
            return Asked(case.name, "broken")
        for path, text in made.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        prefixes = tuple(dict.fromkeys((sys.prefix, sys.base_prefix)))
        limits = Limits(wall_s=TESTS_S)
        policy = Policy(writable=(str(root),), readable=prefixes, limits=limits)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        result = run(command, str(root), policy, token)
    if result.returncode == 0:
        return Asked(case.name, "passed")
    return Asked(case.name, "failed", (result.limit or result.stdout[-200:]).strip())


@contextmanager
def _workspace(files: Mapping[str, str]) -> Generator[tuple[Snapshot, Path]]:
    """The files in a folder of their own, indexed, gone afterwards."""
    from treewright_indexer.workspace import IndexSettings, Workspace

    base = Path(tempfile.mkdtemp(prefix="treewright-replay-")).resolve()
    root = base / "code"
    root.mkdir()
    workspace: Workspace | None = None
    try:
        for path, text in files.items():
            place = (root / path).resolve()
            if not place.is_relative_to(root):
                continue  # a recorded path may be hostile
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8", "replace")
        workspace = Workspace(IndexSettings(workers=0, cache_dir=None, watch=False))
        workspace.add_folder(str(root)).wait_ready(30.0)
        yield workspace.snapshot(), root
    finally:
        if workspace is not None:
            workspace.close()
        shutil.rmtree(base, ignore_errors=True)
