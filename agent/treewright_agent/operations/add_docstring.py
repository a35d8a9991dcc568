"""Add docstring: from what the code says, in the style that the project writes.

The name gives the summary, the signature the parameters, `return`, `yield` and `raise` the rest.
Google's, NumPy's and reST's styles are told from ruff's settings, else from the docstrings around;
without any it is Google's. The words are a start: a reader still has to say why.

    def read_rows(path: str, limit: int = 10) -> list[str]$0:
        if limit < 0:
            raise ValueError("limit must not be negative")
        return [path] * limit
    -> {}
    def read_rows(path: str, limit: int = 10) -> list[str]:
        \"\"\"Read rows.

        Args:
            path: The path.
            limit: The limit.

        Returns:
            The rows.

        Raises:
            ValueError: limit must not be negative
        \"\"\"
        if limit < 0:
            raise ValueError("limit must not be negative")
        return [path] * limit
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, cast

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile, walk
from treewright_agent.operations.imports import is_docstring
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    chain_at,
    code_of,
    field,
    find_unit,
    header_end,
    holds,
    python_at,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.snapshot import Snapshot

if TYPE_CHECKING:
    from tree_sitter import Node

Style = Literal["auto", "google", "numpy", "rest", "plain"]
_MARKS: dict[str, re.Pattern[str]] = {
    "google": re.compile(r"^\s*(?:Args|Arguments|Returns|Raises|Yields):\s*$", re.MULTILINE),
    "numpy": re.compile(r"^\s*(?:Parameters|Returns|Raises|Yields)\s*\n\s*-{3,}\s*$", re.MULTILINE),
    "rest": re.compile(r"^\s*:(?:param|returns?|raises?|rtype|type)\b.*:", re.MULTILINE),
}
_MAX_NEIGHBOURS = 40
_QUESTIONS = ("is", "has", "can", "should", "was", "are", "needs", "may")


class AddDocstring(Place, frozen=True, kw_only=True):
    style: Annotated[
        Style, msgspec.Meta(description="`auto`: as the project; `plain`: the summary alone.")
    ] = "auto"


class Parameter(NamedTuple):
    name: str
    annotation: str


class Said(NamedTuple):
    """What a docstring has to tell of a function."""

    parameters: list[Parameter]
    returns: str
    """What it returns, in words; '' for nothing."""
    returns_type: str
    yields: bool
    raises: list[tuple[str, str]]


def _plan(snapshot: Snapshot, arguments: AddDocstring, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "add_docstring")
    build = ChangeBuilder(snapshot)
    node = _definition(file, span.start)
    if node is None:
        _of_module(file, build)
        return build.build()
    body = field(node, "body")
    code = code_of(body)
    if node.has_error or not code:
        raise RefusedError("the definition is not whole")
    if is_docstring(code[0]):
        raise RefusedError("it has a docstring already")
    if not file.starts_its_line(code[0]):
        raise RefusedError("its body stands on the same line")
    indent = file.indentation(code[0])
    name = file.text_of(field(node, "name"))
    if node.type == "class_definition":
        lines = [f"{_words(name).capitalize()}."]
    else:
        style = detected(snapshot, file, token) if arguments.style == "auto" else arguments.style
        lines = written(style, name, said_of(file, node), find_unit(file, node))
    at = file.line_start(code[0].start_byte)
    comment = body.prev_sibling  # comments above the first statement stay below the docstring
    while comment is not None and comment.type == "comment" and file.starts_its_line(comment):
        at = file.line_start(comment.start_byte)
        comment = comment.prev_sibling
    if at < header_end(node):
        raise RefusedError("its body stands on the same line")
    build.file(file.path).insert(at, quoted(lines, indent) + "\n")
    return build.build()


def quoted(lines: list[str], indent: str) -> str:
    r"""The docstring of `lines`, each indented; raw when a line holds a backslash."""
    prefix = "r" if any("\\" in line for line in lines) else ""
    if len(lines) == 1:
        return f'{indent}{prefix}"""{lines[0]}"""'
    body = "\n".join(f"{indent}{line}" if line else "" for line in lines[1:])
    return f'{indent}{prefix}"""{lines[0]}\n{body}\n{indent}"""'


def _definition(file: PythonFile, offset: int) -> Node | None:
    for node in chain_at(file.root, file.trimmed(offset, offset)):
        inner: Node | None = node
        if node.type == "decorated_definition":
            inner = node.child_by_field_name("definition")
        if inner is not None and inner.type in ("function_definition", "class_definition"):
            if node.start_byte <= offset <= header_end(inner):
                return inner
            break
    if offset > _head(file):
        raise RefusedError("the cursor is on no definition's head")
    return None


def _head(file: PythonFile) -> int:
    """Where the module's first statement begins."""
    code = [child for child in file.root.named_children if child.type != "comment"]
    return code[0].start_byte if code else len(file.text.data)


