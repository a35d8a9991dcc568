"""What treewright knows of languages: one folder each, as data.

`language.toml` names files, grammar and habits; `symbols.scm` is the one query that finds
everything. See `docs/languages.md`. Grammars are imported when a file first needs one; a
language whose grammar is not installed has no Language, and its files are searched as text.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from treewright_indexer.languages.language import Language, read_language

__all__ = ["LANGUAGES", "MISSING", "Language", "language_for_id", "language_for_path"]


def _load() -> tuple[dict[str, Language], dict[str, str]]:
    found: dict[str, Language] = {}
    missing: dict[str, str] = {}
    with os.scandir(os.path.dirname(__file__)) as entries:
        folders = sorted(entry.path for entry in entries if entry.is_dir())
    for folder in folders:
        if not os.path.isfile(os.path.join(folder, "language.toml")):
            continue
        language = read_language(folder)
        if language.is_installed:
            found[language.id] = language
        else:
            missing[language.id] = (
                f"no grammar for {language.name}: install {language.distribution}; "
                "until then its files are searched as text"
            )
    return found, missing


_found, _missing = _load()

LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(_found)
"""The languages that work here, by id."""

MISSING: Final[Mapping[str, str]] = MappingProxyType(_missing)
"""id -> why a language that treewright knows does not work here."""

_BY_ID: Final = {name: lang for lang in LANGUAGES.values() for name in (lang.id, *lang.editor_ids)}
_BY_NAME: Final = {name: lang for lang in LANGUAGES.values() for name in lang.filenames}
_BY_EXTENSION: Final = {ext: lang for lang in LANGUAGES.values() for ext in lang.extensions}


def language_for_id(language_id: str) -> Language | None:
    """The language that editors call `language_id`; None when there is none."""
    return _BY_ID.get(language_id)


def language_for_path(path: str) -> Language | None:
    """The language of a file by its name, then by its longest known extension."""
    name = path[max(path.rfind("/"), path.rfind("\\")) + 1 :]
    if (language := _BY_NAME.get(name)) is not None:
        return language
    extension = name.lower()
    while True:
        _, dot, extension = extension.partition(".")
        if not dot:
            return None
        if (language := _BY_EXTENSION.get(extension)) is not None:
            return language
