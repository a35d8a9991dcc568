"""Words of identifiers and of queries, as the word index sees them.

`get_queryset`, `getQueryset` and `get queryset` give the same words. The index itself folds
case and stems (`porter unicode61`).
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Every byte as what it is in an identifier: `a` lower case, `A` upper case, `0` digit, ` ` no part.
_CLASSES = bytes(
    ord("a" if c.islower() else "A" if c.isupper() else "0" if c.isdigit() else " ")
    if (c := chr(byte)).isascii()
    else ord(" ")
    for byte in range(256)
)

_STOP_WORDS = frozenset(
    "a an and are as at be been but by can do does for from had has have how i if in into is it "
    "its of on or our should so than that the their them then there these they this to was we "
    "were what when where which who why will with would you your".split()  # noqa: SIM905
)


@lru_cache(maxsize=65536)
def identifier_words(name: str) -> str:
    """`HTTPServer.get_url` -> `httpserver http server get url`."""
    words: list[str] = []
    for part in _WORD.findall(name):
        humps = _HUMP.findall(part) if part.isascii() else []
        words.append(part.lower())
        if len(humps) > 1:
            words += [hump.lower() for hump in humps]
    return " ".join(words)


def searchable(text: bytes) -> str:
    """UTF-8 `text` with the parts of its camel-case identifiers appended, once each."""
    shown = text.decode("utf-8", "replace")
    mixed = _camel_words(text)
    return "\n".join((shown, *map(_humps, sorted(mixed)))) if mixed else shown


def _camel_words(text: bytes) -> set[bytes]:
    """Words with a lower-case letter before an upper-case one, or two of these before a lower.

    Looks for letter classes, not letters: `bytes.find` is ten times as fast as an expression.
    """
    classes = text.translate(_CLASSES)
    words: set[bytes] = set()
    for seam in (b"aA", b"AAa"):
        at = classes.find(seam)
        while at >= 0:
            start = classes.rfind(b" ", 0, at) + 1
            end = classes.find(b" ", at)
            if end < 0:
                end = len(classes)
            words.add(text[start:end])
            at = classes.find(seam, end)
    return words


@lru_cache(maxsize=65536)
def _humps(word: bytes) -> str:
    return " ".join(_HUMP.findall(word.decode("ascii")))


def query_phrases(query: str) -> list[str]:
    """Phrases to look for, any of which may match: each identifier whole, and its words.

    Small English words count only when the query has nothing else.
    """
    phrases: dict[str, None] = {}
    for token in query.split():
        parts = [part.lower() for part in _WORD.findall(token)]
        if len(parts) > 1:
            phrases[" ".join(parts)] = None
        for part in _WORD.findall(token):
            phrases[part.lower()] = None
            humps = _HUMP.findall(part) if part.isascii() else []
            if len(humps) > 1:
                phrases.update(dict.fromkeys(hump.lower() for hump in humps))
    telling = [phrase for phrase in phrases if phrase not in _STOP_WORDS]
    return (telling or list(phrases))[:64]


def match_expression(phrases: list[str]) -> str:
    """An FTS5 query; words hold neither quotes nor operators."""
    return " OR ".join(f'"{phrase}"' for phrase in phrases)
