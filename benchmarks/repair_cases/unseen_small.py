"""Small algorithms with bugs that were written before the operators they need."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "graph_walk",
        '''
class Vertex:
    def __init__(self, name, links=()):
        self.name = name
        self.links = list(links)


def reaches(start, goal):
    """Whether goal can be reached from start."""
    seen = set()

    def visit(vertex):
        if vertex is goal:
            return True
        if vertex in seen:
            return False
        seen.add(vertex)
        return any(visit(follower) for follower in vertex.links)

    return visit(start)


def distance(start, goal):
    """Number of links on the shortest way, or None."""
    waiting = [(start, 0)]
    seen = {start}
    while waiting:
        vertex, steps = waiting.pop(0)
        if vertex is goal:
            return steps
        for follower in vertex.links:
            if follower not in seen:
                seen.add(follower)
                waiting.append((follower, steps + 1))
    return None
''',
        """
from prog import Vertex, distance, reaches

def build():
    d = Vertex("d")
    c = Vertex("c", [d])
    b = Vertex("b", [c])
    a = Vertex("a", [b, c])
    return a, b, c, d

def test_reaches():
    a, b, c, d = build()
    assert reaches(a, d)
    assert not reaches(d, a)

def test_reaches_cycle():
    a, b, c, d = build()
    d.links.append(a)
    assert reaches(d, c)
    assert not reaches(a, Vertex("x"))

def test_distance():
    a, b, c, d = build()
    assert distance(a, d) == 2
    assert distance(a, a) == 0
    assert distance(b, d) == 2

def test_distance_none():
    a, b, c, d = build()
    d.links.append(b)
    c.links.append(b)
    assert distance(d, a) is None

def test_distance_shorter():
    a, b, c, d = build()
    b.links = [d]
    c.links = [Vertex("e", [d])]
    assert distance(a, d) == 2
""",
        """
from prog import Vertex, distance, reaches

def test_long_chain():
    nodes = [Vertex(i) for i in range(8)]
    for one, two in zip(nodes, nodes[1:]):
        one.links.append(two)
    assert distance(nodes[0], nodes[7]) == 7
    assert reaches(nodes[0], nodes[7])
    nodes[7].links.append(nodes[3])
    assert distance(nodes[5], nodes[4]) == 4
    assert distance(nodes[5], nodes[2]) is None
    assert not reaches(nodes[5], nodes[2])
    assert reaches(nodes[2], nodes[2])
""",
        bug("missing_visited", "        seen.add(vertex)\n", ""),
        bug("missing_visited", "                seen.add(follower)\n", ""),
        bug("wrong_argument", "steps + 1))", "steps))"),
        bug("missing_guard", "        if vertex in seen:\n            return False\n", ""),
        bug("wrong_method", "waiting.pop(0)", "waiting.pop()"),
        bug(
            "wrong_return",
            "        if vertex is goal:\n            return True",
            "        if vertex is goal:\n            return False",
        ),
    ),
    case(
        "subsets",
        '''
def subsets(items):
    """All sub-lists in the order of the items."""
    if not items:
        return [[]]
    first, *rest = items
    smaller = subsets(rest)
    return smaller + [[first] + subset for subset in smaller]


def combinations_of(low, high, size):
    """Rising lists of size numbers from low up to and without high."""
    if size == 0:
        return [[]]
    found = []
    for first in range(low, high + 1 - size):
        found.extend([first] + rest for rest in combinations_of(first + 1, high, size - 1))
    return found


def flat(nested):
    """The leaves of nested lists, in order."""
    for item in nested:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item
''',
        """
from prog import combinations_of, flat, subsets

def test_subsets():
    assert subsets([1, 2]) == [[], [2], [1], [1, 2]]
    assert subsets([]) == [[]]

def test_combinations():
    assert combinations_of(1, 4, 2) == [[1, 2], [1, 3], [2, 3]]
    assert combinations_of(0, 3, 1) == [[0], [1], [2]]

def test_flat():
    assert list(flat([1, [2, [3]], []])) == [1, 2, 3]
    assert list(flat([])) == []
""",
        """
import itertools
from prog import combinations_of, flat, subsets

