"""Tests that run while the model thinks: when it says that it is done, the answer is there.

A run is only ever used for exactly the change and selection it was started for. One that became
stale is ended, so that it costs no more than what it used so far.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from treewright_agent.changes import SourceChange
from treewright_agent.tools.bench import CommandRun, TestRun, Workshop
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError

_KEPT = 6
_POLL_S = 0.05

_Key = tuple[SourceChange, tuple[str, ...]]


@dataclass
class _Job:
    keys: tuple[_Key, ...]
    token: CancelToken
    done: threading.Event = field(default_factory=threading.Event)


class Ahead:
    """A Workshop that can start tests before somebody asks for them. See `tools.bench.Workshop`.

    Used by one routine's thread, beside the one thread that it starts.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._lock = threading.Lock()
        self._known: dict[_Key, TestRun] = {}
        self._job: _Job | None = None

    def begin(
        self,
        change: SourceChange,
        selection: Sequence[str],
        timeout_s: float,
        if_red: Sequence[str] = (),
    ) -> None:
        """Start the run that will be asked for; `if_red` are tests that are then wanted without
        the change as well."""
        key: _Key = (change, tuple(selection))
        self._end()
        keys = (key, *(((SourceChange(), tuple(if_red)),) if if_red else ()))
        job = _Job(keys, CancelToken())
        self._job = job
        threading.Thread(
            target=self._work, args=(job, timeout_s), name="tests ahead", daemon=True
        ).start()

    def _work(self, job: _Job, timeout_s: float) -> None:
        try:
            for change, selection in job.keys:
                run = self._known.get((change, selection))
                if run is None:
                    run = self._workshop.test(change, selection, timeout_s, job.token)
                    self._keep((change, selection), run)
                if run.passed:
                    break
        except TreewrightError:
            pass  # whoever asks runs it again and is told why
        finally:
            job.done.set()

    def _keep(self, key: _Key, run: TestRun) -> None:
        with self._lock:
            self._known[key] = run
            while len(self._known) > _KEPT:
                self._known.pop(next(iter(self._known)))

    def _end(self) -> None:
        """End a run that nobody wants any more, and wait until it is gone."""
        job, self._job = self._job, None
        if job is not None:
            job.token.cancel()
            job.done.wait(5.0)

    # ---------------------------------------------------------------- Workshop

    def test(
        self, change: SourceChange, selection: Sequence[str], timeout_s: float, token: CancelToken
    ) -> TestRun:
        key: _Key = (change, tuple(selection))
        job = self._job
        if job is not None and key in job.keys:
            while key not in self._known and not job.done.wait(_POLL_S):
                if token.cancelled:
                    self._end()
                    token.check()
        known = self._known.get(key)
        if known is not None:
            return known
        self._end()
        run = self._workshop.test(change, selection, timeout_s, token)
        self._keep(key, run)
        return run

    def command(
        self, change: SourceChange, argv: Sequence[str], workdir: str, timeout_s: float,
        max_output: int, token: CancelToken,
    ) -> CommandRun:  # fmt: skip
        self._end()
        return self._workshop.command(change, argv, workdir, timeout_s, max_output, token)

    def build(self, change: SourceChange, timeout_s: float, token: CancelToken) -> TestRun:
        self._end()
        return self._workshop.build(change, timeout_s, token)

    def close(self) -> None:
        self._end()
        self._workshop.close()
