"""Small projects of several files, coroutines, subclasses, imports; and bugs of two edits."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "shop",
        {
            "shop/__init__.py": "",
            "shop/models.py": """
from dataclasses import dataclass, field


@dataclass
class Item:
    name: str
    price: float
    quantity: int = 1

    def total(self):
        return self.price * self.quantity


@dataclass
class Order:
    customer: str
    items: list = field(default_factory=list)
    paid: bool = False

    def add(self, item):
        for known in self.items:
            if known.name == item.name and known.price == item.price:
                known.quantity += item.quantity
                return
        self.items.append(item)
""",
            "shop/pricing.py": """
from shop.models import Order

FREE_SHIPPING_FROM = 50
SHIPPING = 4.9


def subtotal(order):
    return sum(item.total() for item in order.items)


def shipping(order):
    if not order.items:
        return 0
    return 0 if subtotal(order) >= FREE_SHIPPING_FROM else SHIPPING


def total(order, coupon=None):
    amount = subtotal(order)
    if coupon is not None:
        amount -= amount * coupon / 100
    return round(amount + shipping(order), 2)
""",
            "shop/report.py": """
from shop.pricing import total


def revenue(orders):
    return sum(total(order) for order in orders if order.paid)


def best_customers(orders, count):
    sums = {}
    for order in orders:
        sums[order.customer] = sums.get(order.customer, 0) + total(order)
    ranked = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    return [name for name, _ in ranked[:count]]
""",
        },
        """
import pytest
from shop.models import Item, Order
from shop.pricing import shipping, subtotal, total
from shop.report import best_customers, revenue

def order(customer, *items, paid=True):
    made = Order(customer, paid=paid)
    for name, price, quantity in items:
        made.add(Item(name, price, quantity))
    return made

def test_add_same():
    made = order("ann", ("pen", 2, 1), ("pen", 2, 3))
    assert len(made.items) == 1
    assert made.items[0].quantity == 4

def test_add_other():
    assert len(order("ann", ("pen", 2, 1), ("pen", 3, 1)).items) == 2

def test_subtotal():
    assert subtotal(order("ann", ("pen", 2, 3), ("ink", 5, 1))) == 11

def test_shipping():
    assert shipping(order("ann", ("pen", 2, 1))) == 4.9
    assert shipping(order("ann", ("desk", 50, 1))) == 0
    assert shipping(order("ann")) == 0

def test_coupon():
    assert total(order("ann", ("desk", 100, 1)), 10) == 90
    assert total(order("ann", ("pen", 10, 1)), 50) == 9.9

def test_revenue():
    assert revenue([order("a", ("desk", 60, 1)), order("b", ("desk", 70, 1), paid=False)]) == 60

def test_best():
    orders = [order("a", ("x", 60, 1)), order("b", ("x", 80, 1)), order("a", ("x", 70, 1)), order("c", ("x", 80, 1))]
    assert best_customers(orders, 2) == ["a", "b"]
""",
        """
from shop.models import Item, Order
from shop.pricing import shipping, subtotal, total
from shop.report import best_customers, revenue

def order(customer, *items, paid=True):
    made = Order(customer, paid=paid)
    for name, price, quantity in items:
        made.add(Item(name, price, quantity))
    return made

def test_more():
    assert total(order("x")) == 0
    assert total(order("x", ("a", 49.99, 1))) == 54.89
    assert total(order("x", ("a", 25, 2))) == 50
    assert total(order("x", ("a", 25, 2)), 0) == 50
    assert total(order("x", ("a", 100, 1)), 100) == 0
    assert Order("p").items is not Order("q").items
    mixed = order("x", ("a", 1, 1), ("b", 1, 1), ("a", 1, 5))
    assert [(i.name, i.quantity) for i in mixed.items] == [("a", 6), ("b", 1)]
    assert revenue([]) == 0
    assert best_customers([], 3) == []
    orders = [order("z", ("x", 60, 1)), order("y", ("x", 60, 1)), order("w", ("x", 90, 1), paid=False)]
    assert best_customers(orders, 3) == ["w", "y", "z"]
    assert revenue(orders) == 120
