"""Prompts as versioned files: the text decides the version, the version enters the fingerprint."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    name: str
    text: str

    @property
    def version(self) -> str:
        """`name-` and 8 hex digits of the text's hash."""
        return f"{self.name}-{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"

    def render(self, **slots: str) -> str:
        """The text with its slots filled. What is filled in is never looked at for slots.

        Raises KeyError for a slot without a value.
        """
        return _SLOT.sub(lambda match: slots[match[1]], self.text)


@lru_cache(maxsize=64)
def load(name: str, folder: str = "") -> Prompt:
    """The prompt `name`; from `folder` when the user keeps an own version there."""
    own = Path(folder) / f"{name}.md" if folder else None
    if own is not None and own.is_file():
        return Prompt(name, own.read_text("utf-8").strip())
    text = resources.files(__name__).joinpath(f"{name}.md").read_text("utf-8")
    return Prompt(name, text.strip())


def versions(names: tuple[str, ...], folder: str = "") -> dict[str, str]:
    return {name: load(name, folder).version for name in names}
