"""Python's import statements: what one says, how a project sorts them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from tree_sitter import Node

STATEMENTS = frozenset({"import_statement", "import_from_statement", "future_import_statement"})
_DEFAULT_WIDTH = 88
FUTURE, STANDARD, THIRD_PARTY, FIRST_PARTY, LOCAL = range(5)
"""The sections of an import block, in order."""


class Wanted(NamedTuple):
    """`from module import name as alias`, or `import module as alias` without a name.

    `module` carries its leading dots; `alias` is '' when the import binds its own last part.
    """

    module: str
    name: str = ""
    alias: str = ""

    @property
    def binds(self) -> str:
        return self.alias or self.name or self.module.partition(".")[0]

    def statement(self) -> str:
        alias = f" as {self.alias}" if self.alias else ""
        if self.name:
            return f"from {self.module} import {self.name}{alias}"
        return f"import {self.module}{alias}"


class Item(NamedTuple):
    """One imported name of a statement; `start:end` covers `name as alias`."""

    name: str
    alias: str
    start: int
    end: int

    @property
    def binds(self) -> str:
        return self.alias or self.name


class Statement(NamedTuple):
    """One import statement. `module` is '' for `import a, b`; then the items are the modules."""

    module: str
    items: tuple[Item, ...]
    start: int
    end: int
    is_star: bool
    node: Node

    @property
    def is_from(self) -> bool:
        return bool(self.module)

    @property
    def sort_module(self) -> str:
        return self.module or (self.items[0].name if self.items else "")


def read_statement(node: Node, data: bytes) -> Statement:
    def text(part: Node) -> str:
        return "".join(data[part.start_byte : part.end_byte].decode("utf-8", "replace").split())

    module = ""
    if node.type == "future_import_statement":
        module = "__future__"
    elif node.type == "import_from_statement":
        named = node.child_by_field_name("module_name")
        module = text(named) if named is not None else ""
    items: list[Item] = []
    for part in node.children_by_field_name("name"):
        name, alias = part, None
        if part.type == "aliased_import":
            name, alias = part.child_by_field_name("name"), part.child_by_field_name("alias")
        items.append(
            Item(
                text(name) if name is not None else "",
                text(alias) if alias is not None else "",
                part.start_byte,
                part.end_byte,
            )
        )
    star = any(child.type == "wildcard_import" for child in node.children)
    return Statement(module, tuple(items), node.start_byte, node.end_byte, star, node)


# -------------------------------------------------------------------- style


class Style(NamedTuple):
    """How the project formats imports, as far as it says."""

    width: int = _DEFAULT_WIDTH
    single_line: bool = False
    combine_as: bool = False
    sorts: bool = False
    """ruff or isort is configured to sort imports."""
    within_sections: bool = False
    """By module alone, whether `import` or `from`."""


def style_of(path: str) -> Style:
    """From the nearest pyproject.toml, ruff.toml or .isort.cfg above `path`."""
    folder = os.path.dirname(path)
    while True:
        for name in ("ruff.toml", ".ruff.toml", "pyproject.toml"):
            file = os.path.join(folder, name)
            try:
                stamp = os.stat(file).st_mtime_ns
            except OSError:
                continue
            style = _style(file, stamp)
            if style is not None:
                return style
        parent = os.path.dirname(folder)
        if parent == folder:
            return Style()
        folder = parent


@lru_cache(maxsize=64)
def _style(file: str, stamp: int) -> Style | None:
    try:
        whole = tomllib.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    tools = _table(whole, "tool")
    ruff = whole if not file.endswith("pyproject.toml") else _table(tools, "ruff")
    lint = _table(ruff, "lint") or ruff
    own_isort = _table(lint, "isort") or _table(ruff, "isort")
    isort = _table(tools, "isort")
    black = _table(tools, "black")
    if not (ruff or isort or black):
        return None
    width = next(
        (
            value
            for value in (
                ruff.get("line-length"),
                isort.get("line_length"),
                black.get("line-length"),
            )
            if isinstance(value, int)
        ),
        _DEFAULT_WIDTH,
    )
    chosen = [
        str(code)
        for key in ("select", "extend-select")
        for code in cast(list[object], lint.get(key) or ruff.get(key) or [])
    ]
    sorts = bool(isort) or any(code in ("I", "I0", "I00", "I001", "ALL") for code in chosen)
    return Style(
        width,
        bool(own_isort.get("force-single-line") or isort.get("force_single_line")),
        bool(own_isort.get("combine-as-imports") or isort.get("combine_as_imports")),
        sorts,
        bool(
            own_isort.get("force-sort-within-sections") or isort.get("force_sort_within_sections")
        ),
    )


def _table(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}


# -------------------------------------------------------------------- order


def _natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Digits count as numbers: a2 before a10."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in parts)


def module_key(module: str) -> tuple[object, ...]:
    bare = module.lstrip(".")
    dots = len(module) - len(bare)
    return -dots, _natural(bare.lower()), _natural(bare)


def member_key(name: str) -> tuple[object, ...]:
    """isort's order of names: constants, then classes, then the rest."""
    if name.isupper() and len(name) > 1:
        rank = 0
    elif name[:1].isupper():
        rank = 1
    else:
        rank = 2
    return rank, _natural(name.lower()), _natural(name)


def _plain_key(name: str) -> tuple[object, ...]:
    return _natural(name.lower()), _natural(name)


def is_docstring(node: Node) -> bool:
    return (
        node.type == "expression_statement"
        and len(node.children) == 1
        and node.children[0].type in ("string", "concatenated_string")
    )


def is_sorted(keys: Sequence[Any]) -> bool:
    return all(one <= other for one, other in pairwise(keys))


def member_place(names: Sequence[str], new: str) -> int:
    """Where `new` goes among `names`: by the order they follow, at the end if by none."""
    for key in (member_key, _plain_key, _natural):
        if is_sorted([key(name) for name in names]):
            return sum(1 for name in names if key(name) <= key(new))
    return len(names)
