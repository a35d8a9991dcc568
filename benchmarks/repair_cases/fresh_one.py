"""Written before the search was run on them, of each kind of mistake some; afterwards what they
showed was mended in general, so the figure for them is of a set that has been looked at."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "ini",
        '''
class IniError(ValueError):
    pass


def parse(text):
    """Sections with their keys: {"section": {"key": "value"}}."""
    sections = {}
    current = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            current = line[1:-1].strip()
            sections.setdefault(current, {})
            continue
        if "=" not in line:
            raise IniError(f"line {number}: no '='")
        if current is None:
            raise IniError(f"line {number}: no section")
        key, value = line.split("=", 1)
        sections[current][key.strip().lower()] = value.strip()
    return sections


def as_bool(text):
    lowered = text.strip().lower()
    if lowered in ("1", "yes", "true", "on"):
        return True
    if lowered in ("0", "no", "false", "off"):
        return False
    raise IniError(f"not a truth value: {text!r}")


def merge(base, extra):
    """A new mapping; what extra says wins, section by section."""
    result = {name: dict(values) for name, values in base.items()}
    for name, values in extra.items():
        result.setdefault(name, {}).update(values)
    return result


def dump(sections):
    lines = []
    for name in sorted(sections):
        lines.append(f"[{name}]")
        for key, value in sections[name].items():
            lines.append(f"{key} = {value}")
        lines.append("")
    return "\\n".join(lines)
''',
        """
import pytest
from prog import IniError, as_bool, dump, merge, parse

def test_parse():
    text = "# top\\n[a]\\nName = x=y\\n\\n[ b ]\\nk=v\\n"
    assert parse(text) == {"a": {"name": "x=y"}, "b": {"k": "v"}}

def test_errors():
    with pytest.raises(IniError):
        parse("[a]\\nnothing\\n")
    with pytest.raises(IniError):
        parse("a = 1\\n")

def test_again():
    assert parse("[a]\\nx = 1\\n[b]\\ny=2\\n[a]\\nz = 3\\n") == {"a": {"x": "1", "z": "3"}, "b": {"y": "2"}}

def test_bool():
    assert as_bool("Yes") is True
    assert as_bool(" off ") is False
    with pytest.raises(IniError):
        as_bool("maybe")

def test_merge():
    base = {"a": {"x": "1", "y": "2"}}
    assert merge(base, {"a": {"x": "3"}, "b": {"z": "4"}}) == {"a": {"x": "3", "y": "2"}, "b": {"z": "4"}}
    assert base == {"a": {"x": "1", "y": "2"}}

def test_dump():
    assert dump({"b": {"k": "v"}, "a": {}}) == "[a]\\n\\n[b]\\nk = v\\n"
""",
        """
import pytest
from prog import IniError, as_bool, dump, merge, parse

def test_more():
    assert parse("") == {}
    assert parse("[s]\\n a  =  b  \\n#c=d\\n") == {"s": {"a": "b"}}
    assert parse("[s]\\nUPPER = Case\\n") == {"s": {"upper": "Case"}}
    with pytest.raises(IniError):
        parse("x = 1\\n[s]\\n")
    assert parse("[one]\\na=1\\n[one]\\nb=2\\n[one]\\nc=a=b=c\\n") == {"one": {"a": "1", "b": "2", "c": "a=b=c"}}

def test_bools():
    for word in ("1", "TRUE", " on", "yes "):
        assert as_bool(word) is True
    for word in ("0", "False", "no", "OFF"):
        assert as_bool(word) is False
    with pytest.raises(IniError):
        as_bool("")

def test_merges():
    base = {"a": {"x": "1"}, "c": {}}
    made = merge(base, {})
    assert made == base
    made["a"]["x"] = "9"
    assert base["a"]["x"] == "1"
    assert merge({}, {"a": {"k": "v"}}) == {"a": {"k": "v"}}

def test_dumps():
    assert dump({}) == ""
    assert parse(dump({"q": {"a": "1", "b": "2"}})) == {"q": {"a": "1", "b": "2"}}
""",
        bug(
            "missing_guard",
            '        if current is None:\n            raise IniError(f"line {number}: no section")\n',
            "",
        ),
        bug("missing_lower", "key.strip().lower()", "key.strip()"),
        bug("wrong_argument", 'line.split("=", 1)', 'line.split("=")'),
        bug("missing_copy", "name: dict(values) for", "name: values for"),
        bug("wrong_method", "sections.setdefault(current, {})", "sections.update({current: {}})"),
        bug("missing_statement", '        lines.append("")\n', ""),
        bug("missing_strip", "lowered = text.strip().lower()", "lowered = text.lower()"),
    ),
    case(
        "limiter",
        '''
class Bucket:
    """Tokens that come back with time: at most capacity, rate of them each second."""

    def __init__(self, capacity, rate, clock):
        self.capacity = capacity
        self.rate = rate
        self.clock = clock
        self.tokens = capacity
        self.updated = clock()

    def _refill(self):
        now = self.clock()
        passed = now - self.updated
        self.tokens = min(self.capacity, self.tokens + passed * self.rate)
        self.updated = now

    def take(self, n=1):
        if n > self.capacity:
            raise ValueError("more than fits")
        self._refill()
        if self.tokens < n:
            return False
        self.tokens -= n
        return True

    def wait_time(self, n=1):
        self._refill()
        missing = n - self.tokens
        if missing <= 0:
            return 0
        return missing / self.rate


class Limits:
    def __init__(self, capacity, rate, clock):
        self.capacity = capacity
        self.rate = rate
        self.clock = clock
        self.buckets = {}
        self.refused = {}

    def allow(self, user):
        if user not in self.buckets:
            self.buckets[user] = Bucket(self.capacity, self.rate, self.clock)
        if self.buckets[user].take():
            self.refused.pop(user, None)
            return True
        self.refused[user] = self.refused.get(user, 0) + 1
        return False

    def forget(self, user):
        self.buckets.pop(user, None)
        self.refused.pop(user, None)

    def worst(self, n):
        ranked = sorted(self.refused.items(), key=lambda row: (-row[1], row[0]))
        return [user for user, _ in ranked[:n]]
''',
        """
