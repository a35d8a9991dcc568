"""A language's data, compiled for use: regular expressions and field numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from treewright_indexer.languages import Language
from treewright_indexer.model import Flag

CLASS_KINDS: Final = frozenset({"class", "struct", "interface", "trait", "enum"})
"""Kinds whose functions are methods and whose variables are fields."""

FUNCTION_KINDS: Final = frozenset({"function", "method", "constructor", "property", "macro"})
"""Kinds whose variables are local."""

CONTAINER_KINDS: Final = CLASS_KINDS | FUNCTION_KINDS | {"namespace", "module", "heading", "key"}
"""Kinds that hold other code: a reference belongs to the innermost of them."""

CONSTANT: Final = 1 << 16
"""Beside the bits of `Flag` in `Rules.traits`: the name is written like a constant."""

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
_MAX_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """See `docs/languages.md` for what each entry of `language.toml` means."""

    language: Language
    incremental: bool
    """Whether an outline may be kept up to date by parts: nothing inside a body changes the
    definition around it."""
    leading: frozenset[str]
    """Nodes that belong to the definition behind them."""
    name_field: int
    body_field: int
    header_is_outside: bool
    constant: re.Pattern[str]
    private: re.Pattern[str]
    exported: re.Pattern[str]
    constructors: frozenset[str]
    exports: str
    enum_bases: re.Pattern[str]
    receivers: tuple[bytes, ...]
    assignments: frozenset[str]
    flags: tuple[tuple[re.Pattern[str], int], ...]
    """What a modifier or an `@decorator` means, matched as a whole."""
    test_functions: re.Pattern[str]
    test_classes: re.Pattern[str]
    test_calls: re.Pattern[str]
    """Functions that are called with a name and the body of a test."""
    line_comments: tuple[bytes, ...]
    block_comments: tuple[tuple[bytes, bytes], ...]
    import_bare: str
    import_separator: str
    import_relative: str
    import_itself: str
    import_calls: frozenset[str]
    reexport_binds: bool
    """Whether a re-export also binds the name in its own file."""
    literal_types: frozenset[bytes]
    """Types whose quoted arguments are text, not types."""
    type_keywords: frozenset[bytes]
    _remembered: dict[str | bytes, int] = field(default_factory=dict[str | bytes, int])
    _traits: dict[str, int] = field(default_factory=dict[str, int])

    def flags_of(self, word: str) -> int:
        """The flags that one modifier or `@decorator` sets."""
        found = self._remembered.get(word)
        if found is None:
            found = 0
            for pattern, flag in self.flags:
                if pattern.fullmatch(word):
                    found |= flag
            self._remember(word, found)
        return found

    def flags_of_prefix(self, prefix: bytes) -> int:
        """The flags of all words that stand before a definition's name."""
        found = self._remembered.get(prefix)
        if found is None:
            found = 0
            for word in prefix[:400].decode("utf-8", "replace").split():
                found |= self.flags_of(word)
            self._remember(prefix, found)
        return found

    def traits(self, name: str) -> int:
        """What a definition's name alone says: PRIVATE, EXPORTED, TEST and CONSTANT."""
        found = self._traits.get(name)
        if found is None:
            found = 0
            if self.private.match(name):
                found = int(Flag.PRIVATE)
            elif self.exported.match(name):
                found = int(Flag.EXPORTED)
            if self.test_functions.match(name):
                found |= Flag.TEST
            if self.constant.fullmatch(name):
                found |= CONSTANT
            if len(self._traits) > _MAX_REMEMBERED:
                self._traits.clear()
            self._traits[name] = found
        return found

    def _remember(self, key: str | bytes, flags: int) -> None:
        if len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = flags


@cache
def rules_of(language: Language) -> Rules:
    symbols, imports = language.section("symbols"), language.section("imports")
    comments = language.section("comments")
    return Rules(
        language=language,
        incremental=symbols.get("incremental", True),
        leading=frozenset(language.words("symbols", "leading")),
        name_field=language.field_id(symbols.get("name_field", "name")),
        body_field=language.field_id(symbols.get("body_field", "body")),
        header_is_outside=symbols.get("header_is_outside", False),
        constant=language.pattern("symbols", "constant"),
        private=language.pattern("symbols", "private"),
        exported=language.pattern("symbols", "exported"),
        constructors=frozenset(language.words("symbols", "constructors")),
        exports=symbols.get("exports", ""),
        enum_bases=language.pattern("symbols", "enum_bases"),
        receivers=tuple(word.encode() for word in language.words("symbols", "receivers")),
        assignments=frozenset(language.words("symbols", "assignments")),
        flags=tuple(
            (language.pattern("flags", name), int(flag))
            for name, flag in _FLAGS.items()
            if name in language.section("flags")
        ),
        test_functions=language.pattern("tests", "functions"),
        test_classes=language.pattern("tests", "classes"),
        test_calls=language.pattern("tests", "calls"),
        line_comments=tuple(mark.encode() for mark in comments.get("line", ())),
        block_comments=tuple(
            (begin.encode(), end.encode()) for begin, end in comments.get("block", ())
        ),
        import_bare=imports.get("bare", "module"),
        import_separator=imports.get("separator", "."),
        import_relative=imports.get("relative", ""),
        import_itself=imports.get("itself", ""),
        import_calls=frozenset(language.words("imports", "calls")),
        reexport_binds=imports.get("reexport_binds", True),
        type_keywords=frozenset(word.encode() for word in language.words("types", "keywords")),
        literal_types=frozenset(word.encode() for word in language.words("types", "literal")),
    )
