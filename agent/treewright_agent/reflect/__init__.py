"""What the output of tests, compilers and checkers says, without a language model.

`parse` finds the file, line, error and message of each failure in a text; the readers are
tables of patterns, one file per family of tools. `kind_of` puts a failure into one of the
classes that decide what is done next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from treewright_agent.reflect import cargo, compilers, golang, javascript, python
from treewright_agent.tools.bench import Failure

__all__ = ["Cause", "Failure", "cause_of", "difference", "parse"]

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")

# (what marks the output of a tool, its reader); the first that finds something is believed
_READERS: tuple[tuple[re.Pattern[str], Callable[[str], list[Failure]]], ...] = (
    (
        re.compile(
            r"^=+ (?:FAILURES|ERRORS|short test summary info) =+|^_{3,} .+ _{3,}$|^E  ", re.M
        ),
        python.pytest_output,
    ),
    (re.compile(r"^(?:FAIL|ERROR): \w+ \(", re.M), python.unittest_output),
    (re.compile(r"^--- FAIL: |^FAIL\t|^\s+\S+_test\.go:\d+", re.M), golang.test_output),
    (
        re.compile(r"^test .+ \.\.\. (?:ok|FAILED)$|^error(?:\[E\d+\])?: .*\n\s*-->", re.M),
        cargo.output,
    ),
    (
        re.compile(r"^\s*●|^\s*FAIL\s+\S+\.[cm]?[jt]sx?|^not ok \d|^\s+\d+\) ", re.M),
        javascript.output,
    ),
    (
        re.compile(r"Traceback \(most recent call last\)|^\s*File \".+\", line \d+", re.M),
        python.tracebacks,
    ),
    (re.compile(""), compilers.output),
)


def parse(output: str, root: str = "", limit: int = 50) -> list[Failure]:
    """The failures that `output` tells of, paths relative to `root` where they lie below it."""
    text = _ANSI.sub("", output).replace("\r\n", "\n")
    for mark, reader in _READERS:
        if not mark.search(text):
            continue
        found = reader(text)
        if found:
            return [_relative(failure, root) for failure in _once(found)[:limit]]
    return []


def _once(failures: list[Failure]) -> list[Failure]:
    return list(dict.fromkeys(failures))


def _relative(failure: Failure, root: str) -> Failure:
    path = failure.path
    if root and os.path.isabs(path):
        inner = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
        if not inner.startswith(".."):
            path = inner
    return replace(failure, path=path.replace(os.sep, "/").removeprefix("./"))


class Cause(StrEnum):
    """What kind of fault a failure points to."""

    SYNTAX = "syntax"
    IMPORT = "import"
    """A module or name that is not there."""
    ENVIRONMENT = "environment"
    """Nothing is wrong with the code: a missing program, package, fixture or permission."""
    BOUNDARY = "boundary"
    """An exception for an input that was not thought of."""
    LOGIC = "logic"
    TIMEOUT = "timeout"


_BY_ERROR = {
    "SyntaxError": Cause.SYNTAX, "IndentationError": Cause.SYNTAX, "TabError": Cause.SYNTAX,
    "ImportError": Cause.IMPORT, "NameError": Cause.IMPORT, "UnboundLocalError": Cause.IMPORT,
    "IndexError": Cause.BOUNDARY, "KeyError": Cause.BOUNDARY, "ZeroDivisionError": Cause.BOUNDARY,
    "ValueError": Cause.BOUNDARY, "AttributeError": Cause.BOUNDARY, "TypeError": Cause.BOUNDARY,
    "RecursionError": Cause.BOUNDARY, "StopIteration": Cause.BOUNDARY, "OverflowError": Cause.BOUNDARY,
    "UnicodeDecodeError": Cause.BOUNDARY, "AssertionError": Cause.LOGIC,
    "PermissionError": Cause.ENVIRONMENT, "FileNotFoundError": Cause.ENVIRONMENT,
    "ConnectionError": Cause.ENVIRONMENT, "ConnectionRefusedError": Cause.ENVIRONMENT,
    "TimeoutError": Cause.TIMEOUT, "Timeout": Cause.TIMEOUT,
}  # fmt: skip


def cause_of(failure: Failure, is_local: Callable[[str], bool] = lambda name: False) -> Cause:
    """`is_local`: does the workspace itself hold a module of that name? A missing module of
    somebody else's is a matter of the environment."""
    error, message = failure.error, failure.message
    if error == "ModuleNotFoundError":
        match = re.search(r"No module named '([\w.]+)'", message)
        name = match.group(1).split(".")[0] if match else ""
        return Cause.IMPORT if is_local(name) else Cause.ENVIRONMENT
    if re.search(
        r"fixture '\w+' not found|command not found|No such file or directory: '\w+'$", message
    ):
        return Cause.ENVIRONMENT
    if re.match(r"(?:TS1\d{3}|error: expected|expected )", f"{error}{message}"):
        return Cause.SYNTAX
    return _BY_ERROR.get(error, Cause.LOGIC)


_COMPARED = re.compile(
    r"^(?:AssertionError: )?(?:assert )?(?P<left>.+?) (?P<sign>==|!=|is|in|<|>|<=|>=) (?P<right>.+)$"
)


def difference(failure: Failure) -> tuple[str, str] | None:
    """(what came, what was expected) of an assertion that tells both."""
    rust = re.search(r"left: (.+)\n\s*right: (.+)", failure.message)
    if rust:
        return rust.group(1).strip(), rust.group(2).strip()
    received = re.search(r"Expected:\s*(.+)\n+\s*Received:\s*(.+)", failure.message)
    if received:
        return received.group(2).strip(), received.group(1).strip()
    for line in failure.message.splitlines():
        match = _COMPARED.match(line.strip())
        if match and len(match["right"]) < 2000:
            return match["left"], match["right"]
    return None
