"""Everyday code with bugs that were written before the operators they need."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "inventory",
        {
            "store/__init__.py": "",
            "store/errors.py": """
class OutOfStock(Exception):
    pass


class UnknownItem(KeyError):
    pass
""",
            "store/stock.py": """
from store.errors import OutOfStock, UnknownItem


class Stock:
    def __init__(self, counts=None):
        self.counts = dict(counts or {})
        self.history = []

    def add(self, name, count=1):
        if count <= 0:
            raise ValueError("count must be positive")
        self.counts[name] = self.counts.get(name, 0) + count
        self.history.append(("add", name, count))

    def take(self, name, count=1):
        if name not in self.counts:
            raise UnknownItem(name)
        if self.counts[name] < count:
            raise OutOfStock(name)
        self.counts[name] -= count
        if self.counts[name] == 0:
            del self.counts[name]
        self.history.append(("take", name, count))

    def low(self, limit):
        return sorted(name for name, count in self.counts.items() if count < limit)

    def total(self):
        return sum(self.counts.values())
""",
            "store/orders.py": '''
from store.errors import OutOfStock
from store.stock import Stock


def fulfil(stock, lines):
    """Takes what is there; returns the names that were not."""
    missing = []
    for name, count in lines:
        try:
            stock.take(name, count)
        except (OutOfStock, KeyError):
            missing.append(name)
    return missing


def price(lines, prices, discount=0):
    total = sum(prices[name] * count for name, count in lines)
    return round(total * (100 - discount) / 100, 2)
''',
        },
        """
import pytest
from store.errors import OutOfStock, UnknownItem
from store.orders import fulfil, price
from store.stock import Stock

def test_add():
    stock = Stock({"a": 1})
    stock.add("a", 2)
    stock.add("b")
    assert stock.counts == {"a": 3, "b": 1}
    with pytest.raises(ValueError):
        stock.add("a", 0)

def test_take():
    stock = Stock({"a": 2})
    stock.take("a")
    assert stock.counts == {"a": 1}
    stock.take("a")
    assert stock.counts == {}
    assert len(stock.history) == 2
    with pytest.raises(UnknownItem):
        stock.take("zzz")

def test_out():
    with pytest.raises(OutOfStock):
        Stock({"a": 1}).take("a", 2)

def test_copy():
    counts = {"a": 1}
    Stock(counts).add("a")
    assert counts == {"a": 1}

def test_low():
    assert Stock({"x": 1, "b": 0, "a": 5, "c": 2}).low(2) == ["b", "x"]

def test_total():
    assert Stock({"a": 1, "b": 4}).total() == 5

def test_fulfil():
    stock = Stock({"a": 2, "b": 1})
    assert fulfil(stock, [("a", 1), ("b", 3), ("c", 1)]) == ["b", "c"]
    assert stock.counts == {"a": 1, "b": 1}

def test_price():
    assert price([("a", 2), ("b", 1)], {"a": 1.5, "b": 2}) == 5.0
    assert price([("a", 2)], {"a": 10}, 25) == 15.0
""",
        """
import pytest
from store.errors import OutOfStock, UnknownItem
from store.orders import fulfil, price
from store.stock import Stock

def test_more():
    stock = Stock()
    stock.add("q", 3)
    stock.add("q", 3)
    assert stock.counts == {"q": 6}
    assert stock.history == [("add", "q", 3), ("add", "q", 3)]
    stock.take("q", 6)
    assert stock.counts == {} and stock.history[-1] == ("take", "q", 6)
    assert stock.low(5) == []
    assert Stock({"a": 2, "b": 2, "c": 1}).low(2) == ["c"]
    assert Stock({"z": 0, "y": 1, "x": 0}).low(1) == ["x", "z"]
    with pytest.raises(ValueError):
        stock.add("q", -1)
    with pytest.raises(UnknownItem):
        stock.take("q")
    seed = {"m": 4}
    other = Stock(seed)
    other.take("m", 4)
    assert seed == {"m": 4}
    assert fulfil(other, [("m", 1)]) == ["m"]
    assert price([("a", 3)], {"a": 9.99}, 10) == 26.97
