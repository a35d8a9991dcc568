"""Secrets in text: keys, tokens, passwords, by their shapes and by how random they look.

The one detector of treewright: prompts, logs, trajectories, the feedback store and its exports
pass through it. It says where a secret stands and of
what kind it is, never what it is.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast


class Secret(NamedTuple):
    """`start` and `end` are code points of the text it was found in."""

    start: int
    end: int
    kind: str


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
    ("gitlab token", r"\bgl(?:pat|ptt|dt|rt|cbt|ft|soat)-[A-Za-z0-9_-]{20,}"),
    ("slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{20,}"),
    ("slack webhook", r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}"),
    ("discord webhook", r"https://discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}"),
    ("google key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("google token", r"\bya29\.[0-9A-Za-z_-]{20,}"),
    ("model key", r"\b(?:sk|pk|rk)[-_](?:[a-z0-9]{1,12}[-_]){0,4}[A-Za-z0-9_-]{20,}"),
    (
        "package token",
        r"\b(?:pypi-[A-Za-z0-9_-]{40,}|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,}|rubygems_[0-9a-f]{40,})",
    ),
    ("docker token", r"\bdckr_pat_[A-Za-z0-9_-]{20,}"),
    ("sendgrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    ("telegram token", r"\b\d{8,10}:AA[A-Za-z0-9_-]{32,}"),
    ("azure key", r"(?i)\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{40,}"),
    ("vault token", r"\bhv[sb]\.[A-Za-z0-9_-]{20,}"),
    ("age key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    ("google secret", r"\bGOCSPX-[A-Za-z0-9_-]{24,}"),
    ("twilio key", r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    ("mail key", r"\b(?:key-[0-9a-f]{32}|xkeysib-[0-9a-f]{64}-\w{16}|md-[A-Za-z0-9_-]{22})\b"),
    (
        "shop key",
        r"\b(?:shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sq0(?:atp|csp|idp)-[\w-]{22,}|EAAA[\w-]{60})",
    ),
    (
        "hosting key",
        r"\b(?:do[opr]_v1_[0-9a-f]{64}|dapi[0-9a-f]{32}|pscale_[a-z]{1,20}_[\w.-]{32,}|sbp_[0-9a-f]{40}|fo1_[\w-]{43}|tskey-[a-z]+-[\w-]{16,}|rnd_\w{28,}|HRKU-[\w-]{36,}|nfp_\w{36,})",
    ),
    (
        "tracker key",
        r"\b(?:lin_api_\w{32,}|ntn_\w{40,}|ATATT3[\w=-]{50,}|pat\w{14}\.[0-9a-f]{64}|figd_[\w-]{40,}|dp\.(?:pt|st|ct|sa)\.\w{40,})",
    ),
    (
        "monitor key",
        r"\b(?:gls[ac]_\w{32,}|NRAK-[A-Z0-9]{27}|sntry[su]_[\w+/=-]{40,}|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|phc_\w{40,}|ddapi_\w{32,})",
    ),
    (
        "build key",
        r"\b(?:\w{14}\.atlasv1\.[\w=-]{60,}|pul-[0-9a-f]{40}|CCIPAT_\w{20,}|oy2[a-z0-9]{43}|AKCp[A-Za-z0-9]{60,}|cio\w{32,}|tok_[0-9a-f]{40})\b",
    ),
    (
        "model key",
        r"\b(?:gsk_\w{40,}|pplx-\w{40,}|xai-\w{60,}|r8_\w{37}|AQ\.[\w-]{40,}|co_[A-Za-z0-9]{38,}|nvapi-[\w-]{60,})",
    ),
    ("azure secret", r"(?<![\w~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~.-])"),
    (
        "putty key",
        (
            r"PuTTY-User-Key-File-\d(?:(?!Private-MAC|PuTTY-User)[\s\S]){0,4000}+"
            r"(?:Private-MAC: *[0-9a-f]+|(?=PuTTY-User)|\Z)"
        ),
    ),
    ("web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"),
)
_SPACED = "private key", "putty key", "hosting phrase"
_LONG = [(kind, re.compile(pattern)) for kind, pattern in _SHAPES if kind in _SPACED]
"""Shapes that hold spaces or line breaks; each begins with a literal, which is quick to find."""
_TOKENS = [
    (kind, re.compile(pattern.replace(r"\b", r"(?<![\w-])", 1) if "-]" in pattern else pattern))
    for kind, pattern in _SHAPES
    if kind not in _SPACED
]
"""A shape that may hold dashes begins at none: else each dash of a long text is a beginning, and
looking for its end from each takes for ever."""
_WORD = re.compile(r"[A-Za-z0-9_.=+/~:-]{14,}")
"""What any of the other shapes lies in."""

_GROUPED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "password",
        re.compile(
            r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}://[^\s:/@'\"]{1,200}:([^\s@'\"/]{3,500})@",
            re.IGNORECASE,
        ),
    ),
    ("token", re.compile(r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{16,})")),
    (
        "token",
        re.compile(
            r"(?i)(?:[?&;]|\bx-)(?:api[_-]?key|access[_-]?token|auth[_-]?token|token|key|sig|secret|password)"
            r"(?:=|['\"]?\s*:\s*['\"]?)([A-Za-z0-9._~+/%=-]{12,})"
        ),
    ),
    (
        "password",
        re.compile(r"(?i)(?:--password|--token|--api-key|--secret)(?:=|\s+)['\"]?([^\s'\"]{6,})"),
    ),
    ("password", re.compile(r"(?i);\s*(?:password|pwd)\s*=\s*([^;\s'\"]{4,})")),
    (
        "token",
        re.compile(
            r"(?i)\bauthorization['\"]?\s*[:=]\s*['\"]?(?:token\s+)?([A-Za-z0-9._~+/=-]{20,})"
        ),
    ),
)
# What a name that holds a secret has in it. Everything starts from these words and each step from
# them is bounded and possessive, so that a text costs the same however it is written.
_WORDS = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential"
    r"|auth[_-]?key|signing[_-]?key|encryption[_-]?key"
)
_KEYWORD = re.compile(_WORDS, re.IGNORECASE)
_REST = r"[\w-]{0,60}+"
"""What a name has behind the telling word."""
_QUOTED = re.compile(
    rf"(?i:{_WORDS}){_REST}[\"']?\]?\s{{0,20}}(?::\s{{0,5}}[\w.\[\], |]{{1,80}})?(?:=>|:=|=|:)\s{{0,20}}"
    r"(?i:[bruf]{0,2})(?:\"((?:[^\"\\\n]|\\.){6,}+)\"|'((?:[^'\\\n]|\\.){6,}+)')"
)
# `NAME=value` as .env files, shells and ini files have it: what stands before the word, and after it
_LINE_HEAD = re.compile(r"[ \t]{0,80}(?:export[ \t]{1,9})?[\w.-]{0,60}", re.IGNORECASE)
_BARE = re.compile(
    rf"(?i:{_WORDS}){_REST}[ \t]{{0,20}}[:=][ \t]{{0,20}}"
    r"([^\s\"'#$({<][^\s\"'#]{7,}+)[ \t]*+(?:#.*)?\r?$",
    re.MULTILINE,
)
_RANDOM = re.compile(r"(?<![\w/+.=-])[A-Za-z0-9+/_-]{32,}={0,2}(?![\w/+])")
_HARMLESS = re.compile(
    r"(?i)^(?:changeme|example|placeholder|your[_-]|xxx|\*+|<.*>|\$\{?\w|\{\{|none|null|true|false|todo"
    r"|test|dummy|mock|fake|sample|redacted|\[redacted|os\.|env|getenv|process\.env|config|self\.|str\b)"
)
_HEX = re.compile(r"[0-9a-fA-F]+\Z")


def find(text: str) -> list[Secret]:
    """Every secret of `text`, in order, none inside another."""
    found: list[Secret] = []
    for kind, pattern in _LONG:
        found += [Secret(m.start(), m.end(), kind) for m in pattern.finditer(text)]
    for word in _WORD.finditer(text):
        for kind, pattern in _TOKENS:
            found += [
                Secret(m.start(), m.end(), kind)
                for m in pattern.finditer(text, word.start(), word.end())
            ]
    for kind, pattern in _GROUPED:
        found += [
            Secret(m.start(1), m.end(1), kind) for m in pattern.finditer(text) if _is_value(m[1])
        ]
    for start, end in _telling_lines(text):
        for match in _QUOTED.finditer(text, start, end):
            group = 1 if match[1] is not None else 2
            if _is_value(match[group]):
                found.append(Secret(match.start(group), match.end(group), "secret"))
        found += _bare(text, start, end)
    for match in _RANDOM.finditer(text):
        if looks_random(match[0]):
            found.append(Secret(match.start(), match.end(), "random text"))
    return _disjoint(found)


def _bare(text: str, start: int, end: int) -> Iterator[Secret]:
    """Unquoted values of the lines between `start` and `end`."""
    at = start
    while (word := _KEYWORD.search(text, at, end)) is not None:
        line = text.rfind("\n", start, word.start()) + 1 or start
        line_end = text.find("\n", word.end(), end)
        line_end = end if line_end < 0 else line_end
        at = word.end()
        if not _LINE_HEAD.fullmatch(text, line, word.start()):
            at = line_end  # no later word of this line has less before it
        elif (match := _BARE.match(text, word.start(), line_end)) is not None:
            if _is_value(match[1]) and not _is_code(match[1]):
                yield Secret(match.start(1), match.end(1), "secret")
            at = line_end


def _telling_lines(text: str) -> list[tuple[int, int]]:
    """The lines with a telling name, each with the two behind it, where its value may stand."""
    regions: list[tuple[int, int]] = []
    done = -1
    for match in _KEYWORD.finditer(text):
        if match.start() < done:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        end = match.end()
        for _ in range(3):
            line_end = text.find("\n", end)
            end = len(text) if line_end < 0 else line_end + 1
        if regions and start < regions[-1][1]:
            regions[-1] = regions[-1][0], end
        else:
            regions.append((start, end))
        done = text.find("\n", match.end())
        if done < 0:
            break
    return regions


def _is_value(value: str) -> bool:
    return not _HARMLESS.match(value) and "[REDACTED:" not in value and len(set(value)) > 3


def _is_code(value: str) -> bool:
    """`token = parser.next_token` is no secret."""
    return bool(re.fullmatch(r"[A-Za-z_][\w.]*(?:\[[^\]]*\]|\(.*)?[,;)]*", value)) and not any(
        c.isdigit() for c in value
    )


def looks_random(word: str) -> bool:
    """Letters and digits mixed as no person writes them. Hashes (hexadecimal) are public as a
    rule and are not counted; nor are words joined by separators, or paths."""
    body = word.rstrip("=")
    if _HEX.match(body) or body.count("/") > 2 or len(body) < 32:
        return False
    parts = [part for part in re.split(r"[-_/]", body) if part]
    if len(parts) > 2 and all(p.isalpha() or p.isdigit() for p in parts):
        return False
    kinds = sum(any(test(c) for c in body) for test in (str.islower, str.isupper, str.isdigit))
    return kinds == 3 and entropy(body) > 4.2 and _switches(body) > len(body) * 0.3


def entropy(text: str) -> float:
    """Shannon's, in bits per character."""
    n = len(text)
    return -sum(c / n * math.log2(c / n) for c in Counter(text).values()) if n else 0.0


def _switches(text: str) -> int:
    """How often neighbours are of different kinds (lower, upper, digit)."""
    kinds = ["u" if c.isupper() else "l" if c.islower() else "d" for c in text if c.isalnum()]
    return sum(a != b for a, b in itertools.pairwise(kinds))


def _disjoint(found: list[Secret]) -> list[Secret]:
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda s: (s.start, -s.end)):
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
        elif secret.end > kept[-1].end:
            kept[-1] = Secret(kept[-1].start, secret.end, kept[-1].kind)
    return kept


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


def redact(text: str) -> str:
    """`text` with each secret replaced by `[REDACTED:kind]`. Twice changes nothing more."""
    parts: list[str] = []
    at = 0
    for secret in find(text):
        parts += [text[at : secret.start], f"[REDACTED:{secret.kind}]"]
        at = secret.end
    return "".join([*parts, text[at:]]) if parts else text