def _of_module(file: PythonFile, build: ChangeBuilder) -> None:
    code = [child for child in file.root.named_children if child.type != "comment"]
    if code and is_docstring(code[0]):
        raise RefusedError("the module has a docstring already")
    name = os.path.splitext(os.path.basename(file.path))[0]
    if name == "__init__":
        name = os.path.basename(os.path.dirname(file.path))
    at = 0
    for line in range(file.text.n_lines):
        start, end = file.text.line_span(line)
        text = file.text.data[start:end]
        if line < 2 and (text.startswith(b"#!") or re.match(rb"#.*coding[:=]", text)):
            at = file.text.line_span(line, with_break=True).end
        else:
            break
    gap = "\n" if code and not file.text.data[at:].startswith((b"\n", b"\r\n")) else ""
    build.file(file.path).insert(at, f'"""{_words(name).capitalize()}."""\n{gap}')


# -------------------------------------------------------------------- what there is to say


def said_of(file: PythonFile, function: Node) -> Said:
    parameters: list[Parameter] = []
    listed = field(function, "parameters")
    method = function.parent
    while method is not None and method.type in ("decorated_definition", "block"):
        method = method.parent
    is_method = method is not None and method.type == "class_definition"
    for index, child in enumerate(c for c in listed.named_children if c.type != "comment"):
        if child.type in ("keyword_separator", "positional_separator"):
            continue
        named = child.child_by_field_name("name") or child
        if child.type == "typed_parameter":
            named = child.named_children[0]
        name = file.text_of(named)
        if index == 0 and is_method and name in ("self", "cls"):
            continue
        annotation = child.child_by_field_name("type")
        parameters.append(Parameter(name, file.text_of(annotation) if annotation else ""))
    body = field(function, "body")
    annotation = function.child_by_field_name("return_type")
    returns_type = file.text_of(annotation) if annotation is not None else ""
    yields = holds(body, ("yield",))
    returns = not yields and returns_type not in ("None", "NoReturn", "Never") and (
        bool(returns_type) or any(r.named_children for r in own_returns(body))
    )  # fmt: skip
    name = file.text_of(field(function, "name"))
    return Said(
        parameters,
        _result(name, returns_type) if returns or yields else "",
        returns_type,
        yields,
        _raises(file, body),
    )


def own_returns(body: Node) -> list[Node]:
    """The `return` statements of a function, without those of functions inside it."""
    found: list[Node] = []
    pending = [body]
    while pending:
        here = pending.pop()
        if here.type == "return_statement":
            found.append(here)
        if here.type not in ("function_definition", "class_definition", "lambda"):
            pending += here.children
    return sorted(found, key=lambda node: node.start_byte)


def _raises(file: PythonFile, body: Node) -> list[tuple[str, str]]:
    """(exception, its message where one is written) of the `raise` statements, each once."""
    found: dict[str, str] = {}
    for node in walk(body):
        if node.type != "raise_statement" or not node.named_children:
            continue
        here: Node | None = node.parent
        while (
            here is not None and here != body and here.type not in ("function_definition", "lambda")
        ):
            here = here.parent
        if here != body:
            continue
        raised = node.named_children[0]
        name, message = raised, ""
        if raised.type == "call":
            name = field(raised, "function")
            given = field(raised, "arguments").named_children
            if given and given[0].type == "string" and not holds(given[0], ("interpolation",)):
                try:
                    message = str(ast.literal_eval(file.text_of(given[0])))
                except (SyntaxError, ValueError):
                    message = ""
        text = file.text_of(name)
        last = text.rpartition(".")[2]
        named = re.fullmatch(r"[A-Za-z_][\w.]*", text) and last[:1].isupper()
        if named and last != "NotImplementedError":
            found.setdefault(text, " ".join(message.split()))
    return list(found.items())