""",
        bug(
            "missing_return",
            "                known.quantity += item.quantity\n                return\n",
            "                known.quantity += item.quantity\n",
            file="shop/models.py",
        ),
        bug(
            "wrong_comparison",
            "subtotal(order) >= FREE_SHIPPING_FROM",
            "subtotal(order) > FREE_SHIPPING_FROM",
            file="shop/pricing.py",
        ),
        bug(
            "missing_filter",
            " for order in orders if order.paid)",
            " for order in orders)",
            file="shop/report.py",
        ),
        bug("wrong_sign", "(-pair[1], pair[0])", "(pair[1], pair[0])", file="shop/report.py"),
        bug(
            "wrong_attribute",
            "return self.price * self.quantity",
            "return self.price",
            file="shop/models.py",
        ),
        bug("wrong_constant", "SHIPPING = 4.9", "SHIPPING = 49", file="shop/pricing.py"),
        bug(
            "missing_guard",
            "    if not order.items:\n        return 0\n",
            "",
            file="shop/pricing.py",
        ),
        bug(
            "wrong_operator",
            "amount -= amount * coupon / 100",
            "amount = amount * coupon / 100",
            file="shop/pricing.py",
        ),
    ),
    case(
        "shapes",
        """
import math


class Shape:
    def __init__(self, name):
        self.name = name

    def area(self):
        raise NotImplementedError

    def describe(self):
        return f"{self.name}: {self.area():.2f}"


class Circle(Shape):
    def __init__(self, radius):
        super().__init__("circle")
        self.radius = radius

    def area(self):
        return math.pi * self.radius ** 2


class Rectangle(Shape):
    def __init__(self, width, height):
        super().__init__("rectangle")
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

    def scaled(self, factor):
        return Rectangle(self.width * factor, self.height * factor)


class Square(Rectangle):
    def __init__(self, side):
        super().__init__(side, side)
        self.name = "square"


def largest(shapes):
    return max(shapes, key=lambda shape: shape.area(), default=None)
""",
        """
from prog import Circle, Rectangle, Square, largest

def test_describe():
    assert Rectangle(2, 3).describe() == "rectangle: 6.00"
    assert Square(2).describe() == "square: 4.00"
    assert Circle(1).describe() == "circle: 3.14"

def test_scaled():
    bigger = Rectangle(2, 3).scaled(2)
    assert (bigger.width, bigger.height) == (4, 6)

def test_largest():
    shapes = [Square(2), Circle(3), Rectangle(1, 1)]
    assert largest(shapes) is shapes[1]
    assert largest([]) is None
""",
        """
import math
from prog import Circle, Rectangle, Square, largest

def test_more():
    assert abs(Circle(2).area() - 4 * math.pi) < 1e-9
    assert Square(3).area() == 9 and Square(3).width == 3
    assert Rectangle(5, 2).scaled(3).area() == 90
    assert Circle(0).describe() == "circle: 0.00"
    assert largest([Rectangle(2, 2), Square(3)]).name == "square"
""",
        bug("missing_super", '        super().__init__("circle")\n', ""),
        bug("wrong_attribute", "self.height * factor)", "self.width * factor)"),
        bug("missing_default", "shape.area(), default=None)", "shape.area())"),
        bug("missing_call", "key=lambda shape: shape.area()", "key=lambda shape: shape.area"),
        bug("wrong_operator", "self.radius ** 2", "self.radius * 2"),
        bug("missing_import", "import math\n\n\n", ""),
        bug("wrong_argument", "super().__init__(side, side)", "super().__init__(side, 1)"),
        bug("missing_self", "return self.width * self.height", "return self.width * height"),
    ),
    case(
        "workers",
        '''
import asyncio


async def double(value):
    await asyncio.sleep(0)
    return value * 2


async def gather(values):
    results = []
    for value in values:
        results.append(await double(value))
    return results


async def first_over(values, limit):
    for value in values:
        doubled = await double(value)
        if doubled > limit:
            return doubled
    return None


async def retry(action, attempts):
    """The result of the action, tried again after an error."""
    for attempt in range(attempts):
        try:
            return await action()
        except ValueError:
            if attempt == attempts - 1:
                raise
    return None


def run(coroutine):
    return asyncio.run(coroutine)
''',
        """
