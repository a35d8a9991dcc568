"""The twin of `second_dev`: bugs of the same kinds in other programs, written before anything was
mended for either and run once for the figure. Two of its misses were mended in general afterwards,
so a figure of a later run is of a set that has been looked at."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "calendar",
        '''
from datetime import date, timedelta


def is_workday(day, holidays=()):
    return day.weekday() < 5 and day not in holidays


def add_workdays(day, n, holidays=()):
    """The nth workday after `day` (before it when n is negative)."""
    step = timedelta(days=1 if n >= 0 else -1)
    left = abs(n)
    while left > 0:
        day += step
        if is_workday(day, holidays):
            left -= 1
    return day


def overlaps(first, second):
    """Do two half-open (start, end) pairs share a moment?"""
    return first[0] < second[1] and second[0] < first[1]


def merge(spans):
    """Spans that touch or overlap become one; in order."""
    merged = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def free(spans, start, end, minimum=1):
    """Gaps of at least `minimum` between spans, from start to end."""
    gaps = []
    position = start
    for begin, finish in merge(spans):
        if finish <= start:
            continue
        if begin >= end:
            break
        if begin - position >= minimum:
            gaps.append((position, begin))
        position = max(position, finish)
    if end - position >= minimum:
        gaps.append((position, end))
    return gaps


def age(born, today):
    years = today.year - born.year
    if (today.month, today.day) < (born.month, born.day):
        years -= 1
    return years


def month_rows(year, month):
    """Weeks of a month as lists of seven, None outside the month; Monday first."""
    first = date(year, month, 1)
    row = [None] * first.weekday()
    rows = []
    day = first
    while day.month == month:
        row.append(day.day)
        if len(row) == 7:
            rows.append(row)
            row = []
        day += timedelta(days=1)
    if row:
        rows.append(row + [None] * (7 - len(row)))
    return rows
''',
        """
from datetime import date
from prog import add_workdays, age, free, is_workday, merge, month_rows, overlaps

def test_workdays():
    assert is_workday(date(2024, 5, 3)) and not is_workday(date(2024, 5, 4))
    assert not is_workday(date(2024, 5, 1), {date(2024, 5, 1)})
    assert add_workdays(date(2024, 5, 3), 1) == date(2024, 5, 6)
    assert add_workdays(date(2024, 5, 6), -1) == date(2024, 5, 3)
    assert add_workdays(date(2024, 5, 3), 2, {date(2024, 5, 6)}) == date(2024, 5, 8)
    assert add_workdays(date(2024, 5, 4), 0) == date(2024, 5, 4)

def test_overlaps():
    assert overlaps((1, 4), (3, 5)) and overlaps((3, 5), (1, 4))
    assert not overlaps((1, 3), (3, 5)) and not overlaps((3, 5), (1, 3))

def test_merge():
    assert merge([(5, 6), (1, 3), (2, 4)]) == [(1, 4), (5, 6)]
    assert merge([(1, 9), (2, 3)]) == [(1, 9)]
    assert merge([(1, 2), (2, 3)]) == [(1, 3)]
    assert merge([]) == []

def test_free():
    assert free([(2, 4), (6, 7)], 0, 10) == [(0, 2), (4, 6), (7, 10)]
    assert free([(2, 4), (6, 7)], 0, 10, 3) == [(7, 10)]
    assert free([(0, 3), (9, 12)], 2, 9) == [(3, 9)]
    assert free([(-3, -1)], 0, 4) == [(0, 4)]
    assert free([(8, 9)], 0, 4) == [(0, 4)]
    assert free([(0, 4)], 0, 4) == []

def test_age():
    assert age(date(2000, 5, 10), date(2024, 5, 9)) == 23
    assert age(date(2000, 5, 10), date(2024, 5, 10)) == 24
    assert age(date(2000, 5, 10), date(2024, 12, 1)) == 24

def test_month():
    assert month_rows(2021, 2) == [list(range(1, 8)), list(range(8, 15)), list(range(15, 22)), list(range(22, 29))]
    rows = month_rows(2024, 5)
    assert rows[0] == [None, None, 1, 2, 3, 4, 5]
    assert rows[-1] == [27, 28, 29, 30, 31, None, None]
""",
        """
from datetime import date
from prog import add_workdays, age, free, is_workday, merge, month_rows, overlaps

