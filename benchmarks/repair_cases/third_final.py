"""A third set: bugs of the kinds that people make in a line or two, in programs of other fields.

Written after everything that mends them, and run once for the figure."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "stock",
        '''
from collections import defaultdict
from dataclasses import dataclass, field


class OutOfStock(Exception):
    pass


@dataclass
class Item:
    sku: str
    price: int
    tags: list = field(default_factory=list)

    def label(self):
        return f"{self.sku}: {self.price / 100:.2f}"


class Stock:
    def __init__(self, items=()):
        self.items = {}
        self.counts = defaultdict(int)
        self.log = []
        for item in items:
            self.items[item.sku] = item

    def receive(self, sku, n=1):
        if sku not in self.items:
            raise KeyError(sku)
        if n <= 0:
            raise ValueError("n must be positive")
        self.counts[sku] += n
        self.log.append((sku, n))

    def take(self, sku, n=1):
        if self.counts[sku] < n:
            raise OutOfStock(sku)
        self.counts[sku] -= n
        self.log.append((sku, -n))
        return self.items[sku].price * n

    def value(self):
        return sum(self.items[sku].price * n for sku, n in self.counts.items())

    def low(self, limit):
        return sorted(sku for sku in self.items if self.counts[sku] <= limit)

    def tagged(self, *tags):
        return [i.sku for i in self.items.values() if all(t in i.tags for t in tags)]

    def cheapest(self, n=1):
        return [i.sku for i in sorted(self.items.values(), key=lambda i: (i.price, i.sku))[:n]]

    def moved(self):
        totals = {}
        for sku, n in self.log:
            totals[sku] = totals.get(sku, 0) + abs(n)
        return totals

    def copy(self):
        other = Stock(self.items.values())
        other.counts = self.counts.copy()
        other.log = list(self.log)
        return other


def discount(total, percent=0, minimum=0):
    """Whole cents, rounded down; nothing below the minimum."""
    if total < minimum:
        return total
    return total - total * percent // 100


def group_by_tag(items):
    groups = {}
    for item in items:
        for tag in item.tags:
            groups.setdefault(tag, []).append(item.sku)
    return groups
''',
        """
import pytest
from prog import Item, OutOfStock, Stock, discount, group_by_tag

def stock():
    made = Stock([Item("b", 250, ["x"]), Item("a", 250, ["x", "y"]), Item("c", 99)])
    made.receive("a", 3)
    made.receive("b")
    return made

def test_label():
    assert Item("a", 250).label() == "a: 2.50"
    assert Item("a", 1).tags is not Item("b", 1).tags

def test_receive():
    s = stock()
    assert s.counts["a"] == 3 and s.counts["b"] == 1
    with pytest.raises(KeyError):
        s.receive("zz")
    with pytest.raises(ValueError):
        s.receive("a", 0)

def test_take():
    s = stock()
    assert s.take("a", 3) == 750
    assert s.counts["a"] == 0
    with pytest.raises(OutOfStock):
        s.take("a")
    assert s.log[-1] == ("a", -3)

def test_value():
    assert stock().value() == 1000

def test_low():
    assert stock().low(1) == ["b", "c"]
    assert stock().low(0) == ["c"]

def test_tagged():
    assert stock().tagged("x") == ["b", "a"]
    assert stock().tagged("x", "y") == ["a"]
    assert stock().tagged("q", "x") == []

def test_cheapest():
    assert stock().cheapest() == ["c"]
    assert stock().cheapest(3) == ["c", "a", "b"]

def test_moved():
    s = stock()
    s.take("a", 2)
    assert s.moved() == {"a": 5, "b": 1}

def test_copy():
    s = stock()
    t = s.copy()
    t.take("a")
    assert s.counts["a"] == 3 and t.counts["a"] == 2
    assert len(s.log) == 2 and len(t.log) == 3

def test_discount():
    assert discount(1000, 10) == 900
    assert discount(999, 10) == 900
    assert discount(500, 10, 500) == 450
    assert discount(499, 10, 500) == 499

def test_groups():
    assert group_by_tag([Item("a", 1, ["x", "y"]), Item("b", 1, ["x"])]) == {"x": ["a", "b"], "y": ["a"]}
""",
        """
import pytest
from prog import Item, OutOfStock, Stock, discount, group_by_tag

