"""A language's data, compiled for use: regular expressions and field numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from treewright_indexer.languages import Language
from treewright_indexer.model import Flag

CLASS_KINDS: Final = frozenset({"class", "struct", "interface", "trait", "enum"})
"""Kinds whose functions are methods and whose variables are fields."""

CONTAINER_KINDS: Final = CLASS_KINDS | {
    "function", "method", "constructor", "property", "namespace", "module", "package", "macro",
}  # fmt: skip
"""Kinds that hold other code: a reference belongs to the innermost of them."""

FUNCTION_KINDS: Final = frozenset({"function", "method", "constructor", "property", "macro"})

_FLAGS: Final = {
    "async": Flag.ASYNC,
    "static": Flag.STATIC,
    "classmethod": Flag.CLASSMETHOD,
    "private": Flag.PRIVATE,
    "exported": Flag.EXPORTED,
    "test": Flag.TEST,
    "abstract": Flag.ABSTRACT,
    "property": Flag.PROPERTY,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """See `docs/languages.md` for what each entry of `language.toml` means."""

    language: Language
    name_field: int
    body_field: int
    header_is_outside: bool
    constant: re.Pattern[str]
    private: re.Pattern[str]
    constructors: frozenset[str]
    exports: str
    enum_bases: re.Pattern[str]
    receivers: tuple[bytes, ...]
    assignments: frozenset[str]
    flags: tuple[tuple[re.Pattern[str], int], ...]
    """What a modifier or `@decorator` says, matched as a whole."""
    test_functions: re.Pattern[str]
    test_classes: re.Pattern[str]
    line_comments: tuple[bytes, ...]
    block_comments: tuple[tuple[bytes, bytes], ...]
    import_bare: str
    import_separator: str
    import_relative: str
    literal_types: frozenset[str]


@cache
def rules_of(language: Language) -> Rules:
    symbols, imports = language.section("symbols"), language.section("imports")
    comments = language.section("comments")
    return Rules(
        language,
        language.field_id(symbols.get("name_field", "name")),
        language.field_id(symbols.get("body_field", "body")),
        symbols.get("header_is_outside", False),
        language.pattern("symbols", "constant"),
        language.pattern("symbols", "private"),
        frozenset(language.words("symbols", "constructors")),
        symbols.get("exports", ""),
        language.pattern("symbols", "enum_bases"),
        tuple(word.encode() for word in language.words("symbols", "receivers")),
        frozenset(language.words("symbols", "assignments")),
        tuple(
            (language.pattern("flags", name), int(flag))
            for name, flag in _FLAGS.items()
            if name in language.section("flags")
        ),
        language.pattern("tests", "functions"),
        language.pattern("tests", "classes"),
        tuple(mark.encode() for mark in comments.get("line", ())),
        tuple((begin.encode(), end.encode()) for begin, end in comments.get("block", ())),
        imports.get("bare", "module"),
        imports.get("separator", "."),
        imports.get("relative", ""),
        frozenset(language.words("types", "literal")),
    )