import pytest
from prog import first_over, gather, retry, run

def failing(times):
    state = {"left": times}
    async def action():
        if state["left"] > 0:
            state["left"] -= 1
            raise ValueError("not yet")
        return "done"
    return action

def test_gather():
    assert run(gather([1, 2, 3])) == [2, 4, 6]

def test_first():
    assert run(first_over([1, 5, 9], 8)) == 10
    assert run(first_over([1], 8)) is None

def test_retry():
    assert run(retry(failing(2), 3)) == "done"

def test_gives_up():
    with pytest.raises(ValueError):
        run(retry(failing(3), 3))
""",
        """
import pytest
from prog import first_over, gather, retry, run

def failing(times):
    state = {"left": times}
    async def action():
        if state["left"] > 0:
            state["left"] -= 1
            raise ValueError("not yet")
        return "done"
    return action

def test_more():
    assert run(gather([])) == []
    assert run(first_over([], 1)) is None
    assert run(first_over([4, 4], 8)) is None
    assert run(first_over([4, 5, 6], 9)) == 10
    assert run(retry(failing(0), 1)) == "done"
    assert run(retry(failing(4), 5)) == "done"
    with pytest.raises(ValueError):
        run(retry(failing(9), 1))
""",
        bug(
            "missing_await", "results.append(await double(value))", "results.append(double(value))"
        ),
        bug("missing_await", "return await action()", "return action()"),
        bug("wrong_exception", "except ValueError:", "except KeyError:"),
        bug("off_by_one", "if attempt == attempts - 1:", "if attempt == attempts:"),
        bug("wrong_variable", "            return doubled\n", "            return value\n"),
        bug(
            "wrong_indent",
            "            return doubled\n    return None",
            "            return doubled\n        return None",
        ),
    ),
    case(
        "configuration",
        {
            "conf/__init__.py": """
from conf.loader import load
from conf.merge import merge

__all__ = ["load", "merge"]
""",
            "conf/loader.py": '''
from conf.values import convert


def load(text):
    """Sections of `key = value` lines; `#` begins a comment."""
    settings = {}
    section = settings
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            section = settings.setdefault(line[1:-1], {})
            continue
        key, _, value = line.partition("=")
        section[key.strip()] = convert(value.strip())
    return settings
''',
            "conf/values.py": """
TRUE = ("true", "yes", "on")
FALSE = ("false", "no", "off")


def convert(text):
    lowered = text.lower()
    if lowered in TRUE:
        return True
    if lowered in FALSE:
        return False
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
""",
            "conf/merge.py": '''
def merge(base, extra):
    """extra over base, section by section; neither is changed."""
    merged = dict(base)
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def flatten(settings, prefix=""):
    flat = {}
    for key, value in settings.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            flat.update(flatten(value, name))
        else:
            flat[name] = value
    return flat
''',
        },
        '''
from conf import load, merge
from conf.merge import flatten
from conf.values import convert

TEXT = """
name = demo  # a comment
debug = Yes
[server]
port = 80
ratio = 0.5
"""

def test_load():
    assert load(TEXT) == {"name": "demo", "debug": True, "server": {"port": 80, "ratio": 0.5}}

def test_convert():
    assert convert("off") is False
    assert convert("12") == 12
    assert convert("1.5") == 1.5
    assert convert("x1") == "x1"

def test_merge():
    base = {"a": 1, "s": {"x": 1, "y": 2}}
    assert merge(base, {"s": {"y": 3}, "b": 2}) == {"a": 1, "s": {"x": 1, "y": 3}, "b": 2}
    assert base == {"a": 1, "s": {"x": 1, "y": 2}}

def test_flatten():
    assert flatten({"a": 1, "s": {"x": {"y": 2}}}) == {"a": 1, "s.x.y": 2}
''',
        """