def test_many():
    assert len(subsets(list("abcd"))) == 16
    assert sorted(map(tuple, subsets([1, 2, 3]))) == sorted(
        c for n in range(4) for c in itertools.combinations([1, 2, 3], n))
    for size in range(4):
        assert combinations_of(2, 7, size) == [list(c) for c in itertools.combinations(range(2, 7), size)]
    assert list(flat([[[[5]]], 6, [7, [8, 9]]])) == [5, 6, 7, 8, 9]
""",
        bug("missing_term", "return smaller + [", "return ["),
        bug(
            "recursion_argument", "combinations_of(first + 1, high", "combinations_of(low + 1, high"
        ),
        bug("recursion_argument", "size - 1))", "size))"),
        bug("generator", "yield from flat(item)", "yield flat(item)"),
        bug(
            "base_case",
            "    if not items:\n        return [[]]",
            "    if not items:\n        return []",
        ),
        bug("base_case", "    if size == 0:\n        return [[]]\n", ""),
    ),
    case(
        "edit_distance",
        '''
def changes(one, two):
    """The smallest number of insertions, deletions and replacements from one to two."""
    if not one or not two:
        return len(one) + len(two)
    if one[0] == two[0]:
        return changes(one[1:], two[1:])
    return 1 + min(
        changes(one, two[1:]),
        changes(one[1:], two),
        changes(one[1:], two[1:]),
    )


def shared(one, two):
    """Length of the longest common run."""
    best = 0
    lengths = {}
    for i, left in enumerate(one):
        for j, right in enumerate(two):
            if left == right:
                lengths[i, j] = lengths.get((i - 1, j - 1), 0) + 1
                best = max(best, lengths[i, j])
    return best
''',
        """
from prog import changes, shared

def test_changes():
    assert changes("abc", "abc") == 0
    assert changes("kitten", "sitting") == 3
    assert changes("", "ab") == 2
    assert changes("flaw", "lawn") == 2

def test_shared():
    assert shared("abcdef", "zbcdx") == 3
    assert shared("abc", "xyz") == 0
    assert shared("aba", "ab") == 2
""",
        """
from prog import changes, shared

def test_more():
    assert changes("sunday", "monday") == 2
    assert changes("abcd", "") == 4
    assert changes("ab", "ba") == 2
    assert changes("intent", "extend") == 3
    assert shared("hello world", "yellow") == 4
    assert shared("aaaa", "aa") == 2
    assert shared("", "aa") == 0
""",
        bug("missing_term", "return 1 + min(", "return min("),
        bug(
            "extra_term",
            "        return changes(one[1:], two[1:])\n    return",
            "        return 1 + changes(one[1:], two[1:])\n    return",
        ),
        bug("wrong_value", "return len(one) + len(two)", "return len(one)"),
        bug("wrong_index", "lengths.get((i - 1, j - 1), 0)", "lengths.get((i - 1, j), 0)"),
        bug("missing_max", "best = max(best, lengths[i, j])", "best = lengths[i, j]"),
        bug("missing_statement", "                best = max(best, lengths[i, j])\n", ""),
    ),
    case(
        "infix",
        '''
LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2}


def postfix(tokens):
    """Reverse Polish notation of an infix expression without brackets."""
    output = []
    operators = []
    for token in tokens:
        if token not in LEVELS:
            output.append(token)
        else:
            while operators and LEVELS[operators[-1]] >= LEVELS[token]:
                output.append(operators.pop())
            operators.append(token)
    while operators:
        output.append(operators.pop())
    return output


def value(tokens):
    stack = []
    for token in tokens:
        if token in LEVELS:
            right = stack.pop()
            left = stack.pop()
            if token == "+":
                stack.append(left + right)
            elif token == "-":
                stack.append(left - right)
            elif token == "*":
                stack.append(left * right)
            else:
                stack.append(left / right)
        else:
            stack.append(token)
    return stack.pop()
''',
        """
from prog import postfix, value

def test_postfix():
    assert postfix([1, "+", 2]) == [1, 2, "+"]
    assert postfix([1, "-", 2, "-", 3]) == [1, 2, "-", 3, "-"]
    assert postfix([1, "+", 2, "*", 3]) == [1, 2, 3, "*", "+"]

def test_value():
    assert value([7, 2, "-"]) == 5
    assert value([8, 2, "/", 3, "*"]) == 12
    assert value([1, 2, 3, "+", "+"]) == 6
