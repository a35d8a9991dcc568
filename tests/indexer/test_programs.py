"""Small programs in languages that no provider is asked about: what the graph alone says of them.

`programs/LANGUAGE.txt` holds programs under `=== name`, each of `//- path` sections. A name is
written `[[key name]]`: all names with one key are one thing, defined where the key has a `=`.
From that follow the definition and the references of each of them and its highlights. `[[?a,b]]`
is a place where a and b must be offered. Lines `//! question key: answers` ask the rest.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph import definitions, references
from treewright_indexer.graph.hover import hover_of
from treewright_indexer.graph.model import Target
from treewright_indexer.graph.references import highlights
from treewright_indexer.ide.calls import incoming, outgoing
from treewright_indexer.ide.completion import complete
from treewright_indexer.model import FileFacts

HOME = Path(__file__).with_name("programs")
MARK = re.compile(r"\[\[(\?[\w,]+|=?[\w.]+ #?[^\W\d]\w*)\]\]")


@dataclass
class Program:
    name: str
    files: dict[str, str] = field(default_factory=dict[str, str])
    defined: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    uses: defaultdict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    named: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    offers: list[tuple[str, int, list[str]]] = field(
        default_factory=list[tuple[str, int, list[str]]]
    )
    asked: list[tuple[str, str, list[str]]] = field(
        default_factory=list[tuple[str, str, list[str]]]
    )


def read(language: str) -> Iterator[Program]:
    whole = "\n" + (HOME / f"{language}.txt").read_text()
    for part in whole.split("\n=== ")[1:]:
        name, _, body = part.partition("\n")
        program = Program(f"{language}-{name}")
        for question, key, answers in re.findall(r"^//! (\w+) (\S+): (.*)$", body, re.MULTILINE):
            program.asked.append((question, key, answers.split()))
        body = re.sub(r"^//! .*\n?", "", body, flags=re.MULTILINE)
        for section in ("\n" + body).split("\n//- ")[1:]:
            path, _, text = section.partition("\n")
            _place(program, path.strip(), text)
        yield program


def _place(program: Program, path: str, marked: str) -> None:
    """Take the marks out of one file and remember where they stood."""
    text, at = "", 0
    for mark in MARK.finditer(marked):
        text += marked[at : mark.start()]
        at = mark.end()
        offset = len(text.encode())
        key, _, name = mark.group(1).partition(" ")
        if key.startswith("?"):
            program.offers.append((path, offset, key[1:].split(",")))
            continue
        if key.startswith("="):
            program.defined[key[1:]] = path, offset
        program.named[path, offset] = name
        program.uses[key.removeprefix("=")].append((path, offset))
        text += name
    program.files[path] = text + marked[at:]


PROGRAMS = [*read("typescript"), *read("javascript"), *read("go")]


def _line(text: str, offset: int) -> int:
    return text.encode().count(b"\n", 0, offset) + 1


def _key(program: Program, fixture: Fixture, target: Target) -> str:
    """The key of what a place of the graph is; its path for a whole file."""
    relative = Path(target.path).relative_to(fixture.root).as_posix()
    for key, (path, offset) in program.defined.items():
        if (path, offset) == (relative, target.name_span.start):
            return key
    return relative if target.kind == "module" else target.name


def faults(program: Program, fixture: Fixture) -> list[str]:
    """What is not as the program says, a line each."""
    snapshot, token = fixture.snapshot, CancelToken()
    found: list[str] = []

    def show(places: set[tuple[str, int]]) -> str:
        lines = [
            f"{path}:{_line(program.files[path], offset)}"
            for path, offset in sorted(places)
            if path in program.files
        ]
        return " ".join(lines) or "nothing"

    def relative(path: str) -> str:
        return Path(path).relative_to(fixture.root).as_posix()

    for key, uses in program.uses.items():
        defined, expected = program.defined[key], set(uses)
        for path, offset in uses:
            here = f"{key} at {show({(path, offset)})}"
            targets = definitions(snapshot, fixture.absolute(path), offset + 1, token)
            said = {(relative(t.path), t.name_span.start) for t in targets}
            if said != {defined}:
                found.append(f"definition of {here}: {show(said)}, not {show({defined})}")
                continue
            if len({program.named[place] for place in expected}) > 1:
                continue  # servers differ on whether an alias is lit with what it stands for
            shown = highlights(snapshot, fixture.absolute(path), offset + 1, token)
            lit = {(path, use.span.start) for use in shown}
            wanted = {place for place in expected if place[0] == path}
            if lit != wanted:
                more, less = show(lit - wanted), show(wanted - lit)
                found.append(f"highlights of {here}: lacks {less}, has also {more}")
        targets = definitions(snapshot, fixture.absolute(defined[0]), defined[1], token)
        for target in targets[:1]:
            uses_found = references(snapshot, target, token)
            said = {(relative(use.path), use.span.start) for use in uses_found}
            if said != expected:
                more, less = show(said - expected), show(expected - said)
                found.append(f"references of {key}: lacks {less}, has also {more}")
    for path, offset, names in program.offers:
        offered = complete(snapshot, fixture.absolute(path), offset, token, imports=False)
        missing = set(names) - {item.label for item in offered.items}
        if missing:
            found.append(f"completion at {show({(path, offset)})} lacks {sorted(missing)}")
    for question, key, answers in program.asked:
        said_names = _answer(program, fixture, question, key)
        if question == "hover":
            said_names = [name for name in answers if name in said_names]
        if sorted(said_names) != sorted(answers):
            found.append(f"{question} of {key}: {said_names}, not {answers}")
    return found


def _answer(program: Program, fixture: Fixture, question: str, key: str) -> list[str]:
    snapshot, token = fixture.snapshot, CancelToken()
    if question == "outline":
        return _outline(snapshot.file_facts(fixture.absolute(key)))
    path, offset = program.defined[key]
    target = definitions(snapshot, fixture.absolute(path), offset + 1, token)[0]
    if question == "hover":
        shown = hover_of(snapshot, target)
        return re.findall(r"\w+", f"{shown.signature} {shown.doc}")
    ask = incoming if question == "callers" else outgoing
    return [_key(program, fixture, call.other) for call in ask(snapshot, target, token)]


def _outline(facts: FileFacts) -> list[str]:
    return [facts.qualified_name(index) for index in range(len(facts.symbols))]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_what_the_graph_says_of_a_program(program: Program, tmp_path: Path) -> None:
    with workspace_of(tmp_path, program.files) as fixture:
        assert faults(program, fixture) == []
