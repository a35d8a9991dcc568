"""Text statistics with a command line."""

from benchmarks.agent_cases import Project, Task, create, done, edit, read, swapped, tool

COUNT = '''"""Counting."""

import re
from collections import Counter


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def most_common(text, n=3):
    return Counter(words(text)).most_common(n)


def average_length(text):
    found = words(text)
    return sum(len(word) for word in found) / len(found)


def sentences(text):
    return [part.strip() for part in re.split(r"[.!?]", text)]
'''
CLI = '''"""Command line."""

import sys

from words.count import average_length, most_common


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    text = " ".join(argv)
    for word, n in most_common(text):
        print("%s %d" % (word, n))
    print("average %.1f" % average_length(text))
'''
TESTS = """from words.count import average_length, most_common, sentences, words


def test_words():
    assert words("It is, it was.") == ["it", "is", "it", "was"]


def test_most_common():
    assert most_common("a b a", 1) == [("a", 2)]


def test_average():
    assert average_length("ab abcd") == 3


def test_sentences():
    assert sentences("One. Two!") == ["One", "Two"]
"""
SENTENCES = swapped(
    COUNT,
    (
        '[part.strip() for part in re.split(r"[.!?]", text)]',
        '[part.strip() for part in re.split(r"[.!?]", text) if part.strip()]',
    ),
)
UNIQUE = '''

def unique_share(text):
    """How many of the words are different ones, from 0 to 1; 0 without words."""
    found = words(text)
    return len(set(found)) / len(found) if found else 0.0
'''
UNIQUE_TESTS = """from words.count import unique_share


def test_share():
    assert unique_share("a b a b") == 0.5


def test_no_words():
    assert unique_share("") == 0.0
"""
EMPTY_TESTS = """from words.count import average_length


def test_no_words():
    assert average_length("...") == 0.0
"""

PROJECT = Project(
    "words",
    {
        "words/__init__.py": "",
        "words/count.py": COUNT,
        "words/cli.py": CLI,
        "tests/test_count.py": TESTS,
    },
    (
        Task(
            "sentences",
            "bug",
            "sentences has an empty string at its end",
            (
                tool("test"),
                (
                    edit(
                        "words/count.py",
                        'for part in re.split(r"[.!?]", text)]',
                        'for part in re.split(r"[.!?]", text) if part.strip()]',
                    ),
                ),
                done("empty parts are left out"),
            ),
            {"words/count.py": SENTENCES},
        ),
        Task(
            "empty",
            "bug",
            "average_length divides by zero when there are no words: 0.0 then, and a test that shows it",
            (
                read("words/count.py"),
                (
                    create("tests/test_empty.py", EMPTY_TESTS),
                    edit(
                        "words/count.py",
                        "    return sum(len(word) for word in found) / len(found)\n",
                        "    return sum(len(word) for word in found) / len(found) if found else 0.0\n",
                    ),
                ),
                tool("test", selection=["tests/test_empty.py"]),
                done("no words have the average 0.0"),
            ),
            {
                "words/count.py": swapped(
                    COUNT,
                    ("in found) / len(found)\n", "in found) / len(found) if found else 0.0\n"),
                ),
                "tests/test_empty.py": EMPTY_TESTS,
            },
        ),
        Task(
            "share",
            "feature",
            "A function unique_share(text) is wanted: the share of different words, 0 for no words; with tests",
            (
                read("words/count.py"),
                (
                    edit(
                        "words/count.py",
                        '    return [part.strip() for part in re.split(r"[.!?]", text)]\n',
                        '    return [part.strip() for part in re.split(r"[.!?]", text)]\n'
                        + UNIQUE.replace(" if found else 0.0", ""),
                    ),
                    create("tests/test_unique.py", UNIQUE_TESTS),
                ),
                done("unique_share is there"),
                (
                    edit(
                        "words/count.py",
                        "    return len(set(found)) / len(found)\n",
                        "    return len(set(found)) / len(found) if found else 0.0\n",
                    ),
                ),
                done("no words give 0.0"),
            ),
            {"words/count.py": COUNT + UNIQUE, "tests/test_unique.py": UNIQUE_TESTS},
        ),
        Task(
            "fstrings",
            "refactor",
            "The command line still formats with %, bring it up to date without changing what it prints",
            (
                read("words/cli.py"),
                (
                    edit("words/cli.py", 'print("%s %d" % (word, n))', 'print(f"{word} {n}")'),
                    edit(
                        "words/cli.py",
                        'print("average %.1f" % average_length(text))',
                        'print(f"average {average_length(text):.1f}")',
                    ),
                ),
                done("f-strings"),
            ),
            {
                "words/cli.py": swapped(
                    CLI,
                    ('print("%s %d" % (word, n))', 'print(f"{word} {n}")'),
                    (
                        'print("average %.1f" % average_length(text))',
                        'print(f"average {average_length(text):.1f}")',
                    ),
                )
            },
        ),
    ),
)
