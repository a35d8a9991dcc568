"""Lint one Python text through the ruff binary, as the project's own configuration says.

The text goes through standard input, so unsaved and planned text is linted, never the file
on disk. Nothing is written into the workspace.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from treewright_agent.diagnostics import Diagnostic, Severity
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError
from treewright_indexer.text import SourceText, Span

TIMEOUT_S = 10.0
ALWAYS = ("E9", "F821", "F823")
"""Rules that verification needs whatever the project selects: text that cannot run."""

_CONFIG_NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")
_ERROR_CODES = ("invalid-syntax", "E9", "F82", "F7", "F6")
_CACHE_SIZE = 128

_running = threading.BoundedSemaphore(max(1, min(4, (os.cpu_count() or 2) - 1)))
_cache: OrderedDict[tuple[object, ...], Linted] = OrderedDict()
_cache_lock = threading.Lock()
_finding = threading.Lock()


class LintFix(NamedTuple):
    """What ruff would do about one diagnostic; `is_safe` when it keeps what the program does."""

    diagnostic: Diagnostic
    title: str
    edits: tuple[tuple[Span, str], ...]
    is_safe: bool


class Linted(NamedTuple):
    """`diagnostics` of one text; `skipped` says why there are none to be had."""

    diagnostics: tuple[Diagnostic, ...]
    skipped: str = ""
    note: str = ""
    """What the user should know although it worked: a broken configuration."""
    fixes: tuple[LintFix, ...] = ()


def find_ruff() -> str | None:
    """The ruff binary: of the installed distribution, else on PATH."""
    # One at a time: the first use of `sysconfig` shows other threads half of its variables.
    with _finding:
        return _find_ruff()


@lru_cache(maxsize=1)
def _find_ruff() -> str | None:
    try:
        from ruff import find_ruff_bin

        return os.fspath(find_ruff_bin())
    except (ImportError, FileNotFoundError, TypeError):  # TypeError: somebody else's first use
        pass
    beside = shutil.which("ruff", path=os.path.dirname(sys.executable))
    return beside or shutil.which("ruff")


@lru_cache(maxsize=1)
def ruff_version() -> str:
    """`0.17.5`, or '' without a binary."""
    from importlib.metadata import PackageNotFoundError, version

    binary = find_ruff()
    if binary is None:
        return ""
    try:
        if os.path.dirname(binary) == os.path.dirname(sys.executable):
            return version("ruff")
        said = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        return said.stdout.partition(" ")[2].strip()
    except (PackageNotFoundError, OSError, subprocess.SubprocessError):
        return ""


def lint(path: str, text: SourceText, root: str | None = None) -> list[Diagnostic]:
    """The problems ruff finds in `text` as the file `path`; [] when ruff cannot be asked."""
    return list(lint_text(path, text, root).diagnostics)


def lint_text(
    path: str,
    text: SourceText,
    root: str | None = None,
    *,
    always: tuple[str, ...] = (),
    token: CancelToken | None = None,
    binary: str | None = None,
) -> Linted:
    """Lint `text` as the file `path`; `always` adds rules to those the project selects.

    `root` is the folder ruff runs in; the file's own when None. A broken configuration is
    noted and the defaults are used. Raises CancelledError.
    """
    binary = binary or find_ruff()
    if binary is None:
        return Linted((), "ruff is not installed")
    key = (text.hash, path, _config_state(path), always, binary)
    with _cache_lock:
        if (known := _cache.get(key)) is not None:
            _cache.move_to_end(key)
            return known
    linted = _lint(path, text, root, always, token, binary)
    if not linted.skipped:
        with _cache_lock:
            _cache[key] = linted
            while len(_cache) > _CACHE_SIZE:
                _cache.popitem(last=False)
    return linted


def lint_known(
    path: str, text: SourceText, *, always: tuple[str, ...] = (), binary: str | None = None
) -> Linted | None:
    """What `lint_text` found before for the same text and configuration; None: not yet asked."""
    binary = binary or find_ruff()
    if binary is None:
        return Linted((), "ruff is not installed")
    key = (text.hash, path, _config_state(path), always, binary)
    with _cache_lock:
        return _cache.get(key)


def _lint(
    path: str,
    text: SourceText,
    root: str | None,
    always: tuple[str, ...],
    token: CancelToken | None,
    binary: str,
) -> Linted:
    options = ["check", "--output-format=json", "--no-cache", "--no-fix", "--exit-zero", "--quiet"]
    if always:
        options.append(f"--extend-select={','.join(always)}")
    command = [binary, *options, f"--stdin-filename={path}", "-"]
    folder = root if root is not None else os.path.dirname(path)
    if not os.path.isdir(folder):
        folder = os.sep if os.sep == "/" else os.path.expanduser("~")
    code, out, err = _run(command, text.data, folder, token)
    if code is None:
        return Linted((), err)
    note = ""
    if code != 0:
        note = f"ruff refuses the project's configuration: {_last_line(err)}"
        code, out, err = _run(
            [*command[:-2], "--isolated", *command[-2:]], text.data, folder, token
        )
        if code != 0:
            return Linted((), f"ruff failed: {_last_line(err)}")
    try:
        rows = json.loads(out or b"[]")
        found = tuple(_diagnostic(path, text, row) for row in rows)
        fixes = tuple(
            _fix(text, row["fix"], diagnostic)
            for row, diagnostic in zip(rows, found, strict=True)
            if row.get("fix")
        )
    except (ValueError, KeyError, TypeError) as error:
        return Linted((), f"ruff answered what cannot be read: {error}")
    return Linted(found, "", note, fixes)


def _run(
    command: list[str], data: bytes, folder: str, token: CancelToken | None
) -> tuple[int | None, bytes, str]:
    """(exit status, stdout, stderr); status None with the reason when it did not run."""
    with _running:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
            )
        except OSError as error:
            return None, b"", f"ruff did not start: {error}"
        waited, step, sent = 0.0, 0.1, data
        with process:
            while True:
                try:
                    out, err = process.communicate(sent, timeout=step)
                    return process.returncode, out, err.decode("utf-8", "replace")
                except subprocess.TimeoutExpired:
                    sent, waited = b"", waited + step
                    if token is not None and token.cancelled:
                        process.kill()
                        process.communicate()
                        raise CancelledError("cancelled") from None
                    if waited >= TIMEOUT_S:
                        process.kill()
                        process.communicate()
                        return None, b"", f"ruff took longer than {TIMEOUT_S:g} s"


def _diagnostic(path: str, text: SourceText, row: dict[str, Any]) -> Diagnostic:
    code = str(row.get("code") or "invalid-syntax")
    start = _offset(text, row["location"])
    end = max(start, _offset(text, row.get("end_location") or row["location"]))
    severity = Severity.ERROR if code.startswith(_ERROR_CODES) else Severity.WARNING
    return Diagnostic(path, Span(start, end), code, "Ruff", str(row["message"]), severity)


def _fix(text: SourceText, row: dict[str, Any], diagnostic: Diagnostic) -> LintFix:
    edits = tuple(
        (
            Span(_offset(text, edit["location"]), _offset(text, edit["end_location"])),
            str(edit["content"]),
        )
        for edit in row["edits"]
    )
    title = str(row.get("message") or diagnostic.message)
    return LintFix(diagnostic, title, edits, row.get("applicability") == "safe")


def _offset(text: SourceText, place: dict[str, int]) -> int:
    """Byte offset of ruff's place: row and column from 1, columns in code points."""
    if place["row"] > text.n_lines:
        return len(text.data)
    line = text.line_span(place["row"] - 1, with_break=True)
    before = text.slice(line)[: place["column"] - 1]
    return line.start + len(before.encode("utf-8"))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _config_state(path: str) -> tuple[tuple[str, int], ...]:
    """Every configuration file that may govern `path`, with its modification time in ns."""
    state: list[tuple[str, int]] = []
    for config in _configs(os.path.dirname(path)):
        try:
            state.append((config, os.stat(config).st_mtime_ns))
        except OSError:
            continue
    return tuple(state)


@lru_cache(maxsize=256)
def _configs(folder: str) -> tuple[str, ...]:
    folders = (Path(folder), *Path(folder).parents)
    return tuple(str(each / name) for each in folders for name in _CONFIG_NAMES)


def lint_folder(
    folder: str, rules: tuple[str, ...], token: CancelToken | None = None
) -> tuple[set[str], str]:
    """(absolute paths of the files below `folder` in which ruff finds one of `rules`, why none).

    Reads the disk, as the project's own settings say; what is in a file is for `lint_text`.
    Raises CancelledError.
    """
    binary = find_ruff()
    if binary is None:
        return set(), "ruff is not installed"
    command = [
        binary, "check", "--output-format=json", "--no-cache", "--no-fix", "--exit-zero",
        "--quiet", f"--select={','.join(rules)}", ".",
    ]  # fmt: skip
    code, out, err = _run(command, b"", folder, token)
    if code != 0:
        return set(), f"ruff failed: {_last_line(err)}"
    try:
        return {str(row["filename"]) for row in json.loads(out or b"[]")}, ""
    except (ValueError, KeyError, TypeError) as error:
        return set(), f"ruff answered what cannot be read: {error}"
