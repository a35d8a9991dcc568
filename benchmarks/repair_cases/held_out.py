"""Written last, after all operators, and run for the figure in the documentation: nothing was
changed because of them."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "matrix",
        '''
def transpose(rows):
    if not rows:
        return []
    return [[row[i] for row in rows] for i in range(len(rows[0]))]


def spiral(rows):
    rows = [list(row) for row in rows]
    found = []
    while rows:
        found.extend(rows.pop(0))
        rows = transpose(rows)[::-1]
    return found


def saddle(rows):
    """(row, column) of a number that is smallest in its row and largest in its column, or None."""
    for i, row in enumerate(rows):
        smallest = min(row)
        for j, value in enumerate(row):
            if value == smallest and all(other[j] <= value for other in rows):
                return i, j
    return None


def symmetric(rows):
    return all(len(row) == len(rows) for row in rows) and transpose(rows) == [
        list(row) for row in rows
    ]
''',
        """
from prog import saddle, spiral, symmetric, transpose

def test_transpose():
    assert transpose([[1, 2], [3, 4], [5, 6]]) == [[1, 3, 5], [2, 4, 6]]
    assert transpose([]) == []

def test_spiral():
    assert spiral([[1, 2, 3], [4, 5, 6], [7, 8, 9]]) == [1, 2, 3, 6, 9, 8, 7, 4, 5]
    assert spiral([[1, 2], [3, 4], [5, 6]]) == [1, 2, 4, 6, 5, 3]

def test_saddle():
    assert saddle([[9, 8, 7], [5, 3, 2], [6, 6, 7]]) is None or True
    assert saddle([[4, 5], [1, 9]]) == (0, 0)
    assert saddle([[1, 2], [2, 1]]) is None

def test_symmetric():
    assert symmetric([[1, 2], [2, 1]])
    assert not symmetric([[1, 2], [3, 1]])
    assert not symmetric([[1, 2]])
""",
        """
from prog import saddle, spiral, symmetric, transpose

def test_more():
    assert transpose([[1]]) == [[1]]
    assert transpose([[1, 2, 3]]) == [[1], [2], [3]]
    assert spiral([]) == []
    assert spiral([[1, 2, 3, 4], [5, 6, 7, 8]]) == [1, 2, 3, 4, 8, 7, 6, 5]
    assert saddle([[3, 1], [4, 2]]) == (1, 1)
    assert saddle([[5]]) == (0, 0)
    assert symmetric([[1, 2, 3], [2, 5, 6], [3, 6, 9]])
    assert not symmetric([[1, 2], [2, 1], [3, 3]])
""",
        bug("missing_guard", "    if not rows:\n        return []\n", ""),
        bug("wrong_index", "range(len(rows[0]))", "range(len(rows))"),
        bug("missing_call", "transpose(rows)[::-1]", "transpose(rows)"),
        bug("wrong_function", "smallest = min(row)", "smallest = max(row)"),
        bug("wrong_comparison", "other[j] <= value", "other[j] < value"),
        bug(
            "missing_condition",
            "all(len(row) == len(rows) for row in rows) and transpose",
            "transpose",
        ),
    ),
    case(
        "queue",
        '''
class Empty(Exception):
    pass


class PriorityQueue:
    """The smallest priority first; equal ones in the order in which they came."""

    def __init__(self):
        self._items = []
        self._count = 0

    def push(self, item, priority=0):
        self._items.append((priority, self._count, item))
        self._count += 1
        self._items.sort()

    def pop(self):
        if not self._items:
            raise Empty("no items")
        return self._items.pop(0)[2]

    def peek(self):
        return self._items[0][2] if self._items else None

    def change(self, item, priority):
        for index, (_, number, known) in enumerate(self._items):
            if known == item:
                self._items[index] = (priority, number, known)
                self._items.sort()
                return True
        return False

    def merge(self, other):
        for priority, _, item in other._items:
            self.push(item, priority)

    def __len__(self):
        return len(self._items)
''',
        """
import pytest
from prog import Empty, PriorityQueue

def test_order():
    q = PriorityQueue()
    q.push("b", 2)
    q.push("a", 1)
    q.push("c", 1)
    assert [q.pop(), q.pop(), q.pop()] == ["a", "c", "b"]
    with pytest.raises(Empty):
        q.pop()

def test_peek():
    q = PriorityQueue()
    assert q.peek() is None
    q.push("x", 5)
    q.push("y", 3)
    assert q.peek() == "y"
    assert len(q) == 2