def test_more():
    s = Stock([Item("p", 5, ["k"]), Item("q", 7, ["k", "m"]), Item("r", 7, ["m"])])
    with pytest.raises(OutOfStock):
        s.take("p")
    s.receive("p", 10)
    s.receive("q", 2)
    with pytest.raises(OutOfStock):
        s.take("q", 3)
    assert s.take("q", 2) == 14 and s.take("p", 4) == 20
    assert s.value() == 30
    assert s.low(0) == ["q", "r"] and s.low(6) == ["p", "q", "r"]
    assert s.tagged("m") == ["q", "r"] and s.tagged("m", "k") == ["q"] and s.tagged() == ["p", "q", "r"]
    assert s.cheapest(2) == ["p", "q"] and s.cheapest(9) == ["p", "q", "r"]
    assert s.moved() == {"p": 14, "q": 4}
    with pytest.raises(ValueError):
        s.receive("p", -2)
    t = s.copy()
    t.receive("r", 1)
    assert s.counts["r"] == 0 and s.moved() == {"p": 14, "q": 4} and t.value() == 37
    assert t.take("p", 6) == 30
    assert Item("z", 1005).label() == "z: 10.05"
    assert discount(101, 50) == 51 and discount(100, 0) == 100 and discount(300, 25, 200) == 225
    assert discount(199, 25, 200) == 199
    assert group_by_tag([Item("a", 1), Item("b", 1, ["m"]), Item("c", 1, ["m"])]) == {"m": ["b", "c"]}
""",
        bug("shared_default", "tags: list = field(default_factory=list)", "tags: list = None"),
        bug("wrong_constant", "self.price / 100:.2f", "self.price / 10:.2f"),
        bug("boundary", "if n <= 0:", "if n < 0:"),
        bug("boundary", "if self.counts[sku] < n:", "if self.counts[sku] <= n:"),
        bug("wrong_sign", "self.log.append((sku, -n))", "self.log.append((sku, n))"),
        bug(
            "wrong_variable", "return self.items[sku].price * n\n", "return self.items[sku].price\n"
        ),
        bug("any_for_all", "if all(t in i.tags", "if any(t in i.tags"),
        bug("wrong_key", "key=lambda i: (i.price, i.sku))", "key=lambda i: i.price)"),
        bug("missing_call", "totals.get(sku, 0) + abs(n)", "totals.get(sku, 0) + n"),
        bug("alias", "other.counts = self.counts.copy()", "other.counts = self.counts"),
        bug("alias", "other.log = list(self.log)", "other.log = self.log"),
        bug("precedence", "total - total * percent // 100", "total - total * (percent // 100)"),
        bug(
            "lost_entries",
            "groups.setdefault(tag, []).append(item.sku)",
            "groups[tag] = [item.sku]",
        ),
        bug("wrong_exception", "raise OutOfStock(sku)", "raise KeyError(sku)"),
    ),
    case(
        "expressions",
        '''
import re

TOKEN = re.compile(r"\\s*(?:(\\d+(?:\\.\\d+)?)|([A-Za-z_]\\w*)|(.))")
RANKS = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}


class Broken(ValueError):
    def __init__(self, message, position):
        super().__init__(f"{message} at {position}")
        self.position = position


def tokens(text):
    """(kind, value, position): numbers, names and single marks."""
    found = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        number, name, mark = match.groups()
        if number is not None:
            found.append(("number", float(number), match.start(1)))
        elif name is not None:
            found.append(("name", name, match.start(2)))
        else:
            found.append(("mark", mark, match.start(3)))
        position = match.end()
    return found


class Parser:
    def __init__(self, text):
        self.text = text
        self.tokens = tokens(text)
        self.at = 0

    def peek(self):
        if self.at < len(self.tokens):
            return self.tokens[self.at]
        return ("end", "", len(self.text))

    def take(self):
        token = self.peek()
        self.at += 1
        return token

    def expect(self, mark):
        kind, value, position = self.take()
        if kind != "mark" or value != mark:
            raise Broken(f"expected {mark}", position)

    def parse(self):
        tree = self.binary(0)
        kind, value, position = self.peek()
        if kind != "end":
            raise Broken(f"unexpected {value}", position)
        return tree

    def binary(self, floor):
        left = self.unary()
        while True:
            kind, value, _ = self.peek()
            rank = RANKS.get(value, 0) if kind == "mark" else 0
            if rank <= floor:
                return left
            self.take()
            right = self.binary(rank - 1 if value == "^" else rank)
            left = (value, left, right)

    def unary(self):
        kind, value, position = self.take()
        if kind == "number":
            return value
        if kind == "name":
            if self.peek()[1] == "(":
                return ("call", value, self.arguments())
            return ("name", value)
        if value == "-":
            return ("neg", self.binary(2))
        if value == "(":
            inner = self.binary(0)
            self.expect(")")
            return inner
        raise Broken("no value", position)

    def arguments(self):
        self.expect("(")
        found = []
        while self.peek()[1] != ")":
            found.append(self.binary(0))
            if self.peek()[1] != ",":
                break
            self.take()
        self.expect(")")
        return found


def evaluate(tree, names=None, functions=None):
    names = names or {}
    functions = functions or {}
    if isinstance(tree, float):
        return tree
    head = tree[0]
    if head == "name":
        return names[tree[1]]
    if head == "neg":
        return -evaluate(tree[1], names, functions)
    if head == "call":
        values = [evaluate(argument, names, functions) for argument in tree[2]]
        return functions[tree[1]](*values)
    left = evaluate(tree[1], names, functions)
    right = evaluate(tree[2], names, functions)
    if head == "+":
        return left + right
    if head == "-":
        return left - right
    if head == "*":
        return left * right
    if head == "/":
        return left / right
    return left ** right


def free_names(tree):
    """Names in the tree, sorted, each once."""
    if isinstance(tree, float):
        return []
    if tree[0] == "name":
        return [tree[1]]
    parts = tree[2] if tree[0] == "call" else tree[1:]
    found = set()
    for part in parts:
        found.update(free_names(part))
    return sorted(found)
''',
        """
