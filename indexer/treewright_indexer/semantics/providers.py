"""Who is asked what the graph cannot decide: an installed language server, or jedi, per language.

For Python `auto` is ty where it is installed (it is a dependency of treewright), then jedi:
`docs/architecture.md`, "Semantics", says what was measured. The next one in the row is asked when
one cannot say or knows of nothing: ty infers little of code without annotations, jedi does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeVar

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.semantics.answers import (
    Help,
    Place,
    PlacesOf,
    Provider,
    Question,
    Signature,
    Suggestion,
)
from treewright_indexer.semantics.members import Members, name_at, without
from treewright_indexer.semantics.servers import SERVERS, ServerSpec, find, spec_of
from treewright_indexer.snapshot import Snapshot

PythonChoice = Literal["auto", "ty", "basedpyright", "pyright", "pyrefly", "zuban", "jedi", "off"]

T = TypeVar("T")

_log = logging.getLogger("treewright.semantics")

DEADLINE_S: Final = 2.0
SECOND_S: Final = 0.4
_REMEMBERED: Final = 4096


class Providers:
    """Children are made on the first question about their language. Safe to share."""

    def __init__(
        self,
        python: PythonChoice = "auto",
        *,
        jedi: bool = True,
        others: bool = True,
        trusted: bool = False,
        make: Callable[[ServerSpec, list[str]], Provider] | None = None,
    ) -> None:
        """`others`: languages but Python as well. `trusted`: programs of the workspace may run."""
        self._python: PythonChoice = python
        self._jedi = jedi
        self._others = others
        self._trusted = trusted
        self._make = make or _language_server
        self._lock = threading.Lock()
        self._known: dict[str, Provider | None] = {}
        self._chains: dict[str, list[Provider]] = {}
        self._decided: dict[tuple[int, str, str, int], list[tuple[str, int]] | None] = {}
        self._begun: set[str] = set()
        self._answered: set[str] = set()
        self._offered: set[str] = set()
        self._members = Members()
        self._closed = False

    # ------------------------------------------------------------------ questions

    def places(self, what: PlacesOf, question: Question) -> list[Place] | None:
        return self._first(question, lambda provider: provider.places(what, question))

    def help(self, question: Question) -> list[Help] | None:
        return self._first(question, lambda provider: provider.help(question))

    def signatures(self, question: Question) -> list[Signature] | None:
        return self._first(question, lambda provider: provider.signatures(question))

    def complete(self, question: Question) -> list[Suggestion] | None:
        """Behind a dot every member, whatever letters follow it; else what the letters fit."""
        name = name_at(question)
        found = self._members.recall(question, name) if name is not None else None
        if found is None and name is not None:
            found = self._complete(without(question, name))
            if found:
                self._members.keep(question, name, found)
        if found or (name is not None and name.start == name.end):
            return found
        return self._complete(question)

    def awake(self, snapshot: Snapshot, path: str) -> bool:
        """Whether somebody has answered about the language of the file: the next answer is soon."""
        language = snapshot.language(path)
        return language is not None and language.id in self._answered

    def asleep(self, snapshot: Snapshot, path: str) -> bool:
        """Whether nobody was asked about the language of the file, and somebody could be."""
        language = snapshot.language(path)
        return (
            language is not None and language.id not in self._begun and self.serves(snapshot, path)
        )

    def _complete(self, question: Question) -> list[Suggestion] | None:
        said: list[Suggestion] | None = None
        asked = 0

        def ask(provider: Provider) -> list[Suggestion] | None:
            nonlocal said, asked
            asked += 1
            # A second opinion is not waited for as long, once its first answer has come.
            soon = asked > 1 and provider.name in self._offered
            deadline_s = min(question.deadline_s, SECOND_S) if soon else question.deadline_s
            found = provider.complete(question._replace(deadline_s=deadline_s))
            if found is not None:
                self._offered.add(provider.name)
            if found and all(each.label.startswith("__") for each in found):
                said = found  # what any object has: the type is not known, another may know it
                return []
            return found

        return self._first(question, ask) or said

    def definitions(self, question: Question) -> list[tuple[str, int]] | None:
        """(path, first byte of the name) of each definition; remembered for the snapshot."""
        snapshot, path, offset = question.snapshot, question.path, question.offset
        key = snapshot.revision, path, snapshot.hash(path), offset
        if key not in self._decided:
            # Many of these are asked for one answer: whoever is slower is left alone.
            found = self._first(
                question, lambda provider: provider.places("definition", question), thorough=False
            )
            answer = None if found is None else [(p.path, p.span.start) for p in found]
            with self._lock:
                while len(self._decided) >= _REMEMBERED:
                    del self._decided[next(iter(self._decided))]
                if answer is None:  # late this time is not late for ever
                    return None
                if not answer and self._may_be_loading(question):
                    return answer
                self._decided[key] = answer
        return self._decided.get(key)

    def _may_be_loading(self, question: Question) -> bool:
        language = question.snapshot.language(question.path)
        names = self._names(language.id) if language is not None else []
        specs = (spec_of(name) for name in names)
        return any(spec is not None and spec.loads for spec in specs)

    def serves(self, snapshot: Snapshot, path: str) -> bool:
        """Whether anybody can be asked about the file."""
        return bool(self._chain(snapshot, path))

    def changed(self, paths: Sequence[str]) -> None:
        """Files that changed on disk, for the children that are there."""
        with self._lock:
            providers = [provider for provider in self._known.values() if provider is not None]
            self._decided.clear()
        self._members.forget()
        for provider in providers:
            provider.changed(list(paths))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            providers, self._known, self._chains = list(self._known.values()), {}, {}
        for provider in providers:
            if provider is not None:
                provider.close()

    # ------------------------------------------------------------------ who

    def _first(
        self,
        question: Question,
        ask: Callable[[Provider], list[T] | None],
        *,
        thorough: bool = True,
    ) -> list[T] | None:
        """What the first in the row says. When it knows of nothing, a `thorough` one goes on."""
        known = False
        language = question.snapshot.language(question.path)
        if language is not None:
            self._begun.add(language.id)
        for provider in self._chain(question.snapshot, question.path):
            try:
                found = ask(provider)
            except TreewrightError:
                raise
            except Exception as error:  # an answer of a shape that nobody foresaw
                _log.warning("%s: %r", provider.name, error)
                found = None
            if language is not None and found is not None:
                self._answered.add(language.id)
            if found or (found is not None and not thorough):
                return found
            known = known or found is not None
        return [] if known else None

    def _chain(self, snapshot: Snapshot, path: str) -> list[Provider]:
        language = snapshot.language(path)
        if language is None:
            return []
        with self._lock:
            if self._closed:
                return []
            if language.id not in self._chains:
                roots = [folder.root for folder in snapshot.folders]
                made = [self._provider(name, roots) for name in self._names(language.id)]
                self._chains[language.id] = [provider for provider in made if provider is not None]
            return self._chains[language.id]

    def _names(self, language: str) -> list[str]:
        if language == "python":
            if self._python == "off":
                return []
            named = ["ty"] if self._python == "auto" else [self._python]
            return named if "jedi" in named or not self._jedi else [*named, "jedi"]
        if not self._others:
            return []
        return [spec.name for spec in SERVERS if language in spec.languages][:1]

    def _provider(self, name: str, roots: list[str]) -> Provider | None:
        if name not in self._known:
            if name == "jedi":
                from treewright_indexer.semantics.interactive import Interactive

                self._known[name] = Interactive()
            else:
                spec = spec_of(name)
                command = find(spec, roots, trusted=self._trusted) if spec is not None else None
                made = self._make(spec, command) if spec is not None and command else None
                self._known[name] = made
        return self._known[name]


def _language_server(spec: ServerSpec, command: list[str]) -> Provider:
    from treewright_indexer.semantics.language_server import LanguageServer

    return LanguageServer(spec, command)


class Oracle:
    """Decides attributes for one answer, within a number of questions and a time.

    What the graph's Resolver asks when names do not prove a thing. See `graph.resolve.Oracle`.
    """

    def __init__(
        self,
        providers: Providers,
        snapshot: Snapshot,
        token: CancelToken,
        *,
        questions: int = 200,
        budget_s: float = DEADLINE_S,
    ) -> None:
        self._providers = providers
        self._snapshot = snapshot
        self._token = token
        self._questions = questions
        self._left_s = budget_s

    def definitions(self, path: str, offset: int) -> list[tuple[str, int]] | None:
        if self._questions <= 0 or self._left_s <= 0:
            return None
        self._questions -= 1
        started = time.monotonic()
        try:
            return self._providers.definitions(
                Question(self._snapshot, path, offset, self._token, min(self._left_s, DEADLINE_S))
            )
        finally:
            self._left_s -= time.monotonic() - started
