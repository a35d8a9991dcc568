"""TokenMeter: how many tokens a text needs, never knowingly too few.

Without a tokenizer the count comes from the text's own shape: runs of letters, digits, signs and
characters outside ASCII. What a server reports for a prompt corrects the estimate upwards at
once and downwards slowly.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

_PIECES = re.compile(r"[A-Za-z]+|[0-9]+|\n+[ \t]*|[ \t]+|[^\x00-\x7f]|.", re.DOTALL)


def estimate(text: str) -> int:
    """About what a byte-pair tokenizer of code makes of `text`; a little above on the whole."""
    total = 0.0
    for match in _PIECES.finditer(text):
        piece = match.group()
        first = piece[0]
        if first.isalpha() and first.isascii():
            total += 1 + max(0, len(piece) - 5) / 5
        elif first in "0123456789":
            total += 1 + len(piece) // 3
        elif first == " " and len(piece) == 1:
            total += 0.35  # mostly joins the word behind it
        elif first in " \t\n":
            total += 1 + len(piece) // 16
        elif first.isascii():
            total += 1.0
        else:
            total += 1.3 if ord(first) > 0x2000 else 1.0
    return int(total) + 1


class TokenMeter:
    """Counts for one endpoint. Safe to use from several threads."""

    def __init__(self, exact: Callable[[str], int] | None = None) -> None:
        """`exact` counts with the model's own tokenizer, where the user named its file."""
        self._exact = exact
        self._lock = threading.Lock()
        self._factor = 1.0

    def count(self, text: str) -> int:
        if self._exact is not None:
            return self._exact(text)
        return int(estimate(text) * self._factor) + 1

    def learn(self, text: str, counted: int) -> None:
        """The server counted `counted` tokens in a prompt made of `text`."""
        guess = estimate(text)
        if self._exact is not None or guess < 50:
            return
        ratio = min(3.0, max(0.5, counted / guess))
        with self._lock:
            if ratio > self._factor:
                self._factor = ratio
            else:
                self._factor += (ratio - self._factor) * 0.2
            self._factor = max(0.7, self._factor)


def tokenizer_count(path: str) -> Callable[[str], int]:
    """A counter from a `tokenizer.json`. Raises ImportError without the `tokenizers` package."""
    from tokenizers import Tokenizer  # pyright: ignore[reportMissingImports,reportUnknownVariableType]

    loaded = Tokenizer.from_file(path)  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]

    def count(text: str) -> int:
        return len(loaded.encode(text).ids)  # pyright: ignore[reportUnknownArgumentType,reportUnknownMemberType]

    return count