import pytest
from prog import Bucket, Limits

class Clock:
    def __init__(self):
        self.now = 0
    def __call__(self):
        return self.now

def test_take():
    clock = Clock()
    bucket = Bucket(2, 1, clock)
    assert bucket.take() and bucket.take() and not bucket.take()
    clock.now = 1
    assert bucket.take() and not bucket.take()

def test_full():
    clock = Clock()
    bucket = Bucket(2, 1, clock)
    clock.now = 100
    assert bucket.take(2) and not bucket.take()
    with pytest.raises(ValueError):
        bucket.take(3)

def test_slowly():
    clock = Clock()
    bucket = Bucket(4, 2, clock)
    assert bucket.take(4)
    clock.now = 1
    assert bucket.wait_time(4) == 1
    assert bucket.wait_time(2) == 0
    clock.now = 2
    assert bucket.take(4)

def test_limits():
    clock = Clock()
    limits = Limits(1, 1, clock)
    assert limits.allow("a") and not limits.allow("a") and limits.allow("b")
    assert not limits.allow("a") and not limits.allow("b")
    assert limits.refused == {"a": 2, "b": 1}
    assert limits.worst(1) == ["a"]
    clock.now = 1
    assert limits.allow("a")
    assert limits.refused == {"b": 1}
    limits.forget("b")
    assert limits.allow("b") and limits.refused == {}

def test_worst():
    clock = Clock()
    limits = Limits(1, 1, clock)
    for user in ("c", "a", "b", "b", "a", "c", "c"):
        limits.allow(user)
    assert limits.worst(3) == ["c", "a", "b"]
""",
        """
import pytest
from prog import Bucket, Limits

class Clock:
    def __init__(self):
        self.now = 0
    def __call__(self):
        return self.now

def test_more():
    clock = Clock()
    bucket = Bucket(3, 2, clock)
    assert bucket.take(3)
    clock.now = 1
    assert bucket.take(1) and bucket.take(1) and not bucket.take(1)
    clock.now = 2
    assert bucket.wait_time(3) == 0.5
    clock.now = 50
    assert bucket.tokens <= 3 and bucket.wait_time(3) == 0
    assert bucket.take(3) and not bucket.take(1)
    with pytest.raises(ValueError):
        bucket.take(4)

def test_more_limits():
    clock = Clock()
    limits = Limits(1, 1, clock)
    for user in ("x", "x", "y", "y", "y", "z"):
        limits.allow(user)
    assert limits.worst(5) == ["y", "x"]
    assert limits.worst(0) == []
    limits.forget("nobody")
    limits.forget("y")
    assert limits.worst(2) == ["x"] and limits.allow("y") and not limits.allow("x")
""",
        bug("missing_statement", "        self.updated = now\n", ""),
        bug(
            "missing_min",
            "min(self.capacity, self.tokens + passed * self.rate)",
            "self.tokens + passed * self.rate",
        ),
        bug(
            "missing_call",
            "        self._refill()\n        if self.tokens < n",
            "        if self.tokens < n",
        ),
        bug(
            "missing_statement",
            "            self.refused.pop(user, None)\n            return True",
            "            return True",
        ),
        bug("wrong_operator", "return missing / self.rate", "return missing * self.rate"),
        bug("wrong_key", "(-row[1], row[0])", "(-row[1], -len(row[0]))"),
        bug("missing_guard", "        if missing <= 0:\n            return 0\n", ""),
        bug("wrong_initial", "self.refused.get(user, 0) + 1", "self.refused.get(user, 1) + 1"),
    ),
    case(
        "formula",
        """
class FormulaError(Exception):
    pass


def tokens(text):
    found = []
    i = 0
    while i < len(text):
        char = text[i]
        if char.isspace():
            i += 1
        elif char.isdigit() or char == ".":
            start = i
            while i < len(text) and (text[i].isdigit() or text[i] == "."):
                i += 1
            found.append(("number", float(text[start:i])))
        elif char.isalpha():
            start = i
            while i < len(text) and text[i].isalnum():
                i += 1
            found.append(("name", text[start:i]))
        elif char in "+-*/^()":
            found.append(("sign", char))
            i += 1
        else:
            raise FormulaError(f"unexpected {char!r} at {i}")
    return found


class Parser:
    def __init__(self, text, names=None):
        self.tokens = tokens(text)
        self.position = 0
        self.names = names or {}

    def peek(self):
        if self.position < len(self.tokens):
            return self.tokens[self.position]
        return (None, None)

    def accept(self, *signs):
        kind, value = self.peek()
        if kind == "sign" and value in signs:
            self.position += 1
            return value
        return None

    def expression(self):
        value = self.term()
        while sign := self.accept("+", "-"):
            other = self.term()
            value = value + other if sign == "+" else value - other
        return value

    def term(self):
        value = self.power()
        while sign := self.accept("*", "/"):
            other = self.power()
            if sign == "*":
                value *= other
            else:
                if other == 0:
                    raise FormulaError("division by zero")
                value /= other
        return value

    def power(self):
        base = self.atom()
        if self.accept("^"):
            return base ** self.power()
        return base

    def atom(self):
        if self.accept("-"):
            return -self.atom()
        if self.accept("("):
            value = self.expression()
            if not self.accept(")"):
                raise FormulaError("no closing bracket")
            return value
        kind, value = self.peek()
        if kind is None or kind == "sign":
            raise FormulaError("something is missing")
        self.position += 1
        if kind == "name":
            if value not in self.names:
                raise FormulaError(f"unknown name {value}")
            return self.names[value]
        return value


