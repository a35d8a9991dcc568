"""Which of the edits that satisfy the tests is the repair.

Every one of them explains the tests. What tells them apart: how likely the edit is, what it
does to the code around it (a variable that nobody reads any more, a condition that is always
the same), and whether other, independent edits lead to the same behaviour on inputs that the
tests do not have.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from treewright_agent.repair.model import Combination
from treewright_agent.repair.mutate import Clues
from treewright_agent.repair.source import Definition, Module, own_nodes
from treewright_indexer.text import SourceText, Span

_VOTE_WEIGHT = 1.0
_SHARPNESS = 6


@dataclass(slots=True)
class Behaviour:
    """Answers to generated inputs. `inputs[i]` is how input i is written as a call."""

    inputs: list[str] = field(default_factory=list[str])
    original: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    answers: dict[int, list[tuple[str, str]]] = field(
        default_factory=dict[int, list[tuple[str, str]]]
    )
    """Number of the combination -> (digest, text) per input."""

    def likeness(self, left: int, right: int) -> float:
        """Share of the inputs that both answer alike; 0 when one of them was not asked."""
        first, second = self.answers.get(left), self.answers.get(right)
        if not first or not second:
            return 0.0
        same = sum(a[0] == b[0] for a, b in zip(first, second, strict=False))
        return same / max(1, min(len(first), len(second)))

    def trouble(self, number: int) -> float:
        """Share of the inputs on which it raises or hangs although the original, or most
        others, do not."""
        answers = self.answers.get(number)
        if not answers:
            return 0.0
        n_bad = 0
        for index, (_, text) in enumerate(answers):
            if not _is_trouble(text):
                continue
            others = [rows[index][1] for rows in self.answers.values() if index < len(rows)]
            good = sum(not _is_trouble(other) for other in others)
            n_bad += good * 2 > len(others)
        return n_bad / len(answers)

    def difference(self, left: int, right: int) -> tuple[str, str, str] | None:
        """An input that tells two apart, with both answers; the shortest there is."""
        rows = [
            (self.inputs[i], a[1], b[1])
            for i, (a, b) in enumerate(
                zip(self.answers.get(left, []), self.answers.get(right, []), strict=False)
            )
            if a[0] != b[0] and i < len(self.inputs)
        ]
        quiet = [row for row in rows if not _is_trouble(row[1]) and not _is_trouble(row[2])]
        return min(quiet or rows, key=lambda row: (len(row[0]), row[0]), default=None)


def _is_trouble(text: str) -> bool:
    return text == "hangs" or text.startswith("raises ")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A plausible repair with what speaks against it. Lower `score` is better."""

    combination: Combination
    number: int
    score: float
    smells: tuple[str, ...]
    group: int
    """Equal for repairs that behave alike on every generated input."""


def rank(
    plausible: Sequence[Combination],
    modules: Mapping[str, Module],
    clues: Clues,
    behaviour: Behaviour,
) -> list[Ranked]:
    """Best first."""
    if not plausible:
        return []
    base: list[float] = []
    smells: list[tuple[str, ...]] = []
    for number, combination in enumerate(plausible):
        found = _smells(combination, modules, clues)
        smells.append(tuple(name for name, _ in found))
        base.append(
            combination.cost + sum(weight for _, weight in found) + 2.0 * behaviour.trouble(number)
        )
    best = min(base)
    weights = [math.exp(-(cost - best)) for cost in base]
    scores: list[float] = []
    for number in range(len(plausible)):
        vote = sum(
            weight * (1.0 if other == number else behaviour.likeness(number, other) ** _SHARPNESS)
            for other, weight in enumerate(weights)
        )
        scores.append(base[number] - _VOTE_WEIGHT * math.log(vote + 1e-9))
    groups = _groups(len(plausible), behaviour)
    ranked = [
        Ranked(combination, number, scores[number], smells[number], groups[number])
        for number, combination in enumerate(plausible)
    ]
    return sorted(ranked, key=lambda row: (row.score, row.combination.cost, row.number))


def _groups(n: int, behaviour: Behaviour) -> list[int]:
    known: dict[tuple[str, ...], int] = {}
    groups: list[int] = []
    for number in range(n):
        answers = behaviour.answers.get(number)
        key = tuple(digest for digest, _ in answers) if answers else (f"alone {number}",)
        groups.append(known.setdefault(key, len(known)))
    return groups


# -------------------------------------------------------------------- what the code looks like


def _smells(
    combination: Combination, modules: Mapping[str, Module], clues: Clues
) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for file, edits in combination.by_file().items():
        module = modules.get(file)
        if module is None:
            continue
        text = module.text
        for edit in sorted(edits, reverse=True):
            text = text.splice(Span(edit.start, edit.end), edit.text.encode())
        try:
            after = Module(file, SourceText(text.data))
        except (SyntaxError, ValueError, RecursionError):
            return [("does not parse", 50.0)]
        names = {
            part.unit.qualname for part in combination.parts if part.unit and part.file == file
        }
        for qualname in names:
            old, new = _function(module, qualname), _function(after, qualname)
            if old is not None and new is not None:
                found += _worse(old, new, clues)
    return found