from conf import load, merge
from conf.merge import flatten
from conf.values import convert

def test_more():
    assert load("") == {}
    assert load("[a]\\nk=1\\n[b]\\nk=2\\n[a]\\nz=3") == {"a": {"k": 1, "z": 3}, "b": {"k": 2}}
    assert load("url = a=b") == {"url": "a=b"}
    assert load("# only\\n\\nx = NO") == {"x": False}
    assert convert("TRUE") is True and convert("-3") == -3 and convert("") == ""
    assert merge({"a": {"x": 1}}, {"a": 5}) == {"a": 5}
    assert merge({"a": 5}, {"a": {"x": 1}}) == {"a": {"x": 1}}
    deep = {"a": {"b": {"c": 1}}}
    assert merge(deep, {"a": {"b": {"d": 2}}}) == {"a": {"b": {"c": 1, "d": 2}}}
    assert deep == {"a": {"b": {"c": 1}}}
    assert flatten({}) == {}
    assert flatten({"x": {"y": 1, "z": {"w": 2}}}, "p") == {"p.x.y": 1, "p.x.z.w": 2}
""",
        bug(
            "wrong_index",
            'line.split("#", 1)[0].strip()',
            'line.split("#", 1)[-1].strip()',
            file="conf/loader.py",
        ),
        bug("wrong_slice", "line[1:-1]", "line[1:]", file="conf/loader.py"),
        bug(
            "missing_call",
            "section[key.strip()] = convert(value.strip())",
            "section[key.strip()] = value.strip()",
            file="conf/loader.py",
        ),
        bug(
            "wrong_variable",
            "    if lowered in TRUE:",
            "    if text in TRUE:",
            file="conf/values.py",
        ),
        bug(
            "wrong_exception",
            "        return int(text)\n    except ValueError:",
            "        return int(text)\n    except TypeError:",
            file="conf/values.py",
        ),
        bug("missing_copy", "merged = dict(base)", "merged = base", file="conf/merge.py"),
        bug(
            "wrong_argument",
            "flat.update(flatten(value, name))",
            "flat.update(flatten(value, key))",
            file="conf/merge.py",
        ),
        bug(
            "missing_recursion",
            "merged[key] = merge(merged[key], value)",
            "merged[key] = value",
            file="conf/merge.py",
        ),
    ),
    case(
        "schedule",
        '''
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    start: int
    end: int

    def overlaps(self, other):
        return self.start < other.end and other.start < self.end

    @property
    def length(self):
        return self.end - self.start


class Room:
    def __init__(self, name):
        self.name = name
        self.slots = []

    def book(self, start, end):
        if start >= end:
            raise ValueError("a slot must end after its start")
        slot = Slot(start, end)
        if any(slot.overlaps(other) for other in self.slots):
            return False
        self.slots.append(slot)
        self.slots.sort(key=lambda s: s.start)
        return True

    def gaps(self, start, end):
        """Free slots between start and end."""
        free = []
        current = start
        for slot in self.slots:
            if slot.start > current:
                free.append(Slot(current, slot.start))
            current = max(current, slot.end)
        if current < end:
            free.append(Slot(current, end))
        return free

    def used(self):
        return sum(slot.length for slot in self.slots)
''',
        """
import pytest
from prog import Room, Slot

def test_book():
    room = Room("a")
    assert room.book(1, 3)
    assert room.book(3, 4)
    assert not room.book(2, 5)
    assert room.used() == 3