def evaluate(text, **names):
    parser = Parser(text, names)
    value = parser.expression()
    if parser.peek()[0] is not None:
        raise FormulaError("too much")
    return value
""",
        """
import pytest
from prog import FormulaError, evaluate, tokens

def test_tokens():
    assert tokens("1 + x2") == [("number", 1.0), ("sign", "+"), ("name", "x2")]
    with pytest.raises(FormulaError):
        tokens("1 $ 2")

def test_order():
    assert evaluate("1 + 2 * 3") == 7
    assert evaluate("(1 + 2) * 3") == 9
    assert evaluate("8 - 2 - 1") == 5
    assert evaluate("8 / 4 / 2") == 1
    assert evaluate("2 ^ 3 ^ 2") == 512
    assert evaluate("-2 + 5") == 3
    assert evaluate("2 * -3") == -6

def test_names():
    assert evaluate("a * (b - 1)", a=2, b=4) == 6
    with pytest.raises(FormulaError):
        evaluate("c")

def test_errors():
    for text in ("1 / 0", "(1", "1 2", "", "* 2"):
        with pytest.raises(FormulaError):
            evaluate(text)
""",
        """
import pytest
from prog import FormulaError, evaluate, tokens

def test_more():
    assert evaluate("2.5 * 2") == 5
    assert evaluate("10 - 3 - 2 - 1") == 4
    assert evaluate("100 / 5 / 2") == 10
    assert evaluate("2 ^ 2 ^ 3") == 256
    assert evaluate("-(1 + 2)") == -3
    assert evaluate("- - 2") == 2
    assert evaluate("3 * (2 + (4 - 1)) / 5") == 3
    assert evaluate("ab1 + ab1", ab1=4) == 8
    for text in ("(", ")", "1 +", "2 ^", "((1)", "1)", "5 / (2 - 2)", "zz + 1", "3 4", "a b"):
        with pytest.raises(FormulaError):
            evaluate(text, a=1, b=2)
    assert tokens("  ") == []
    assert tokens("(3)") == [("sign", "("), ("number", 3.0), ("sign", ")")]
""",
        bug(
            "missing_guard",
            '                if other == 0:\n                    raise FormulaError("division by zero")\n',
            "",
        ),
        bug("recursion", "return base ** self.power()", "return base ** self.atom()"),
        bug(
            "missing_guard",
            '    if parser.peek()[0] is not None:\n        raise FormulaError("too much")\n',
            "",
        ),
        bug("missing_statement", "        self.position += 1\n        if kind", "        if kind"),
        bug("missing_block", '        if self.accept("-"):\n            return -self.atom()\n', ""),
        bug("wrong_method", "text[i].isalnum()", "text[i].isalpha()"),
        bug(
            "missing_condition",
            '        if kind is None or kind == "sign":',
            "        if kind is None:",
        ),
        bug(
            "while_if", 'while sign := self.accept("+", "-"):', 'if sign := self.accept("+", "-"):'
        ),
    ),
    case(
        "report",
        '''
from collections import defaultdict


def load(text, sep=","):
    """Rows of a small table as dictionaries; numbers become numbers."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    head = [name.strip() for name in lines[0].split(sep)]
    rows = []
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split(sep)]
        if len(cells) != len(head):
            raise ValueError(f"{len(cells)} cells for {len(head)} columns")
        rows.append({name: number(cell) for name, cell in zip(head, cells)})
    return rows


def number(text):
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def grouped(rows, column):
    groups = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return dict(groups)


def totals(rows, by, column):
    return {name: sum(row[column] for row in group) for name, group in grouped(rows, by).items()}


def mean(values):
    values = list(values)
    if not values:
        return None
    return sum(values) / len(values)


def pivot(rows, down, across, column):
    """{down: {across: sum}}, with a zero for every pair that does not occur."""
    names = sorted({row[across] for row in rows})
    table = {}
    for row in rows:
        line = table.setdefault(row[down], dict.fromkeys(names, 0))
        line[row[across]] += row[column]
    return table


def top(rows, column, n=3):
    ranked = sorted(rows, key=lambda row: row[column], reverse=True)
    return ranked[:n]


def running(rows, column):
    total = 0
    found = []
    for row in rows:
        total += row[column]
        found.append({**row, "running": total})
    return found


def render(rows, columns):
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in columns]
    lines = ["  ".join(name.ljust(width) for name, width in zip(columns, widths)).rstrip()]
    for row in rows:
        cells = []
        for name, width in zip(columns, widths):
            text = str(row[name])
            if isinstance(row[name], (int, float)):
                cells.append(text.rjust(width))
            else:
                cells.append(text.ljust(width))
        lines.append("  ".join(cells).rstrip())
    return "\\n".join(lines)
''',
        """
import pytest
from prog import grouped, load, mean, number, pivot, render, running, top, totals

TEXT = '''
city, kind, n
Bonn, a, 2
Ulm, b, 3

