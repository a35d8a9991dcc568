"""Operations that make a class out of another: a superclass, a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.class_shapes import bases, class_at, decorators, methods, whole
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.import_removal import lines_of_statements
from treewright_agent.operations.imports import Wanted, is_docstring
from treewright_agent.operations.model import Operation
from treewright_agent.operations.names import require_identifier
from treewright_agent.operations.shapes import Place, code_of, field, find_unit, python_at
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

SUPERCLASS_DOCUMENT = """Extract superclass: move methods into a new base class.

The new class takes over the bases, and the class inherits from it, so that every method is found
where it was. Methods that say `super()`, `__class__` or a name with two underscores mean something else
there and are refused.

    class Dog$0(Animal):
        def name(self):
            return "dog"

        def bark(self):
            return "wuff"
    -> {"name": "Named", "members": ["name"]}
    class Named(Animal):
        def name(self):
            return "dog"


    class Dog(Named):
        def bark(self):
            return "wuff"
"""


class ExtractSuperclass(Place, frozen=True, kw_only=True):
    members: Annotated[tuple[str, ...], msgspec.Meta(description="The methods that move.")]
    name: Annotated[str, msgspec.Meta(description="The new class's name.")] = ""


def _superclass(
    snapshot: Snapshot, arguments: ExtractSuperclass, token: CancelToken
) -> SourceChange:
    file, span = python_at(snapshot, arguments, "extract_superclass")
    cls = class_at(file, span)
    there = methods(file, cls)
    own = file.text_of(field(cls, "name"))
    name = _free(file, arguments.name or f"Base{own}")
    given = bases(file, cls)
    if any(word in base for base in given for word in ("Enum", "NamedTuple", "TypedDict", "=")):
        raise RefusedError("its base class makes more of it than a class")
    if decorators(file, cls):
        raise RefusedError("its decorator may look at its methods")
    if not arguments.members:
        raise RefusedError("which methods should move?")
    nodes: list[Node] = []
    for member in dict.fromkeys(arguments.members):
        function = there.get(member)
        if function is None:
            raise RefusedError(f"`{own}` has no method `{member}`")
        text = file.text_of(function)
        # The new class stands between this one and its bases: `super()` finds the same there.
        for word in ("super(", "__class__"):
            if word in text.replace("super()", ""):
                raise RefusedError(f"`{member}` says `{word.rstrip('(')}`, which means this class")
        private = [
            n for n in _identifiers(file, function) if n.startswith("__") and not n.endswith("__")
        ]
        if private:
            raise RefusedError(f"`{member}` uses `{private[0]}`, which belongs to this class")
        if member in ("__init_subclass__", "__class_getitem__", "__new__"):
            raise RefusedError(f"`{member}` makes the class itself")
        twice = [s for s in code_of(field(cls, "body")) if _named(file, s) == member]
        nodes += twice
    nodes.sort(key=lambda node: node.start_byte)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    indent = file.indentation(nodes[0])
    pieces: list[str] = []
    for node in nodes:
        start = _comment_start(file, node)
        end = file.text.line_span(file.text.line_of(node.end_byte - 1)).end
        data = file.text.data[file.line_start(start) : end]
        pieces.append(data.decode("utf-8", "replace").replace("\r\n", "\n"))
    outer = file.indentation(cls)
    shown = f"({', '.join(given)})" if given else ""
    text = f"{outer}class {name}{shown}:\n" + "\n\n".join(pieces) + "\n\n\n"
    if not indent.startswith(outer):
        raise RefusedError("the class is indented in an odd way")
    editor.insert(file.line_start(whole(cls).start_byte), text)
    listed = cls.child_by_field_name("superclasses")
    if listed is not None:
        editor.replace(Span(*listed.byte_range), f"({name})")
    else:
        editor.insert(field(cls, "name").end_byte, f"({name})")
    left = [s for s in code_of(field(cls, "body")) if s not in nodes]
    if not left:
        editor.replace(
            Span(file.line_start(_comment_start(file, nodes[0])), nodes[-1].end_byte),
            f"{indent}pass",
        )
        return build.build()
    for node in nodes:
        editor.delete(_lines(file, node, left))
    return build.build()


def _lines(file: PythonFile, node: Node, left: list[Node]) -> Span:
    """The lines of a method; one that was the first takes the blank lines behind it along."""
    start = _comment_start(file, node)
    following = [s for s in left if s.start_byte > node.start_byte]
    before = [s for s in left if s.start_byte < node.start_byte]
    if not before and following:
        behind = node.next_sibling
        stop = behind.start_byte if behind is not None else following[0].start_byte
        return Span(file.line_start(start), file.line_start(stop))
    return lines_of_statements(
        file.text, [node], comment=start if start < node.start_byte else None
    )


def _comment_start(file: PythonFile, node: Node) -> int:
    start = node.start_byte
    previous = node.prev_sibling
    while previous is not None and previous.type == "comment" and file.starts_its_line(previous):
        if file.text.line_of(previous.start_byte) != file.text.line_of(start) - 1:
            break
        start = previous.start_byte
        previous = previous.prev_sibling
    return start


def _identifiers(file: PythonFile, node: Node) -> set[str]:
    from treewright_agent.operations.blocks import walk

    return {file.text_of(each) for each in walk(node) if each.type == "identifier"}


def _named(file: PythonFile, statement: Node) -> str:
    inner = statement
    if statement.type == "decorated_definition":
        inner = field(statement, "definition")
    return file.text_of(field(inner, "name")) if inner.type == "function_definition" else ""


def _free(file: PythonFile, name: str) -> str:
    require_identifier(name)
    if name in file.facts.scopes[0].bindings or any(True for _ in file.facts.references(name)):
        raise RefusedError(f"`{name}` already means something in this module")
    return name


EXTRACT_SUPERCLASS = Operation(
    name="extract_superclass",
    title="Extract a superclass",
    arguments=ExtractSuperclass,
    plan=_superclass,
    document=SUPERCLASS_DOCUMENT,
    kind="refactor.extract",
)

PROTOCOL_DOCUMENT = """Extract protocol: a `typing.Protocol` with the methods of a class.