def test_inside():
    room = Room("a")
    room.book(1, 10)
    assert not room.book(3, 4)
    assert not room.book(0, 12)

def test_order():
    room = Room("a")
    room.book(5, 6)
    room.book(1, 2)
    assert room.slots == [Slot(1, 2), Slot(5, 6)]

def test_gaps():
    room = Room("a")
    room.book(2, 4)
    room.book(6, 8)
    assert room.gaps(0, 10) == [Slot(0, 2), Slot(4, 6), Slot(8, 10)]
    assert room.gaps(2, 8) == [Slot(4, 6)]

def test_bad():
    with pytest.raises(ValueError):
        Room("a").book(3, 3)
    with pytest.raises(ValueError):
        Room("a").book(4, 3)
""",
        """
import pytest
from prog import Room, Slot

def test_more():
    room = Room("b")
    assert room.gaps(0, 5) == [Slot(0, 5)]
    assert room.used() == 0
    for start in (8, 0, 4):
        assert room.book(start, start + 2)
    assert [s.start for s in room.slots] == [0, 4, 8]
    assert room.gaps(0, 10) == [Slot(2, 4), Slot(6, 8)]
    assert not room.book(1, 9) and not room.book(9, 11) and room.book(10, 11)
    assert room.used() == 7
    with pytest.raises(ValueError):
        room.book(20, 20)
""",
        bug(
            "wrong_operator", "self.start < other.end and other", "self.start < other.end or other"
        ),
        bug("wrong_comparison", "        if start >= end:", "        if start > end:"),
        bug("missing_statement", "        self.slots.append(slot)\n", ""),
        bug("missing_statement", "        self.slots.sort(key=lambda s: s.start)\n", ""),
        bug("wrong_function", "if any(slot.overlaps", "if all(slot.overlaps"),
        bug("missing_statement", "            current = max(current, slot.end)\n", ""),
        bug(
            "missing_case",
            "        if current < end:\n            free.append(Slot(current, end))\n",
            "",
        ),
        bug(
            "wrong_variable",
            "free.append(Slot(current, slot.start))",
            "free.append(Slot(start, slot.start))",
        ),
    ),
    case(
        "paging",
        '''
class Page:
    def __init__(self, items, number, size):
        if size < 1:
            raise ValueError("size must be at least 1")
        self.all = list(items)
        self.size = size
        self.number = number

    @property
    def count(self):
        return (len(self.all) + self.size - 1) // self.size

    @property
    def items(self):
        start = (self.number - 1) * self.size
        return self.all[start:start + self.size]

    @property
    def has_next(self):
        return self.number < self.count

    @property
    def has_previous(self):
        return self.number > 1

    def links(self, around=1):
        """Numbers to show: first, last and those around this page; None for a gap."""
        shown = []
        for number in range(1, self.count + 1):
            near = abs(number - self.number) <= around
            if number == 1 or number == self.count or near:
                shown.append(number)
            elif shown[-1] is not None:
                shown.append(None)
        return shown
''',
        """
import pytest
from prog import Page

def test_items():
    assert Page(range(10), 1, 3).items == [0, 1, 2]
    assert Page(range(10), 4, 3).items == [9]

def test_count():
    assert Page(range(10), 1, 3).count == 4
    assert Page(range(9), 1, 3).count == 3
    assert Page([], 1, 3).count == 0

def test_next():
    assert Page(range(10), 1, 5).has_next
    assert not Page(range(10), 2, 5).has_next
    assert Page(range(10), 2, 5).has_previous
    assert not Page(range(10), 1, 5).has_previous

def test_links():
    assert Page(range(100), 5, 10).links() == [1, None, 4, 5, 6, None, 10]
    assert Page(range(30), 1, 10).links() == [1, 2, 3]

def test_bad():
    with pytest.raises(ValueError):
        Page([], 1, 0)
