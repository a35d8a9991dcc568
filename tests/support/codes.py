"""Diagnostics as tools really word them, and what becomes of the code: one row per code.

`$0…$0` is the range that the tool gives. The table of docs/code-actions.md is made from these
rows, and a test runs each.
"""

from __future__ import annotations

from typing import NamedTuple


class Mended(NamedTuple):
    tool: str
    code: str
    message: str
    before: str
    after: str
    file: str = "main.py"


PYTHON: tuple[Mended, ...] = (
    # ruff, flake8
    Mended("Ruff", "F401", "`os` imported but unused", "import $0os$0\nx = 1\n", "x = 1\n"),
    Mended("Ruff", "F841", "Local variable `x` is assigned to but never used", "def f():\n    $0x$0 = g()\n", "def f():\n    g()\n"),
    Mended("Ruff", "F821", "Undefined name `json`", "print($0json$0.dumps(1))\n", "import json\n\nprint(json.dumps(1))\n"),
    Mended("Ruff", "RUF059", "Unpacked variable `b` is never used", "def f():\n    a, $0b$0 = g()\n    return a\n", "def f():\n    a, _b = g()\n    return a\n"),
    Mended("Ruff", "F541", "f-string without any placeholders", "x = $0f'a'$0\n", "x = 'a'\n"),
    Mended("Ruff", "F632", "Use `==` to compare constant literals", "if $0x is 'a'$0:\n    pass\n", "if x == 'a':\n    pass\n"),
    Mended("flake8", "E711", "comparison to None should be 'if cond is None:'", "if x $0=$0= None:\n    pass\n", "if x is None:\n    pass\n"),
    Mended("flake8", "E712", "comparison to True should be 'if cond is True:' or 'if cond:'", "if x $0=$0= True:\n    pass\n", "if x:\n    pass\n"),
    Mended("flake8", "E713", "test for membership should be 'not in'", "if $0n$0ot x in y:\n    pass\n", "if x not in y:\n    pass\n"),
    Mended("flake8", "E714", "test for object identity should be 'is not'", "if $0n$0ot x is y:\n    pass\n", "if x is not y:\n    pass\n"),
    Mended("flake8", "E703", "statement ends with a semicolon", "x = 1$0;$0\n", "x = 1\n"),
    Mended("flake8", "E722", "do not use bare 'except'", "try:\n    f()\n$0except$0:\n    g()\n", "try:\n    f()\nexcept Exception:\n    g()\n"),
    Mended("flake8", "E731", "do not assign a lambda expression, use a def", "$0f$0 = lambda x: x\n", "def f(x):\n    return x\n"),
    Mended("flake8", "W291", "trailing whitespace", "x = 1$0  $0\n", "x = 1\n"),
    Mended("flake8", "W293", "blank line contains whitespace", "x = 1\n$0  $0\ny = 2\n", "x = 1\n\ny = 2\n"),
    Mended("flake8", "W605", "invalid escape sequence '\\d'", "x = '$0\\d$0'\n", "x = r'\\d'\n"),
    Mended("Ruff", "I001", "Import block is un-sorted or un-formatted", "$0import sys\nimport os$0\n\nprint(os, sys)\n", "import os\nimport sys\n\nprint(os, sys)\n"),
    Mended("Ruff", "UP006", "Use `list` instead of `List` for type annotation", "from typing import List\n\nx: $0List$0[int] = []\n", "from typing import List\n\nx: list[int] = []\n"),
    Mended("Ruff", "UP031", "Use format specifiers instead of percent format", "x = $0'%s-%s' % (a, b)$0\n", "x = f'{a}-{b}'\n"),
    Mended("Ruff", "UP032", "Use f-string instead of `format` call", "x = $0'{}-{}'.format(a, b)$0\n", "x = f'{a}-{b}'\n"),
    Mended("Ruff", "SIM102", "Use a single `if` statement instead of nested `if` statements", "$0if a:\n    if b:$0\n        f()\n", "if a and b:\n    f()\n"),
    Mended("Ruff", "SIM118", "Use `key in dict` instead of `key in dict.keys()`", "d = {}\nif $0k in d.keys()$0:\n    pass\n", "d = {}\nif k in d:\n    pass\n"),
    Mended("Ruff", "RET505", "Unnecessary `else` after `return` statement", "def f(x):\n    if x:\n        return 1\n    $0else$0:\n        return 2\n", "def f(x):\n    if x:\n        return 1\n    return 2\n"),
    Mended("Ruff", "PERF401", "Use a list comprehension to create a transformed list", "def f(xs):\n    r = []\n    for x in xs:\n        $0r.append(x + 1)$0\n    return r\n", "def f(xs):\n    r = [x + 1 for x in xs]\n    return r\n"),
    Mended("Ruff", "C408", "Unnecessary `dict()` call (rewrite as a literal)", "x = $0dict(a=1)$0\n", "x = {\"a\": 1}\n"),
    Mended("Ruff", "B018", "Found useless expression. Either assign it to a variable or remove it.", "x = 1\n$0x$0\n", "x = 1\n"),
    Mended("Ruff", "RUF013", "PEP 484 prohibits implicit `Optional`", "def f(x: $0int$0 = None): ...\n", "def f(x: int | None = None): ...\n"),
    Mended("Ruff", "N805", "First argument of a method should be named `self`", "class A:\n    def f($0$0):\n        return 1\n", "class A:\n    def f(self):\n        return 1\n"),
    Mended("Ruff", "D103", "Missing docstring in public function", "def $0run_all$0():\n    f()\n", "def run_all():\n    \"\"\"Run all.\"\"\"\n    f()\n"),
    Mended("Ruff", "ANN201", "Missing return type annotation for public function `f`", "def $0f$0():\n    print(1)\n", "def f() -> None:\n    print(1)\n"),
    Mended("Ruff", "F403", "`from os.path import *` used; unable to detect undefined names", "$0from os.path import *$0\n\nprint(join('a'), basename('b'))\n", "from os.path import basename, join\n\nprint(join('a'), basename('b'))\n"),
    # pylint
    Mended("pylint", "W0611:unused-import", "Unused import os", "$0import os$0\nx = 1\n", "x = 1\n"),
    Mended("pylint", "W0612:unused-variable", "Unused variable 'x'", "def f():\n    $0x$0 = 1\n    return 2\n", "def f():\n    return 2\n"),
    Mended("pylint", "E0602:undefined-variable", "Undefined variable 'os'", "print($0os$0.name)\n", "import os\n\nprint(os.name)\n"),
    Mended("pylint", "C0121:singleton-comparison", "Comparison 'x == None' should be 'x is None'", "if $0x == None$0:\n    pass\n", "if x is None:\n    pass\n"),
    Mended("pylint", "C0209:consider-using-f-string", "Formatting a regular string which could be an f-string", "x = $0'%s-%s' % (a, b)$0\n", "x = f'{a}-{b}'\n"),
    Mended("pylint", "C0303:trailing-whitespace", "Trailing whitespace", "x = 1$0 $0\n", "x = 1\n"),
    Mended("pylint", "C0304:missing-final-newline", "Final newline missing", "$0x = 1$0", "x = 1\n"),
    Mended("pylint", "C0410:multiple-imports", "Multiple imports on one line (os, sys)", "$0import os, sys$0\nprint(os, sys)\n", "import os\nimport sys\nprint(os, sys)\n"),
    Mended("pylint", "C0411:wrong-import-order", "standard import \"os\" should be placed before third party import \"pytest\"", "$0import pytest\nimport os$0\n\nprint(os, pytest)\n", "import os\n\nimport pytest\n\nprint(os, pytest)\n"),
    Mended("pylint", "C0414:useless-import-alias", "Import alias does not rename original package", "$0import os as os$0\nprint(os)\n", "import os\nprint(os)\n"),
    Mended("pylint", "C0116:missing-function-docstring", "Missing function or method docstring", "$0def run_all$0():\n    f()\n", "def run_all():\n    \"\"\"Run all.\"\"\"\n    f()\n"),
    Mended("pylint", "W0101:unreachable", "Unreachable code", "def f():\n    return 1\n    $0print(2)$0\n", "def f():\n    return 1\n"),
    Mended("pylint", "W0104:pointless-statement", "Statement seems to have no effect", "x = 1\n$0x == 2$0\n", "x = 1\n"),
    Mended("pylint", "W0107:unnecessary-pass", "Unnecessary pass statement", "def f():\n    g()\n    $0pass$0\n", "def f():\n    g()\n"),
    Mended("pylint", "W0301:unnecessary-semicolon", "Unnecessary semicolon", "$0x = 1;$0\n", "x = 1\n"),
    Mended("pylint", "W0401:wildcard-import", "Wildcard import os.path", "$0from os.path import *$0\n\nprint(join('a'))\n", "from os.path import join\n\nprint(join('a'))\n"),
    Mended("pylint", "W0702:bare-except", "No exception type(s) specified", "try:\n    f()\n$0except:$0\n    g()\n", "try:\n    f()\nexcept Exception:\n    g()\n"),
    Mended("pylint", "W1309:f-string-without-interpolation", "Using an f-string that does not have any interpolated variables", "x = $0f'a'$0\n", "x = 'a'\n"),
    Mended("pylint", "W1401:anomalous-backslash-in-string", "Anomalous backslash in string: '\\d'", "x = '$0\\d$0'\n", "x = r'\\d'\n"),
    Mended("pylint", "E0211:no-method-argument", "Method 'f' has no argument", "class A:\n    $0def f$0():\n        return 1\n", "class A:\n    def f(self):\n        return 1\n"),
    Mended("pylint", "R0205:useless-object-inheritance", "Class 'A' inherits from object, can be safely removed from bases in python3", "class $0A$0(object):\n    pass\n", "class A:\n    pass\n"),
    Mended("pylint", "R0402:consider-using-from-import", "Use 'from os import path' instead", "$0import os.path as path$0\nprint(path)\n", "from os import path\nprint(path)\n"),
    Mended("pylint", "R1705:no-else-return", "Unnecessary \"else\" after \"return\", remove the \"else\" and de-indent the code inside it", "def f(x):\n    $0if$0 x:\n        return 1\n    else:\n        return 2\n", "def f(x):\n    if x:\n        return 1\n    return 2\n"),
    Mended("pylint", "R1711:useless-return", "Useless return at end of function or method", "def $0f$0():\n    g()\n    return None\n", "def f():\n    g()\n"),
    Mended("pylint", "R1714:consider-using-in", "Consider merging these comparisons with 'in' by using 'x in ('a', 'b')'", "if $0x == 'a' or x == 'b'$0:\n    pass\n", "if x in {'a', 'b'}:\n    pass\n"),
    Mended("pylint", "R1721:unnecessary-comprehension", "Unnecessary use of a comprehension, use list(xs) instead.", "y = $0[x for x in xs]$0\n", "y = list(xs)\n"),
    Mended("pylint", "R1725:super-with-arguments", "Consider using Python 3 style super() without arguments", "class A(B):\n    def f(self):\n        return $0super(A, self)$0.f()\n", "class A(B):\n    def f(self):\n        return super().f()\n"),
    Mended("pylint", "R1729:use-a-generator", "Use a generator instead 'any(x for x in xs)'", "y = $0any([x + 1 for x in xs])$0\n", "y = any(x + 1 for x in xs)\n"),
    Mended("pylint", "R1735:use-dict-literal", "Consider using '{\"a\": 1}' instead of a call to 'dict'.", "x = $0dict(a=1)$0\n", "x = {\"a\": 1}\n"),
    Mended("pylint", "R5501:else-if-used", "Consider using \"elif\" instead of \"else\" then \"if\" to remove one indentation level", "if a:\n    f()\nelse:\n    $0if b:$0\n        g()\n", "if a:\n    f()\nelif b:\n    g()\n"),
    # pyright and basedpyright
    Mended("Pyright", "reportUndefinedVariable", "\"json\" is not defined", "print($0json$0.dumps(1))\n", "import json\n\nprint(json.dumps(1))\n"),
    Mended("Pyright", "reportUnusedImport", "Import \"os\" is not accessed", "import $0os$0\nx = 1\n", "x = 1\n"),
    Mended("Pyright", "reportUnusedVariable", "Variable \"x\" is not accessed", "def f():\n    $0x$0 = g()\n", "def f():\n    g()\n"),
    Mended("Pyright", "reportUnusedExpression", "Expression value is unused", "x = 1\n$0x$0\n", "x = 1\n"),
    Mended("Pyright", "reportUnusedCoroutine", "Result of async function call is not used; use \"await\" or assign result to variable", "async def f():\n    $0g()$0\n", "async def f():\n    await g()\n"),
    Mended("Pyright", "reportPossiblyUnbound", "\"x\" is possibly unbound", "def f(a):\n    if a:\n        x = 1\n    return $0x$0\n", "def f(a):\n    x = None\n    if a:\n        x = 1\n    return x\n"),
    Mended("Pyright", "reportSelfClsParameterName", "Instance methods should take a \"self\" parameter", "class A:\n    def f($0$0):\n        return 1\n", "class A:\n    def f(self):\n        return 1\n"),
    Mended("Pyright", "reportArgumentType", "Expression of type \"None\" cannot be assigned to parameter of type \"int\"", "def f(x: int = $0None$0): ...\n", "def f(x: int | None = None): ...\n"),
    Mended("basedpyright", "reportUnnecessaryTypeIgnoreComment", "Unnecessary \"# type: ignore\" comment", "x = 1  # $0type: ignore$0\n", "x = 1\n"),
    Mended("basedpyright", "reportUnnecessaryCast", "Unnecessary \"cast\" call; type is already \"int\"", "from typing import cast\n\nx = $0cast(int, y)$0\n", "from typing import cast\n\nx = y\n"),
    Mended("basedpyright", "reportImplicitOverride", "Method \"f\" is not marked as override but is overriding a method in class \"B\"", "class A(B):\n    def $0f$0(self): ...\n", "from typing import override\n\n\nclass A(B):\n    @override\n    def f(self): ...\n"),
    Mended("basedpyright", "reportUnreachable", "Code is unreachable", "def f():\n    return 1\n    $0print(2)$0\n", "def f():\n    return 1\n"),
    Mended("basedpyright", "reportUnusedFunction", "Function \"_f\" is not accessed", "def $0_f$0(): ...\n\n\nx = 1\n", "x = 1\n"),
    Mended("Pyright", "reportWildcardImportFromLibrary", "Wildcard import from a library not allowed", "$0from os.path import *$0\n\nprint(join('a'))\n", "from os.path import join\n\nprint(join('a'))\n"),
    Mended("basedpyright", "reportDeprecated", "This type is deprecated as of Python 3.9; use \"list\" instead", "from typing import List\n\nx: $0List$0[int] = []\n", "from typing import List\n\nx: list[int] = []\n"),
    # mypy
    Mended("mypy", "name-defined", "Name \"json\" is not defined", "print($0json$0.dumps(1))\n", "import json\n\nprint(json.dumps(1))\n"),
    Mended("mypy", "unused-ignore", "Unused \"type: ignore\" comment", "$0x = 1  # type: ignore[misc]$0\n", "x = 1\n"),
    Mended("mypy", "unused-coroutine", "Value of type \"Coroutine[Any, Any, None]\" must be used", "async def f():\n    $0g()$0\n", "async def f():\n    await g()\n"),
    Mended("mypy", "redundant-cast", "Redundant cast to \"int\"", "from typing import cast\n\nx = $0cast(int, y)$0\n", "from typing import cast\n\nx = y\n"),
    Mended("mypy", "no-untyped-def", "Function is missing a return type annotation", "$0def f():\n    print(1)$0\n", "def f() -> None:\n    print(1)\n"),
    Mended("mypy", "assignment", "Incompatible default for argument \"x\" (default has type \"None\", argument has type \"int\")", "def f(x: int = $0None$0): ...\n", "def f(x: int | None = None): ...\n"),
    Mended("mypy", "unreachable", "Statement is unreachable", "def f():\n    return 1\n    $0print(2)$0\n", "def f():\n    return 1\n"),
    Mended("mypy", "attr-defined", "\"str\" has no attribute \"uper\"; maybe \"upper\"?", "''.$0uper$0()\n", "''.upper()\n"),
    Mended("mypy", "call-arg", "Unexpected keyword argument \"ned\" for \"f\"; did you mean \"end\"?", "$0f(ned=1)$0\n", "f(end=1)\n"),
    Mended("mypy", "explicit-override", "Method \"f\" is not using @override but is overriding a method in class \"B\"", "class A(B):\n    def $0f$0(self): ...\n", "from typing import override\n\n\nclass A(B):\n    @override\n    def f(self): ...\n"),
)  # fmt: skip

