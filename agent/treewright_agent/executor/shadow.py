"""Shadow: a copy of a folder as a snapshot and a change see it, for programs to run in.

**Invariant.** Nothing that runs in a shadow can change the user's files: they are copied
(copy-on-write where the file system can), never hard-linked. What is large and not the
user's own (environments, packages, version control) stays where it is and can only be read.

A shadow is kept between runs and brought up to date by comparing sizes and times, so that a
second run of a large project copies what changed and undoes what the first run wrote.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from treewright_agent.changes import SourceChange
from treewright_agent.sandbox import Level
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

_PREFIX = "treewright-shadow-"
_LINKED = frozenset((".git", ".hg", ".svn", "node_modules", ".tox", ".nox", ".direnv", ".pixi"))
_LEFT_OUT = frozenset(
    (
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".idea",
        ".vscode",
    )
)
_LARGE_FILE = 64 << 20
_MAX_BYTES = 4 << 30
_MAX_FILES = 300_000
_FICLONE = 0x40049409


@dataclass(slots=True)
class _Entry:
    """A copied file: what the original looked like, and what the copy looked like then."""

    source: tuple[int, int]
    copy: tuple[int, int]


@dataclass
class Shadow:
    """Made by `make`. `path` is the copy's folder, `links` what is read from the original:
    relative path -> absolute original."""

    root: str
    path: str
    level: Level
    links: dict[str, str] = field(default_factory=dict[str, str])
    _entries: dict[str, _Entry] = field(default_factory=dict[str, _Entry])
    _written: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def close(self) -> None:
        """Remove it from the disk. Twice is once."""
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Shadow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- bringing up to date

    def refresh(self, snapshot: Snapshot, change: SourceChange, token: CancelToken) -> None:
        """Make it what `snapshot` with `change` is. Raises RefusedError for a folder that is
        too large to copy, StaleSnapshotError, CancelledError."""
        texts = _texts(snapshot, change, self.root)
        kept: set[str] = set()
        folders: set[str] = {""}
        total = 0
        for relative, entry in _walk(self.root, token):
            if entry.is_dir(follow_symlinks=False):
                if _is_linked(entry):
                    self._link(relative, entry.path)
                    kept.add(relative)
                else:
                    folders.add(relative)
                    os.makedirs(os.path.join(self.path, relative), exist_ok=True)
                continue
            kept.add(relative)
            if relative in texts:
                continue
            total += self._copy(relative, entry)
            if total > _MAX_BYTES or len(kept) > _MAX_FILES:
                raise RefusedError(
                    f"{self.root} is too large to be copied for a run"
                    f" ({total >> 20} MB, {len(kept)} files); open a smaller folder"
                )
        for relative, text in texts.items():
            if text is None:
                kept.discard(relative)
                self._remove(relative)
            else:
                kept.add(relative)
                self._write(relative, text.to_disk())
        self._prune(kept, folders)

    def _link(self, relative: str, original: str) -> None:
        """A mount point where the sandbox can mount, else a link; either way read-only."""
        self.links[relative] = original
        target = os.path.join(self.path, relative)
        if self.level == Level.BUBBLEWRAP:
            os.makedirs(target, exist_ok=True)
        elif not os.path.islink(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(original, target)

    def _copy(self, relative: str, entry: os.DirEntry[str]) -> int:
        """Copy a file that changed, or whose copy did. Returns its bytes."""
        target = os.path.join(self.path, relative)
        if entry.is_symlink():
            self._copy_link(entry.path, target)
            return 0
        try:
            info = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return 0
        if not stat.S_ISREG(info.st_mode):
            return 0  # sockets and pipes belong to running programs
        seen = (info.st_size, info.st_mtime_ns)
        known = self._entries.get(relative)
        if known is not None and known.source == seen and _look(target) == known.copy:
            return info.st_size
        with contextlib.suppress(FileNotFoundError):
            os.remove(target)
        try:
            if info.st_size > _LARGE_FILE and self.level != Level.BUBBLEWRAP:
                os.symlink(entry.path, target)
                return 0
            clone(entry.path, target)
        except (FileNotFoundError, PermissionError):
            return 0  # it vanished, or may not be read: then no test could read it either
        os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))
        os.chmod(target, stat.S_IMODE(info.st_mode) | stat.S_IWUSR)
        now = _look(target)
        if now is not None:
            self._entries[relative] = _Entry(seen, now)
        return info.st_size

    def _copy_link(self, source: str, target: str) -> None:
        """A link inside the folder stays one; what points outside is left as it is, where the
        sandbox lets nobody write."""
        with contextlib.suppress(OSError):
            wanted = os.readlink(source)
            if os.path.isabs(wanted) and _below(wanted, self.root):
                wanted = os.path.join(self.path, os.path.relpath(wanted, self.root))
            if not os.path.islink(target) or os.readlink(target) != wanted:
                if os.path.lexists(target):
                    os.remove(target)
                os.symlink(wanted, target)

    def _write(self, relative: str, data: bytes) -> None:
        target = os.path.join(self.path, relative)
        self._entries.pop(relative, None)
        with contextlib.suppress(OSError):
            if not os.path.islink(target) and Path(target).read_bytes() == data:
                return
        mode = 0o644
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(os.stat(os.path.join(self.root, relative)).st_mode) | 0o600
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.remove(target)
        Path(target).write_bytes(data)
        os.chmod(target, mode)

    def _remove(self, relative: str) -> None:
        self._entries.pop(relative, None)
        target = os.path.join(self.path, relative)
        with contextlib.suppress(OSError):
            os.remove(target)

    def _prune(self, kept: set[str], folders: set[str]) -> None:
        """Take away what a run or an earlier state left."""
        for place, names, files in os.walk(self.path, topdown=True):
            relative = os.path.relpath(place, self.path)
            base = "" if relative == "." else relative + os.sep
            for name in list(names):
                inner = base + name
                if inner in self.links:
                    names.remove(name)
                elif os.path.islink(os.path.join(place, name)):
                    names.remove(name)
                    if inner not in kept:
                        os.remove(os.path.join(place, name))
                elif inner not in folders and not any(k.startswith(inner + os.sep) for k in kept):
                    names.remove(name)
                    shutil.rmtree(os.path.join(place, name), ignore_errors=True)
            for name in files:
                if base + name not in kept:
                    self._entries.pop(base + name, None)
                    with contextlib.suppress(OSError):
                        os.remove(os.path.join(place, name))

    # ---------------------------------------------------------------- for the sandbox

    @property
    def seen_path(self) -> str:
        """Where a command in the sandbox finds it."""
        return self.root if self.level == Level.BUBBLEWRAP else self.path

    def seen_as(self) -> Mapping[str, str]:
        return {self.path: self.root} if self.level == Level.BUBBLEWRAP else {}

    def mounted(self) -> Mapping[str, str]:
        if self.level != Level.BUBBLEWRAP:
            return {}
        return {os.path.join(self.root, relative): real for relative, real in self.links.items()}

    def readable(self) -> tuple[str, ...]:
        """Originals that links lead to."""
        return () if self.level == Level.BUBBLEWRAP else tuple(self.links.values())


def make(root: str, level: Level) -> Shadow:
    """An empty shadow for the folder `root`; `refresh` fills it."""
    place = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    return Shadow(os.path.realpath(root), os.path.realpath(place), level)


def remove_abandoned() -> int:
    """Remove the shadows of processes that are gone. Returns how many there were."""
    count = 0
    folder = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if not name.startswith(_PREFIX):
                continue
            number = name[len(_PREFIX) :].split("-", 1)[0]
            if number.isdigit() and not _alive(int(number)):
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
                count += 1
    return count


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def clone(source: str, target: str) -> None:
    """Copy a file's bytes, sharing blocks until one is written where the file system can."""
    with open(source, "rb") as reader, open(target, "xb") as writer:  # noqa: PTH123
        if sys.platform == "linux":
            import fcntl

            try:
                fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
            except OSError as error:
                if error.errno not in (
                    errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM,
                ):  # fmt: skip
                    raise
            else:
                return
        shutil.copyfileobj(reader, writer, 1 << 20)


