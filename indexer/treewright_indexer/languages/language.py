"""Language: the data of one folder, and its grammar once somebody needs it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.model import FACTS_FORMAT

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Query

_NEVER: Final = re.compile(r"(?!)")

ERROR_PATTERNS: Final = "\n(ERROR) @error\n(MISSING) @error\n"
"""Added to every query: nodes that stand for what the grammar could not read."""

OUTLINE_CAPTURES: Final = (
    "_", "def.", "name", "body", "doc", "decorator", "base", "owner", "members", "assign", "field",
    "exported", "embed",
)  # fmt: skip
"""Prefixes of the captures that symbols are made of."""


@dataclass(frozen=True, eq=False)
class Language:
    """One language. `rules` is its `language.toml`; the properties below are what it says."""

    id: str
    name: str
    folder: Path
    extensions: tuple[str, ...]
    filenames: tuple[str, ...]
    editor_ids: tuple[str, ...]
    """What LSP clients call it, beside `id`."""
    modules: str
    """How imports name files: `python`, `path`, `include`, or another word for those that
    name a package or symbol; '' when the language has no imports."""
    rules: Mapping[str, Any]

    # ---------------------------------------------------------------- the grammar

    @cached_property
    def distribution(self) -> str:
        """The package that brings the grammar."""
        return self.rules["grammar"]["distribution"]

    @cached_property
    def _module(self) -> str:
        return self.rules["grammar"].get("module", self.distribution.replace("-", "_"))

    @cached_property
    def is_installed(self) -> bool:
        """Whether the grammar can be imported; does not import it."""
        try:
            return importlib.util.find_spec(self._module) is not None
        except (ImportError, ValueError):
            return False

    @cached_property
    def grammar(self) -> Grammar:
        """The grammar itself; imports it. Raises ImportError when it is not installed."""
        module: Any = importlib.import_module(self._module)
        make: Any = importlib.import_module("tree_sitter").Language
        return make(getattr(module, self.rules["grammar"].get("function", "language"))())

    @cached_property
    def query_source(self) -> str:
        """The files that the data names, `symbols.scm` by default, as one query."""
        parts: list[str] = []
        for name in self.rules.get("queries", ("symbols.scm",)):
            parts.append((self.folder / name).read_text("utf-8"))
        return "\n".join(parts)

    @cached_property
    def query(self) -> Query:
        """Everything that facts are made of, in one query."""
        from tree_sitter import Query

        return Query(self.grammar, self.query_source + ERROR_PATTERNS)

    @cached_property
    def outline_query(self) -> Query:
        """The same query without the captures that symbols do not need."""
        from tree_sitter import Query

        query = Query(self.grammar, self.query_source)
        names = {query.capture_name(index) for index in range(query.capture_count)}
        for name in names:
            if not name.startswith(OUTLINE_CAPTURES):
                query.disable_capture(name)
        return query

    @cached_property
    def version(self) -> str:
        """Changes whenever the same text could give other facts."""
        from importlib.metadata import version

        data = self.query_source.encode() + repr(self.rules).encode()
        digest = hashlib.blake2b(data, digest_size=6).hexdigest()
        return f"{self.id} {FACTS_FORMAT} {version(self.distribution)} {digest}"

    def field_id(self, name: str) -> int:
        """The grammar's number of a field; 0, which no field has, when it lacks the field."""
        return (self.grammar.field_id_for_name(name) or 0) if name else 0

    # ---------------------------------------------------------------- what the data says

    def section(self, name: str) -> Mapping[str, Any]:
        return self.rules.get(name, {})

    def words(self, section: str, key: str) -> tuple[str, ...]:
        return tuple(self.rules.get(section, {}).get(key, ()))

    def pattern(self, section: str, key: str) -> re.Pattern[str]:
        """A regular expression of the data, or a list of them; matches nothing when absent."""
        value = self.rules.get(section, {}).get(key)
        if not value:
            return _NEVER
        return re.compile(
            "|".join(f"(?:{one})" for one in ([value] if isinstance(value, str) else value))
        )


def read_language(folder: Path) -> Language:
    rules = tomllib.loads((folder / "language.toml").read_text("utf-8"))
    return Language(
        id=folder.name,
        name=rules["name"],
        folder=folder,
        extensions=tuple(rules.get("extensions", ())),
        filenames=tuple(rules.get("filenames", ())),
        editor_ids=tuple(rules.get("editor_ids", ())),
        modules=rules.get("modules", ""),
        rules=MappingProxyType(rules),
    )
