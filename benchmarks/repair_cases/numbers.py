"""Arithmetic, counting and dates."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "primes",
        '''
def primes_up_to(limit):
    """Every prime that is not larger than limit."""
    if limit < 2:
        return []
    is_prime = [True] * (limit + 1)
    is_prime[0] = is_prime[1] = False
    number = 2
    while number * number <= limit:
        if is_prime[number]:
            for multiple in range(number * number, limit + 1, number):
                is_prime[multiple] = False
        number += 1
    return [n for n in range(limit + 1) if is_prime[n]]


def factors(number):
    """Prime factors in rising order."""
    found = []
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1
    if number > 1:
        found.append(number)
    return found
''',
        """
from prog import factors, primes_up_to

def test_small():
    assert primes_up_to(10) == [2, 3, 5, 7]
    assert primes_up_to(2) == [2]
    assert primes_up_to(1) == []

def test_square():
    assert primes_up_to(25) == [2, 3, 5, 7, 11, 13, 17, 19, 23]

def test_factors():
    assert factors(12) == [2, 2, 3]
    assert factors(13) == [13]
    assert factors(49) == [7, 7]

def test_one():
    assert factors(1) == []
""",
        """
from prog import factors, primes_up_to

def test_primes():
    assert primes_up_to(0) == []
    assert primes_up_to(3) == [2, 3]
    assert primes_up_to(31)[-1] == 31
    assert len(primes_up_to(1000)) == 168

def test_factors():
    for n in range(2, 400):
        product = 1
        for factor in factors(n):
            product *= factor
            assert all(factor % d for d in range(2, factor))
        assert product == n
        assert factors(n) == sorted(factors(n))
""",
        bug(
            "off_by_one",
            "range(number * number, limit + 1, number)",
            "range(number * number, limit, number)",
        ),
        bug("wrong_comparison", "while number * number <= limit", "while number * number < limit"),
        bug("missing_case", "    if number > 1:\n        found.append(number)\n", ""),
        bug(
            "wrong_keyword",
            "        while number % divisor == 0:",
            "        if number % divisor == 0:",
        ),
        bug("wrong_operator", "number //= divisor", "number /= divisor"),
        bug("wrong_comparison", "    if number > 1:\n", "    if number >= 1:\n"),
    ),
    case(
        "bases",
        """
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def to_base(number, base):
    if number == 0:
        return "0"
    sign = ""
    if number < 0:
        sign = "-"
        number = -number
    text = ""
    while number > 0:
        number, digit = divmod(number, base)
        text = DIGITS[digit] + text
    return sign + text


def from_base(text, base):
    value = 0
    for letter in text.lstrip("-"):
        value = value * base + DIGITS.index(letter)
    return -value if text.startswith("-") else value
""",
        """
from prog import from_base, to_base

def test_to():
    assert to_base(10, 2) == "1010"
    assert to_base(255, 16) == "ff"

def test_zero():
    assert to_base(0, 7) == "0"

def test_negative():
    assert to_base(-8, 8) == "-10"

def test_from():
    assert from_base("1010", 2) == 10
    assert from_base("-7f", 16) == -127
""",
        """
from prog import from_base, to_base

def test_round_trip():
    for base in (2, 3, 10, 16, 36):
        for number in range(-70, 70):
            assert from_base(to_base(number, base), base) == number
            assert int(to_base(number, base), base) == number
""",
        bug("swapped_operands", "text = DIGITS[digit] + text", "text = text + DIGITS[digit]"),
        bug("missing_case", '    if number == 0:\n        return "0"\n', ""),
        bug("missing_statement", "        number = -number\n", ""),
        bug("wrong_operator", "value * base + DIGITS", "value + base * DIGITS"),
        bug("wrong_tuple", "number, digit = divmod", "digit, number = divmod"),
    ),
    case(
        "statistics",
        '''
def mean(values):
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)


def median(values):
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def spread(values):
    """Population variance."""
    centre = mean(values)
    return sum((value - centre) ** 2 for value in values) / len(values)


def moving_average(values, size):
    return [mean(values[i:i + size]) for i in range(len(values) - size + 1)]
''',
        """
