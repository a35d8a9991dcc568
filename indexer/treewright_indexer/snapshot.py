"""Snapshot: what the workspace says at one revision. All reading is done on one.

An open document's unsaved text hides the file on disk. Facts come from the overlay, else
from the store while its row fits the file on disk, else they are extracted on the spot, so
an answer never waits for the index to be complete and never speaks of older text.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from treewright_indexer.errors import (
    OutsideWorkspaceError,
    StaleSnapshotError,
    UnknownFileError,
    UnreadableFileError,
    UnsupportedLanguageError,
)
from treewright_indexer.languages import Language, language_for_id, language_for_path
from treewright_indexer.model import FileFacts, Reference, Symbol, unpack_postings
from treewright_indexer.text import SourceText, Span, decode

if TYPE_CHECKING:
    from tree_sitter import Tree

    from treewright_indexer.documents import DocumentCache
    from treewright_indexer.facts.incremental import Known
    from treewright_indexer.folder import Folder
    from treewright_indexer.search.symbols import NamedHits
    from treewright_indexer.store.rows import SymbolRow


_ON_THE_SPOT_S = 0.5
_ON_THE_SPOT_FILES = 20
"""These are read whatever time it takes, until the very name is found."""
_AFTER_EXACT_S = 0.1
"""How long more is looked for once the very name that was asked for is found."""


class SymbolHit(NamedTuple):
    """A symbol found by name, with what an editor needs to show where it stands."""

    path: str
    name: str
    kind: str
    name_start: int
    line: int
    """Zero-based."""
    column: int
    """Bytes between the line's start and the name."""
    n_continuation: int
    """How many of these bytes begin no character: what to take off to count characters."""
    n_astral: int
    """How many of the characters lie outside the Basic Multilingual Plane."""
    container: str


class Overlay:
    """An open document's unsaved text with its version. Immutable but for what it caches.

    A change yields a new Overlay that remembers the byte edits since the last parsed tree,
    so that the keystroke path splices bytes and the parse happens when somebody asks.
    """

    __slots__ = (
        "_facts",
        "_hits",
        "_known",
        "_lock",
        "_outline",
        "_pending",
        "_tree",
        "language",
        "path",
        "text",
        "version",
    )

    def __init__(
        self, path: str, language: Language | None, text: SourceText, version: int
    ) -> None:
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
        self._hits: NamedHits | None = None
        # The last outline of an earlier text, and where this one may differ from that.
        self._known: Known | None = None

    @classmethod
    def opened(cls, path: str, language_id: str, text: SourceText, version: int) -> Overlay:
        return cls(path, language_for_id(language_id) or language_for_path(path), text, version)

    def changed(self, version: int, edits: Sequence[tuple[Span | None, str]]) -> Overlay:
        """The document after `edits`, applied one after the other; None replaces the whole."""
        from treewright_indexer.syntax import edited

        text, tree = self.text, self._tree or self._pending
        known = self._known_outline()
        for span, replacement in edits:
            data = replacement.encode("utf-8", "replace")
            if span is None:
                text, tree = SourceText(data, text.encoding, text.bom), None
                known = None
                continue
            spliced = text.splice(span, data)
            if tree is not None:
                tree = edited(tree, span[0], span[1], span[0] + len(data), text, spliced)
            if known is not None:
                known = known.then(span[0], span[1], span[0] + len(data))
            text = spliced
        overlay = Overlay(self.path, self.language, text, version)
        overlay._pending = tree
        overlay._known = known
        return overlay

    def _known_outline(self) -> Known | None:
        """The outline of this text or of an earlier one."""
        symbols = self._facts.symbols if self._facts is not None else self._outline
        if symbols is None:
            return self._known
        from treewright_indexer.facts.incremental import Known

        return Known(self.text, symbols)

    def tree(self) -> Tree:
        """The syntax tree of exactly this text. Raises UnsupportedLanguageError."""
        from treewright_indexer.syntax import parse

        if self.language is None:
            raise UnsupportedLanguageError(self.path)
        with self._lock:
            if self._tree is None:
                tree = parse(self.language, self.text.data, self._pending)
                if self._known is not None and self._pending is not None:
                    whole = tree.root_node.has_error  # then it was made anew
                    self._known = None if whole else self._known.seen(self._pending, tree)
                self._tree, self._pending = tree, None
            return self._tree

    def facts(self) -> FileFacts:
        from treewright_indexer.facts import extract

        if self._facts is None:
            tree = self.tree()
            assert self.language is not None
            self._facts = extract(self.language, self.text, tree)
        return self._facts

    def outline(self) -> list[Symbol]:
        from treewright_indexer.facts import outline, outline_after

        if self._facts is not None:
            return self._facts.symbols
        if self._outline is None:
            tree = self.tree()
            assert self.language is not None
            known, self._known = self._known, None
            symbols = None
            if known is not None:
                symbols = outline_after(self.language, self.text, tree, known)
            self._outline = symbols or outline(self.language, self.text, tree)
        return self._outline

    def hits(self) -> NamedHits:
        """The symbols of this text as they are found by name. Raises UnsupportedLanguageError."""
        if self._hits is None:
            from treewright_indexer.pipeline.entries import symbol_entries
            from treewright_indexer.search.symbols import NamedHits

            entries = symbol_entries(self.text, self.outline())
            self._hits = NamedHits([SymbolHit(self.path, *entry) for entry in entries])
        return self._hits


