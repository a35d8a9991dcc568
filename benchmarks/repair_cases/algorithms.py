"""Lists, graphs, searching and dynamic programming."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "leftmost_index",
        '''
def leftmost(items, target):
    """The first index whose item is not smaller than target."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle
    return low
''',
        """
from prog import leftmost

def test_found():
    assert leftmost([1, 3, 5, 7], 5) == 2

def test_between():
    assert leftmost([1, 3, 5, 7], 4) == 2

def test_ends():
    assert leftmost([1, 3, 5], 0) == 0
    assert leftmost([1, 3, 5], 9) == 3

def test_repeated():
    assert leftmost([2, 2, 2, 3], 2) == 0
""",
        """
import bisect
from prog import leftmost

def test_like_bisect():
    for items in ([], [4], [1, 1, 2, 8, 9], [0, 5, 5, 5, 6], list(range(20))):
        for target in range(-2, 22):
            assert leftmost(items, target) == bisect.bisect_left(items, target)
""",
        bug("off_by_one", "low = middle + 1", "low = middle"),
        bug("wrong_comparison", "items[middle] < target", "items[middle] <= target"),
        bug("wrong_start", "len(items)\n", "len(items) - 1\n"),
        bug("wrong_variable", "high = middle\n", "high = low\n"),
    ),
    case(
        "merge_intervals",
        """
def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            previous_start, previous_end = merged.pop()
            merged.append((previous_start, max(previous_end, end)))
        else:
            merged.append((start, end))
    return merged
""",
        """
from prog import merge

def test_disjoint():
    assert merge([(1, 2), (4, 5)]) == [(1, 2), (4, 5)]

def test_overlap():
    assert merge([(1, 4), (3, 6)]) == [(1, 6)]

def test_inside():
    assert merge([(1, 9), (2, 3), (10, 11)]) == [(1, 9), (10, 11)]

def test_unsorted():
    assert merge([(5, 6), (1, 2), (2, 3)]) == [(1, 3), (5, 6)]

def test_nothing():
    assert merge([]) == []
""",
        """
from prog import merge

def test_touching():
    assert merge([(1, 2), (2, 4), (4, 8)]) == [(1, 8)]

def test_more():
    assert merge([(0, 10), (1, 2), (3, 12), (20, 21)]) == [(0, 12), (20, 21)]
    assert merge([(3, 4)]) == [(3, 4)]
    assert merge([(5, 7), (1, 3), (6, 6), (2, 2)]) == [(1, 3), (5, 7)]
    assert merge([(1, 5), (1, 2)]) == [(1, 5)]
""",
        bug("missing_max", "max(previous_end, end)", "end"),
        bug("missing_sort", "sorted(intervals)", "intervals"),
        bug("wrong_index", "merged[-1][1]", "merged[-1][0]"),
        bug("missing_guard", "if merged and start", "if start"),
    ),
    case(
        "topological",
        '''
def order(edges):
    """Nodes so that each comes after everything it depends on; None for a cycle."""
    nodes = set()
    for before, after in edges:
        nodes.add(before)
        nodes.add(after)
    waiting = {node: 0 for node in nodes}
    for _, after in edges:
        waiting[after] += 1
    ready = sorted(node for node in nodes if waiting[node] == 0)
    result = []
    while ready:
        node = ready.pop(0)
        result.append(node)
        for before, after in edges:
            if before == node:
                waiting[after] -= 1
                if waiting[after] == 0:
                    ready.append(after)
    if len(result) < len(nodes):
        return None
    return result
''',
        """
from prog import order

def test_chain():
    assert order([("a", "b"), ("b", "c")]) == ["a", "b", "c"]

def test_diamond():
    assert order([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]) == ["a", "b", "c", "d"]

def test_cycle():
    assert order([("a", "b"), ("b", "a")]) is None
""",
        """
from prog import order

def test_more():
    assert order([]) == []
    assert order([("x", "y")]) == ["x", "y"]
    assert order([("s", "a"), ("a", "b"), ("b", "c"), ("c", "a")]) is None
    assert order([("a", "z"), ("b", "z"), ("c", "z")]) == ["a", "b", "c", "z"]
    assert order([("a", "b"), ("a", "d"), ("b", "d"), ("d", "e")]) == ["a", "b", "d", "e"]
""",
        bug("missing_statement", "        nodes.add(after)\n", ""),
        bug("wrong_operator", "waiting[after] -= 1", "waiting[after] += 1"),
        bug("wrong_variable", "if before == node:", "if after == node:"),
        bug(
            "missing_guard",
            "                if waiting[after] == 0:\n                    ready.append(after)",
            "                ready.append(after)",
        ),
        bug("missing_case", "    if len(result) < len(nodes):\n        return None\n", ""),
    ),
    case(
        "shortest_path",
        '''
