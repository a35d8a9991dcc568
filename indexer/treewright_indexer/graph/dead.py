"""Definitions that nothing uses: what no file names, in code or in a string.

**Invariant.** Only what is certain is said. A name counts as used wherever any file of the
workspace writes it; what others may call without naming it (exports, overrides, hooks of a base
class that is not ours, decorated functions, tests, entry points, names that are put together at
run time) is never said to be unused. Python only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.model import Target
from treewright_indexer.graph.resolve import CLASS_KINDS, Resolver
from treewright_indexer.model import FileFacts, Flag, Role, Symbol
from treewright_indexer.snapshot import Snapshot

_KINDS: Final = frozenset({"function", "method", "class"})
_DYNAMIC: Final = ("globals", "vars", "exec", "eval")
_BY_STRING: Final = ("getattr", "__getattr__", "methodcaller", "attrgetter")
_FRAMEWORK_FILES: Final = frozenset(
    {"conftest.py", "setup.py", "conf.py", "manage.py", "noxfile.py", "tasks.py", "fabfile.py"}
)
_FRAMEWORK_FOLDERS: Final = frozenset({"migrations", "templatetags", "commands", "recipes"})
_PACKAGING: Final = ("pyproject.toml", "setup.py", "setup.cfg")
_STRING_HITS: Final = 40


def dead(snapshot: Snapshot, token: CancelToken | None = None, limit: int = 1000) -> list[Target]:
    """The unused definitions of every file, by path and position; at most `limit`."""
    finder = _Finder(snapshot, token)
    found: list[Target] = []
    for path in sorted(snapshot.files()):
        found += finder.unused(path)
        if len(found) >= limit:
            break
    return found[:limit]


def unused(snapshot: Snapshot, path: str, token: CancelToken | None = None) -> list[Target]:
    """The unused definitions of one file, in order."""
    return _Finder(snapshot, token).unused(path)


class _Finder:
    def __init__(self, snapshot: Snapshot, token: CancelToken | None) -> None:
        self._snapshot = snapshot
        self._resolver = Resolver(snapshot, token)
        self._token = self._resolver.token
        self._packaging: dict[str, str] = {}

    def unused(self, path: str) -> list[Target]:
        self._token.check()
        language = self._snapshot.language(path)
        if language is None or language.id != "python" or _is_framework(path):
            return []
        facts = self._resolver.facts(path)
        if facts is None or facts.n_errors or self._names_by_string(path, _DYNAMIC):
            return []
        packaging = self._packaging_of(path)
        is_package = os.path.exists(os.path.join(os.path.dirname(path), "__init__.py"))
        found: list[Target] = []
        for index, symbol in enumerate(facts.symbols):
            if not self._is_candidate(facts, symbol):
                continue
            public = not symbol.name.startswith("_")
            if packaging and public and is_package:
                continue  # what a library offers is for others to use
            if re.search(rf"\b{re.escape(symbol.name)}\b", packaging):
                continue  # an entry point
            if self._is_named(path, symbol) or self._may_be_called(path, facts, index):
                continue
            if not self._is_in_text(path, symbol):
                found.append(self._resolver.target_of(path, index))
        return found

    def _is_candidate(self, facts: FileFacts, symbol: Symbol) -> bool:
        name = symbol.name
        if symbol.kind not in _KINDS or symbol.decorators or symbol.flags & Flag.TEST:
            return False
        if (name.startswith("__") and name.endswith("__")) or name in ("main", "_"):
            return False
        if name.lower().startswith("test"):  # of a mixin, or under another runner
            return False
        if name in (facts.exports or ()):
            return False
        parent = symbol.parent
        while parent >= 0:  # what stands inside a test, or inside what is itself unused
            if facts.symbols[parent].flags & Flag.TEST:
                return False
            parent = facts.symbols[parent].parent
        return True

    def _is_named(self, path: str, symbol: Symbol) -> bool:
        """Whether code outside of the definition writes its name."""
        for other, references in self._snapshot.uses(symbol.name):
            for reference in references:
                if other == path and symbol.start <= reference.start < symbol.end:
                    continue
                if reference.role == Role.DEFINITION and not reference.attribute:
                    continue  # another thing of that name
                return True
        return False

    def _may_be_called(self, path: str, facts: FileFacts, index: int) -> bool:
        """Whether a base class, or a name that is put together, may lead to a method."""
        parent = facts.symbols[index].parent
        if parent < 0 or facts.symbols[parent].kind not in CLASS_KINDS:
            return False
        cls = self._resolver.target_of(path, parent)
        for ancestor in self._resolver.lineage(cls):
            inner = self._resolver.facts(ancestor.path)
            if inner is None:
                return True
            symbol = inner.symbols[ancestor.symbol]
            named = [base for base in symbol.bases if base.strip() != "object"]
            if len(self._resolver.bases(ancestor)) < len(named) or symbol.decorators:
                return True
            members = self._resolver.member_indexes(ancestor.path, ancestor.symbol)
            if ancestor.key != cls.key and facts.symbols[index].name in members:
                return True
            if self._names_by_string(ancestor.path, _BY_STRING):
                return True
        return False

    def _names_by_string(self, path: str, words: tuple[str, ...]) -> bool:
        try:
            return any(self._snapshot.references_in(path, word) for word in words)
        except TreewrightError:
            return True

    def _is_in_text(self, path: str, symbol: Symbol) -> bool:
        """Whether any text of the workspace has the name as a word: a string, a template."""
        folder = self._snapshot.folder_of(path)
        if folder is None:
            return True
        word = re.compile(rb"(?<![\w])" + re.escape(symbol.name.encode()) + rb"(?![\w])")
        for row in folder.store.search_words(symbol.name, _STRING_HITS):
            other = folder.absolute(row.path)
            try:
                data = self._snapshot.text(other).data
            except TreewrightError:
                continue
            for match in word.finditer(data, row.start, row.end):
                if other != path or not symbol.start <= match.start() < symbol.end:
                    return True
        own = self._snapshot.text(path).data
        return any(not symbol.start <= m.start() < symbol.end for m in word.finditer(own))

    def _packaging_of(self, path: str) -> str:
        """What the folder's packaging says; '' for a workspace that is no library."""
        folder = self._snapshot.folder_of(path)
        root = folder.root if folder is not None else os.path.dirname(path)
        if root not in self._packaging:
            self._packaging[root] = "\n".join(_read(root))
        return self._packaging[root]


def _read(root: str) -> Iterator[str]:
    for name in _PACKAGING:
        try:
            text = (Path(root) / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if name != "pyproject.toml" or "[project]" in text or "[tool.poetry]" in text:
            yield text


def _is_framework(path: str) -> bool:
    *folders, name = path.replace(os.sep, "/").split("/")
    return name in _FRAMEWORK_FILES or any(f in _FRAMEWORK_FOLDERS for f in folders[-3:])