""",
        bug(
            "missing_block",
            "        if self.counts[name] == 0:\n            del self.counts[name]\n",
            "",
            file="store/stock.py",
        ),
        bug(
            "missing_copy",
            "self.counts = dict(counts or {})",
            "self.counts = counts or {}",
            file="store/stock.py",
        ),
        bug(
            "wrong_exception",
            "except (OutOfStock, KeyError):",
            "except OutOfStock:",
            file="store/orders.py",
        ),
        bug(
            "missing_guard",
            "        if name not in self.counts:\n            raise UnknownItem(name)\n",
            "",
            file="store/stock.py",
        ),
        bug(
            "missing_call",
            "return sorted(name for name, count in self.counts.items() if count < limit)",
            "return [name for name, count in self.counts.items() if count < limit]",
            file="store/stock.py",
        ),
        bug("wrong_method", "sum(self.counts.values())", "sum(self.counts)", file="store/stock.py"),
        bug(
            "wrong_value",
            "self.counts.get(name, 0) + count",
            "self.counts.get(name, 1) + count",
            file="store/stock.py",
        ),
        bug(
            "missing_statement",
            '        self.history.append(("take", name, count))\n',
            "",
            file="store/stock.py",
        ),
        bug("missing_term", "(100 - discount) / 100", "discount / 100", file="store/orders.py"),
        bug(
            "missing_guard",
            '        if count <= 0:\n            raise ValueError("count must be positive")\n',
            "",
            file="store/stock.py",
        ),
    ),
    case(
        "texts_small",
        '''
import re


def slug(title):
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words)


def initials(name):
    return "".join(part[0].upper() for part in name.split() if part)


def parse_pairs(text, separator="="):
    """'a = 1' lines to a dictionary; empty lines and comments are left out."""
    pairs = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, _, value = line.partition(separator)
        pairs[key.strip()] = value.strip()
    return pairs


def wrapped(text, width):
    lines = []
    current = ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        elif current:
            current += " " + word
        else:
            current = word
    if current:
        lines.append(current)
    return lines


def common_prefix(words):
    if not words:
        return ""
    shortest = min(words, key=len)
    for index, letter in enumerate(shortest):
        if any(word[index] != letter for word in words):
            return shortest[:index]
    return shortest


def palindrome(text):
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]
''',
        """
from prog import common_prefix, initials, palindrome, parse_pairs, slug, wrapped

def test_slug():
    assert slug("Hello, World!") == "hello-world"

def test_initials():
    assert initials("ada king lovelace") == "AKL"

def test_pairs():
    assert parse_pairs("a = 1\\n\\n# note\\n b=x=y ") == {"a": "1", "b": "x=y"}
    assert parse_pairs("a: 2", ":") == {"a": "2"}

def test_wrapped():
    assert wrapped("aa bb cc dd", 5) == ["aa bb", "cc dd"]
    assert wrapped("long word", 3) == ["long", "word"]
    assert wrapped("", 3) == []

def test_prefix():
    assert common_prefix(["flower", "flow", "flight"]) == "fl"
    assert common_prefix(["ab", "abc"]) == "ab"
    assert common_prefix([]) == ""

def test_palindrome():
    assert palindrome("Never odd, or even")
    assert not palindrome("abca")
""",
        """
from prog import common_prefix, initials, palindrome, parse_pairs, slug, wrapped

def test_more():
    assert slug("  One  2 THREE--four ") == "one-2-three-four"
    assert initials("grace  hopper") == "GH"
    assert parse_pairs("#x = 2\\nk = v # c\\n   #no\\n k2 =  ") == {"k": "v # c", "k2": ""}
    assert wrapped("the quick brown fox", 10) == ["the quick", "brown fox"]
    assert wrapped("a b c", 1) == ["a", "b", "c"]
    assert common_prefix(["x"]) == "x"
    assert common_prefix(["a", "b"]) == ""
    assert palindrome("")
    assert palindrome("Aa1 1aA")
    assert not palindrome("ab")
