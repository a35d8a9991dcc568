"""The jobs of one session beside its requests: tidying up, health, history.

Started once the folders are open; ends with the session. What it needs is loaded by the first job.
"""

from __future__ import annotations

import gc
import logging
import shutil
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from treewright_server.homes import home_folder
from treewright_server.janitor import (
    DAY_S,
    HOUR_S,
    KEPT_HISTORY_S,
    KEPT_REPORTS_S,
    KEPT_TRAJECTORIES_S,
    Janitor,
    Job,
    memory_mb,
    remove_old,
)
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_agent.health import Health
    from treewright_server.session import Session

logger = logging.getLogger("treewright")

TRIM_EVERY_S = 300.0
MEMORY_LIMIT_MB = 2048.0
SHED_AT = 0.9


def now() -> float:
    return time.time()


class Upkeep:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._health: Health | None = None
        self._health_failed = False
        self._lock = threading.Lock()
        self.memory_limit_mb = MEMORY_LIMIT_MB
        self.janitor = Janitor(
            [
                Job("history", HOUR_S, self.save),
                Job("health", HOUR_S, self.check_health),
                Job("shadows", HOUR_S, _remove_shadows),
                Job("conversations", HOUR_S, session.chats.prune),
                Job("memory", HOUR_S / 2, self.watch_memory),
                Job("heap", TRIM_EVERY_S, _trim_heap),
                Job("trajectories", DAY_S, _remove_trajectories),
                Job("reports", DAY_S, _remove_reports),
            ]
        )

    def start(self) -> None:
        self._wait(60.0)

    def _wait(self, seconds: float) -> None:
        def due() -> None:
            self._session.lanes.post(self._tick, Lane.BACKGROUND)

        self._session.clock.later(max(1.0, seconds), due)

    def _tick(self) -> None:
        self._wait(self.janitor.tick())

    @property
    def health(self) -> Health | None:
        """Opened by its first use; None when it cannot be kept."""
        with self._lock:
            if self._health is None and not self._health_failed:
                from treewright_agent.health import Health
                from treewright_indexer.errors import StoreError

                try:
                    self._health = Health(home_folder("data") / "agent" / "health.db")
                except StoreError as error:
                    self._health_failed = True
                    logger.warning("%s", error)
            return self._health

    def close(self) -> None:
        self.save()
        with self._lock:
            if self._health is not None:
                self._health.close()
                self._health, self._health_failed = None, True

    # ------------------------------------------------------------------ jobs

    def save(self) -> None:
        """The numbers of this session, for the history."""
        today = time.strftime("%Y-%m-%d", time.gmtime())
        self._session.ls.metrics.save(home_folder("data") / "history", today)

    def check_health(self) -> None:
        """Run the samples of what tasks depend on; what fails is not offered, and said once."""
        health = self.health
        if health is None or not self._session.settings.agent.trusted:
            return
        from treewright_agent.health import check_samples

        for name in health.stands_on(fingerprints()):
            logger.info("%s stands on other versions than before: its sample is run", name)
        check_samples(health, SAMPLES)
        health.prune()
        for message in health.news():
            self._session.ls.show(message)

    def watch_memory(self) -> None:
        """Near the limit, let go of what can be had again: never of a text that is open."""
        used = memory_mb()
        if used < self.memory_limit_mb * SHED_AT:
            return
        logger.warning("memory: %.0f MB of %.0f MB; caches are emptied", used, self.memory_limit_mb)
        shed()


def _trim_heap() -> None:
    from treewright_server import heap

    heap.trim()


def shed() -> None:
    """Empty the caches of this process that only save time."""
    module = sys.modules.get("treewright_agent.verify.ruff")
    if module is not None:
        with module._cache_lock:
            module._cache.clear()
    gc.collect()
    _trim_heap()


def _sample_ruff() -> str:
    from treewright_agent.verify.ruff import find_ruff, lint_text
    from treewright_indexer.text import SourceText

    if find_ruff() is None:
        return "ruff was not found"
    found = lint_text("/sample.py", SourceText.of("import os\n"), "/")
    return "" if found.diagnostics else found.skipped or "it finds nothing"


def _sample_git() -> str:
    return "" if shutil.which("git") else "git was not found"


def _sample_sandbox() -> str:
    import tempfile

    from treewright_agent.sandbox import Limits, Policy, run
    from treewright_indexer.cancel import CancelToken

    with tempfile.TemporaryDirectory(prefix="treewright-sample-") as folder:
        policy = Policy(
            writable=(folder,), readable=(sys.prefix, sys.base_prefix), limits=Limits(wall_s=10)
        )
        done = run([sys.executable, "-I", "-S", "-c", "print(6*7)"], folder, policy, CancelToken())
        return "" if done.stdout.strip() == "42" else done.stderr[-200:] or "it answers nothing"


def _sample_parse() -> str:
    from treewright_indexer.facts import extract
    from treewright_indexer.languages import LANGUAGES
    from treewright_indexer.text import SourceText

    found = extract(LANGUAGES["python"], SourceText.of("def sample(a):\n    return a\n"))
    return "" if [symbol.name for symbol in found.symbols] == ["sample"] else "it finds nothing"


def _sample_rules() -> str:
    """The linter names what it finds as the rules know it."""
    from treewright_agent.recipes import RECIPES
    from treewright_agent.verify.ruff import find_ruff, lint_text
    from treewright_indexer.text import SourceText

    if not RECIPES:
        return "there are no rules"
    if find_ruff() is None:
        return ""
    found = lint_text("/sample.py", SourceText.of("import os\n"), "/")
    codes = {each.code for each in found.diagnostics}
    return "" if "F401" in codes else f"the linter's codes are others: {sorted(codes)}"


def fingerprints() -> dict[str, str]:
    """Tool or rule -> the versions of what it stands on, on this machine."""
    from importlib.metadata import PackageNotFoundError, version

    from treewright_agent.verify.ruff import ruff_version

    def of(*names: str) -> str:
        found: list[str] = []
        for name in names:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                continue
        return ", ".join(found)

    parsers = of("tree-sitter", "tree-sitter-python")
    ruff = f"ruff {ruff_version()}"
    return {
        "lint": ruff,
        "parse": parsers,
        "rules": ", ".join((ruff, parsers, of("libcst"))),
        "test": f"Python {sys.version.split()[0]}",
    }


SAMPLES: tuple[tuple[str, Callable[[], str]], ...] = (
    ("lint", _sample_ruff),
    ("git", _sample_git),
    ("run_command", _sample_sandbox),
    ("test", _sample_sandbox),
    ("parse", _sample_parse),
    ("rules", _sample_rules),
)
"""Tool -> its sample: '' when it works, else why not. Ten seconds at the most."""


def _remove_shadows() -> None:
    from treewright_agent.executor.shadow import remove_abandoned

    remove_abandoned()


def _remove_trajectories() -> None:
    folder = home_folder("data") / "agent" / "trajectories"
    remove_old(folder, "*/*.jsonl", KEPT_TRAJECTORIES_S, now())


def _remove_reports() -> None:
    remove_old(home_folder("log") / "crashes", "*.json", KEPT_REPORTS_S, now())
    remove_old(home_folder("data") / "history", "*.json", KEPT_HISTORY_S, now())
