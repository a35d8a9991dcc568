"""What treewright knows of languages: one folder each, as data.

`language.toml` names files, grammar and habits; `symbols.scm` is the one query that finds
everything. See `docs/languages.md`. Grammars are imported when a file first needs one; a
language whose grammar is not installed has no Language, and its files are searched as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from treewright_indexer.languages.language import Language, read_language

__all__ = ["LANGUAGES", "MISSING", "Language", "language_for_id", "language_for_path"]

if TYPE_CHECKING:
    LANGUAGES: Mapping[str, Language]
    """The languages that work here, by id."""
    MISSING: Mapping[str, str]
    """id -> why a language that treewright knows does not work here."""


class _Registry(NamedTuple):
    languages: Mapping[str, Language]
    missing: Mapping[str, str]
    by_id: dict[str, Language]
    by_name: dict[str, Language]
    by_extension: dict[str, Language]


@cache
def _registry() -> _Registry:
    """All folders, read once when first asked for: a server that starts needs none of it."""
    found: dict[str, Language] = {}
    missing: dict[str, str] = {}
    for rules in sorted(Path(__file__).parent.glob("*/language.toml")):
        language = read_language(rules.parent)
        if language.is_installed:
            found[language.id] = language
        else:
            missing[language.id] = (
                f"no grammar for {language.name}: install {language.distribution}; "
                "until then its files are searched as text"
            )
    return _Registry(
        MappingProxyType(found),
        MappingProxyType(missing),
        {
            name: language
            for language in found.values()
            for name in (language.id, *language.editor_ids)
        },
        {name: language for language in found.values() for name in language.filenames},
        {name: language for language in found.values() for name in language.extensions},
    )


def __getattr__(name: str) -> Mapping[str, object]:
    if name == "LANGUAGES":
        return _registry().languages
    if name == "MISSING":
        return _registry().missing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def language_for_id(language_id: str) -> Language | None:
    """The language that editors call `language_id`; None when there is none."""
    return _registry().by_id.get(language_id)


def language_for_path(path: str) -> Language | None:
    """The language of a file by its name, then by its longest known extension."""
    registry = _registry()
    name = path[max(path.rfind("/"), path.rfind("\\")) + 1 :]
    if (language := registry.by_name.get(name)) is not None:
        return language
    extension = name.lower()
    while True:
        _, dot, extension = extension.partition(".")
        if not dot:
            return None
        if (language := registry.by_extension.get(extension)) is not None:
            return language