""",
        bug("missing_call", "title.lower())", "title)"),
        bug("missing_call", "part[0].upper()", "part[0]"),
        bug(
            "missing_guard",
            '        if not line or line.startswith("#"):\n            continue\n',
            "",
        ),
        bug("missing_condition", 'if not line or line.startswith("#"):', "if not line:"),
        bug("missing_block", "    if current:\n        lines.append(current)\n", ""),
        bug(
            "missing_update",
            "            current = word\n        elif current:",
            "        elif current:",
        ),
        bug("wrong_method", "line.partition(separator)", "line.rpartition(separator)"),
        bug("missing_call", "pairs[key.strip()] = value.strip()", "pairs[key.strip()] = value"),
        bug("wrong_return", "            return shortest[:index]", "            return shortest"),
        bug("missing_filter", " for c in text if c.isalnum()]", " for c in text]"),
        bug("wrong_function", "shortest = min(words, key=len)", "shortest = max(words, key=len)"),
    ),
    case(
        "account",
        """
class InsufficientFunds(Exception):
    pass


class Account:
    def __init__(self, owner, balance=0, limit=None):
        self.owner = owner
        self.balance = balance
        self.limit = limit
        self.entries = []

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("amount")
        self.balance += amount
        self.entries.append(amount)
        return self.balance

    def withdraw(self, amount):
        if amount > self.balance:
            raise InsufficientFunds(self.owner)
        if self.limit is not None and amount > self.limit:
            raise ValueError("limit")
        self.balance -= amount
        self.entries.append(-amount)
        return self.balance

    def transfer(self, other, amount):
        self.withdraw(amount)
        other.deposit(amount)

    def statement(self):
        lines = []
        for number, amount in enumerate(self.entries, start=1):
            sign = "+" if amount >= 0 else "-"
            lines.append(f"{number}. {sign}{abs(amount)}")
        return lines


class Savings(Account):
    def __init__(self, owner, balance=0, rate=0.0):
        super().__init__(owner, balance)
        self.rate = rate

    def add_interest(self):
        return self.deposit(self.balance * self.rate)


class Bank:
    def __init__(self):
        self.accounts = {}

    def open(self, owner, balance=0):
        if owner in self.accounts:
            raise KeyError(owner)
        account = Account(owner, balance)
        self.accounts[owner] = account
        return account

    def richest(self):
        if not self.accounts:
            return None
        return max(self.accounts.values(), key=lambda account: account.balance)

    def __contains__(self, owner):
        return owner in self.accounts

    def __len__(self):
        return len(self.accounts)
""",
        """
import pytest
from prog import Account, Bank, InsufficientFunds, Savings

def test_deposit():
    a = Account("ann", 10)
    assert a.deposit(5) == 15
    assert a.entries == [5]
    with pytest.raises(ValueError):
        a.deposit(0)

def test_withdraw():
    a = Account("ann", 10)
    assert a.withdraw(10) == 0
    with pytest.raises(InsufficientFunds):
        a.withdraw(1)
    b = Account("bob", 50, limit=20)
    with pytest.raises(ValueError):
        b.withdraw(30)

def test_transfer():
    a, b = Account("ann", 10), Account("bob")
    a.transfer(b, 4)
    assert (a.balance, b.balance) == (6, 4)

def test_statement():
    a = Account("ann", 10)
    a.deposit(5)
    a.withdraw(7)
    assert a.statement() == ["1. +5", "2. -7"]

def test_savings():
    s = Savings("sid", 200, 0.5)
    assert s.add_interest() == 300
    assert s.limit is None

def test_bank():
    bank = Bank()
    assert bank.richest() is None
    ann = bank.open("ann", 8)
    bank.open("bob", 3)
    assert bank.richest() is ann
    assert "ann" in bank and "zed" not in bank
    assert len(bank) == 2
    with pytest.raises(KeyError):
        bank.open("ann")
""",
        """
import pytest
from prog import Account, Bank, InsufficientFunds, Savings

