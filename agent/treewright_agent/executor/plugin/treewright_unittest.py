# pyright: basic
# Runs under any project's interpreter, on objects of pytest and unittest without types.
"""Runs unittest and writes the report that `treewright_report` writes for pytest.

python treewright_unittest.py [FILE | dotted.name | file.py::Class::test] …
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import unittest

_PATH = os.environ.pop("TREEWRIGHT_REPORT", "")
_MAX_TEXT = 20_000


class _Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.rows: dict[str, dict] = {}
        self._began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._began = time.perf_counter()
        self.rows[test.id()] = {
            "nodeid": test.id(),
            "outcome": "passed",
            "file": _file_of(test),
            "lineno": 0,
        }

    def stopTest(self, test):
        self.rows[test.id()]["duration"] = time.perf_counter() - self._began
        super().stopTest(test)

    def _fail(self, test, err, outcome):
        row = self.rows.setdefault(
            test.id(),
            {"nodeid": test.id(), "outcome": outcome, "file": _file_of(test), "lineno": 0},
        )
        row["outcome"] = outcome
        row["call"] = _stage(err)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err, "error")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err, "failed")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._fail(test, err, "failed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.rows.setdefault(test.id(), {"nodeid": test.id()})["outcome"] = "skipped"

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.rows[test.id()]["outcome"] = "xfailed"

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.rows[test.id()]["outcome"] = "failed"


def _file_of(test):
    module = sys.modules.get(type(test).__module__)
    path = getattr(module, "__file__", None) or ""
    return os.path.relpath(path) if path else ""


def _stage(err):
    kind, value, trace = err
    places = [
        {"path": frame.filename, "lineno": frame.lineno, "message": kind.__name__}
        for frame in traceback.extract_tb(trace)
        if f"{os.sep}unittest{os.sep}" not in frame.filename
    ]
    last = places[-1] if places else {"path": "", "lineno": 0}
    return {
        "longrepr": "".join(traceback.format_exception(kind, value, trace))[-_MAX_TEXT:],
        "traceback": places,
        "crash": {
            "path": last["path"],
            "lineno": last["lineno"],
            "message": f"{kind.__name__}: {value}"[:4000],
        },
    }


def _suite(names):
    loader = unittest.TestLoader()
    if not names:
        return loader.discover(".", pattern="test*.py", top_level_dir=".")
    suites = []
    for name in names:
        file, _, inner = name.partition("::")
        if file.endswith(".py"):
            dotted = os.path.normpath(file)[:-3].replace(os.sep, ".")
            name = ".".join([dotted, *inner.split("::")]) if inner else dotted
        suites.append(loader.loadTestsFromName(name))
    return unittest.TestSuite(suites)


def main() -> int:
    sys.path.insert(0, os.getcwd())
    runner = unittest.TextTestRunner(stream=sys.stderr, resultclass=_Result)
    result = runner.run(_suite(sys.argv[1:]))
    assert isinstance(result, _Result)
    rows = list(result.rows.values())
    collectors = []
    for row in list(rows):
        if "_FailedTest" in row["nodeid"]:  # a module that cannot be imported
            rows.remove(row)
            text = row.get("call", {}).get("longrepr", "")
            collectors.append(
                {"nodeid": row["nodeid"].rsplit(".", 1)[-1], "outcome": "failed", "longrepr": text}
            )
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    code = 0 if result.wasSuccessful() else 1
    if not rows and not collectors:
        code = 5
    elif collectors:
        code = 2
    report = {
        "exitcode": code,
        "tests": rows,
        "collectors": collectors,
        "summary": {**counts, "total": len(rows), "collection_errors": len(collectors)},
    }
    if _PATH:
        with open(_PATH, "x", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(report, file)
    return code


if __name__ == "__main__":
    sys.path.pop(0)
    sys.exit(main())