import heapq


def distances(graph, source):
    """graph: node -> {neighbour: weight}. Returns node -> distance."""
    best = {source: 0}
    queue = [(0, source)]
    done = set()
    while queue:
        cost, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        for neighbour, weight in graph.get(node, {}).items():
            candidate = cost + weight
            if neighbour not in best or candidate < best[neighbour]:
                best[neighbour] = candidate
                heapq.heappush(queue, (candidate, neighbour))
    return best
''',
        """
from prog import distances

GRAPH = {"a": {"b": 7, "c": 3}, "c": {"b": 1, "d": 8}, "b": {"d": 2}}

def test_all():
    assert distances(GRAPH, "a") == {"a": 0, "c": 3, "b": 4, "d": 6}

def test_leaf():
    assert distances(GRAPH, "d") == {"d": 0}

def test_middle():
    assert distances(GRAPH, "c") == {"c": 0, "b": 1, "d": 3}
""",
        """
from prog import distances

def test_more():
    graph = {1: {2: 2, 3: 9}, 2: {3: 1, 4: 7}, 3: {4: 3, 1: 1}, 4: {5: 1}, 5: {1: 1}}
    assert distances(graph, 1) == {1: 0, 2: 2, 3: 3, 4: 6, 5: 7}
    assert distances(graph, 4) == {4: 0, 5: 1, 1: 2, 2: 4, 3: 5}
    assert distances({}, "x") == {"x": 0}
""",
        bug("wrong_comparison", "candidate < best[neighbour]", "candidate > best[neighbour]"),
        bug("wrong_operator", "cost + weight", "cost * weight"),
        bug("wrong_variable", "candidate = cost + weight", "candidate = weight"),
        bug("swapped_tuple", "(candidate, neighbour))", "(neighbour, candidate))"),
        bug("missing_default", "graph.get(node, {}).items()", "graph[node].items()"),
    ),
    case(
        "knapsack",
        '''
def best_value(items, capacity):
    """items: (weight, value) pairs, each taken at most once."""
    table = [0] * (capacity + 1)
    for weight, value in items:
        for room in range(capacity, weight - 1, -1):
            table[room] = max(table[room], table[room - weight] + value)
    return table[capacity]
''',
        """
import pytest
from prog import best_value

@pytest.mark.parametrize("items,capacity,want", [
    ([(3, 4), (4, 5), (2, 3)], 6, 8),
    ([(1, 1), (2, 6), (5, 18), (6, 22), (7, 28)], 11, 40),
    ([(5, 10)], 4, 0),
    ([(2, 3)], 10, 3),
    ([], 7, 0),
])
def test_value(items, capacity, want):
    assert best_value(items, capacity) == want
""",
        """
from itertools import combinations
from prog import best_value

def slow(items, capacity):
    best = 0
    for n in range(len(items) + 1):
        for chosen in combinations(items, n):
            if sum(w for w, _ in chosen) <= capacity:
                best = max(best, sum(v for _, v in chosen))
    return best

def test_like_slow():
    items = [(2, 3), (3, 4), (4, 8), (5, 8), (9, 10), (1, 1)]
    for n in range(len(items) + 1):
        for capacity in range(0, 15):
            assert best_value(items[:n], capacity) == slow(items[:n], capacity)
""",
        bug("wrong_size", "(capacity + 1)", "capacity"),
        bug("wrong_range", "range(capacity, weight - 1, -1)", "range(weight, capacity + 1)"),
        bug("off_by_one", "weight - 1, -1)", "weight, -1)"),
        bug(
            "missing_max",
            "max(table[room], table[room - weight] + value)",
            "table[room - weight] + value",
        ),
    ),
    case(
        "coins",
        '''
