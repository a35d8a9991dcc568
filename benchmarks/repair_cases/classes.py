"""Objects with state: containers, accounts, caches."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "account",
        """
class InsufficientFunds(Exception):
    pass


class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance += amount
        self.history.append(("deposit", amount))

    def withdraw(self, amount):
        if amount <= 0:
            raise ValueError("amount must be positive")
        if amount > self.balance:
            raise InsufficientFunds(amount)
        self.balance -= amount
        self.history.append(("withdraw", amount))

    def transfer(self, other, amount):
        self.withdraw(amount)
        other.deposit(amount)

    def total_in(self):
        return sum(amount for kind, amount in self.history if kind == "deposit")
""",
        """
import pytest
from prog import Account, InsufficientFunds

def test_deposit():
    account = Account("ann")
    account.deposit(50)
    assert account.balance == 50

def test_withdraw():
    account = Account("ann", 100)
    account.withdraw(100)
    assert account.balance == 0

def test_too_much():
    account = Account("ann", 10)
    with pytest.raises(InsufficientFunds):
        account.withdraw(11)
    assert account.balance == 10

def test_bad_amount():
    account = Account("ann", 10)
    with pytest.raises(ValueError):
        account.deposit(-1)
    with pytest.raises(ValueError):
        account.withdraw(0)

def test_transfer():
    a, b = Account("a", 30), Account("b")
    a.transfer(b, 20)
    assert (a.balance, b.balance) == (10, 20)
    assert b.total_in() == 20
    assert a.history == [("withdraw", 20)]
""",
        """
import pytest
from prog import Account, InsufficientFunds

def test_more():
    account = Account("x", 5)
    account.deposit(10)
    account.withdraw(15)
    account.deposit(1)
    assert account.balance == 1
    assert account.total_in() == 11
    assert account.history == [("deposit", 10), ("withdraw", 15), ("deposit", 1)]

def test_failures_change_nothing():
    a, b = Account("a", 5), Account("b", 5)
    with pytest.raises(InsufficientFunds):
        a.transfer(b, 6)
    with pytest.raises(ValueError):
        a.deposit(0)
    with pytest.raises(ValueError):
        a.withdraw(-3)
    assert (a.balance, b.balance) == (5, 5)
    assert a.history == [] and b.history == []
""",
        bug("wrong_comparison", "if amount > self.balance:", "if amount >= self.balance:"),
        bug("missing_statement", "        other.deposit(amount)\n", ""),
        bug("wrong_operator", "self.balance -= amount", "self.balance += amount"),
        bug(
            "missing_check",
            "        if amount > self.balance:\n            raise InsufficientFunds(amount)\n",
            "",
        ),
        bug("missing_filter", ' if kind == "deposit")', ")"),
        bug("wrong_exception", "raise InsufficientFunds(amount)", "raise ValueError(amount)"),
        bug(
            "wrong_receiver",
            "        self.withdraw(amount)\n        other.deposit(amount)",
            "        other.withdraw(amount)\n        self.deposit(amount)",
        ),
        bug("missing_statement", '        self.history.append(("withdraw", amount))\n', ""),
    ),
    case(
        "lru_cache",
        '''
class Cache:
    """Forgets what was used longest ago."""

    def __init__(self, size):
        self.size = size
        self.values = {}
        self.hits = 0

    def get(self, key, default=None):
        if key not in self.values:
            return default
        self.hits += 1
        value = self.values.pop(key)
        self.values[key] = value
        return value

    def put(self, key, value):
        if key in self.values:
            del self.values[key]
        elif len(self.values) >= self.size:
            oldest = next(iter(self.values))
            del self.values[oldest]
        self.values[key] = value

    def __len__(self):
        return len(self.values)
''',
        """
from prog import Cache

def test_put_and_get():
    cache = Cache(2)
    cache.put("a", 1)
    assert cache.get("a") == 1
    assert cache.get("b", 7) == 7

def test_oldest_goes():
    cache = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("c", 3)
    assert cache.get("a") is None
    assert len(cache) == 2

def test_use_keeps():
    cache = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)
    assert cache.get("a") == 1
    assert cache.get("b") is None

def test_overwrite():
    cache = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 9)
    assert len(cache) == 2
    cache.put("c", 3)
    assert cache.get("a") == 9