import pytest
from prog import mean, median, moving_average, spread

def test_mean():
    assert mean([1, 2, 6]) == 3

def test_no_values():
    with pytest.raises(ValueError):
        mean([])
    with pytest.raises(ValueError):
        median([])

def test_median():
    assert median([5, 1, 3]) == 3
    assert median([4, 1, 3, 2]) == 2.5

def test_spread():
    assert spread([2, 4, 4, 4, 5, 5, 7, 9]) == 4

def test_moving():
    assert moving_average([1, 2, 3, 4], 2) == [1.5, 2.5, 3.5]
""",
        """
import pytest
import statistics
from prog import mean, median, moving_average, spread

def test_like_statistics():
    for values in ([1], [3, 1], [2, 7, 7, 1], [9, 8, 1, 4, 4], [0, -5, 10]):
        assert mean(values) == statistics.mean(values)
        assert median(values) == statistics.median(values)
        assert abs(spread(values) - statistics.pvariance(values)) < 1e-9

def test_moving():
    assert moving_average([5, 5, 5], 3) == [5]
    assert moving_average([1, 2], 3) == []
    assert moving_average([4, 6], 1) == [4, 6]

def test_errors():
    for function in (mean, median, spread):
        with pytest.raises(ValueError):
            function([])
""",
        bug("missing_check", '    if not values:\n        raise ValueError("no values")\n', ""),
        bug(
            "wrong_exception",
            '    if not ordered:\n        raise ValueError("no values")',
            '    if not ordered:\n        raise KeyError("no values")',
        ),
        bug("missing_sort", "ordered = sorted(values)", "ordered = list(values)"),
        bug(
            "missing_brackets",
            "(ordered[middle - 1] + ordered[middle]) / 2",
            "ordered[middle - 1] + ordered[middle] / 2",
        ),
        bug("off_by_one", "len(values) - size + 1", "len(values) - size"),
        bug("wrong_slice", "values[i:i + size]", "values[i:size]"),
        bug("wrong_operator", "(value - centre) ** 2", "(value - centre) * 2"),
    ),
    case(
        "calendar",
        """
LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year, month):
    if not 1 <= month <= 12:
        raise ValueError("month must be 1 to 12")
    if month == 2 and is_leap(year):
        return 29
    return LENGTHS[month - 1]


def day_of_year(year, month, day):
    return sum(days_in_month(year, m) for m in range(1, month)) + day


def next_day(year, month, day):
    if day < days_in_month(year, month):
        return year, month, day + 1
    if month < 12:
        return year, month + 1, 1
    return year + 1, 1, 1
""",
        """
import pytest
from prog import day_of_year, days_in_month, is_leap, next_day

def test_leap():
    assert is_leap(2024)
    assert not is_leap(2023)
    assert not is_leap(1900)
    assert is_leap(2000)

def test_lengths():
    assert days_in_month(2023, 2) == 28
    assert days_in_month(2024, 2) == 29
    assert days_in_month(2023, 12) == 31

def test_bad_month():
    with pytest.raises(ValueError):
        days_in_month(2023, 13)
    with pytest.raises(ValueError):
        days_in_month(2023, 0)

def test_day_of_year():
    assert day_of_year(2023, 1, 5) == 5
    assert day_of_year(2024, 3, 1) == 61

def test_next():
    assert next_day(2023, 1, 31) == (2023, 2, 1)
    assert next_day(2023, 12, 31) == (2024, 1, 1)
    assert next_day(2023, 4, 29) == (2023, 4, 30)
""",
        """
import datetime
import pytest
from prog import day_of_year, days_in_month, is_leap, next_day