def ways(amount, coins):
    """In how many ways the coins make the amount; their order does not count."""
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return ways(amount - coins[0], coins) + ways(amount, coins[1:])
''',
        """
import pytest
from prog import ways

@pytest.mark.parametrize("amount,coins,want", [
    (10, (10, 5, 1), 4),
    (5, (5, 2, 1), 4),
    (3, (2,), 0),
    (0, (), 1),
    (4, (1, 2, 3), 4),
])
def test_ways(amount, coins, want):
    assert ways(amount, coins) == want
""",
        """
from prog import ways

def test_more():
    assert ways(100, (50, 25, 10, 5, 1)) == 292
    assert ways(7, (3, 5)) == 0
    assert ways(8, (3, 5)) == 1
    assert ways(-1, (1,)) == 0
    assert ways(1, ()) == 0
    assert ways(0, (1, 2)) == 1
""",
        bug("missing_base_case", "    if amount < 0 or not coins:", "    if amount < 0:"),
        bug("missing_base_case", "    if amount == 0:\n        return 1\n", ""),
        bug("wrong_slice", "ways(amount, coins[1:])", "ways(amount, coins[:-1])"),
        bug(
            "wrong_argument", "ways(amount - coins[0], coins)", "ways(amount - coins[0], coins[1:])"
        ),
        bug("wrong_constant", "        return 1\n", "        return 0\n"),
    ),
    case(
        "rising",
        '''
def longest_rising(values):
    """Length of the longest strictly rising subsequence."""
    lengths = []
    for index, value in enumerate(values):
        best = 0
        for earlier in range(index):
            if values[earlier] < value:
                best = max(best, lengths[earlier])
        lengths.append(best + 1)
    return max(lengths, default=0)
''',
        """
from prog import longest_rising

def test_mixed():
    assert longest_rising([3, 1, 4, 1, 5, 9, 2, 6]) == 4

def test_falling():
    assert longest_rising([5, 4, 3]) == 1

def test_equal():
    assert longest_rising([2, 2, 2]) == 1

def test_empty():
    assert longest_rising([]) == 0
""",
        """
from prog import longest_rising

def test_more():
    assert longest_rising([1, 2, 3, 4]) == 4
    assert longest_rising([10, 9, 2, 5, 3, 7, 101, 18]) == 4
    assert longest_rising([7]) == 1
    assert longest_rising([0, 8, 4, 12, 2, 10, 6, 14, 1, 9]) == 4
    assert longest_rising([2, 1, 2, 3, 1]) == 3
""",
        bug("wrong_comparison", "values[earlier] < value", "values[earlier] <= value"),
        bug("missing_default", "max(lengths, default=0)", "max(lengths)"),
        bug("off_by_one", "lengths.append(best + 1)", "lengths.append(best)"),
        bug("missing_max", "best = max(best, lengths[earlier])", "best = lengths[earlier]"),
        bug(
            "wrong_variable",
            "return max(lengths, default=0)",
            "return lengths[-1] if lengths else 0",
        ),
    ),
    case(
        "flood",
        '''
def flood(grid, row, column, colour):
    """Paint the area of one colour that holds the cell; returns how many cells changed."""
    old = grid[row][column]
    if old == colour:
        return 0
    stack = [(row, column)]
    count = 0
    while stack:
        r, c = stack.pop()
        if r < 0 or r >= len(grid) or c < 0 or c >= len(grid[0]):
            continue
        if grid[r][c] != old:
            continue
        grid[r][c] = colour
        count += 1
        stack.extend([(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)])
    return count
