"""Layer 5: what an accepted plan allows, by file, kind of operation and symbol."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.calls import Call
from treewright_agent.changes import Create, Delete, Rename, SourceChange
from treewright_agent.draft import Draft, text_change
from treewright_agent.guard.plan_scope import PlanScope, Step
from treewright_indexer.text import SourceText

CALC = '''"""Sums."""

import os

LIMIT = 3


class Calc:
    """Adds."""

    start = 0

    def add(self, a, b):
        return a - b

    def sub(self, a, b):
        return a - b


def main():
    print(Calc().add(1, 2))


if __name__ == "__main__":
    main()
'''


@pytest.fixture
def fx(tmp_path: Path) -> Iterator[Fixture]:
    files = {"calc.py": CALC, "other.py": "x = 1\n", "data.txt": "a\nb\n"}
    with workspace_of(tmp_path / "w", files) as fixture:
        yield fixture


def _outside(fx: Fixture, change: SourceChange, *steps: tuple[str, str, str]) -> dict[str, str]:
    """`steps`: (file, kind, symbols joined by blanks)."""
    scope = PlanScope(
        tuple(
            Step((f"{fx.root}/{file}",), kind, tuple(names.split())) for file, kind, names in steps
        )
    )
    draft = Draft(fx.snapshot)
    after = draft.done(Call("edit_file", {}), change).snapshot
    found = scope.outside(change, fx.snapshot, after, lambda path: path)
    return {os.path.relpath(path, fx.root): reason for path, reason in found.items()}


def _edited(fx: Fixture, old: str, new: str, file: str = "calc.py") -> SourceChange:
    text = fx.snapshot.text(f"{fx.root}/{file}").string
    assert old in text
    return text_change(fx.snapshot, f"{fx.root}/{file}", SourceText.of(text.replace(old, new, 1)))


ADD_FIX = (
    "def add(self, a, b):\n        return a - b",
    "def add(self, a, b):\n        return a + b",
)


@pytest.mark.parametrize("names", ["add", "Calc.add", "Calc", "", "main Calc.add"])
def test_the_named_definition_may_change(fx: Fixture, names: str) -> None:
    assert _outside(fx, _edited(fx, *ADD_FIX), ("calc.py", "MODIFY", names)) == {}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("print(Calc()", "evil(Calc()", "main", id="another function"),
        pytest.param("def sub(self", "def sub2(self", "Calc.sub", id="a rename of a neighbour"),
        pytest.param("LIMIT = 3", "LIMIT = 4", "LIMIT", id="a constant"),
        pytest.param("start = 0", "start = 1", "Calc.start", id="a field"),
        pytest.param('"""Adds."""', '"""Evil."""', "Calc", id="the class itself"),
        pytest.param("def main", "def more():\n    evil()\n\n\ndef main", "more", id="a new one"),
        pytest.param("    main()\n", "    main()\n    evil()\n", "(module)", id="code outside"),
    ],
)  # fmt: skip
def test_another_definition_may_not(fx: Fixture, old: str, new: str, told: str) -> None:
    found = _outside(fx, _edited(fx, old, new), ("calc.py", "MODIFY", "Calc.add"))
    assert told in found["calc.py"]
    assert _outside(fx, _edited(fx, old, new), ("calc.py", "MODIFY", "")) == {}


def test_imports_and_blanks_need_no_name(fx: Fixture) -> None:
    assert _outside(fx, _edited(fx, "import os\n", "import os\nimport sys\n"), ("calc.py", "MODIFY", "add")) == {}  # fmt: skip
    assert _outside(fx, _edited(fx, "\n\n\ndef main", "\n\ndef main"), ("calc.py", "MODIFY", "add")) == {}  # fmt: skip


def test_the_first_member_of_an_empty_class(fx: Fixture) -> None:
    change = _edited(fx, "x = 1\n", "class A:\n    pass\n", "other.py")
    assert "A" in _outside(fx, change, ("other.py", "MODIFY", "x"))["other.py"]
    middle = Draft(fx.snapshot).done(Call("edit_file", {}), change)
    text = SourceText.of("class A:\n    def f(self):\n        pass\n")
    change = text_change(middle.snapshot, f"{fx.root}/other.py", text)
    scope = PlanScope((Step((f"{fx.root}/other.py",), "MODIFY", ("A.f",)),))
    after = middle.done(Call("edit_file", {}), change).snapshot
    assert scope.outside(change, middle.snapshot, after, str) == {}


def test_kinds(fx: Fixture) -> None:
    create = SourceChange(creates=(Create(f"{fx.root}/new.py", "x = 1\n"),))
    delete = SourceChange(deletes=(Delete(f"{fx.root}/other.py"),))
    move = SourceChange(renames=(Rename(f"{fx.root}/other.py", f"{fx.root}/new.py"),))
    assert _outside(fx, create, ("new.py", "ADD", "")) == {}
    assert "create" in _outside(fx, create, ("new.py", "MODIFY", ""))["new.py"]
    assert _outside(fx, create, ("calc.py", "ADD", "")) == {"new.py": "the plan does not name it"}
    assert _outside(fx, delete, ("other.py", "DELETE", "")) == {}
    assert "delete" in _outside(fx, delete, ("other.py", "MODIFY", ""))["other.py"]
    assert "delete" in _outside(fx, delete, ("other.py", "ADD", ""))["other.py"]
    assert _outside(fx, move, ("other.py", "DELETE", ""), ("new.py", "ADD", "")) == {}
    assert "create" in _outside(fx, move, ("other.py", "DELETE", ""), ("new.py", "DELETE", ""))["new.py"]  # fmt: skip
    assert "move" in _outside(fx, move, ("other.py", "ADD", ""), ("new.py", "ADD", ""))["other.py"]
    # where a plan only deletes, code may go and none may come
    assert _outside(fx, _edited(fx, "LIMIT = 3\n", ""), ("calc.py", "DELETE", "")) == {}
    assert "only deletes" in _outside(fx, _edited(fx, *ADD_FIX), ("calc.py", "DELETE", ""))["calc.py"]  # fmt: skip


def test_a_folder_covers_its_files_and_no_twin(fx: Fixture) -> None:
    inside = SourceChange(creates=(Create(f"{fx.root}/pkg/a.py", ""),))
    twin = SourceChange(creates=(Create(f"{fx.root}/pkg-evil/a.py", ""),))
    assert _outside(fx, inside, ("pkg", "ADD", "")) == {}
    assert _outside(fx, twin, ("pkg", "ADD", "")) != {}


def test_a_file_without_definitions_is_judged_as_a_whole(fx: Fixture) -> None:
    assert _outside(fx, _edited(fx, "b\n", "c\n", "data.txt"), ("data.txt", "MODIFY", "x")) == {}


def test_what_widens_a_plan() -> None:
    scope = PlanScope((Step(("/w/a.py",), "MODIFY", ("f", "g")), Step(("/w/b",), "ADD")))
    assert scope.covers([Step(("/w/a.py",), "MODIFY", ("f",)), Step(("/w/b/c.py",), "ADD", ("x",))])
    assert not scope.covers([Step(("/w/a.py",), "MODIFY")])
    assert not scope.covers([Step(("/w/a.py",), "MODIFY", ("h",))])
    assert not scope.covers([Step(("/w/a.py",), "DELETE")])
    assert not scope.covers([Step(("/w/c.py",), "MODIFY")])
    assert scope.widened([Step(("/w/c.py",), "MODIFY")]).covers([Step(("/w/c.py",), "MODIFY")])