def test_like_datetime():
    day = datetime.date(1899, 12, 1)
    while day < datetime.date(1904, 3, 5):
        after = day + datetime.timedelta(days=1)
        assert next_day(day.year, day.month, day.day) == (after.year, after.month, after.day)
        assert day_of_year(day.year, day.month, day.day) == day.timetuple().tm_yday
        day = after

def test_leap():
    assert [y for y in range(1600, 2401, 100) if is_leap(y)] == [1600, 2000, 2400]
    assert not is_leap(2001) and is_leap(2004)

def test_bad():
    for month in (-1, 0, 13, 99):
        with pytest.raises(ValueError):
            days_in_month(2020, month)
""",
        bug(
            "wrong_operator",
            "(year % 100 != 0 or year % 400 == 0)",
            "(year % 100 != 0 and year % 400 == 0)",
        ),
        bug("wrong_index", "LENGTHS[month - 1]", "LENGTHS[month]"),
        bug("missing_condition", "if month == 2 and is_leap(year):", "if is_leap(year):"),
        bug("wrong_start", "range(1, month)", "range(month)"),
        bug(
            "missing_check",
            '    if not 1 <= month <= 12:\n        raise ValueError("month must be 1 to 12")\n',
            "",
        ),
        bug("wrong_table", "LENGTHS = [31, 28, 31, 30, 31", "LENGTHS = [31, 28, 31, 31, 31"),
        bug("wrong_comparison", "if month < 12:", "if month <= 12:"),
    ),
    case(
        "money",
        '''
RATE = 0.2


def net_price(amount, discount=0.0):
    """The price after a discount between 0 and 1."""
    if discount < 0 or discount > 1:
        raise ValueError("discount must be between 0 and 1")
    return round(amount * (1 - discount), 2)


def with_tax(amount):
    return round(amount * (1 + RATE), 2)


def brackets_tax(income):
    """10 % up to 1000, 20 % up to 5000, 30 % above."""
    tax = 0
    if income > 5000:
        tax += (income - 5000) * 0.3
        income = 5000
    if income > 1000:
        tax += (income - 1000) * 0.2
        income = 1000
    return tax + income * 0.1


def split(amount, people):
    """Whole cents for each; the first ones pay the cents that are left."""
    share, left = divmod(amount, people)
    return [share + 1 if i < left else share for i in range(people)]
''',
        """
import pytest
from prog import brackets_tax, net_price, split, with_tax

def test_discount():
    assert net_price(200, 0.25) == 150
    assert net_price(80) == 80

def test_bad_discount():
    with pytest.raises(ValueError):
        net_price(10, 1.5)
    with pytest.raises(ValueError):
        net_price(10, -0.1)

def test_tax():
    assert with_tax(100) == 120

def test_brackets():
    assert brackets_tax(500) == 50
    assert brackets_tax(2000) == 300
    assert brackets_tax(6000) == 1200

def test_split():
    assert split(100, 3) == [34, 33, 33]
    assert split(10, 2) == [5, 5]
""",
        """
import pytest
from prog import brackets_tax, net_price, split, with_tax

def test_discount():
    assert net_price(99.99, 1) == 0
    assert net_price(50, 0) == 50
    assert net_price(10.0, 0.333) == 6.67
    with pytest.raises(ValueError):
        net_price(1, 1.0001)

def test_tax():
    assert with_tax(0) == 0
    assert with_tax(19.99) == 23.99

def test_brackets():
    assert brackets_tax(0) == 0
    assert brackets_tax(1000) == 100
    assert brackets_tax(5000) == 900
    assert abs(brackets_tax(1500) - 200) < 1e-9

def test_split():
    for amount in range(40):
        for people in range(1, 7):
            shares = split(amount, people)
            assert sum(shares) == amount and len(shares) == people
            assert max(shares) - min(shares) <= 1 and shares == sorted(shares, reverse=True)