def _look(path: str) -> tuple[int, int] | None:
    """Size and time of a plain file; a command that changes it changes one of them."""
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return (info.st_size, info.st_ctime_ns) if stat.S_ISREG(info.st_mode) else None


def _walk(root: str, token: CancelToken) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything that a run may need, folders before what is in them."""
    pending = [""]
    while pending:
        token.check()
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(os.path.join(root, folder)), key=lambda e: e.name)
        except OSError:
            continue
        for entry in entries:
            relative = os.path.join(folder, entry.name) if folder else entry.name
            if entry.name in _LEFT_OUT and entry.is_dir(follow_symlinks=False):
                continue
            yield relative, entry
            if entry.is_dir(follow_symlinks=False) and not _is_linked(entry):
                pending.append(relative)


def _is_linked(entry: os.DirEntry[str]) -> bool:
    return entry.name in _LINKED or os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))


def _texts(snapshot: Snapshot, change: SourceChange, root: str) -> dict[str, SourceText | None]:
    """relative path -> what differs from the disk: unsaved text, then the change."""
    found: dict[str, SourceText | None] = {}
    for path, overlay in snapshot.overlays.items():
        if _below(path, root):
            found[os.path.relpath(path, root)] = overlay.text
    for path in getattr(snapshot, "removed", ()):
        if _below(path, root):
            found[os.path.relpath(path, root)] = None
    for path, text in change.apply(snapshot.text).items():
        if _below(path, root):
            found[os.path.relpath(path, root)] = text
    return found


def _below(path: str, root: str) -> bool:
    return path.startswith(root.rstrip(os.sep) + os.sep)