Bonn, b, 1.5
Bonn, a, 4
'''

def test_load():
    rows = load(TEXT)
    assert rows[0] == {"city": "Bonn", "kind": "a", "n": 2} and len(rows) == 4
    assert rows[2]["n"] == 1.5
    assert load("") == []
    with pytest.raises(ValueError):
        load("a,b\\n1\\n")
    assert load("a;b\\n1;2", sep=";") == [{"a": 1, "b": 2}]

def test_groups():
    rows = load(TEXT)
    assert list(grouped(rows, "city")) == ["Bonn", "Ulm"]
    assert totals(rows, "city", "n") == {"Bonn": 7.5, "Ulm": 3}
    assert pivot(rows, "city", "kind", "n") == {"Bonn": {"a": 6, "b": 1.5}, "Ulm": {"a": 0, "b": 3}}

def test_others():
    rows = load(TEXT)
    assert mean(row["n"] for row in rows) == 2.625
    assert mean([]) is None
    assert [row["n"] for row in top(rows, "n", 2)] == [4, 3]
    assert [row["running"] for row in running(rows, "n")] == [2, 5, 6.5, 10.5]
    assert "running" not in rows[0]

def test_render():
    rows = [{"name": "ab", "n": 5}, {"name": "c", "n": 1234}]
    assert render(rows, ["name", "n"]) == "name  n\\nab       5\\nc     1234"
""",
        """
import pytest
from prog import grouped, load, mean, number, pivot, render, running, top, totals

def test_more():
    assert number("7") == 7 and number("7.5") == 7.5 and number("x7") == "x7" and number("-3") == -3
    rows = load("k|v\\n a | 1 \\n b | 2 \\n a | 5 ", sep="|")
    assert rows == [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a", "v": 5}]
    assert totals(rows, "k", "v") == {"a": 6, "b": 2}
    assert grouped(rows, "k")["a"] == [rows[0], rows[2]]
    assert mean([4]) == 4
    assert top(rows, "v") == [rows[2], rows[1], rows[0]]
    assert top(rows, "v", 1) == [rows[2]]
    assert running([], "v") == []
    assert running(rows, "v")[1] == {"k": "b", "v": 2, "running": 3}
    with pytest.raises(ValueError):
        load("a,b\\n1,2,3")
    assert load("a,b") == []

def test_pivots():
    rows = [{"x": "p", "y": 2, "n": 1}, {"x": "q", "y": 1, "n": 5}, {"x": "p", "y": 2, "n": 2}]
    assert pivot(rows, "x", "y", "n") == {"p": {1: 0, 2: 3}, "q": {1: 5, 2: 0}}

def test_renders():
    rows = [{"a": 1.5, "b": "xx"}, {"a": 22, "b": "y"}]
    assert render(rows, ["b", "a"]) == "b   a\\nxx  1.5\\ny    22"
""",
        bug(
            "missing_copy",
            "dict.fromkeys(names, 0))",
            "{})",
        ),
        bug(
            "missing_argument",
            "key=lambda row: row[column], reverse=True)",
            "key=lambda row: row[column])",
        ),
        bug("missing_guard", "    if not values:\n        return None\n", ""),
        bug("wrong_method", "cells.append(text.rjust(width))", "cells.append(text.ljust(width))"),
        bug(
            "missing_else",
            "            else:\n                cells.append(text.ljust(width))\n",
            "",
        ),
        bug("wrong_variable", "line[row[across]] += row[column]", "line[row[down]] += row[column]"),
        bug(
            "missing_filter",
            "[line for line in text.splitlines() if line.strip()]",
            "text.splitlines()",
        ),
        bug(
            "wrong_exception",
            "    try:\n        return float(text)\n    except ValueError:",
            "    try:\n        return float(text)\n    except TypeError:",
        ),
    ),
    case(
        "planner",
        '''
class Cycle(Exception):
    pass


class Project:
    """Tasks with durations and what they wait for."""

    def __init__(self):
        self.durations = {}
        self.after = {}

    def add(self, name, duration, after=()):
        if duration < 0:
            raise ValueError("a task cannot take less than nothing")
        for other in after:
            if other not in self.durations:
                raise KeyError(other)
        self.durations[name] = duration
        self.after[name] = list(after)

    def link(self, name, other):
        if other not in self.after[name]:
            self.after[name].append(other)

    def order(self):
        done = []
        running = set()

        def visit(name):
            if name in done:
                return
            if name in running:
                raise Cycle(name)
            running.add(name)
            for other in self.after[name]:
                visit(other)
            running.remove(name)
            done.append(name)

        for name in self.durations:
            visit(name)
        return done

    def earliest(self):
        starts = {}
        for name in self.order():
            ends = [starts[other] + self.durations[other] for other in self.after[name]]
            starts[name] = max(ends, default=0)
        return starts

    def length(self):
        starts = self.earliest()
        return max((starts[name] + self.durations[name] for name in starts), default=0)

    def latest(self):
        total = self.length()
        followers = {name: [] for name in self.durations}
        for name, others in self.after.items():
            for other in others:
                followers[other].append(name)
        latest = {}
        for name in reversed(self.order()):
            limits = [latest[follower] for follower in followers[name]]
            latest[name] = min(limits, default=total) - self.durations[name]
        return latest

    def critical(self):
        earliest, latest = self.earliest(), self.latest()
        return [name for name in self.order() if earliest[name] == latest[name]]

    def slack(self, name):
        return self.latest()[name] - self.earliest()[name]