""",
        bug("wrong_operator", "discount < 0 or discount > 1", "discount < 0 and discount > 1"),
        bug("wrong_operator", "amount * (1 - discount)", "amount * (1 + discount)"),
        bug("wrong_constant", "RATE = 0.2", "RATE = 0.02"),
        bug("missing_statement", "        income = 5000\n", ""),
        bug(
            "swapped_branches",
            "share + 1 if i < left else share",
            "share if i < left else share + 1",
        ),
        bug("missing_brackets", "(income - 1000) * 0.2", "income - 1000 * 0.2"),
    ),
    case(
        "number_theory",
        """
def gcd(a, b):
    while b:
        a, b = b, a % b
    return abs(a)


def lcm(a, b):
    if a == 0 or b == 0:
        return 0
    return abs(a * b) // gcd(a, b)


def power(base, exponent, modulus):
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent % 2 == 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent //= 2
    return result


def digits_sum(number):
    number = abs(number)
    total = 0
    while number:
        total += number % 10
        number //= 10
    return total


def is_perfect(number):
    if number < 2:
        return False
    return sum(d for d in range(1, number) if number % d == 0) == number
""",
        """
from prog import digits_sum, gcd, is_perfect, lcm, power

def test_gcd():
    assert gcd(12, 18) == 6
    assert gcd(7, 0) == 7
    assert gcd(-4, 6) == 2

def test_lcm():
    assert lcm(4, 6) == 12
    assert lcm(0, 5) == 0

def test_power():
    assert power(3, 4, 50) == 31
    assert power(2, 10, 1000) == 24
    assert power(5, 0, 7) == 1

def test_digits():
    assert digits_sum(1234) == 10
    assert digits_sum(-56) == 11

def test_perfect():
    assert is_perfect(6)
    assert is_perfect(28)
    assert not is_perfect(12)
    assert not is_perfect(0)
""",
        """
import math
from prog import digits_sum, gcd, is_perfect, lcm, power

def test_like_math():
    for a in range(-12, 13):
        for b in range(-12, 13):
            assert gcd(a, b) == math.gcd(a, b)
            assert lcm(a, b) == math.lcm(a, b)

def test_power():
    for base in range(8):
        for exponent in range(9):
            assert power(base, exponent, 13) == base ** exponent % 13

def test_digits():
    for n in (0, 5, 10, 999, 100001, -1, -909):
        assert digits_sum(n) == sum(map(int, str(abs(n))))

def test_perfect():
    assert [n for n in range(-3, 500) if is_perfect(n)] == [6, 28, 496]
""",
        bug("swapped_tuple", "a, b = b, a % b", "a, b = a % b, b"),
        bug("missing_call", "return abs(a)\n", "return a\n"),
        bug("missing_case", "    if a == 0 or b == 0:\n        return 0\n", ""),
        bug("wrong_constant", "    result = 1\n", "    result = 0\n"),
        bug("wrong_operator", "exponent //= 2", "exponent -= 2"),
        bug("missing_statement", "    number = abs(number)\n", ""),
        bug("off_by_one", "range(1, number)", "range(1, number + 1)"),
        bug("wrong_operator", "total += number % 10", "total += number // 10"),
    ),
    case(
        "series",
        '''
def fibonacci(n):
    """The first n numbers of the series."""
    values = []
    a, b = 0, 1
    for _ in range(n):
        values.append(a)
        a, b = b, a + b
    return values


def collatz(number):
    """Steps until 1 is reached."""
    steps = 0
    while number != 1:
        if number % 2 == 0:
            number //= 2
        else:
            number = 3 * number + 1
        steps += 1
    return steps


def pascal(n):
    rows = []
    for size in range(n):
        row = [1]
        for k in range(1, size):
            row.append(rows[size - 1][k - 1] + rows[size - 1][k])
        if size > 0:
            row.append(1)
        rows.append(row)
    return rows


def running_total(values):
    total = 0
    for value in values:
        total += value
        yield total
''',
        """
from prog import collatz, fibonacci, pascal, running_total

def test_fibonacci():
    assert fibonacci(7) == [0, 1, 1, 2, 3, 5, 8]
    assert fibonacci(0) == []

def test_collatz():
    assert collatz(1) == 0
    assert collatz(6) == 8

