"""Text that others wrote, on its way to a model or a screen: marked, and made visible.

Where a text comes from is kept beside it, never guessed from what it says. What it says never
raises what may be done: instructions in it are data.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from enum import StrEnum


class Origin(StrEnum):
    """Who could have written a text. Only the first two speak for the user."""

    USER = "user"
    SETTINGS = "settings"
    WORKSPACE = "workspace"
    TOOL = "tool"
    """The output of a program, whose words come from the workspace or from further off."""
    WEB = "web"
    MODEL = "model"

    @property
    def trusted(self) -> bool:
        return self in (Origin.USER, Origin.SETTINGS)


# C0 and C1 controls but for tab and line breaks, and what changes how text is shown or hides
# it: bidirectional marks, zero-width characters, tag characters, variation selectors.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff\U0001d173-\U0001d17a]"
)


def visible(text: str) -> str:
    """`text` with everything shown that a reader would not see: escape sequences are taken
    out, invisible and direction-changing characters become `\\u{…}`."""
    return _HIDDEN.sub(lambda m: f"\\u{{{ord(m[0]):x}}}", _ANSI.sub("", text))


def has_hidden(text: str) -> bool:
    return bool(_HIDDEN.search(text) or _ANSI.search(text))


def fenced(text: str, source: str, seed: str) -> str:
    """`text` marked as data from `source`.

    The mark depends on the text, so that no text can hold its own closing mark, and on `seed`
    (the task's id), so that equal tasks get equal prompts.
    """
    shown = visible(text)
    digest = hashlib.sha256(f"{seed}\0{source}\0{shown}".encode("utf-8", "replace")).hexdigest()
    mark = digest[:12]
    return f"<data {mark} from={json.dumps(visible(source), ensure_ascii=False)}>\n{shown}\n</data {mark}>"


_PHRASES = re.compile(
    r"(?:ignore|disregard|forget)\s+(?:all\s+|any\s+)?(?:the\s+)?(?:previous|above|prior|earlier)"
    r"|(?:you\s+are|act\s+as)\s+now\s|system\s*(?:prompt|message)\s*:|<\s*/?\s*(?:system|data)\b"
    r"|忽略(?:以上|之前|所有)|无视(?:以上|之前)",
    re.IGNORECASE,
)


def looks_like_instructions(text: str) -> bool:
    """A signal for people, never a barrier: ordinary code holds such words too."""
    folded = unicodedata.normalize("NFKC", text)
    return bool(_PHRASES.search(folded))
