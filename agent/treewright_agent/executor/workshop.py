"""ShadowWorkshop: tests, builds and commands in the sandbox, on a copy with a change in it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from treewright_agent import reflect
from treewright_agent.changes import SourceChange
from treewright_agent.draft import after
from treewright_agent.executor import interpreter, shadow, suites
from treewright_agent.executor import plugins as needed
from treewright_agent.sandbox import Level, Limits, Policy, Result, active, run
from treewright_agent.tools.bench import CommandRun, Failure, TestRun
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot

_PLUGINS = Path(__file__).parent / "plugin"
_KINDS = {0: "passed", 1: "failed", 2: "collection", 3: "crash", 4: "environment", 5: "no_tests"}


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """`python`: the interpreter to use, '' to find the project's own."""

    python: str = ""
    limits: Limits = field(default_factory=Limits)
    minimum: Level = Level.LANDLOCK
    loopback: bool = True
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


class ShadowWorkshop:
    """Works on one snapshot of one folder; keeps its shadow until `close`.

    Runs are one at a time: they share the shadow. See `tools.bench.Workshop`.
    """

    def __init__(
        self, snapshot: Snapshot, root: str, settings: ExecutorSettings | None = None
    ) -> None:
        self.snapshot = snapshot
        self.root = os.path.realpath(root)
        self.settings = settings or ExecutorSettings()
        self._lock = threading.Lock()
        self._shadow: shadow.Shadow | None = None
        self._interpreter: interpreter.Interpreter | None = None
        self._suite: suites.Suite | None = None

    def close(self) -> None:
        with self._lock:
            if self._shadow is not None:
                self._shadow.close()
                self._shadow = None

    def __enter__(self) -> ShadowWorkshop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- what there is

    def python(self) -> interpreter.Interpreter:
        """The project's interpreter. Raises RefusedError when there is none that works."""
        if self._interpreter is None:
            self._interpreter = interpreter.find(self.root, self.settings.python)
        if self._interpreter is None:
            configured = f" ({self.settings.python})" if self.settings.python else ""
            raise RefusedError(
                f"no Python that works was found for {self.root}{configured};"
                " set treewright.python to one"
            )
        return self._interpreter

    def suite(self, named: Sequence[str] = ()) -> suites.Suite | None:
        """`named`: files that a request calls tests; from then on they are the suite."""
        if self._suite is None or named:
            try:
                has_pytest = self.python().has_pytest
            except RefusedError:
                has_pytest = False
            self._suite = suites.find(self.snapshot, self.root, has_pytest, named)
        return self._suite

    def _suite_of(self, change: SourceChange) -> suites.Suite | None:
        """The suite that `change` itself brings along: the first tests of a folder."""
        try:
            has_pytest = self.python().has_pytest
        except RefusedError:
            has_pytest = False
        return suites.find(after(self.snapshot, change), self.root, has_pytest)

    def refreshed(self, change: SourceChange, token: CancelToken) -> shadow.Shadow:
        """The shadow as the snapshot with `change` is."""
        if self._shadow is None:
            self._shadow = shadow.make(self.root, active().level)
        self._shadow.refresh(self.snapshot, change, token)
        return self._shadow

    def policy(self, copy: shadow.Shadow, limits: Limits, *extra: str) -> Policy:
        """What commands on the shadow may do; `extra` folders are writable too."""
        try:
            roots = self.python().roots
        except RefusedError:
            roots = ()
        outside = tuple(r for r in roots if r != self.root and not r.startswith(self.root + os.sep))
        return Policy(
            writable=(copy.path, *extra),
            readable=(*outside, *copy.readable(), str(_PLUGINS)),
            seen_as=copy.seen_as(),
            mounted=copy.mounted(),
            loopback=self.settings.loopback,
            environment=self.settings.environment,
            limits=limits,
            minimum=self.settings.minimum,
        )

    def limits(self, wall_s: float, output_bytes: int = 1 << 20) -> Limits:
        base = self.settings.limits
        wall = min(wall_s, base.wall_s) if wall_s > 0 else base.wall_s
        return replace(
            base, wall_s=max(1.0, wall), cpu_s=min(base.cpu_s, 2 * wall), output_bytes=output_bytes
        )

    # ---------------------------------------------------------------- running

    def command(
        self, change: SourceChange, argv: Sequence[str], workdir: str, timeout_s: float,
        max_output: int, token: CancelToken,
    ) -> CommandRun:  # fmt: skip
        """Run a program in `workdir`, relative to the folder. Raises RefusedError."""
        with self._lock:
            copy = self.refreshed(change, token)
            policy = self.policy(copy, self.limits(timeout_s, max_output))
            result = run(self._resolved(argv), os.path.join(copy.path, workdir), policy, token)
        return CommandRun(
            result.returncode, self._plain(result.stdout), self._plain(result.stderr),
            result.seconds, result.limit, result.truncated, result.level.name.lower(),
        )  # fmt: skip

    def _resolved(self, argv: Sequence[str]) -> list[str]:
        """`python` and `pytest` mean the project's."""
        first, *rest = argv
        if first in ("python", "python3", "py"):
            return [self.python().path, *rest]
        if first in ("pytest", "py.test"):
            return [self.python().path, "-m", "pytest", *rest]
        beside = os.path.join(os.path.dirname(self.python().path), first)
        return [beside, *rest] if os.sep not in first and os.access(beside, os.X_OK) else list(argv)

    def _plain(self, text: str) -> str:
        """Without the path of the copy, which means nothing to a reader."""
        return text.replace(self._shadow.path, self.root) if self._shadow is not None else text

    def test(
        self, change: SourceChange, selection: Sequence[str], timeout_s: float, token: CancelToken,
        *, plugins: bool | None = None,
    ) -> TestRun:  # fmt: skip
        """Run tests: `selection` (files or node ids), or all. Never raises for a failing test;
        RefusedError when nothing may be run here. `plugins`: let pytest load what is installed;
        None: when the tests speak of them."""
        with self._lock:
            suite = self.suite() or self._suite_of(change)
            if suite is None:
                return TestRun(False, 5, "", "no tests were found", kind="no_tests")
            if suite.runner == "pytest" and not self.python().has_pytest:
                return self._missing_runner()
            copy = self.refreshed(change, token)
            if suite.runner in ("pytest", "unittest"):
                with_them = plugins
                if with_them is None:
                    here = after(self.snapshot, change)
                    with_them = needed.wanted(here, self.root, suite.files)
                run = self._python_test(copy, suite, selection, timeout_s, token, with_them)
                if plugins is None and not with_them and needed.missed(run):
                    run = self._python_test(copy, suite, selection, timeout_s, token, True)
                return run
            if suite.runner == "script":
                return self._scripts(copy, [*selection] or list(suite.files), timeout_s, token)
            return self._other_test(copy, suite, selection, timeout_s, token)

    def _missing_runner(self) -> TestRun:
        found = self.python()
        text = (
            f"the test runner is missing: {found.path} ({found.origin}) has no pytest;"
            " install it there, or set treewright.python"
        )
        return TestRun(
            False, 127, "", text, kind="environment", command=(found.path, "-m", "pytest")
        )

    def _python_test(
        self, copy: shadow.Shadow, suite: suites.Suite, selection: Sequence[str], timeout_s: float,
        token: CancelToken, plugins: bool,
    ) -> TestRun:  # fmt: skip
        folder = tempfile.mkdtemp(prefix="treewright-report-")
        try:
            report = os.path.join(folder, f"{os.urandom(8).hex()}.json")
            python = self.python().path
            chosen = list(selection or (suite.files if suite.named else ()))
            if suite.runner == "pytest":
                argv = [
                    python,
                    "-m",
                    "pytest",
                    "-p",
                    "treewright_report",
                    "-p",
                    "no:cacheprovider",
                    "-q",
                    *chosen,
                ]
            else:
                argv = [python, str(_PLUGINS / "treewright_unittest.py"), *(chosen or suite.files)]
            policy = self.policy(copy, self.limits(timeout_s), folder)
            environment = {
                **policy.environment,
                "TREEWRIGHT_REPORT": report,
                "PYTHONPATH": self._import_path(copy),
            }
            if not plugins:
                environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            result = run(argv, copy.path, replace(policy, environment=environment), token)
            return self._test_run(argv, result, _read_report(report))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _import_path(self, copy: shadow.Shadow) -> str:
        """The plugin, then source folders of the copy in front of an editable install."""
        folders = [str(_PLUGINS), copy.seen_path]
        if copy.level != Level.BUBBLEWRAP:
            prefix = self.root + os.sep
            folders += [
                os.path.join(copy.path, root[len(prefix) :])
                for root in self.python().roots
                if root.startswith(prefix)
            ]
        for name in ("src", "lib"):
            if os.path.isdir(os.path.join(copy.path, name)):
                folders.append(os.path.join(copy.seen_path, name))
        return os.pathsep.join(dict.fromkeys(folders))

    def _test_run(self, argv: Sequence[str], result: Result, report: Mapping[str, Any]) -> TestRun:
        summary: Mapping[str, int] = report.get("summary", {})
        n_run = sum(
            int(summary.get(k, 0)) for k in ("passed", "failed", "error", "xfailed", "xpassed")
        )
        stdout, stderr = self._plain(result.stdout), self._plain(result.stderr)
        kind = _kind(result, report, n_run)
        failures = self._failures(report) or tuple(
            reflect.parse(stdout + "\n" + stderr, self.root) if kind != "passed" else ()
        )
        passed = kind == "passed"
        return TestRun(
            passed, result.returncode, stdout, stderr, report, kind, failures, n_run, tuple(argv),
            result.seconds,
        )  # fmt: skip

    def _failures(self, report: Mapping[str, Any]) -> tuple[Failure, ...]:
        found: list[Failure] = []
        for test in report.get("tests", []):
            if test.get("outcome") not in ("failed", "error"):
                continue
            no_stage: Mapping[str, Any] = {}
            stage = next((test[w] for w in ("call", "setup", "teardown") if w in test), no_stage)
            found.append(self._failure(str(test["nodeid"]), test, stage))
        for collector in report.get("collectors", []):
            text = str(collector.get("longrepr", ""))
            parsed = reflect.parse(self._plain(text), self.root)
            last = parsed[-1] if parsed else Failure("", "", 0, "CollectionError", text[-1000:])
            found.append(replace(last, node_id=str(collector["nodeid"])))
        return tuple(found)

    def _failure(self, node_id: str, test: Mapping[str, Any], stage: Mapping[str, Any]) -> Failure:
        crash: Mapping[str, Any] = stage.get("crash", {})
        message = str(crash.get("message") or stage.get("longrepr", ""))
        error, rest = "", message
        head, colon, tail = message.partition(": ")
        if colon and head.replace(".", "").replace("_", "").isalnum():
            error, rest = head.rsplit(".", 1)[-1], tail
        elif message.startswith("assert "):
            error = "AssertionError"
        path, line = str(crash.get("path", "")), int(crash.get("lineno", 0) or 0)
        if not path:
            path, line = str(test.get("file", "")), int(test.get("lineno", 0))
        if not error:
            error = "Error" if test.get("outcome") == "error" else "Failed"
        return Failure(node_id, self._relative(path), line, error, self._plain(rest)[:4000])

    def _relative(self, path: str) -> str:
        plain = self._plain(path)
        if os.path.isabs(plain) and plain.startswith(self.root + os.sep):
            plain = plain[len(self.root) + 1 :]
        return plain.replace(os.sep, "/")

    def _scripts(
        self, copy: shadow.Shadow, files: Sequence[str], timeout_s: float, token: CancelToken
    ) -> TestRun:
        """Each file is run; it passes when it exits with 0."""
        outs: list[str] = []
        errs: list[str] = []
        failures: list[Failure] = []
        seconds, code, kind = 0.0, 0, "passed"
        argv: list[str] = []
        for file in files:
            argv = [self.python().path, file]
            policy = self.policy(copy, self.limits(timeout_s - seconds))
            environment = {**policy.environment, "PYTHONPATH": self._import_path(copy)}
            result = run(argv, copy.path, replace(policy, environment=environment), token)
            seconds += result.seconds
            outs.append(self._plain(result.stdout))
            errs.append(self._plain(result.stderr))
            if result.returncode or result.limit:
                code = result.returncode or 1
                kind = "timeout" if result.limit in ("time", "cpu") else "failed"
                parsed = reflect.parse(errs[-1], self.root)
                last = parsed[-1] if parsed else Failure("", file, 0, "Failed", errs[-1][-1000:])
                failures.append(replace(last, node_id=file))
        report = {"summary": {"passed": len(files) - len(failures), "failed": len(failures)}}
        return TestRun(
            kind == "passed" and bool(files), code, "".join(outs), "".join(errs), report, kind,
            tuple(failures), len(files), tuple(argv), seconds,
        )  # fmt: skip

    def _other_test(
        self, copy: shadow.Shadow, suite: suites.Suite, selection: Sequence[str], timeout_s: float,
        token: CancelToken,
    ) -> TestRun:  # fmt: skip
        argv = [*suite.argv, *selection]
        if suite.runner == "go" and selection:
            argv = [
                "go",
                "test",
                *dict.fromkeys(f"./{os.path.dirname(s) or '.'}" for s in selection),
            ]
        if shutil.which(argv[0]) is None and not os.path.exists(os.path.join(copy.path, argv[0])):
            text = f"the test runner is missing: {argv[0]} was not found"
            return TestRun(False, 127, "", text, kind="environment", command=tuple(argv))
        result = run(argv, copy.path, self.policy(copy, self.limits(timeout_s)), token)
        stdout, stderr = self._plain(result.stdout), self._plain(result.stderr)
        failures = (
            tuple(reflect.parse(stdout + "\n" + stderr, self.root)) if result.returncode else ()
        )
        if result.limit in ("time", "cpu"):
            kind = "timeout"
        elif result.returncode == 0:
            kind = "passed"
        else:
            kind = "failed" if result.returncode < 125 else "crash"
        return TestRun(
            kind == "passed", result.returncode, stdout, stderr, {}, kind, failures,
            1 if kind in ("passed", "failed") else 0, tuple(argv), result.seconds,
        )  # fmt: skip

    def build(self, change: SourceChange, timeout_s: float, token: CancelToken) -> TestRun:
        """Compile the project: its own tool where there is one, else every Python file."""
        with self._lock:
            copy = self.refreshed(change, token)
            argv = _build_command(copy.path, self._resolved(["python"])[0])
            result = run(argv, copy.path, self.policy(copy, self.limits(timeout_s)), token)
        stdout, stderr = self._plain(result.stdout), self._plain(result.stderr)
        failures = (
            tuple(reflect.parse(stdout + "\n" + stderr, self.root)) if result.returncode else ()
        )
        kind = "timeout" if result.limit else "passed" if result.returncode == 0 else "failed"
        return TestRun(
            kind == "passed", result.returncode, stdout, stderr, {}, kind, failures, 0, tuple(argv),
            result.seconds,
        )  # fmt: skip