def _words(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.strip("_*"))
    return " ".join(spaced.replace("_", " ").split()).lower() or "it"


def _summary(name: str) -> str:
    if name == "__init__":
        return "Make a new one."
    words = _words(name)
    first, _, rest = words.partition(" ")
    if first in _QUESTIONS and rest:
        return f"Whether it {words}."
    return f"{words.capitalize()}."


def _result(name: str, annotation: str) -> str:
    words = _words(name)
    first, _, rest = words.partition(" ")
    if annotation == "bool" or first in _QUESTIONS:
        return "Whether it is so."
    return f"The {rest}." if rest else "The result."


# -------------------------------------------------------------------- the styles


def written(style: str, name: str, said: Said, unit: str) -> list[str]:
    lines = [_summary(name)]
    if style == "plain" or not (said.parameters or said.returns or said.raises):
        return lines
    described = [(p, f"The {_words(p.name)}.") for p in said.parameters]
    result = said.returns
    word = "Yields" if said.yields else "Returns"
    if style == "rest":
        lines.append("")
        lines += [f":param {p.name.lstrip('*')}: {text}" for p, text in described]
        if result:
            lines.append(f":{'yields' if said.yields else 'returns'}: {result}")
        lines += [f":raises {error}: {text}".rstrip() for error, text in said.raises]
        return lines
    if style == "numpy":
        if described:
            lines += ["", "Parameters", "----------"]
            for p, text in described:
                lines += [f"{p.name} : {p.annotation}" if p.annotation else p.name, f"{unit}{text}"]
        if result:
            lines += ["", word, "-" * len(word)]
            lines += [said.returns_type, f"{unit}{result}"] if said.returns_type else [result]
        if said.raises:
            lines += ["", "Raises", "------"]
            for error, text in said.raises:
                lines += [error, *([f"{unit}{text}"] if text else [])]
        return lines
    if described:
        lines += ["", "Args:", *(f"{unit}{p.name}: {text}" for p, text in described)]
    if result:
        lines += ["", f"{word}:", f"{unit}{result}"]
    if said.raises:
        lines += [
            "",
            "Raises:",
            *(f"{unit}{error}: {text}".rstrip() for error, text in said.raises),
        ]
    return lines


def detected(snapshot: Snapshot, file: PythonFile, token: CancelToken) -> str:
    """The style of ruff's settings, of this file's docstrings, or of its neighbours'."""
    configured = _configured(file.path)
    if configured:
        return configured
    folder = os.path.dirname(file.path)
    found = _counted([symbol.doc for symbol in file.facts.symbols])
    if found:
        return found
    docs: list[str] = []
    try:
        names = sorted(os.listdir(folder))[:_MAX_NEIGHBOURS]
    except OSError:
        names = []
    for name in names:
        token.check()
        path = os.path.join(folder, name)
        if not name.endswith(".py") or path == file.path:
            continue
        try:
            docs += [symbol.doc for symbol in snapshot.facts(path).symbols]
        except TreewrightError:
            continue
    return _counted(docs) or "google"


def _counted(docs: list[str]) -> str:
    counts = {
        style: sum(1 for doc in docs if doc and mark.search(doc)) for style, mark in _MARKS.items()
    }
    best = max(counts, key=lambda style: counts[style])
    return best if counts[best] else ""


def _configured(path: str) -> str:
    folder = os.path.dirname(path)
    while True:
        for name in ("ruff.toml", ".ruff.toml", "pyproject.toml"):
            file = os.path.join(folder, name)
            try:
                stamp = os.stat(file).st_mtime_ns
            except OSError:
                continue
            return _convention(file, stamp)
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent


@lru_cache(maxsize=64)
def _convention(file: str, stamp: int) -> str:
    try:
        table: Any = tomllib.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    keys = ["tool", "ruff"] if file.endswith("pyproject.toml") else []
    for key in [*keys, "lint", "pydocstyle", "convention"]:
        table = cast(dict[str, Any], table).get(key) if isinstance(table, dict) else None
    return {"google": "google", "numpy": "numpy", "pep257": "rest"}.get(str(table), "")


ADD_DOCSTRING = Operation(
    name="add_docstring",
    title="Add a docstring",
    arguments=AddDocstring,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