The class stays as it is; the protocol, above it, says what others may ask of it. Without `members`
it has all public methods and properties.

    class Store$0:
        def get(self, key: str) -> bytes:
            return self.data[key]

        def _load(self):
            pass
    -> {"name": "Reader"}
    from typing import Protocol


    class Reader(Protocol):
        def get(self, key: str) -> bytes: ...


    class Store:
        def get(self, key: str) -> bytes:
            return self.data[key]

        def _load(self):
            pass
"""


class ExtractProtocol(Place, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(description="The protocol's name.")] = ""
    members: Annotated[
        tuple[str, ...] | None, msgspec.Meta(description="Methods; without it the public ones.")
    ] = None


def _protocol(snapshot: Snapshot, arguments: ExtractProtocol, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "extract_protocol")
    cls = class_at(file, span)
    there = methods(file, cls)
    own = file.text_of(field(cls, "name"))
    name = _free(file, arguments.name or f"{own}Protocol")
    wanted = arguments.members or tuple(n for n in there if not n.startswith("_"))
    missing = [member for member in wanted if member not in there]
    if missing or not wanted:
        raise RefusedError(
            f"`{own}` has no method `{missing[0]}`" if missing else f"`{own}` has no public method"
        )
    outer = file.indentation(cls)
    if outer:
        raise RefusedError("the class stands inside something else")
    unit = find_unit(file, cls)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    blocks: list[str] = []
    for statement in code_of(field(cls, "body")):
        if _named(file, statement) not in wanted:
            continue
        function = statement
        lines: list[str] = []
        if statement.type == "decorated_definition":
            function = field(statement, "definition")
            for decorator in [c for c in statement.children if c.type == "decorator"]:
                text = file.text_of(decorator)
                bare = text.lstrip("@").strip()
                if bare in ("property", "staticmethod", "classmethod") or bare.endswith(
                    (".setter", ".deleter")
                ):
                    lines.append(f"{unit}{text}")
        body = field(function, "body")
        head = file.text.data[function.start_byte : _colon(function)].decode("utf-8", "replace")
        lines.append(f"{unit}{head.replace(chr(13) + chr(10), chr(10))} ...")
        code = code_of(body)
        if code and is_docstring(code[0]) and file.starts_its_line(code[0]):
            lines[-1] = lines[-1].removesuffix(" ...")
            lines += [f"{unit * 2}{file.text_of(code[0])}", f"{unit * 2}..."]
        blocks.append("\n".join(lines) + "\n")
    ImportBlock(snapshot, file.path).add(editor, [Wanted("typing", "Protocol")])
    start = file.line_start(whole(cls).start_byte)
    editor.insert(start, f"class {name}(Protocol):\n" + "\n".join(blocks) + "\n\n")
    return build.build()


def _colon(function: Node) -> int:
    from treewright_agent.operations.shapes import header_end

    return header_end(function)


EXTRACT_PROTOCOL = Operation(
    name="extract_protocol",
    title="Extract a protocol",
    arguments=ExtractProtocol,
    plan=_protocol,
    document=PROTOCOL_DOCUMENT,
    kind="refactor.extract",
)
