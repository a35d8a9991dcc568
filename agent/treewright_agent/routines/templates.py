"""The template rung: a frame for what was asked, with what is left to do marked in it.

Nothing here guesses what code means. A frame is made of facts (signatures, modules, where tests
stand) and is checked like every other change; the user is told that it is one.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from treewright_agent.calls import Call
from treewright_agent.draft import Draft, text_change
from treewright_agent.routines.request import TaskRequest
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_indexer.graph import Target, targets_named
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

_N = r"[A-Za-z_]\w*"
_FILE = r"[\w./-]*[\w-]+\.pyi?"
_NAME = rf"[`'\"]?(?P<name>{_N}(?:\.{_N})*)(?P<given>\([^)]*\))?[`'\"]?"
_IN = rf"[`'\"]?(?P<file>{_FILE})[`'\"]?"
_TESTS_TOO = r"(?P<tests>\s*,?\s*(?:and\s+)?(?:also\s+)?(?:write|add|with)\s+(?:unit\s+)?tests?.*)?"
_TESTS_TOO_ZH = r"(?P<tests>\s*[,\uff0c]?\s*并?(?:且)?(?:为其)?(?:编写|添加|写)(?:单元)?测试.*)?"

_FUNCTION = (
    re.compile(
        rf"(?:please\s+)?(?:add|create|write|implement)\s+(?:a\s+|an\s+|the\s+)?(?:new\s+|python\s+)?(?:function\s+|method\s+|def\s+)?(?:called\s+|named\s+)?{_NAME}(?:\s+function)?\s+(?:to|in|into)\s+(?:the\s+)?(?:file\s+|module\s+)?{_IN}"
        rf"(?P<what>\s+(?:that|which|to)\s+[^,.]+?)?{_TESTS_TOO}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:请)?(?:在|向)\s*{_IN}\s*(?:文件)?(?:中|里)?\s*(?:添加|新增|增加|实现)\s*(?:一个)?(?:函数|方法)?\s*{_NAME}\s*(?:函数)?{_TESTS_TOO_ZH}"
    ),
)
_TESTS = (
    re.compile(
        rf"(?:please\s+)?(?:write|add|generate|create)\s+(?:some\s+|the\s+|unit\s+|missing\s+|a\s+)*tests?\s+(?:for|of|to\s+cover)\s+(?:the\s+)?(?:function\s+|method\s+|class\s+|file\s+|module\s+)?(?:{_IN}|{_NAME})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:请)?(?:为|给)\s*(?:函数|类|方法|文件)?\s*(?:{_IN}|{_NAME})\s*(?:编写|添加|生成|写)\s*(?:一些)?(?:单元)?测试"
    ),
)
_DOCSTRING = (
    re.compile(
        rf"(?:please\s+)?(?:add|write|give)\s+(?:a\s+|the\s+|missing\s+)*(?:docstring|doc\s+string|documentation)\s+(?:to|for)\s+(?:the\s+)?(?:function\s+|method\s+|class\s+)?{_NAME}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:请)?(?:为|给)\s*(?:函数|类|方法)?\s*{_NAME}\s*(?:添加|加上|编写|写|补充)\s*(?:文档字符串|文档|docstring)"
    ),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """`id` names the template; `left` is what the user has to write."""

    id: str
    title: str
    draft: Draft
    left: str


@dataclass(frozen=True, slots=True)
class _Scene:
    snapshot: Snapshot
    root: str
    token: CancelToken

    def shown(self, path: str) -> str:
        return os.path.relpath(path, self.root).replace(os.sep, "/")


def frame_for(
    request: TaskRequest, snapshot: Snapshot, root: str, token: CancelToken
) -> Frame | None:
    """The frame of what is asked; None when no template fits. Raises CancelledError."""
    text = " ".join(request.instruction.split()).rstrip(".。 !")
    scene = _Scene(snapshot, root, token)
    rows: tuple[tuple[tuple[re.Pattern[str], ...], _Maker], ...] = (
        (_DOCSTRING, _docstring),
        (_TESTS, _tests),
        (_FUNCTION, _function),
    )
    try:
        for patterns, make in rows:
            for pattern in patterns:
                match = pattern.fullmatch(text)
                if match is not None:
                    return make(scene, match)
        place = request.environment.place
        if request.kind == "write_tests" and place is not None:
            return _tests_of(scene, place.path, _around(scene, place.path, place.span.start))
    except CancelledError:
        raise
    except TreewrightError:
        return None  # a file outside the workspace, or one that cannot be read
    return None


_Maker = Callable[["_Scene", "re.Match[str]"], "Frame | None"]


# -------------------------------------------------------------------- a function


def _function(scene: _Scene, match: re.Match[str]) -> Frame | None:
    name, given = match["name"], match["given"] or "()"
    if "." in name or not _is_signature(f"def {name}{given}: ..."):
        return None
    path = scene.snapshot.require_inside(os.path.join(scene.root, match["file"]))
    exists = scene.snapshot.exists(path)
    if exists and any(d.name == name for d in _definitions(scene.snapshot.text(path).string)):
        return None
    what = (match.groupdict().get("what") or "").strip()
    purpose = re.sub(r"^(?:that|which|to)\s+", "", what, flags=re.IGNORECASE)
    doc = f'    """{purpose[:1].upper()}{purpose[1:]}."""\n' if purpose else ""
    code = f"def {name}{given}:\n{doc}    raise NotImplementedError\n"
    draft = Draft(scene.snapshot)
    before = scene.snapshot.text(path).string if exists else ""
    draft = _with(scene, draft, path, f"{before.rstrip()}\n\n\n{code}".lstrip("\n"))
    left = f"the body of {name}"
    if match.groupdict().get("tests"):
        tests = _tests_of(_Scene(draft.snapshot, scene.root, scene.token), path, (name,))
        if tests is not None:
            for entry in tests.draft.log:
                draft = draft.done(entry.call, entry.change)
            left += f", and {tests.left}"
    return Frame("python.function.add", f"Add a frame of {name} to {match['file']}", draft, left)


def _is_signature(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


# -------------------------------------------------------------------- tests


def _tests(scene: _Scene, match: re.Match[str]) -> Frame | None:
    if match["file"]:
        path = scene.snapshot.require_inside(os.path.join(scene.root, match["file"]))
        return _tests_of(scene, path, ()) if scene.snapshot.exists(path) else None
    target = _only(scene, match["name"])
    return _tests_of(scene, target.path, (target.name,)) if target is not None else None


def _tests_of(scene: _Scene, path: str, wanted: tuple[str, ...]) -> Frame | None:
    """A skipped test for each public function of the file, or for those that are wanted."""
    if not path.endswith(".py"):
        return None
    source = scene.snapshot.text(path).string
    found = [
        node
        for node in _definitions(source)
        if (node.name in wanted if wanted else not node.name.startswith("_"))
    ]
    if not found:
        return None
    module = _module(scene, path)
    file = _test_file(scene, path)
    exists = scene.snapshot.exists(file)
    before = scene.snapshot.text(file).string if exists else ""
    known = {node.name for node in ast.walk(ast.parse(before)) if isinstance(node, ast.FunctionDef)}
    bodies = [body for node in found if (body := _test(node)) and body[0] not in known]
    if not bodies:
        return None
    names = ", ".join(node.name for node in found)
    imports = [f"from {module} import {names}"]
    if "import pytest" not in before:
        imports.insert(0, "import pytest")
    head = "\n\n".join(imports) if len(imports) > 1 else imports[0]
    text = "\n\n\n".join((head, *(body for _, body in bodies))) + "\n"
    if exists:
        text = f"{_with_imports(before, imports).rstrip()}\n\n\n" + "\n\n\n".join(
            body for _, body in bodies
        ) + "\n"  # fmt: skip
    draft = _with(scene, Draft(scene.snapshot), file, text)
    return Frame(
        "python.tests.add",
        f"Add a frame of tests of {names} to {scene.shown(file)}",
        draft,
        "what the tests expect",
    )


def _with_imports(before: str, imports: list[str]) -> str:
    """`before` with import lines behind its last import of the top level."""
    last = max(
        (n.end_lineno or 0 for n in ast.parse(before).body if isinstance(n, (ast.Import, ast.ImportFrom))),
        default=0,
    )  # fmt: skip
    lines = before.splitlines(keepends=True)
    missing = [line for line in imports if line not in before]
    return "".join((*lines[:last], *(f"{line}\n" for line in missing), *lines[last:]))


_EXAMPLES = {
    "str": ('"some text"', '""'), "int": ("3", "0", "-1"), "float": ("1.5", "0.0", "-2.5"),
    "bool": ("True", "False"), "list": ("[1, 2]", "[]"), "dict": ('{"a": 1}', "{}"),
    "set": ("{1, 2}", "set()"), "tuple": ("(1, 2)", "()"), "bytes": ('b"ab"', 'b""'),
}  # fmt: skip


def _test(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[str, str]:
    """(name, text): one case for each kind of value that the first parameter takes."""
    name = f"test_{_snake(node.name)}"
    skip = '@pytest.mark.skip(reason="a template: fill in what is expected")'
    if isinstance(node, ast.ClassDef):
        return name, f"{skip}\ndef {name}() -> None:\n    made = {node.name}(...)\n    assert made"
    given = node.args
    required = [*given.posonlyargs, *given.args]
    required = required[: len(required) - len(given.defaults)]
    columns = [_examples(argument) for argument in required]
    n_cases = max((len(column) for column in columns), default=1)
    call = f"{node.name}({', '.join(a.arg for a in required)})"
    if isinstance(node, ast.AsyncFunctionDef):
        call = f"asyncio.run({call})"
    inner = "    import asyncio\n\n" if isinstance(node, ast.AsyncFunctionDef) else ""
    if not required:
        return name, f"{skip}\ndef {name}() -> None:\n{inner}    assert {call} == ..."
    rows = [[column[min(i, len(column) - 1)] for column in columns] for i in range(n_cases)]
    cases = "".join(f"        ({', '.join((*row, '...'))}),\n" for row in rows)
    names = ", ".join(f'"{text}"' for text in (*(a.arg for a in required), "expected"))
    heads = ", ".join((*(a.arg for a in required), "expected"))
    return name, (
        f"{skip}\n@pytest.mark.parametrize(\n    ({names}),\n    [\n{cases}    ],\n)\n"
        f"def {name}({heads}):\n{inner}    assert {call} == expected"
    )


def _examples(argument: ast.arg) -> tuple[str, ...]:
    kind = ast.unparse(argument.annotation).split("[")[0] if argument.annotation else ""
    return _EXAMPLES.get(kind.rsplit(".", 1)[-1].lower(), ("...",))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _test_file(scene: _Scene, path: str) -> str:
    """Where the project keeps its tests: the file that tests this one, else beside the others."""
    stem = os.path.basename(path).removesuffix(".py")
    names = (f"test_{stem}.py", f"{stem}_test.py")
    files = [p for p in scene.snapshot.files() if p.endswith(".py")]
    for file in files:
        if os.path.basename(file) in names:
            return file
    folders = sorted(
        {os.path.dirname(f) for f in files if os.path.basename(f).startswith("test_")},
        key=lambda folder: (_distance(folder, os.path.dirname(path)), folder),
    )
    if folders:
        return os.path.join(folders[0], names[0])
    return os.path.join(scene.root, "tests", names[0])


def _distance(one: str, other: str) -> int:
    common = os.path.commonpath([one, other]) if os.path.isabs(one) == os.path.isabs(other) else ""
    return len(os.path.relpath(one, common or os.sep).split(os.sep))


def _module(scene: _Scene, path: str) -> str:
    """The name that tests import the file by."""
    shown = scene.shown(path).removesuffix(".py").removesuffix("/__init__")
    head, _, rest = shown.partition("/")
    if head in ("src", "lib") and rest:
        shown = rest
    return shown.replace("/", ".")


# -------------------------------------------------------------------- a docstring


def _docstring(scene: _Scene, match: re.Match[str]) -> Frame | None:
    target = _only(scene, match["name"])
    if target is None or not target.path.endswith(".py"):
        return None
    text = scene.snapshot.text(target.path)
    line = text.line_of(target.name_span.start) + 1
    node = next((n for n in _definitions(text.string, deep=True) if n.lineno == line), None)
    if node is None or ast.get_docstring(node) is not None:
        return None
    first = node.body[0]
    if first.lineno == node.lineno:
        return None
    indent = " " * first.col_offset
    lines = _doc_lines(node)
    doc = f'{indent}"""' + f"\n{indent}".join(lines).replace(f"{indent}\n", "\n")
    doc += f'\n{indent}"""\n' if len(lines) > 1 else '"""\n'
    start = text.line_starts[first.lineno - 1]
    after = text.data[:start].decode() + doc + text.data[start:].decode()
    draft = _with(scene, Draft(scene.snapshot), target.path, after)
    return Frame(
        "python.docstring.add", f"Add a frame of a docstring to {target.name}", draft,
        "what each part means",
    )  # fmt: skip