''',
        """
from prog import flood

def test_area():
    grid = [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    assert flood(grid, 0, 0, 7) == 6
    assert grid == [[7, 7, 0], [7, 0, 0], [7, 7, 7]]

def test_one():
    grid = [[1, 2], [2, 1]]
    assert flood(grid, 0, 0, 5) == 1
    assert grid == [[5, 2], [2, 1]]

def test_same():
    grid = [[3, 3]]
    assert flood(grid, 0, 1, 3) == 0
    assert grid == [[3, 3]]
""",
        """
from prog import flood

def test_more():
    grid = [[0] * 4 for _ in range(3)]
    assert flood(grid, 1, 2, 1) == 12
    assert grid == [[1] * 4 for _ in range(3)]
    grid = [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert flood(grid, 0, 2, 4) == 2
    assert grid == [[0, 1, 4], [0, 1, 4], [0, 0, 1]]
    assert flood([[9]], 0, 0, 1) == 1
""",
        bug("missing_guard", "    if old == colour:\n        return 0\n", ""),
        bug("wrong_comparison", "c >= len(grid[0])", "c > len(grid[0])"),
        bug("missing_statement", "        count += 1\n", ""),
        bug("wrong_sign", "(r, c - 1)", "(r, c + 1)"),
        bug(
            "wrong_keyword",
            "        if grid[r][c] != old:\n            continue",
            "        if grid[r][c] != old:\n            break",
        ),
        bug("missing_condition", "if r < 0 or r >= len(grid)", "if r >= len(grid)"),
    ),
    case(
        "merge_sort",
        """
def merge_sort(items):
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    left = merge_sort(items[:middle])
    right = merge_sort(items[middle:])
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:] + right[j:]
""",
        """
from prog import merge_sort

def test_sorts():
    assert merge_sort([3, 1, 2]) == [1, 2, 3]

def test_empty():
    assert merge_sort([]) == []

def test_repeated():
    assert merge_sort([5, 1, 5, 0, 5]) == [0, 1, 5, 5, 5]

def test_long():
    assert merge_sort([9, 8, 7, 6, 5, 4]) == [4, 5, 6, 7, 8, 9]
""",
        """
import random
from prog import merge_sort

def test_random():
    rng = random.Random(4)
    for n in range(30):
        items = [rng.randrange(12) for _ in range(n)]
        assert merge_sort(list(items)) == sorted(items)

def test_stable():
    items = [(1, "a"), (0, "b"), (1, "c")]
    class Key:
        def __init__(self, pair): self.pair = pair
        def __le__(self, other): return self.pair[0] <= other.pair[0]
        def __lt__(self, other): return self.pair[0] < other.pair[0]
    assert [k.pair for k in merge_sort([Key(p) for p in items])] == [(0, "b"), (1, "a"), (1, "c")]
""",
        bug("missing_part", "merged + left[i:] + right[j:]", "merged + left[i:]"),
        bug("wrong_condition", "len(items) <= 1", "len(items) == 0"),
        bug("wrong_operator", "i < len(left) and j", "i < len(left) or j"),
        bug(
            "wrong_variable",
            "            merged.append(right[j])\n            j += 1",
            "            merged.append(right[j])\n            i += 1",
        ),
        bug("wrong_slice", "merge_sort(items[middle:])", "merge_sort(items[middle + 1:])"),
    ),
    case(
        "permutations",
        '''
def arrangements(items):
    """Every order of the items."""
    if not items:
        return [[]]
    found = []
    for index, item in enumerate(items):
        rest = items[:index] + items[index + 1:]
        for tail in arrangements(rest):
            found.append([item] + tail)
    return found
''',
        """
from prog import arrangements

def test_two():
    assert arrangements([1, 2]) == [[1, 2], [2, 1]]

def test_one():
    assert arrangements(["a"]) == [["a"]]

def test_none():
    assert arrangements([]) == [[]]

def test_three():
    assert len(arrangements([1, 2, 3])) == 6
""",
        """
from itertools import permutations
from prog import arrangements

def test_like_itertools():
    for n in range(6):
        items = list(range(n))
        assert arrangements(items) == [list(p) for p in permutations(items)]
""",
        bug("wrong_constant", "return [[]]", "return []"),
        bug("wrong_slice", "items[index + 1:]", "items[index:]"),
        bug("missing_part", "found.append([item] + tail)", "found.append(tail)"),
        bug(
            "wrong_indent",
            "            found.append([item] + tail)\n    return found",
            "            found.append([item] + tail)\n        return found",
        ),
    ),
    case(
        "rotate",
        '''
def rotate(items, steps):
    """The items moved to the right by so many places."""
    if not items:
        return []
    steps %= len(items)
    if steps == 0:
        return list(items)
    return items[-steps:] + items[:-steps]


def rotate_grid(grid):
    """A quarter turn clockwise."""
    return [list(row) for row in zip(*grid[::-1])]
