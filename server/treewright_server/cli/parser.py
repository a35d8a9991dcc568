"""The argument parser of the commands; loaded when there is something to parse."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; `--help` says the rest. No option is guessed from its
    beginning: a later version may have two that begin so."""

    def __init__(self, *arguments: Any, **given: Any) -> None:
        super().__init__(*arguments, allow_abbrev=False, **given)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (try `{self.prog} --help`)\n")
