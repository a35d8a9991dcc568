"""Words of identifiers and of queries, as the word index sees them.

`get_queryset`, `getQueryset` and `get queryset` give the same words. The index itself folds
case and stems (`porter unicode61`).
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MIXED = re.compile(r"[A-Za-z0-9]*[a-z][A-Z][A-Za-z0-9]*|[A-Z]{2,}[a-z][A-Za-z0-9]*")

_STOP_WORDS = frozenset(
    "a an and are as at be been but by can do does for from had has have how i if in into is it "
    "its of on or our should so than that the their them then there these they this to was we "
    "were what when where which who why will with would you your".split()
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


def searchable(text: str) -> str:
    """`text` with the parts of its camel-case identifiers appended, once each."""
    mixed = set(_MIXED.findall(text))
    if not mixed:
        return text
    return "\n".join((text, *(" ".join(_HUMP.findall(word)) for word in sorted(mixed))))


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
