"""Folder: one folder of the workspace with its index, and how far the index has come."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treewright_indexer.model import FileFacts
from treewright_indexer.pending import PendingTexts
from treewright_indexer.pipeline.builder import Builder, Finish, Report
from treewright_indexer.pipeline.entries import Job, Reading, look, symbol_entries
from treewright_indexer.pipeline.watch import Watcher
from treewright_indexer.settings import IndexSettings
from treewright_indexer.store import PostingRow, Stamp, Store, SymbolEntry
from treewright_indexer.store.rows import UNKNOWN

if TYPE_CHECKING:
    from treewright_indexer.search.vectors import Vectors

_LIST_S: Final = 0.25
"""How long an answer waits for the first scan when an earlier index can answer meanwhile."""
_SURE_LIST_S: Final = 5.0
"""… when a file that it lacks would make an edit of it wrong."""
_SOON_LIST_S: Final = 0.03
"""… when it is a list to choose from, which says that it may lack some."""
_FIRST_LIST_S: Final = 30.0
"""… and when there is none."""
_MAX_FACTS: Final = 256
_MAX_OUTLINES: Final = 2000


class Folder:
    """See the module. Thread safe; made by `Workspace.add_folder`."""

    def __init__(
        self,
        root: str,
        store: Store,
        settings: IndexSettings,
        *,
        tell: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
        shared: Path | None = None,
        upkeep: Callable[[], None] = lambda: None,
        differing: Callable[[list[str]], None] = lambda paths: None,
    ) -> None:
        """`differing` gets the absolute paths of files that others wrote, made or deleted."""
        self.root = root
        self.store = store
        self._prefix = root.rstrip(os.sep) + os.sep
        self.vectors: Vectors | None = None
        """Made by the workspace when code is to be found by meaning."""

        def written() -> None:
            self._pending_texts.drop(self._builder.pending)
            changed()

        self._builder = Builder(
            root,
            store,
            settings,
            tell=tell,
            changed=written,
            shared=shared,
            upkeep=upkeep,
            differing=lambda relatives: differing([*map(self.absolute, relatives)]),
        )
        self._watcher: Watcher | None = None
        self._settings = settings
        self._tell = tell
        self._facts: OrderedDict[tuple[str, str, str, bool], FileFacts] = OrderedDict()
        self._facts_lock = threading.Lock()
        self._outlines: dict[tuple[str, Stamp], list[SymbolEntry]] = {}
        self._pending_texts = PendingTexts(self._prefix)

    # ---------------------------------------------------------------- paths

    def absolute(self, relative: str) -> str:
        return self._prefix + (relative.replace("/", os.sep) if os.sep != "/" else relative)

    def relative(self, path: str) -> str | None:
        """`path` from the root with forward slashes; None when it is not below."""
        if not path.startswith(self._prefix):
            return None
        relative = path[len(self._prefix) :]
        return relative.replace(os.sep, "/") if os.sep != "/" else relative

    def relative_files(self) -> list[str]:
        """Every file that is indexed or waits for it."""
        pending = self.pending
        return list(dict.fromkeys((*self.store.paths(), *pending)))

    # ---------------------------------------------------------------- what the index knows

    def is_current(self, relative: str) -> bool:
        """Whether the index holds the text that is on disk now."""
        row = self.store.file(relative)
        return row is not None and self.fits(relative, row.stamp)

    def fits(self, relative: str, stamp: Stamp) -> bool:
        """Whether the file still is what it was when it had `stamp`."""
        try:
            fits = Stamp.of(os.lstat(self._prefix + relative)) == stamp
        except (OSError, ValueError):
            fits = False
        if not fits and self._builder.started:
            self.notice([relative])  # whoever should have told did not
        return fits

    def facts(self, path: str, *, with_postings: bool = False) -> FileFacts | None:
        """The facts of an absolute path, when the index has those of the text on disk."""
        found = self.facts_and_hash(path, with_postings=with_postings)
        return found[0] if found is not None else None

    def facts_and_hash(
        self, path: str, *, with_postings: bool = False
    ) -> tuple[FileFacts, str] | None:
        relative = self.relative(path)
        row = self.store.file(relative) if relative is not None else None
        if row is None or not row.language or not self.fits(row.path, row.stamp):
            return None
        key = (row.path, row.hash, row.extractor, with_postings)
        with self._facts_lock:
            facts = self._facts.get(key)
            if facts is not None:
                self._facts.move_to_end(key)
                return facts, row.hash
        found = self.store.facts(row.path, with_postings)
        if found is None or found[0].hash != row.hash:  # written anew since
            return None
        facts = found[1]
        with self._facts_lock:
            self._facts[key] = facts
            while len(self._facts) > _MAX_FACTS:
                self._facts.popitem(last=False)
        return facts, row.hash

    def postings_in(self, path: str, name: str) -> PostingRow | None:
        """The uses of `name` in the file, when the index has those of the text on disk."""
        relative = self.relative(path)
        row = self.store.postings_in(relative, name) if relative is not None else None
        return row if row is not None and self.fits(row.path, row.stamp) else None

    # ---------------------------------------------------------------- what it does not know yet

    @property
    def pending(self) -> frozenset[str]:
        """Files whose text the index does not have yet, as far as anybody noticed."""
        self._wait_listed(_LIST_S)
        pending = self._builder.pending
        if not pending:
            self._pending_texts.drop()
        return pending

    def answering(self) -> AbstractContextManager[None]:
        """While somebody reads pending files for an answer, no processes are started for it."""
        return self._builder.answering()

    # `kept` is what one answer has read of them so far: it sees one text of a file.

    def pending_naming(self, name: str, kept: dict[str, bytes] | None = None) -> list[str]:
        """The pending files whose bytes hold `name`."""
        with self.answering():
            self._wait_listed(_SURE_LIST_S)
            return self._pending_texts.naming(name, self.pending, kept)

    def pending_counting(self, words: Sequence[str]) -> dict[str, int]:
        """How many of the words, given in lower case, each pending file holds; 0 is left out."""
        with self.answering():
            return self._pending_texts.counting(words, self.pending)

    def pending_containing(
        self, query: str, kept: dict[str, bytes] | None = None
    ) -> tuple[list[str], list[str]]:
        """The pending files that hold the last part of a dotted name: those that are likely to
        define it, and the others. Does not wait long: see `n_unread`."""
        self._wait_listed(_SOON_LIST_S)
        return self._pending_texts.containing(query, self._builder.pending, kept)

    def symbols_now(self, relative: str) -> list[SymbolEntry]:
        """The symbols of the file as it is on disk, read on the spot; [] if it cannot be read."""
        from treewright_indexer.facts import outline
        from treewright_indexer.syntax import parse

        try:
            stamp = Stamp.of(os.lstat(self._prefix + relative))
        except (OSError, ValueError):
            return []
        with self._facts_lock:
            known = self._outlines.get((relative, stamp))
        if known is not None:
            return known
        found = look(self.root, Job(relative, UNKNOWN), self._settings.max_file_bytes)
        if not isinstance(found, Reading) or found.language is None:
            return []
        key = (relative, found.stamp)
        text = found.text
        symbols = outline(found.language, text, parse(found.language, text.data))
        entries = symbol_entries(text, symbols)
        with self._facts_lock:
            if len(self._outlines) >= _MAX_OUTLINES:
                self._outlines.clear()
            self._outlines[key] = entries
        return entries

    def _wait_listed(self, limit_s: float) -> None:
        if self._builder.started and not self._builder.scanned:
            self._builder.wait_listed(limit_s if self._builder.complete else _FIRST_LIST_S)

    # ---------------------------------------------------------------- bringing it up to date

    @property
    def ready(self) -> bool:
        """Whether the index says what the files say, as far as anybody noticed."""
        return self._builder.ready

    @property
    def n_unread(self) -> int | None:
        """How many files the index lacks; None until somebody looked. Waits for nothing."""
        return self._builder.n_unread

    def start(self, report: Report, finish: Finish) -> None:
        """Bring the index up to date in the background and keep it so.

        `report(done, total, message)` and `finish(message)`, which comes once, are called
        from another thread.
        """
        self._builder.start(report, finish)
        if self._settings.watch and self._watcher is None:
            self._watcher = Watcher(
                self.root,
                self._settings,
                notice=self.notice,
                rescan=self.rescan,
                tell=self._tell,
            )

    @property
    def is_bulk(self) -> bool:
        """Whether so much is read just now that other work had better wait."""
        return self._builder.is_bulk

    def wait_ready(self, timeout: float | None) -> bool:
        """Wait until the index is complete, starting it if nobody did; False if it is not."""
        if not self._builder.started:
            self.start(lambda done, total, message: None, lambda message: None)
        return self._builder.wait_ready(timeout)

    def cancel(self) -> None:
        self._builder.cancel()

    def pause(self) -> None:
        self._builder.pause()

    def resume(self) -> None:
        self._builder.resume()

    @property
    def n_extracted(self) -> int:
        """Texts that were parsed for this folder; others were known by their content."""
        return self._builder.n_extracted

    def reset(self) -> None:
        """The index was lost."""
        self._builder.reset()

    def rescan(self) -> None:
        self._builder.rescan()

    def notice(self, relatives: Iterable[str]) -> None:
        """These files or folders may have changed."""
        self._builder.notice(relatives)

    def opened(self, relative: str) -> None:
        self._builder.opened(relative)

    def closed(self, relative: str) -> None:
        self._builder.closed(relative)

    def close(self) -> None:
        if self.vectors is not None:
            self.vectors.close()
        if self._watcher is not None:
            self._watcher.close()
        self._builder.close()
        self.store.close()
