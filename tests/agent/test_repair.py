"""Repair by search: whole folders through the sandbox, and the parts that decide what is tried."""

from __future__ import annotations

import ast
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import workspace_of
from treewright_agent.repair import repairer
from treewright_agent.repair.clues import clues_of, hints_of
from treewright_agent.repair.model import Candidate, Combination, Edit, Failed, Observed, TestCase
from treewright_agent.repair.mutate import LATE, Clues, Scope, generate
from treewright_agent.repair.ranking import Behaviour, rank
from treewright_agent.repair.search import Budget, Search, Verdict, _ordered_pairs  # pyright: ignore[reportPrivateUsage]
from treewright_agent.repair.session import HostSession
from treewright_agent.repair.source import Module
from treewright_agent.repair.space import is_test_file
from treewright_agent.repair.suspicion import suspicion
from treewright_agent.routines.request import Repaired
from treewright_agent.sandbox import Level, active
from treewright_indexer.cancel import CancelToken
from treewright_indexer.text import SourceText

runs = pytest.mark.skipif(active().level < Level.LANDLOCK, reason="nothing may be run here")


def _mend(
    tmp_path: Path, files: dict[str, str], tests: tuple[str, ...] = ()
) -> tuple[Repaired, dict[str, str]]:
    """What is offered, and the text of each file that the first offer changes."""
    with workspace_of(tmp_path / "w", files) as fixture:
        before = {
            p: hashlib.sha256(p.read_bytes()).digest()
            for p in Path(fixture.root).rglob("*")
            if p.is_file()
        }
        found = repairer(cpu_s=20)(fixture.snapshot, fixture.root, tests, 60, CancelToken())
        after = {
            p: hashlib.sha256(p.read_bytes()).digest()
            for p in Path(fixture.root).rglob("*")
            if p.is_file()
        }
        assert after == before, "the user's files were touched"
        if not found.changes:
            return found, {}
        texts = found.changes[0].apply(fixture.snapshot.text)
        return found, {Path(p).name: t.string for p, t in texts.items() if t is not None}


MEAN = "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n    return total / (len(values) - 1)\n"
MEAN_TESTS = "from stats import mean\n\n\ndef test_mean():\n    assert mean([1, 2, 3]) == 2\n\n\ndef test_one():\n    assert mean([4]) == 4\n\n\ndef test_two():\n    assert mean([2, 4]) == 3\n"


@runs
def test_an_operator_is_mended_and_confirmed(tmp_path: Path) -> None:
    files = {
        "stats.py": MEAN.replace("(len(values) - 1)", "len(values)").replace("+=", "-="),
        "test_stats.py": MEAN_TESTS,
    }
    found, texts = _mend(tmp_path, files)
    assert "total += value" in texts["stats.py"]
    assert found.before is not None
    assert found.before.kind == "failed"
    assert found.after is not None
    assert found.after.passed
    assert found.titles[0].startswith("Repair: ")


@runs
def test_unittest_and_plain_scripts(tmp_path: Path) -> None:
    case = "import unittest\nfrom low import low\n\n\nclass T(unittest.TestCase):\n    def test_low(self):\n        self.assertEqual(low(3, 1), 1)\n        self.assertEqual(low(1, 2), 1)\n"
    script = "from low import low\n\nassert low(3, 1) == 1\nassert low(1, 2) == 1\n"
    for name, tests in (("case", case), ("script", script)):
        _, texts = _mend(
            tmp_path / name,
            {"low.py": "def low(a, b):\n    return max(a, b)\n", "test_low.py": tests},
        )
        assert "min(a, b)" in texts["low.py"], name


@runs
def test_a_script_that_checks_itself_keeps_its_checks(tmp_path: Path) -> None:
    program = "def low(a, b):\n    return max(a, b)\n\n\ndef check():\n    assert low(3, 1) == 1\n    assert low(1, 2) == 1\n\n\nif __name__ == '__main__':\n    check()\n"
    _, texts = _mend(tmp_path, {"low.py": program}, ("low.py",))
    assert texts["low.py"] == program.replace("max(", "min(")


@runs
def test_a_test_is_named_as_its_runner_names_it(tmp_path: Path) -> None:
    files = {
        "low.py": "def low(a, b):\n    return max(a, b)\n",
        "tests/test_low.py": "import unittest\nfrom low import low\n\n\nclass T(unittest.TestCase):\n    def test_low(self):\n        self.assertEqual(low(3, 1), 1)\n        self.assertEqual(low(1, 2), 1)\n",
    }
    for number, name in enumerate(("tests.test_low.T.test_low", "tests/test_low.py::T::test_low")):
        _, texts = _mend(tmp_path / str(number), files, (name,))
        assert "min(a, b)" in texts["low.py"], name


