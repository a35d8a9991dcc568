"""Hints between the words of a line, where they are certain: which parameter a literal goes to."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Confidence, Occurrence
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.ide.signatures import (
    labels,
    parameter_name,
    split_arguments,
    split_parameters,
)
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

MAX_HINTS: Final = 500
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
    resolver = Resolver(snapshot, token)
    found: list[Hint] = []
    calls: list[tuple[int, str, bool]] = []
    for name in facts.postings:
        for use in facts.references(name):
            if use.role == Role.CALL and within.start <= use.start < within.end:
                calls.append((use.start, name, use.attribute))
    for start, name, attribute in sorted(calls):
        token.check()
        end = start + len(name.encode())
        arguments = _arguments(data, end)
        if arguments is None or not any(map(_LITERAL.match, split_arguments(arguments[1]))):
            continue
        span = Span(start, end)
        targets = resolver.resolve(Occurrence(path, name, span, Role.CALL, attribute))
        if len(targets) != 1 or targets[0].confidence not in _CERTAIN:
            continue
        for label, _, bound in labels(resolver, targets[0], attribute)[:1]:
            texts = [label[a:b] for a, b in split_parameters(label)][1 if bound else 0 :]
            found += _of_call(arguments[0], arguments[1], texts)
        if len(found) >= MAX_HINTS:
            break
    return found[:MAX_HINTS]


def _of_call(start: int, arguments: str, parameters: list[str]) -> list[Hint]:
    hints: list[Hint] = []
    names = [text for text in parameters if text != "/"]
    position = start
    for index, argument in enumerate(split_arguments(arguments)):
        if index >= len(names) or names[index].startswith(("*", "...")):
            break
        if argument.lstrip().startswith("*") or re.match(r"\s*\w+\s*=(?!=)", argument):
            break
        name = parameter_name(names[index])
        if len(names) > 1 and _LITERAL.match(argument) and len(name) > 1:
            blank = len(argument) - len(argument.lstrip())
            hints.append(Hint(position + len(argument[:blank].encode()), f"{name}="))
        position += len(argument.encode()) + 1
    return hints


def _arguments(data: bytes, end: int) -> tuple[int, str] | None:
    """Where the arguments of a call start and their text; None when they do not follow."""
    if data[end : end + 1] != b"(":
        return None
    depth, quote = 0, 0
    for position in range(end, min(len(data), end + 1000)):
        byte = data[position]
        if quote:
            quote = 0 if byte == quote and data[position - 1] != 0x5C else quote
        elif byte in b"\"'":
            quote = byte
        elif byte in b"([{":
            depth += 1
        elif byte in b")]}":
            depth -= 1
            if depth == 0:
                return end + 1, data[end + 1 : position].decode("utf-8", "replace")
        elif byte == 0x23:  # a comment may hold anything
            return None
    return None
