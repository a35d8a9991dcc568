"""Word pieces of a lower-case BERT vocabulary, without a tokenizer library.

The same ids as the reference implementation for any text: words are lower-cased, accents removed,
punctuation and CJK characters stand alone, and each word is cut into the longest pieces that the
vocabulary has. Code repeats its words, so a word is cut once and remembered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_WORD_CHARACTERS: Final = 100
_CACHED_WORDS: Final = 200_000
_PLAIN = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_CJK: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """See the module. Safe to share between threads."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {piece: index for index, piece in enumerate(vocabulary)}
        try:
            self.unknown, self.start, self.end = (self._ids[t] for t in ("[UNK]", "[CLS]", "[SEP]"))
        except KeyError as error:
            raise ValueError(f"the vocabulary has no {error.args[0]}") from None
        self._cache: dict[str, list[int]] = {}

    @classmethod
    def read(cls, path: Path) -> WordPiece:
        """Raises OSError, UnicodeError or ValueError."""
        return cls(path.read_text("utf-8").rstrip("\n").split("\n"))

    def __len__(self) -> int:
        return len(self._ids)

    def encode(self, text: str, limit: int) -> list[int]:
        """At most `limit` ids, the two marks at the ends included."""
        return [self.start, *self.pieces(text, limit - 2), self.end]

    def encode_pair(self, first: str, second: str, limit: int) -> tuple[list[int], int]:
        """Ids of `first [SEP] second`, where the second begins; the longer one is cut."""
        room = limit - 3
        a, b = self.pieces(first, room), self.pieces(second, room)
        if len(a) + len(b) > room:
            a = a[: max(room - len(b), room // 2)]
            b = b[: room - len(a)]
        return [self.start, *a, self.end, *b, self.end], len(a) + 2

    def pieces(self, text: str, limit: int) -> list[int]:
        ids: list[int] = []
        cache = self._cache
        text = text.replace("\0", "")
        for word in text.lower().split() if text.isascii() else _words(text):
            found = cache.get(word)
            if found is None:
                found = self._remember(word)
            ids += found
            if len(ids) >= limit:
                return ids[:limit]
        return ids

    def _remember(self, word: str) -> list[int]:
        ids: list[int] = []
        for part in _PLAIN.findall(word) if word.isascii() else _parts(word):
            ids += self._cut(part)
        if len(self._cache) > _CACHED_WORDS:
            self._cache.clear()
        self._cache[word] = ids
        return ids

    def _cut(self, word: str) -> list[int]:
        if len(word) > _WORD_CHARACTERS:
            return [self.unknown]
        ids: list[int] = []
        start = 0
        while start < len(word):
            end = len(word)
            while end > start:
                piece = word[start:end] if start == 0 else "##" + word[start:end]
                found = self._ids.get(piece)
                if found is not None:
                    ids.append(found)
                    break
                end -= 1
            else:
                return [self.unknown]
            start = end
        return ids


def _words(text: str) -> Iterator[str]:
    """Words of text that is not ASCII: lower case, no accents, no control characters."""
    clean: list[str] = []
    for character in text:
        code = ord(character)
        if code < 128:
            clean.append(character)
        elif any(low <= code <= high for low, high in _CJK):
            clean.append(f" {character} ")
        elif code != 0xFFFD and unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Co"):
            clean.append(character)
    lowered = "".join(clean).lower()
    plain = unicodedata.normalize("NFD", lowered)
    return iter("".join(c for c in plain if unicodedata.category(c) != "Mn").split())


def _parts(word: str) -> Iterator[str]:
    """The word with its punctuation marks as parts of their own."""
    part = ""
    for character in word:
        ascii_mark = character < "\x7f" and not character.isalnum()
        if ascii_mark or unicodedata.category(character).startswith("P"):
            if part:
                yield part
            yield character
            part = ""
        else:
            part += character
    if part:
        yield part
