"""Plan: what a query is, and so which retrievers answer it and how their answers are weighed.

Decided from the text alone, by rules that anybody can read; the same text gives the same plan.
Two things matter most, measured on the query sets of `benchmarks/search`: whether the answer is a
file (questions about a project, commit subjects) or a span (docstrings, web queries), since
spreading results over files helps one and hurts the other; and whether the query names something,
since then the words decide and not the meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from treewright_indexer.store.words import query_phrases

MAX_CHARACTERS: Final = 4000
"""What is looked at of a query; the rest changes no ranking that anybody could explain."""

_IDENTIFIER = re.compile(
    r"(?<![\w./-])[A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*(?![\w/-])"
)
_CODE_NAME = re.compile(r".*(?:[a-z0-9][A-Z]|_|\.|::|#|->|[A-Z]{2,}[a-z]|\$)")
_PATH = re.compile(
    r"(?<!\w)(?:[\w.@-]+/)+[\w.@-]+|(?<![\w/.])[\w@-]+\.[a-z][a-z0-9]{0,4}(?![\w/(])"
)
_ERROR = re.compile(
    r"\b\w+(?:Error|Exception)\b|^Traceback|\b(?:panic|fatal|error|warning)\s*[:\[]|\bat line \d+|"
    r"\bundefined (?:reference|is not)|\bcannot find\b|\bnot callable\b|segmentation fault",
    re.I | re.M,
)
_CODE = re.compile(
    r"[{};]\s*$|^\s*(?:def|class|func|fn|public|private|import|from|const|let|var|return|if)\b.*[({:;=]|"
    r"\w+\([^)]*\)\s*[;{.:]|=>|\b\w+\s*[:+-]?=\s*\S",
    re.M,
)
_QUESTION = re.compile(r"\?\s*$|^(?:how|where|what|which|why|who|when|does|is|are|can)\b", re.I)
_HOW_TO = re.compile(r"^how (?:to|do i|can i|do you)\b", re.I)
_COMMIT = re.compile(
    r"^(?:\w+(?:\([\w./ -]+\))?!?: *)?(?:fix|fixe[sd]|add|adds|added|remove[sd]?|update[sd]?|refactor|support|improve|allow|drop|"
    r"rename|make|use|move|don't|do not|avoid|handle|ensure|implement|introduce|replace|change[sd]?|"
    r"prevent|deprecate|revert|correct|clean|simplify|optimi[sz]e|bump|enable|disable|expose|extract|"
    r"switch|stop|speed|reduce|restore|set|let|provide|require|reject|accept|check|raise|return|skip|ignore)\b",
    re.I,
)
_DOCSTRING = re.compile(
    r"^(?:returns?|gets?|sets?|creates?|computes?|calculates?|converts?|checks?|tests?|parses?|determines?|"
    r"generates?|builds?|constructs?|performs?|initiali[sz]es?|given|an? |the |this )\b"
    r"|^[A-Z]?[a-z]+(?:s|es) (?:the|an?|all|if|whether|this|each)\b",
    re.I,
)
_LANGUAGES: Final = frozenset(
    "python java javascript typescript golang rust ruby php kotlin swift scala cpp c++ c# csharp "
    "perl lua haskell elixir bash shell".split()
)
_ABOUT: Final = {
    "tests": re.compile(
        r"\b(?:tests?|tested|testing|specs?|fixtures?|mock(?:s|ed|ing)?|assert\w*)\b", re.I
    ),
    "documents": re.compile(
        r"\b(?:docs?|documentation|documented|readme|changelog|tutorials?|guides?|examples?|samples?|demos?|"
        r"config(?:uration)? files?|workflows?|ci|docker\w*|makefile)\b",
        re.I,
    ),
    "vendored": re.compile(
        r"\b(?:vendor(?:ed)?|third.party|bundled|dist|minified|generated)\b", re.I
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module."""

    query: str
    kind: str
    """identifier, path, error, code, docstring, commit, question, web or prose."""
    unit: str
    """file, span or either: what the answer most likely is."""
    names: tuple[str, ...]
    """Identifiers that the query spells out."""
    paths: tuple[str, ...]
    about: frozenset[str]
    """Of tests, documents and vendored: what the query asks for and is not ranked below."""
    dense: float
    """Weight of meaning against words, 0 to 1."""
    spread: float
    """How much of its score the second chunk of a file keeps, 0 to 1."""
    file: float
    """Weight of what the whole file scores."""
    path: float
    """Weight of query words in the file's name and folders."""
    name: float
    """Weight of being the definition of a name that the query spells out."""

    def explain(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "unit": self.unit,
            "names": list(self.names),
            "paths": list(self.paths),
            "weights": {
                "dense": self.dense,
                "file": self.file,
                "path": self.path,
                "name": self.name,
                "spread": self.spread,
            },
        }