def test_more():
    a = Account("x", 1)
    with pytest.raises(InsufficientFunds):
        a.withdraw(2)
    assert a.balance == 1 and a.entries == []
    with pytest.raises(ValueError):
        a.deposit(-3)
    a.deposit(9)
    a.withdraw(4)
    assert a.entries == [9, -4]
    assert a.statement() == ["1. +9", "2. -4"]
    b = Account("y", 100, 30)
    assert b.withdraw(30) == 70
    b.transfer(a, 10)
    assert (a.balance, b.balance) == (16, 60)
    s = Savings("z", 100, 0.1)
    assert s.add_interest() == 110 and s.entries == [10]
    s.transfer(a, 10)
    assert s.balance == 100
    bank = Bank()
    for name, value in (("p", 4), ("q", 9), ("r", 2)):
        assert bank.open(name, value).balance == value
    assert bank.richest().owner == "q" and len(bank) == 3
    with pytest.raises(KeyError):
        bank.open("q", 100)
    assert bank.accounts["q"].balance == 9
""",
        bug("missing_super", "        super().__init__(owner, balance)\n", ""),
        bug(
            "missing_return",
            "        return self.deposit(self.balance * self.rate)",
            "        self.deposit(self.balance * self.rate)",
        ),
        bug("missing_statement", "        other.deposit(amount)\n", ""),
        bug("missing_call", "{sign}{abs(amount)}", "{sign}{amount}"),
        bug(
            "missing_guard", "self.limit is not None and amount > self.limit", "amount > self.limit"
        ),
        bug("missing_guard", "        if not self.accounts:\n            return None\n", ""),
        bug("missing_statement", "        self.accounts[owner] = account\n", ""),
        bug(
            "wrong_exception", "raise InsufficientFunds(self.owner)", "raise ValueError(self.owner)"
        ),
        bug(
            "missing_guard",
            "        if owner in self.accounts:\n            raise KeyError(owner)\n",
            "",
        ),
        bug("wrong_operator", "self.entries.append(-amount)", "self.entries.append(amount)"),
        bug(
            "wrong_argument",
            "key=lambda account: account.balance",
            "key=lambda account: account.owner",
        ),
        bug("missing_argument", "enumerate(self.entries, start=1)", "enumerate(self.entries)"),
    ),
    case(
        "caches",
        '''
from collections import OrderedDict


class Recent:
    """Keeps the entries used last."""

    def __init__(self, size):
        self.size = size
        self.entries = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, key, default=None):
        if key not in self.entries:
            self.misses += 1
            return default
        self.hits += 1
        self.entries.move_to_end(key)
        return self.entries[key]

    def put(self, key, value):
        if key in self.entries:
            self.entries.move_to_end(key)
        self.entries[key] = value
        if len(self.entries) > self.size:
            self.entries.popitem(last=False)


def remembered(function):
    known = {}

    def wrapper(*args):
        if args not in known:
            known[args] = function(*args)
        return known[args]

    return wrapper


def grouped(items, key):
    groups = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def collect(item, into=None):
    if into is None:
        into = []
    into.append(item)
    return into


def deep(mapping, path, default=None):
    current = mapping
    for part in path.split("."):
        if not isinstance(current, dict) or part not in current:
            return default
        current = current[part]
    return current


def overlaid(base, other):
    """base with other laid over it, nested dictionaries too; both stay as they are."""
    result = dict(base)
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = overlaid(result[key], value)
        else:
            result[key] = value
    return result
''',
        """
from prog import Recent, collect, deep, grouped, overlaid, remembered

def test_recent():
    r = Recent(2)
    r.put("a", 1)
    r.put("b", 2)
    assert r.get("a") == 1
    r.put("c", 3)
    assert r.get("b") is None
    assert r.get("a") == 1
    assert (r.hits, r.misses) == (2, 1)

def test_put_again():
    r = Recent(2)
    r.put("a", 1)
    r.put("b", 2)
    r.put("a", 5)
    r.put("c", 3)
    assert list(r.entries.items()) == [("a", 5), ("c", 3)]

def test_remembered():
    calls = []
    @remembered
    def double(n):
        calls.append(n)
        return 2 * n
    assert [double(2), double(2), double(3)] == [4, 4, 6]
    assert calls == [2, 3]

def test_grouped():
    assert grouped([1, 2, 3, 4], lambda n: n % 2) == {1: [1, 3], 0: [2, 4]}

def test_collect():
    assert collect(1) == [1]
    assert collect(2) == [2]
    assert collect(3, [0]) == [0, 3]