''',
        """
from prog import rotate, rotate_grid

def test_right():
    assert rotate([1, 2, 3, 4, 5], 2) == [4, 5, 1, 2, 3]

def test_more_than_length():
    assert rotate([1, 2, 3], 4) == [3, 1, 2]

def test_none():
    assert rotate([1, 2], 0) == [1, 2]
    assert rotate([], 3) == []

def test_grid():
    assert rotate_grid([[1, 2], [3, 4]]) == [[3, 1], [4, 2]]
""",
        """
from prog import rotate, rotate_grid

def test_more():
    assert rotate([1, 2, 3, 4], -1) == [2, 3, 4, 1]
    assert rotate([1, 2, 3, 4], 4) == [1, 2, 3, 4]
    assert rotate([9], 5) == [9]
    assert rotate([1, 2, 3], 1) == [3, 1, 2]

def test_grid():
    assert rotate_grid([[1, 2, 3], [4, 5, 6]]) == [[4, 1], [5, 2], [6, 3]]
    assert rotate_grid([[7]]) == [[7]]
""",
        bug("wrong_operator", "steps %= len(items)", "steps //= len(items)"),
        bug("missing_guard", "    if not items:\n        return []\n", ""),
        bug(
            "swapped_operands", "items[-steps:] + items[:-steps]", "items[:-steps] + items[-steps:]"
        ),
        bug("wrong_slice", "zip(*grid[::-1])", "zip(*grid)"),
        bug("missing_star", "zip(*grid[::-1])", "zip(grid[::-1])"),
    ),
    case(
        "subsets",
        '''
def subsets_with_sum(numbers, target):
    """Every combination, in order of the numbers, that adds up to the target."""
    found = []

    def visit(start, chosen, total):
        if total == target:
            found.append(list(chosen))
        for index in range(start, len(numbers)):
            chosen.append(numbers[index])
            visit(index + 1, chosen, total + numbers[index])
            chosen.pop()

    visit(0, [], 0)
    return found
''',
        """
from prog import subsets_with_sum

def test_simple():
    assert subsets_with_sum([1, 2, 3], 3) == [[1, 2], [3]]

def test_zero():
    assert subsets_with_sum([4, 5], 0) == [[]]

def test_all():
    assert subsets_with_sum([2, 3, 5, 7], 10) == [[2, 3, 5], [3, 7]]

def test_none():
    assert subsets_with_sum([2, 4], 5) == []
""",
        """
from itertools import combinations
from prog import subsets_with_sum

def test_like_itertools():
    numbers = [1, 2, 3, 4, 6, 9]
    for target in range(26):
        want = [list(c) for n in range(7) for c in combinations(numbers, n) if sum(c) == target]
        assert sorted(subsets_with_sum(numbers, target)) == sorted(want)
""",
        bug("missing_copy", "found.append(list(chosen))", "found.append(chosen)"),
        bug("missing_statement", "            chosen.pop()\n", ""),
        bug("wrong_argument", "visit(index + 1, chosen", "visit(start + 1, chosen"),
        bug("off_by_one", "visit(index + 1, chosen", "visit(index, chosen"),
        bug("wrong_start", "range(start, len(numbers))", "range(len(numbers))"),
    ),
    case(
        "components",
        '''
def components(nodes, edges):
    """Groups of connected nodes, each sorted, in the order of their first node."""
    neighbours = {node: set() for node in nodes}
    for left, right in edges:
        neighbours[left].add(right)
        neighbours[right].add(left)
    seen = set()
    groups = []
    for node in nodes:
        if node in seen:
            continue
        group = []
        pending = [node]
        seen.add(node)
        while pending:
            current = pending.pop()
            group.append(current)
            for other in neighbours[current]:
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        groups.append(sorted(group))
    return groups
''',
        """
from prog import components

def test_two_groups():
    assert components([1, 2, 3, 4], [(1, 2), (3, 4)]) == [[1, 2], [3, 4]]

def test_backwards():
    assert components([1, 2, 3], [(3, 1)]) == [[1, 3], [2]]

def test_ring():
    assert components([1, 2, 3], [(1, 2), (2, 3), (3, 1)]) == [[1, 2, 3]]

def test_alone():
    assert components([5], []) == [[5]]
""",
        """
from prog import components

def test_more():
    assert components([], []) == []
    assert components(list(range(6)), [(0, 5), (5, 3), (1, 2), (2, 4)]) == [[0, 3, 5], [1, 2, 4]]
    assert components(["a", "b", "c", "d"], [("d", "a"), ("c", "d")]) == [["a", "c", "d"], ["b"]]
    assert components([1, 2, 3, 4], [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]) == [[1, 2, 3, 4]]
""",
        bug("missing_statement", "        neighbours[right].add(left)\n", ""),
        bug("missing_statement", "                    seen.add(other)\n", ""),
        bug(
            "wrong_variable", "for other in neighbours[current]:", "for other in neighbours[node]:"
        ),
        bug(
            "wrong_indent",
            "        groups.append(sorted(group))\n    return groups",
            "        groups.append(sorted(group))\n        return groups",
        ),
        bug("missing_sort", "groups.append(sorted(group))", "groups.append(group)"),
    ),
    case(
        "two_sum",
        '''
