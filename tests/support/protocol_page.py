"""What docs/protocol.md says of the wire, as types that values can be held against.

The page's `ts` blocks are read: interfaces, unions, literals, arrays, nested objects. A value fits
when it has every field that is not optional and none that the page does not name: a field that the
server sends and the page leaves out is a fault of the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs/protocol.md"
_TOKEN = re.compile(r"\s+|//[^\n]*|(\w+|\"[^\"]*\"|-\d+|[][{}()|;:?=,<>])")
_ROW = re.compile(r"^\| `(treewright/[\w/]+)` \| (.+?) \| (.+?) \|", re.MULTILINE)
_PLAIN: dict[str, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "any": lambda v: True,
}
Type = Callable[[Any, "Page"], str]
"""-> '' for a value that fits, else where and why it does not."""


@dataclass
class Page:
    """`fields`: interface -> its field names, those of what it extends included."""

    text: str
    types: dict[str, Type] = field(default_factory=dict[str, Type])
    fields: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    @classmethod
    def read(cls) -> Page:
        page = cls(PAGE.read_text("utf-8"))
        for block in re.findall(r"```ts\n(.*?)```", page.text, re.DOTALL):
            _Reader(block, page).declarations()
        return page

    def methods(self) -> dict[str, tuple[str, str]]:
        """method -> (type of its parameters, type of its answer), from the page's table."""
        return {m: (_code(given), _code(answer)) for m, given, answer in _ROW.findall(self.text)}

    def unfit(self, value: Any, written: str) -> str:
        """'' when `value` is what the page calls `written`."""
        return _Reader(written, self).type()(value, self)


def _code(cell: str) -> str:
    return cell.strip("`").replace("\\|", "|")


class _Reader:
    def __init__(self, text: str, page: Page) -> None:
        self._tokens = [t for t in _TOKEN.findall(text) if t]
        left = _TOKEN.sub("", text)
        assert not left.strip(), f"not understood: {left!r}"
        self._page = page

    def declarations(self) -> None:
        while self._tokens:
            word, name = self._next(), self._next()
            if word == "type":
                self._expect("=")
                self._page.types[name] = self.type()
                continue
            assert word == "interface", word
            base = ""
            if self._tokens[0] == "extends":
                self._next()
                base = self._next()
            members = self._members()
            required = {n for n, (_, optional) in members.items() if not optional}
            if base:
                parent = self._page.fields[base]
                fits = {n: self._page.types[f"{base}.{n}"] for n in parent}
                required |= {n for n in parent if f"{base}.{n}?" not in self._page.types}
            else:
                fits = dict[str, Type]()
            fits |= {n: kind for n, (kind, _) in members.items()}
            self._page.fields[name] = set(fits)
            self._page.types |= {f"{name}.{n}": kind for n, kind in fits.items()}
            self._page.types |= {f"{name}.{n}?": fits[n] for n in fits.keys() - required}
            self._page.types[name] = _object(fits, required)

    def type(self) -> Type:
        if self._tokens[:1] == ["|"]:
            self._next()
        choices = [self._postfix()]
        while self._tokens[:1] == ["|"]:
            self._next()
            choices.append(self._postfix())
        return choices[0] if len(choices) == 1 else _union(choices)

    def _postfix(self) -> Type:
        found = self._primary()
        while self._tokens[:1] == ["["]:
            self._next()
            if self._tokens[0] != "]":
                raise AssertionError("an indexed type: give it a name")
            self._next()
            found = _array(found)
        return found

    def _primary(self) -> Type:
        token = self._next()
        if token == "{":
            self._tokens.insert(0, token)
            members = self._members()
            required = {n for n, (_, optional) in members.items() if not optional}
            return _object({n: kind for n, (kind, _) in members.items()}, required)
        if token == "(":
            found = self.type()
            self._expect(")")
            return found
        if token[0] == '"':
            return _equal(token.strip('"'))
        if token.lstrip("-").isdigit():
            return _equal(int(token))
        if token in _PLAIN:
            return _plain(token)
        return lambda value, page: page.types[token](value, page)

    def _members(self) -> dict[str, tuple[Type, bool]]:
        self._expect("{")
        found: dict[str, tuple[Type, bool]] = {}
        while self._tokens[0] != "}":
            name = self._next()
            optional = self._tokens[0] == "?"
            if optional:
                self._next()
            self._expect(":")
            found[name] = (self.type(), optional)
            while self._tokens[0] in ";,":
                self._next()
        self._next()
        return found

    def _next(self) -> str:
        return self._tokens.pop(0)

    def _expect(self, token: str) -> None:
        found = self._next()
        assert found == token, f"{token!r} expected, not {found!r} before {self._tokens[:6]}"


def _plain(name: str) -> Type:
    return lambda value, page: "" if _PLAIN[name](value) else f": {value!r} is no {name}"


def _equal(wanted: str | int) -> Type:
    return lambda value, page: "" if value == wanted else f": {value!r} is not {wanted!r}"


def _array(of: Type) -> Type:
    def unfit(value: Any, page: Page) -> str:
        if not isinstance(value, list):
            return f": {value!r} is no list"
        for number, each in enumerate(value):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            said = of(each, page)
            if said:
                return f"[{number}]{said}"
        return ""

    return unfit


def _union(choices: list[Type]) -> Type:
    def unfit(value: Any, page: Page) -> str:
        said = [choice(value, page) for choice in choices]
        return "" if "" in said else max(said, key=len)

    return unfit


def _object(fits: Mapping[str, Type], required: set[str]) -> Type:
    def unfit(value: Any, page: Page) -> str:
        if not isinstance(value, Mapping):
            return f": {value!r} is no object"
        given: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        missing, unknown = required - given.keys(), given.keys() - fits.keys()
        if missing or unknown:
            return f": lacks {sorted(missing)}, has {sorted(unknown)} besides"
        for name, each in given.items():
            said = fits[name](each, page)
            if said:
                return f".{name}{said}"
        return ""

    return unfit