def test_more():
    assert not is_workday(date(2024, 5, 5)) and is_workday(date(2024, 5, 9), [date(2024, 5, 8)])
    assert add_workdays(date(2024, 5, 8), 7) == date(2024, 5, 17)
    assert add_workdays(date(2024, 5, 8), -5, [date(2024, 5, 7)]) == date(2024, 4, 30)
    assert overlaps((0, 10), (4, 5)) and overlaps((4, 5), (0, 10)) and not overlaps((0, 1), (7, 9))
    assert merge([(4, 8), (1, 2), (5, 6), (8, 9)]) == [(1, 2), (4, 9)]
    assert merge([(0, 5), (1, 2), (3, 7), (10, 11)]) == [(0, 7), (10, 11)]
    assert free([(1, 5), (2, 3), (7, 8)], 0, 9) == [(0, 1), (5, 7), (8, 9)]
    assert free([(1, 5), (7, 8)], 0, 9, 2) == [(5, 7)]
    assert free([], 3, 5) == [(3, 5)]
    assert free([(-5, 1), (2, 30)], 0, 9) == [(1, 2)]
    assert free([(3, 4), (20, 30)], 0, 9) == [(0, 3), (4, 9)]
    assert age(date(1990, 12, 31), date(2020, 1, 1)) == 29
    assert age(date(1990, 1, 31), date(2020, 2, 1)) == 30
    assert age(date(1990, 2, 1), date(2020, 1, 31)) == 29
    rows = month_rows(2023, 10)
    assert rows[0] == [None] * 6 + [1] and rows[-1] == [30, 31] + [None] * 5 and len(rows) == 6
    assert all(len(r) == 7 for r in month_rows(2024, 2))
""",
        bug("missing_conjunct", "day.weekday() < 5 and day not in holidays", "day.weekday() < 5"),
        bug(
            "wrong_operator",
            "first[0] < second[1] and second[0]",
            "first[0] < second[1] or second[0]",
        ),
        bug("missing_call", "left = abs(n)", "left = n"),
        bug("missing_sort", "in sorted(spans):", "in spans:"),
        bug("missing_call", "max(merged[-1][1], end))", "end)"),
        bug("missing_guard", "        if finish <= start:\n            continue\n", ""),
        bug("missing_call", "position = max(position, finish)", "position = finish + 1"),
        bug(
            "missing_tail",
            "    if end - position >= minimum:\n        gaps.append((position, end))\n",
            "",
        ),
        bug(
            "missing_block",
            "    if (today.month, today.day) < (born.month, born.day):\n        years -= 1\n",
            "",
        ),
        bug(
            "wrong_comparison",
            "(today.month, today.day) < (born.month, born.day)",
            "today.month < born.month and today.day < born.day",
        ),
        bug(
            "missing_reset",
            "            rows.append(row)\n            row = []\n",
            "            rows.append(row)\n",
        ),
        bug("missing_padding", "row + [None] * (7 - len(row))", "row"),
    ),
    case(
        "cache",
        '''
from collections import OrderedDict


class Missing(KeyError):
    pass


class Cache:
    """Keeps the `size` keys that were used last, each for `ttl` ticks of the clock."""

    def __init__(self, size, ttl=None, clock=None):
        if size < 1:
            raise ValueError("size must be at least 1")
        self.size = size
        self.ttl = ttl
        self.clock = clock or (lambda: 0)
        self.hits = 0
        self.misses = 0
        self._entries = OrderedDict()

    def __len__(self):
        return len(self._entries)

    def __contains__(self, key):
        return key in self._entries and not self._expired(key)

    def _expired(self, key):
        if self.ttl is None:
            return False
        _, stored = self._entries[key]
        return self.clock() - stored >= self.ttl

    def put(self, key, value):
        if key in self._entries:
            del self._entries[key]
        self._entries[key] = (value, self.clock())
        while len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def get(self, key, default=None):
        if key not in self._entries:
            self.misses += 1
            return default
        if self._expired(key):
            del self._entries[key]
            self.misses += 1
            return default
        self.hits += 1
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def require(self, key):
        if key not in self:
            raise Missing(key)
        return self.get(key)

    def ratio(self):
        asked = self.hits + self.misses
        if asked == 0:
            return 0.0
        return self.hits / asked


class Loading(Cache):
    """Loads what is not there."""

    def __init__(self, size, load, ttl=None, clock=None):
        super().__init__(size, ttl, clock)
        self.load = load

    def get(self, key, default=None):
        if key in self:
            return super().get(key, default)
        value = self.load(key)
        if value is None:
            return default
        self.misses += 1
        self.put(key, value)
        return value


def memoized(function, seen=None):
    seen = {} if seen is None else seen

    def wrapper(*args, **kwargs):
        key = (args, tuple(sorted(kwargs.items())))
        if key not in seen:
            seen[key] = function(*args, **kwargs)
        return seen[key]

    return wrapper
''',
        """
