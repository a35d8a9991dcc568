"""Workspace: the folders with their indexes and the open documents, from which Snapshots come.

`open_document`, `change_document`, `close_document`, `saved` and `snapshot` never wait for a
disk, so that an event loop may call them. What the user did not save stays in memory: the
index holds the files as they are on disk.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from treewright_indexer.documents import DocumentCache
from treewright_indexer.folder import Folder
from treewright_indexer.settings import IndexSettings
from treewright_indexer.snapshot import Overlay, Snapshot
from treewright_indexer.store import Store
from treewright_indexer.store.upkeep import remove_unused
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from treewright_indexer.encoders.shelf import Models
    from treewright_indexer.search.vectors import Vectors

__all__ = ["Folder", "IndexSettings", "Workspace", "index_path"]

logger = logging.getLogger("treewright")


class Workspace:
    """See the module. Thread safe."""

    def __init__(self, settings: IndexSettings) -> None:
        self.settings = settings
        """In force for folders that are added later."""
        self.on_problem: Callable[[str], None] = logger.warning
        """Told, from any thread, what a user should know of the index."""
        self.on_files: Callable[[list[str]], None] = lambda paths: None
        """Told, from any thread, the absolute paths that were found to differ on the disk."""
        self.models: Models | None = None
        """Set before folders are added, these find code by meaning; None leaves it at words."""
        self.documents = DocumentCache()
        """Texts and trees of files that are not open, for one request after the other."""
        self._lock = threading.Lock()
        self._revision = 0
        self._folders: tuple[Folder, ...] = ()
        self._overlays: Mapping[str, Overlay] = MappingProxyType({})

    # ---------------------------------------------------------------- reading

    def snapshot(self) -> Snapshot:
        """The workspace as it is now."""
        with self._lock:
            return Snapshot(self._revision, self._folders, self._overlays, cache=self.documents)

    def use_models(self, models: Models | None) -> None:
        """Embed with other models from now on. What folders have serves until those are done.

        With None, folders keep their vectors and new ones get none.
        """
        self.models = models
        if models is None:
            return
        for folder in self.folders:
            if folder.vectors is not None:
                folder.vectors.use(models)
            else:
                vectors = folder.vectors = self._vectors_of(folder, models)
                vectors.wake()

    def _vectors_of(self, folder: Folder, models: Models) -> Vectors:
        from treewright_indexer.search.vectors import Vectors

        return Vectors(
            folder.root,
            folder.store,
            models,
            self.settings.cache_dir,
            tell=self._tell,
            busy=lambda: folder.is_bulk,
        )

    @property
    def folders(self) -> list[Folder]:
        return list(self._folders)

    # ---------------------------------------------------------------- folders

    def add_folder(self, root: str) -> Folder:
        """Open the folder's index; `Folder.start` brings it up to date. Waits for the disk."""
        root = os.path.normpath(os.path.abspath(root))
        with self._lock:
            for folder in self._folders:
                if folder.root == root:
                    return folder
        settings = self.settings
        folder: Folder | None = None

        def reset() -> None:
            if folder is not None:
                folder.reset()

        shared = settings.cache_dir / "facts.db" if settings.cache_dir is not None else None

        def changed() -> None:
            self._advance()
            if folder is not None and folder.vectors is not None:
                folder.vectors.wake()

        store = Store.open(index_path(settings, root), on_problem=self._tell, on_reset=reset)

        def upkeep() -> None:
            store.verify()
            if store.path is not None:
                remove_unused(store.path.parent)

        folder = Folder(
            root,
            store,
            settings,
            tell=self._tell,
            changed=changed,
            shared=shared,
            upkeep=upkeep,
            differing=lambda paths: self.on_files(paths),
        )
        if self.models is not None:
            folder.vectors = self._vectors_of(folder, self.models)
        with self._lock:
            self._folders += (folder,)
            self._revision += 1
            for path in self._overlays:
                if (relative := folder.relative(path)) is not None:
                    folder.opened(relative)
        return folder

    def remove_folder(self, root: str) -> None:
        root = os.path.normpath(os.path.abspath(root))
        with self._lock:
            gone = [folder for folder in self._folders if folder.root == root]
            self._folders = tuple(folder for folder in self._folders if folder not in gone)
            self._revision += 1
        for folder in gone:
            folder.close()

    def files_changed(self, paths: Iterable[str]) -> None:
        """Absolute paths, of files or folders, that were made, changed or deleted."""
        paths = list(paths)
        for folder in self._folders:
            inside = [r for path in paths if (r := folder.relative(path)) is not None]
            if inside:
                folder.notice(inside)
        self._advance()

    # ---------------------------------------------------------------- documents

    def open_document(self, path: str, language_id: str, text: SourceText, version: int) -> None:
        self._put(Overlay.opened(path, language_id, text, version))
        for folder, relative in self._homes(path):
            folder.opened(relative)

    def change_document(
        self, path: str, version: int, edits: Sequence[tuple[Span | None, str]]
    ) -> None:
        """Apply `edits` one after the other; see `Overlay.changed`. Nothing if it is not open."""
        overlay = self._overlays.get(path)
        if overlay is not None:
            self._put(overlay.changed(version, edits))

    def close_document(self, path: str) -> None:
        with self._lock:
            overlays = {p: overlay for p, overlay in self._overlays.items() if p != path}
            self._overlays = MappingProxyType(overlays)
            self._revision += 1
        for folder, relative in self._homes(path):
            folder.closed(relative)
            folder.notice([relative])  # its text on disk counts again

    def saved(self, path: str) -> None:
        self.files_changed([path])

    def _put(self, overlay: Overlay) -> None:
        with self._lock:
            self._overlays = MappingProxyType({**self._overlays, overlay.path: overlay})
            self._revision += 1

    def _homes(self, path: str) -> list[tuple[Folder, str]]:
        found = ((folder, folder.relative(path)) for folder in self._folders)
        return [(folder, relative) for folder, relative in found if relative is not None]

    # ---------------------------------------------------------------- the rest

    def close(self) -> None:
        """End all work; snapshots can no longer ask the indexes."""
        with self._lock:
            folders, self._folders = self._folders, ()
        for folder in folders:
            folder.close()
        self.documents.clear()

    def _advance(self) -> None:
        with self._lock:
            self._revision += 1

    def _tell(self, message: str) -> None:
        self.on_problem(message)


def index_path(settings: IndexSettings, root: str) -> Path | None:
    """The index file of a folder; None keeps it in memory.

    Folders of one name are told apart, and so are settings that leave out other files.
    """
    if settings.cache_dir is None:
        return None
    real = os.path.normcase(os.path.realpath(root))
    key = f"{real}\0{settings.max_file_bytes}\0{settings.exclude}"
    digest = hashlib.blake2b(os.fsencode(key), digest_size=8).hexdigest()
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in os.path.basename(real))
    return settings.cache_dir / "index" / f"{name[:40] or 'root'}-{digest}.db"
