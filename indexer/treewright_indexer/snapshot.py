"""Snapshot: what the workspace says at one revision. All reading is done on one.

An open document's unsaved text hides the file on disk. Facts come from the overlay, else
from the store while its row fits the file on disk, else they are extracted on the spot, so
an answer never waits for the index to be complete and never speaks of older text.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from treewright_indexer.errors import (
    OutsideWorkspaceError,
    UnknownFileError,
    UnreadableFileError,
    UnsupportedLanguageError,
)
from treewright_indexer.languages import Language, language_for_id, language_for_path
from treewright_indexer.model import FileFacts, Reference, Symbol
from treewright_indexer.text import SourceText, Span, decode

if TYPE_CHECKING:
    from tree_sitter import Tree

    from treewright_indexer.workspace import Folder


class SymbolHit(NamedTuple):
    """A symbol found by name. `line` is zero-based."""

    path: str
    name: str
    kind: str
    name_start: int
    line: int
    container: str


class Overlay:
    """An open document's unsaved text with its version. Immutable but for what it caches.

    A change yields a new Overlay that remembers the byte edits since the last parsed tree,
    so that the keystroke path splices bytes and the parse happens when somebody asks.
    """

    __slots__ = ("_facts", "_lock", "_outline", "_pending", "_tree", "language", "path", "text", "version")

    def __init__(self, path: str, language: Language | None, text: SourceText, version: int) -> None:
        self.path = path
        self.language = language
        self.text = text
        self.version = version
        self._lock = threading.Lock()
        self._tree: Tree | None = None
        # The last parsed tree with the edits made to it since; dropped once parsed anew.
        self._pending: Tree | None = None
        self._facts: FileFacts | None = None
        self._outline: list[Symbol] | None = None

    @classmethod
    def opened(cls, path: str, language_id: str, text: SourceText, version: int) -> Overlay:
        return cls(path, language_for_id(language_id) or language_for_path(path), text, version)

    def changed(self, version: int, edits: Sequence[tuple[Span | None, str]]) -> Overlay:
        """The document after `edits`, applied one after the other; None replaces the whole."""
        from treewright_indexer.syntax import edited

        text, tree = self.text, self._tree or self._pending
        for span, replacement in edits:
            data = replacement.encode("utf-8", "replace")
            if span is None:
                text, tree = SourceText(data, text.encoding, text.bom), None
                continue
            spliced = text.splice(span, data)
            if tree is not None:
                tree = edited(tree, span[0], span[1], span[0] + len(data), text, spliced)
            text = spliced
        overlay = Overlay(self.path, self.language, text, version)
        overlay._pending = tree
        return overlay

    def tree(self) -> Tree:
        """The syntax tree of exactly this text. Raises UnsupportedLanguageError."""
        from treewright_indexer.syntax import parse

        if self.language is None:
            raise UnsupportedLanguageError(self.path)
        with self._lock:
            if self._tree is None:
                self._tree = parse(self.language, self.text.data, self._pending)
                self._pending = None
            return self._tree

    def facts(self) -> FileFacts:
        from treewright_indexer.facts import extract

        if self._facts is None:
            tree = self.tree()
            assert self.language is not None
            self._facts = extract(self.language, self.text, tree)
        return self._facts

    def outline(self) -> list[Symbol]:
        from treewright_indexer.facts import outline

        if self._facts is not None:
            return self._facts.symbols
        if self._outline is None:
            tree = self.tree()
            assert self.language is not None
            self._outline = outline(self.language, self.text, tree)
        return self._outline


class Snapshot:
    """The workspace at one revision. Immutable: any thread may hold one.

    Overlays are frozen with the revision; files on disk are read when asked for, and every
    edit computed from them carries their content hash, so a later change is noticed.
    """

    __slots__ = ("_cache", "folders", "overlays", "removed", "revision")

    def __init__(
        self,
        revision: int,
        folders: Sequence[Folder],
        overlays: Mapping[str, Overlay],
        removed: frozenset[str] = frozenset(),
    ) -> None:
        """`removed` holds paths that count as gone though a file is on disk: what a change that
        is not written yet deletes or moves away."""
        self.revision = revision
        self.folders = tuple(folders)
        self.overlays = overlays
        self.removed = removed
        # What this snapshot has read from disk: one answer sees one text of a file.
        self._cache: dict[str, Overlay] = {}

    # ---------------------------------------------------------------- one file

    def _document(self, path: str) -> Overlay:
        overlay = self.overlays.get(path) or self._cache.get(path)
        if overlay is None:
            try:
                if path in self.removed:
                    raise FileNotFoundError(path)
                raw = Path(path).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise UnknownFileError(f"no such file: {path}") from error
            except (OSError, ValueError) as error:
                raise UnreadableFileError(f"cannot read {path}: {error}") from error
            overlay = Overlay(path, language_for_path(path), decode(raw), -1)
            self._cache[path] = overlay
        return overlay

    def text(self, path: str) -> SourceText:
        """Raises UnknownFileError or UnreadableFileError."""
        return self._document(path).text

    def exists(self, path: str) -> bool:
        return path in self.overlays or (path not in self.removed and os.path.isfile(path))

    def is_open(self, path: str) -> bool:
        return path in self.overlays

    def version(self, path: str) -> int | None:
        """The client's version of an open document."""
        overlay = self.overlays.get(path)
        return None if overlay is None else overlay.version

    def hash(self, path: str) -> str:
        return self.text(path).hash

    def language(self, path: str) -> Language | None:
        overlay = self.overlays.get(path)
        return overlay.language if overlay is not None else language_for_path(path)

    def tree(self, path: str) -> Tree:
        """Raises UnsupportedLanguageError, UnknownFileError, UnreadableFileError."""
        return self._document(path).tree()

    def facts(self, path: str) -> FileFacts:
        """Facts without postings may come from the store; `references_in` gives the uses."""
        overlay = self.overlays.get(path) or self._cache.get(path)
        if overlay is None and path not in self.removed:
            folder = self.folder_of(path)
            stored = folder.facts(path) if folder is not None else None
            if stored is not None:
                return stored
        return (overlay or self._document(path)).facts()

    def file_facts(self, path: str) -> FileFacts:
        """Facts with all postings, extracted from the text unless an overlay holds them."""
        return self._document(path).facts()

    def outline(self, path: str) -> list[Symbol]:
        overlay = self.overlays.get(path)
        return self.facts(path).symbols if overlay is None else overlay.outline()

    def references_in(self, path: str, name: str) -> list[Reference]:
        """The uses of `name` in one file, definitions included, in order."""
        overlay = self.overlays.get(path) or self._cache.get(path)
        if overlay is None:
            return list(self._document(path).facts().references(name))
        return list(overlay.facts().references(name))

    # ---------------------------------------------------------------- the workspace

    def folder_of(self, path: str) -> Folder | None:
        """The innermost folder that holds `path`."""
        best: Folder | None = None
        for folder in self.folders:
            if _is_below(path, folder.root) and (best is None or len(folder.root) > len(best.root)):
                best = folder
        return best

    def display_path(self, path: str) -> str:
        """`path` relative to its folder, with forward slashes; for people and messages."""
        folder = self.folder_of(path)
        shown = path if folder is None else os.path.relpath(path, folder.root)
        return shown.replace(os.sep, "/")

    def require_inside(self, path: str) -> str:
        """The normalised `path`, if it lies in a folder after symlinks are resolved.

        Raises OutsideWorkspaceError, also for a path that does not exist: the answer must
        not tell what stands outside.
        """
        try:
            if "\0" in path:
                raise ValueError("NUL byte")
            resolved = os.path.realpath(path)
            inside = any(_is_below(resolved, os.path.realpath(f.root)) for f in self.folders)
        except (OSError, ValueError):
            inside = False
        if not inside:
            raise OutsideWorkspaceError(f"outside the workspace: {path!r}")
        return os.path.normpath(path)

    def files(self) -> Iterator[str]:
        """Every indexed or pending file and every open document inside a folder."""
        seen: set[str] = set(self.removed - self.overlays.keys())
        for folder in self.folders:
            for relative in folder.relative_files():
                path = folder.absolute(relative)
                if path not in seen:
                    seen.add(path)
                    yield path
        for path in self.overlays:
            if path not in seen:
                yield path

    def files_naming(self, name: str) -> list[str]:
        """Every file whose text uses the identifier, from the index where it is current.

        Open documents are asked themselves; files that the index has yet to read are
        searched as bytes, so the list is complete before the index is.
        """
        found: dict[str, None] = {}
        for folder in self.folders:
            for relative, _ in folder.store.postings(name):
                found[folder.absolute(relative)] = None
            for relative in folder.pending_naming(name):
                found[folder.absolute(relative)] = None
        for path in self.removed:
            found.pop(path, None)
        encoded = name.encode()
        for path, overlay in self.overlays.items():
            found.pop(path, None)
            if overlay.language is not None and encoded in overlay.text.data:
                found[path] = None
        return list(found)

    def uses(self, name: str) -> Iterator[tuple[str, list[Reference]]]:
        """(path, references) of every file that uses the identifier; see `files_naming`."""
        from treewright_indexer.model import unpack_postings

        encoded = name.encode()
        hidden = self.overlays.keys() | self.removed
        for folder in self.folders:
            pending = set(folder.pending_naming(name))
            for relative, blob in folder.store.postings(name):
                path = folder.absolute(relative)
                if relative not in pending and path not in hidden and folder.is_current(relative):
                    yield path, list(unpack_postings(blob))
            for relative in pending:
                path = folder.absolute(relative)
                if path not in hidden:
                    yield path, self._references_or_none(path, name)
        for path, overlay in self.overlays.items():
            if overlay.language is not None and encoded in overlay.text.data:
                yield path, list(overlay.facts().references(name))

    def _references_or_none(self, path: str, name: str) -> list[Reference]:
        try:
            return self.references_in(path, name)
        except (UnknownFileError, UnreadableFileError, UnsupportedLanguageError):
            return []  # it vanished or is not text: then it says nothing

    def symbols_named(self, name: str) -> list[SymbolHit]:
        """Every definition of exactly `name`."""
        hits: list[SymbolHit] = []
        hidden = self.overlays.keys() | self.removed
        for folder in self.folders:
            pending = {folder.absolute(r) for r in folder.pending_naming(name)}
            for row in folder.store.symbols_named(name):
                path = folder.absolute(row.path)
                if path not in hidden and path not in pending:
                    hits.append(SymbolHit(path, *row[1:]))
            for path in pending - hidden:
                hits += [hit for hit in self._symbols_of(path) if hit.name == name]
        for path in self.overlays:
            hits += [hit for hit in self._symbols_of(path) if hit.name == name]
        return hits

    def symbols_matching(self, query: str, limit: int) -> list[SymbolHit]:
        """Symbols whose name the letters of `query` match, best first; see Store.

        Open documents count with their unsaved text.
        """
        from treewright_indexer.search.symbols import rank_symbols

        hits: list[SymbolHit] = []
        hidden = self.overlays.keys() | self.removed
        for folder in self.folders:
            pending = {folder.absolute(r) for r in folder.pending_containing(query)}
            for row in folder.store.symbols_matching(query, limit + 64):
                path = folder.absolute(row.path)
                if path not in hidden and path not in pending:
                    hits.append(SymbolHit(path, *row[1:]))
            for path in pending - hidden:
                hits += self._symbols_of(path)
        for path in self.overlays:
            hits += self._symbols_of(path)
        return rank_symbols(hits, query, limit)

    def _symbols_of(self, path: str) -> list[SymbolHit]:
        try:
            symbols, text = self.outline(path), self.text(path)
        except (UnknownFileError, UnreadableFileError, UnsupportedLanguageError):
            return []
        return [
            SymbolHit(
                path,
                symbol.name,
                symbol.kind,
                symbol.name_start,
                text.line_of(symbol.name_start),
                symbols[symbol.parent].name if symbol.parent >= 0 else "",
            )
            for symbol in symbols
        ]


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
