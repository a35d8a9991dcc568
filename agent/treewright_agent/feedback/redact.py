"""Secrets are taken out of text before it is stored. What is not stored cannot leak.

Rules for the shapes that secrets have in code. A rule that takes too much costs a training
example some sense; one that takes too little costs the user a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

_SHAPES: tuple[tuple[str, str], ...] = (
    (
        "private key",
        (
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
            r"(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\Z)"
        ),
    ),
    ("aws key", r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b"),
    ("github token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255})\b"),
    ("gitlab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("google key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("model key", r"\b(?:sk|pk|rk)[-_](?:[a-z]+[-_])*[A-Za-z0-9_-]{20,}"),
    ("package token", r"\b(?:pypi-[A-Za-z0-9_-]{40,}|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,})"),
    ("web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"),
)
_TOKENS = [(kind, re.compile(pattern)) for kind, pattern in _SHAPES]

# Only the value goes: what is around it keeps its meaning.
_BEARER = re.compile(r"(?i)(\b(?:bearer|basic|token)\s+)([A-Za-z0-9._~+/=-]{16,})")
_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]+:)([^\s@'\"/]{3,})(@)", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?i)(\b[\w.-]*(?:password|passwd|pwd|secret|token|api_?key|apikey|access_?key|private_?key"
    r"|credential)s?[\w-]*[\"']?\]?\s*(?::\s*[\w.\[\], |]+\s*)?(?:=|:|=>)\s*[bruf]{0,2})"
    r"(\"(?:[^\"\\\n]|\\.){6,}\"|'(?:[^'\\\n]|\\.){6,}')"
)


def redact(text: str) -> str:
    """`text` with each secret replaced by `[REDACTED:kind]`. Redacting twice changes nothing."""
    for kind, pattern in _TOKENS:
        text = pattern.sub(f"[REDACTED:{kind}]", text)
    text = _URL.sub(r"\1[REDACTED:password]\3", text)
    text = _BEARER.sub(r"\1[REDACTED:token]", text)
    return _ASSIGNED.sub(_without_value, text)


def _without_value(match: re.Match[str]) -> str:
    quoted = match[2]
    if "[REDACTED:" in quoted:
        return match[0]
    return f"{match[1]}{quoted[0]}[REDACTED:secret]{quoted[0]}"


def redact_json(value: object) -> object:
    """A JSON value with every text in it redacted, keys left alone."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {key: redact_json(item) for key, item in mapping.items()}
    if isinstance(value, (list, tuple)):
        return [redact_json(item) for item in cast("Sequence[object]", value)]
    return value