""",
        """
from prog import postfix, value

def test_more():
    assert postfix([4]) == [4]
    assert postfix([2, "*", 3, "+", 4]) == [2, 3, "*", 4, "+"]
    assert postfix([9, "/", 3, "/", 3, "+", 1]) == [9, 3, "/", 3, "/", 1, "+"]
    assert value(postfix([1, "+", 8, "/", 4, "*", 3, "-", 2])) == 5
    assert value([5]) == 5
    assert value([2, 9, "-"]) == -7
""",
        bug("missing_statement", "            operators.append(token)\n", ""),
        bug(
            "swapped",
            "            right = stack.pop()\n            left = stack.pop()",
            "            left = stack.pop()\n            right = stack.pop()",
        ),
        bug(
            "missing_statement",
            "    while operators:\n        output.append(operators.pop())\n",
            "",
        ),
        bug(
            "wrong_comparison",
            "LEVELS[operators[-1]] >= LEVELS[token]",
            "LEVELS[operators[-1]] > LEVELS[token]",
        ),
        bug("missing_guard", "while operators and LEVELS", "while LEVELS"),
        bug("swapped", "stack.append(left - right)", "stack.append(right - left)"),
    ),
    case(
        "linked",
        '''
class Link:
    def __init__(self, value, after=None):
        self.value = value
        self.after = after


def chain(values):
    first = None
    for value in reversed(values):
        first = Link(value, first)
    return first


def values_of(link):
    found = []
    while link is not None:
        found.append(link.value)
        link = link.after
    return found


def turned(link):
    """The same links in the other direction."""
    previous = None
    while link is not None:
        following = link.after
        link.after = previous
        previous = link
        link = following
    return previous


def loops(link):
    slow = fast = link
    while fast is not None and fast.after is not None:
        slow = slow.after
        fast = fast.after.after
        if slow is fast:
            return True
    return False


def without(link, value):
    """The chain without the links that hold value."""
    while link is not None and link.value == value:
        link = link.after
    current = link
    while current is not None and current.after is not None:
        if current.after.value == value:
            current.after = current.after.after
        else:
            current = current.after
    return link
''',
        """
from prog import Link, chain, loops, turned, values_of, without

def test_chain():
    assert values_of(chain([1, 2, 3])) == [1, 2, 3]
    assert values_of(chain([])) == []

def test_turned():
    assert values_of(turned(chain([1, 2, 3]))) == [3, 2, 1]
    assert turned(None) is None

def test_loops():
    assert not loops(chain([1, 2, 3]))
    assert not loops(chain([1, 2]))
    assert not loops(None)
    ring = chain([1, 2, 3])
    ring.after.after.after = ring
    assert loops(ring)

def test_without():
    assert values_of(without(chain([1, 2, 1, 3]), 1)) == [2, 3]
    assert values_of(without(chain([2, 1, 1, 3]), 1)) == [2, 3]
    assert values_of(without(chain([1]), 1)) == []
""",
        """
from prog import Link, chain, loops, turned, values_of, without

def test_more():
    assert values_of(chain("abc")) == ["a", "b", "c"]
    assert values_of(turned(chain([5]))) == [5]
    assert values_of(turned(chain(range(6)))) == [5, 4, 3, 2, 1, 0]
    tail = Link(9)
    tail.after = tail
    assert loops(Link(1, Link(2, tail)))
    assert not loops(Link(1))
    assert values_of(without(chain([7, 7, 7]), 7)) == []
    assert values_of(without(chain([1, 7, 7, 2, 7]), 7)) == [1, 2]
    assert values_of(without(None, 7)) == []
""",
        bug("missing_update", "        previous = link\n", ""),
        bug(
            "missing_guard",
            "while fast is not None and fast.after is not None",
            "while fast.after is not None",
        ),
        bug("wrong_return", "    return previous\n", "    return link\n"),
        bug(
            "missing_else",
            "        else:\n            current = current.after\n",
            "        current = current.after\n",
        ),
        bug("missing_call", "in reversed(values)", "in values"),
        bug("wrong_argument", "first = Link(value, first)", "first = Link(value)"),
        bug(
            "missing_block",
            "    while link is not None and link.value == value:\n        link = link.after\n",
            "",
        ),
    ),
    case(
        "change",
        '''
def ways(amount, coins):
    """In how many ways amount is paid with the coins."""
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    first, *rest = coins
    return ways(amount - first, coins) + ways(amount, rest)


def pack(capacity, things):
    """The best total worth of (weight, worth) that fits."""
    best = [0] * (capacity + 1)
    for weight, worth in things:
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + worth)
    return best[capacity]


def steps(n):
    """n and what follows it until 1: half of an even one, thrice an odd one and one."""
    found = [n]
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        found.append(n)
    return found
''',
        """
