"""What a server counts of itself: requests, tasks, tools, tokens; shown on request, sent nowhere.

`text` is Prometheus' text format 0.0.4. Numbers are of this process; what is kept between processes
is the history: per day and operation, how often, how long, how often it failed.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from treewright_agent.trajectory import Event

BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # fmt: skip
"""Upper bounds in seconds."""
OUTCOMES: Final[tuple[str, ...]] = ("ok", "refused", "cancelled", "failed")
KEPT_DAYS: Final = 30
MAX_SERIES: Final = 500
"""More different names than this are counted together: clients may invent methods."""

Labels = tuple[tuple[str, str], ...]

_HELP: Final[dict[str, str]] = {
    "treewright_requests_total": "Requests by method and outcome.",
    "treewright_tasks_total": "Tasks by kind, rung and outcome.",
    "treewright_tool_calls_total": "Tool calls of tasks by tool and outcome.",
    "treewright_tool_success_total": "Tool calls that did what they were asked.",
    "treewright_model_requests_total": "Requests to language models.",
    "treewright_model_tokens_total": "Tokens of language models by direction.",
}


class Timing:
    """Durations of one operation. Not thread safe by itself."""

    __slots__ = ("buckets", "n", "outcomes", "seconds")

    def __init__(self) -> None:
        self.n = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.outcomes: dict[str, int] = dict.fromkeys(OUTCOMES, 0)

    def add(self, seconds: float, outcome: str) -> None:
        self.n += 1
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.outcomes[outcome] += 1

    def merge(self, row: Mapping[str, Any]) -> None:
        self.n += int(row["n"])
        self.seconds += float(row["seconds"])
        for index, count in enumerate(row["buckets"]):
            self.buckets[index] += int(count)
        for outcome, count in row["outcomes"].items():
            self.outcomes[outcome] += int(count)

    def quantile(self, share: float) -> float:
        """Seconds, from the buckets: the upper bound of the one that holds it."""
        rank, seen = share * self.n, 0
        for bound, count in zip((*BUCKETS, float("inf")), self.buckets, strict=True):
            seen += count
            if count and seen >= rank:
                return bound
        return 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "seconds": round(self.seconds, 6),
            "buckets": list(self.buckets),
            "outcomes": dict(self.outcomes),
        }


class Metrics:
    """Any thread may call any method."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._timings: dict[str, Timing] = {}
        self._counts: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._started = clock()
        self._kinds: dict[str, str] = {}

    def observe(self, operation: str, seconds: float, outcome: str) -> None:
        with self._lock:
            timing = self._timings.get(operation)
            if timing is None:
                if len(self._timings) >= MAX_SERIES:
                    operation = "other"
                timing = self._timings.setdefault(operation, Timing())
            timing.add(seconds, outcome)

    def count(self, name: str, by: float = 1.0, **labels: str) -> None:
        key = name, tuple(sorted(labels.items()))
        with self._lock:
            if key not in self._counts and len(self._counts) >= 4 * MAX_SERIES:
                key = name, ()
            self._counts[key] = self._counts.get(key, 0.0) + by

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """`read` is called when somebody asks; one that fails is left out."""
        with self._lock:
            self._gauges[name] = text, read

    def task_event(self, event: Event) -> None:
        """Counts what a task tells of itself."""
        data = event.data
        if event.name == "task":
            self._kinds[""] = str(data.get("kind", ""))
        elif event.name == "observation":
            output: Mapping[str, Any] = data.get("output") or {}
            good = output.get("status") == "success"
            tool = str(data.get("name", ""))
            self.count("treewright_tool_calls_total", tool=tool, outcome="ok" if good else "failed")
            if good:
                self.count("treewright_tool_success_total", tool=tool)
        elif event.name == "result":
            self.count(
                "treewright_tasks_total",
                source=str(data.get("source", "")),
                status=str(data.get("status", "")),
            )
            spent: Mapping[str, Any] = data.get("spent") or {}
            self.count("treewright_model_requests_total", float(spent.get("requests", 0)))
            for direction in ("prompt", "completion"):
                tokens = float(spent.get(f"{direction}_tokens", 0))
                self.count("treewright_model_tokens_total", tokens, direction=direction)

    # ------------------------------------------------------------------ shown

    def timings(self) -> dict[str, dict[str, Any]]:
        """operation -> count, outcomes, median and 95th percentile in seconds."""
        with self._lock:
            return {
                name: {
                    "n": timing.n,
                    **timing.outcomes,
                    "p50_s": timing.quantile(0.5),
                    "p95_s": timing.quantile(0.95),
                }
                for name, timing in sorted(self._timings.items())
            }

    def to_json(self) -> dict[str, Any]:
        gauges = {name: value for name, _, value in self._read_gauges()}
        with self._lock:
            counts = [
                {"name": name, **dict(labels), "value": value}
                for (name, labels), value in sorted(self._counts.items())
            ]
            uptime = self._clock() - self._started
        return {
            "uptime_s": round(uptime, 1), "operations": self.timings(), "counts": counts, "gauges": gauges,
        }  # fmt: skip

    def _read_gauges(self) -> list[tuple[str, str, float]]:
        with self._lock:
            gauges = list(self._gauges.items())
        found: list[tuple[str, str, float]] = []
        for name, (text, read) in gauges:
            with contextlib.suppress(Exception):  # it is closing, or not there yet
                found.append((name, text, float(read())))
        return found

    def text(self) -> str:
        """For a Prometheus server."""
        lines: list[str] = []
        for name, text, value in self._read_gauges():
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {_number(value)}"]
        with self._lock:
            counts: dict[tuple[str, Labels], float] = dict(self._counts)
            for method, timing in self._timings.items():
                for outcome, n in timing.outcomes.items():
                    labels = (("method", method), ("outcome", outcome))
                    counts["treewright_requests_total", labels] = n
            seen = ""
            for (name, labels), value in sorted(counts.items()):
                if name != seen:
                    seen = name
                    lines += [f"# HELP {name} {_HELP.get(name, name)}", f"# TYPE {name} counter"]
                lines.append(f"{name}{_labels(labels)} {_number(value)}")
            name = "treewright_request_seconds"
            if self._timings:
                lines += [f"# HELP {name} Time to the answer.", f"# TYPE {name} histogram"]
            for method, timing in sorted(self._timings.items()):
                total = 0
                for bound, n in zip((*map(str, BUCKETS), "+Inf"), timing.buckets, strict=True):
                    total += n
                    labels = (("method", method), ("le", bound))
                    lines.append(f"{name}_bucket{_labels(labels)} {total}")
                labels = (("method", method),)
                lines.append(f"{name}_sum{_labels(labels)} {_number(timing.seconds)}")
                lines.append(f"{name}_count{_labels(labels)} {timing.n}")
        return "\n".join(lines) + "\n"

    # ------------------------------------------------------------------ history

    def save(self, folder: Path, today: str) -> Path | None:
        """What this process did, as one file per day and process. Never raises OSError."""
        with self._lock:
            rows = {name: timing.to_json() for name, timing in self._timings.items()}
        if not rows:
            return None
        import json

        path = folder / f"{today}-{os.getpid()}-{id(self):x}.json"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = path.with_suffix(".part")
            temporary.write_text(json.dumps(rows), encoding="utf-8")
            os.replace(temporary, path)
            return path
        return None


