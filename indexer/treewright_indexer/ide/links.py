"""Import statements as links to the files that they name."""

from __future__ import annotations

import re
from typing import NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


class Link(NamedTuple):
    span: Span
    target: str


def links(snapshot: Snapshot, path: str, token: CancelToken) -> list[Link]:
    """The module named by each import that stands in the workspace, in order."""
    facts, data = snapshot.facts(path), snapshot.text(path).data
    finder = ModuleFinder(snapshot)
    found: dict[int, Link] = {}
    for item in facts.imports:
        token.check()
        span = _module_span(data, item.start, item.end, item.module, item.level)
        if span is None or span.start in found:
            continue
        target = finder.find(path, item.module, item.level)
        if target is not None and target != path:
            found[span.start] = Link(span, target)
    return [found[start] for start in sorted(found)]


def _module_span(data: bytes, start: int, end: int, module: str, level: int) -> Span | None:
    """Where the statement says the module; None when it says it in several words."""
    written = re.escape(module.encode())
    dots = rb"\.{%d}\s*" % level if level else rb"(?<![\w.])"
    match = re.compile(dots + written + rb"(?![\w])").search(data, start, end)
    return Span(*match.span()) if match is not None and match.group().strip() else None