''',
        """
import pytest
from prog import Cycle, Project

def house():
    project = Project()
    project.add("dig", 3)
    project.add("walls", 5, ["dig"])
    project.add("pipes", 2, ["dig"])
    project.add("roof", 4, ["walls"])
    project.add("paint", 1, ["walls", "pipes"])
    return project

def test_order():
    assert house().order() == ["dig", "walls", "pipes", "roof", "paint"]

def test_times():
    project = house()
    assert project.earliest() == {"dig": 0, "walls": 3, "pipes": 3, "roof": 8, "paint": 8}
    assert project.length() == 12
    assert project.latest() == {"dig": 0, "walls": 3, "pipes": 9, "roof": 8, "paint": 11}
    assert project.critical() == ["dig", "walls", "roof"]
    assert project.slack("pipes") == 6 and project.slack("paint") == 3

def test_errors():
    project = house()
    with pytest.raises(ValueError):
        project.add("x", -1)
    with pytest.raises(KeyError):
        project.add("x", 1, ["nobody"])
    assert "x" not in project.durations

def test_cycle():
    project = house()
    project.link("dig", "paint")
    with pytest.raises(Cycle):
        project.order()

def test_link_twice():
    project = house()
    project.link("paint", "dig")
    project.link("paint", "dig")
    assert project.after["paint"] == ["walls", "pipes", "dig"]

def test_empty():
    assert Project().length() == 0 and Project().order() == []
""",
        """
import pytest
from prog import Cycle, Project

def test_more():
    project = Project()
    for name, duration, after in (("a", 2, []), ("b", 3, []), ("c", 1, ["a", "b"]), ("d", 4, ["a"]), ("e", 2, ["c", "d"])):
        project.add(name, duration, after)
    assert project.order() == ["a", "b", "c", "d", "e"]
    assert project.earliest() == {"a": 0, "b": 0, "c": 3, "d": 2, "e": 6}
    assert project.length() == 8
    assert project.latest() == {"a": 0, "b": 2, "c": 5, "d": 2, "e": 6}
    assert project.critical() == ["a", "d", "e"]
    assert project.slack("b") == 2
    project.link("b", "c")
    with pytest.raises(Cycle):
        project.length()

def test_more_errors():
    project = Project()
    project.add("zero", 0)
    with pytest.raises(ValueError):
        project.add("neg", -5, ["zero"])
    with pytest.raises(KeyError):
        project.add("late", 5, ["zero", "what"])
    assert list(project.durations) == ["zero"]
    after = ["zero"]
    project.add("x", 1, after)
    project.link("x", "x2")
    assert after == ["zero"] and project.after["x"] == ["zero", "x2"]
    assert project.latest.__name__ == "latest"
""",
        bug(
            "missing_guard",
            "            if name in running:\n                raise Cycle(name)\n",
            "",
        ),
        bug(
            "missing_statement",
            "            running.remove(name)\n",
            "",
        ),
        bug(
            "missing_guard",
            '        if duration < 0:\n            raise ValueError("a task cannot take less than nothing")\n',
            "",
        ),
        bug(
            "missing_statement",
            "                followers[other].append(name)\n",
            "                followers[name].append(other)\n",
        ),
        bug("missing_call", "in reversed(self.order()):", "in self.order():"),
        bug("wrong_function", "latest[name] = min(limits", "latest[name] = max(limits"),
        bug("missing_default", "max(ends, default=0)", "max(ends)"),
        bug(
            "missing_guard",
            "        if other not in self.after[name]:\n            self.after[name].append(other)",
            "        self.after[name].append(other)",
        ),
        bug(
            "missing_statement",
            "        self.after[name] = list(after)\n",
            "        self.after[name] = []\n",
        ),
    ),
    case(
        "pipeline",
        '''
import asyncio


class Retry(Exception):
    pass


async def attempt(job, tries=3):
    """The result of job(); another try after Retry, whose last one goes out."""
    for number in range(tries):
        try:
            return await job()
        except Retry:
            if number == tries - 1:
                raise


async def gathered(jobs, limit=2):
    """Results in the order of the jobs, never more than limit at a time."""
    gate = asyncio.Semaphore(limit)

    async def run(job):
        async with gate:
            return await job()

    return await asyncio.gather(*(run(job) for job in jobs))


async def first_good(jobs):
    """The first result that is not None; None without one."""
    for job in jobs:
        result = await job()
        if result is not None:
            return result
    return None


class Stage:
    def __init__(self, name, work):
        self.name = name
        self.work = work
        self.n_done = 0
        self.errors = []

    async def run(self, item):
        try:
            result = await self.work(item)
        except Exception as error:
            self.errors.append((item, str(error)))
            return None
        self.n_done += 1
        return result


class Pipeline:
    def __init__(self, *stages):
        self.stages = list(stages)

    async def push(self, item):
        for stage in self.stages:
            item = await stage.run(item)
            if item is None:
                break
        return item

    async def push_all(self, items):
        results = []
        for item in items:
            result = await self.push(item)
            if result is not None:
                results.append(result)
        return results

    def summary(self):
        return {stage.name: (stage.n_done, len(stage.errors)) for stage in self.stages}