def _function(module: Module, qualname: str) -> Definition | None:
    return next((node for node, unit in module.units.items() if unit.qualname == qualname), None)


def _worse(old: Definition, new: Definition, clues: Clues) -> list[tuple[str, float]]:
    """What the new function has that is a bad sign and the old one had not."""
    found: list[tuple[str, float]] = []
    lost = _unread(new) - _unread(old)
    if lost:
        parameters = {a.arg for a in (*old.args.posonlyargs, *old.args.args, *old.args.kwonlyargs)}
        for name in sorted(lost):
            found.append((f"{name} is not used any more", 2.4 if name in parameters else 2.0))
    n_constant = _constant_conditions(new) - _constant_conditions(old)
    if n_constant > 0:
        found.append(("a condition that is always the same", 1.6 * n_constant))
    n_dead = _dead_statements(new) - _dead_statements(old)
    if n_dead > 0:
        found.append(("code that is never reached", 2.0))
    special = _special_values(new, clues) - _special_values(old, clues)
    if special:
        found.append((f"a value of the tests: {', '.join(sorted(special))}", 1.2))
    n_lost = _collecting(old) - _collecting(new)
    if n_lost > 0:
        found.append(("what was collected before is thrown away", 1.2 * n_lost))
    if _cut_short(new) > _cut_short(old):
        found.append(("a loop that collects ends at the first", 1.2))
    n_idle = _idle(new) - _idle(old)
    if n_idle > 0:
        found.append(("an operation without effect", 1.2))
    return found


def _unread(function: Definition) -> set[str]:
    """Names that are bound and never read."""
    stored: set[str] = {
        a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    }
    loaded: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            (stored if isinstance(node.ctx, ast.Store) else loaded).add(node.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            stored.add(node.target.id)
    return {
        name for name in stored - loaded if not name.startswith("_") and name not in ("self", "cls")
    }


def _constant_conditions(function: Definition) -> int:
    count = 0
    for node in ast.walk(function):
        tests: list[ast.expr] = []
        if isinstance(node, (ast.If, ast.IfExp)):
            tests = [node.test]
        elif isinstance(node, ast.BoolOp):
            tests = list(node.values)
        elif isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
            tests = [node.test]
        for test in tests:
            if isinstance(test, ast.Constant):
                count += 1
            elif isinstance(test, ast.Compare) and len(test.comparators) == 1:
                left, right = test.left, test.comparators[0]
                same = ast.dump(left) == ast.dump(right)
                count += same or (
                    isinstance(left, ast.Constant) and isinstance(right, ast.Constant)
                )
    return count


def _dead_statements(function: Definition) -> int:
    count = 0
    for node in ast.walk(function):
        for _, block in ast.iter_fields(node):
            if not isinstance(block, list):
                continue
            for position, statement in enumerate(block[:-1]):  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
                if isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
                    count += len(block) - position - 1  # pyright: ignore[reportUnknownArgumentType]
                    break
    return count


def _special_values(function: Definition, clues: Clues) -> set[str]:
    """Constants of the tests that no one would expect in general code."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
            text = ast.unparse(node)
            if text in clues.values and node.value not in (0, 1, -1, 2, "", None):
                found.add(text)
    return found


def _collecting(function: Definition) -> int:
    """Assignments such as `best = max(best, x)`, which keep what came before."""
    count = 0
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and isinstance(node.value, (ast.Call, ast.BinOp)):
                count += any(
                    isinstance(n, ast.Name) and n.id == target.id for n in ast.walk(node.value)
                )
    return count


def _cut_short(function: Definition) -> int:
    """`best = max(best, x)` or `total += x` with `break` right behind it."""
    count = 0
    for node in ast.walk(function):
        body = node.body if isinstance(node, (ast.For, ast.AsyncFor, ast.If)) else []
        for before, statement in pairwise(body):
            if isinstance(statement, ast.Break):
                collects = isinstance(before, ast.AugAssign)
                if isinstance(before, ast.Assign) and isinstance(before.targets[0], ast.Name):
                    name = before.targets[0].id
                    loaded = {n.id for n in ast.walk(before.value) if isinstance(n, ast.Name)}
                    collects = name in loaded
                count += collects
    return count


def _idle(function: Definition) -> int:
    """`x + x - x`-like operations: both operands equal, `x = x`, `x + 0`, max(x, x)."""
    count = 0
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Mult, ast.Add, ast.Pow)):
            count += ast.dump(node.left) == ast.dump(node.right)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Name) and isinstance(value, ast.Name):
                count += target.id == value.id
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("max", "min")
        ):
            dumps = [ast.dump(argument) for argument in node.args]
            count += len(dumps) != len(set(dumps))
    return count


__all__ = ["Behaviour", "Ranked", "own_nodes", "rank"]