import pytest
from prog import Broken, Parser, evaluate, free_names, tokens

def run(text, **names):
    return evaluate(Parser(text).parse(), names, {"max": max, "one": lambda: 1.0})

def test_tokens():
    assert tokens("1.5+a ") == [("number", 1.5, 0), ("mark", "+", 3), ("name", "a", 4)]
    assert tokens("") == []

def test_ranks():
    assert run("1+2*3") == 7
    assert run("(1+2)*3") == 9
    assert run("8-3-2") == 3
    assert run("2^3^2") == 512
    assert run("12/3/2") == 2

def test_negative():
    assert run("-2+5") == 3
    assert run("-2^2") == -4
    assert run("2*-3") == -6

def test_names_and_calls():
    assert run("a*b", a=2.0, b=4.0) == 8
    assert run("max(1, a, 2)", a=9.0) == 9
    assert run("one()") == 1

def test_broken():
    with pytest.raises(Broken) as raised:
        Parser("1+").parse()
    assert raised.value.position == 2
    with pytest.raises(Broken, match="expected [)] at 3"):
        Parser("(10").parse()
    with pytest.raises(Broken, match="expected [)] at 4"):
        Parser("(10 2").parse()
    with pytest.raises(Broken, match="unexpected 2 at 2|unexpected 2.0 at 2"):
        Parser("1 2").parse()

def test_free():
    assert free_names(Parser("b + a*b - f(c, 1)").parse()) == ["a", "b", "c"]
""",
        """
import pytest
from prog import Broken, Parser, evaluate, free_names, tokens

def run(text, **names):
    return evaluate(Parser(text).parse(), names, {"max": max, "pair": lambda a, b: a * 10 + b})

def test_more():
    assert tokens(" x1 * 22") == [("name", "x1", 1), ("mark", "*", 4), ("number", 22.0, 6)]
    assert run("10-4+1") == 7 and run("10-(4+1)") == 5
    assert run("2*3^2") == 18 and run("2^2*3") == 12 and run("4^-1+1") == 1.25
    assert run("--3") == 3 and run("-(1+2)*2") == -6
    assert run("100/10*2") == 20
    assert run("pair(1+1, 3)") == 23 and run("pair(pair(1,2), -1)") == 119
    assert run("max(a, b) - 1", a=1.0, b=2.0) == 1
    for text in ("", "*", "1+*2", "f(1", "f(1 2)", ")", "1)"):
        with pytest.raises(Broken):
            Parser(text).parse()
    with pytest.raises(Broken) as raised:
        Parser("ab + (c").parse()
    assert raised.value.position == 7
    assert free_names(Parser("2*x - -y^x").parse()) == ["x", "y"]
    assert free_names(Parser("f(f(z), z)").parse()) == ["z"]
    assert free_names(Parser("1").parse()) == []