def history(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """day -> operation -> count, failures, median and 95th percentile in seconds. A file that
    cannot be read is left out."""
    import json

    days: dict[str, dict[str, Timing]] = {}
    for path in sorted(folder.glob("????-??-??-*.json")) if folder.is_dir() else ():
        try:
            rows: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            for name, row in rows.items():
                days.setdefault(path.name[:10], {}).setdefault(name, Timing()).merge(row)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            continue
    return {
        day: {
            name: {
                "n": timing.n,
                "failed": timing.outcomes["failed"],
                "p50_s": timing.quantile(0.5),
                "p95_s": timing.quantile(0.95),
            }
            for name, timing in sorted(operations.items())
        }
        for day, operations in sorted(days.items())
    }


def merged(all_of_them: Iterable[Metrics]) -> Metrics:
    """One that counts what all of them did: the servers of one process. Gauges are added up."""
    total = Metrics()
    for each in all_of_them:
        for name, _, value in each._read_gauges():  # pyright: ignore[reportPrivateUsage]
            known = total._gauges.get(name)  # pyright: ignore[reportPrivateUsage]
            before = known[1]() if known else 0.0
            total.gauge(name, _HELP.get(name, name), lambda sum=before + value: sum)
        with each._lock:  # pyright: ignore[reportPrivateUsage]
            for name, timing in each._timings.items():  # pyright: ignore[reportPrivateUsage]
                mine = total._timings.setdefault(name, Timing())  # pyright: ignore[reportPrivateUsage]
                mine.merge(timing.to_json())
            for key, value in each._counts.items():  # pyright: ignore[reportPrivateUsage]
                counts = total._counts  # pyright: ignore[reportPrivateUsage]
                counts[key] = counts.get(key, 0.0) + value
    return total


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    shown = (
        f'{name}="' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        for name, value in labels
    )
    return "{" + ",".join(shown) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