def test_pascal():
    assert pascal(4) == [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1]]
    assert pascal(1) == [[1]]

def test_running():
    assert list(running_total([1, 2, 3])) == [1, 3, 6]
    assert list(running_total([])) == []
""",
        """
from math import comb
from prog import collatz, fibonacci, pascal, running_total

def test_more():
    assert fibonacci(12)[-1] == 89
    assert fibonacci(1) == [0]
    assert [collatz(n) for n in (2, 3, 7, 27)] == [1, 7, 16, 111]
    assert pascal(0) == []
    assert pascal(9) == [[comb(n, k) for k in range(n + 1)] for n in range(9)]
    assert list(running_total([5, -5, 2])) == [5, 0, 2]
""",
        bug("wrong_start", "a, b = 0, 1", "a, b = 1, 1"),
        bug(
            "wrong_order",
            "        values.append(a)\n        a, b = b, a + b",
            "        a, b = b, a + b\n        values.append(a)",
        ),
        bug("not_together", "a, b = b, a + b", "a = b\n        b = a + b"),
        bug(
            "missing_else",
            "        else:\n            number = 3 * number + 1",
            "        number = 3 * number + 1",
        ),
        bug("missing_case", "        if size > 0:\n            row.append(1)\n", ""),
        bug(
            "wrong_index",
            "rows[size - 1][k - 1] + rows[size - 1][k]",
            "rows[size - 1][k - 1] + rows[size - 1][k - 2]",
        ),
        bug("wrong_keyword", "        yield total", "        return total"),
        bug("wrong_indent", "        yield total", "    yield total"),
    ),
    case(
        "square_root",
        '''
def square_root(value, precision=1e-9):
    """Newton's method."""
    if value < 0:
        raise ValueError("no real root")
    guess = value or 1.0
    while abs(guess * guess - value) > precision * max(1.0, value):
        guess = (guess + value / guess) / 2
        if guess < 1e-12:
            return 0.0
    return guess if value else 0.0


def bisect_root(function, low, high, steps=60):
    """A root between low and high, where the function changes its sign."""
    if function(low) * function(high) > 0:
        raise ValueError("no change of sign")
    for _ in range(steps):
        middle = (low + high) / 2
        if function(low) * function(middle) <= 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2
''',
        """
import pytest
from prog import bisect_root, square_root

def test_root():
    assert abs(square_root(2) - 1.41421356) < 1e-6
    assert abs(square_root(81) - 9) < 1e-6

def test_zero():
    assert square_root(0) == 0

def test_negative():
    with pytest.raises(ValueError):
        square_root(-1)

def test_bisect():
    assert abs(bisect_root(lambda x: x * x - 3, 0, 3) - 1.7320508) < 1e-6
    with pytest.raises(ValueError):
        bisect_root(lambda x: x * x + 1, -1, 1)
""",
        """
import pytest
from prog import bisect_root, square_root

def test_more():
    for value in (0.25, 1, 3, 10, 1234.5):
        assert abs(square_root(value) ** 2 - value) < 1e-4
    with pytest.raises(ValueError):
        square_root(-0.5)
    assert abs(bisect_root(lambda x: 5 - x, -10, 10) - 5) < 1e-6
    assert abs(bisect_root(lambda x: x ** 3 - 8, 0, 5) - 2) < 1e-6
""",
        bug(
            "missing_call", "while abs(guess * guess - value) >", "while (guess * guess - value) >"
        ),
        bug("wrong_operator", "(guess + value / guess) / 2", "(guess + value * guess) / 2"),
        bug("missing_check", '    if value < 0:\n        raise ValueError("no real root")\n', ""),
        bug(
            "swapped_targets",
            "            high = middle\n        else:\n            low = middle",
            "            low = middle\n        else:\n            high = middle",
        ),
        bug(
            "wrong_comparison",
            "function(low) * function(high) > 0",
            "function(low) * function(high) < 0",
        ),
    ),
]
