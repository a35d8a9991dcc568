# pyright: basic
# Works on values of the tested program, whose types nobody knows.
"""What each test runs: lines of the project, and the types that its names hold."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

_NOT_YET = object()
_MAX_TYPES = 6
_MAX_ATTRIBUTES = 40


def type_name(value: Any, depth: int = 0) -> str:
    """`int`, `list[str]`, `dict[str, int]`, `Node`: enough to tell names apart."""
    kind = type(value)
    name = kind.__name__
    try:
        if depth < 2 and kind in (list, set, tuple, frozenset) and value:
            return f"{name}[{type_name(next(iter(value)), depth + 1)}]"
        if depth < 2 and kind is dict and value:
            key, item = next(iter(value.items()))
            return f"{name}[{type_name(key, depth + 1)}, {type_name(item, depth + 1)}]"
    except Exception:
        return name
    return name


class Spectrum:
    """Install with `with`; then read `lines` and `types`."""

    def __init__(self, root: str) -> None:
        self._prefix = os.path.realpath(root) + os.sep
        self._files: dict[str, str | None] = {}
        self.lines: dict[str, set[int]] = {}
        # "file:first line:name" -> variable (or "return", or "self.x") -> type names
        self.types: dict[str, dict[str, list[str]]] = {}
        self._seen_codes: dict[types.CodeType, int] = {}

    def __enter__(self) -> Spectrum:
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _relative(self, filename: str) -> str | None:
        try:
            return self._files[filename]
        except KeyError:
            path = os.path.realpath(filename)
            inside = path.startswith(self._prefix)
            name = path[len(self._prefix) :].replace(os.sep, "/") if inside else None
            if name is not None and ("site-packages/" in name or name.startswith((".", "<"))):
                name = None
            self._files[filename] = name
            return name

    def _call(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        file = self._relative(code.co_filename)
        if file is None:
            return None
        lines = self.lines.setdefault(file, set())
        lines.add(code.co_firstlineno)
        add = lines.add
        seen = self._seen_codes
        key = f"{file}:{code.co_firstlineno}:{code.co_name}"
        if code not in seen:  # it may never return
            seen[code] = 0
            self._note(key, frame.f_locals, _NOT_YET)

        raised = False

        def local(frame: types.FrameType, event: str, arg: Any) -> Any:
            nonlocal raised
            if event == "line":
                raised = False
                add(frame.f_lineno)
            elif event == "exception":
                raised = True
            elif event == "return" and seen.get(code, 0) < 30:
                seen[code] = seen.get(code, 0) + 1
                # an exception that leaves a function looks like a None that is returned
                returned = _NOT_YET if raised and arg is None else arg
                self._note(key, frame.f_locals, returned)
            return local

        return local

    def ended_at(self, traceback: types.TracebackType | None) -> None:
        """What the frames held where the test was ended: the end of its time may fall into the
        tracing itself, which then sees no more of them."""
        while traceback is not None:
            frame = traceback.tb_frame
            code = frame.f_code
            file = self._relative(code.co_filename)
            if file is not None:
                if traceback.tb_lineno is not None:
                    self.lines.setdefault(file, set()).add(traceback.tb_lineno)
                key = f"{file}:{code.co_firstlineno}:{code.co_name}"
                self._note(key, frame.f_locals, _NOT_YET)
            traceback = traceback.tb_next

    def _note(self, key: str, names: dict[str, Any], returned: Any) -> None:
        known = self.types.setdefault(key, {})
        for name, value in list(names.items()):
            _add(known, name, type_name(value))
        if returned is not _NOT_YET:
            _add(known, "return", type_name(returned))
        owner = names.get("self")
        if owner is not None:
            try:
                held = vars(owner)
            except TypeError:
                return
            for name, value in list(held.items())[:_MAX_ATTRIBUTES]:
                _add(known, f"self.{name}", type_name(value))


def _add(known: dict[str, list[str]], name: str, kind: str) -> None:
    kinds = known.setdefault(name, [])
    if kind not in kinds and len(kinds) < _MAX_TYPES:
        kinds.append(kind)
