"""Which tests a draft affects, and what may be made of their outcome."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable

from treewright_agent.draft import Draft
from treewright_agent.tools.bench import Bench, TestRun
from treewright_indexer import graph
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_MAX_SYMBOLS = 40
_TEST_FILE = re.compile(
    r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?)\.py$|(?:^|/)tests?/(?:.*/)?[^/]+\.py$"
)


def is_test_file(shown: str) -> bool:
    name = os.path.basename(shown)
    return bool(_TEST_FILE.search(shown)) and name not in ("__init__.py", "conftest.py")


def affected_tests(bench: Bench) -> list[str]:
    """Test files that the draft changes, or that name a symbol it changes, or that are called
    like a file it changes. [] when none is known: then everything is run."""
    if bench.draft.is_empty:
        return []
    return select(bench.draft, bench.shown, bench.token)


def select(draft: Draft, shown: object, token: CancelToken) -> list[str]:
    show = shown if callable(shown) else str
    snapshot = draft.snapshot
    found: dict[str, None] = {}
    stems: set[str] = set()
    for path in draft.touched():
        name = str(show(path))
        if is_test_file(name):
            found[name] = None
        elif path.endswith(".py"):
            stem = os.path.splitext(os.path.basename(path))[0]
            stems.add(os.path.basename(os.path.dirname(path)) if stem == "__init__" else stem)
            for test in _tests_naming(snapshot, draft, path, token):
                found[str(show(test))] = None
    for path in snapshot.files():
        name = str(show(path))
        if is_test_file(name):
            stem = os.path.splitext(os.path.basename(path))[0]
            if stem.removeprefix("test_").removesuffix("_test") in stems:
                found[name] = None
    return sorted(name for name in found if is_test_file(name))


def _tests_naming(snapshot: Snapshot, draft: Draft, path: str, token: CancelToken) -> Iterable[str]:
    """Files of the tests that name a symbol whose text the draft changes."""
    names = {rename.new: rename.old for rename in draft.change.renames}
    changed = next((f for f in draft.change.files if f.path == names.get(path, path)), None)
    try:
        outline = snapshot.outline(path)
    except TreewrightError:
        return
    lines: list[tuple[int, int]] = []
    if changed is not None:
        shift = 0
        for edit in changed.edits:
            size = len(edit.new_text.encode("utf-8", "replace"))
            start = edit.span[0] + shift
            lines.append((start, start + size))
            shift += size - (edit.span[1] - edit.span[0])
    n_asked = 0
    for symbol in outline:
        touched = changed is None or any(s < symbol.end and symbol.start <= e for s, e in lines)
        if (
            not touched
            or symbol.kind not in ("function", "method", "class")
            or n_asked >= _MAX_SYMBOLS
        ):
            continue
        n_asked += 1
        try:
            for target in graph.targets_named(snapshot, symbol.name, token):
                if target.path == path and target.name_span.start == symbol.name_start:
                    for test in graph.tests_of(snapshot, target, token):
                        yield test.path
        except CancelledError:
            raise
        except TreewrightError:
            continue


_ASSERTION = re.compile(
    r"^\s*(assert\b|self\.assert|with pytest\.raises|@pytest\.mark\.(?:skip|xfail))"
)


def weakened_tests(draft: Draft, shown: object) -> list[str]:
    """Existing test files in which the draft takes out or changes assertions, or skips tests: a
    fix that does this needs the user's eye."""
    show = shown if callable(shown) else str
    found: list[str] = []
    for file in draft.change.files:
        name = str(show(file.path))
        if not is_test_file(name):
            continue
        text = draft.base.text(file.path)
        for edit in file.edits:
            first = text.line_span(text.line_of(edit.span[0])).start
            last = text.line_span(text.line_of(edit.span[1])).end
            old = text.slice(Span(first, last))
            new = (
                text.slice(Span(first, edit.span[0]))
                + edit.new_text
                + text.slice(Span(edit.span[1], last))
            )
            lost = [line for line in old.split("\n") if _ASSERTION.match(line) and line not in new]
            skips = re.search(r"@pytest\.mark\.(?:skip|xfail)|pytest\.skip\(", new)
            if lost or (skips and not re.search(r"\.(?:skip|xfail)", old)):
                found.append(name)
                break
    deleted = [str(show(d.path)) for d in draft.change.deletes]
    return sorted({*found, *(name for name in deleted if is_test_file(name))})


_OWN_PLUGINS = ("treewright_report", "no:cacheprovider")


def shown_command(run: TestRun) -> str:
    """The command that ran the tests, as a person would type it: without the interpreter's folder
    and without what treewright adds for its report."""
    words: list[str] = []
    skip = False
    for at, word in enumerate(run.command):
        if skip:
            skip = False
            continue
        if word == "-p" and run.command[at + 1 : at + 2] and run.command[at + 1] in _OWN_PLUGINS:
            skip = True
            continue
        name = os.path.basename(word)
        words.append(name if not at and name.startswith("python") else word)
    return shlex.join(words)