def plan_of(query: str) -> Plan:
    text = query[:MAX_CHARACTERS].strip()
    words = text.split()
    paths = tuple(dict.fromkeys(m for m in _PATH.findall(text) if not m.endswith(".")))[:4]
    names = tuple(dict.fromkeys(_names(text, words)))[:8]
    about = frozenset(what for what, pattern in _ABOUT.items() if pattern.search(text))
    kind = _kind(text, words, names, paths)
    unit, dense, spread, file, path, name = _WEIGHTS[kind]
    if not query_phrases(text):
        dense = 1.0
    return Plan(text, kind, unit, names, paths, about, dense, spread, file, path, name)


_WEIGHTS: Final[dict[str, tuple[str, float, float, float, float, float]]] = {
    # kind: unit, dense, spread, file, path, name; measured, see docs/search.md
    "identifier": ("either", 0.35, 0.9, 0.15, 0.1, 0.8),
    "path": ("file", 0.3, 0.6, 0.3, 0.6, 0.4),
    "error": ("either", 0.5, 0.95, 0.3, 0.1, 0.1),
    "code": ("span", 0.6, 1.0, 0.15, 0.0, 0.1),
    "docstring": ("span", 0.75, 1.0, 0.3, 0.05, 0.0),
    "web": ("span", 0.7, 1.0, 0.3, 0.1, 0.05),
    "question": ("file", 0.6, 0.5, 0.35, 0.1, 0.3),
    "commit": ("file", 0.5, 0.5, 0.4, 0.1, 0.1),
    "prose": ("either", 0.6, 0.95, 0.3, 0.1, 0.1),
}


def _kind(text: str, words: list[str], names: tuple[str, ...], paths: tuple[str, ...]) -> str:
    if len(words) == 1 and paths and "/" in text:
        return "path"
    if len(words) <= 2 and names and len(names) == len(words):
        return "identifier"
    if "\n" in text and _ERROR.search(text):
        return "error"
    if (len(words) > 1 or "(" in text) and len(_CODE.findall(text)) >= (1 if "\n" in text else 2):
        return "code"
    if _ERROR.search(text):
        return "error"
    lowered = {word.strip(".,?!'\"()").lower() for word in words}
    if _LANGUAGES & lowered and len(words) <= 16 and not text.endswith("?"):
        return "web"
    if _HOW_TO.match(text) and not text.endswith("?"):
        return "web"
    if _QUESTION.search(text):
        return "question"
    if text.endswith(".") and len(words) > 3:
        return "docstring"
    if _COMMIT.match(text) and text[:1].isupper() and not _DOCSTRING.match(text):
        return "commit"
    if len(words) > 3 and text[:1].isupper() and _DOCSTRING.match(text):
        return "docstring"
    if _COMMIT.match(text) and re.match(r"^\w+(?:\([\w./ -]+\))?!?: ", text):
        return "commit"
    return "prose"


def _names(text: str, words: list[str]) -> list[str]:
    """What looks like a name in code; any word when the query is but one or two."""
    found = re.findall(r"[`'\"]([A-Za-z_$][\w$.:]*)(?:\(\))?[`'\"]", text)
    for match in _IDENTIFIER.finditer(text):
        name = match[0]
        if (
            _CODE_NAME.match(name) and not re.fullmatch(r"[A-Z]{2,}s?|(?:i\.e|e\.g|etc|vs)", name)
        ) or text[match.end() : match.end() + 2] == "()":
            found.append(name)
    if len(words) == 1 and re.fullmatch(r"[A-Za-z_$][\w$]*", text):
        found.append(text)
    return found
