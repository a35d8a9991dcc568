"""Which files of a folder are indexed: git's list in a repository, else a walk.

Symbolic links are not followed, so loops cannot trap the scan and nothing outside the folder
is read. Everything left out for what it is, not for where it is, gets a reason.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from treewright_indexer.languages import language_for_path
from treewright_indexer.pipeline.ignore import EXCLUDED_FOLDERS, OWN_FILES, IgnoreRules
from treewright_indexer.settings import IndexSettings
from treewright_indexer.store.rows import SkippedRow, Stamp

_GIT_TIMEOUT_S = 30
_MAX_ARGUMENTS = 500

MAX_TEXT_BYTES: Final = 512 * 1024
"""Limit of files without a language, which are only searched."""

BINARY_ENDINGS: Final = frozenset(
    """
    7z a avi avif bin bmp bz2 class db dbf deb dll dmg dylib eot exe flac gif gmo gz icns ico iso
    jar jpeg jpg lib lz4 mkv mmdb mo mov mp3 mp4 npy npz o ogg onnx otf parquet pcm pdf pickle
    pkl png psd pyc pyd pyo rar rpm shp shx so sqlite sqlite3 tar tgz tif tiff ttf wasm wav webm
    webp whl woff woff2 xls xlsx xz zip zst
    """.split()
)

DATA_ENDINGS: Final = frozenset(
    "csv tsv json jsonl ndjson geojson ipynb lock log map po pot svg xmi min.js min.css".split()
)
"""Data and generated text without a language: neither indexed nor listed as skipped."""


@dataclass(slots=True)
class ScanResult:
    """Files by path relative to the root, with their stamps; what is skipped, and why."""

    files: dict[str, Stamp] = field(default_factory=dict[str, Stamp])
    skipped: list[SkippedRow] = field(default_factory=list[SkippedRow])


def scan(root: str, settings: IndexSettings) -> ScanResult:
    """Everything below `root` that is indexed. An unreadable folder is like an empty one."""
    return Scanner(root, settings).scan()


class Scanner:
    """Lists the files of one folder, all of them or some, always by the same rules."""

    def __init__(self, root: str, settings: IndexSettings) -> None:
        self.root = root
        self._settings = settings
        self._prefix = root.rstrip(os.sep) + os.sep
        self._git: bool | None = None
        """Whether git's list is used; decided by the first full scan."""

    def scan(self) -> ScanResult:
        names = _git_files(self.root) if _in_repository(self.root) else None
        # Git lists nothing at all below a root that its repository ignores: then walk.
        self._git = bool(names)
        if not names:
            return self._sort_out(_walk(self.root, self._rules(), ""))
        return self._sort_out(self._filtered(names))

    def scan_paths(self, paths: Iterable[str]) -> ScanResult:
        """The same for some relative paths: files, or folders with all they hold.

        What does not exist or is left out is not in the result.
        """
        own: list[str] = []
        nested: dict[str, list[str]] = {}
        for path in dict.fromkeys(paths):
            inner = self._nested_repository(path) if self._uses_git() else ""
            if inner:
                nested.setdefault(inner, []).append(path[len(inner) + 1 :])
            elif not _below_link(self.root, path):
                own.append(path)
        result = ScanResult()
        if own and self._uses_git():
            result = self._sort_out(self._filtered(_git_files(self.root, own) or []))
        elif own:
            result = self._sort_out(self._walked(own))
        for folder, inner_paths in nested.items():
            if not self._rules().ignores_path(folder + "/x"):
                scanner = Scanner(self._prefix + folder, self._settings)
                _merge(result, scanner.scan_paths(inner_paths), folder)
        return result

    def _uses_git(self) -> bool:
        if self._git is None:
            self._git = _in_repository(self.root) and bool(_git_files(self.root))
        return self._git

    def _rules(self) -> IgnoreRules:
        return IgnoreRules(self.root, self._settings.exclude, git=bool(self._git))

    def _filtered(self, names: list[str]) -> Iterator[str]:
        """What git lists, less what only our own rules leave out."""
        own = self._settings.exclude or any(
            os.path.exists(self._prefix + name) for name in OWN_FILES
        )
        if own or any(name.endswith(OWN_FILES) for name in names):
            rules = self._rules()
            return (name for name in names if not rules.ignores_path(name))
        return (
            name for name in names if EXCLUDED_FOLDERS.isdisjoint(name.rstrip("/").split("/")[:-1])
        )

    def _walked(self, paths: list[str]) -> Iterator[str]:
        rules = self._rules()
        for path in paths:
            if _is_folder(self._prefix + path):
                if not rules.ignores_path(path + "/x"):
                    yield from _walk(self.root, rules, path + "/")
            elif not rules.ignores_path(path):
                yield path

    def _nested_repository(self, path: str) -> str:
        """The outermost repository below the root that holds `path`, or ''."""
        folder = ""
        for name in path.split("/")[:-1]:
            folder += name
            if os.path.exists(f"{self._prefix}{folder}/.git"):
                return folder
            folder += "/"
        return ""

    def _sort_out(self, paths: Iterable[str]) -> ScanResult:
        result = ScanResult()
        settings, prefix = self._settings, self._prefix
        for path in paths:
            ending = path.rpartition("/")[2].lower().partition(".")[2]
            last = ending.rpartition(".")[2]
            has_language = language_for_path(path) is not None
            if not has_language and (last in DATA_ENDINGS or ending in DATA_ENDINGS):
                continue
            try:
                found = os.lstat(prefix + path)
            except (OSError, ValueError):
                continue  # gone since it was listed
            if stat.S_ISDIR(found.st_mode) and self._git:
                # A repository inside this one: git lists the folder, so ask git inside it.
                folder = path.rstrip("/")
                if not self._rules().ignores_path(folder + "/x"):
                    _merge(result, scan(prefix + folder, settings), folder)
                continue
            if not stat.S_ISREG(found.st_mode):
                continue
            limit = settings.max_file_bytes
            if not has_language:
                limit = min(limit, MAX_TEXT_BYTES)
            if last in BINARY_ENDINGS and not has_language:
                reason = f"binary (.{last})"
            elif found.st_size > limit:
                reason = f"too large: {found.st_size} bytes, the limit is {limit}"
            else:
                result.files[path] = Stamp.of(found)
                continue
            result.skipped.append(SkippedRow(path, reason, Stamp.of(found)))
        return result