def test_hits():
    cache = Cache(1)
    cache.put("a", 1)
    cache.get("a")
    cache.get("x")
    assert cache.hits == 1
""",
        """
from prog import Cache

def test_more():
    cache = Cache(3)
    for n in range(6):
        cache.put(n, n * n)
    assert list(cache.values) == [3, 4, 5]
    assert cache.get(3) == 9
    cache.put(6, 36)
    assert sorted(cache.values) == [3, 5, 6]
    assert cache.hits == 1
    cache.put(5, 0)
    cache.put(7, 49)
    assert sorted(cache.values) == [5, 6, 7]

def test_none_is_a_value():
    cache = Cache(1)
    cache.put("n", None)
    assert cache.get("n", 3) is None
    assert cache.hits == 1
""",
        bug("wrong_comparison", "len(self.values) >= self.size", "len(self.values) > self.size"),
        bug(
            "missing_statement",
            "        self.values[key] = value\n        return value",
            "        return value",
        ),
        bug(
            "wrong_order",
            "        if key not in self.values:\n            return default\n        self.hits += 1",
            "        self.hits += 1\n        if key not in self.values:\n            return default",
        ),
        bug("missing_default", "            return default\n", "            return None\n"),
        bug("wrong_value", "oldest = next(iter(self.values))", "oldest = list(self.values)[-1]"),
        bug(
            "wrong_keyword",
            "        elif len(self.values) >= self.size:",
            "        if len(self.values) >= self.size:",
        ),
    ),
    case(
        "stack_machine",
        """
class Machine:
    def __init__(self):
        self.stack = []

    def run(self, program):
        for word in program.split():
            if word in ("+", "-", "*", "/"):
                right = self.stack.pop()
                left = self.stack.pop()
                self.stack.append(self.apply(word, left, right))
            elif word == "dup":
                self.stack.append(self.stack[-1])
            elif word == "swap":
                self.stack[-1], self.stack[-2] = self.stack[-2], self.stack[-1]
            elif word == "drop":
                self.stack.pop()
            else:
                self.stack.append(float(word))
        return self.stack[-1] if self.stack else None

    def apply(self, operator, left, right):
        if operator == "+":
            return left + right
        if operator == "-":
            return left - right
        if operator == "*":
            return left * right
        if right == 0:
            raise ZeroDivisionError("division by zero on the stack")
        return left / right
""",
        """
import pytest
from prog import Machine

def test_plus():
    assert Machine().run("2 3 +") == 5

def test_order():
    assert Machine().run("10 4 -") == 6
    assert Machine().run("8 2 /") == 4

def test_words():
    assert Machine().run("3 dup *") == 9
    assert Machine().run("1 2 swap -") == 1
    assert Machine().run("1 2 drop") == 1

def test_nothing():
    assert Machine().run("") is None

def test_zero():
    with pytest.raises(ZeroDivisionError):
        Machine().run("1 0 /")
""",
        """
from prog import Machine

def test_more():
    assert Machine().run("5 1 2 + 4 * + 3 -") == 14
    assert Machine().run("2 dup dup * *") == 8
    assert Machine().run("9 3 swap /") == 3 / 9
    assert Machine().run("1.5 2 *") == 3
    machine = Machine()
    machine.run("1 2 3 drop swap")
    assert machine.stack == [2, 1]
""",
        bug(
            "swapped_names",
            "                right = self.stack.pop()\n                left = self.stack.pop()",
            "                left = self.stack.pop()\n                right = self.stack.pop()",
        ),
        bug("missing_guard", "self.stack[-1] if self.stack else None", "self.stack[-1]"),
        bug("wrong_index", "self.stack.append(self.stack[-1])", "self.stack.append(self.stack[0])"),
        bug("missing_call", "self.stack.append(float(word))", "self.stack.append(word)"),
        bug("wrong_operator", "            return left - right", "            return right - left"),
        bug(
            "missing_statement",
            '            elif word == "drop":\n                self.stack.pop()\n',
            '            elif word == "drop":\n                pass\n',
        ),
    ),
    case(
        "linked_list",
        """
class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next