SCRIPT: tuple[Mended, ...] = (
    Mended("ts", "6133", "'b' is declared but its value is never read.", "import { a, $0b$0 } from 'm';\na();\n", "import { a } from 'm';\na();\n", "main.ts"),
    Mended("ts", "6192", "All imports in import declaration are unused.", "$0import { a, b } from 'm';$0\nf();\n", "f();\n", "main.ts"),
    Mended("ts", "6196", "'A' is declared but never used.", "interface $0A$0 { x: number }\nf();\n", "f();\n", "main.ts"),
    Mended("ts", "2304", "Cannot find name 'lenght'. Did you mean 'length'?", "f($0lenght$0);\n", "f(length);\n", "main.ts"),
    Mended("ts", "2551", "Property 'lenght' does not exist on type 'string'. Did you mean 'length'?", "f(a.$0lenght$0);\n", "f(a.length);\n", "main.ts"),
    Mended("ts", "2552", "Cannot find name 'fooo'. Did you mean 'foo'?", "$0fooo$0();\n", "foo();\n", "main.ts"),
    Mended("ts", "2724", "'\"m\"' has no exported member named 'Foo'. Did you mean 'Bar'?", "import { $0Foo$0 } from 'm';\n", "import { Bar } from 'm';\n", "main.ts"),
    Mended("ts", "2588", "Cannot assign to 'x' because it is a constant.", "const x = 1;\n$0x$0 = 2;\n", "let x = 1;\nx = 2;\n", "main.ts"),
    Mended("ts", "1005", "';' expected.", "const x = 1$0 $0const y = 2;\n", "const x = 1; const y = 2;\n", "main.ts"),
    Mended("ts", "1308", "'await' expressions are only allowed within async functions and at the top levels of modules.", "function f() {\n  $0await$0 g();\n}\n", "async function f() {\n  await g();\n}\n", "main.ts"),
    Mended("ts", "7027", "Unreachable code detected.", "function f() {\n  return 1;\n  $0g();$0\n}\n", "function f() {\n  return 1;\n}\n", "main.ts"),
    Mended("eslint", "prefer-const", "'x' is never reassigned. Use 'const' instead.", "let $0x$0 = 1;\nf(x);\n", "const x = 1;\nf(x);\n", "main.js"),
    Mended("eslint", "no-var", "Unexpected var, use let or const instead.", "$0var x = 1;$0\nx = 2;\n", "let x = 1;\nx = 2;\n", "main.js"),
    Mended("eslint", "eqeqeq", "Expected '===' and instead saw '=='.", "if (typeof a $0==$0 'string') f();\n", "if (typeof a === 'string') f();\n", "main.js"),
    Mended("eslint", "semi", "Missing semicolon.", "f()$0\n$0g();\n", "f();\ng();\n", "main.js"),
    Mended("eslint", "no-extra-semi", "Unnecessary semicolon.", "f();$0;$0\n", "f();\n", "main.js"),
    Mended("eslint", "no-debugger", "Unexpected 'debugger' statement.", "f();\n$0debugger;$0\ng();\n", "f();\ng();\n", "main.js"),
    Mended("eslint", "no-console", "Unexpected console statement.", "f();\n$0console.log$0('a');\n", "f();\n", "main.js"),
    Mended("eslint", "no-unused-vars", "'x' is assigned a value but never used.", "const $0x$0 = 1;\nf();\n", "f();\n", "main.js"),
    Mended("eslint", "@typescript-eslint/no-unused-vars", "'b' is defined but never used.", "import a, { $0b$0 } from 'm';\na();\n", "import a from 'm';\na();\n", "main.ts"),
    Mended("eslint", "no-unreachable", "Unreachable code.", "function f() {\n  return 1;\n  $0g();$0\n}\n", "function f() {\n  return 1;\n}\n", "main.js"),
    Mended("eslint", "prefer-template", "Unexpected string concatenation.", "f($0'a ' + x + '!'$0);\n", "f(`a ${x}!`);\n", "main.js"),
    Mended("eslint", "dot-notation", "[\"a\"] is better written in dot notation.", "f(x[$0\"a\"$0]);\n", "f(x.a);\n", "main.js"),
    Mended("eslint", "object-shorthand", "Expected property shorthand.", "f({ $0a: a$0, b });\n", "f({ a, b });\n", "main.js"),
    Mended("eslint", "no-useless-rename", "Import a unnecessarily renamed.", "import { $0a as a$0 } from 'm';\n", "import { a } from 'm';\n", "main.js"),
    Mended("eslint", "@typescript-eslint/no-inferrable-types", "Type number trivially inferred from a number literal, remove type annotation.", "let $0x: number = 1$0;\n", "let x = 1;\n", "main.ts"),
    Mended("eslint", "quotes", "Strings must use singlequote.", "f($0\"a\"$0);\n", "f('a');\n", "main.js"),
    Mended("eslint", "no-unneeded-ternary", "Unnecessary use of boolean literals in conditional expression.", "const x = $0a > 1 ? true : false$0;\n", "const x = a > 1;\n", "main.js"),
    Mended("eslint", "no-extra-boolean-cast", "Redundant double negation.", "if ($0!!a$0) f();\n", "if (a) f();\n", "main.js"),
    Mended("eslint", "eol-last", "Newline required at end of file but not found.", "f();$0$0", "f();\n", "main.js"),
    Mended("eslint", "no-trailing-spaces", "Trailing spaces not allowed.", "f();$0  $0\n", "f();\n", "main.js"),
)  # fmt: skip