def _merge(result: ScanResult, inner: ScanResult, folder: str) -> None:
    result.files.update((f"{folder}/{path}", value) for path, value in inner.files.items())
    result.skipped += [row._replace(path=f"{folder}/{row.path}") for row in inner.skipped]


# ---------------------------------------------------------------- walking


def _walk(root: str, rules: IgnoreRules, start: str) -> Iterator[str]:
    """Files below the folder `start` ('' or 'a/b/'), depth first, in no order."""
    folders = [start]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as found:
                entries = list(found)
                rules.enter(folder, {entry.name for entry in entries})
                for entry in entries:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if not is_folder and not entry.is_file(follow_symlinks=False):
                        continue
                    if not _is_text(entry.name) or rules.ignores_entry(
                        folder, entry.name, is_folder=is_folder
                    ):
                        continue
                    if is_folder:
                        folders.append(f"{folder}{entry.name}/")
                    else:
                        yield folder + entry.name
        except OSError:
            continue


def folders_of(root: str, settings: IndexSettings, start: str) -> Iterator[str]:
    """The folder `start` ('' or 'a/b/') and those below it that may hold indexed files."""
    rules = IgnoreRules(root, settings.exclude, git=False)
    if start and rules.ignores_path(start + "x"):
        return
    waiting = [start]
    while waiting:
        folder = waiting.pop()
        yield folder
        try:
            with os.scandir(os.path.join(root, folder)) as found:
                entries = list(found)
                rules.enter(folder, {entry.name for entry in entries})
                waiting += [
                    f"{folder}{entry.name}/"
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False)
                    and _is_text(entry.name)
                    and not rules.ignores_entry(folder, entry.name, is_folder=True)
                ]
        except OSError:
            continue


def _is_text(name: str) -> bool:
    """False for a file name that is not valid in the file system's encoding."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _below_link(root: str, path: str) -> bool:
    """Whether a folder on the way from `root` to `path` is a symbolic link."""
    parts = path.split("/")[:-1]
    return any(os.path.islink(os.path.join(root, *parts[: n + 1])) for n in range(len(parts)))


# ---------------------------------------------------------------- git


def _in_repository(root: str) -> bool:
    folder = root
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent
    return True


def _git_files(root: str, only: list[str] | None = None) -> list[str] | None:
    """Tracked and untracked files that git does not ignore; None when git cannot say."""
    if only is None:
        return _git_list(root, [])
    if len(only) > _MAX_ARGUMENTS:
        first, rest = only[:_MAX_ARGUMENTS], only[_MAX_ARGUMENTS:]
        return [*(_git_files(root, first) or []), *(_git_files(root, rest) or [])]
    names = _git_list(root, only)
    if names is None and len(only) > 1:  # one bad path must not take the others with it
        middle = len(only) // 2
        return [
            *(_git_files(root, only[:middle]) or []),
            *(_git_files(root, only[middle:]) or []),
        ]
    return names


def _git_list(root: str, paths: list[str]) -> list[str] | None:
    import subprocess  # 10 ms that only repositories cost

    command = ["git", "-C", root, "--literal-pathspecs"]
    # A repository's own settings must not start programs.
    command += ["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]
    command += ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    # Variables that point git at another repository, as hooks set them, must not count.
    environment = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_GIT_TIMEOUT_S,
            check=False,
            env=environment,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if done.returncode != 0:
        return None
    names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    return [name for name in dict.fromkeys(names) if name and _is_text(name)]