from prog import pack, steps, ways

def test_ways():
    assert ways(11, [25, 10, 5, 1]) == 4
    assert ways(0, [5]) == 1
    assert ways(3, [2]) == 0

def test_pack():
    assert pack(10, [(5, 10), (4, 40), (6, 30), (3, 50)]) == 90
    assert pack(3, [(3, 7), (3, 9)]) == 9
    assert pack(6, [(2, 3)]) == 3

def test_steps():
    assert steps(1) == [1]
    assert steps(3) == [3, 10, 5, 16, 8, 4, 2, 1]
""",
        """
from prog import pack, steps, ways

def test_more():
    assert ways(100, [50, 20, 10, 5, 2, 1]) == 4562
    assert ways(7, []) == 0
    assert ways(6, [4, 2]) == 2
    assert pack(0, [(1, 5)]) == 0
    assert pack(50, [(10, 60), (20, 100), (30, 120)]) == 220
    assert pack(5, [(1, 1), (5, 6)]) == 6
    assert steps(6) == [6, 3, 10, 5, 16, 8, 4, 2, 1]
""",
        bug("missing_condition", "if amount < 0 or not coins:", "if amount < 0:"),
        bug("recursion_argument", "ways(amount - first, coins)", "ways(amount - first, rest)"),
        bug("base_case", "    if amount == 0:\n        return 1\n", ""),
        bug("wrong_bound", "range(capacity, weight - 1, -1)", "range(capacity, weight, -1)"),
        bug("wrong_order", "range(capacity, weight - 1, -1)", "range(weight, capacity + 1)"),
        bug(
            "swapped",
            "n = n // 2 if n % 2 == 0 else 3 * n + 1",
            "n = 3 * n + 1 if n % 2 == 0 else n // 2",
        ),
        bug("missing_term", "best = [0] * (capacity + 1)", "best = [0] * capacity"),
        bug("missing_statement", "        found.append(n)\n", ""),
    ),
    case(
        "sorting",
        '''
import heapq


def merged(one, two):
    found = []
    i = j = 0
    while i < len(one) and j < len(two):
        if one[i] <= two[j]:
            found.append(one[i])
            i += 1
        else:
            found.append(two[j])
            j += 1
    found.extend(one[i:])
    found.extend(two[j:])
    return found


def merge_sorted(items):
    if len(items) <= 1:
        return list(items)
    middle = len(items) // 2
    return merged(merge_sorted(items[:middle]), merge_sorted(items[middle:]))


def quick(items):
    if not items:
        return []
    pivot, *others = items
    low = quick([item for item in others if item < pivot])
    high = quick([item for item in others if item >= pivot])
    return low + [pivot] + high


def nearly(items, k):
    """Sorts items that are at most k places away from where they belong."""
    items = list(items)
    heap = items[:k]
    heapq.heapify(heap)
    for item in items[k:]:
        yield heapq.heappushpop(heap, item)
    while heap:
        yield heapq.heappop(heap)


def buckets(items, n):
    counts = [0] * n
    for item in items:
        counts[item] += 1
    found = []
    for number, count in enumerate(counts):
        found.extend([number] * count)
    return found
''',
        """
from prog import buckets, merge_sorted, nearly, quick

def test_merge():
    assert merge_sorted([3, 1, 2]) == [1, 2, 3]
    assert merge_sorted([]) == []
    assert merge_sorted([4, 4, 1, 0]) == [0, 1, 4, 4]

def test_quick():
    assert quick([5, 2, 5, 1]) == [1, 2, 5, 5]
    assert quick([]) == []

def test_nearly():
    assert list(nearly([2, 1, 4, 3, 5], 2)) == [1, 2, 3, 4, 5]
    assert list(nearly([1], 3)) == [1]

