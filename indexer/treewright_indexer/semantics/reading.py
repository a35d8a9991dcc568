"""Answers of a language server, read into byte offsets and plain rows.

A server that speaks UTF-8 positions is asked in those; for the others columns are converted
here. What an answer names that cannot be read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from treewright_indexer.errors import TreewrightError
from treewright_indexer.semantics.answers import Help, Place, Signature, Suggestion
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

Json = dict[str, Any]

_FENCE: Final = re.compile(r"\A\s*(`{3,})[^\n`]*\n(.*?)\n\1[ \t]*(?:\n|\Z)", re.DOTALL)
_NO_TYPE: Final = ("/ty_extensions.pyi", "/ty_extensions/_internal.pyi")
"""Where ty says that a type which it does not know stands."""
_FENCE_BELOW: Final = re.compile(r"^(`{3,})[^\n`]*\n(.*?)\n\1[ \t]*$", re.DOTALL | re.MULTILINE)
_DOTTED: Final = re.compile(rb"(?:[^\W\d]\w*\.)+([^\W\d]\w*)")
_RULE: Final = re.compile(r"\A\s*---+\s*\n")
_KINDS: Final = {
    2: "method", 3: "function", 4: "function", 5: "property", 6: "instance", 7: "class", 8: "class",
    9: "module", 10: "property", 13: "class", 14: "keyword", 17: "path", 20: "property",
    21: "instance", 22: "class", 25: "class",
}  # fmt: skip
"""LSP's CompletionItemKind in the words that jedi uses too."""


def path_uri(path: str) -> str:
    return Path(path).as_uri()


def uri_path(uri: str) -> str | None:
    """The path of a `file:` address; None for any other."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return None
    path = unquote(parts.path)
    if re.match(r"/[A-Za-z]:", path):  # /c:/…
        path = path[1:].replace("/", "\\")
    return path


class Positions:
    """Byte offsets of one text as LSP positions, and back."""

    def __init__(self, text: SourceText, encoding: str) -> None:
        self._text = text
        self._utf8 = encoding == "utf-8"

    def of(self, offset: int) -> Json:
        line = self._text.line_of(offset)
        before = self._text.data[self._text.line_starts[line] : offset]
        if self._utf8 or before.isascii():
            return {"line": line, "character": len(before)}
        units = len(before.decode("utf-8", "replace").encode("utf-16-le")) // 2
        return {"line": line, "character": units}

    def offset(self, position: Json) -> int:
        """Raises InvalidPositionError for a line that the text does not have."""
        span = self._text.line_span(int(position["line"]))
        column = int(position["character"])
        line = self._text.data[span.start : span.end]
        if not self._utf8 and not line.isascii():
            units = line.decode("utf-8", "replace").encode("utf-16-le")[: 2 * column]
            column = len(units.decode("utf-16-le", "replace").encode("utf-8", "replace"))
        return min(span.start + column, span.end)


class Reader:
    """Reads the answers to one question."""

    def __init__(self, snapshot: Snapshot, encoding: str) -> None:
        self._snapshot = snapshot
        self._encoding = encoding

    def places(self, answer: Any) -> list[Place]:
        found: dict[Place, None] = {}
        for item in _objects(answer if isinstance(answer, list) else [answer]):
            path = uri_path(str(item.get("targetUri") or item.get("uri") or ""))
            range_ = item.get("targetSelectionRange") or item.get("range")
            if path is None or not range_ or path.endswith(_NO_TYPE):
                continue
            try:
                positions = Positions(self._snapshot.text(path), self._encoding)
                start, end = positions.offset(range_["start"]), positions.offset(range_["end"])
            except (TreewrightError, KeyError, TypeError, ValueError):
                continue
            found[Place(path, self._name_in(path, Span(start, end)))] = None
        return list(found)

    def _name_in(self, path: str, span: Span) -> Span:
        """The attribute alone where the whole of `self.name` is given, as ty does."""
        match = _DOTTED.fullmatch(self._snapshot.text(path).data, *span)
        return Span(*match.span(1)) if match is not None else span

    def help(self, answer: Any) -> list[Help]:
        text = _markup(answer.get("contents")) if isinstance(answer, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        if not text.strip():
            return []
        signatures: list[str] = []
        while (fence := _FENCE.match(text)) is not None:
            signatures.append(fence.group(2).strip())
            text = text[fence.end() :]
            rule = _RULE.match(text)
            text = text[rule.end() :] if rule else text
        if not signatures and (fence := _FENCE_BELOW.search(text)) is not None:
            # clangd puts a heading and words first.
            signatures.append(fence.group(2).strip())
            text = (text[: fence.start()] + text[fence.end() :]).strip().strip("-")
        return [Help("", "", tuple(signatures), text.strip())]

    def signatures(self, answer: Any) -> list[Signature]:
        if not isinstance(answer, dict):
            return []
        given = cast(Json, answer)
        found: list[Signature] = []
        active = given.get("activeParameter")
        for item in _objects(given.get("signatures")):
            label = str(item.get("label", ""))
            ranges = _ranges(label, [p.get("label") for p in _objects(item.get("parameters"))])
            own = item.get("activeParameter", active)
            known = own if isinstance(own, int) and 0 <= own < len(ranges) else -1
            doc = _markup(item.get("documentation"))
            found.append(Signature(label, doc.strip(), tuple(ranges), known))
        first = given.get("activeSignature")
        if isinstance(first, int) and 0 < first < len(found):
            found.insert(0, found.pop(first))
        return found

    def suggestions(self, answer: Any) -> list[Suggestion]:
        items: Any = cast(Json, answer).get("items") if isinstance(answer, dict) else answer
        rows = list(_objects(items))
        rows.sort(key=lambda row: str(row.get("sortText") or row.get("label") or ""))
        return [
            Suggestion(
                str(row.get("insertText") or row["label"]).partition("(")[0],
                _KINDS.get(row.get("kind", 0), ""),
                str(row.get("detail") or ""),
            )
            for row in rows
            # What must be imported first comes from our own index.
            if row.get("label") and not row.get("additionalTextEdits")
        ]


def _objects(value: Any) -> Iterator[Json]:
    if isinstance(value, list):
        for item in cast(list[Any], value):
            if isinstance(item, dict):
                yield cast(Json, item)


def _markup(value: Any) -> str:
    """MarkupContent, MarkedString or several of them as one text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n\n".join(_markup(item) for item in cast(list[Any], value))
    if isinstance(value, dict):
        given = cast(Json, value)
        text = str(given.get("value") or "")
        return f"```{given['language']}\n{text}\n```" if given.get("language") else text
    return ""


def _ranges(label: str, parameters: list[Any]) -> list[tuple[int, int]]:
    """Where the parameters stand in `label`: given so, or searched one behind the other."""
    found: list[tuple[int, int]] = []
    at = 0
    for given in parameters:
        if isinstance(given, list):
            units = cast(list[int], given)
            start, end = _characters(label, units[0]), _characters(label, units[1])
        else:
            start = label.find(str(given), at)
            if start < 0:
                continue
            end = start + len(str(given))
        at = end
        found.append((start, end))
    return found


def _characters(label: str, units: int) -> int:
    """UTF-16 units as characters."""
    if label.isascii():
        return units
    return len(label.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "replace"))
