"""Words of identifiers and of queries, as the word index sees them.

`get_queryset`, `getQueryset` and `get queryset` give the same words. The index itself folds
case and stems (`porter unicode61`). Scripts that put no blanks between words, Chinese, Japanese
kana and Thai among them, are taken letter by letter: a query asks for each two that follow.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_HUMP_BYTES = re.compile(_HUMP.pattern.encode())

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
_LETTER = re.compile(f"[{_UNSPACED}]")
_RUN = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")

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
    "were what when where which who why will with would you your".split()
)


_EVERYWHERE = frozenset(
    "def self return returns if else elif not in is none null nil true false error raise throw name value "
    "class except catch get set us use uses used type file try init base object string str list all data call "
    "calls import path arg args default method len append no read pass module argument key function func "
    "option implement write format line check create only result other attribute must number add any code "
    "new int start end test text one two first make given public private static void const let var fn".split()
)
"""Words in so many chunks that, where there are many of these, they cost much and say little."""


def identifier_words(name: str) -> str:
    """`HTTPServer.get_url` -> `httpserver http server get url`."""
    if "." not in name:
        return _words_of_part(name)
    return " ".join(filter(None, map(_words_of_part, name.split("."))))


@lru_cache(maxsize=65536)
def _words_of_part(name: str) -> str:
    words: list[str] = []
    for part in _WORD.findall(name):
        words.append(part.lower())
        if part.isascii() and not part.islower():
            humps = _HUMP.findall(part)
            if len(humps) > 1:
                words += [hump.lower() for hump in humps]
        elif part.isascii() and not part.isalpha():
            humps = _HUMP.findall(part)
            if len(humps) > 1:
                words += humps
    return " ".join(words)


class CamelWords:
    """The camel-case words of one text, found in one pass: `getURL` says `get` and `URL` too.

    Those with a lower-case letter before an upper-case one, or two of these before a lower one.
    Looks for letter classes, not letters: `bytes.find` is ten times as fast as an expression.
    """

    __slots__ = ("_data", "_parts", "_starts")

    def __init__(self, data: bytes) -> None:
        self._data = data
        classes = data.translate(_CLASSES)
        found: dict[int, bytes] = {}
        find, rfind = classes.find, classes.rfind
        for seam in (b"aA", b"AAa"):
            at = find(seam)
            while at >= 0:
                start = rfind(b" ", 0, at) + 1
                end = find(b" ", at)
                if end < 0:
                    end = len(classes)
                found[start] = _humps(data[start:end])
                at = find(seam, end)
        self._starts = sorted(found)
        self._parts = [found[start] for start in self._starts]

    def searchable(self, start: int, end: int) -> bytes:
        """The text between two offsets with the parts of its camel-case words, once each."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        text = _spaced(self._data[start:end])
        return b"\n".join((text, *sorted(set(self._parts[first:last])))) if last > first else text


def _spaced(text: bytes) -> bytes:
    """With blanks around each letter of a script that has none between its words."""
    if text.isascii():
        return text
    decoded = text.decode("utf-8", "replace")
    return _LETTER.sub(r" \g<0> ", decoded).encode() if _LETTER.search(decoded) else text


@lru_cache(maxsize=65536)
def _humps(word: bytes) -> bytes:
    return b" ".join(_HUMP_BYTES.findall(word))


def query_phrases(query: str) -> list[str]:
    """Phrases to look for, any of which may match: each identifier whole, and its words.

    Small English words count only when the query has nothing else.
    """
    phrases: dict[str, None] = {}
    if not query.isascii():
        query = _unspaced_phrases(query, phrases)
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


def telling_phrases(phrases: list[str]) -> list[str]:
    """Those that are not in every other chunk of any code; all, when that leaves less than two."""
    rare = [phrase for phrase in phrases if phrase not in _EVERYWHERE]
    return rare if len(rare) > 1 else phrases


def _unspaced_phrases(query: str, phrases: dict[str, None]) -> str:
    """Add each two letters that follow in a script without blanks; the query without those."""
    rest: list[str] = []
    for run in _RUN.findall(query):
        if not _LETTER.match(run):
            rest.append(run)
        elif len(run) == 1:
            phrases[run] = None
        else:
            phrases.update((f"{run[i]} {run[i + 1]}", None) for i in range(len(run) - 1))
    return " ".join(rest)


def match_expression(phrases: list[str]) -> str:
    """An FTS5 query; words hold neither quotes nor operators."""
    return " OR ".join(f'"{phrase}"' for phrase in phrases)