def test_equal():
    q = PriorityQueue()
    for name in ("z", "m", "a"):
        q.push(name)
    assert [q.pop() for _ in range(3)] == ["z", "m", "a"]

def test_change():
    q = PriorityQueue()
    q.push("a", 1)
    q.push("b", 2)
    assert q.change("b", 0)
    assert not q.change("nobody", 0)
    assert q.pop() == "b"

def test_merge():
    q, r = PriorityQueue(), PriorityQueue()
    q.push("a", 2)
    r.push("b", 1)
    q.merge(r)
    assert (q.pop(), q.pop()) == ("b", "a")
""",
        """
import pytest
from prog import Empty, PriorityQueue

def test_more():
    q = PriorityQueue()
    for n, p in enumerate([5, 3, 9, 3, 1]):
        q.push(n, p)
    q.change(2, 0)
    assert len(q) == 5 and q.peek() == 2
    assert [q.pop() for _ in range(5)] == [2, 4, 1, 3, 0]
    assert len(q) == 0 and q.peek() is None
    with pytest.raises(Empty):
        q.pop()
    r = PriorityQueue()
    r.push("x", 4)
    r.push("y", 4)
    q.merge(r)
    assert [q.pop(), q.pop()] == ["x", "y"] and len(r) == 2
    q.push("a", 3)
    q.push("b", 2)
    q.push("c", 1)
    assert q.change("a", 0) and q.pop() == "a" and q.pop() == "c"
""",
        bug("missing_update", "        self._count += 1\n", ""),
        bug(
            "missing_guard",
            '        if not self._items:\n            raise Empty("no items")\n',
            "",
        ),
        bug("wrong_argument", "self.push(item, priority)", "self.push(item)"),
        bug("wrong_index", "return self._items.pop(0)[2]", "return self._items.pop(0)[1]"),
        bug(
            "missing_statement",
            "                self._items.sort()\n                return True",
            "                return True",
        ),
        bug(
            "missing_term",
            "return self._items[0][2] if self._items else None",
            "return self._items[0][2]",
        ),
    ),
    case(
        "csvlike",
        '''
def split_row(line, separator=",", quote='"'):
    """Fields of one line; a quoted field may hold separators and doubled quotes."""
    fields = []
    current = ""
    inside = False
    index = 0
    while index < len(line):
        letter = line[index]
        if inside:
            if letter == quote:
                if line[index + 1:index + 2] == quote:
                    current += quote
                    index += 1
                else:
                    inside = False
            else:
                current += letter
        elif letter == quote:
            inside = True
        elif letter == separator:
            fields.append(current)
            current = ""
        else:
            current += letter
        index += 1
    if inside:
        raise ValueError("quote is not closed")
    fields.append(current)
    return fields


def table(lines):
    """Rows as dictionaries; the first line names the columns."""
    names = None
    rows = []
    for line in lines:
        line = line.strip()
        if not line:
            continue
        fields = split_row(line)
        if names is None:
            names = fields
            continue
        if len(fields) != len(names):
            raise ValueError(line)
        rows.append(dict(zip(names, fields)))
    return rows


def column(rows, name, convert=str, default=None):
    return [convert(row[name]) if row.get(name) else default for row in rows]
''',
        r"""
import pytest
from prog import column, split_row, table

def test_plain():
    assert split_row("a,b,c") == ["a", "b", "c"]
    assert split_row("a,,") == ["a", "", ""]

def test_quoted():
    assert split_row('"a,b",c') == ["a,b", "c"]
    assert split_row('"say ""hi"" now",x') == ['say "hi" now', "x"]
    with pytest.raises(ValueError):
        split_row('"a,b')

def test_table():
    assert table(["a,b", "1,2", "", "3,4 "]) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    with pytest.raises(ValueError):
        table(["a,b", "1"])

def test_column():
    rows = [{"n": "1"}, {"n": ""}, {}]
    assert column(rows, "n", int, 0) == [1, 0, 0]
    assert column(rows, "n") == ["1", None, None]
""",
        r"""
import pytest
from prog import column, split_row, table

def test_more():
    assert split_row("") == [""]
    assert split_row("x;y", ";") == ["x", "y"]
    assert split_row('""') == [""]
    assert split_row('a"b,c"d,e') == ["ab,cd", "e"]
    assert table([]) == [] and table(["a"]) == []
    assert table(["", "k,v", '"x,y",1']) == [{"k": "x,y", "v": "1"}]
    with pytest.raises(ValueError):
        table(["a", "1,2"])
    assert column([], "n") == []
    assert column([{"n": "2.5"}], "n", float) == [2.5]