class Linked:
    def __init__(self, values=()):
        self.head = None
        self.length = 0
        for value in values:
            self.append(value)

    def append(self, value):
        node = Node(value)
        self.length += 1
        if self.head is None:
            self.head = node
            return
        current = self.head
        while current.next is not None:
            current = current.next
        current.next = node

    def remove(self, value):
        previous = None
        current = self.head
        while current is not None:
            if current.value == value:
                if previous is None:
                    self.head = current.next
                else:
                    previous.next = current.next
                self.length -= 1
                return True
            previous = current
            current = current.next
        return False

    def reverse(self):
        previous = None
        current = self.head
        while current is not None:
            following = current.next
            current.next = previous
            previous = current
            current = following
        self.head = previous

    def __iter__(self):
        current = self.head
        while current is not None:
            yield current.value
            current = current.next
""",
        """
from prog import Linked

def test_append():
    assert list(Linked([1, 2, 3])) == [1, 2, 3]
    assert Linked("ab").length == 2

def test_remove():
    items = Linked([1, 2, 3])
    assert items.remove(2)
    assert list(items) == [1, 3]
    assert items.length == 2

def test_remove_head():
    items = Linked([1, 2])
    assert items.remove(1)
    assert list(items) == [2]

def test_remove_missing():
    items = Linked([1])
    assert not items.remove(9)
    assert list(items) == [1]

def test_reverse():
    items = Linked([1, 2, 3])
    items.reverse()
    assert list(items) == [3, 2, 1]

def test_empty():
    assert list(Linked()) == []
""",
        """
from prog import Linked

def test_more():
    items = Linked(range(6))
    for value in (0, 5, 3):
        assert items.remove(value)
    assert list(items) == [1, 2, 4] and items.length == 3
    items.append(9)
    items.reverse()
    assert list(items) == [9, 4, 2, 1]
    empty = Linked()
    empty.reverse()
    assert list(empty) == [] and not empty.remove(1)
    empty.append(7)
    assert list(empty) == [7] and empty.length == 1
    twice = Linked([4, 4])
    assert twice.remove(4) and list(twice) == [4]
""",
        bug(
            "missing_statement",
            "            previous = current\n            current = following",
            "            current = following",
        ),
        bug(
            "wrong_variable", "        self.head = previous\n\n", "        self.head = current\n\n"
        ),
        bug("missing_statement", "        self.length += 1\n", ""),
        bug(
            "missing_statement",
            "            previous = current\n            current = current.next\n        return False",
            "            current = current.next\n        return False",
        ),
        bug(
            "missing_return",
            "            self.head = node\n            return\n",
            "            self.head = node\n",
        ),
        bug("wrong_attribute", "previous.next = current.next", "previous.next = current"),
        bug("wrong_condition", "while current.next is not None:", "while current is not None:"),
        bug("missing_statement", "                self.length -= 1\n", ""),
    ),
    case(
        "inventory",
        """
class Inventory:
    def __init__(self):
        self.stock = {}
        self.prices = {}

    def add(self, name, quantity, price=None):
        self.stock[name] = self.stock.get(name, 0) + quantity
        if price is not None:
            self.prices[name] = price

    def remove(self, name, quantity):
        if self.stock.get(name, 0) < quantity:
            raise KeyError(name)
        self.stock[name] -= quantity
        if self.stock[name] == 0:
            del self.stock[name]

    def value(self):
        return sum(count * self.prices.get(name, 0) for name, count in self.stock.items())

    def low(self, limit):
        return sorted(name for name, count in self.stock.items() if count < limit)

    def merge(self, other):
        for name, count in other.stock.items():
            self.add(name, count, other.prices.get(name))
        return self
""",
        """
import pytest
from prog import Inventory

def test_add():
    shop = Inventory()
    shop.add("nut", 5, 2)
    shop.add("nut", 3)
    assert shop.stock == {"nut": 8}
    assert shop.value() == 16

def test_remove():
    shop = Inventory()
    shop.add("nut", 5)
    shop.remove("nut", 2)
    assert shop.stock == {"nut": 3}
    shop.remove("nut", 3)
    assert shop.stock == {}

def test_remove_too_many():
    shop = Inventory()
    shop.add("nut", 1)
    with pytest.raises(KeyError):
        shop.remove("nut", 2)
    with pytest.raises(KeyError):
        shop.remove("bolt", 1)

