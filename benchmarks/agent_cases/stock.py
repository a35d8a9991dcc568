"""Prices and stock read from CSV."""

from benchmarks.agent_cases import Project, Task, create, done, edit, read, swapped, tool

READ = '''"""Reading of CSV."""

import csv


def rows(text):
    return [row for row in csv.DictReader(text.splitlines())]


def products(text):
    """name -> (price in cents, count)"""
    found = {}
    for row in rows(text):
        found[row["name"]] = (int(float(row["price"]) * 100), int(row["count"]))
    return found
'''
VALUE = '''"""What the stock is worth."""

from stock.reading import products


def worth(text):
    return sum(price * count for price, count in products(text).values())


def scarce(text, limit=3):
    return [name for name, (_, count) in products(text).items() if count <= limit]
'''
TESTS = """from stock.reading import products
from stock.value import scarce, worth

TEXT = "name,price,count\\nnut,0.29,10\\nbolt,1.10,3\\ngear,5,0\\n"


def test_products():
    assert products(TEXT)["nut"] == (29, 10)


def test_worth():
    assert worth(TEXT) == 620


def test_scarce():
    assert scarce(TEXT) == ["gear"]
    assert scarce(TEXT, 4) == ["bolt", "gear"]
"""
ROUNDED = swapped(READ, ('int(float(row["price"]) * 100)', 'round(float(row["price"]) * 100)'))
BOTH = '''

def by_worth(text):
    """Names, the most valuable stock first; equal ones by name."""
    found = products(text)
    return sorted(found, key=lambda name: (-found[name][0] * found[name][1], name))
'''
BY_TESTS = """from stock.value import by_worth


def test_by_worth():
    text = "name,price,count\\na,1,1\\nb,2,2\\nc,1,1\\n"
    assert by_worth(text) == ["b", "a", "c"]
"""

PROJECT = Project(
    "stock",
    {
        "stock/__init__.py": "",
        "stock/reading.py": READ,
        "stock/value.py": VALUE,
        "tests/test_stock.py": TESTS,
    },
    (
        Task(
            "cents",
            "bug",
            "0.29 becomes 28 cents, and a product with exactly limit pieces should not count as scarce",
            (
                tool("test"),
                (
                    edit(
                        "stock/reading.py",
                        'int(float(row["price"]) * 100)',
                        'round(float(row["price"]) * 100)',
                    ),
                    edit("stock/value.py", "count <= limit", "count < limit"),
                ),
                done("prices are rounded and the limit is exclusive"),
            ),
            {
                "stock/reading.py": ROUNDED,
                "stock/value.py": swapped(VALUE, ("count <= limit", "count < limit")),
            },
        ),
        Task(
            "order",
            "feature",
            "We need by_worth(text): the names ordered by what their stock is worth, ties by name, with a test",
            (
                read("stock/value.py"),
                (
                    edit(
                        "stock/value.py",
                        "    return [name for name, (_, count) in products(text).items() if count <= limit]\n",
                        "    return [name for name, (_, count) in products(text).items() if count <= limit]\n"
                        + BOTH,
                    ),
                    create("tests/test_order.py", BY_TESTS),
                ),
                tool("test", selection=["tests/test_order.py"]),
                done("by_worth orders names"),
            ),
            {"stock/value.py": VALUE + BOTH, "tests/test_order.py": BY_TESTS},
        ),
        Task(
            "inline",
            "refactor",
            "rows is a wrapper that nobody needs, get rid of it",
            (
                tool("references", symbol="rows"),
                tool("inline_function", path="stock/reading.py", line=6, code="rows"),
                done("rows is inlined"),
            ),
            {
                "stock/reading.py": swapped(
                    READ,
                    (
                        "def rows(text):\n    return [row for row in csv.DictReader(text.splitlines())]\n\n\n",
                        "",
                    ),
                    ("in rows(text):", "in [row for row in csv.DictReader(text.splitlines())]:"),
                )
            },
        ),
        Task(
            "modules",
            "refactor",
            "value.py should be called worth.py",
            (
                tool("move_file", path="stock/value.py", new_path="stock/worth.py"),
                done("the module is stock.worth"),
            ),
            {
                "stock/value.py": None,
                "stock/worth.py": VALUE,
                "tests/test_stock.py": swapped(
                    TESTS, ("from stock.value import", "from stock.worth import")
                ),
            },
        ),
    ),
)