@runs
def test_missing_logic_is_put_in(tmp_path: Path) -> None:
    files = {
        "avg.py": "def average(values):\n    return sum(values) / len(values)\n",
        "test_avg.py": "import pytest\nfrom avg import average\n\n\ndef test_values():\n    assert average([1, 3]) == 2\n\n\ndef test_none():\n    with pytest.raises(ValueError, match='no values'):\n        average([])\n",
    }  # fmt: skip
    _, texts = _mend(tmp_path, files)
    assert "if not values:" in texts["avg.py"]
    assert "raise ValueError('no values')" in texts["avg.py"]


@runs
def test_a_program_that_never_ends(tmp_path: Path) -> None:
    files = {
        "count.py": "def digits(n):\n    count = 1\n    while n >= 10:\n        count += 1\n    return count\n",
        "test_count.py": "from count import digits\n\n\ndef test_small():\n    assert digits(7) == 1\n\n\ndef test_large():\n    assert digits(12345) == 5\n",
    }  # fmt: skip
    found, _ = _mend(tmp_path, files)
    assert found.after is None or found.after.passed  # found or not, it ends and nothing is broken


@runs
def test_outside_functions_and_imports(tmp_path: Path) -> None:
    files = {
        "tax.py": "RATE = 0.02\n\n\ndef tax(amount):\n    return amount * RATE\n",
        "test_tax.py": "from tax import tax\n\n\ndef test_tax():\n    assert tax(100) == 20\n",
    }
    _, texts = _mend(tmp_path, files)
    assert "0.2\n" in texts["tax.py"] or "* 10" in texts["tax.py"]


@runs
def test_two_faults_with_a_test_each(tmp_path: Path) -> None:
    files = {
        "m.py": "def more(a):\n    return a - 1\n\n\ndef twice(a):\n    return a + 2\n",
        "test_m.py": "from m import more, twice\n\n\ndef test_more():\n    assert more(3) == 4\n    assert more(0) == 1\n\n\ndef test_twice():\n    assert twice(5) == 10\n    assert twice(0) == 0\n",
    }  # fmt: skip
    _, texts = _mend(tmp_path, files)
    assert "a + 1" in texts["m.py"]
    assert "a * 2" in texts["m.py"]


@runs
def test_tests_are_never_the_repair(tmp_path: Path) -> None:
    files = {
        "a.py": "def f():\n    return 'x' * 3\n",
        "test_a.py": "from a import f\n\n\ndef test_f():\n    assert f() == object()\n",
    }
    found, texts = _mend(tmp_path, files)
    assert texts == {}
    assert found.changes == ()
    assert "nothing was found" in found.note


@runs
def test_nothing_to_mend(tmp_path: Path) -> None:
    files = {
        "a.py": "def f():\n    return 1\n",
        "test_a.py": "from a import f\n\n\ndef test_f():\n    assert f() == 1\n",
    }
    found, _ = _mend(tmp_path, files)
    assert found.before is not None
    assert found.before.passed
    assert found.changes == ()


@runs
def test_format_and_line_breaks_are_kept(tmp_path: Path) -> None:
    source = "def add( a,b ):   # odd  spacing\r\n\treturn (a\r\n\t\t- b)\r\n"
    files = {
        "odd.py": source,
        "test_odd.py": "from odd import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n    assert add(0, 1) == 1\n",
    }
    _, texts = _mend(tmp_path, files)
    assert texts["odd.py"] == source.replace("- b", "+ b")


# -------------------------------------------------------------------- candidates


