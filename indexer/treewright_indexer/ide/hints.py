"""Hints between the words of a line, where they are certain: which parameter a literal goes to."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.facts.calls import Argument, Call, call_at
from treewright_indexer.graph.model import Confidence, Occurrence
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.ide.signatures import (
    labels,
    parameter_name,
    split_parameters,
)
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

MAX_HINTS: Final = 500
MAX_LITERAL: Final = 200
"""Bytes; a longer one needs no name to be told from the others."""
_LITERAL: Final = re.compile(
    r"\s*(?:[-+]?\d[\w.]*|[rbfuRBFU]{0,2}(?:'[^']*'|\"[^\"]*\")|True|False|None|true|false|null|nil"
    r"|undefined|\[\s*\]|\{\s*\}|\(\s*\))\s*\Z"
)
_CERTAIN: Final = frozenset({Confidence.EXACT, Confidence.IMPORT})


class Hint(NamedTuple):
    offset: int
    label: str


def parameter_hints(snapshot: Snapshot, path: str, within: Span, token: CancelToken) -> list[Hint]:
    """`name=` before each literal argument of a call whose one meaning is known."""
    facts, data = snapshot.file_facts(path), snapshot.text(path).data
    root = snapshot.tree(path).root_node
    resolver = Resolver(snapshot, token)
    found: list[Hint] = []
    calls: list[tuple[int, str, bool]] = []
    for name in facts.postings:
        for use in facts.references(name):
            if use.role == Role.CALL and within.start <= use.start < within.end:
                calls.append((use.start, name, use.attribute))
    for start, name, attribute in sorted(calls):
        token.check()
        span = Span(start, start + len(name.encode()))
        call = call_at(root, data, span)
        if call is None or not any(_is_literal(data, each) for each in call.arguments):
            continue
        targets = resolver.resolve(Occurrence(path, name, span, Role.CALL, attribute))
        if len(targets) != 1 or targets[0].confidence not in _CERTAIN:
            continue
        for label, _, bound in labels(resolver, targets[0], attribute)[:1]:
            texts = [label[a:b] for a, b in split_parameters(label)][1 if bound else 0 :]
            found += _of_call(data, call, texts)
        if len(found) >= MAX_HINTS:
            break
    return found[:MAX_HINTS]


def _of_call(data: bytes, call: Call, parameters: list[str]) -> list[Hint]:
    hints: list[Hint] = []
    names = [text for text in parameters if text != "/"]
    for index, argument in enumerate(call.arguments):
        if index >= len(names) or names[index].startswith(("*", "...")):
            break
        if argument.stars or argument.keyword:
            break
        name = parameter_name(names[index])
        if len(names) > 1 and len(name) > 1 and _is_literal(data, argument):
            hints.append(Hint(argument.span.start, f"{name}="))
    return hints


def _is_literal(data: bytes, argument: Argument) -> bool:
    text = data[argument.span.start : argument.span.end]
    return len(text) < MAX_LITERAL and bool(_LITERAL.match(text.decode("utf-8", "replace")))
