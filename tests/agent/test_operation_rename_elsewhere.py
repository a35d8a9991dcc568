"""rename_symbol in TypeScript, JavaScript, Go and Rust: what scopes and imports prove, or nothing.

`<old>` is a place that must become `fresh`, `<old|x>` one that becomes `x`; `$0` is the cursor.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.operations import check_operation, check_refused

NEW = "fresh"
_MARK = re.compile(r"<(\w+)(?:\|([^<>]*))?>")


def before_of(text: str) -> str:
    return _MARK.sub(r"\1", text)


def after_of(text: str) -> str:
    return _MARK.sub(lambda match: match[2] or NEW, text.replace("$0", ""))


CASES = [
    pytest.param("//- a.ts\nfunction f(a: number) {\n  const $0<old> = a;\n  return () => <old> + 1;\n}\nconst old = 2;\n", id="a local of TypeScript"),
    pytest.param("//- a.ts\nfunction f($0<old>: number) {\n  { let old = 1; g(old); }\n  return <old>;\n}\n", id="a parameter, not a block's"),
    pytest.param("//- a.ts\nfunction $0<old>() {}\n<old>();\n//- b.ts\nfunction old() {}\nold();\n", id="a function of one module"),
    pytest.param("//- a.ts\nexport function $0<old>() {}\n//- b.ts\nimport { <old> } from './a';\n<old>();\n//- c.ts\nimport { <old> as x } from './a';\nx();\n", id="an exported function"),
    pytest.param("//- a.ts\nexport class $0<old> {}\n//- b.ts\nimport { <old> } from './a';\nconst x: <old> = new <old>();\n", id="an exported class and its type"),
    pytest.param("//- a.js\nexport const $0<old> = 1;\n//- b.js\nimport { <old> } from './a.js';\nconsole.log(<old>);\n", id="an exported constant of JavaScript"),
    pytest.param("//- a.js\nfunction f() {\n  const $0<old> = 1;\n  return { <old|old: fresh>, x: <old> };\n}\n", id="a shorthand property"),
    pytest.param("//- go.mod\nmodule m\n//- a.go\npackage m\n\nfunc f() int {\n\t$0<old> := 1\n\treturn <old>\n}\n", id="a local of Go"),
    pytest.param("//- a.rs\nfn f($0<old>: i32) -> i32 {\n    let x = <old>;\n    x + <old>\n}\n", id="a parameter of Rust"),
]  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_what_is_proven_follows(tmp_path: Path, text: str) -> None:
    check_operation(tmp_path, "rename_symbol", before_of(text), after_of(text), new_name=NEW)


REFUSED = [
    pytest.param("//- a.ts\nfunction f() {\n  const $0old = 1;\n  const new_ = 2;\n  return old;\n}\n", "new_", "there already", id="a name that is taken"),
    pytest.param("//- a.ts\nfunction f() {\n  const $0old = 1;\n}\n", "class", "keyword", id="a keyword"),
    pytest.param("//- a.ts\nfunction f() {\n  const $0old = 1;\n}\n", "1x", "not an identifier", id="no identifier"),
    pytest.param("//- a.ts\nconst $0old = 1;\nfunction f(fresh: number) {\n  return old + fresh;\n}\n", "fresh", "would mean another name", id="a name that a scope hides"),
    pytest.param("//- a.go\npackage m\n\nfunc f() {\n\t$0old := 1\n\t_ = old\n}\n", "func", "keyword", id="a keyword of Go"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "new", "reason"), REFUSED)
def test_is_refused(tmp_path: Path, text: str, new: str, reason: str) -> None:
    check_refused(tmp_path, "rename_symbol", text, reason, new_name=new)