def _candidates(
    source: str, clues: Clues | None = None, *, outside: bool = False
) -> dict[str, Candidate]:
    """Edited text -> candidate, of the first function, or of what stands outside functions."""
    module = Module("a.py", SourceText.of(source))
    function = None if outside else next(iter(module.units))
    scope = Scope(module, function, frozenset(range(1, 99)), {}, clues or Clues())
    found: dict[str, Candidate] = {}
    for candidate in generate(scope):
        data = module.text.data
        for edit in sorted(candidate.edits, reverse=True):
            data = data[: edit.start] + edit.text.encode() + data[edit.end :]
        found.setdefault(data.decode(), candidate)
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(a, b):\n    return a < b\n", "def f(a, b):\n    return a <= b\n"),
        ("def f(a, b):\n    return a - b\n", "def f(a, b):\n    return b - a\n"),
        ("def f(a, b):\n    return (a + b) / 2\n", "def f(a, b):\n    return a + b / 2\n"),
        (
            "def f(x):\n    if x:\n        return 1\n    return 0\n",
            "def f(x):\n    if x is not None:\n        return 1\n    return 0\n",
        ),
        (
            "def f(xs):\n    for x in xs:\n        y = x\n        return y\n",
            "def f(xs):\n    for x in xs:\n        y = x\n    return y\n",
        ),
        (
            "def f(x, into=[]):\n    into.append(x)\n    return into\n",
            "def f(x, into=None):\n    if into is None:\n        into = []\n    into.append(x)\n    return into\n",
        ),
        ("def f(a, b):\n    return g(a, b)\n", "def f(a, b):\n    return g(b, a)\n"),
        (
            "def f():\n    x = '😋'\n    return x < 'é'\n",
            "def f():\n    x = '😋'\n    return x <= 'é'\n",
        ),
        ("async def f():\n    return g()\n", "async def f():\n    return await g()\n"),
        (
            "def f(*args, **kwargs):\n    return g(*args)\n",
            "def f(*args, **kwargs):\n    return g(*args, **kwargs)\n",
        ),
        (
            "def f(xs, default=0):\n    return xs[0] if xs else ''\n",
            "def f(xs, default=0):\n    return xs[0] if xs else default\n",
        ),
        (  # a rest that nobody collects
            "def f(xs):\n    ys = []\n    for x in xs:\n        ys.append(xs.pop())\n    return ys\n",
            "def f(xs):\n    ys = []\n    for x in xs:\n        ys.append(xs.pop())\n    while xs:\n        ys.append(xs.pop())\n    return ys\n",
        ),
        (  # a variable that the loop forgets to move on
            "def f(x):\n    n = 0\n    while x.after:\n        n += 1\n    return n\n",
            "def f(x):\n    n = 0\n    while x.after:\n        n += 1\n        x = x.after\n    return n\n",
        ),
        (
            "def f(d, k):\n    return d[k]\n",
            "def f(d, k):\n    return d[k][0]\n",
        ),
        (  # one part of what is returned
            "def f(a, b):\n    return a > 1 and b > 2\n",
            "def f(a, b):\n    return (a > 1 or not a) and b > 2\n",
        ),
        (  # what the file itself can answer
            "def f(x, y):\n    return x == y\n\n\ndef g(x):\n    return x < 2\n",
            "def f(x, y):\n    return x == y and not g(x)\n\n\ndef g(x):\n    return x < 2\n",
        ),
        (
            "def f(d):\n    return d.popitem()\n",
            "def f(d):\n    return d.popitem(last=False)\n",
        ),
        (  # what decides between equals
            "def f(rows):\n    return sorted(rows, key=lambda r: r.size) + [r.name for r in rows]\n",
            "def f(rows):\n    return sorted(rows, key=lambda r: (r.size, r.name)) + [r.name for r in rows]\n",
        ),
        (
            "def f(pairs):\n    return max(pairs, key=lambda p: p[1])\n",
            "def f(pairs):\n    return max(pairs, key=lambda p: (p[1], p[0]))\n",
        ),
        (  # one more of a kind
            "def f(text):\n    if ',' in text:\n        return text.replace(';', '')\n    return text\n",
            "def f(text):\n    if ',' in text or ';' in text:\n        return text.replace(';', '')\n    return text\n",
        ),
        (
            "def f(cents):\n    return f'{cents / 10:.2f}'\n",
            "def f(cents):\n    return f'{cents / 100:.2f}'\n",
        ),
    ],
)
def test_the_right_edit_is_among_the_candidates(before: str, after: str) -> None:
    assert after in _candidates(before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(cell):\n    return str(cell)\n", "def f(cell):\n    return '' if cell is None else str(cell)\n"),
        ("def f(xs, at):\n    return g(at)\n", "def f(xs, at):\n    return g(len(xs))\n"),
    ],
)  # fmt: skip
def test_the_right_edit_is_among_those_that_are_tried_last(before: str, after: str) -> None:
    module = Module("a.py", SourceText.of(before))
    seen = {"a.py:1:f": {"cell": ["NoneType", "str"], "xs": ["list"], "at": ["int"]}}
    scope = Scope(module, next(iter(module.units)), frozenset(range(1, 99)), seen, Clues())
    data = module.text.data
    texts = {
        (data[: e.start] + e.text.encode() + data[e.end :]).decode()
        for candidate in generate(scope, LATE)
        for e in candidate.edits
    }
    assert after in texts
    assert after not in _candidates(before)