''',
        """
import asyncio
import pytest
from prog import Pipeline, Retry, Stage, attempt, first_good, gathered

def flaky(n_failures):
    state = {"left": n_failures, "calls": 0}
    async def job():
        state["calls"] += 1
        if state["left"]:
            state["left"] -= 1
            raise Retry
        return "ok"
    return job, state

def test_attempt():
    job, state = flaky(2)
    assert asyncio.run(attempt(job)) == "ok" and state["calls"] == 3
    job, state = flaky(3)
    with pytest.raises(Retry):
        asyncio.run(attempt(job))
    assert state["calls"] == 3

def test_gathered():
    running = []
    most = []
    def made(n):
        async def job():
            running.append(n)
            most.append(len(running))
            await asyncio.sleep(0)
            running.remove(n)
            return n * n
        return job
    assert asyncio.run(gathered([made(n) for n in range(5)], limit=2)) == [0, 1, 4, 9, 16]
    assert max(most) == 2

def constant(value):
    async def job():
        return value
    return job

def test_first():
    assert asyncio.run(first_good([constant(None), constant(0), constant(5)])) == 0
    assert asyncio.run(first_good([])) is None

async def halve(x):
    if x % 2:
        raise ValueError(f"{x} is odd")
    return x // 2

async def up(x):
    return x + 1

def test_pipeline():
    pipeline = Pipeline(Stage("halve", halve), Stage("up", up))
    assert asyncio.run(pipeline.push_all([2, 3, 8])) == [2, 5]
    assert pipeline.summary() == {"halve": (2, 1), "up": (2, 0)}
    assert pipeline.stages[0].errors == [(3, "3 is odd")]
""",
        """
import asyncio
import pytest
from prog import Pipeline, Retry, Stage, attempt, first_good, gathered

def test_more():
    calls = []
    async def job():
        calls.append(1)
        raise Retry
    with pytest.raises(Retry):
        asyncio.run(attempt(job, tries=5))
    assert len(calls) == 5
    async def bad():
        raise KeyError("x")
    with pytest.raises(KeyError):
        asyncio.run(attempt(bad))
    async def fine():
        return None
    assert asyncio.run(attempt(fine)) is None

def test_stages():
    async def inverse(x):
        return 1 / x
    async def twice(x):
        return 2 * x
    pipeline = Pipeline(Stage("i", inverse), Stage("t", twice))
    assert asyncio.run(pipeline.push(4)) == 0.5
    assert asyncio.run(pipeline.push(0)) is None
    assert asyncio.run(pipeline.push_all([0, 1])) == [2]
    assert pipeline.summary() == {"i": (2, 2), "t": (2, 0)}
    assert asyncio.run(gathered([], 1)) == []

def test_firsts():
    seen = []
    def made(value):
        async def job():
            seen.append(value)
            return value
        return job
    assert asyncio.run(first_good([made(None), made(""), made(3)])) == ""
    assert seen == [None, ""]
    assert asyncio.run(first_good([made(None)])) is None
""",
        bug(
            "missing_await",
            "            return await job()\n        except Retry",
            "            return job()\n        except Retry",
        ),
        bug(
            "missing_star",
            "asyncio.gather(*(run(job) for job in jobs))",
            "asyncio.gather((run(job) for job in jobs))",
        ),
        bug(
            "wrong_condition",
            "        if result is not None:\n            return result",
            "        if result:\n            return result",
        ),
        bug("missing_guard", "            if item is None:\n                break\n", ""),
        bug(
            "missing_guard",
            "            if number == tries - 1:\n                raise\n",
            "            pass\n",
        ),
        bug(
            "missing_await",
            "            item = await stage.run(item)",
            "            item = stage.run(item)",
        ),
        bug(
            "missing_return",
            "            self.errors.append((item, str(error)))\n            return None\n",
            "            self.errors.append((item, str(error)))\n            result = item\n",
        ),
        bug("missing_statement", "        self.n_done += 1\n", ""),
    ),
    case(
        "library",
        {
            "library/__init__.py": "",
            "library/models.py": """
from dataclasses import dataclass, field


@dataclass
class Book:
    isbn: str
    title: str
    author: str
    copies: int = 1
    tags: set = field(default_factory=set)


@dataclass
class Member:
    name: str
    limit: int = 2
    loans: dict = field(default_factory=dict)
    fines: int = 0

    def may_borrow(self):
        return self.fines == 0 and len(self.loans) < self.limit
""",
            "library/store.py": """
from library.models import Book


class Store:
    def __init__(self):
        self._books = {}

    def add(self, book):
        known = self._books.get(book.isbn)
        if known is not None:
            known.copies += book.copies
            return known
        self._books[book.isbn] = book
        return book

    def get(self, isbn):
        try:
            return self._books[isbn]
        except KeyError:
            raise LookupError(f"no book {isbn}") from None

    def search(self, text):
        wanted = text.lower()
        found = [
            book
            for book in self._books.values()
            if wanted in book.title.lower() or wanted in book.author.lower()
        ]
        return sorted(found, key=lambda book: book.title)

    def tagged(self, *tags):
        return [book.isbn for book in self._books.values() if set(tags) <= book.tags]

    def __len__(self):
        return sum(book.copies for book in self._books.values())
""",
            "library/service.py": """
from library.models import Member
from library.store import Store

DAYS = 14
FINE = 2


class Refused(Exception):
    pass


class Library:
    def __init__(self, store=None):
        self.store = store if store is not None else Store()
        self.members = {}
        self.waiting = {}

    def join(self, name, limit=2):
        if name in self.members:
            raise Refused(f"{name} is a member")
        member = Member(name, limit)
        self.members[name] = member
        return member

    def borrow(self, name, isbn, today):
        member = self.members[name]
        book = self.store.get(isbn)
        if not member.may_borrow():
            raise Refused("no more loans")
        if book.copies == 0:
            self.waiting.setdefault(isbn, []).append(name)
            raise Refused("all copies are out")
        book.copies -= 1
        member.loans[isbn] = today + DAYS
        return member.loans[isbn]

    def bring_back(self, name, isbn, today):
        member = self.members[name]
        due = member.loans.pop(isbn)
        late = max(0, today - due)
        member.fines += late * FINE
        self.store.get(isbn).copies += 1
        queue = self.waiting.get(isbn)
        if queue:
            return queue.pop(0)
        return None

    def pay(self, name, amount):
        member = self.members[name]
        paid = min(amount, member.fines)
        member.fines -= paid
        return amount - paid

    def overdue(self, today):
        rows = []
        for member in self.members.values():
            for isbn, due in member.loans.items():
                if due < today:
                    rows.append((member.name, isbn, today - due))
        return sorted(rows, key=lambda row: row[2], reverse=True)
""",
        },
        """
import pytest
from library.models import Book, Member
from library.service import Library, Refused
from library.store import Store

@pytest.fixture
def library():
    library = Library()
    library.store.add(Book("1", "Dune", "Herbert", 1, {"sf"}))
    library.store.add(Book("2", "Emma", "Austen", 2, {"classic", "love"}))
    library.join("ann")
    library.join("bob", limit=1)
    return library

def test_store(library):
    store = library.store
    assert len(store) == 3
    store.add(Book("1", "Dune", "Herbert", 4))
    assert len(store) == 7 and store.get("1").copies == 5
    assert [b.title for b in store.search("E")] == ["Dune", "Emma"]
    assert [b.title for b in store.search("aust")] == ["Emma"]
    assert store.tagged("love", "classic") == ["2"] and store.tagged("love", "sf") == []
    with pytest.raises(LookupError):
        store.get("9")

def test_tags():
    first, second = Book("1", "a", "b"), Book("2", "c", "d")
    first.tags.add("x")
    assert second.tags == set()

def test_borrow(library):
    assert library.borrow("ann", "1", 10) == 24
    with pytest.raises(Refused):
        library.borrow("bob", "1", 11)
    assert library.bring_back("ann", "1", 20) == "bob"
    assert library.store.get("1").copies == 1
    assert library.members["ann"].fines == 0
    assert library.bring_back.__name__ == "bring_back"

def test_limit(library):
    library.borrow("bob", "1", 0)
    with pytest.raises(Refused):
        library.borrow("bob", "2", 0)
    assert library.store.get("2").copies == 2

def test_fines(library):
    library.borrow("ann", "1", 0)
    assert library.overdue(17) == [("ann", "1", 3)]
    assert library.bring_back("ann", "1", 17) is None
    assert library.members["ann"].fines == 6
    with pytest.raises(Refused):
        library.borrow("ann", "2", 18)
    assert library.pay("ann", 10) == 4
    assert library.borrow("ann", "2", 18) == 32

def test_join(library):
    with pytest.raises(Refused):
        library.join("ann")
""",
        """
import pytest
from library.models import Book, Member
from library.service import Library, Refused
from library.store import Store

def test_more():
    store = Store()
    library = Library(store)
    assert library.store is store and len(store) == 0
    for isbn, title, author in (("a", "Zoo", "Kim"), ("b", "Apes", "Kim Lee"), ("c", "Bees", "Ito")):
        store.add(Book(isbn, title, author))
    assert [b.title for b in store.search("kim")] == ["Apes", "Zoo"]
    library.join("x", 3)
    library.join("y", 3)
    library.join("z", 3)
    library.borrow("x", "a", 0)
    library.borrow("x", "b", 2)
    for name in ("y", "z"):
        with pytest.raises(Refused):
            library.borrow(name, "a", 3)
    assert library.overdue(14) == []
    assert library.overdue(20) == [("x", "a", 6), ("x", "b", 4)]
    assert library.bring_back("x", "a", 15) == "y"
    assert library.bring_back("x", "b", 15) is None
    assert library.members["x"].fines == 2
    assert library.pay("x", 1) == 0 and library.members["x"].fines == 1
    assert library.pay("x", 5) == 4 and library.members["x"].fines == 0
    library.borrow("y", "a", 16)
    assert library.bring_back("y", "a", 17) == "z"
    with pytest.raises(LookupError):
        store.get("nothing")
    with pytest.raises(Refused):
        library.join("z")
    assert not Member("q", 0).may_borrow() and Member("q").may_borrow()
    assert store.tagged() == ["a", "b", "c"]
""",
        bug("missing_statement", "        book.copies -= 1\n", "", file="library/service.py"),
        bug(
            "missing_condition",
            "self.fines == 0 and len(self.loans) < self.limit",
            "len(self.loans) < self.limit",
            file="library/models.py",
        ),
        bug(
            "wrong_exception",
            'raise LookupError(f"no book {isbn}") from None',
            'raise ValueError(f"no book {isbn}") from None',
            file="library/store.py",
        ),
        bug(
            "missing_max",
            "late = max(0, today - due)",
            "late = today - due",
            file="library/service.py",
        ),
        bug(
            "missing_statement",
            "            self.waiting.setdefault(isbn, []).append(name)\n",
            "",
            file="library/service.py",
        ),
        bug(
            "missing_argument",
            "member = Member(name, limit)",
            "member = Member(name)",
            file="library/service.py",
        ),
        bug(
            "missing_block",
            "        if known is not None:\n            known.copies += book.copies\n            return known\n",
            "",
            file="library/store.py",
        ),
        bug("wrong_import", "from library.models import Member\n", "", file="library/service.py"),
        bug("wrong_method", "queue.pop(0)", "queue.pop()", file="library/service.py"),
        bug(
            "missing_lower",
            "wanted in book.author.lower()",
            "wanted in book.author",
            file="library/store.py",
        ),
    ),
    case(
        "ledger",
        '''
