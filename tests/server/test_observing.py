"""What a server tells of itself: numbers, history, crash reports, log lines, jobs."""

from __future__ import annotations

import http.client
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from treewright_agent.trajectory import Event
from treewright_server import crashes, logs, metrics
from treewright_server.exporter import Exporter
from treewright_server.janitor import (
    DAY_S,
    HOUR_S,
    Janitor,
    Job,
    memory_mb,
    remove_old,
)

KEY = "ghp_" + "a1B2c3D4e5" * 4


def _parsed(text: str) -> dict[str, float]:
    """Prometheus' text format, read by its grammar."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert line.split(" ", 3)[1] in ("HELP", "TYPE")
            continue
        name, _, value = line.rpartition(" ")
        assert name
        assert name not in found, "a series appears once"
        found[name] = float(value)
    return found


def test_counts_are_what_happened() -> None:
    seen = metrics.Metrics()
    for seconds, outcome in ((0.0004, "ok"), (0.03, "ok"), (0.03, "cancelled"), (9.0, "failed")):
        seen.observe("textDocument/hover", seconds, outcome)
    seen.task_event(
        Event(0, 0.0, "", "observation", {"name": "edit_file", "output": {"status": "success"}})
    )
    seen.task_event(
        Event(1, 0.0, "", "observation", {"name": "edit_file", "output": {"status": "failure"}})
    )
    spent = {"requests": 3, "prompt_tokens": 120, "completion_tokens": 30}
    seen.task_event(
        Event(2, 0.0, "", "result", {"source": "model", "status": "done", "spent": spent})
    )
    seen.gauge("treewright_queue_length", "Waiting.", lambda: 7)
    seen.gauge("treewright_broken", "Raises.", lambda: 1 / 0)
    rows = _parsed(seen.text())
    assert rows['treewright_requests_total{method="textDocument/hover",outcome="ok"}'] == 2
    assert rows['treewright_requests_total{method="textDocument/hover",outcome="failed"}'] == 1
    assert rows['treewright_request_seconds_count{method="textDocument/hover"}'] == 4
    assert rows['treewright_request_seconds_bucket{method="textDocument/hover",le="0.05"}'] == 3
    assert rows['treewright_request_seconds_bucket{method="textDocument/hover",le="+Inf"}'] == 4
    assert rows['treewright_tool_success_total{tool="edit_file"}'] == 1
    assert rows['treewright_model_tokens_total{direction="prompt"}'] == 120
    assert rows["treewright_queue_length"] == 7
    assert "treewright_broken" not in rows
    assert seen.timings()["textDocument/hover"]["p50_s"] == 0.05
    assert seen.timings()["textDocument/hover"]["p95_s"] == 10.0


def test_invented_names_do_not_grow_it() -> None:
    seen = metrics.Metrics()
    for number in range(5_000):
        seen.observe(f"made/up{number}", 0.01, "refused")
    assert len(seen.timings()) <= metrics.MAX_SERIES + 1
    assert sum(row["n"] for row in seen.timings().values()) == 5_000


def test_history_is_of_all_processes_and_reads_past_rubbish(tmp_path: Path) -> None:
    for _ in range(2):
        seen = metrics.Metrics()
        seen.observe("hover", 0.01, "ok")
        seen.observe("hover", 3.0, "failed")
        seen.save(tmp_path, "2026-01-02")
    (tmp_path / "2026-01-02-x.json").write_text("{ half")
    (tmp_path / "2026-01-03-y.json").write_text('{"hover": {"n": "many"}}')
    found = metrics.history(tmp_path)
    assert found["2026-01-02"]["hover"] == {"n": 4, "failed": 2, "p50_s": 0.01, "p95_s": 5.0}
    assert metrics.history(tmp_path / "none") == {}


def test_numbers_are_served_to_this_machine_alone() -> None:
    first, second = metrics.Metrics(), metrics.Metrics()
    first.observe("hover", 0.1, "ok")
    second.observe("hover", 0.1, "ok")
    exporter = Exporter("127.0.0.1", 0)
    exporter.watch(first)
    exporter.watch(second)
    try:

        def get(path: str, host: str = "localhost") -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=5)
            connection.request("GET", path, headers={"Host": f"{host}:{exporter.port}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

        status, text = get("/metrics")
        assert status == 200
        assert _parsed(text)['treewright_requests_total{method="hover",outcome="ok"}'] == 2
        assert get("/other")[0] == 404
        assert get("/metrics", "evil.example")[0] == 403
    finally:
        exporter.close()


# -------------------------------------------------------------------- crash reports


def _crash() -> BaseException:
    try:
        try:
            Path(f"/home/someone/{KEY}/x.py").read_text()
        except OSError as error:
            raise RuntimeError(f"cannot read 'my code' of /home/someone/x.py: {KEY}") from error
    except RuntimeError as error:
        return error


def test_a_report_says_where_and_nothing_of_the_users(tmp_path: Path) -> None:
    handler = crashes.CrashReports(tmp_path / "crashes")
    logger = logging.Logger("test")
    logger.addHandler(handler)
    assert not handler.folder.exists()
    for _ in range(5):
        error = _crash()
        logger.error("%s failed: %r", "hover", error, exc_info=error)
    (path,) = handler.folder.iterdir()
    text = path.read_text()
    report = json.loads(text)
    assert [each["kind"] for each in report["errors"]] == ["RuntimeError", "FileNotFoundError"]
    assert "_crash" in text
    assert report["count"] == 4  # written at 1, 2, 4
    for private in (KEY, "someone", "my code", "x.py"):
        assert private not in text
    assert path.stat().st_mode & 0o077 == 0
    assert crashes.reports(handler.folder)[0]["signature"] == report["signature"]


# -------------------------------------------------------------------- log lines


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_name_the_task_and_hold_no_secret(tmp_path: Path, form: str) -> None:
    path = tmp_path / "treewright.log"
    handler = logs.RotatingFile(path)
    handler.setFormatter(logs.JsonLines() if form == "json" else logs.Lines(logs.LINE))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    token = logs.task_id.set("task-7")
    try:
        logger.warning("sent with %s\nand more", KEY)
        logger.error("password = 'hunter2hunter2'", exc_info=ValueError(KEY))
    finally:
        logs.task_id.reset(token)
    logger.info("plain")
    handler.close()
    text = path.read_text()
    assert KEY not in text
    assert "hunter2" not in text
    assert "task-7" in text
    if form == "json":
        rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
        assert [row.get("task") for row in rows] == ["task-7", "task-7", None]
        assert rows[0]["message"].endswith("\nand more")
        assert "ValueError" in rows[1]["error"]


# -------------------------------------------------------------------- jobs


def test_each_job_runs_as_often_as_it_should_for_eight_days() -> None:
    now = [0.0]

    def fails() -> None:
        raise OSError("the disk is full")

    jobs = [Job("hourly", HOUR_S, lambda: None), Job("daily", DAY_S, lambda: None),
            Job("half", HOUR_S / 2, lambda: None), Job("raises", HOUR_S, fails)]  # fmt: skip
    janitor = Janitor(jobs, lambda: now[0])
    while now[0] < 8 * DAY_S:
        now[0] += max(1.0, janitor.tick())
    assert janitor.ran["hourly"] in (191, 192)
    assert janitor.ran["daily"] in (7, 8)
    assert janitor.ran["half"] in (383, 384)
    assert janitor.ran["raises"] == janitor.ran["hourly"]


def test_a_machine_that_slept_runs_a_job_once() -> None:
    now = [0.0]
    janitor = Janitor([Job("hourly", HOUR_S, lambda: None)], lambda: now[0])
    now[0] = 100 * HOUR_S
    janitor.tick()
    janitor.tick()
    assert janitor.ran["hourly"] == 1


def test_old_files_go_by_age(tmp_path: Path) -> None:
    for name, age in (("a.json", 100.0), ("b.json", 10.0), ("c.txt", 100.0)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1000.0 - age, 1000.0 - age))
    assert remove_old(tmp_path, "*.json", 50.0, 1000.0) == 1
    assert remove_old(tmp_path / "none", "*.json", 50.0, 1000.0) == 0
    assert memory_mb() > 1 or not Path("/proc/self/statm").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap")
def test_memory_that_nobody_uses_goes_back() -> None:
    from treewright_server import heap

    pieces = [bytearray(3_000 + i % 5_000) for i in range(20_000)]
    kept = pieces[::50]  # between what is freed, as in hours of work
    full = memory_mb()
    del pieces
    if not heap.trim():
        pytest.skip("no glibc here")
    assert full - memory_mb() > 40.0, (full, memory_mb(), len(kept))
    assert heap.settle()
