"""Failing tests that no change of the project mends do not keep the others from being mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_agent.repair import repairer
from treewright_agent.repair.model import Failed
from treewright_agent.repair.surroundings import why_elsewhere
from treewright_agent.routines.request import Repaired
from treewright_indexer.cancel import CancelToken

FILES = ("pkg/__init__.py", "pkg/a.py", "tests/test_a.py")
TESTS = ("tests/test_a.py",)


def failed(kind: str, message: str = "", name: str = "", file: str = "tests/test_a.py") -> Failed:
    return Failed(kind, (), message, ((file, 1, "<module>"),), "call", "", name)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (failed("FixtureLookupError", "benchmark"), "a fixture that nothing defines"),
        (failed("ModuleNotFoundError", name="numpy.linalg"), "`numpy` is not installed"),
        (failed("ModuleNotFoundError", name="numpi", file="pkg/a.py"), ""),
        (failed("ModuleNotFoundError", name="pkg.b"), ""),
        (failed("gaierror", "Name or service not known"), "it wants the network"),
        (failed("AssertionError", "assert 1 == 2"), ""),
        (None, ""),
    ],
)
def test_whose_fault_it_is(given: Failed | None, says: str) -> None:
    assert why_elsewhere(given, FILES, TESTS).startswith(says)
    assert bool(why_elsewhere(given, FILES, TESTS)) == bool(says)


def mended(root: Path, text: str) -> Repaired:
    with workspace_of(root, text) as fixture:
        mend = repairer(cpu_s=20.0)
        return mend(fixture.snapshot, fixture.root, [], 90.0, CancelToken())


def test_what_the_surroundings_lack_does_not_hide_a_repair(tmp_path: Path) -> None:
    found = mended(
        tmp_path,
        """
        //- prog.py
        def size(n):
            return n + 2
        //- test_prog.py
        from prog import size

        def test_size():
            assert size(1) == 2 and size(4) == 5

        def test_speed(some_benchmark):
            some_benchmark(size)
        //- test_other.py
        import a_package_that_nobody_has
        """,
    )
    assert found.changes
    assert "fail for their surroundings" in found.note


def test_another_failure_elsewhere_is_said_and_left(tmp_path: Path) -> None:
    found = mended(
        tmp_path,
        """
        //- prog.py
        def size(n):
            return n + 2

        def text(n):
            return eval(chr(n) * 7)
        //- test_prog.py
        from prog import size, text

        def test_size():
            assert size(1) == 2 and size(4) == 5

        def test_text():
            assert text(64) == {"a": [1, 2, {"b": 7}]}
        """,
    )
    assert found.changes
    assert "1 other tests fail for something else: test_prog.py::test_text" in found.note


def test_what_failed_before_in_other_files_does_not_count_against_a_repair(tmp_path: Path) -> None:
    text = """
        //- prog.py
        def size(n):
            return n + 2

        def other(n):
            return n - 7
        //- test_prog.py
        from prog import size

        def test_size():
            assert size(1) == 2 and size(4) == 5
        //- test_other.py
        from prog import other

        def test_other():
            assert other(1) == {"a": [8]}
        """
    with workspace_of(tmp_path, text) as fixture:
        mend = repairer(cpu_s=20.0)
        found = mend(fixture.snapshot, fixture.root, ["test_prog.py"], 90.0, CancelToken())
    assert found.changes
