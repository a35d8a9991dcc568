"""The candidates of a project, cheapest first: operators × the places that are suspicious."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from treewright_agent.repair.model import Candidate, Observed
from treewright_agent.repair.mutate import LATE, OPERATORS, Clues, Scope, generate
from treewright_agent.repair.source import Definition, Module
from treewright_indexer.cancel import CancelToken
from treewright_indexer.text import SourceText, Span

Operators = tuple[Callable[[Scope], None], ...]

_PLACE_WEIGHT = 1.6
"""How much a line that nothing speaks against is worth over one that nothing speaks for."""
_JUDGES = frozenset(
    ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__bool__")
)
"""Tests judge by these: a weaker one makes anything pass."""
_OUTSIDE = 1.2
"""What an edit outside functions costs more: it is rarer there, and slower to try."""


class Space:
    """Generates once; `candidates` is sorted by cost with the place counted in."""

    def __init__(
        self,
        files: Mapping[str, SourceText],
        suspicion: Mapping[str, Mapping[int, float]],
        observed: Observed,
        clues: Clues,
        token: CancelToken,
        *,
        import_errors: Mapping[str, set[int]],
        max_functions: int = 60,
    ) -> None:
        self.modules: dict[str, Module] = {}
        self._suspicion = suspicion
        self._observed = observed
        self._clues = clues
        for file in {*suspicion, *import_errors}:
            text = files.get(file)
            if text is None:
                continue
            try:
                self.modules[file] = Module(file, text)
            except (SyntaxError, ValueError, RecursionError):
                continue
        self._token = token
        found: list[Candidate] = []
        self._chosen = self._functions()[:max_functions]
        for file, function, _ in self._chosen:
            token.check()
            found += self._of_function(file, function)
        for file, module in self.modules.items():
            token.check()
            found += self._of_module(module, import_errors.get(file, set()))
        judging = {test.file for test in observed.tests}
        self._judges = {
            file: _judging_spans(module) for file, module in self.modules.items() if file in judging
        }
        self.candidates = self._sorted(found)

    def _sorted(self, found: list[Candidate]) -> list[Candidate]:
        kept = [c for c in found if not self._changes_a_judge(c)] if self._judges else found
        return sorted(kept, key=lambda c: (c.cost, c.file, c.edits))

    def _changes_a_judge(self, candidate: Candidate) -> bool:
        """Where the tests stand in the file of the program, they are not what is repaired."""
        return any(
            edit.start <= span.end and span.start <= edit.end
            for span in self._judges.get(candidate.file, ())
            for edit in candidate.edits
        )

    def late(self) -> list[Candidate]:
        """What is only worth trying when `candidates` hold no repair, in the most suspicious
        functions."""
        found: list[Candidate] = []
        for file, function, _ in self._chosen[:6]:
            self._token.check()
            found += self._of_function(file, function, LATE)
        return self._sorted(found)

    def _functions(self) -> list[tuple[str, Definition, float]]:
        """Functions that failing tests run, the most suspicious first."""
        rows: list[tuple[str, Definition, float]] = []
        for file, module in self.modules.items():
            lines = self._suspicion.get(file, {})
            for function in module.units:
                inside = [
                    score
                    for line, score in lines.items()
                    if function.lineno <= line <= (function.end_lineno or function.lineno)
                ]
                if inside:
                    rows.append((file, function, max(inside)))
        rows.sort(key=lambda row: -row[2])
        return rows

    def _of_function(
        self, file: str, function: Definition, operators: Operators = OPERATORS
    ) -> list[Candidate]:
        lines = self._suspicion[file]
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        inside = {
            line: score
            for line, score in lines.items()
            if first <= line <= (function.end_lineno or function.lineno)
        }
        scope = Scope(
            self.modules[file], function, frozenset(inside), self._observed.types, self._clues
        )
        best = max(inside.values())
        return [self._placed(c, inside, best) for c in generate(scope, operators)]

    def _of_module(self, module: Module, error_lines: set[int]) -> list[Candidate]:
        """Constants, class bodies and imports: those that suspicious functions use."""
        wanted = set(error_lines)
        lines = self._suspicion.get(module.file, {})
        used: set[str] = set()
        classes: set[ast.ClassDef] = set()
        for function in module.units:
            if any(function.lineno <= line <= (function.end_lineno or 0) for line in lines):
                used |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
                used |= {n.attr for n in ast.walk(function) if isinstance(n, ast.Attribute)}
                owner = module.class_of(function)
                if owner is not None:
                    classes.add(owner)
        used |= self._clues.called
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and module.function_of(node) is None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
                if names & used or module.class_of(node) in classes:
                    wanted |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            elif isinstance(node, ast.ClassDef) and node.name in used:
                wanted |= {line for b in node.bases for line in (b.lineno,)}
        if not wanted and not self._clues.undefined:
            return []
        scope = Scope(module, None, frozenset(wanted), self._observed.types, self._clues)
        found = [c for c in generate(scope) if c.unit is None]
        scores = {line: 1.0 if line in error_lines else 0.5 for line in wanted}
        return [self._placed(c, scores, max(scores.values(), default=0.5), _OUTSIDE) for c in found]

    def _placed(
        self, candidate: Candidate, scores: Mapping[int, float], best: float, extra: float = 0.0
    ) -> Candidate:
        score = scores.get(candidate.line + 1)
        if score is None:  # a new line at the border of what runs
            score = (
                max(scores.get(candidate.line, 0.0), scores.get(candidate.line + 2, 0.0)) or best
            )
        cost = candidate.cost + _PLACE_WEIGHT * (1 - score) + extra
        if candidate.unit is not None and candidate.unit.name in _JUDGES:
            cost += 1.2
        return Candidate(
            candidate.file, candidate.edits, candidate.kind, cost, candidate.line, candidate.unit
        )


def _judging_spans(module: Module) -> list[Span]:
    """What judges: functions that assert, unittest's classes, assertions of the file's own level
    and what is only done when it is run as a script."""
    found: list[Span] = []
    for node in module.tree.body:
        match node:
            case ast.ClassDef(bases=bases):
                judges = any("TestCase" in ast.unparse(base) for base in bases)
            case ast.If(test=test):
                judges = "__name__" in ast.unparse(test)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                judges = name.startswith("test")
            case _:
                judges = False
        if judges:
            found.append(module.span(node))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            function = module.function_of(node)
            asserting = function is not None and _only_asserts(function)
            found.append(module.span(function if asserting and function else node))
    return found


def _only_asserts(function: Definition) -> bool:
    """A function that hands nothing back and asserts is a test, whatever its name."""
    returns = any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(function))
    return not returns and not function.args.args


_TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_tests?|tests?|conftest|setup|noxfile|tasks)\.py$")
_TEST_FOLDER = re.compile(r"(^|/)(tests?|testing|__pycache__|node_modules|\.[^/]+)/")


def is_test_file(file: str) -> bool:
    """By name, relative to the folder. What it says no to may be repaired."""
    return bool(_TEST_FILE.search(file) or _TEST_FOLDER.search(file))


Read = Callable[[str], SourceText]