def test_low():
    shop = Inventory()
    shop.add("b", 1)
    shop.add("a", 2)
    shop.add("c", 9)
    assert shop.low(5) == ["a", "b"]
    assert shop.low(2) == ["b"]

def test_merge():
    one, two = Inventory(), Inventory()
    one.add("a", 1, 10)
    two.add("a", 2, 10)
    two.add("b", 1, 5)
    assert one.merge(two).stock == {"a": 3, "b": 1}
    assert one.value() == 35

def test_free_price():
    shop = Inventory()
    shop.add("gift", 2, 7)
    shop.add("gift", 1, 0)
    assert shop.value() == 0
""",
        """
import pytest
from prog import Inventory

def test_more():
    shop = Inventory()
    shop.add("x", 4, 3)
    shop.add("y", 2)
    assert shop.value() == 12
    shop.remove("x", 1)
    assert shop.value() == 9 and shop.low(3) == ["y"] and shop.low(4) == ["x", "y"]
    with pytest.raises(KeyError):
        shop.remove("x", 4)
    assert shop.stock == {"x": 3, "y": 2}
    other = Inventory().merge(shop)
    assert other.stock == shop.stock and other.prices == {"x": 3}
    shop.add("y", 1, 0)
    shop.add("y", 1)
    assert shop.prices["y"] == 0
""",
        bug(
            "missing_default",
            "self.stock[name] = self.stock.get(name, 0) + quantity",
            "self.stock[name] = quantity",
        ),
        bug("wrong_truth", "        if price is not None:", "        if price:"),
        bug(
            "wrong_comparison",
            "self.stock.get(name, 0) < quantity",
            "self.stock.get(name, 0) <= quantity",
        ),
        bug(
            "missing_case",
            "        if self.stock[name] == 0:\n            del self.stock[name]\n",
            "",
        ),
        bug(
            "missing_return",
            "            self.add(name, count, other.prices.get(name))\n        return self",
            "            self.add(name, count, other.prices.get(name))",
        ),
        bug("wrong_receiver", "other.prices.get(name))", "self.prices.get(name))"),
        bug("missing_default", "self.prices.get(name, 0)", "self.prices[name]"),
    ),
    case(
        "defaults",
        '''
class Basket:
    def __init__(self, items=None):
        self.items = list(items) if items is not None else []

    def add(self, item):
        self.items.append(item)
        return self

    def copy(self):
        return Basket(self.items)


def collect(value, into=None):
    if into is None:
        into = []
    into.append(value)
    return into


def with_defaults(options, defaults):
    """options on top of defaults; neither is changed."""
    merged = dict(defaults)
    merged.update(options)
    return merged


def makers(names):
    """A function for each name that returns it."""
    return [lambda name=name: name for name in names]


def without(items, unwanted):
    return [item for item in items if item != unwanted]
''',
        """
from prog import Basket, collect, makers, with_defaults, without

def test_baskets_are_apart():
    one, two = Basket(), Basket()
    one.add("x")
    assert two.items == []

def test_given_list_is_kept():
    given = ["a"]
    Basket(given).add("b")
    assert given == ["a"]

def test_copy():
    one = Basket(["a"])
    two = one.copy()
    two.add("b")
    assert one.items == ["a"]
    assert two.items == ["a", "b"]

def test_collect():
    assert collect(1) == [1]
    assert collect(2) == [2]
    assert collect(3, [0]) == [0, 3]

def test_defaults():
    defaults = {"size": 1, "colour": "red"}
    assert with_defaults({"size": 2}, defaults) == {"size": 2, "colour": "red"}
    assert defaults == {"size": 1, "colour": "red"}

def test_makers():
    assert [make() for make in makers(["a", "b"])] == ["a", "b"]

def test_without():
    assert without([1, 2, 2, 3, 2], 2) == [1, 3]
""",
        """
from prog import Basket, collect, makers, with_defaults, without

def test_more():
    first = Basket()
    assert first.add(1).add(2).items == [1, 2]
    assert Basket().items == []
    given = (1, 2)
    assert Basket(given).items == [1, 2]
    for n in range(3):
        assert collect(n) == [n]
    existing = [9]
    assert collect(1, existing) is existing
    options, defaults = {"a": 1}, {"b": 2}
    with_defaults(options, defaults)
    assert options == {"a": 1} and defaults == {"b": 2}
    assert [m() for m in makers("xyz")] == ["x", "y", "z"]
    assert without([2, 2, 2], 2) == [] and without([], 1) == []
