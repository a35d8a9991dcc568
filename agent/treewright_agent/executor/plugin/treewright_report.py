# pyright: basic
# Runs under any project's interpreter, on objects of pytest and unittest without types.
"""A pytest plugin, loaded by `-p`, that writes how each test ended.

Runs under the project's interpreter with nothing but the standard library. Where the report
goes is taken from the environment and forgotten before any test is imported, and the file is
made at the very end: a test has no name to write to beforehand.
"""

from __future__ import annotations

import json
import os

_PATH = os.environ.pop("TREEWRIGHT_REPORT", "")
_MAX_TEXT = 20_000


class _Report:
    def __init__(self) -> None:
        self.tests: dict[str, dict] = {}
        self.collectors: list[dict] = []

    def pytest_collectreport(self, report):
        if report.failed:
            self.collectors.append(
                {
                    "nodeid": report.nodeid,
                    "outcome": "failed",
                    "longrepr": str(report.longrepr)[-_MAX_TEXT:],
                }
            )

    def pytest_runtest_logreport(self, report):
        test = self.tests.setdefault(
            report.nodeid, {"nodeid": report.nodeid, "outcome": "passed", "duration": 0.0}
        )
        test["duration"] += report.duration
        test["lineno"] = (report.location[1] or 0) + 1
        test["file"] = report.location[0]
        if report.passed:
            if hasattr(report, "wasxfail"):
                test["outcome"] = "xpassed"
            return
        if report.skipped:
            test["outcome"] = "xfailed" if hasattr(report, "wasxfail") else "skipped"
            return
        test["outcome"] = "failed" if report.when == "call" else "error"
        stage: dict = {"longrepr": str(report.longrepr)[-_MAX_TEXT:]}
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None:
            stage["crash"] = {
                "path": crash.path,
                "lineno": crash.lineno,
                "message": crash.message[:4000],
            }
        entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
        places = [getattr(entry, "reprfileloc", None) for entry in entries]
        stage["traceback"] = [
            {"path": place.path, "lineno": place.lineno, "message": place.message}
            for place in places
            if place
        ]
        test[report.when] = stage

    def pytest_sessionfinish(self, session, exitstatus):
        self.exitstatus = int(exitstatus)

    def pytest_unconfigure(self, config):
        counts: dict[str, int] = {}
        for test in self.tests.values():
            counts[test["outcome"]] = counts.get(test["outcome"], 0) + 1
        report = {
            "exitcode": getattr(self, "exitstatus", -1),
            "summary": {
                **counts,
                "total": len(self.tests),
                "collection_errors": len(self.collectors),
            },
            "tests": list(self.tests.values()),
            "collectors": self.collectors,
        }
        with open(_PATH, "x", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(report, file)


def pytest_configure(config):
    if _PATH:
        config.pluginmanager.register(_Report(), "treewright-report")