""",
        bug("wrong_type", "float(number)", "int(number)"),
        bug(
            "wrong_argument",
            'found.append(("name", name, match.start(2)))',
            'found.append(("name", name, match.start(1)))',
        ),
        bug("missing_call", "text = text.rstrip()", "text = text"),
        bug("boundary", "if rank <= floor:", "if rank < floor:"),
        bug(
            "wrong_operand", 'self.binary(rank - 1 if value == "^" else rank)', "self.binary(rank)"
        ),
        bug("swapped", "left = (value, left, right)", "left = (value, right, left)"),
        bug("wrong_constant", 'return ("neg", self.binary(2))', 'return ("neg", self.binary(0))'),
        bug(
            "missing_statement",
            '            inner = self.binary(0)\n            self.expect(")")\n',
            "            inner = self.binary(0)\n",
        ),
        bug("missing_step", "            self.take()\n        self.expect", "        self.expect"),
        bug(
            "wrong_operator",
            'if kind != "mark" or value != mark:',
            'if kind == "mark" or value != mark:',
        ),
        bug("wrong_default", 'return ("end", "", len(self.text))', 'return ("end", "", self.at)'),
        bug("wrong_method", "found.update(free_names(part))", "found.add(free_names(part))"),
        bug("wrong_slice", 'tree[2] if tree[0] == "call" else tree[1:]', "tree[1:]"),
        bug("missing_unpack", "functions[tree[1]](*values)", "functions[tree[1]](values)"),
    ),
    case(
        "columns",
        '''
def split_line(line, separator=",", quote='"'):
    """Cells of one line; quoted ones may hold the separator, and the quote when it is doubled."""
    cells = []
    cell = ""
    quoted = False
    i = 0
    while i < len(line):
        char = line[i]
        if quoted:
            if char == quote and line[i + 1 : i + 2] == quote:
                cell += quote
                i += 1
            elif char == quote:
                quoted = False
            else:
                cell += char
        elif char == quote and not cell:
            quoted = True
        elif char == separator:
            cells.append(cell)
            cell = ""
        else:
            cell += char
        i += 1
    cells.append(cell)
    return cells


def join_line(cells, separator=","):
    shown = []
    for cell in cells:
        text = "" if cell is None else str(cell)
        if separator in text or '"' in text or "\\n" in text:
            text = '"' + text.replace('"', '""') + '"'
        shown.append(text)
    return separator.join(shown)


def guess(values):
    """The narrowest of int, float and str that all non-empty values fit."""
    kind = "int"
    for value in values:
        if not value:
            continue
        if kind == "int" and not value.lstrip("-").isdigit():
            kind = "float"
        if kind == "float":
            try:
                float(value)
            except ValueError:
                return "str"
    return kind


def read(text):
    """Rows as dicts; short rows are filled with '', blank lines are passed over."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    header = [name.strip().lower() for name in split_line(lines[0])]
    rows = []
    for line in lines[1:]:
        cells = split_line(line)
        cells += [""] * (len(header) - len(cells))
        rows.append(dict(zip(header, cells)))
    return rows


def pivot(rows, index, column, value):
    """{index: {column: sum of the values}}"""
    table = {}
    for row in rows:
        line = table.setdefault(row[index], {})
        line[row[column]] = line.get(row[column], 0) + float(row[value])
    return table


def table(rows, names=None):
    """Lines with columns padded to the widest cell, one space between; the last is not padded."""
    if not rows:
        return []
    names = names or list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    lines = []
    for cells in [names, *[[str(row[name]) for name in names] for row in rows]]:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths)]
        lines.append(" ".join(padded).rstrip())
    return lines


def top(rows, by, n=3):
    """The n rows with the largest values; equal ones in their order."""
    return sorted(rows, key=lambda row: -float(row[by]))[:n]


def diff(old, new, key):
    """(added, removed, changed) keys between two lists of rows."""
    before = {row[key]: row for row in old}
    after = {row[key]: row for row in new}
    added = [k for k in after if k not in before]
    removed = [k for k in before if k not in after]
    changed = [k for k in after if k in before and after[k] != before[k]]
    return added, removed, changed
''',
        '''
from prog import diff, guess, join_line, pivot, read, split_line, table, top

def test_split():
    assert split_line("a,b,,c") == ["a", "b", "", "c"]
    assert split_line('"a,b",c') == ["a,b", "c"]
    assert split_line('"say ""hi""",x') == ['say "hi"', "x"]
    assert split_line("") == [""]
    assert split_line("a;b", ";") == ["a", "b"]

def test_join():
    assert join_line(["a", 1, None]) == "a,1,"
    assert join_line(['x"y', "p,q"]) == '"x""y","p,q"'

def test_guess():
    assert guess(["1", "-2", ""]) == "int"
    assert guess(["", "x"]) == "str"
    assert guess(["1", "2.5"]) == "float"
    assert guess(["1", "x"]) == "str"
    assert guess([]) == "int"

def test_read():
    assert read("A, B\\n1,2\\n\\n3\\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": ""}]
    assert read("") == []

def test_pivot():
    rows = [{"p": "x", "m": "1", "v": "2"}, {"p": "x", "m": "1", "v": "3"}, {"p": "y", "m": "2", "v": "1"}]
    assert pivot(rows, "p", "m", "v") == {"x": {"1": 5.0}, "y": {"2": 1.0}}