def _build_command(folder: str, python: str) -> list[str]:
    for name, argv in (
        ("Cargo.toml", ["cargo", "check", "--offline", "--quiet"]),
        ("go.mod", ["go", "build", "./..."]),
        ("tsconfig.json", ["node_modules/.bin/tsc", "--noEmit"]),
        ("CMakeLists.txt", ["cmake", "-S", ".", "-B", "build"]),
        ("Makefile", ["make"]),
    ):
        if os.path.isfile(os.path.join(folder, name)) and _is_there(argv[0], folder):
            return argv
    code = (
        "import ast, pathlib, sys\n"
        "bad = 0\n"
        "for p in pathlib.Path('.').rglob('*.py'):\n"
        " if any(part.startswith('.') or part == 'node_modules' for part in p.parts): continue\n"
        " try: compile(p.read_bytes(), str(p), 'exec', ast.PyCF_ONLY_AST)\n"
        " except (SyntaxError, ValueError) as e:\n"
        "  bad = 1; print(f'{p}:{getattr(e, \"lineno\", 1) or 1}: {type(e).__name__}: {e}', file=sys.stderr)\n"
        "sys.exit(bad)\n"
    )
    return [python, "-c", code]


def _is_there(program: str, folder: str) -> bool:
    return shutil.which(program) is not None or os.path.exists(os.path.join(folder, program))


def _read_report(path: str) -> Mapping[str, Any]:
    try:
        report: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _kind(result: Result, report: Mapping[str, Any], n_run: int) -> str:
    """Passed only when the runner says so, its report agrees, and at least one test ran."""
    if result.limit in ("time", "cpu"):
        return "timeout"
    if result.limit or result.returncode >= 128 or result.returncode < 0:
        return "crash"
    if result.returncode == 125:
        return "environment"
    if not report:
        return "environment" if result.returncode in (1, 4, 126, 127) and n_run == 0 else "crash"
    if result.returncode == 0:
        bad = any(report["summary"].get(k) for k in ("failed", "error", "collection_errors"))
        if bad or report.get("exitcode") != 0:
            return "crash"  # somebody left before the end
        return "passed" if n_run else "no_tests"
    return _KINDS.get(result.returncode, "crash")