def test_buckets():
    assert buckets([3, 0, 1, 3], 4) == [0, 1, 3, 3]
""",
        """
import random
from prog import buckets, merge_sorted, nearly, quick

def test_random():
    rng = random.Random(4)
    for _ in range(30):
        items = [rng.randrange(20) for _ in range(rng.randrange(15))]
        assert merge_sorted(items) == sorted(items)
        assert quick(items) == sorted(items)
        assert buckets(items, 20) == sorted(items)
    assert list(nearly([3, 2, 1, 6, 5, 4], 3)) == [1, 2, 3, 4, 5, 6]
""",
        bug("missing_statement", "    found.extend(two[j:])\n", ""),
        bug("base_case", "if len(items) <= 1:", "if len(items) == 0:"),
        bug("wrong_comparison", "if item >= pivot", "if item > pivot"),
        bug("wrong_slice", "for item in items[k:]:", "for item in items:"),
        bug("wrong_variable", "enumerate(counts)", "enumerate(items)"),
        bug("missing_update", "            j += 1\n", ""),
        bug("missing_term", "return low + [pivot] + high", "return low + high"),
        bug("missing_block", "    while heap:\n        yield heapq.heappop(heap)\n", ""),
    ),
    case(
        "numbers_small",
        '''
def prime_factors(n):
    factors = []
    divisor = 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
        divisor += 1
    if n > 1:
        factors.append(n)
    return factors


def in_base(n, base):
    digits = "0123456789abcdef"
    if n == 0:
        return "0"
    text = ""
    while n > 0:
        n, digit = divmod(n, base)
        text = digits[digit] + text
    return text


def ones(n):
    count = 0
    while n:
        n &= n - 1
        count += 1
    return count


def next_bigger(digits):
    """The next bigger arrangement of the digits, or None."""
    for i in range(len(digits) - 2, -1, -1):
        if digits[i] < digits[i + 1]:
            for j in range(len(digits) - 1, i, -1):
                if digits[i] < digits[j]:
                    found = list(digits)
                    found[i], found[j] = found[j], found[i]
                    found[i + 1:] = reversed(found[i + 1:])
                    return found
    return None
''',
        """
from prog import in_base, next_bigger, ones, prime_factors

def test_factors():
    assert prime_factors(12) == [2, 2, 3]
    assert prime_factors(49) == [7, 7]
    assert prime_factors(13) == [13]
    assert prime_factors(1) == []

def test_base():
    assert in_base(10, 2) == "1010"
    assert in_base(0, 7) == "0"
    assert in_base(255, 16) == "ff"

def test_ones():
    assert [ones(n) for n in (0, 1, 7, 8, 255)] == [0, 1, 3, 1, 8]

def test_next():
    assert next_bigger([1, 2, 3]) == [1, 3, 2]
    assert next_bigger([1, 3, 2]) == [2, 1, 3]
    assert next_bigger([3, 2, 1]) is None
    assert next_bigger([2, 4, 3, 1]) == [3, 1, 2, 4]
""",
        """
import itertools
from prog import in_base, next_bigger, ones, prime_factors

def test_more():
    for n in range(1, 200):
        product = 1
        for f in prime_factors(n):
            product *= f
        assert product == n
        assert bin(n)[2:] == in_base(n, 2)
        assert bin(n).count("1") == ones(n)
    assert prime_factors(97 * 89) == [89, 97]
    orders = [list(p) for p in itertools.permutations([1, 2, 3, 4])]
    for one, two in zip(orders, orders[1:]):
        assert next_bigger(one) == two
""",
        bug("missing_block", "    if n > 1:\n        factors.append(n)\n", ""),
        bug("missing_guard", '    if n == 0:\n        return "0"\n', ""),
        bug("swapped", "text = digits[digit] + text", "text = text + digits[digit]"),
        bug("wrong_operator", "n &= n - 1", "n ^= n - 1"),
        bug("missing_call", "reversed(found[i + 1:])", "found[i + 1:]"),
        bug("wrong_comparison", "if digits[i] < digits[j]:", "if digits[j] < digits[i]:"),
        bug("wrong_comparison", "divisor * divisor <= n", "divisor * divisor < n"),
        bug("missing_update", "            n //= divisor\n", ""),
    ),
]
