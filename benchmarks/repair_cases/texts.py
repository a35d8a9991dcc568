"""Strings, parsing and formatting."""

from benchmarks.repair_cases import bug, case

CASES = [
    case(
        "run_length",
        '''
def encode(text):
    """aaab -> 3a1b"""
    parts = []
    count = 0
    previous = ""
    for letter in text:
        if letter == previous:
            count += 1
        else:
            if previous:
                parts.append(f"{count}{previous}")
            previous = letter
            count = 1
    if previous:
        parts.append(f"{count}{previous}")
    return "".join(parts)


def decode(text):
    result = ""
    digits = ""
    for letter in text:
        if letter.isdigit():
            digits += letter
        else:
            result += letter * int(digits)
            digits = ""
    return result
''',
        """
from prog import decode, encode

def test_encode():
    assert encode("aaab") == "3a1b"
    assert encode("abc") == "1a1b1c"

def test_empty():
    assert encode("") == ""
    assert decode("") == ""

def test_decode():
    assert decode("3a1b") == "aaab"
    assert decode("12x2y") == "x" * 12 + "yy"
""",
        """
from prog import decode, encode

def test_round_trip():
    for text in ("z", "zz", "hello", "aabbaa", "mmmmmmmmmmmmmn", "abababab"):
        assert decode(encode(text)) == text

def test_encode():
    assert encode("aabbaa") == "2a2b2a"
    assert encode("x" * 11) == "11x"
""",
        bug(
            "missing_case",
            '    if previous:\n        parts.append(f"{count}{previous}")\n    return',
            "    return",
        ),
        bug("missing_statement", "            count = 1\n", ""),
        bug("missing_statement", '            digits = ""\n', ""),
        bug("wrong_operator", "digits += letter", "digits = letter"),
        bug("wrong_constant", "            count = 1\n", "            count = 0\n"),
    ),
    case(
        "roman",
        """
VALUES = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
]


def to_roman(number):
    if number <= 0:
        raise ValueError("must be positive")
    text = ""
    for value, letters in VALUES:
        while number >= value:
            text += letters
            number -= value
    return text


def from_roman(text):
    single = {letters: value for value, letters in VALUES if len(letters) == 1}
    total = 0
    for index, letter in enumerate(text):
        value = single[letter]
        if index + 1 < len(text) and single[text[index + 1]] > value:
            total -= value
        else:
            total += value
    return total
""",
        """
import pytest
from prog import from_roman, to_roman

@pytest.mark.parametrize("number,text", [(1, "I"), (4, "IV"), (9, "IX"), (14, "XIV"), (1994, "MCMXCIV"), (30, "XXX")])
def test_both(number, text):
    assert to_roman(number) == text
    assert from_roman(text) == number

def test_zero():
    with pytest.raises(ValueError):
        to_roman(0)
""",
        """
import pytest
from prog import from_roman, to_roman

def test_round_trip():
    for number in range(1, 2200, 7):
        assert from_roman(to_roman(number)) == number

def test_known():
    assert to_roman(3888) == "MMMDCCCLXXXVIII"
    assert to_roman(49) == "XLIX"
    assert from_roman("CDXLIV") == 444
    with pytest.raises(ValueError):
        to_roman(-3)
""",
        bug("wrong_keyword", "        while number >= value:", "        if number >= value:"),
        bug("wrong_comparison", "while number >= value", "while number > value"),
        bug("wrong_index", "single[text[index + 1]] > value", "single[text[index - 1]] > value"),
        bug("wrong_operator", "            total -= value", "            total += value"),
        bug("missing_guard", "if index + 1 < len(text) and single", "if single"),
        bug("wrong_condition", "    if number <= 0:", "    if number < 0:"),
    ),
    case(
        "brackets",
        '''
PAIRS = {")": "(", "]": "[", "}": "{"}


def balanced(text):
    stack = []
    for letter in text:
        if letter in PAIRS.values():
            stack.append(letter)
        elif letter in PAIRS:
            if not stack or stack.pop() != PAIRS[letter]:
                return False
    return not stack


def depth(text):
    """The deepest nesting of round brackets."""
    deepest = current = 0
    for letter in text:
        if letter == "(":
            current += 1
            deepest = max(deepest, current)
        elif letter == ")":
            current -= 1
    return deepest
''',
        """
from prog import balanced, depth

def test_good():
    assert balanced("(a[b]{c})")
    assert balanced("")

def test_bad():
    assert not balanced("(]")
    assert not balanced("((")
    assert not balanced("())")

def test_depth():
    assert depth("(a(b)(c(d)))") == 3
    assert depth("x") == 0
""",
        """
from prog import balanced, depth

def test_more():
    assert balanced("{[()()]}")
    assert not balanced("}")
    assert not balanced("([)]")
    assert not balanced("{")
    assert balanced("no brackets")
    assert depth("((()))()") == 3
    assert depth("()()()") == 1
""",
        bug("wrong_constant", "    return not stack", "    return True"),
        bug("missing_guard", "if not stack or stack.pop()", "if stack.pop()"),
        bug("missing_statement", "            current -= 1\n", "            pass\n"),
        bug("missing_max", "deepest = max(deepest, current)", "deepest = current"),
        bug("wrong_comparison", "stack.pop() != PAIRS[letter]", "stack.pop() == PAIRS[letter]"),
        bug("wrong_method", "if letter in PAIRS.values():", "if letter in PAIRS.keys():"),
    ),
    case(
        "caesar",
        '''
def shift(text, key):
    result = ""
    for letter in text:
        if letter.isalpha():
            base = ord("A") if letter.isupper() else ord("a")
            result += chr((ord(letter) - base + key) % 26 + base)
        else:
            result += letter
    return result


def is_palindrome(text):
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]


def anagrams(words):
    """Groups of words with the same letters, in order of their first word."""
    groups = {}
    for word in words:
        key = "".join(sorted(word.lower()))
        groups.setdefault(key, []).append(word)
    return list(groups.values())
''',
        """
from prog import anagrams, is_palindrome, shift

def test_shift():
    assert shift("abc", 1) == "bcd"
    assert shift("xyz", 3) == "abc"

def test_case_and_marks():
    assert shift("Hello, World!", 5) == "Mjqqt, Btwqi!"

def test_back():
    assert shift("bcd", -1) == "abc"

def test_palindrome():
    assert is_palindrome("A man, a plan, a canal: Panama")
    assert not is_palindrome("hello")

def test_anagrams():
    assert anagrams(["eat", "tea", "tan", "Ate", "nat"]) == [["eat", "tea", "Ate"], ["tan", "nat"]]
""",
        """
from prog import anagrams, is_palindrome, shift

def test_shift():
    assert shift("Zebra-9", 2) == "Bgdtc-9"
    assert shift(shift("Some Text.", 11), -11) == "Some Text."
    assert shift("abc", 26) == "abc"
    assert shift("", 4) == ""

def test_palindrome():
    assert is_palindrome("")
    assert is_palindrome("No lemon, no melon")
    assert is_palindrome("12321")
    assert not is_palindrome("12")

def test_anagrams():
    assert anagrams([]) == []
    assert anagrams(["ab", "BA", "abc"]) == [["ab", "BA"], ["abc"]]
""",
        bug("wrong_constant", 'ord("A") if letter', 'ord("a") if letter'),
        bug("missing_part", "% 26 + base)", "% 26)"),
        bug("missing_case", "        else:\n            result += letter\n", ""),
        bug("missing_call", "[c.lower() for c in text", "[c for c in text"),
        bug("missing_filter", "for c in text if c.isalnum()]", "for c in text]"),
        bug("missing_call", 'key = "".join(sorted(word.lower()))', "key = word.lower()"),
        bug("wrong_method", ".append(word)\n", ".extend(word)\n"),
    ),
    case(
        "wrap",
        '''
def wrap(text, width):
    """Lines of whole words, none longer than width unless a word is."""
    lines = []
    line = ""
    for word in text.split():
        if not line:
            line = word
        elif len(line) + 1 + len(word) <= width:
            line += " " + word
        else:
            lines.append(line)
            line = word
    if line:
        lines.append(line)
    return lines


def truncate(text, limit, mark="..."):
    if len(text) <= limit:
        return text
    return text[:limit - len(mark)].rstrip() + mark


def title(text):
    small = {"a", "an", "the", "of", "and"}
    words = text.lower().split()
    return " ".join(
        word if index > 0 and word in small else word.capitalize()
        for index, word in enumerate(words)
    )
''',
        """
from prog import title, truncate, wrap

def test_wrap():
    assert wrap("the quick brown fox", 10) == ["the quick", "brown fox"]

def test_exact():
    assert wrap("aa bb cc", 5) == ["aa bb", "cc"]

def test_long_word():
    assert wrap("a enormous b", 4) == ["a", "enormous", "b"]

def test_nothing():
    assert wrap("", 5) == []

def test_truncate():
    assert truncate("hello world", 8) == "hello..."
    assert truncate("short", 5) == "short"

def test_title():
    assert title("the lord of the rings") == "The Lord of the Rings"
""",
        """
from prog import title, truncate, wrap

def test_wrap():
    assert wrap("one two three four five six", 9) == ["one two", "three", "four five", "six"]
    assert wrap("a b c d", 1) == ["a", "b", "c", "d"]
    assert wrap("  spaced   out  ", 20) == ["spaced out"]
    assert wrap("abcde fgh", 9) == ["abcde fgh"]

def test_truncate():
    assert truncate("abcdefghij", 6) == "abc..."
    assert truncate("abcdefghij", 5, "-") == "abcd-"
    assert truncate("ab cdefgh", 6) == "ab..."

def test_title():
    assert title("A tale OF two cities") == "A Tale of Two Cities"
    assert title("") == ""
    assert title("war and peace") == "War and Peace"
""",
        bug("missing_case", "    if line:\n        lines.append(line)\n", ""),
        bug("off_by_one", "len(line) + 1 + len(word) <= width", "len(line) + len(word) <= width"),
        bug(
            "missing_statement",
            "            lines.append(line)\n            line = word",
            "            lines.append(line)",
        ),
        bug("wrong_slice", "text[:limit - len(mark)]", "text[:limit]"),
        bug("wrong_comparison", "    if len(text) <= limit:", "    if len(text) < limit:"),
        bug("missing_condition", "index > 0 and word in small", "word in small"),
        bug("missing_call", "words = text.lower().split()", "words = text.split()"),
    ),
    case(
        "csv_line",
        '''
def parse_line(line, separator=","):
    """Fields of one line; a field in quotes may hold separators and doubled quotes."""
    fields = []
    field = ""
    quoted = False
    index = 0
    while index < len(line):
        letter = line[index]
        if quoted:
            if letter == '"':
                if index + 1 < len(line) and line[index + 1] == '"':
                    field += '"'
                    index += 1
                else:
                    quoted = False
            else:
                field += letter
        elif letter == '"':
            quoted = True
        elif letter == separator:
            fields.append(field)
            field = ""
        else:
            field += letter
        index += 1
    fields.append(field)
    return fields


def parse_pairs(text):
    """a=1;b=2 -> {"a": "1", "b": "2"}"""
    pairs = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        key, _, value = part.partition("=")
        pairs[key.strip()] = value.strip()
    return pairs
''',
        '''
from prog import parse_line, parse_pairs

def test_plain():
    assert parse_line("a,b,c") == ["a", "b", "c"]

def test_quoted():
    assert parse_line('"a,b",c') == ["a,b", "c"]

def test_doubled():
    assert parse_line('"say ""hi""",x') == ['say "hi"', "x"]

def test_empty_fields():
    assert parse_line(",") == ["", ""]

def test_separator():
    assert parse_line("1;2", ";") == ["1", "2"]

def test_pairs():
    assert parse_pairs("a=1; b = 2;") == {"a": "1", "b": "2"}
    assert parse_pairs("") == {}
    assert parse_pairs("url=x=y") == {"url": "x=y"}
''',
        """
from prog import parse_line, parse_pairs

def test_more():
    assert parse_line("") == [""]
    assert parse_line('"",""') == ["", ""]
    assert parse_line('a,"b""c",d') == ["a", 'b"c', "d"]
    assert parse_line('"x";y', ";") == ["x", "y"]
    assert parse_line('one') == ["one"]
    assert parse_line('"a","b,c","d"') == ["a", "b,c", "d"]

def test_pairs():
    assert parse_pairs(";;k=v;;") == {"k": "v"}
    assert parse_pairs("flag") == {"flag": ""}
    assert parse_pairs("a=1;a=2") == {"a": "2"}
""",
        bug(
            "missing_statement", "    fields.append(field)\n    return fields", "    return fields"
        ),
        bug("missing_statement", "                    index += 1\n", ""),
        bug(
            "wrong_truth_value",
            "                    quoted = False",
            "                    quoted = True",
        ),
        bug("missing_statement", '            field = ""\n', ""),
        bug("missing_call", "pairs[key.strip()]", "pairs[key]"),
        bug("missing_guard", "        if not part.strip():\n            continue\n", ""),
        bug("wrong_method", 'part.partition("=")', 'part.rpartition("=")'),
        bug("wrong_constant", "elif letter == separator:", 'elif letter == ",":'),
    ),
    case(
        "tokens",
        '''
def tokens(text):
    """Numbers, operators and brackets of an arithmetic expression."""
    found = []
    index = 0
    while index < len(text):
        letter = text[index]
        if letter.isspace():
            index += 1
        elif letter.isdigit():
            start = index
            while index < len(text) and text[index].isdigit():
                index += 1
            found.append(int(text[start:index]))
        elif letter in "+-*/()":
            found.append(letter)
            index += 1
        else:
            raise ValueError(f"unexpected {letter!r}")
    return found


def evaluate(text):
    """The value of an expression with + - * / and brackets."""
    items = tokens(text)

    def expression():
        value = term()
        while items and items[0] in ("+", "-"):
            if items.pop(0) == "+":
                value += term()
            else:
                value -= term()
        return value

    def term():
        value = factor()
        while items and items[0] in ("*", "/"):
            if items.pop(0) == "*":
                value *= factor()
            else:
                value /= factor()
        return value

    def factor():
        item = items.pop(0)
        if item == "(":
            value = expression()
            items.pop(0)
            return value
        if item == "-":
            return -factor()
        return item

    return expression()
''',
        """
import pytest
from prog import evaluate, tokens

def test_tokens():
    assert tokens("12+(3 * 4)") == [12, "+", "(", 3, "*", 4, ")"]

def test_bad():
    with pytest.raises(ValueError):
        tokens("2 $ 3")

def test_precedence():
    assert evaluate("2+3*4") == 14

def test_brackets():
    assert evaluate("(2+3)*4") == 20

def test_left():
    assert evaluate("10-4-3") == 3
    assert evaluate("8/4/2") == 1

def test_minus():
    assert evaluate("-3+5") == 2
""",
        """
import pytest
from prog import evaluate, tokens

def test_more():
    for text in ("1", "1+2-3", "2*(3+4)*5", "-(2+3)*2", "100/(2*5)", "((7))", "3-(4-5)", "2*-3", "12/4-1"):
        assert evaluate(text) == eval(text)
    assert tokens("") == []
    assert tokens("007") == [7]
    with pytest.raises(ValueError):
        evaluate("a")
""",
        bug(
            "missing_statement",
            "            items.pop(0)\n            return value",
            "            return value",
        ),
        bug("wrong_callee", "        value = term()\n", "        value = factor()\n"),
        bug("wrong_callee", "value *= factor()", "value *= term()"),
        bug(
            "missing_condition",
            "while index < len(text) and text[index].isdigit()",
            "while text[index].isdigit()",
        ),
        bug("wrong_variable", "int(text[start:index])", "int(text[index])"),
        bug("missing_sign", "return -factor()", "return factor()"),
        bug("wrong_operator", "value -= term()", "value += term()"),
    ),
    case(
        "versions",
        '''
def parse(version):
    return tuple(int(part) for part in version.split("."))


def compare(left, right):
    """-1, 0 or 1; missing parts count as 0."""
    a, b = list(parse(left)), list(parse(right))
    length = max(len(a), len(b))
    a += [0] * (length - len(a))
    b += [0] * (length - len(b))
    if a < b:
        return -1
    if a > b:
        return 1
    return 0


def newest(versions):
    best = None
    for version in versions:
        if best is None or compare(version, best) > 0:
            best = version
    return best


def bump(version, part="patch"):
    major, minor, patch = parse(version)
    if part == "major":
        return f"{major + 1}.0.0"
    if part == "minor":
        return f"{major}.{minor + 1}.0"
    if part == "patch":
        return f"{major}.{minor}.{patch + 1}"
    raise ValueError(part)
''',
        """
import pytest
from prog import bump, compare, newest, parse

def test_parse():
    assert parse("1.10.2") == (1, 10, 2)

def test_compare():
    assert compare("1.2", "1.10") == -1
    assert compare("2.0", "2") == 0
    assert compare("1.0.1", "1.0") == 1

def test_newest():
    assert newest(["1.9", "1.10", "1.2"]) == "1.10"
    assert newest([]) is None

def test_bump():
    assert bump("1.2.3") == "1.2.4"
    assert bump("1.2.3", "minor") == "1.3.0"
    assert bump("1.2.3", "major") == "2.0.0"
    with pytest.raises(ValueError):
        bump("1.2.3", "other")
""",
        """
import pytest
from prog import bump, compare, newest, parse

def test_more():
    assert compare("3", "2.9.9") == 1
    assert compare("0.0", "0") == 0
    assert compare("1.1.1.1", "1.1.1.2") == -1
    assert newest(["0.1", "0.1.0", "0.0.9"]) == "0.1"
    assert newest(["2", "10", "9"]) == "10"
    assert bump("9.9.9", "patch") == "9.9.10"
    assert bump("0.0.0", "major") == "1.0.0"
    with pytest.raises(ValueError):
        bump("1.0.0", "")
""",
        bug("missing_call", "tuple(int(part) for part in", "tuple(part for part in"),
        bug("wrong_variable", "b += [0] * (length - len(b))", "b += [0] * (length - len(a))"),
        bug("wrong_function", "length = max(len(a), len(b))", "length = min(len(a), len(b))"),
        bug("swapped_arguments", "compare(version, best) > 0", "compare(best, version) > 0"),
        bug("missing_guard", "if best is None or compare", "if compare"),
        bug("wrong_exception", "    raise ValueError(part)", "    raise KeyError(part)"),
        bug("missing_case", "    raise ValueError(part)\n", ""),
    ),
    case(
        "matching",
        '''
def matches(pattern, text):
    """`?` stands for one letter, `*` for any number of them."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return matches(pattern[1:], text) or (bool(text) and matches(pattern, text[1:]))
    if text and pattern[0] in ("?", text[0]):
        return matches(pattern[1:], text[1:])
    return False


def common_prefix(words):
    if not words:
        return ""
    prefix = words[0]
    for word in words[1:]:
        while not word.startswith(prefix):
            prefix = prefix[:-1]
    return prefix


def distance(left, right):
    """Edits from one word to the other."""
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = 0 if a == b else 1
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + cost))
        previous = row
    return previous[-1]
''',
        """
from prog import common_prefix, distance, matches

def test_matches():
    assert matches("a*c", "abbc")
    assert matches("a?c", "abc")
    assert not matches("a?c", "ac")
    assert matches("*", "")
    assert not matches("abc", "abcd")

def test_prefix():
    assert common_prefix(["flower", "flow", "flight"]) == "fl"
    assert common_prefix([]) == ""
    assert common_prefix(["a", "b"]) == ""

def test_distance():
    assert distance("kitten", "sitting") == 3
    assert distance("", "abc") == 3
    assert distance("same", "same") == 0
""",
        """
import fnmatch
from prog import common_prefix, distance, matches

def test_like_fnmatch():
    for pattern in ("", "*", "a*", "*a", "?", "a?*", "*b*c", "ab", "**x"):
        for text in ("", "a", "ab", "abc", "xbxc", "ba", "x", "aab"):
            assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern), (pattern, text)

def test_prefix():
    assert common_prefix(["inter", "internal", "interior"]) == "inter"
    assert common_prefix(["one"]) == "one"
    assert common_prefix(["", "x"]) == ""

def test_distance():
    assert distance("flaw", "lawn") == 2
    assert distance("intention", "execution") == 5
    assert distance("abc", "") == 3
    assert distance("a", "b") == 1
""",
        bug(
            "missing_guard",
            "(bool(text) and matches(pattern, text[1:]))",
            "matches(pattern, text[1:])",
        ),
        bug("wrong_slice", "matches(pattern, text[1:]))", "matches(pattern[1:], text[1:]))"),
        bug("wrong_constant", "        return not text\n", "        return True\n"),
        bug(
            "wrong_keyword",
            "        while not word.startswith(prefix):",
            "        if not word.startswith(prefix):",
        ),
        bug("missing_guard", '    if not words:\n        return ""\n', ""),
        bug("wrong_constant", "cost = 0 if a == b else 1", "cost = 1 if a == b else 0"),
        bug("missing_statement", "        previous = row\n", ""),
        bug("wrong_index", "previous[j - 1] + cost", "previous[j] + cost"),
    ),
]
