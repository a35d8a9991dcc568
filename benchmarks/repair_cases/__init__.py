"""Small programs with seeded bugs, written for this benchmark.

Each module holds CASES: a program that is right, the tests the search sees, tests it does
not see, and the bugs, each a piece of the program and what stands there instead. A bug may
be of several pieces. `category` says what kind of mistake it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    category: str
    pieces: tuple[tuple[str, str], ...]
    """(the right text, the wrong text); each right text stands once in the program."""
    file: str = "prog.py"


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    files: Mapping[str, str]
    """The right program: file name -> text."""
    tests: str
    hidden: str
    bugs: tuple[Bug, ...]


def case(name: str, program: str | Mapping[str, str], tests: str, hidden: str, *bugs: Bug) -> Case:
    files = {"prog.py": program} if isinstance(program, str) else program
    trimmed = {file: text.lstrip("\n") for file, text in files.items()}
    return Case(name, trimmed, tests.lstrip("\n"), hidden.lstrip("\n"), bugs)


def bug(
    category: str, right: str, wrong: str, *more: tuple[str, str], file: str = "prog.py"
) -> Bug:
    return Bug(category, ((right, wrong), *more), file)


SUITES = ("known", "unseen", "held_out", "fresh_one", "second_dev", "second_final", "third_final")


def load(suite: str = "all") -> list[Case]:
    """The cases of "known" (the operators were tuned on them), of "unseen" (written before the
    operators that mend them, which were then improved in general), of "held_out" (written after
    all operators, for the figure), or all."""
    from benchmarks.repair_cases import (
        algorithms,
        classes,
        fresh_one,
        held_out,
        numbers,
        projects,
        second_dev,
        second_final,
        texts,
        third_final,
        unseen_code,
        unseen_small,
    )

    known = (algorithms, classes, numbers, texts, projects)
    unseen = (unseen_small, unseen_code)
    suites = {
        "known": known,
        "unseen": unseen,
        "held_out": (held_out,),
        "fresh_one": (fresh_one,),
        "second_dev": (second_dev,),
        "second_final": (second_final,),
        "third_final": (third_final,),
    }
    modules = suites.get(suite, tuple(module for group in suites.values() for module in group))
    return [case for module in modules for case in module.CASES]