""",
        """
import pytest
from prog import Page

def test_more():
    for n in range(25):
        pages = [Page(range(n), k, 4) for k in range(1, Page(range(n), 1, 4).count + 1)]
        assert [i for page in pages for i in page.items] == list(range(n))
        assert all(page.has_next for page in pages[:-1])
        assert not any(page.has_next for page in pages[-1:])
    assert Page(range(100), 1, 10).links(2) == [1, 2, 3, None, 10]
    assert Page(range(100), 10, 10).links() == [1, None, 9, 10]
    assert Page([], 1, 5).links() == []
    with pytest.raises(ValueError):
        Page([1], 1, -2)
""",
        bug(
            "wrong_formula",
            "(len(self.all) + self.size - 1) // self.size",
            "len(self.all) // self.size",
        ),
        bug(
            "off_by_one", "start = (self.number - 1) * self.size", "start = self.number * self.size"
        ),
        bug("wrong_slice", "self.all[start:start + self.size]", "self.all[start:self.size]"),
        bug(
            "wrong_comparison",
            "return self.number < self.count",
            "return self.number <= self.count",
        ),
        bug(
            "missing_call",
            "near = abs(number - self.number) <= around",
            "near = number - self.number <= around",
        ),
        bug("missing_condition", "            elif shown[-1] is not None:", "            else:"),
        bug("off_by_one", "range(1, self.count + 1)", "range(1, self.count)"),
        bug("missing_brackets", "(self.number - 1) * self.size", "self.number - 1 * self.size"),
    ),
    case(
        "two_faults",
        '''
def histogram(values, width):
    """Counts per bucket of the given width, as a dict from each bucket's start."""
    counts = {}
    for value in values:
        start = value // width * width
        counts[start] = counts.get(start, 0) + 1
    return counts


def normalise(values):
    """Scaled so that the smallest is 0 and the largest 1."""
    if not values:
        return []
    low, high = min(values), max(values)
    if low == high:
        return [0.0 for _ in values]
    return [(value - low) / (high - low) for value in values]


def chunks(items, size):
    result = []
    for start in range(0, len(items), size):
        result.append(items[start:start + size])
    return result


def zigzag(items):
    """First, last, second, last but one, …"""
    result = []
    left, right = 0, len(items) - 1
    while left <= right:
        result.append(items[left])
        if left != right:
            result.append(items[right])
        left += 1
        right -= 1
    return result
''',
        """
from prog import chunks, histogram, normalise, zigzag

def test_histogram():
    assert histogram([1, 4, 5, 9, 10], 5) == {0: 2, 5: 2, 10: 1}

def test_normalise():
    assert normalise([2, 4, 6]) == [0, 0.5, 1]
    assert normalise([]) == []

def test_normalise_equal():
    assert normalise([3, 3]) == [0, 0]

def test_chunks():
    assert chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert chunks([], 2) == []

def test_zigzag():
    assert zigzag([1, 2, 3, 4, 5]) == [1, 5, 2, 4, 3]
    assert zigzag([1, 2]) == [1, 2]
    assert zigzag([]) == []
""",
        """
from prog import chunks, histogram, normalise, zigzag

def test_more():
    assert histogram([0, 0, 7, 8, 15], 8) == {0: 3, 8: 2}
    assert histogram([], 3) == {}
    assert normalise([10]) == [0]
    assert normalise([-1, 0, 3]) == [0, 0.25, 1]
    assert chunks(list(range(7)), 3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert chunks([1], 5) == [[1]]
    assert zigzag([1, 2, 3, 4]) == [1, 4, 2, 3]
    assert zigzag(["a"]) == ["a"]
""",
        bug(
            "two_edits",
            "counts.get(start, 0) + 1",
            "counts.get(start, 1) + 1",
            (
                "if low == high:\n        return [0.0 for _ in values]\n",
                "if low == high:\n        return []\n",
            ),
        ),
        bug(
            "two_edits",
            "range(0, len(items), size)",
            "range(1, len(items), size)",
            ("items[start:start + size]", "items[start:size]"),
        ),
        bug(
            "two_edits",
            "left, right = 0, len(items) - 1",
            "left, right = 1, len(items) - 1",
            ("while left <= right:", "while left < right:"),
        ),
        bug(
            "missing_case",
            "        if left != right:\n            result.append(items[right])",
            "        result.append(items[right])",
        ),
        bug("missing_case", "    if low == high:\n        return [0.0 for _ in values]\n", ""),
        bug("two_edits", "(value - low) / (high - low)", "(value + low) / (high + low)"),
        bug("wrong_formula", "value // width * width", "value // width"),
    ),
    case(
        "text_report",
        '''
