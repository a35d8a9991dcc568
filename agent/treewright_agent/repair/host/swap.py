# pyright: basic
# Works on values of the tested program, whose types nobody knows.
"""Edited functions in place of live ones, and back again.

Only the function around an edit is compiled: its text, under stand-ins for the blocks it
stands in so that name mangling, `super()` and line numbers stay as they were. What is not
inside a function is not swapped; then the whole program is imported anew (see `overriding`).
"""

from __future__ import annotations
import __future__

import gc
import importlib.machinery
import os
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from treewright_agent.repair.host import collect

Edit = Sequence[Any]
"""[start, end, new text]: bytes of the file's text as treewright has it (UTF-8, no mark)."""


class Unswappable(Exception):
    """No live function stands for the edited text; a fresh import is needed."""


class Unit(NamedTuple):
    """A function that stands in no other function. `start` and `end` are bytes of whole
    lines, from the line of `def` on; `headers` are the blocks around it, outermost first."""

    file: str
    name: str
    line: int
    """Of the first decorator or of `def`, from 1: what a code object calls its first line."""
    def_line: int
    start: int
    end: int
    headers: tuple[str, ...]

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Unit:
        return cls(
            message["file"], message["name"], message["line"], message["def_line"],
            message["start"], message["end"], tuple(message["headers"]),
        )  # fmt: skip


def read_utf8(path: str) -> bytes:
    """A source file's text as UTF-8 bytes without a mark: what edits are positions in."""
    import tokenize

    raw = Path(path).read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(iter(raw.splitlines(keepends=True)).__next__)
        return raw.decode(encoding).encode("utf-8")
    except (SyntaxError, UnicodeError):
        return raw


def edited(data: bytes, edits: Sequence[Edit], base: int = 0) -> bytes:
    """`data` with the edits made; they do not overlap and are positions from `base`."""
    for start, end, text in sorted(edits, key=lambda e: (e[0], e[1]), reverse=True):
        data = data[: start - base] + text.encode("utf-8") + data[end - base :]
    return data


def _future_flags() -> int:
    flags = 0
    for name in __future__.all_feature_names:
        flags |= getattr(__future__, name).compiler_flag
    return flags


_FUTURE = _future_flags()


