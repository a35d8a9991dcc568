"""Notes in files, with tags and a search."""

from benchmarks.agent_cases import Project, Task, create, done, edit, read, swapped, tool

STORE = '''"""Notes of one folder."""

import json
from pathlib import Path


class Store:
    def __init__(self, folder):
        self.folder = Path(folder)

    def save(self, name, text, tags=()):
        self.folder.mkdir(parents=True, exist_ok=True)
        row = {"text": text, "tags": list(tags)}
        (self.folder / f"{name}.json").write_text(json.dumps(row))

    def load(self, name):
        return json.loads((self.folder / f"{name}.json").read_text())

    def names(self):
        return sorted(path.name for path in self.folder.glob("*.json"))

    def tagged(self, tag):
        return [name for name in self.names() if tag in self.load(name)["tags"]]
'''
FIND = '''"""Search in notes."""


def find(store, word):
    found = []
    for name in store.names():
        text = store.load(name)["text"]
        if word in text:
            found.append(name)
    return found


def count(store, word):
    n = 0
    for name in store.names():
        n += store.load(name)["text"].count(word)
    return n
'''
TESTS = """from notes.find import count, find
from notes.store import Store


def test_round_trip(tmp_path):
    store = Store(tmp_path)
    store.save("a", "milk and eggs", ["shop"])
    assert store.load("a")["text"] == "milk and eggs"


def test_names(tmp_path):
    store = Store(tmp_path)
    store.save("b", "x")
    store.save("a", "y")
    assert store.names() == ["a", "b"]


def test_find(tmp_path):
    store = Store(tmp_path)
    store.save("a", "milk", ["shop"])
    store.save("b", "tea")
    assert find(store, "milk") == ["a"]
    assert store.tagged("shop") == ["a"]
    assert count(store, "e") == 1
"""
DELETE = '''
    def delete(self, name):
        """Remove a note. Raises KeyError when there is none."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            raise KeyError(name)
        path.unlink()
'''
DELETE_TESTS = """import pytest

from notes.store import Store


def test_delete(tmp_path):
    store = Store(tmp_path)
    store.save("a", "x")
    store.delete("a")
    assert store.names() == []
    with pytest.raises(KeyError):
        store.delete("a")
"""
NAMES_TESTS = """from notes.store import Store


def test_no_folder_yet(tmp_path):
    assert Store(tmp_path / "none").names() == []


def test_other_files_are_no_notes(tmp_path):
    (tmp_path / "readme.txt").write_text("x")
    assert Store(tmp_path).names() == []
"""
STEMS = swapped(STORE, ("sorted(path.name for", "sorted(path.stem for"))

PROJECT = Project(
    "notes",
    {
        "notes/__init__.py": "",
        "notes/store.py": STORE,
        "notes/find.py": FIND,
        "tests/test_notes.py": TESTS,
    },
    (
        Task(
            "names",
            "bug",
            "names() gives file names with their suffix, so everything that loads by name breaks",
            (
                tool("test"),
                (edit("notes/store.py", "path.name for", "path.stem for"),),
                done("names are without suffix"),
            ),
            {"notes/store.py": STEMS},
        ),
        Task(
            "delete",
            "feature",
            "Store should be able to delete a note, KeyError for an unknown one, and names() has to be right; cover it by tests",
            (
                read("notes/store.py"),
                (
                    edit("notes/store.py", "path.name for", "path.stem for"),
                    edit(
                        "notes/store.py",
                        "    def names(self):",
                        DELETE.lstrip("\n") + "\n    def names(self):",
                    ),
                    create("tests/test_delete.py", DELETE_TESTS),
                ),
                tool("test"),
                done("notes can be deleted"),
            ),
            {
                "notes/store.py": swapped(
                    STEMS, ("    def names(self):", DELETE.lstrip("\n") + "\n    def names(self):")
                ),
                "tests/test_delete.py": DELETE_TESTS,
            },
        ),
        Task(
            "case",
            "feature",
            "find has to ignore upper and lower case",
            (
                read("notes/find.py"),
                (
                    edit(
                        "notes/find.py",
                        "        if word in text:",
                        "        if word.lower() in text.lower():",
                    ),
                ),
                done("find ignores case"),
            ),
            {
                "notes/find.py": swapped(
                    FIND, ("if word in text:", "if word.lower() in text.lower():")
                )
            },
        ),
        Task(
            "tests",
            "tests",
            "There are no tests of names() for a folder that is missing or holds other files",
            (
                read("notes/store.py"),
                (create("tests/test_names.py", NAMES_TESTS),),
                tool("test", selection=["tests/test_names.py"]),
                done("two cases are covered"),
            ),
            {"tests/test_names.py": NAMES_TESTS},
        ),
    ),
)
