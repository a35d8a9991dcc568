"""`per-file-ignores` of ruff and flake8: which files a sweep leaves alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_agent.ignored import Ignored

RUFF = '[tool.ruff.lint.per-file-ignores]\n"src/compat.py" = ["F401"]\n"tests/**" = ["F"]\n'
OLD_RUFF = '[per-file-ignores]\n"compat.py" = ["F401", "E402"]\n'
FLAKE8 = "[flake8]\nper-file-ignores =\n    src/compat.py:E402,F401\n    tests/*:F4 E1\n"
IN_A_LINE = "[flake8]\nper-file-ignores = src/compat.py:F401 tests/a.py:F401\n"


@pytest.mark.parametrize(
    ("settings", "code", "left_alone"),
    [
        (("pyproject.toml", RUFF), "F401", {"src/compat.py", "tests/a.py"}),
        (("pyproject.toml", RUFF), "F811", {"tests/a.py"}),
        (("pyproject.toml", RUFF), "E402", set[str]()),
        (("ruff.toml", OLD_RUFF), "F401", {"src/compat.py"}),
        (("src/ruff.toml", OLD_RUFF), "F401", {"src/compat.py"}),
        (("tests/ruff.toml", OLD_RUFF), "F401", set[str]()),
        (("setup.cfg", FLAKE8), "F401", {"src/compat.py", "tests/a.py"}),
        ((".flake8", FLAKE8), "E402", {"src/compat.py"}),
        (("tox.ini", IN_A_LINE), "F401", {"src/compat.py", "tests/a.py"}),
        (("pyproject.toml", "[tool.ruff\n"), "F401", set[str]()),
        (("pyproject.toml", "tool = 1\n"), "F401", set[str]()),
        (("pyproject.toml", "[tool.ruff.lint]\nper-file-ignores = 3\n"), "F401", set[str]()),
        (("setup.cfg", "no section\n"), "F401", set[str]()),
    ],
)
def test_files_left_alone(
    tmp_path: Path, settings: tuple[str, str], code: str, left_alone: set[str]
) -> None:
    name, text = settings
    files = f"//- src/compat.py\nimport os\n//- src/b.py\n//- tests/a.py\n//- {name}\n{text}"
    with workspace_of(tmp_path, files) as fixture:
        ignored = Ignored(fixture.snapshot)
        found = {
            shown
            for shown in ("src/compat.py", "src/b.py", "tests/a.py")
            if ignored.ignores(os.path.join(fixture.root, shown), code)
        }
    assert found == left_alone