class Swapper:
    """The live functions of the project, by file, first line and name."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._sources: dict[str, bytes] = {}
        self._functions: dict[tuple[str, int, str], list[types.FunctionType]] = {}
        self._saved: list[tuple[types.FunctionType, types.CodeType, Any, Any]] = []
        self._script_edits: dict[str, list[Edit]] = {}
        real: dict[str, str] = {}
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType:
                code = thing.__code__
                name = code.co_filename
                path = real.get(name)
                if path is None:
                    path = real[name] = os.path.realpath(name)
                if path.startswith(self._root + os.sep):
                    key = (path, code.co_firstlineno, code.co_name)
                    self._functions.setdefault(key, []).append(thing)

    def functions(self) -> list[types.FunctionType]:
        return [function for group in self._functions.values() for function in group]

    def find(self, unit: Unit) -> list[types.FunctionType]:
        path = os.path.join(self._root, unit.file)
        return self._functions.get((path, unit.line, unit.name), [])

    def source(self, file: str) -> bytes:
        data = self._sources.get(file)
        if data is None:
            data = self._sources[file] = read_utf8(os.path.join(self._root, file))
        return data

    def put(self, unit: Unit, edits: Sequence[Edit]) -> None:
        """Raises SyntaxError for text that is no Python, and Unswappable."""
        live = self.find(unit)
        data = self.source(unit.file)
        if not live:
            self._put_script(unit, data, edits)
            return
        text = edited(data[unit.start : unit.end], edits, unit.start)
        made = _compiled(unit, text, live[0])
        signature = any(edit[0] < self._body_start(unit, data) for edit in edits)
        defaults: tuple[Any, Any] | None = None
        if signature:
            defaults = _defaults(unit, text, live[0])
        for function in live:
            saved = (function, function.__code__, function.__defaults__, function.__kwdefaults__)
            try:
                function.__code__ = made
            except ValueError as error:  # another number of free variables
                raise Unswappable(str(error)) from error
            self._saved.append(saved)
            if defaults is not None:
                function.__defaults__, function.__kwdefaults__ = defaults

    def _put_script(self, unit: Unit, data: bytes, edits: Sequence[Edit]) -> None:
        """A script makes its functions when it is run: the whole of its text is exchanged."""
        path = os.path.join(self._root, unit.file)
        if path not in collect.SCRIPTS:
            raise Unswappable(unit.name)
        known = self._script_edits.setdefault(path, [])
        known.extend(edits)
        text = edited(data, known)
        compile(text, path, "exec", dont_inherit=True)
        collect.OTHER_SCRIPTS[path] = text

    def _body_start(self, unit: Unit, data: bytes) -> int:
        """A position at or after the end of the signature: the first line that ends in a
        colon and closes every bracket; the whole unit when that cannot be told."""
        depth, position = 0, unit.start
        while position < unit.end:
            byte = data[position]
            if byte in b"([{":
                depth += 1
            elif byte in b")]}":
                depth -= 1
            elif byte == 0x3A and depth == 0:  # the colon
                return position + 1
            elif byte in b"#'\"" and depth:
                return unit.end  # a string or comment in the signature: take no chances
            position += 1
        return unit.end

    def restore(self) -> None:
        for path in self._script_edits:
            collect.OTHER_SCRIPTS.pop(path, None)
        self._script_edits.clear()
        while self._saved:
            function, code, defaults, kwdefaults = self._saved.pop()
            function.__code__ = code
            function.__defaults__ = defaults
            function.__kwdefaults__ = kwdefaults


def _wrapped(unit: Unit, text: bytes) -> bytes:
    headers = b"".join(
        b" " * depth + header.encode() + b"\n" for depth, header in enumerate(unit.headers)
    )
    if not unit.headers and text[:1] in b" \t":
        headers = b"if 1:\n"
    n_lines = headers.count(b"\n")
    return b"\n" * max(0, unit.def_line - 1 - n_lines) + headers + text


def _flags(like: types.FunctionType) -> int:
    return like.__code__.co_flags & _FUTURE


def _compiled(unit: Unit, text: bytes, like: types.FunctionType) -> types.CodeType:
    old = like.__code__
    module = compile(_wrapped(unit, text), old.co_filename, "exec", _flags(like), dont_inherit=True)
    code: types.CodeType = module
    for header in unit.headers:
        if header.startswith("class "):
            code = _child(code, header[len("class ") : -1])
    return _child(code, unit.name).replace(co_firstlineno=old.co_firstlineno)


def _child(code: types.CodeType, name: str) -> types.CodeType:
    for const in code.co_consts:
        if isinstance(const, types.CodeType) and const.co_name == name:
            return const
    raise Unswappable(name)


def _defaults(unit: Unit, text: bytes, like: types.FunctionType) -> tuple[Any, Any]:
    """The defaults that the edited `def` makes, in the names of its module."""
    scope: dict[str, Any] = dict(like.__globals__)
    code = compile(
        _wrapped(unit, text), like.__code__.co_filename, "exec", _flags(like), dont_inherit=True
    )
    try:
        exec(code, scope)
        made: Any = scope
        for name in [h[len("class ") : -1] for h in unit.headers if h.startswith("class ")]:
            made = _member(made, name)
        function: Any = _member(made, unit.name)
        return function.__defaults__, function.__kwdefaults__
    except Exception as error:
        raise Unswappable(str(error)) from error


def _member(holder: Any, name: str) -> Any:
    members: Mapping[str, Any] = holder if isinstance(holder, dict) else vars(holder)
    return members[name]


# -------------------------------------------------------------------- a fresh import


def overriding(root: str, texts: Mapping[str, bytes]) -> None:
    """From now on this process imports the files of `texts` with other content.

    For a forked child that has not imported them: the file on disk stays what it is.
    """
    wanted = {os.path.join(os.path.realpath(root), name): data for name, data in texts.items()}
    collect.OTHER_SCRIPTS.update(wanted)
    loader: Any = importlib.machinery.SourceFileLoader
    get_data: Callable[..., bytes] = loader.get_data
    path_stats: Callable[..., Any] = loader.path_stats
    sys.dont_write_bytecode = True

    def data_of(self: Any, path: str) -> bytes:
        data = wanted.get(os.path.realpath(path))
        if data is None:
            return get_data(self, path)
        return _as_declared(data)

    def stats_of(self: Any, path: str) -> Any:
        if os.path.realpath(path) in wanted:
            raise OSError("its bytecode is of another text")
        return path_stats(self, path)

    loader.get_data = data_of
    loader.path_stats = stats_of


def _as_declared(data: bytes) -> bytes:
    """UTF-8 text in the encoding that its own coding line names."""
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)
        return data.decode("utf-8").encode(encoding)
    except (SyntaxError, UnicodeError):
        return data