""",
        bug(
            "mutable_default",
            "def collect(value, into=None):\n    if into is None:\n        into = []\n",
            "def collect(value, into=[]):\n",
        ),
        bug(
            "mutable_default",
            "items=None):\n        self.items = list(items) if items is not None else []",
            "items=[]):\n        self.items = items",
        ),
        bug("missing_copy", "merged = dict(defaults)", "merged = defaults"),
        bug(
            "swapped_roles",
            "    merged = dict(defaults)\n    merged.update(options)",
            "    merged = dict(options)\n    merged.update(defaults)",
        ),
        bug("late_binding", "lambda name=name: name", "lambda: name"),
        bug(
            "missing_return",
            "        self.items.append(item)\n        return self\n",
            "        self.items.append(item)\n",
        ),
        bug(
            "changed_while_read",
            "    return [item for item in items if item != unwanted]",
            "    for item in items:\n        if item == unwanted:\n            items.remove(item)\n    return items",
        ),
    ),
    case(
        "matrix",
        """
class Matrix:
    def __init__(self, rows):
        self.rows = [list(row) for row in rows]
        if any(len(row) != len(self.rows[0]) for row in self.rows):
            raise ValueError("rows of different length")

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    def __eq__(self, other):
        return isinstance(other, Matrix) and self.rows == other.rows

    def __add__(self, other):
        if self.shape != other.shape:
            raise ValueError("shapes differ")
        return Matrix(
            [a + b for a, b in zip(left, right)] for left, right in zip(self.rows, other.rows)
        )

    def __mul__(self, other):
        if self.shape[1] != other.shape[0]:
            raise ValueError("shapes do not fit")
        columns = list(zip(*other.rows))
        return Matrix(
            [sum(a * b for a, b in zip(row, column)) for column in columns] for row in self.rows
        )

    def transpose(self):
        return Matrix(zip(*self.rows))

    @classmethod
    def identity(cls, size):
        return cls([1 if i == j else 0 for j in range(size)] for i in range(size))
""",
        """
import pytest
from prog import Matrix

def test_shape():
    assert Matrix([[1, 2, 3], [4, 5, 6]]).shape == (2, 3)

def test_add():
    assert Matrix([[1, 2]]) + Matrix([[3, 4]]) == Matrix([[4, 6]])
    with pytest.raises(ValueError):
        Matrix([[1]]) + Matrix([[1, 2]])

def test_multiply():
    assert Matrix([[1, 2], [3, 4]]) * Matrix([[5, 6], [7, 8]]) == Matrix([[19, 22], [43, 50]])
    with pytest.raises(ValueError):
        Matrix([[1, 2]]) * Matrix([[1, 2]])

def test_transpose():
    assert Matrix([[1, 2, 3], [4, 5, 6]]).transpose() == Matrix([[1, 4], [2, 5], [3, 6]])

def test_identity():
    assert Matrix.identity(2) == Matrix([[1, 0], [0, 1]])

def test_ragged():
    with pytest.raises(ValueError):
        Matrix([[1], [1, 2]])

def test_apart():
    rows = [[1, 2]]
    matrix = Matrix(rows)
    rows[0][0] = 9
    assert matrix == Matrix([[1, 2]])
""",
        """
import pytest
from prog import Matrix

def test_more():
    a = Matrix([[2, 0, 1], [1, 3, 5]])
    assert a * Matrix.identity(3) == a
    assert a * a.transpose() == Matrix([[5, 7], [7, 35]])
    assert (a + a).rows == [[4, 0, 2], [2, 6, 10]]
    assert a.transpose().shape == (3, 2)
    assert a.transpose().transpose() == a
    assert Matrix.identity(1).rows == [[1]]
    assert not (a == "text")
    with pytest.raises(ValueError):
        a * a
    with pytest.raises(ValueError):
        a + a.transpose()
