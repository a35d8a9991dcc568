"""Secrets are taken out of text before it is stored. What is not stored cannot leak.

The detector is the guard's: what it learns holds for prompts, logs, feedback and exports alike.
A `Redactor` also takes out what the user named: paths that are not recorded, words that are hidden.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import cast

from treewright_agent.guard.secrets import redact, redact_json

__all__ = ["NOTHING", "Redactor", "redact", "redact_json"]


class Redactor:
    """`paths`: patterns, below the root, of files whose content is not recorded; `names`: words
    that become `[REDACTED:name]` wherever they stand."""

    def __init__(self, paths: Sequence[str] = (), names: Sequence[str] = ()) -> None:
        self._paths = tuple(path.strip("/") for path in paths if path.strip("/"))
        words = sorted({name for name in names if name.strip()}, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, words))) if words else None

    def hides(self, path: str, root: str | None = None) -> bool:
        """Whether a file, by its absolute path or its path below `root`, is not to be recorded."""
        shown = os.path.relpath(path, root) if root and os.path.isabs(path) else path
        shown = shown.replace(os.sep, "/")
        parts = shown.split("/")
        return any(
            fnmatchcase(shown, pattern)
            or shown == pattern
            or shown.startswith(pattern + "/")
            or ("/" not in pattern and any(fnmatchcase(part, pattern) for part in parts))
            for pattern in self._paths
        )

    def text(self, text: str) -> str:
        shown = redact(text)
        return self._names.sub("[REDACTED:name]", shown) if self._names is not None else shown

    def json(self, value: object) -> object:
        """A JSON value with every text in it redacted, keys left alone."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            mapping = cast("Mapping[str, object]", value)
            return {key: self.json(item) for key, item in mapping.items()}
        if isinstance(value, (list, tuple)):
            return [self.json(item) for item in cast("Sequence[object]", value)]
        return value


NOTHING = Redactor()
"""Hides secrets alone."""
