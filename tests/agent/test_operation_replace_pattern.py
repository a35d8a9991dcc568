"""Structural search and replace: text in, text out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import case_of, check_operation, check_refused
from treewright_indexer.errors import ArgumentsError

CASES = [
    pytest.param("f(a)\nf( b )\n# f(c)\n'f(d)'\n", "f($X)", "g($X)", "g(a)\ng(b)\n# f(c)\n'f(d)'\n", id="by syntax, not by text"),
    pytest.param("f(1, x=2, *y)\n", "f($$$A)", "g($$$A, z=3)", "g(1, x=2, *y, z=3)\n", id="any number of nodes"),
    pytest.param("v = f(a + b)\n", "f($X)", "$X * 2", "v = (a + b) * 2\n", id="parentheses inside"),
    pytest.param("v = f(a).b\n", "f($X)", "$X or c", "v = (a or c).b\n", id="parentheses outside"),
    pytest.param("'😋'; f('好')\n", "f($X)", "g($X)", "'😋'; g('好')\n", id="bytes are not code points"),
    pytest.param("f(f(a))\n", "f($X)", "g($X)", "g(f(a))\n", id="the outer of nested matches"),
    pytest.param("if $X == None:\n    pass\n".replace("$X", "a.b"), "$X == None", "$X is None", "if a.b is None:\n    pass\n", id="an operator"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "pattern", "rewrite", "after"), CASES)
def test_replaces(tmp_path: Path, before: str, pattern: str, rewrite: str, after: str) -> None:
    check_operation(tmp_path, "replace_pattern", before, after, pattern=pattern, rewrite=rewrite)


def test_over_the_workspace_and_in_other_languages(tmp_path: Path) -> None:
    check_operation(
        tmp_path,
        "replace_pattern",
        "//- a.ts\nlog(x);\n//- b/c.ts\nlog(`a ${y}`);\n//- d.py\nlog(x)\n",
        "//- a.ts\nout(x);\n//- b/c.ts\nout(`a ${y}`);\n//- d.py\nlog(x)\n",
        pattern="log($X)",
        rewrite="out($X)",
        language="typescript",
    )


def test_a_folder_and_a_glob(tmp_path: Path) -> None:
    before = "//- a/x.py\nf(1)\n//- a/y.py\nf(1)\n//- b/x.py\nf(1)\n"
    after = "//- a/x.py\ng(1)\n//- a/y.py\nf(1)\n//- b/x.py\nf(1)\n"
    check_operation(
        tmp_path, "replace_pattern", before, after, pattern="f($X)", rewrite="g($X)", path="a",
        include="*x.py",
    )  # fmt: skip


def test_nothing_found_and_bad_patterns(tmp_path: Path) -> None:
    check_refused(
        tmp_path / "a", "replace_pattern", "f(a)\n", "matches", pattern="h($X)", rewrite="1"
    )
    with (
        case_of(tmp_path / "b", "f(a)\n", pattern="f($X)", rewrite="$Y") as case,
        pytest.raises(ArgumentsError, match=r"\$Y is not in the pattern"),
    ):
        case.run("replace_pattern")
