# pyright: basic
# Works on values of the tested program, whose types nobody knows.
"""The project's tests as callables that can run many times in one process.

pytest collects when the project's interpreter has it, else unittest; a script is one test.
A test that needs no fixture is called directly, which is about fifty times faster than the
runner's protocol; what is found that way is confirmed by the real runner in the end.
"""

from __future__ import annotations

import copy
import inspect
import os
import sys
import types
import unittest
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Failure(NamedTuple):
    """Why a test did not pass. `kind` is the exception's class name."""

    kind: str
    error: BaseException | None
    traceback: types.TracebackType | None
    phase: str = "call"

    def message(self) -> str:
        try:
            return str(self.error)[:4000]
        except Exception:
            return "(its text cannot be made)"


class Test(NamedTuple):
    """One test. `run` returns None when it passes and never raises an Exception."""

    id: str
    file: str
    line: int
    run: Callable[[], Failure | None]
    direct: bool
    skipped: bool = False


class Collected(NamedTuple):
    tests: list[Test]
    errors: list[tuple[str, Failure]]
    """What could not be collected: (file or node id, why)."""


Serve = Callable[[Collected], None]


def failure_of(error: BaseException, phase: str = "call") -> Failure:
    return Failure(type(error).__name__, error, error.__traceback__, phase)


# -------------------------------------------------------------------- pytest


def with_pytest(arguments: Sequence[str], serve: Serve) -> int:
    """Collect with pytest and call `serve` from inside its session. Returns pytest's code."""
    import pytest

    plugin = _Plugin(serve)
    options = ["-q", "-s", "-p", "no:cacheprovider", "--maxfail=1000000000"]
    for module, option in (
        ("xdist", "-n0"),
        ("pytest_cov", "--no-cov"),
        ("pytest_randomly", "-pno:randomly"),
        ("pytest_benchmark", "--benchmark-disable"),
    ):
        if _installed(module):
            options.append(option)
    return int(pytest.main([*options, *arguments], plugins=[plugin]))


def _installed(module: str) -> bool:
    import importlib.util

    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


class _Plugin:
    """Takes the session's place once the tests are collected."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._errors: list[tuple[str, Failure]] = []
        self._failure: Failure | None = None
        self._skipped = False

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        if getattr(report, "when", None) == "collect" and call.excinfo is not None:
            self._errors.append((node.nodeid, failure_of(call.excinfo.value, "collect")))

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        if call.excinfo is None:
            return
        if call.excinfo.typename in ("Skipped", "XFailed"):
            self._skipped = True
        elif self._failure is None:
            self._failure = failure_of(call.excinfo.value, call.when)

    def pytest_runtestloop(self, session: Any) -> bool:
        tests = [self._test(session, item) for item in session.items]
        self._serve(Collected(tests, self._errors))
        return True

    def _test(self, session: Any, item: Any) -> Test:
        file, line, _ = item.location
        path = str(getattr(item, "path", file))
        call = _direct(item)
        skipped = any(item.iter_markers(name="skip")) or any(item.iter_markers(name="xfail"))
        run = _calling(call) if call is not None else lambda: self._protocol(item)
        return Test(item.nodeid, path, (line or 0) + 1, run, call is not None, skipped)

    def _protocol(self, item: Any) -> Failure | None:
        from _pytest.runner import runtestprotocol

        self._failure, self._skipped = None, False
        if hasattr(item, "_initrequest"):
            item.funcargs = {}
            item._initrequest()
        runtestprotocol(item, log=False, nextitem=None)
        return self._failure


def _calling(call: Callable[[], object]) -> Callable[[], Failure | None]:
    def run() -> Failure | None:
        try:
            call()
        except BaseException as error:
            if type(error).__name__ == "Skipped":
                return None
            return failure_of(error)
        return None

    return run


def _direct(item: Any) -> Callable[[], object] | None:
    """A call that does what pytest would do, for a test without fixtures of its own."""
    import pytest

    owner: Any = getattr(item, "cls", None)
    if isinstance(owner, type) and issubclass(owner, unittest.TestCase):
        return None if _autouse(item) else _unittest_call(owner, item.originalname or item.name)
    if type(item) is not pytest.Function:
        return None
    function = item.function
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return None
    if any(item.iter_markers(name="usefixtures")):
        return None
    given = _direct_parameters(item)
    if given is None or _autouse(item):
        return None
    names = set(item._fixtureinfo.argnames)
    if not names <= set(given):
        return None
    arguments = {name: given[name] for name in names}
    if owner is None:
        bound: Callable[[], Any] = lambda: function  # noqa: E731
    else:
        bound = lambda: getattr(owner(), function.__name__)  # noqa: E731
    if not arguments:
        return lambda: bound()()
    try:
        copy.deepcopy(arguments)
    except Exception:
        return None
    return lambda: bound()(**copy.deepcopy(arguments))


def _direct_parameters(item: Any) -> dict[str, Any] | None:
    """The values of `parametrize`; None when some go through a fixture."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return {}
    given: dict[str, Any] = dict(getattr(callspec, "funcargs", {}))
    for name, value in callspec.params.items():
        definitions = item._fixtureinfo.name2fixturedefs.get(name)
        made = getattr(definitions[-1], "func", None) if definitions else None
        if definitions and getattr(made, "__name__", "") != "get_direct_param_fixture_func":
            return None
        given[name] = value
    return given