""",
        bug("missing_decorator", "    @classmethod\n", ""),
        bug("missing_decorator", "    @property\n", ""),
        bug(
            "swapped_tuple",
            "return len(self.rows), len(self.rows[0])",
            "return len(self.rows[0]), len(self.rows)",
        ),
        bug("wrong_index", "self.shape[1] != other.shape[0]", "self.shape[0] != other.shape[1]"),
        bug("wrong_operator", "sum(a * b for", "sum(a + b for"),
        bug("missing_star", "columns = list(zip(*other.rows))", "columns = other.rows"),
        bug("wrong_comparison", "1 if i == j else 0", "1 if i != j else 0"),
        bug("missing_copy", "self.rows = [list(row) for row in rows]", "self.rows = list(rows)"),
    ),
    case(
        "tree",
        '''
class Tree:
    """A binary search tree without repeated values."""

    def __init__(self, value=None):
        self.value = value
        self.left = None
        self.right = None

    def insert(self, value):
        if self.value is None:
            self.value = value
        elif value < self.value:
            if self.left is None:
                self.left = Tree(value)
            else:
                self.left.insert(value)
        elif value > self.value:
            if self.right is None:
                self.right = Tree(value)
            else:
                self.right.insert(value)

    def __contains__(self, value):
        if self.value is None:
            return False
        if value == self.value:
            return True
        branch = self.left if value < self.value else self.right
        return branch is not None and value in branch

    def values(self):
        if self.value is None:
            return []
        left = self.left.values() if self.left else []
        right = self.right.values() if self.right else []
        return left + [self.value] + right

    def height(self):
        if self.value is None:
            return 0
        left = self.left.height() if self.left else 0
        right = self.right.height() if self.right else 0
        return 1 + max(left, right)
''',
        """
from prog import Tree

def build(values):
    tree = Tree()
    for value in values:
        tree.insert(value)
    return tree

def test_sorted():
    assert build([5, 2, 8, 1, 9]).values() == [1, 2, 5, 8, 9]

def test_once():
    assert build([3, 3, 3]).values() == [3]

def test_contains():
    tree = build([5, 2, 8])
    assert 8 in tree
    assert 2 in tree
    assert 7 not in tree

def test_height():
    assert build([]).height() == 0
    assert build([1, 2, 3]).height() == 3
    assert build([2, 1, 3]).height() == 2

def test_empty():
    assert build([]).values() == []
    assert 1 not in build([])
""",
        """
import random
from prog import Tree

def test_random():
    rng = random.Random(2)
    for _ in range(20):
        values = [rng.randrange(40) for _ in range(15)]
        tree = Tree()
        for value in values:
            tree.insert(value)
        assert tree.values() == sorted(set(values))
        for value in range(40):
            assert (value in tree) == (value in values)

def test_height():
    tree = Tree()
    for value in (8, 4, 12, 2, 6, 14, 13):
        tree.insert(value)
    assert tree.height() == 4
""",
        bug(
            "wrong_attribute",
            "            else:\n                self.right.insert(value)",
            "            else:\n                self.left.insert(value)",
        ),
        bug("wrong_keyword", "        elif value > self.value:", "        else:"),
        bug("missing_part", "return left + [self.value] + right", "return left + right"),
        bug("wrong_function", "1 + max(left, right)", "1 + min(left, right)"),
        bug("off_by_one", "return 1 + max(left, right)", "return max(left, right)"),
        bug(
            "missing_guard",
            "return branch is not None and value in branch",
            "return value in branch",
        ),
        bug("missing_case", "        if self.value is None:\n            return []\n", ""),
        bug(
            "missing_part",
            "left = self.left.values() if self.left else []",
            "left = [self.left.value] if self.left else []",
        ),
    ),
    case(
        "events",
        """
class Emitter:
    def __init__(self):
        self.handlers = {}

    def on(self, name, handler):
        self.handlers.setdefault(name, []).append(handler)
        return handler

    def off(self, name, handler):
        if handler in self.handlers.get(name, []):
            self.handlers[name].remove(handler)

    def once(self, name, handler):
        def wrapper(*values):
            self.off(name, wrapper)
            return handler(*values)
        return self.on(name, wrapper)

    def emit(self, name, *values):
        results = []
        for handler in list(self.handlers.get(name, [])):
            results.append(handler(*values))
        return results
""",
        """
from prog import Emitter

def test_emit():
    emitter = Emitter()
    emitter.on("x", lambda a: a + 1)
    emitter.on("x", lambda a: a * 2)
    assert emitter.emit("x", 5) == [6, 10]