def test_deep():
    data = {"a": {"b": 3}}
    assert deep(data, "a.b") == 3
    assert deep(data, "a.x", 0) == 0
    assert deep(data, "a.b.c", "no") == "no"

def test_overlaid():
    base = {"a": {"x": 1, "y": 2}, "b": 3}
    assert overlaid(base, {"a": {"y": 5}, "c": 1}) == {"a": {"x": 1, "y": 5}, "b": 3, "c": 1}
    assert base == {"a": {"x": 1, "y": 2}, "b": 3}
    assert overlaid({"a": 1}, {"a": {"k": 1}}) == {"a": {"k": 1}}
""",
        """
from prog import Recent, collect, deep, grouped, overlaid, remembered

def test_more():
    r = Recent(1)
    r.put("k", 1)
    r.put("l", 2)
    assert list(r.entries) == ["l"]
    assert r.get("k", 7) == 7
    r.put("l", 3)
    assert r.get("l") == 3 and (r.hits, r.misses) == (1, 1)
    big = Recent(3)
    for k in "abc":
        big.put(k, k)
    big.get("a"); big.get("b")
    big.put("d", "d")
    assert list(big.entries) == ["a", "b", "d"]
    seen = []
    f = remembered(lambda a, b: seen.append((a, b)) or a + b)
    assert (f(1, 2), f(1, 2), f(2, 1)) == (3, 3, 3) and seen == [(1, 2), (2, 1)]
    assert grouped(["ab", "c", "de"], len) == {2: ["ab", "de"], 1: ["c"]}
    assert grouped([], len) == {}
    assert collect("x") == ["x"] and collect("y") == ["y"]
    assert deep({}, "q") is None and deep({"q": None}, "q.r", 4) == 4
    assert deep({"a": {"b": {"c": 1}}}, "a.b") == {"c": 1}
    assert overlaid({"p": {"q": {"r": 1}}}, {"p": {"q": {"s": 2}}}) == {"p": {"q": {"r": 1, "s": 2}}}
    assert overlaid({"p": {"q": 1}}, {"p": 3}) == {"p": 3}
""",
        bug(
            "missing_statement",
            "        self.entries.move_to_end(key)\n        return",
            "        return",
        ),
        bug("missing_argument", "popitem(last=False)", "popitem()"),
        bug(
            "mutable_default",
            "def collect(item, into=None):\n    if into is None:\n        into = []\n",
            "def collect(item, into=[]):\n",
        ),
        bug("missing_copy", "result = dict(base)", "result = base"),
        bug("missing_update", "        current = current[part]\n", ""),
        bug(
            "missing_guard",
            "if not isinstance(current, dict) or part not in current:",
            "if part not in current:",
        ),
        bug(
            "missing_condition",
            "if isinstance(value, dict) and isinstance(result.get(key), dict):",
            "if isinstance(value, dict):",
        ),
        bug("missing_star", "function(*args)", "function(args)"),
        bug(
            "missing_block",
            "        if len(self.entries) > self.size:\n            self.entries.popitem(last=False)\n",
            "",
        ),
        bug(
            "wrong_method",
            "groups.setdefault(key(item), []).append(item)",
            "groups.setdefault(key(item), []).extend(item)",
        ),
        bug(
            "missing_guard",
            "        if args not in known:\n            known[args]",
            "        if True:\n            known[args]",
        ),
        bug("missing_update", "            self.misses += 1\n", ""),
    ),
    case(
        "schedule",
        '''
from dataclasses import dataclass, field


@dataclass(order=True)
class Slot:
    start: int
    end: int
    title: str = field(default="", compare=False)

    def overlaps(self, other):
        return self.start < other.end and other.start < self.end

    @property
    def length(self):
        return self.end - self.start


class Calendar:
    def __init__(self, opens=9, closes=17):
        self.opens = opens
        self.closes = closes
        self.slots = []

    def book(self, start, end, title=""):
        slot = Slot(start, end, title)
        if not self.opens <= start < end <= self.closes:
            raise ValueError("outside of the day")
        if any(slot.overlaps(other) for other in self.slots):
            return False
        self.slots.append(slot)
        self.slots.sort()
        return True

    def cancel(self, title):
        kept = [slot for slot in self.slots if slot.title != title]
        removed = len(self.slots) - len(kept)
        self.slots = kept
        return removed

    def free(self):
        """Free (start, end) stretches of the day."""
        gaps = []
        at = self.opens
        for slot in self.slots:
            if slot.start > at:
                gaps.append((at, slot.start))
            at = slot.end
        if at < self.closes:
            gaps.append((at, self.closes))
        return gaps

    def busy(self):
        return sum(slot.length for slot in self.slots)

    def longest(self):
        return max(self.slots, key=lambda slot: slot.length, default=None)
''',
        """