def column_widths(rows):
    widths = []
    for row in rows:
        for index, cell in enumerate(row):
            if index == len(widths):
                widths.append(0)
            widths[index] = max(widths[index], len(str(cell)))
    return widths


def table(rows, separator=" | "):
    widths = column_widths(rows)
    lines = []
    for row in rows:
        cells = [str(cell).ljust(width) for cell, width in zip(row, widths)]
        lines.append(separator.join(cells).rstrip())
    return "\\n".join(lines)


def summary(scores):
    """name: average of the scores, best first."""
    averages = {name: sum(values) / len(values) for name, values in scores.items() if values}
    ranked = sorted(averages, key=averages.get, reverse=True)
    return [f"{name}: {averages[name]:.1f}" for name in ranked]


def grade(points):
    if points >= 90:
        return "A"
    elif points >= 75:
        return "B"
    elif points >= 60:
        return "C"
    return "F"
''',
        """
from prog import column_widths, grade, summary, table

def test_widths():
    assert column_widths([["a", 100], ["bcd", 2]]) == [3, 3]

def test_ragged():
    assert column_widths([["a"], ["b", "cc"]]) == [1, 2]

def test_table():
    assert table([["id", "name"], [1, "x"]]) == "id | name\\n1  | x"

def test_summary():
    assert summary({"ann": [1, 2], "bob": [4], "cid": []}) == ["bob: 4.0", "ann: 1.5"]

def test_grade():
    assert [grade(p) for p in (95, 90, 80, 75, 60, 10)] == ["A", "A", "B", "B", "C", "F"]
""",
        """
from prog import column_widths, grade, summary, table

def test_more():
    assert column_widths([]) == []
    assert column_widths([["long one"], ["x"], ["mid"]]) == [8]
    assert table([["a", "b"], ["cc", "d"]], ",") == "a ,b\\ncc,d"
    assert table([]) == ""
    assert summary({}) == []
    assert summary({"a": [1], "b": [2], "c": [3]}) == ["c: 3.0", "b: 2.0", "a: 1.0"]
    assert [grade(p) for p in (89, 74, 59, 100, 61, 0)] == ["B", "C", "F", "A", "C", "F"]
""",
        bug("missing_call", "len(str(cell))", "len(cell)"),
        bug(
            "missing_max",
            "widths[index] = max(widths[index], len(str(cell)))",
            "widths[index] = len(str(cell))",
        ),
        bug("missing_argument", "key=averages.get, reverse=True)", "key=averages.get)"),
        bug(
            "missing_filter",
            " for name, values in scores.items() if values}",
            " for name, values in scores.items()}",
        ),
        bug("wrong_comparison", "points >= 75", "points > 75"),
        bug("wrong_method", ".ljust(width)", ".rjust(width)"),
        bug(
            "wrong_order",
            '    if points >= 90:\n        return "A"\n    elif points >= 75:\n        return "B"',
            '    if points >= 75:\n        return "B"\n    elif points >= 90:\n        return "A"',
        ),
        bug("wrong_format", ":.1f}", ":.2f}"),
    ),
]