import copy
import json


class NotEnough(Exception):
    def __init__(self, account, missing):
        super().__init__(f"{account} lacks {missing}")
        self.account = account
        self.missing = missing


class Ledger:
    """Accounts in cents, with a journal that can be undone."""

    def __init__(self, currency="EUR"):
        self.currency = currency
        self.balances = {}
        self.journal = []

    def open(self, name, start=0):
        if name in self.balances:
            raise ValueError(f"{name} exists")
        self.balances[name] = start
        self.journal.append(("open", name, start))

    def transfer(self, source, target, cents):
        if cents <= 0:
            raise ValueError("an amount is above nothing")
        if source == target:
            return
        if self.balances[source] < cents:
            raise NotEnough(source, cents - self.balances[source])
        self.balances[source] -= cents
        self.balances[target] += cents
        self.journal.append(("transfer", source, target, cents))

    def undo(self):
        if not self.journal:
            return None
        kind, *rest = self.journal.pop()
        if kind == "open":
            del self.balances[rest[0]]
        else:
            source, target, cents = rest
            self.balances[source] += cents
            self.balances[target] -= cents
        return kind

    def split(self, source, targets, cents):
        """In equal parts; the first ones get the cents that are over."""
        share, rest = divmod(cents, len(targets))
        for index, target in enumerate(targets):
            part = share + (1 if index < rest else 0)
            if part:
                self.transfer(source, target, part)

    def snapshot(self):
        return copy.deepcopy(self.balances)

    def statement(self, name):
        lines = []
        balance = 0
        for kind, *rest in self.journal:
            if kind == "open" and rest[0] == name:
                balance = rest[1]
                lines.append(("open", balance))
            elif kind == "transfer" and name in rest[:2]:
                source, target, cents = rest
                balance += cents if target == name else -cents
                lines.append((source if target == name else target, balance))
        return lines

    def to_json(self):
        return json.dumps({"currency": self.currency, "balances": self.balances}, sort_keys=True)

    @classmethod
    def from_json(cls, text):
        data = json.loads(text)
        ledger = cls(data["currency"])
        for name, cents in data["balances"].items():
            ledger.open(name, cents)
        return ledger


