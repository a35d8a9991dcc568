"""Between LSP and treewright: positions, paths, symbol kinds. UTF-16 exists only here.

One position, four ways to say it. In the text `c = '😋' + d` the `d` is at

    byte offset 13        what treewright uses everywhere else
    utf-8 column 13       bytes since the start of the line
    utf-16 column 11      UTF-16 code units since the start of the line; LSP's default
    utf-32 column 10      code points since the start of the line

A column behind the end of its line means the end of the line, as LSP says. A line behind the
end of the document is an error that names the position, except in edits a client sends,
where editors use such a line for "to the very end".
"""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types as lsp

from treewright_indexer.errors import InvalidPositionError
from treewright_indexer.text import SourceText, Span

Encoding = lsp.PositionEncodingKind | str

_DRIVE: Final = re.compile(r"^/[a-zA-Z]:")


class Mapper:
    """Converts positions of one text in one negotiated encoding."""

    __slots__ = ("_encoding", "text")

    def __init__(self, text: SourceText, encoding: Encoding) -> None:
        self.text = text
        self._encoding = str(getattr(encoding, "value", encoding))

    def offset(self, position: lsp.Position, *, clamp_line: bool = False) -> int:
        """Byte offset of `position`. Raises InvalidPositionError for a line that is not there."""
        text = self.text
        if position.line >= text.n_lines:
            if clamp_line:
                return len(text.data)
            raise InvalidPositionError(
                f"position {position.line}:{position.character} is outside the document,"
                f" which has {text.n_lines} lines"
            )
        start, end = text.line_span(position.line)
        return start + _bytes_of_column(text.data[start:end], position.character, self._encoding)

    def position(self, offset: int) -> lsp.Position:
        text = self.text
        offset = max(0, min(offset, len(text.data)))
        line = text.line_of(offset)
        start, end = text.line_span(line)
        return lsp.Position(line, _column_of(text.data[start : min(offset, end)], self._encoding))

    def span(self, range_: lsp.Range, *, clamp_line: bool = False) -> Span:
        start = self.offset(range_.start, clamp_line=clamp_line)
        end = self.offset(range_.end, clamp_line=clamp_line)
        if start > end:
            if clamp_line:  # an edit with its ends swapped still has one meaning
                return Span(end, start)
            raise InvalidPositionError(
                f"range {range_.start.line}:{range_.start.character}"
                f"-{range_.end.line}:{range_.end.character} ends before it starts"
            )
        return Span(start, end)

    def range(self, span: tuple[int, int]) -> lsp.Range:
        return lsp.Range(self.position(span[0]), self.position(span[1]))


def _bytes_of_column(line: bytes, column: int, encoding: str) -> int:
    """Length in bytes of the first `column` units of `line`, never inside a character."""
    if column >= len(line):
        # Each character has at least as many bytes as units, so this is the end of the line.
        return len(line)
    if line.isascii():
        return column
    if encoding == "utf-8":
        while column > 0 and line[column] & 0xC0 == 0x80:
            column -= 1
        return column
    text = line.decode("utf-8", "replace")
    if encoding == "utf-32":
        return len(text[:column].encode("utf-8"))
    units = text.encode("utf-16-le")[: 2 * column]
    return len(units.decode("utf-16-le", "ignore").encode("utf-8"))


def _column_of(prefix: bytes, encoding: str) -> int:
    if encoding == "utf-8" or prefix.isascii():
        return len(prefix)
    text = prefix.decode("utf-8", "ignore")
    if encoding == "utf-32":
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


# Paths and URIs


def to_path(uri: str) -> str:
    """Absolute normalised path of a `file:` URI; any other URI stands for itself.

    A document that has no file (`untitled:Untitled-1`) is known by its URI throughout.
    """
    if not uri.startswith("file:"):
        return uri
    parts = urlsplit(uri)
    # `urlsplit` takes `?` and `#` out of the path; an editor that does not quote them means them.
    raw = parts.path + (f"?{parts.query}" if parts.query else "")
    raw += f"#{parts.fragment}" if parts.fragment else ""
    path = unquote(raw)
    if parts.netloc and parts.netloc != "localhost":
        path = f"//{unquote(parts.netloc)}{path}"
    elif _DRIVE.match(path):
        path = path[1].upper() + path[2:]
    return os.path.normpath(path)


def to_uri(path: str) -> str:
    """`file:` URI of an absolute path; a path that is a URI already is returned as it is."""
    if _is_uri(path):
        return path
    posix = path.replace("\\", "/") if os.name == "nt" else path
    if posix.startswith("//"):
        host, _, rest = posix[2:].partition("/")
        return f"file://{quote(host)}/{quote(rest)}"
    return "file://" + quote(posix if posix.startswith("/") else f"/{posix}", safe="/:~")


def _is_uri(path: str) -> bool:
    scheme, separator, _ = path.partition(":")
    return bool(separator) and len(scheme) > 1 and scheme.isalnum() and not os.path.isabs(path)


def is_file(path: str) -> bool:
    """False for a document that is known by a URI other than `file:`."""
    return not _is_uri(path)


# Symbols

SYMBOL_KIND: Final[dict[str, lsp.SymbolKind]] = {
    "module": lsp.SymbolKind.Module,
    "namespace": lsp.SymbolKind.Namespace,
    "package": lsp.SymbolKind.Package,
    "class": lsp.SymbolKind.Class,
    "struct": lsp.SymbolKind.Struct,
    "interface": lsp.SymbolKind.Interface,
    "trait": lsp.SymbolKind.Interface,
    "enum": lsp.SymbolKind.Enum,
    "enum_member": lsp.SymbolKind.EnumMember,
    "type": lsp.SymbolKind.Class,
    "function": lsp.SymbolKind.Function,
    "method": lsp.SymbolKind.Method,
    "constructor": lsp.SymbolKind.Constructor,
    "property": lsp.SymbolKind.Property,
    "field": lsp.SymbolKind.Field,
    "variable": lsp.SymbolKind.Variable,
    "constant": lsp.SymbolKind.Constant,
    "macro": lsp.SymbolKind.Function,
    "heading": lsp.SymbolKind.String,
    "key": lsp.SymbolKind.Key,
}


def symbol_kind(kind: str) -> lsp.SymbolKind:
    return SYMBOL_KIND.get(kind, lsp.SymbolKind.Variable)
