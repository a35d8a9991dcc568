"""What planning a request looks up: symbols, files, parameters. A name of two definitions is a
question to the user, and without an answer nothing is changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from treewright_agent.calls import Call
from treewright_agent.draft import Draft
from treewright_agent.operations import OPERATIONS
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph import Target, targets_named
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

Choose = Callable[[str, tuple[str, ...]], "str | None"]
"""(question, choices) -> the user's choice, or None when nobody answered."""


class NoRuleError(TreewrightError):
    """A request that no rule can do here; the ladder goes on."""


class UndecidedError(TreewrightError):
    """The request has several meanings, and the user did not say which."""

    def __init__(self, question: str, choices: tuple[str, ...]) -> None:
        super().__init__(f"{question} ({'; '.join(choices)})")
        self.question = question
        self.choices = choices


@dataclass(frozen=True, slots=True)
class Planned:
    draft: Draft
    title: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """What planning needs besides the intent."""

    snapshot: Snapshot
    root: str
    choose: Choose
    token: CancelToken

    def shown(self, path: str) -> str:
        shown = os.path.relpath(path, self.root).replace(os.sep, "/")
        return path if shown.startswith("../") else shown


# -------------------------------------------------------------------- looking things up


def operation(*names: str) -> str:
    """The first operation that exists. Raises NoRuleError."""
    known = {operation.name for operation in OPERATIONS}
    for name in names:
        if name in known:
            return name
    raise NoRuleError(f"there is no operation {' or '.join(names)}")


def target_of(
    scene: Scene, symbol: str, file: str = "", kinds: frozenset[str] | None = None
) -> Target:
    """The one definition that `symbol` names. Raises NoRuleError, UndecidedError."""
    path, _, dotted = symbol.rpartition("::")
    place = path or file
    found = targets_named(scene.snapshot, dotted or symbol, scene.token)
    if place:
        found = [target for target in found if _stands_in(scene, target, place)]
    if kinds:
        found = [target for target in found if target.kind in kinds] or found
    tops = [target for target in found if not target.container]
    if "." not in symbol and len(tops) == 1 and len(found) > 1 and not _same_rank(found):
        found = tops
    if not found:
        raise NoRuleError(f"no symbol named {symbol!r}" + (f" in {place}" if place else ""))
    sources = [target for target in found if not target.path.endswith(".pyi")]
    if len(sources) == 1 and {t.name for t in found} == {sources[0].name}:
        found = sources  # the others are its stubs
    if len(found) == 1:
        return found[0]
    names = tuple(_named(scene, target) for target in found)
    question = f"{symbol!r} names {len(found)} definitions: which one?"
    answer = scene.choose(question, names)
    if answer is None or answer not in names:
        raise UndecidedError(question, names)
    return found[names.index(answer)]


def _same_rank(found: list[Target]) -> bool:
    """Whether members are meant as likely as the definition at the top of a file."""
    return any(target.container for target in found)


def _named(scene: Scene, target: Target) -> str:
    line = scene.snapshot.text(target.path).line_of(target.name_span.start) + 1
    dotted = f"{target.container}.{target.name}" if target.container else target.name
    return f"{scene.shown(target.path)}::{dotted} (line {line})"


def _stands_in(scene: Scene, target: Target, place: str) -> bool:
    """Whether a definition is in the file, module, package or class that `place` names."""
    if "/" in place or place.endswith((".py", ".pyi")) or _is_there(scene, place):
        return target.path in files_of(scene, place)
    module = scene.shown(target.path).rpartition(".")[0].removesuffix("/__init__").replace("/", ".")
    holder = f"{module}.{target.container}" if target.container else module
    return f".{holder}".endswith(f".{place}") or f".{place}." in f".{module}."


def _is_there(scene: Scene, given: str) -> bool:
    return scene.snapshot.exists(os.path.join(scene.root, given))


