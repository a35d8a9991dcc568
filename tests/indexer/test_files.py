"""Files come and go: what the code around has to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.ide.files import left_behind, missing_packages

FILES = {
    "shop/__init__.py": "from shop.tax import tax_of\n",
    "shop/tax.py": "def tax_of(a):\n    return a\n\n\nRATE = 1\n",
    "shop/deep/__init__.py": "",
    "shop/deep/inner.py": "from ..tax import RATE\n",
    "unused.py": "import os\nimport shop.tax  # noqa\nfrom shop import (\n    tax,\n)\nprint(os)\n",
    "used.py": "from shop.tax import RATE, tax_of\n\nprint(RATE)\n",
    "half.py": "from shop import deep, tax\n",
    "inside.py": "def f():\n    from shop.tax import RATE\n",
    "exports.py": "from shop.tax import RATE\n\n__all__ = ['RATE']\n",
    "web/util.ts": "export const a = 1;\n",
    "web/unused.ts": "import { a } from './util';\nexport const b = 2;\n",
    "web/used.ts": "import { a } from './util';\nexport const b = a;\n",
    "web/barrel.ts": "export * from './util';\n",
}


@pytest.mark.parametrize(
    ("deleted", "unused", "used"),
    [
        (
            "shop/tax.py",
            {
                "shop/deep/inner.py": ["from ..tax import RATE\n"],
                "unused.py": ["import shop.tax  # noqa\n", "from shop import (\n    tax,\n)\n"],
            },
            ["exports.py", "half.py", "inside.py", "shop/__init__.py", "used.py"],
        ),
        ("shop/deep/inner.py", {}, []),
        (
            "web/util.ts",
            {"web/unused.ts": ["import { a } from './util';\n"]},
            ["web/barrel.ts", "web/used.ts"],
        ),
    ],
)
def test_imports_of_what_is_deleted(
    tmp_path: Path, deleted: str, unused: dict[str, list[str]], used: list[str]
) -> None:
    with workspace_of(tmp_path, FILES) as fixture:
        found = left_behind(fixture.snapshot, [fixture.absolute(deleted)], CancelToken())
        texts = {
            fixture.snapshot.display_path(path): [
                fixture.snapshot.text(path).data[slice(*span)].decode() for span in spans
            ]
            for path, spans in found.unused.items()
        }
        assert texts == unused
        assert [fixture.snapshot.display_path(path) for path, _, _ in found.used] == used


def test_a_folder_goes_with_what_is_in_it(tmp_path: Path) -> None:
    files = {**FILES, "main.py": "import shop.deep.inner\nfrom shop.deep import inner as i\ni\n"}
    with workspace_of(tmp_path, files) as fixture:
        found = left_behind(fixture.snapshot, [fixture.absolute("shop/deep")], CancelToken())
        (main,) = found.unused
        assert fixture.snapshot.display_path(main) == "main.py"
        shown = {fixture.snapshot.display_path(path): text for path, _, text in found.used}
        assert shown["main.py"] == "from shop.deep import inner as i"


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("shop/new/thing.py", ["shop/new/__init__.py"]),
        ("shop/a/b/thing.py", ["shop/a/__init__.py", "shop/a/b/__init__.py"]),
        ("shop/a/__init__.py", []),
        ("shop/thing.py", []),
        ("scripts/thing.py", []),  # no package around
        ("shop/new/notes.txt", []),
        ("shop/plain/thing.py", []),  # its files do without
    ],
)
def test_a_new_file_makes_its_folder_a_package(
    tmp_path: Path, created: str, expected: list[str]
) -> None:
    files = {**FILES, "shop/plain/other.py": ""}
    with workspace_of(tmp_path, files) as fixture:
        found = missing_packages(fixture.snapshot, [fixture.absolute(created)])
        assert [fixture.snapshot.display_path(path) for path in found] == expected