SYSTEMS: tuple[Mended, ...] = (
    Mended("rustc", "unused_imports", "unused import: `std::fmt`", "use $0std::fmt$0;\nfn main() {}\n", "fn main() {}\n", "main.rs"),
    Mended("rustc", "unused_variables", "unused variable: `x`", "fn main() {\n    let $0x$0 = 1;\n}\n", "fn main() {\n    let _x = 1;\n}\n", "main.rs"),
    Mended("rustc", "unused_mut", "variable does not need to be mutable", "fn main() {\n    let $0mut x$0 = 1;\n    f(x);\n}\n", "fn main() {\n    let x = 1;\n    f(x);\n}\n", "main.rs"),
    Mended("rustc", "unused_parens", "unnecessary parentheses around `if` condition", "fn main() {\n    if $0(a == 1)$0 {}\n}\n", "fn main() {\n    if a == 1 {}\n}\n", "main.rs"),
    Mended("rustc", "unused_must_use", "unused `Result` that must be used", "fn main() {\n    $0f()$0;\n}\n", "fn main() {\n    let _ = f();\n}\n", "main.rs"),
    Mended("rustc", "redundant_semicolons", "unnecessary trailing semicolon", "fn main() {\n    f();$0;$0\n}\n", "fn main() {\n    f();\n}\n", "main.rs"),
    Mended("rustc", "unreachable_code", "unreachable statement", "fn main() {\n    return;\n    $0f();$0\n}\n", "fn main() {\n    return;\n}\n", "main.rs"),
    Mended("rustc", "E0384", "cannot assign twice to immutable variable `x`", "fn main() {\n    let x = 1;\n    $0x = 2$0;\n}\n", "fn main() {\n    let mut x = 1;\n    x = 2;\n}\n", "main.rs"),
    Mended("rustc", "E0596", "cannot borrow `v` as mutable, as it is not declared as mutable", "fn main() {\n    let v = Vec::new();\n    $0v$0.push(1);\n}\n", "fn main() {\n    let mut v = Vec::new();\n    v.push(1);\n}\n", "main.rs"),
    Mended("rustc", "E0425", "cannot find function `fooo` in this scope\nhelp: a function with a similar name exists: `foo`", "fn main() {\n    $0fooo$0();\n}\n", "fn main() {\n    foo();\n}\n", "main.rs"),
    Mended("rustc", "dead_code", "function `f` is never used", "fn $0f$0() {}\n", "#[allow(dead_code)]\nfn f() {}\n", "main.rs"),
    Mended("rustc", "non_snake_case", "function `fooBar` should have a snake case name\nhelp: convert the identifier to snake case: `foo_bar`", "fn $0fooBar$0() {}\nfn main() {\n    fooBar();\n}\n", "fn foo_bar() {}\nfn main() {\n    foo_bar();\n}\n", "main.rs"),
    Mended("clippy", "needless_return", "unneeded `return` statement", "fn f() -> i32 {\n    $0return 1;$0\n}\n", "fn f() -> i32 {\n    1\n}\n", "main.rs"),
    Mended("compiler", "UnusedImport", "\"os\" imported and not used", "package p\n\nimport (\n\t\"fmt\"\n\t$0\"os\"$0\n)\n", "package p\n\nimport (\n\t\"fmt\"\n)\n", "main.go"),
    Mended("compiler", "UnusedVar", "declared and not used: x", "package p\n\nfunc f() {\n\t$0x$0 := g()\n}\n", "package p\n\nfunc f() {\n\t_ = g()\n}\n", "main.go"),
    Mended("unreachable", "default", "unreachable code", "package p\n\nfunc f() int {\n\treturn 1\n\t$0g()$0\n}\n", "package p\n\nfunc f() int {\n\treturn 1\n}\n", "main.go"),
    Mended("printf", "default", "fmt.Printf format %d has arg s of wrong type string", "package p\n\nfunc f() {\n\t$0fmt.Printf(\"%d\\n\", s)$0\n}\n", "package p\n\nfunc f() {\n\tfmt.Printf(\"%v\\n\", s)\n}\n", "main.go"),
    Mended("assign", "default", "self-assignment of x to x", "package p\n\nfunc f(x int) {\n\t$0x = x$0\n\tg()\n}\n", "package p\n\nfunc f(x int) {\n\tg()\n}\n", "main.go"),
    Mended("staticcheck", "S1023", "redundant return statement", "package p\n\nfunc f() {\n\tg()\n\t$0return$0\n}\n", "package p\n\nfunc f() {\n\tg()\n}\n", "main.go"),
)  # fmt: skip

ALL: tuple[Mended, ...] = (*PYTHON, *SCRIPT, *SYSTEMS)