import pytest
from prog import Calendar, Slot

def test_overlaps():
    assert Slot(9, 11).overlaps(Slot(10, 12))
    assert not Slot(9, 10).overlaps(Slot(10, 11))

def test_book():
    day = Calendar()
    assert day.book(12, 13, "b")
    assert day.book(9, 10, "a")
    assert not day.book(12, 14, "c")
    assert [slot.title for slot in day.slots] == ["a", "b"]
    with pytest.raises(ValueError):
        day.book(16, 18)
    with pytest.raises(ValueError):
        day.book(8, 10)
    with pytest.raises(ValueError):
        day.book(15, 15)

def test_cancel():
    day = Calendar()
    day.book(9, 10, "x")
    day.book(11, 12, "y")
    assert day.cancel("x") == 1
    assert day.cancel("zzz") == 0
    assert day.busy() == 1

def test_free():
    day = Calendar()
    assert day.free() == [(9, 17)]
    day.book(9, 10)
    day.book(12, 13)
    assert day.free() == [(10, 12), (13, 17)]
    day.book(13, 17)
    assert day.free() == [(10, 12)]

def test_longest():
    day = Calendar()
    assert day.longest() is None
    day.book(9, 10, "s")
    day.book(10, 14, "l")
    assert day.longest().title == "l"
""",
        """
import pytest
from prog import Calendar, Slot

def test_more():
    assert not Slot(10, 11).overlaps(Slot(9, 10))
    assert Slot(9, 17).overlaps(Slot(11, 12)) and Slot(11, 12).overlaps(Slot(9, 17))
    day = Calendar(8, 20)
    assert day.book(18, 20, "c") and day.book(8, 9, "a") and day.book(12, 15, "b")
    assert [s.title for s in day.slots] == ["a", "b", "c"]
    assert day.free() == [(9, 12), (15, 18)]
    assert day.busy() == 6
    assert day.longest().title == "b"
    assert not day.book(11, 13)
    assert day.cancel("b") == 1 and day.free() == [(9, 18)]
    with pytest.raises(ValueError):
        day.book(13, 12)
    assert day.cancel("a") == 1 and day.cancel("c") == 1 and day.slots == []
    assert day.free() == [(8, 20)]
""",
        bug("missing_statement", "        self.slots.sort()\n", ""),
        bug("missing_statement", "        self.slots = kept\n", ""),
        bug("missing_update", "            at = slot.end\n", ""),
        bug(
            "missing_block",
            "        if at < self.closes:\n            gaps.append((at, self.closes))\n",
            "",
        ),
        bug(
            "missing_argument",
            "lambda slot: slot.length, default=None)",
            "lambda slot: slot.length)",
        ),
        bug(
            "wrong_comparison",
            "self.opens <= start < end <= self.closes",
            "self.opens <= start < end < self.closes",
        ),
        bug(
            "wrong_comparison",
            "self.start < other.end and other.start < self.end",
            "self.start <= other.end and other.start <= self.end",
        ),
        bug("missing_decorator", "    @property\n    def length", "    def length"),
        bug(
            "missing_guard",
            "            if slot.start > at:\n                gaps.append((at, slot.start))",
            "            gaps.append((at, slot.start))",
        ),
        bug("wrong_variable", "gaps.append((at, slot.start))", "gaps.append((at, slot.end))"),
        bug("swapped", "len(self.slots) - len(kept)", "len(kept) - len(self.slots)"),
    ),
]