def formatted(cents, currency="EUR"):
    sign = "-" if cents < 0 else ""
    whole, part = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{part:02d} {currency}"
''',
        """
import pytest
from prog import Ledger, NotEnough, formatted

def made():
    ledger = Ledger()
    ledger.open("a", 1000)
    ledger.open("b")
    ledger.open("c", 50)
    return ledger

def test_transfer():
    ledger = made()
    ledger.transfer("a", "b", 300)
    assert ledger.balances == {"a": 700, "b": 300, "c": 50}
    with pytest.raises(NotEnough) as caught:
        ledger.transfer("c", "a", 80)
    assert caught.value.missing == 30 and caught.value.account == "c"
    with pytest.raises(ValueError):
        ledger.transfer("a", "b", 0)
    ledger.transfer("a", "a", 5)
    assert len(ledger.journal) == 4

def test_open_twice():
    with pytest.raises(ValueError):
        made().open("a")

def test_undo():
    ledger = made()
    ledger.transfer("a", "b", 100)
    assert ledger.undo() == "transfer"
    assert ledger.balances == {"a": 1000, "b": 0, "c": 50}
    assert ledger.undo() == "open" and "c" not in ledger.balances
    ledger.undo(), ledger.undo()
    assert ledger.undo() is None

def test_split():
    ledger = made()
    ledger.split("a", ["b", "c"], 101)
    assert ledger.balances == {"a": 899, "b": 51, "c": 100}
    ledger.split("a", ["b", "c"], 1)
    assert ledger.balances == {"a": 898, "b": 52, "c": 100}

def test_snapshot():
    ledger = made()
    seen = ledger.snapshot()
    ledger.transfer("a", "b", 1)
    assert seen == {"a": 1000, "b": 0, "c": 50}

def test_statement():
    ledger = made()
    ledger.transfer("a", "b", 300)
    ledger.transfer("b", "c", 100)
    assert ledger.statement("b") == [("open", 0), ("a", 300), ("c", 200)]
    assert ledger.statement("a") == [("open", 1000), ("b", 700)]

def test_json():
    ledger = made()
    again = Ledger.from_json(ledger.to_json())
    assert again.balances == ledger.balances and again.currency == "EUR"
    assert Ledger.from_json(Ledger("USD").to_json()).currency == "USD"

def test_formatted():
    assert formatted(123456) == "1,234.56 EUR"
    assert formatted(-5, "USD") == "-0.05 USD"
""",
        """
import pytest
from prog import Ledger, NotEnough, formatted

def test_more():
    ledger = Ledger("USD")
    ledger.open("x", 10)
    ledger.open("y", 20)
    ledger.open("z")
    ledger.transfer("y", "z", 20)
    assert ledger.balances == {"x": 10, "y": 0, "z": 20}
    with pytest.raises(NotEnough):
        ledger.transfer("y", "x", 1)
    with pytest.raises(ValueError):
        ledger.transfer("x", "y", -3)
    with pytest.raises(ValueError):
        ledger.open("z", 4)
    before = list(ledger.journal)
    ledger.transfer("z", "z", 1)
    assert ledger.journal == before
    ledger.split("z", ["x", "y"], 5)
    assert ledger.balances == {"x": 13, "y": 2, "z": 15}
    assert ledger.statement("x") == [("open", 10), ("z", 13)]
    assert ledger.undo() == "transfer" and ledger.balances["y"] == 0
    assert ledger.snapshot() is not ledger.balances
    assert Ledger.from_json(ledger.to_json()).balances == {"x": 13, "y": 0, "z": 17}
    assert '"currency": "USD"' in ledger.to_json()

def test_texts():
    assert formatted(0) == "0.00 EUR"
    assert formatted(-123456789) == "-1,234,567.89 EUR"
    assert formatted(7, "X") == "0.07 X"
    assert Ledger().undo() is None
""",
        bug("missing_statement", "        self.balances[target] += cents\n", ""),
        bug("missing_abs", "divmod(abs(cents), 100)", "divmod(cents, 100)"),
        bug("missing_guard", "        if source == target:\n            return\n", ""),
        bug("missing_copy", "return copy.deepcopy(self.balances)", "return self.balances"),
        bug("missing_argument", 'ledger = cls(data["currency"])', "ledger = cls()"),
        bug(
            "missing_else",
            "        else:\n            source, target, cents = rest\n            self.balances[source] += cents\n            self.balances[target] -= cents\n",
            "",
        ),
        bug(
            "swapped_arguments",
            "raise NotEnough(source, cents - self.balances[source])",
            "raise NotEnough(cents - self.balances[source], source)",
        ),
        bug(
            "wrong_sign",
            "balance += cents if target == name else -cents",
            "balance += cents if source == name else -cents",
        ),
        bug(
            "two_edits",
            "            self.balances[source] += cents\n            self.balances[target] -= cents",
            "            self.balances[source] -= cents\n            self.balances[target] += cents",
        ),
    ),
]
