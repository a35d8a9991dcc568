"""What the commands share: errors as exit codes, an opened workspace, colours, tables."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import msgspec

from treewright_indexer.errors import ArgumentsError, RefusedError, TreewrightError
from treewright_server import logs, settings

if TYPE_CHECKING:
    from treewright_indexer.encoders.shelf import Models
    from treewright_indexer.workspace import Folder, Workspace

DONE, NOT_DONE, BAD_USAGE = 0, 1, 2


class UsageError(Exception):
    """The command line asks for what cannot be; one line, exit code 2."""


def guarded(run: Callable[[Namespace], int], arguments: Namespace) -> int:
    """Run a command; what goes wrong is one line on stderr and an exit code."""
    logs.configure(getattr(arguments, "log_level", "warning"), None)
    try:
        return run(arguments)
    except UsageError as error:
        return _complain(str(error), BAD_USAGE)
    except ArgumentsError as error:
        return _complain(str(error), BAD_USAGE)
    except TreewrightError as error:
        return _complain(str(error), NOT_DONE)
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return NOT_DONE
    except KeyboardInterrupt:
        return _complain("interrupted", NOT_DONE)
    except OSError as error:
        return _complain(str(error), NOT_DONE)


def _complain(message: str, code: int) -> int:
    print(f"treewright: error: {message}", file=sys.stderr)
    return code


def usage(message: str) -> NoReturn:
    raise UsageError(message)


def folder_path(given: str) -> str:
    """The normalised absolute path of an existing folder. Raises UsageError."""
    path = os.path.abspath(os.path.expanduser(given))
    if not os.path.isdir(path):
        usage(f"{given}: not a folder")
    return path


def require_trust(root: str, what: str) -> None:
    """Raises RefusedError where TREEWRIGHT_TRUSTED says that the folder is not trusted."""
    if not load_settings(root).agent.trusted:
        raise RefusedError(f"{what}: TREEWRIGHT_TRUSTED says that this folder is not trusted")


def load_settings(root: str | None = None) -> settings.ServerSettings:
    """From the environment and the folder's `.env`; what is not taken is said on stderr."""
    from treewright_server import dotenv

    built, problems = settings.build({}, os.environ)
    if root and built.agent.trusted:
        values, refused = dotenv.read(root)
        built, problems = settings.build({}, os.environ, values)
        if refused:
            print(f"treewright: {refused}", file=sys.stderr)
    for problem in problems:
        print(f"treewright: {problem}", file=sys.stderr)
    return built


@contextmanager
def opened(
    root: str, *, rebuild: bool = False, models: Models | None = None
) -> Generator[tuple[Workspace, Folder]]:
    """The folder with its index complete; progress is drawn on stderr when that is a terminal."""
    import dataclasses

    from treewright_indexer.workspace import Workspace

    index = dataclasses.replace(load_settings(root).index.domain(), watch=False)
    workspace = Workspace(index)
    workspace.models = models
    workspace.on_problem = lambda message: print(f"treewright: {message}", file=sys.stderr)
    bar = ProgressLine(sys.stderr)
    try:
        folder = workspace.add_folder(root)
        if rebuild:
            folder.store.clear()
        folder.start(bar.report, lambda message="": None)
        folder.wait_ready(None)
        bar.clear()
        yield workspace, folder
    finally:
        bar.clear()
        workspace.close()


class ProgressLine:
    """One line that overwrites itself; nothing at all when the stream is not a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._on = stream.isatty()
        self._shown = False

    def report(self, done: int, total: int, message: str = "") -> None:
        if self._on and total:
            self._shown = True
            width = 24
            filled = width * done // max(total, 1)
            bar = "█" * filled + "░" * (width - filled)
            self._stream.write(f"\r\x1b[K{bar} {done}/{total} {message[:60]}")
            self._stream.flush()

    def clear(self) -> None:
        if self._shown:
            self._shown = False
            self._stream.write("\r\x1b[K")
            self._stream.flush()


_COLOURS = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34",
    "magenta": "35", "cyan": "36",
}  # fmt: skip


def painter(stream: TextIO = sys.stdout) -> Callable[[str, str], str]:
    """`paint("red", text)`: coloured for a terminal, plain otherwise or with NO_COLOR."""
    forced = os.environ.get("FORCE_COLOR") not in (None, "", "0")
    on = (stream.isatty() or forced) and not os.environ.get("NO_COLOR")

    def paint(colour: str, text: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if on else text

    return paint


def coloured_diff(diff: str, paint: Callable[[str, str], str]) -> str:
    lines: list[str] = []
    for line in diff.split("\n"):
        if line.startswith(("+++", "---", "diff ")):
            lines.append(paint("bold", line))
        elif line.startswith("@@"):
            lines.append(paint("cyan", line))
        elif line.startswith("+"):
            lines.append(paint("green", line))
        elif line.startswith("-"):
            lines.append(paint("red", line))
        else:
            lines.append(line)
    return "\n".join(lines)


def print_json(value: Any, *, stream: TextIO | None = None) -> None:
    """One line of JSON; text that is not valid Unicode is escaped, never an error."""
    out = stream or sys.stdout
    try:
        text = msgspec.json.encode(value).decode("utf-8")
        out.write(text + "\n")
    except UnicodeError:
        import json

        out.write(json.dumps(value) + "\n")
    out.flush()


def print_pairs(pairs: Mapping[str, Any], paint: Callable[[str, str], str]) -> None:
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        print(f"{paint('dim', name.ljust(width))}  {shown}")