def test_a_field_that_all_would_share_gets_a_factory() -> None:
    source = "from dataclasses import dataclass, field\n\n\n@dataclass\nclass A:\n    tags: list = None\n"
    wanted = source.replace("= None", "= field(default_factory=list)")
    assert wanted in _candidates(source, outside=True)


def test_what_siblings_do_is_a_candidate_with_this_functions_name() -> None:
    source = (
        "class A:\n"
        "    def take(self, n):\n        self.left -= n\n"
        "    def add(self, n):\n        self.left += n\n        self.log.append(('add', n))\n"
    ).replace("'add'", '"add"')
    wanted = source.replace("        self.left -= n\n", '        self.left -= n\n        self.log.append(("take", n))\n')  # fmt: skip
    assert wanted in _candidates(source)


def test_two_names_are_exchanged_at_once() -> None:
    source = (
        "def f(one, two):\n    i = j = 0\n    out = []\n    out.extend(one[i:])\n    return out\n"
    )
    module = Module("a.py", SourceText.of(source))
    function = next(iter(module.units))
    seen = {"a.py:1:f": {"one": ["list"], "two": ["list"], "i": ["int"], "j": ["int"]}}
    scope = Scope(module, function, frozenset(range(1, 99)), seen, Clues())
    texts = {edit.text.strip() for c in generate(scope) for edit in c.edits}
    assert "out.extend(two[j:])" in texts


def test_an_exception_asks_for_its_own_condition() -> None:
    source = "def f(xs):\n    while xs[-1] > 3:\n        xs.pop()\n    return xs\n"
    told = Clues(kinds=frozenset({"IndexError"}), raised_at=frozenset({("a.py", 2)}))
    wanted = source.replace("while xs[-1]", "while xs and xs[-1]")
    assert wanted in _candidates(source, told)
    assert wanted not in _candidates(source)


def test_every_candidate_parses() -> None:
    source = "def f(xs, k=2, *rest, **more):\n    '''Doc.'''\n    out = []\n    for i, x in enumerate(xs):\n        if x % k == 0 and not rest:\n            out.append(f'{x:.2f}')\n        else:\n            pass\n    return sorted(out, key=lambda v: -len(v))[1:k]\n"
    found = _candidates(source, Clues(values=("0", "[]"), expected_raises=(("ValueError", ""),)))
    assert len(found) > 300
    for text in found:
        ast.parse(text)


def test_what_tests_expect_is_not_written_into_the_code() -> None:
    found = _candidates("def f(x):\n    return x\n", Clues(values=("[17, 4]", "'secret answer'")))
    assert not [text for text in found if "17" in text or "secret answer" in text]


def test_an_exception_that_is_waited_for_is_raised() -> None:
    clues = Clues(expected_raises=(("ValueError", "must be positive"),))
    found = _candidates("def f(n):\n    return n\n", clues)
    assert any("raise ValueError('must be positive')" in text for text in found)


# -------------------------------------------------------------------- localisation, clues, ranking


def test_lines_that_only_failing_tests_run_come_first() -> None:
    bad = TestCase(0, "t::bad", "t.py", 1, "failed", lines={"a.py": [1, 2, 9]})
    good = TestCase(1, "t::good", "t.py", 5, "passed", lines={"a.py": [1, 2, 3]})
    scores = suspicion([bad], [good], Clues(), {"a.py"})["a.py"]
    assert scores[9] == 1.0
    assert scores[9] > scores[2]
    assert 3 not in scores


def test_clues_are_read_from_failures_and_tests() -> None:
    source = "import pytest\n\n\ndef test_a():\n    with pytest.raises(KeyError, match='gone'):\n        f({})\n    assert g([]) == 0\n"
    failed = Failed(
        "NameError",
        ("NameError", "Exception"),
        "name 'cuont' is not defined",
        (("a.py", 3, "f"),),
        "call",
        "s",
        "cuont",
    )
    test = TestCase(0, "t.py::test_a", "t.py", 4, "failed", failed=failed)
    clues = clues_of(Observed([test], []), [test], lambda file: SourceText.of(source))
    assert clues.expected_raises == (("KeyError", "gone"),)
    assert clues.undefined == {"cuont"}
    assert clues.raised_at == {("a.py", 3)}
    assert "0" in clues.values
    assert {"f", "g"} <= clues.called


