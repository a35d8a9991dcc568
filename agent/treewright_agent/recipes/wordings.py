"""What the checkers say, as data: one row per wording, told apart by source, code, message.

A row matches when its code or its message does; a code that names another problem never
falls through to the message. Sources only narrow rows whose wording two tools share. The
message gives the name when its wording is known; otherwise, as with a translated message
whose code is known, the name is the identifier at the diagnostic's span.

jedi-language-server and the compiler report syntax errors only, so they have no row.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from treewright_agent.diagnostics import Diagnostic


class Problem(Enum):
    """What a diagnostic is about."""

    UNDEFINED_NAME = "undefined name"
    MAYBE_UNDEFINED_NAME = "name that only a star import can define"
    UNUSED_IMPORT = "unused import"
    UNUSED_VARIABLE = "unused variable"
    UNUSED_BINDING = "unused import or variable"
    """The wording fits both; the syntax at the span tells which."""


class Wording(NamedTuple):
    problem: Problem
    codes: tuple[str, ...]
    """Compared without case. `X` also matches `X:y`, pylint's `W0611:unused-import`."""
    message: str
    """Regular expression, searched. Group `name` is the name, or an import's spelling."""
    sources: tuple[str, ...] = ()
    """Beginnings of `source` in lower case; empty: any."""


class Match(NamedTuple):
    problem: Problem
    name: str
    """'' when only the code was known."""


_NAME = r"(?P<name>[^\s'\"`]+)"
_SPELLING = r"(?P<name>[^'\"`]+)"

# Checked with ruff 0.17, pyflakes 3.4, flake8 7.3, pylint 4, basedpyright 1.40, mypy 2.4,
# ty and pyrefly of 2026; pyright and Pylance share basedpyright's texts.
WORDINGS: tuple[Wording, ...] = (
    # ruff, pyflakes, flake8 and python-lsp-server
    Wording(
        Problem.MAYBE_UNDEFINED_NAME,
        ("F405",),
        rf"['`]{_NAME}['`] may be undefined, or defined from star imports",
    ),
    Wording(Problem.UNDEFINED_NAME, ("F821", "F822"), rf"[Uu]ndefined name ['`]{_NAME}['`]"),
    Wording(Problem.UNUSED_IMPORT, ("F401",), rf"['`]{_SPELLING}['`] imported but unused"),
    Wording(
        Problem.UNUSED_VARIABLE,
        ("F841",),
        rf"[Ll]ocal variable ['`]{_NAME}['`] is assigned to but never used",
    ),
    Wording(
        Problem.UNUSED_VARIABLE,
        ("RUF059",),
        rf"[Uu]npacked variable ['`]{_NAME}['`] is never used",
    ),
    # pylint
    Wording(
        Problem.UNDEFINED_NAME,
        ("E0602", "undefined-variable", "E0603", "undefined-all-variable"),
        rf"Undefined variable (?:name )?'{_NAME}'",
    ),
    Wording(
        Problem.UNUSED_IMPORT,
        ("W0611", "unused-import"),
        r"Unused (?P<name>(?:import )?[\w.]+(?: imported from [\w.]+)?(?: (?:imported )?as \w+)?)$",
        ("pylint",),
    ),
    Wording(Problem.UNUSED_VARIABLE, ("W0612", "unused-variable"), rf"Unused variable '{_NAME}'"),
    # pyright, basedpyright, Pylance
    Wording(Problem.UNDEFINED_NAME, ("reportUndefinedVariable",), rf"\"{_NAME}\" is not defined"),
    Wording(Problem.UNUSED_IMPORT, ("reportUnusedImport",), rf"Import \"{_NAME}\" is not accessed"),
    Wording(
        Problem.UNUSED_VARIABLE,
        ("reportUnusedVariable",),
        rf"Variable \"{_NAME}\" is not accessed",
    ),
    Wording(
        Problem.UNUSED_BINDING,
        (),
        rf"^\"{_NAME}\" is not accessed",
        ("pyright", "basedpyright", "pylance"),
    ),
    # mypy
    Wording(Problem.UNDEFINED_NAME, ("name-defined",), rf"Name [\"']{_NAME}[\"'] is not defined"),
    # ty
    Wording(
        Problem.UNDEFINED_NAME, ("unresolved-reference",), rf"Name `{_NAME}` used when not defined"
    ),
    # pyrefly
    Wording(Problem.UNDEFINED_NAME, ("unknown-name",), rf"Could not find name `{_NAME}`"),
    Wording(Problem.UNUSED_IMPORT, ("unused-import",), rf"Import `{_SPELLING}` is unused"),
    Wording(Problem.UNUSED_VARIABLE, ("unused-variable",), rf"Variable `{_NAME}` is unused"),
    # ty's hint for any binding
    Wording(Problem.UNUSED_BINDING, (), rf"^`{_NAME}` is unused"),
)

_CODE_IN_MESSAGE = re.compile(r"^\[?(?P<code>[A-Z]{1,4}\d{3,4})\b|\[(?P<tail>[a-z][a-z-]+)\]$")


def understand(diagnostic: Diagnostic) -> Match | None:
    """What `diagnostic` says, or None when no recipe of names has to do with it."""
    source = diagnostic.source.lower()
    message = diagnostic.message.strip()
    codes = codes_of(diagnostic.code, message)
    by_code = [row for row in WORDINGS if any(code.lower() in codes for code in row.codes)]
    for row in by_code or WORDINGS:
        if row.sources and not by_code and not source.startswith(row.sources):
            continue
        if found := re.search(row.message, message, re.MULTILINE):
            return Match(row.problem, found["name"].strip())
    # The code is known and the wording is not: another version, another language.
    return Match(by_code[0].problem, "") if by_code else None


def codes_of(code: str, message: str) -> set[str]:
    """Every code the diagnostic carries: `W0611:unused-import`, `F401 …`, `… [name-defined]`."""
    codes = {part.strip().lower() for part in (code, *code.split(":"))}
    if not code and (found := _CODE_IN_MESSAGE.search(message)):
        codes.add((found["code"] or found["tail"]).lower())
    return codes - {""}
