"""Watcher: which paths of a folder others changed, told in bursts, a moment after the last one.

On Linux only folders that hold sources are watched, one watch each: `node_modules` and `.git`
cost nothing, and reading files wakes nobody. Elsewhere the system watches the whole tree.
Where neither is possible the folder is looked through now and then. What happened to a path is
not of interest here: whoever is told looks at the file.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from treewright_indexer.pipeline.ignore import EXCLUDED_FOLDERS, is_ignore_file
from treewright_indexer.pipeline.scan import folders_of
from treewright_indexer.settings import IndexSettings

logger = logging.getLogger("treewright")

_QUIET_S: Final = 0.05
"""A burst is over when nothing happened for so long."""
_BURST_S: Final = 0.5
"""… or after so long, whatever happens."""
_POLL_S: Final = 30.0
_POLL_SHARE: Final = 0.01
"""At most this share of the time is spent on looking through the folder."""


class Watcher:
    """See the module. `notice` gets relative paths, `rescan` is called when all may have changed.

    Both are called from the watcher's own thread; a failing one is logged.
    """

    def __init__(
        self,
        root: str,
        settings: IndexSettings,
        *,
        notice: Callable[[Iterable[str]], None],
        rescan: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        self._root = root
        self._settings = settings
        self._notice = notice
        self._rescan = rescan
        self._tell = tell
        self._condition = threading.Condition()
        self._paths: dict[str, None] = {}
        self._everything = False
        self._first = 0.0
        self._last = 0.0
        self._closed = False
        self._source: _Source | None = None
        self._thread = threading.Thread(target=self._run, name="treewright-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._thread.join()

    # ---------------------------------------------------------------- from the sources

    def happened(self, path: str) -> None:
        """Something happened to a relative path."""
        with self._condition:
            now = time.monotonic()
            if not self._paths and not self._everything:
                self._first = now
                self._condition.notify_all()
            self._last = now
            self._paths[path] = None

    def lost_count(self) -> None:
        """Events were lost: everything may have changed."""
        with self._condition:
            now = time.monotonic()
            self._first = self._first if self._paths else now
            self._last = now
            self._everything = True
            self._condition.notify_all()

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        try:
            self._source = _source_of(self._root, self._settings, self)
        except Exception as error:
            logger.info("watching %s: %r", self._root, error)
            self._tell(
                f"changes outside the editor in {self._root} are found by looking every"
                f" {_POLL_S:.0f} s or less often: {getattr(error, 'strerror', None) or error}"
            )
            self._poll()
            return
        # What changed between the folder's scan and the first watch was seen by nobody.
        self._rescan()
        try:
            while (burst := self._burst()) is not None:
                self._pass_on(*burst)
        finally:
            self._source.close()

    def _burst(self) -> tuple[list[str], bool] | None:
        """Wait for something, and then for silence. None when closed."""
        with self._condition:
            while True:
                if self._closed:
                    return None
                if not self._paths and not self._everything:
                    self._condition.wait()
                    continue
                now = time.monotonic()
                left = min(self._last + _QUIET_S, self._first + _BURST_S) - now
                if left > 0:
                    self._condition.wait(left)
                    continue
                paths, self._paths = list(self._paths), {}
                everything, self._everything = self._everything, False
                return paths, everything

    def _pass_on(self, paths: list[str], everything: bool) -> None:
        assert self._source is not None
        try:
            if everything or any(is_ignore_file(path) for path in paths):
                self._source.refresh()
                self._rescan()
            else:
                self._notice(paths)
        except Exception:
            logger.exception("telling what changed in %s failed", self._root)

    def _poll(self) -> None:
        spent = 0.0
        while True:
            with self._condition:
                pause = max(_POLL_S, spent / _POLL_SHARE)
                if self._condition.wait_for(lambda: self._closed, pause):
                    return
            started = time.monotonic()
            self._rescan()
            spent = time.monotonic() - started


class _Source(Protocol):
    def refresh(self) -> None:
        """Rules on what is ignored changed, or events were lost."""
        ...

    def close(self) -> None: ...


def _source_of(root: str, settings: IndexSettings, watcher: Watcher) -> _Source:
    if sys.platform.startswith("linux"):
        return _Inotify(root, settings, watcher)
    return _Tree(root, watcher)


def _is_excluded(path: str) -> bool:
    return not EXCLUDED_FOLDERS.isdisjoint(path.split("/"))


class _Tree:
    """The system's own watching of a whole tree, through watchdog's observer."""

    def __init__(self, root: str, watcher: Watcher) -> None:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        prefix = os.path.join(root, "")

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in ("opened", "closed_no_write"):
                    return
                for path in (event.src_path, event.dest_path):
                    found = os.fsdecode(path)
                    if found.startswith(prefix):
                        relative = found[len(prefix) :].replace(os.sep, "/")
                        if not _is_excluded(relative):
                            watcher.happened(relative)

        self._observer: Any = Observer()
        self._observer.schedule(Handler(), root, recursive=True)
        self._observer.start()

    def refresh(self) -> None:
        pass

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()


class _Inotify:
    """One inotify watch for each folder that is not ignored, on watchdog's file descriptor."""

    def __init__(self, root: str, settings: IndexSettings, watcher: Watcher) -> None:
        from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyFD, Mask

        constants = InotifyConstants
        self._mask = Mask(
            constants.IN_CLOSE_WRITE
            | constants.IN_ATTRIB
            | constants.IN_CREATE
            | constants.IN_DELETE
            | constants.IN_MOVED_FROM
            | constants.IN_MOVED_TO
            | constants.IN_ONLYDIR
            | constants.IN_DONT_FOLLOW
            | constants.IN_EXCL_UNLINK
        )
        self._root = root
        self._settings = settings
        self._watcher = watcher
        self._lock = threading.Lock()
        self._paths: dict[int, str] = {}
        """Watch -> the folder's relative path with a slash behind, '' for the root."""
        self._watches: dict[str, int] = {}
        self._id = CallbackId(id(self))
        self._fd = InotifyFD()
        try:
            self._add(folders_of(root, settings, ""))
        except BaseException:
            self._fd.close()
            raise
        self._fd.start()

    def refresh(self) -> None:
        wanted = set(folders_of(self._root, self._settings, ""))
        with self._lock:
            gone = [folder for folder in self._watches if folder not in wanted]
        for folder in gone:
            self._remove(folder)
        self._add(wanted)

    def close(self) -> None:
        self._fd.stop()
        self._fd.join()

    def _add(self, folders: Iterable[str]) -> None:
        """Raises OSError when the system has no more watches."""
        for folder in folders:
            with self._lock:
                if folder in self._watches:
                    continue
                path = os.fsencode(os.path.join(self._root, folder))
                try:
                    watch = self._fd.add_callback(path, self._mask, self, self._id)
                except (FileNotFoundError, NotADirectoryError, PermissionError):
                    continue
                old = self._paths.get(watch)
                if old is not None:  # the folder moved: the system kept its watch
                    self._watches.pop(old, None)
                self._paths[watch] = folder
                self._watches[folder] = watch

    def _remove(self, folder: str) -> None:
        """Stop watching a folder and all below it."""
        with self._lock:
            below = [f for f in self._watches if f.startswith(folder)]
            watches = [self._watches.pop(f) for f in below]
            for watch in watches:
                self._paths.pop(watch, None)
        self._fd.remove_callbacks([(watch, self._id) for watch in watches])  # type: ignore[misc]

    # What follows is called by the descriptor's thread.

    def on_event(self, event: Any) -> None:
        with self._lock:
            folder = self._paths.get(event.wd)
        if folder is None or not event.name:
            return
        path = folder + os.fsdecode(event.name)
        try:
            if event.is_directory:
                if _is_excluded(path):
                    return
                if event.is_moved_from or event.is_delete:
                    self._remove(path + "/")
                elif event.is_create or event.is_moved_to:
                    # Watched first and looked at then: what is made in it meanwhile is seen.
                    self._add(folders_of(self._root, self._settings, path + "/"))
                else:
                    return  # its attributes say nothing of the files in it
            self._watcher.happened(path)
        except OSError as error:
            logger.warning("watching %s: %s", path, error)
            self._watcher.happened(path)

    def on_watch_deleted(self, wd: Any) -> None:
        with self._lock:
            folder = self._paths.pop(wd, None)
            if folder is not None:
                self._watches.pop(folder, None)

    def on_queue_overflow(self) -> None:
        self._watcher.lost_count()