def pair_with_sum(numbers, target):
    """Indexes of the first pair that adds up to target, or None."""
    seen = {}
    for index, number in enumerate(numbers):
        missing = target - number
        if missing in seen:
            return seen[missing], index
        seen.setdefault(number, index)
    return None


def most_frequent(items):
    """The item that stands there most often; of several the one seen first."""
    counts = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    best = None
    for item, count in counts.items():
        if best is None or count > counts[best]:
            best = item
    return best
''',
        """
from prog import most_frequent, pair_with_sum

def test_pair():
    assert pair_with_sum([2, 7, 11, 15], 9) == (0, 1)
    assert pair_with_sum([3, 2, 4], 6) == (1, 2)

def test_twice():
    assert pair_with_sum([3, 3], 6) == (0, 1)

def test_no_pair():
    assert pair_with_sum([1, 2], 50) is None

def test_frequent():
    assert most_frequent(["a", "b", "b", "a", "b"]) == "b"
    assert most_frequent([1, 2]) == 1
    assert most_frequent([]) is None
""",
        """
from prog import most_frequent, pair_with_sum

def test_pair():
    assert pair_with_sum([1, 1, 5, 5], 6) == (0, 2)
    assert pair_with_sum([-1, 4, 1], 0) == (0, 2)
    assert pair_with_sum([], 0) is None
    assert pair_with_sum([4], 8) is None

def test_frequent():
    assert most_frequent("mississippi") == "i"
    assert most_frequent([3, 3, 2, 2, 2, 1]) == 2
    assert most_frequent([5]) == 5
""",
        bug("swapped_operands", "target - number", "number - target"),
        bug(
            "wrong_order",
            "        if missing in seen:\n            return seen[missing], index\n        seen.setdefault(number, index)",
            "        seen.setdefault(number, index)\n        if missing in seen:\n            return seen[missing], index",
        ),
        bug("wrong_comparison", "count > counts[best]", "count < counts[best]"),
        bug("off_by_one", "counts.get(item, 0) + 1", "counts.get(item, 1) + 1"),
        bug("wrong_constant", "counts.get(item, 0) + 1", "counts.get(item, 0)"),
        bug("wrong_variable", "return seen[missing], index", "return seen[missing], missing"),
    ),
    case(
        "spiral",
        '''
def spiral(grid):
    """The values from the outside to the inside, clockwise."""
    values = []
    rows = [list(row) for row in grid]
    while rows:
        values.extend(rows.pop(0))
        if rows and rows[0]:
            for row in rows:
                values.append(row.pop())
        if rows:
            values.extend(rows.pop()[::-1])
        if rows and rows[0]:
            for row in reversed(rows):
                values.append(row.pop(0))
    return values
''',
        """
from prog import spiral

def test_square():
    assert spiral([[1, 2, 3], [4, 5, 6], [7, 8, 9]]) == [1, 2, 3, 6, 9, 8, 7, 4, 5]

def test_wide():
    assert spiral([[1, 2, 3, 4], [5, 6, 7, 8]]) == [1, 2, 3, 4, 8, 7, 6, 5]

def test_row():
    assert spiral([[1, 2]]) == [1, 2]

def test_column():
    assert spiral([[1], [2], [3]]) == [1, 2, 3]
""",
        """
from prog import spiral

def test_more():
    assert spiral([]) == []
    assert spiral([[1, 2], [3, 4], [5, 6]]) == [1, 2, 4, 6, 5, 3]
    assert spiral([[5]]) == [5]
    grid = [[1, 2, 3, 4], [12, 13, 14, 5], [11, 16, 15, 6], [10, 9, 8, 7]]
    assert spiral(grid) == list(range(1, 17))
    assert grid[0] == [1, 2, 3, 4]
""",
        bug("wrong_slice", "rows.pop()[::-1]", "rows.pop()"),
        bug(
            "missing_copy",
            "rows = [list(row) for row in grid]",
            "rows = grid",
        ),
        bug("wrong_index", "values.append(row.pop(0))", "values.append(row.pop())"),
        bug("missing_reverse", "for row in reversed(rows):", "for row in rows:"),
        bug("wrong_method", "values.extend(rows.pop(0))", "values.append(rows.pop(0))"),
    ),
]
