"""What other tools say is wrong with a file: the noun that recipes, checks and requests share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from treewright_indexer.text import Span


class Severity(IntEnum):
    """The numbers of the Language Server Protocol."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem that some tool reported. `code` and `source` are '' when it gave none."""

    path: str
    span: Span
    code: str
    source: str
    message: str
    severity: int = Severity.WARNING
