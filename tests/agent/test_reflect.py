"""Outputs as the tools write them, and what is read from them."""

from __future__ import annotations

import pytest

from treewright_agent.reflect import Cause, Failure, cause_of, difference, parse

PYTEST_ASSERTION = """\
============================= test session starts ==============================
collected 2 items

tests/test_calc.py .F                                                    [100%]

=================================== FAILURES ===================================
___________________________ TestAdd.test_sum[2-3-5] ____________________________

self = <tests.test_calc.TestAdd object at 0x7f>, a = 2, b = 3, want = 5

    def test_sum(self, a, b, want):
>       assert add(a, b) == want
E       assert -1 == 5
E        +  where -1 = add(2, 3)

tests/test_calc.py:8: AssertionError
=========================== short test summary info ============================
FAILED tests/test_calc.py::TestAdd::test_sum[2-3-5] - assert -1 == 5
========================= 1 failed, 1 passed in 0.02s ==========================
"""

PYTEST_IMPORT = """\
==================================== ERRORS ====================================
______________________ ERROR collecting tests/test_calc.py _____________________
ImportError while importing test module '/w/tests/test_calc.py'.
Hint: make sure your test modules/packages have valid Python names.
Traceback:
/usr/lib/python3.11/importlib/__init__.py:126: in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
tests/test_calc.py:1: in <module>
    from calc import missing
E   ImportError: cannot import name 'missing' from 'calc' (/w/calc.py)
=========================== short test summary info ============================
ERROR tests/test_calc.py
!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
"""

PYTEST_FIXTURE = """\
==================================== ERRORS ====================================
___________________________ ERROR at setup of test_a ___________________________
file /w/test_a.py, line 1
  def test_a(database):
E       fixture 'database' not found
>       available fixtures: cache, capfd
>       use 'pytest --fixtures [testpath]' for help on them.

/w/test_a.py:1
=========================== short test summary info ============================
ERROR test_a.py::test_a
"""

PYTEST_EXCEPTION = """\
=================================== FAILURES ===================================
__________________________________ test_deep ___________________________________

    def test_deep():
>       assert outer([]) == 0

test_x.py:5:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
pkg/x.py:2: in outer
    return inner(items)
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

items = []

    def inner(items):
>       return items[0]
E       IndexError: list index out of range

pkg/x.py:6: IndexError
=========================== short test summary info ============================
FAILED test_x.py::test_deep - IndexError: list index out of range
"""

PYTEST_SYNTAX = """\
==================================== ERRORS ====================================
_________________________ ERROR collecting test_calc.py ________________________
/usr/lib/python3.11/site-packages/_pytest/python.py:617: in _importtestmodule
    mod = import_path(
test_calc.py:1: in <module>
    import calc
E     File "/w/calc.py", line 2
E       return a +
E                 ^
E   SyntaxError: invalid syntax
=========================== short test summary info ============================
ERROR test_calc.py
"""

PYTEST_TIMEOUT = """\
=================================== FAILURES ===================================
_________________________________ test_forever _________________________________

    def test_forever():
>       loop()

test_t.py:4:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
t.py:3: in loop
    while True: pass
E   Failed: Timeout >1.0s
=========================== short test summary info ============================
FAILED test_t.py::test_forever - Failed: Timeout >1.0s
"""

UNITTEST = """\
F.E
======================================================================
ERROR: test_b (test_m.TestM.test_b)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/w/test_m.py", line 9, in test_b
    m.f(None)
  File "/w/m.py", line 3, in f
    return x + 1
TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'

======================================================================
FAIL: test_a (test_m.TestM)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/w/test_m.py", line 6, in test_a
    self.assertEqual(m.f(1), 3)
AssertionError: 2 != 3

----------------------------------------------------------------------
Ran 3 tests in 0.001s

FAILED (failures=1, errors=1)
"""