class Snapshot:
    """The workspace at one revision. Immutable but for what it remembers; any thread may hold one.

    Overlays are frozen with the revision. Files on disk are read when asked for, and one
    answer sees one text of a file: when what the index said of a file turns out to be of
    another text than the one that is read later, the answer fails with StaleSnapshotError.
    """

    __slots__ = (
        "_bytes",
        "_documents",
        "_nested",
        "_seen",
        "cache",
        "folders",
        "overlays",
        "removed",
        "revision",
    )

    def __init__(
        self,
        revision: int,
        folders: Sequence[Folder],
        overlays: Mapping[str, Overlay],
        removed: frozenset[str] = frozenset(),
        cache: DocumentCache | None = None,
    ) -> None:
        """`removed` holds paths that count as gone though a file is on disk: what a change that
        is not written yet deletes or moves away."""
        self.revision = revision
        self.folders = tuple(folders)
        self.overlays = overlays
        self.removed = removed
        self.cache = cache
        # What this snapshot has read from disk, and the hash of what it knows of the rest.
        self._documents: dict[str, Overlay] = {}
        self._seen: dict[str, str] = {}
        self._bytes: dict[str, bytes] = {}
        # Folders inside folders: each file is answered for by its innermost one.
        roots = [folder.root for folder in self.folders]
        self._nested = any(_is_below(a, b) for a in roots for b in roots if a is not b)

    # ---------------------------------------------------------------- one file

    def _document(self, path: str) -> Overlay:
        overlay = self.overlays.get(path) or self._documents.get(path)
        if overlay is None:
            try:
                if path in self.removed:
                    raise FileNotFoundError(path)
                raw = Path(path).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise UnknownFileError(f"no such file: {path}") from error
            except (OSError, ValueError) as error:
                raise UnreadableFileError(f"cannot read {path}: {error}") from error
            if self.cache is not None:
                overlay = self.cache.get(path, raw)
            else:
                overlay = Overlay(path, language_for_path(path), decode(raw), -1)
            if self._seen.get(path, overlay.text.hash) != overlay.text.hash:
                raise StaleSnapshotError(f"{path} changed while it was looked at")
            self._documents[path] = overlay
        return overlay

    def text(self, path: str) -> SourceText:
        """Raises UnknownFileError, UnreadableFileError or StaleSnapshotError."""
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
        """Facts that may come from the store without postings; see `references_in`."""
        return self._facts(path, with_postings=False)

    def file_facts(self, path: str) -> FileFacts:
        """Facts with all postings."""
        return self._facts(path, with_postings=True)

    def _facts(self, path: str, *, with_postings: bool) -> FileFacts:
        overlay = self.overlays.get(path)
        if overlay is None:
            folder = self.folder_of(path) if path not in self.removed else None
            found = folder and folder.facts_and_hash(path, with_postings=with_postings)
            if found and self._is_of_seen(path, found[1]):
                return found[0]
            overlay = self._document(path)
        return overlay.facts()

    def _is_of_seen(self, path: str, hash: str) -> bool:
        """Whether `hash` is that of the text this answer has seen; the first one counts."""
        document = self._documents.get(path)
        if document is not None:
            return document.text.hash == hash
        return self._seen.setdefault(path, hash) == hash

    def outline(self, path: str) -> list[Symbol]:
        overlay = self.overlays.get(path)
        return self.facts(path).symbols if overlay is None else overlay.outline()

    def references_in(self, path: str, name: str) -> list[Reference]:
        """The uses of `name` in one file, definitions included, in order."""
        overlay = self.overlays.get(path)
        folder = self.folder_of(path) if path not in self.removed else None
        if overlay is None and folder is not None:
            found = folder.postings_in(path, name)
            if found is not None and self._is_of_seen(path, found.hash):
                return list(unpack_postings(found.refs))
        return list((overlay or self._document(path)).facts().references(name))

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

    def unread(self) -> int | None:
        """How many files the indexes lack, which answers read on the spot as far as they can;
        None while a folder was not looked through: files that nobody knows of may be missing."""
        counts = [folder.n_unread for folder in self.folders]
        return None if None in counts else sum(count or 0 for count in counts)

    def files_naming(self, name: str) -> list[str]:
        """Every file whose text uses the identifier, from the index where it is current.

        Open documents are asked themselves; files that the index has yet to read are
        searched as bytes, so the list is complete before the index is.
        """
        return [path for path, _ in self._naming(name)]

    def uses(self, name: str) -> Iterator[tuple[str, list[Reference]]]:
        """(path, references) of every file that uses the identifier; see `files_naming`."""
        for path, refs in self._naming(name):
            if refs is not None:
                yield path, list(unpack_postings(refs))
            elif found := self._references_or_none(path, name):
                yield path, found

    def _naming(self, name: str) -> Iterator[tuple[str, bytes | None]]:
        """Files that use the identifier, with its postings when the index has them."""
        encoded = name.encode()
        for folder in self.folders:
            pending = folder.pending_naming(
                name, self._bytes
            )  # before the store is asked: none is missed
            known = set(pending)
            for row in folder.store.postings(name):
                path = folder.absolute(row.path)
                if row.path in known or self.is_hidden(folder, path):
                    continue
                if folder.fits(row.path, row.stamp) and self._is_of_seen(path, row.hash):
                    yield path, row.refs
                else:
                    yield path, None
            for relative in pending:
                path = folder.absolute(relative)
                if not self.is_hidden(folder, path):
                    yield path, None
        for path, overlay in self.overlays.items():
            if overlay.language is not None and encoded in overlay.text.data:
                yield path, None

    def is_hidden(self, folder: Folder, path: str) -> bool:
        """Whether a folder's word on a file does not count: it is open, gone, or in an inner one."""
        return (
            path in self.overlays
            or path in self.removed
            or (self._nested and self.folder_of(path) is not folder)
        )

    def _references_or_none(self, path: str, name: str) -> list[Reference]:
        try:
            return self.references_in(path, name)
        except (UnknownFileError, UnreadableFileError, UnsupportedLanguageError):
            return []  # it vanished or is not text: then it says nothing

    def symbols_named(self, name: str) -> list[SymbolHit]:
        """Every definition of exactly `name`."""
        hits: list[SymbolHit] = []
        for folder in self.folders:
            pending = folder.pending_naming(name, self._bytes)
            rows = folder.store.symbols_named(name)
            hits += self._current_hits(folder, rows, pending, lambda hit: hit.name == name)
        for overlay in self.overlays.values():
            if (found := _hits_of(overlay)) is not None:
                hits += found.named(name)
        return hits

    def symbols_matching(self, query: str, limit: int) -> list[SymbolHit]:
        """Symbols whose name the letters of `query` match, best first; see Store.

        Open documents count with their unsaved text. While the index is incomplete, files it
        lacks are read for half a second at most, likely ones first, and only for names that
        hold the query as it is; unlikely ones only when nothing has that name. What was read
        is kept: to ask again finds more.
        """
        from treewright_indexer.search.symbols import rank_symbols

        exact = query.rpartition(".")[2]
        name = exact.lower()
        hits: list[SymbolHit] = []
        for folder in self.folders:
            with folder.answering():
                likely, others = folder.pending_containing(query, self._bytes)
                rows = folder.store.symbols_matching(query, limit + 64)
                end = time.monotonic() + _ON_THE_SPOT_S
                found = list(self._current_hits(folder, rows, likely, lambda hit: True, end, exact))
                if others and not any(hit.name.lower() == name for hit in found):
                    found += self._current_hits(folder, (), others, lambda hit: True, end)
            hits += found
        for overlay in self.overlays.values():
            if (found := _hits_of(overlay)) is not None:
                hits += found.matching(query, limit)
        return rank_symbols(hits, query, limit)

    def _current_hits(
        self,
        folder: Folder,
        rows: Sequence[SymbolRow],
        pending: Sequence[str],
        wanted: Callable[[SymbolHit], bool],
        deadline: float = math.inf,
        exact: str = "",
    ) -> Iterator[SymbolHit]:
        """The rows whose files are as the index knows them; the others are read on the spot.

        A definition of the name `exact` brings the deadline nearer.
        """
        anew = dict.fromkeys(pending)
        current: dict[str, bool] = {}
        for row in rows:
            if row.path in anew:
                continue
            path = folder.absolute(row.path)
            if row.path not in current:
                hidden = self.is_hidden(folder, path)
                current[row.path] = not hidden and folder.fits(row.path, row.stamp)
                if not hidden and not current[row.path]:
                    anew[row.path] = None
            if current[row.path]:
                yield SymbolHit(path, *row[2:])
        n_read, n_at_least = 0, _ON_THE_SPOT_FILES
        for relative in anew:
            path = folder.absolute(relative)
            if self.is_hidden(folder, path):
                continue
            if n_read >= n_at_least and time.monotonic() > deadline:
                break
            n_read += 1
            if path in self._documents:
                hits = self._symbols_of(path)
            else:
                hits = [SymbolHit(path, *entry) for entry in folder.symbols_now(relative)]
            if exact and any(hit.name == exact for hit in hits):
                deadline, n_at_least = min(deadline, time.monotonic() + _AFTER_EXACT_S), 0
                exact = ""
            yield from (hit for hit in hits if wanted(hit))

    def _symbols_of(self, path: str) -> list[SymbolHit]:
        from treewright_indexer.pipeline.entries import symbol_entries

        try:
            symbols, text = self.outline(path), self.text(path)
        except (UnknownFileError, UnreadableFileError, UnsupportedLanguageError):
            return []
        return [SymbolHit(path, *entry) for entry in symbol_entries(text, symbols)]


def _hits_of(overlay: Overlay) -> NamedHits | None:
    """None for a text without a language, or one that its grammar does not get through."""
    try:
        return overlay.hits()
    except (UnreadableFileError, UnsupportedLanguageError):
        return None


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