import pytest
from prog import Cache, Loading, Missing, memoized

class Clock:
    now = 0
    def __call__(self):
        return self.now

def test_keeps_the_last():
    cache = Cache(2)
    cache.put("a", 1); cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert "b" not in cache and "a" in cache and len(cache) == 2

def test_put_again():
    cache = Cache(2)
    cache.put("a", 1); cache.put("b", 2); cache.put("a", 9); cache.put("c", 3)
    assert cache.get("a") == 9
    assert cache.get("b") is None

def test_size():
    with pytest.raises(ValueError):
        Cache(0)

def test_ttl():
    clock = Clock()
    cache = Cache(5, ttl=10, clock=clock)
    cache.put("a", 1)
    clock.now = 9
    assert cache.get("a") == 1 and "a" in cache
    clock.now = 10
    assert "a" not in cache
    assert cache.get("a", 7) == 7
    assert len(cache) == 0
    with pytest.raises(Missing):
        cache.require("a")

def test_ratio():
    cache = Cache(3)
    assert cache.ratio() == 0.0
    cache.put("a", 1); cache.get("a"); cache.get("a"); cache.get("a"); cache.get("z")
    assert cache.ratio() == 0.75

def test_loading():
    asked = []
    def load(key):
        asked.append(key)
        return key * 2 if key < 10 else None
    cache = Loading(3, load)
    assert cache.get(2) == 4 and cache.get(2) == 4
    assert cache.get(50, "none") == "none"
    assert asked == [2, 50]
    assert (cache.hits, cache.misses) == (1, 1)

def test_memoized():
    calls = []
    def f(a, b=1):
        calls.append((a, b))
        return a + b
    g = memoized(f)
    assert g(1) == 2 and g(1) == 2 and g(1, b=5) == 6 and g(1, b=6) == 7
    assert calls == [(1, 1), (1, 5), (1, 6)]
    assert memoized(len)("abc") == 3
""",
        """
import pytest
from prog import Cache, Loading, Missing, memoized

class Clock:
    now = 0
    def __call__(self):
        return self.now

def test_more():
    cache = Cache(3)
    for number in range(6):
        cache.put(number, number * number)
    assert [n for n in range(6) if n in cache] == [3, 4, 5]
    cache.get(3); cache.put(9, 81)
    assert 3 in cache and 4 not in cache
    cache.put(5, "x"); cache.put(10, 1)
    assert 5 in cache and 3 not in cache and cache.get(5) == "x"
    with pytest.raises(ValueError):
        Cache(-2)
    assert len(Cache(1)) == 0

def test_times():
    clock = Clock()
    cache = Cache(2, 3, clock)
    cache.put("a", 1); clock.now = 2; cache.put("b", 2); clock.now = 4
    assert "a" not in cache and "b" in cache and cache.get("a") is None and len(cache) == 1
    assert cache.hits == 0 and cache.misses == 1
    assert cache.require("b") == 2
    clock.now = 5
    with pytest.raises(Missing):
        cache.require("b")
    with pytest.raises(KeyError):
        cache.require("never")

def test_loads():
    clock = Clock()
    cache = Loading(1, str, 2, clock)
    assert cache.get(1) == "1" and cache.get(2) == "2" and cache.get(1) == "1"
    assert cache.misses == 3 and cache.hits == 0 and len(cache) == 1
    clock.now = 5
    assert 1 not in cache and cache.get(1) == "1" and 1 in cache

def test_memo():
    seen = {}
    g = memoized(lambda *a, **k: (a, k), seen)
    assert g(1, x=2, y=3) == ((1,), {"x": 2, "y": 3})
    g(1, y=3, x=2)
    assert len(seen) == 1
    g(2)
    assert len(seen) == 2
