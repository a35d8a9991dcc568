# pyright: basic
# Works on values of the tested program, whose types nobody knows.
"""What one candidate may leave behind for the next: kept small, put back between them.

Covers the containers that modules and classes of the project hold, mutable defaults and
`functools` caches. What it misses is noticed by running the original program again at the
end of each batch (see `batch`).
"""

from __future__ import annotations

import copy
import os
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

_CONTAINERS = (list, dict, set, bytearray)
_MAX_ITEMS = 2000


class State:
    def __init__(self, root: str, functions: Iterable[types.FunctionType]) -> None:
        self._saved: list[tuple[Any, Any]] = []
        self._clear: list[Callable[[], object]] = []
        seen: set[int] = set()
        prefix = os.path.realpath(root) + os.sep
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if not isinstance(file, str) or not os.path.realpath(file).startswith(prefix):
                continue
            for value in list(vars(module).values()):
                self._look_at(value, seen)
                if isinstance(value, type) and value.__module__ == module.__name__:
                    for member in list(vars(value).values()):
                        self._look_at(member, seen)
        for function in functions:
            for value in function.__defaults__ or ():
                self._look_at(value, seen)
            for value in (function.__kwdefaults__ or {}).values():
                self._look_at(value, seen)

    def _look_at(self, value: Any, seen: set[int]) -> None:
        if id(value) in seen:
            return
        seen.add(id(value))
        clear = getattr(value, "cache_clear", None) if callable(value) else None
        if callable(clear):
            self._clear.append(clear)
        elif isinstance(value, _CONTAINERS):
            container: Any = value
            try:
                if len(container) <= _MAX_ITEMS:
                    self._saved.append((container, copy.deepcopy(container)))
            except Exception:
                return

    def restore(self) -> None:
        for clear in self._clear:
            clear()
        for live, kept in self._saved:
            try:
                if live == kept:
                    continue
                fresh = copy.deepcopy(kept)
                if isinstance(live, (dict, set)):
                    live.clear()  # pyright: ignore[reportUnknownMemberType]
                    live.update(fresh)  # pyright: ignore[reportUnknownMemberType]
                else:
                    live[:] = fresh
            except Exception:
                continue