def _autouse(item: Any) -> bool:
    """True when fixtures surround the test that it does not name."""
    info = item._fixtureinfo
    named = set(info.argnames) | set(getattr(getattr(item, "callspec", None), "params", {}))
    for name in info.names_closure:
        if name in named or name == "request":
            continue
        definitions = info.name2fixturedefs.get(name)
        # pytest's own, for the start and the end of unittest classes and modules
        if definitions and all(_is_of_plugin(definition) for definition in definitions):
            continue
        return True
    return False


_PLUGINS = ("pytest_asyncio", "anyio", "pytest_mock", "hypothesis", "pytest_lsp", "_pytest")


def _is_of_plugin(definition: Any) -> bool:
    """Made by a plugin for tests of another kind; unittest's own are run by unittest."""
    module = getattr(getattr(definition, "func", None), "__module__", "") or ""
    if module.split(".", 1)[0] == "_pytest":
        return module == "_pytest.unittest"
    return module.split(".", 1)[0] in _PLUGINS


# -------------------------------------------------------------------- unittest


class _Result(unittest.TestResult):
    def __init__(self) -> None:
        super().__init__()
        self.failure: Failure | None = None

    def _note(self, err: Any) -> None:
        if self.failure is None:
            self.failure = Failure(err[0].__name__, err[1], err[2])

    def addError(self, test: Any, err: Any) -> None:
        self._note(err)

    def addFailure(self, test: Any, err: Any) -> None:
        self._note(err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._note(err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        if self.failure is None:
            self.failure = Failure("UnexpectedSuccess", None, None)


def _run_case(case: unittest.TestCase) -> Failure | None:
    result = _Result()
    try:
        unittest.TestSuite([case]).run(result)
    except BaseException as error:
        return failure_of(error)
    return result.failure


class _CaseFailed(Exception):
    pass


def _unittest_call(cls: type, name: str) -> Callable[[], object]:
    def call() -> None:
        failure = _run_case(cls(name))
        if failure is not None:
            raise failure.error or _CaseFailed(failure.kind)

    return call


def with_unittest(root: str, files: Sequence[str], serve: Serve) -> int:
    """Collect `files`, or whatever discovery finds below `root`, and call `serve`."""
    loader = unittest.TestLoader()
    cases: list[unittest.TestCase] = []
    if files:
        for file in files:
            cases += _flat(loader.loadTestsFromName(_module_name(root, file)))
    else:
        cases += _flat(loader.discover(root, pattern="test*.py", top_level_dir=root))
    tests: list[Test] = []
    errors: list[tuple[str, Failure]] = []
    for case in cases:
        if type(case).__name__ == "_FailedTest":
            error = getattr(case, "_exception", None) or ImportError(case.id())
            errors.append((case.id().rsplit(".", 1)[-1], failure_of(error, "collect")))
            continue
        method = getattr(type(case), getattr(case, "_testMethodName", ""), None)
        code = getattr(inspect.unwrap(method) if method else None, "__code__", None)
        module = sys.modules.get(type(case).__module__)
        path = getattr(module, "__file__", "") or ""
        skipped = bool(
            getattr(type(case), "__unittest_skip__", False)
            or getattr(method, "__unittest_skip__", False)
            or getattr(method, "__unittest_expecting_failure__", False)
        )
        line = code.co_firstlineno if code else 1
        tests.append(Test(case.id(), path, line, _case_runner(case), True, skipped))
    serve(Collected(tests, errors))
    return 0


def _case_runner(case: unittest.TestCase) -> Callable[[], Failure | None]:
    return lambda: _run_case(case)


def _flat(suite: Any) -> list[unittest.TestCase]:
    if isinstance(suite, unittest.TestCase):
        return [suite]
    return [case for part in suite for case in _flat(part)]


def _module_name(root: str, file: str) -> str:
    relative = os.path.relpath(file, root)
    return relative[: -len(".py")].replace(os.sep, ".")


# -------------------------------------------------------------------- scripts


def with_scripts(files: Sequence[str], serve: Serve) -> int:
    """Each file is one test: it passes when it runs to its end, or exits with 0."""
    tests = [Test(file, file, 1, _script(file), True) for file in files]
    SCRIPTS.update(os.path.realpath(file) for file in files)
    serve(Collected(tests, []))
    return 0


SCRIPTS: set[str] = set()
"""Real paths of the scripts that are tests: their functions are made anew by each run."""
OTHER_SCRIPTS: dict[str, bytes] = {}
"""Real path of a script -> the text (UTF-8) that is run in its place."""


def _script(file: str) -> Callable[[], Failure | None]:
    real = os.path.realpath(file)
    codes: dict[bytes | None, types.CodeType] = {}

    def compiled() -> types.CodeType:
        other = OTHER_SCRIPTS.get(real)
        code = codes.get(other)
        if code is None:
            text = Path(file).read_bytes() if other is None else other
            code = compile(text, file, "exec", dont_inherit=True)
            if other is None:
                codes[None] = code
        return code

    def run() -> Failure | None:
        folder = str(Path(file).parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        kept = sys.modules.get("__main__")
        module = types.ModuleType("__main__")
        module.__file__ = file
        try:
            code = compiled()
            sys.modules["__main__"] = module
            exec(code, module.__dict__)
        except SystemExit as stop:
            return None if stop.code in (None, 0) else failure_of(stop)
        except BaseException as error:
            return failure_of(error)
        finally:
            if kept is not None:
                sys.modules["__main__"] = kept
        return None

    return run