CRASH = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "/w/native.py", line 4 in call
"""

JEST = """\
 FAIL  src/sum.test.js
  \u25cf adds \u203a two numbers

    expect(received).toBe(expected) // Object.is equality

    Expected: 5
    Received: -1

      3 | test('two numbers', () => {
    > 4 |   expect(sum(2, 3)).toBe(5);
        |                     ^

      at Object.toBe (src/sum.test.js:4:21)

Tests:       1 failed, 1 total
"""

GO = """\
--- FAIL: TestAdd (0.00s)
    add_test.go:8: Add(2, 3) = -1, want 5
FAIL
FAIL\texample.com/calc\t0.002s
"""

GO_BUILD = """\
# example.com/calc
./add.go:4:9: undefined: c
FAIL\texample.com/calc [build failed]
"""

CARGO = """\
running 1 test
test tests::adds ... FAILED

failures:

---- tests::adds stdout ----

thread 'tests::adds' panicked at src/lib.rs:12:9:
assertion `left == right` failed
  left: -1
 right: 5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""

RUSTC = """\
error[E0425]: cannot find value `c` in this scope
 --> src/lib.rs:2:5
  |
2 |     c
  |     ^ not found in this scope
"""

TSC = "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.\n"
TSC_PRETTY = "\x1b[96msrc/a.ts\x1b[0m:3:7 - \x1b[91merror\x1b[0m TS2322: Type 'string' is wrong.\n"
GCC = "main.c:4:5: warning: unused variable 'x' [-Wunused-variable]\nmain.c:7:12: error: 'y' undeclared (first use in this function)\n"
MYPY = 'app.py:3: error: Incompatible return value type (got "str", expected "int")  [return-value]\napp.py:1: note: x\n'
ESLINT = "/w/src/a.js\n  2:7   error    'x' is not defined  no-undef\n  3:1   warning  Missing semicolon   semi\n"
NODE = """\
# Subtest: adds
not ok 1 - adds
  ---
  duration_ms: 1.2
  location: '/w/sum.test.mjs:4:1'
  failureType: 'testCodeFailure'
  error: 'Expected values to be strictly equal: -1 !== 5'
  code: 'ERR_ASSERTION'
  name: 'AssertionError'
  stack: |-
    TestContext.<anonymous> (file:///w/sum.test.mjs:5:10)
  ...
"""


@pytest.mark.parametrize(
    ("output", "node_id", "path", "line", "error", "said"),
    [
        pytest.param(PYTEST_ASSERTION, "tests/test_calc.py::TestAdd::test_sum[2-3-5]", "tests/test_calc.py", 8, "AssertionError", "-1 == 5", id="assertion"),
        pytest.param(PYTEST_IMPORT, "tests/test_calc.py", "tests/test_calc.py", 1, "ImportError", "cannot import name 'missing'", id="import"),
        pytest.param(PYTEST_FIXTURE, "test_a.py::test_a", "test_a.py", 1, "FixtureLookupError", "fixture 'database' not found", id="fixture"),
        pytest.param(PYTEST_EXCEPTION, "test_x.py::test_deep", "pkg/x.py", 6, "IndexError", "list index", id="exception"),
        pytest.param(PYTEST_SYNTAX, "test_calc.py", "calc.py", 2, "SyntaxError", "invalid syntax", id="syntax"),
        pytest.param(PYTEST_TIMEOUT, "test_t.py::test_forever", "t.py", 3, "Timeout", "Timeout >1.0s", id="timeout"),
        pytest.param(JEST, "adds > two numbers", "src/sum.test.js", 4, "AssertionError", "Expected: 5", id="jest"),
        pytest.param(GO, "TestAdd", "add_test.go", 8, "Failed", "want 5", id="go"),
        pytest.param(GO_BUILD, "", "add.go", 4, "build", "undefined: c", id="go build"),
        pytest.param(CARGO, "tests::adds", "src/lib.rs", 12, "panic", "right: 5", id="cargo"),
        pytest.param(RUSTC, "", "src/lib.rs", 2, "E0425", "cannot find value", id="rustc"),
        pytest.param(TSC, "", "src/a.ts", 3, "TS2322", "not assignable", id="tsc"),
        pytest.param(TSC_PRETTY, "", "src/a.ts", 3, "TS2322", "is wrong", id="tsc in colours"),
        pytest.param(GCC, "", "main.c", 7, "error", "undeclared", id="gcc, errors only"),
        pytest.param(MYPY, "", "app.py", 3, "return-value", "Incompatible", id="mypy"),
        pytest.param(ESLINT, "", "src/a.js", 2, "no-undef", "not defined", id="eslint, errors only"),
        pytest.param(NODE, "adds", "sum.test.mjs", 5, "AssertionError", "-1 !== 5", id="node"),
    ],
)  # fmt: skip
def test_one_failure(
    output: str, node_id: str, path: str, line: int, error: str, said: str
) -> None:
    found = parse(output, "/w")
    assert len(found) == 1, found
    failure = found[0]
    assert (failure.node_id, failure.path, failure.line, failure.error) == (
        node_id,
        path,
        line,
        error,
    )
    assert said in failure.message


def test_unittest_tells_two() -> None:
    found = parse(UNITTEST, "/w")
    assert [(f.node_id, f.path, f.line, f.error) for f in found] == [
        ("test_m.TestM.test_b", "m.py", 3, "TypeError"),
        ("test_m.TestM.test_a", "test_m.py", 6, "AssertionError"),
    ]
    assert found[1].message == "2 != 3"


def test_nothing_to_read() -> None:
    assert parse("all good\n3 passed in 0.1s\n") == []
    assert parse("") == []


@pytest.mark.parametrize(
    ("error", "message", "cause"),
    [
        ("SyntaxError", "invalid syntax", Cause.SYNTAX),
        ("AssertionError", "assert 1 == 2", Cause.LOGIC),
        ("IndexError", "list index out of range", Cause.BOUNDARY),
        ("NameError", "name 'x' is not defined", Cause.IMPORT),
        ("ModuleNotFoundError", "No module named 'mine.sub'", Cause.IMPORT),
        ("ModuleNotFoundError", "No module named 'requests'", Cause.ENVIRONMENT),
        ("FixtureLookupError", "fixture 'db' not found", Cause.ENVIRONMENT),
        ("Timeout", "Timeout >1.0s", Cause.TIMEOUT),
    ],
)
def test_cause(error: str, message: str, cause: Cause) -> None:
    assert cause_of(Failure("", "a.py", 1, error, message), lambda name: name == "mine") == cause


@pytest.mark.parametrize(
    ("output", "pair"),
    [
        (PYTEST_ASSERTION, ("-1", "5")),
        (JEST, ("-1", "5")),
        (CARGO, ("-1", "5")),
        (PYTEST_EXCEPTION, None),
    ],
)
def test_difference(output: str, pair: tuple[str, str] | None) -> None:
    assert difference(parse(output)[0]) == pair