def _doc_lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[str]:
    words = _snake(node.name).replace("_", " ").strip()
    lines = [f"{words[:1].upper()}{words[1:]}."]
    if isinstance(node, ast.ClassDef):
        return lines
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    named = [a for a in given if a.arg not in ("self", "cls")]
    if named:
        lines += ["", "Args:", *(f"    {a.arg}: …" for a in named)]
    own = [n for n in ast.walk(node) if isinstance(n, (ast.Return, ast.Raise))]
    if any(isinstance(n, ast.Return) and n.value is not None for n in own):
        kind = ast.unparse(node.returns) if node.returns is not None else "…"
        lines += ["", "Returns:", f"    {kind}"]
    raised = dict.fromkeys(
        ast.unparse(n.exc.func if isinstance(n.exc, ast.Call) else n.exc)
        for n in own
        if isinstance(n, ast.Raise) and n.exc is not None
    )
    if raised:
        lines += ["", "Raises:", *(f"    {name}: …" for name in raised)]
    return lines


# -------------------------------------------------------------------- helpers


def _with(scene: _Scene, draft: Draft, path: str, text: str) -> Draft:
    """The draft with a file's whole text, as the patch that leads there."""
    change = text_change(draft.snapshot, path, SourceText.of(text))
    call = Call("apply_patch", {"patch": change.diff(draft.snapshot.text, scene.root)})
    return draft.done(call, change)


_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _definitions(source: str, *, deep: bool = False) -> list[_Named]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    nodes = ast.walk(tree) if deep else iter(tree.body)
    return [node for node in nodes if isinstance(node, _Named)]


def _only(scene: _Scene, name: str) -> Target | None:
    found = targets_named(scene.snapshot, name, scene.token)
    return found[0] if len(found) == 1 else None


def _around(scene: _Scene, path: str, offset: int) -> tuple[str, ...]:
    """The definition of the file's top level that holds the byte; () for none."""
    text = scene.snapshot.text(path)
    line = text.line_of(offset) + 1
    return tuple(
        node.name
        for node in _definitions(text.string)
        if node.lineno <= line <= (node.end_lineno or node.lineno)
    )