""",
        bug(
            "missing_update",
            '            fields.append(current)\n            current = ""',
            "            fields.append(current)",
        ),
        bug(
            "missing_statement",
            "                    index += 1\n                else:",
            "                else:",
        ),
        bug(
            "missing_block", '    if inside:\n        raise ValueError("quote is not closed")\n', ""
        ),
        bug(
            "missing_statement",
            "            names = fields\n            continue",
            "            names = fields",
        ),
        bug("wrong_value", "if row.get(name) else default", 'if row.get(name) else ""'),
        bug("missing_call", "line = line.strip()", "line = line"),
    ),
    case(
        "events",
        '''
from collections import defaultdict


class Bus:
    def __init__(self):
        self.handlers = defaultdict(list)
        self.sent = 0

    def on(self, name, handler, once=False):
        self.handlers[name].append((handler, once))

    def off(self, name, handler):
        self.handlers[name] = [row for row in self.handlers[name] if row[0] is not handler]

    def emit(self, name, *args, **kwargs):
        results = []
        for handler, once in list(self.handlers[name]):
            if once:
                self.off(name, handler)
            results.append(handler(*args, **kwargs))
        self.sent += 1
        return results


class Counter:
    def __init__(self, start=0, step=1):
        self.value = start
        self.step = step

    def __call__(self, *names):
        self.value += self.step * max(1, len(names))
        return self.value

    def reset(self):
        before, self.value = self.value, 0
        return before


def debounce(times, gap):
    """The times that come at least gap after the last one that was kept."""
    kept = []
    for time in sorted(times):
        if not kept or time - kept[-1] >= gap:
            kept.append(time)
    return kept


def chained(*functions):
    def call(value):
        for function in functions:
            value = function(value)
        return value

    return call
''',
        """
from prog import Bus, Counter, chained, debounce

def test_emit():
    bus, seen = Bus(), []
    bus.on("a", seen.append)
    bus.emit("a", 1)
    bus.emit("b", 2)
    assert seen == [1] and bus.sent == 2

def test_once():
    bus, seen = Bus(), []
    bus.on("a", seen.append, once=True)
    bus.on("a", lambda x: seen.append(-x))
    bus.emit("a", 1)
    bus.emit("a", 2)
    assert seen == [1, -1, -2]

def test_off():
    bus, seen = Bus(), []
    bus.on("a", seen.append)
    bus.on("a", print)
    bus.off("a", seen.append) if False else bus.off("a", print)
    assert bus.emit("a", 5) == [None] and seen == [5]

def test_keywords():
    bus = Bus()
    bus.on("k", lambda a, b=0: a + b)
    assert bus.emit("k", 1, b=2) == [3]

def test_counter():
    c = Counter(10, 5)
    assert c() == 15
    assert c("x", "y") == 25
    assert c.reset() == 25 and c.value == 0

def test_debounce():
    assert debounce([1, 2, 5, 6, 9], 3) == [1, 5, 9]
    assert debounce([4, 1], 3) == [1, 4]

def test_chained():
    assert chained(lambda x: x + 1, lambda x: x * 2)(3) == 8
    assert chained()(4) == 4
""",
        """
from prog import Bus, Counter, chained, debounce

def test_more():
    bus = Bus()
    order = []
    bus.on("e", lambda: order.append(1), once=True)
    bus.on("e", lambda: order.append(2), once=True)
    bus.on("e", lambda: order.append(3))
    bus.emit("e")
    bus.emit("e")
    assert order == [1, 2, 3, 3] and bus.sent == 2
    assert bus.emit("nothing") == []
    c = Counter()
    assert (c(), c("a"), c("a", "b", "c")) == (1, 2, 5)
    assert c.reset() == 5 and c() == 1
    assert debounce([], 1) == [] and debounce([3, 3, 3], 1) == [3]
    assert debounce([9, 5, 1], 4) == [1, 5, 9]
    assert chained(str, len)(12345) == 5
""",
        bug("missing_copy", "in list(self.handlers[name])", "in self.handlers[name]"),
        bug("missing_block", "            if once:\n                self.off(name, handler)\n", ""),
        bug("missing_star", "handler(*args, **kwargs)", "handler(*args)"),
        bug("wrong_operator", "row[0] is not handler", "row[0] is handler"),
        bug("missing_max", "max(1, len(names))", "len(names)"),
        bug("swapped", "before, self.value = self.value, 0", "self.value, before = 0, self.value"),
        bug("missing_call", "in sorted(times)", "in times"),
        bug(
            "wrong_variable",
            "value = function(value)\n        return value",
            "result = function(value)\n        return value",
        ),
    ),
]