def test_nobody():
    assert Emitter().emit("x") == []

def test_off():
    emitter = Emitter()
    handler = emitter.on("x", lambda: 1)
    emitter.off("x", handler)
    emitter.off("x", handler)
    emitter.off("other", handler)
    assert emitter.emit("x") == []

def test_once():
    emitter = Emitter()
    emitter.once("x", lambda: 1)
    emitter.on("x", lambda: 2)
    assert emitter.emit("x") == [1, 2]
    assert emitter.emit("x") == [2]
""",
        """
from prog import Emitter

def test_more():
    emitter = Emitter()
    seen = []
    emitter.on("a", seen.append)
    emitter.once("a", seen.append)
    emitter.once("a", seen.append)
    emitter.emit("a", 1)
    emitter.emit("a", 2)
    assert seen == [1, 1, 1, 2]
    assert emitter.emit("b", 1, 2) == []
    emitter.on("b", lambda *values: sum(values))
    assert emitter.emit("b", 1, 2, 3) == [6]
""",
        bug(
            "missing_copy",
            "in list(self.handlers.get(name, [])):",
            "in self.handlers.get(name, []):",
        ),
        bug("missing_star", "results.append(handler(*values))", "results.append(handler(values))"),
        bug("wrong_variable", "self.off(name, wrapper)", "self.off(name, handler)"),
        bug(
            "missing_default",
            "if handler in self.handlers.get(name, []):",
            "if handler in self.handlers[name]:",
        ),
        bug(
            "missing_return",
            "        self.handlers.setdefault(name, []).append(handler)\n        return handler",
            "        self.handlers.setdefault(name, []).append(handler)",
        ),
        bug("wrong_variable", "return self.on(name, wrapper)", "return self.on(name, handler)"),
    ),
    case(
        "bowling",
        '''
class Game:
    """Ten-pin bowling."""

    def __init__(self):
        self.rolls = []

    def roll(self, pins):
        if pins < 0 or pins > 10:
            raise ValueError("pins must be 0 to 10")
        self.rolls.append(pins)

    def score(self):
        total = 0
        index = 0
        for _ in range(10):
            if self.rolls[index] == 10:
                total += 10 + self.rolls[index + 1] + self.rolls[index + 2]
                index += 1
            elif self.rolls[index] + self.rolls[index + 1] == 10:
                total += 10 + self.rolls[index + 2]
                index += 2
            else:
                total += self.rolls[index] + self.rolls[index + 1]
                index += 2
        return total
''',
        """
import pytest
from prog import Game

def play(rolls):
    game = Game()
    for pins in rolls:
        game.roll(pins)
    return game.score()

def test_gutter():
    assert play([0] * 20) == 0

def test_ones():
    assert play([1] * 20) == 20

def test_spare():
    assert play([5, 5, 3] + [0] * 17) == 16

def test_strike():
    assert play([10, 3, 4] + [0] * 16) == 24

def test_perfect():
    assert play([10] * 12) == 300

def test_bad():
    with pytest.raises(ValueError):
        Game().roll(11)
""",
        """
import pytest
from prog import Game

def play(rolls):
    game = Game()
    for pins in rolls:
        game.roll(pins)
    return game.score()

def test_more():
    assert play([5, 5] * 10 + [5]) == 150
    assert play([10, 7, 3, 9, 0, 10, 0, 8, 8, 2, 0, 6, 10, 10, 10, 8, 1]) == 167
    assert play([9, 0] * 10) == 90
    with pytest.raises(ValueError):
        Game().roll(-1)
""",
        bug(
            "wrong_index",
            "total += 10 + self.rolls[index + 2]\n",
            "total += 10 + self.rolls[index + 1]\n",
        ),
        bug(
            "wrong_constant",
            "                total += 10 + self.rolls[index + 1] + self.rolls[index + 2]\n                index += 1",
            "                total += 10 + self.rolls[index + 1] + self.rolls[index + 2]\n                index += 2",
        ),
        bug(
            "missing_part",
            "total += 10 + self.rolls[index + 1] + self.rolls[index + 2]",
            "total += 10 + self.rolls[index + 1]",
        ),
        bug("wrong_range", "range(10)", "range(9)"),
        bug("missing_condition", "if pins < 0 or pins > 10:", "if pins < 0:"),
    ),
]