def files_of(scene: Scene, place: str) -> list[str]:
    """The files of a file, folder, package or module that a request names; '' means all.

    A place may be named without the folders above it: `app/models.py`, `requests.utils`.
    Raises NoRuleError for one that is not there, UndecidedError for a file of two places.
    """
    files = sorted(scene.snapshot.files())
    wanted = place.strip().removeprefix("./").rstrip("/")
    if not wanted or wanted == ".":
        return files
    if _is_there(scene, wanted) and any(p == os.path.join(scene.root, wanted) for p in files):
        return [os.path.join(scene.root, wanted)]
    shown = {path: "/" + scene.shown(path) for path in files}
    for name in dict.fromkeys((wanted, wanted.replace(".", "/"))):
        top = f"/{name}/"
        inside = [path for path in files if shown[path].startswith(top)]
        inside = inside or [path for path in files if top in shown[path]]
        module = [p for p in files if shown[p].endswith((f"/{name}.py", f"/{name}.pyi"))]
        exact = [p for p in module if shown[p].rpartition(".")[0] == f"/{name}"]
        if exact or inside or module:
            return exact or inside or module
    if os.path.splitext(wanted)[1]:
        return [file_of(scene, place)]
    raise NoRuleError(f"there is no file, folder, package or module {place}")


def file_of(scene: Scene, given: str) -> str:
    """The absolute path of a file or module that a request names.

    Raises NoRuleError, UndecidedError.
    """
    path = scene.snapshot.require_inside(os.path.join(scene.root, given))
    if scene.snapshot.exists(path):
        return path
    tails = ["/" + given.lstrip("./")]
    if "/" not in given:
        dotted = given.replace(".", "/")
        tails += [f"/{dotted}.py", f"/{dotted}/__init__.py"]
    found: list[str] = []
    for tail in tails:
        found = found or [
            p for p in scene.snapshot.files() if p.replace(os.sep, "/").endswith(tail)
        ]
    if not found:
        raise NoRuleError(f"there is no file {given}")
    if len(found) > 1:
        names = tuple(scene.shown(p) for p in sorted(found))
        question = f"{given} names {len(found)} files: which one?"
        answer = scene.choose(question, names)
        if answer not in names:
            raise UndecidedError(question, names)
        return sorted(found)[names.index(answer)]
    return found[0]


def new_file(scene: Scene, given: str) -> str:
    """Where a file that may not be there yet belongs, relative to the root: in the folder that
    is there under that name, also when the folders above it were left out."""
    head, _, last = given.strip("/").rpartition("/")
    if not head or _is_there(scene, head):
        return given.strip("/")
    folders = {os.path.dirname(scene.shown(path)) for path in scene.snapshot.files()}
    found = sorted(folder for folder in folders if ("/" + folder).endswith("/" + head))
    return f"{found[0]}/{last}" if len(found) == 1 else given.strip("/")


def at(scene: Scene, target: Target) -> dict[str, Any]:
    return {"path": scene.shown(target.path), "offset": target.name_span.start}


FUNCTIONS = frozenset({"function", "method", "constructor"})
Plan = tuple[str, list[Call]]


def _parameters(scene: Scene, target: Target) -> tuple[Node, Node]:
    """The definition of a function and the list of its parameters. Raises NoRuleError."""
    node = scene.snapshot.tree(target.path).root_node.descendant_for_byte_range(*target.name_span)
    while node is not None and node.type != "function_definition":
        node = node.parent
    listed = node.child_by_field_name("parameters") if node is not None else None
    if node is None or listed is None:
        raise NoRuleError(f"the parameters of {target.name} cannot be read")
    return node, listed


def parameter_offset(scene: Scene, target: Target, name: str) -> int:
    """Where the parameter's name stands, in bytes. Raises NoRuleError."""
    for child in _parameters(scene, target)[1].named_children:
        pending = [child]
        while pending:
            here = pending.pop()
            if here.type == "identifier":
                if here.text == name.encode():
                    return here.start_byte
                break
            pending += reversed(here.named_children)
    raise NoRuleError(f"{target.name} has no parameter {name}")


def signature_rows(scene: Scene, target: Target) -> list[dict[str, Any]]:
    """The parameters of a function as they stand, without self, as rows of change_signature."""
    text = scene.snapshot.text(target.path)
    node, listed = _parameters(scene, target)
    rows: list[dict[str, Any]] = []
    for child in listed.named_children:
        if child.type in ("keyword_separator", "positional_separator"):
            rows.append({"name": "*" if child.type == "keyword_separator" else "/"})
            continue
        named = child.child_by_field_name("name") or child
        if child.type == "typed_parameter":
            named = child.named_children[0]
        rows.append({"name": text.slice(Span(named.start_byte, named.end_byte))})
    decorated = node.parent is not None and node.parent.type == "decorated_definition"
    is_static = decorated and b"staticmethod" in text.data[node.parent.start_byte : node.start_byte]  # type: ignore[union-attr]
    if target.kind in ("method", "constructor") and not is_static and rows:
        rows.pop(0)
    return rows