def test_table():
    rows = [{"name": "a", "n": 10}, {"name": "longer", "n": 2}]
    assert table(rows) == ["name   n", "a      10", "longer 2"]
    assert table(rows, ["n"]) == ["n", "10", "2"]
    assert table([]) == []

def test_top():
    rows = [{"k": "a", "v": "1"}, {"k": "b", "v": "10"}, {"k": "c", "v": "9"}, {"k": "d", "v": "10"}]
    assert [r["k"] for r in top(rows, "v")] == ["b", "d", "c"]
    assert [r["k"] for r in top(rows, "v", 1)] == ["b"]

def test_diff():
    old = [{"id": 1, "x": 1}, {"id": 2, "x": 1}]
    new = [{"id": 2, "x": 5}, {"id": 3, "x": 1}]
    assert diff(old, new, "id") == ([3], [1], [2])
    assert diff(old, old, "id") == ([], [], [])
''',
        '''
from prog import diff, guess, join_line, pivot, read, split_line, table, top

def test_more():
    assert split_line('1,"2,""3"""') == ["1", '2,"3"']
    assert split_line('a"b,c') == ['a"b', "c"]
    assert split_line('"a";"b;c"', ";") == ["a", "b;c"]
    assert split_line(",") == ["", ""] and split_line('""') == [""]
    for cells in (["a", "b,c", 'd"e'], ["", "x"], ['"', ","]):
        assert split_line(join_line(cells)) == cells
    assert join_line(["a;b", "c,d"], ";") == '"a;b";c,d'
    assert join_line(["l1\\nl2"]) == '"l1\\nl2"'
    assert guess(["", "1.0", "7"]) == "float" and guess(["1.5", "abc"]) == "str"
    assert guess(["-12", "--3"]) in ("int", "str") and guess(["", ""]) == "int"
    assert read("X\\n1\\n   \\n2") == [{"x": "1"}, {"x": "2"}]
    assert read(" Name ,Age\\nbo,3") == [{"name": "bo", "age": "3"}]
    rows = [{"p": "x", "m": "1", "v": "2"}, {"p": "x", "m": "2", "v": "0.5"}, {"p": "x", "m": "1", "v": "-1"}]
    assert pivot(rows, "p", "m", "v") == {"x": {"1": 1.0, "2": 0.5}}
    assert table([{"a": 1, "bb": "xyz"}]) == ["a bb", "1 xyz"]
    assert table([{"a": 12345, "bb": ""}]) == ["a     bb", "12345"]
    rows = [{"v": str(n)} for n in (3, 1, 20, 7, 100)]
    assert [r["v"] for r in top(rows, "v", 2)] == ["100", "20"] and len(top(rows, "v", 9)) == 5
    assert diff([], [{"id": 9}], "id") == ([9], [], [])
    assert diff([{"id": 9, "a": 1}, {"id": 8}], [{"id": 8}, {"id": 9, "a": 2}], "id") == ([], [], [9])
''',
        bug("wrong_slice", "line[i + 1 : i + 2] == quote", "line[i : i + 1] == quote"),
        bug(
            "missing_step",
            "                cell += quote\n                i += 1\n",
            "                cell += quote\n",
        ),
        bug(
            "missing_reset",
            '            cells.append(cell)\n            cell = ""\n',
            "            cells.append(cell)\n",
        ),
        bug("missing_tail", "    cells.append(cell)\n    return cells", "    return cells"),
        bug("missing_part", "if separator in text or '\"' in text or", "if separator in text or"),
        bug("missing_case", '"" if cell is None else str(cell)', "str(cell)"),
        bug(
            "wrong_jump",
            "        if not value:\n            continue\n",
            "        if not value:\n            break\n",
        ),
        bug("wrong_value", '                return "str"', '                return "float"'),
        bug("missing_call", "name.strip().lower() for name", "name.lower() for name"),
        bug("off_by_one", "for line in lines[1:]:", "for line in lines:"),
        bug("swapped", "(len(header) - len(cells))", "(len(cells) - len(header))"),
        bug("lost_sum", "line.get(row[column], 0) + float(row[value])", "float(row[value])"),
        bug(
            "wrong_type", "key=lambda row: -float(row[by])", "key=lambda row: row[by], reverse=True"
        ),
        bug(
            "wrong_variable",
            "removed = [k for k in before if k not in after]",
            "removed = [k for k in after if k not in before]",
        ),
        bug("inverted", "after[k] != before[k]]", "after[k] == before[k]]"),
    ),
]