@pytest.mark.parametrize(
    ("came", "expected", "hint"),
    [
        ("[2, 1]", "[1, 2]", "order"),
        ("3", "4", "one"),
        ("-3", "3", "sign"),
        ("'Ab'", "'ab'", "case"),
        ("{'b ': [1]}", "{'b': [1]}", "blanks"),
        ("['A', 'b']", "['a', 'b']", "case"),
        ("(1,)", "[1]", "to list"),
        ("None", "3", "none"),
    ],
)
def test_how_a_result_differs(came: str, expected: str, hint: str) -> None:
    assert hint in hints_of(came, expected)


def _alone(text: str, start: int, end: int, source: str, cost: float) -> tuple[Combination, Module]:
    module = Module("a.py", SourceText.of(source))
    unit = next(iter(module.units.values()))
    return Combination((Candidate("a.py", (Edit(start, end, text),), "x", cost, 1, unit),)), module


def test_an_edit_that_forgets_a_parameter_ranks_lower() -> None:
    source = "def f(a, b):\n    return a + b\n"
    start = source.index("a + b")
    forgets, module = _alone("a + a", start, start + 5, source, 1.0)
    keeps, _ = _alone("a * b", start, start + 5, source, 1.5)
    ranked = rank([forgets, keeps], {"a.py": module}, Clues(), Behaviour())
    assert ranked[0].combination is keeps
    assert "b is not used any more" in ranked[1].smells


def test_repairs_that_agree_support_each_other() -> None:
    source = "def f(a, b):\n    return a + b\n"
    start = source.index("a + b")
    three = [
        _alone(t, start, start + 5, source, c)[0]
        for t, c in (("a - b", 1.0), ("a * b", 1.1), ("b * a", 1.1))
    ]
    module = Module("a.py", SourceText.of(source))
    times, minus = [("1", "6"), ("2", "8")], [("3", "-1"), ("4", "2")]
    behaviour = Behaviour(["f(2, 3)", "f(4, 2)"], [], {0: minus, 1: times, 2: times})
    ranked = rank(three, {"a.py": module}, Clues(), behaviour)
    assert ranked[0].number in (1, 2)
    assert ranked[0].group == ranked[1].group != ranked[2].group
    assert behaviour.difference(0, 1) == ("f(2, 3)", "-1", "6")


def test_what_needs_a_fresh_import_is_in_no_pair() -> None:
    """Such an edit cannot be swapped in; a pair with one ended the whole search."""
    source = "X = 1\n\n\ndef f(a, b):\n    return a + b\n"
    start = source.index("a + b")
    inside, _ = _alone("a * b", start, start + 5, source, 1.0)
    outside = Combination((Candidate("a.py", (Edit(4, 5, "2"),), "x", 1.0, 0, None),))
    verdicts = [Verdict(c, frozenset({1}), changed=True, broke=False) for c in (inside, outside)]
    for pair in _ordered_pairs(verdicts, [inside, outside]):
        assert all(part.unit is not None for part in pair.parts)


class _AllSlow(HostSession):
    """Every candidate runs out of its time, swapped in or imported anew."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.asked: list[tuple[bool, Combination]] = []

    def attempt(
        self, combinations: Sequence[tuple[int, Combination]], request: Mapping[str, Any],
        token: CancelToken, deadline: float, *, fresh: bool,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        for number, combination in combinations:
            assert fresh or all(part.unit is not None for part in combination.parts)
            self.asked.append((fresh, combination))
            yield {"id": number, "result": "timeout"}


def test_slow_edits_outside_functions_are_tried_again_with_a_fresh_import() -> None:
    source = "X = 1\n\n\ndef f(a, b):\n    return a + b\n"
    start = source.index("a + b")
    inside = _alone("a * b", start, start + 5, source, 1.0)[0].parts[0]
    outside = Candidate("a.py", (Edit(4, 5, "2"),), "x", 1.0, 0, None)
    target = TestCase(0, "test_a.py::test", "test_a.py", 1, "failed")
    session, deadline = _AllSlow(), time.monotonic() + 60
    search = Search(
        session, Observed([target], []), [target], [], Budget(), deadline, CancelToken()
    )
    assert not search.run([inside, outside]).plausible
    assert [fresh for fresh, c in session.asked if c.parts[0] is outside] == [True, True]
    assert [fresh for fresh, c in session.asked if c.parts[0] is inside] == [False, False]


@pytest.mark.parametrize(
    ("file", "answer"),
    [
        ("test_a.py", True),
        ("pkg/tests/a.py", True),
        ("a_test.py", True),
        ("conftest.py", True),
        ("contest.py", False),
        ("pkg/latest.py", False),
    ],
)
def test_which_files_are_tests(file: str, answer: bool) -> None:
    assert is_test_file(file) == answer
