"""The text that is embedded: code as plain words, so that few tokens say much.

Identifiers are split into their parts and punctuation is dropped. A word-piece vocabulary spends a
token on every bracket, comma and underscore; without them the same budget holds about twice the
code, and a query in words meets the words inside `getUserInfo`. Models are trained on exactly this
text (`models/onnx/training`): a change here needs new weights and a new model generation.
"""

from __future__ import annotations

import re
from typing import Any

_PIECE = re.compile(
    r"[A-Z]+(?![a-z])\d*"  # HTTP, SHA256
    r"|[A-Z]?[a-z]+\d*"  # Response, base64
    r"|\d{1,6}"
    r"|[^\W\d_a-zA-Z]+"  # words of other scripts
    r"|[+*/%<>!&|^~-]{1,3}"
)
_DROPPED = frozenset(
    ("self", "this", "cls", "/", "-", "//", "///", "*", "/*", "*/", "**", "--", "---", ">>>")
)


def plain_words(text: str) -> str:
    """`def getUser(self, user_id):` becomes `def get User user id`."""
    return " ".join([word for word in _PIECE.findall(text) if word not in _DROPPED])


def document_text(path: str, symbol: str, code: str, limit: int = 4000) -> str:
    """What is embedded for a chunk: the path's words, the qualified symbol's, then the code's.

    `limit` bounds the characters of code looked at; the tokenizer cuts to the model's length.
    """
    return f"{plain_words(path)} . {plain_words(symbol)} : {plain_words(code[:limit])}"


def document_of(encoder: Any, path: str, symbol: str, code: str) -> str:
    """What is embedded for a chunk, in the form the encoder was trained on."""
    manifest = getattr(encoder, "manifest", None)
    if manifest is not None and manifest.text == "words":
        return document_text(path, symbol, code)
    return f"{path}\n{symbol}\n{code}"


def query_text(query: str, limit: int = 4000) -> str:
    """What is embedded for a query."""
    return plain_words(query[:limit])