""",
        bug(
            "missing_conjunct",
            "key in self._entries and not self._expired(key)",
            "key in self._entries",
        ),
        bug("missing_not", "and not self._expired(key)", "and self._expired(key)"),
        bug("missing_guard", "        if self.ttl is None:\n            return False\n", ""),
        bug("missing_keyword", "popitem(last=False)", "popitem()"),
        bug("missing_statement", "        self._entries.move_to_end(key)\n", ""),
        bug(
            "missing_block",
            "        if key in self._entries:\n            del self._entries[key]\n        self._entries[key] = (value",
            "        self._entries[key] = (value",
        ),
        bug("missing_guard", "        if asked == 0:\n            return 0.0\n", ""),
        bug("missing_statement", "        self.hits += 1\n", ""),
        bug("missing_super", "        super().__init__(size, ttl, clock)\n", ""),
        bug("missing_statement", "        self.put(key, value)\n", ""),
        bug("missing_guard", "        if value is None:\n            return default\n", ""),
        bug("missing_part", "key = (args, tuple(sorted(kwargs.items())))", "key = args"),
        bug("wrong_index", "return self._entries[key][0]", "return self._entries[key]"),
        bug("missing_return", "\n    return wrapper\n", "\n"),
        bug(
            "missing_guard",
            '        if size < 1:\n            raise ValueError("size must be at least 1")\n',
            "",
        ),
        bug(
            "missing_statement",
            "            del self._entries[key]\n            self.misses += 1\n",
            "            self.misses += 1\n",
        ),
    ),
    case(
        "tables",
        '''
import re


def parse_row(line, separator=","):
    """Cells of a line; a quoted cell may hold the separator, and \\"\\" for a quote."""
    cells = []
    cell = ""
    quoted = False
    i = 0
    while i < len(line):
        char = line[i]
        if quoted:
            if char == '"' and line[i + 1 : i + 2] == '"':
                cell += '"'
                i += 1
            elif char == '"':
                quoted = False
            else:
                cell += char
        elif char == '"':
            quoted = True
        elif char == separator:
            cells.append(cell)
            cell = ""
        else:
            cell += char
        i += 1
    if quoted:
        raise ValueError("quote is not closed")
    cells.append(cell)
    return cells


def to_records(text):
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    header = [name.strip().lower() for name in parse_row(lines[0])]
    records = []
    for number, line in enumerate(lines[1:], start=2):
        cells = parse_row(line)
        if len(cells) != len(header):
            raise ValueError(f"line {number}: {len(cells)} cells")
        records.append(dict(zip(header, (convert(cell) for cell in cells))))
    return records


def convert(cell):
    cell = cell.strip()
    if cell == "":
        return None
    if re.fullmatch(r"-?\\d+", cell):
        return int(cell)
    if re.fullmatch(r"-?\\d*\\.\\d+", cell):
        return float(cell)
    if cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    return cell


def group(records, key, value):
    """key -> (count, sum) over records that have a value."""
    groups = {}
    for record in records:
        if record.get(value) is None:
            continue
        count, total = groups.get(record[key], (0, 0))
        groups[record[key]] = (count + 1, total + record[value])
    return groups


def render(rows, gap=2):
    """Columns as wide as their widest cell; numbers to the right; no blanks at the end."""
    if not rows:
        return ""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = []
        for cell, width in zip(row, widths):
            text = str(cell)
            if isinstance(cell, int):
                cells.append(text.rjust(width))
            else:
                cells.append(text.ljust(width))
        lines.append((" " * gap).join(cells).rstrip())
    return "\\n".join(lines)


def flatten(value, prefix=""):
    """Nested mappings and lists as {"a.b.0": leaf}."""
    if isinstance(value, dict):
        pairs = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(str(index), inner) for index, inner in enumerate(value)]
    else:
        return {prefix: value}
    flat = {}
    for name, inner in pairs:
        flat.update(flatten(inner, f"{prefix}.{name}" if prefix else name))
    return flat
''',
        '''
import pytest
from prog import convert, flatten, group, parse_row, render, to_records

def test_parse_row():
    assert parse_row("a,b,,c") == ["a", "b", "", "c"]
    assert parse_row('"a,b",c') == ["a,b", "c"]
    assert parse_row('"say ""hi""",x') == ['say "hi"', "x"]
    assert parse_row("a;b", ";") == ["a", "b"]
    with pytest.raises(ValueError):
        parse_row('"a,b')

def test_records():
    assert to_records("Name, Age\\nann,3\\n\\nbob, 4\\n") == [{"name": "ann", "age": 3}, {"name": "bob", "age": 4}]
    assert to_records("\\n") == []
    with pytest.raises(ValueError, match="line 3"):
        to_records("a,b\\n1,2\\n3\\n")

