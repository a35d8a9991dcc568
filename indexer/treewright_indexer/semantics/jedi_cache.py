"""jedi's cache of parsed stubs: kept apart from the user's own, and mended when it breaks.

parso writes its pickles in place. A process that is ended meanwhile leaves half of one, and every
later question about that module would fail, here and in every other tool that shares the cache.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_BROKEN = (EOFError, pickle.UnpicklingError)


def use_own_cache(jedi: Any) -> None:
    """Called once in a process that runs jedi, before the first question."""
    jedi.settings.cache_directory = str(_folder())


def mending(work: Callable[[], T]) -> T:
    """The result of `work`; when the cache turns out broken it is deleted and `work` runs anew."""
    try:
        return work()
    except _BROKEN:
        shutil.rmtree(_folder(), ignore_errors=True)
        return work()


def _folder() -> Path:
    home = os.environ.get("TREEWRIGHT_HOME")
    if home:
        return Path(home).expanduser() / "cache" / "jedi"
    from platformdirs import user_cache_path

    return user_cache_path("treewright", appauthor=False) / "jedi"