def test_convert():
    assert convert(" 12 ") == 12 and convert("-3") == -3
    assert convert("1.5") == 1.5 and convert(".5") == 0.5
    assert convert("TRUE") is True and convert("false") is False
    assert convert("") is None and convert("x1") == "x1"

def test_group():
    rows = [{"k": "a", "v": 1}, {"k": "b", "v": None}, {"k": "a", "v": 5}, {"k": "c"}]
    assert group(rows, "k", "v") == {"a": (2, 6)}

def test_render():
    assert render([("name", "n"), ("a", 10), ("bcdefg", 5)]) == "name    n\\na       10\\nbcdefg   5"
    assert render([]) == ""
    assert render([("a", "b")], 1) == "a b"

def test_flatten():
    assert flatten({"a": {"b": [1, 2]}, "c": 3}) == {"a.b.0": 1, "a.b.1": 2, "c": 3}
    assert flatten(5, "x") == {"x": 5}
''',
        '''
import pytest
from prog import convert, flatten, group, parse_row, render, to_records

def test_rows():
    assert parse_row("") == [""]
    assert parse_row(",") == ["", ""]
    assert parse_row('"",x,""') == ["", "x", ""]
    assert parse_row('"""q"""') == ['"q"']
    assert parse_row('a"b,c"d,e') == ["ab,cd", "e"]
    assert parse_row("1,2,3") == ["1", "2", "3"]
    for bad in ('"', 'a,"b', '"a""'):
        with pytest.raises(ValueError):
            parse_row(bad)

def test_all():
    assert to_records("") == []
    assert to_records("  \\nA\\n1\\n  \\n2.5\\n") == [{"a": 1}, {"a": 2.5}]
    assert to_records("A,B\\n") == []
    with pytest.raises(ValueError):
        to_records("a\\n1,2\\n")
    assert convert("  ") is None and convert("1.") == "1." and convert("-0.25") == -0.25
    assert convert("True") is True and convert("truer") == "truer" and convert("1a") == "1a"
    assert convert(" x y ") == "x y"
    rows = [{"k": 1, "v": 2.5}, {"k": 2, "v": 0}, {"k": 1, "v": -1}]
    assert group(rows, "k", "v") == {1: (2, 1.5), 2: (1, 0)}
    assert group([], "k", "v") == {}
    assert render([(1, "a"), (100, "bb")]) == "  1  a\\n100  bb"
    assert render([("x", ""), ("yy", "")], 3) == "x\\nyy"
    assert flatten({}) == {}
    assert flatten([{"a": 1}, [2]]) == {"0.a": 1, "1.0": 2}
    assert flatten({1: {2: None}}, "p") == {"p.1.2": None}
''',
        bug(
            "missing_statement",
            '            cells.append(cell)\n            cell = ""\n',
            "            cells.append(cell)\n",
        ),
        bug("missing_tail", "    cells.append(cell)\n    return cells", "    return cells"),
        bug(
            "missing_guard", '    if quoted:\n        raise ValueError("quote is not closed")\n', ""
        ),
        bug(
            "missing_step",
            "                cell += '\"'\n                i += 1\n",
            "                cell += '\"'\n",
        ),
        bug(
            "missing_condition",
            "for line in text.splitlines() if line.strip()]",
            "for line in text.splitlines()]",
        ),
        bug("missing_guard", "    if not lines:\n        return []\n", ""),
        bug("off_by_one", "lines[1:], start=2", "lines[1:], start=1"),
        bug("missing_call", "name.strip().lower() for", "name.lower() for"),
        bug("missing_statement", "    cell = cell.strip()\n", ""),
        bug("missing_conversion", "        return float(cell)\n", "        return cell\n"),
        bug("missing_guard", "        if record.get(value) is None:\n            continue\n", ""),
        bug("wrong_value", "(count + 1, total + record[value])", "(count + 1, record[value])"),
        bug("wrong_type", "isinstance(cell, int)", "isinstance(text, int)"),
        bug("missing_call", ".join(cells).rstrip())", ".join(cells))"),
        bug(
            "missing_branch",
            "    elif isinstance(value, list):\n        pairs = [(str(index), inner) for index, inner in enumerate(value)]\n",
            "",
        ),
        bug("wrong_prefix", 'f"{prefix}.{name}" if prefix else name', "name"),
        bug(
            "missing_conversion",
            "len(str(cell)) for cell in column",
            "len(cell) for cell in column",
        ),
    ),
]
