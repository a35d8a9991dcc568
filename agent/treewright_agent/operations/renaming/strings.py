"""Names in strings and comments: those that mean code, and those a user asks for.

Annotations in quotes and `__all__` are in the index already. Here are forward references
outside annotations (`cast("A", x)`, `TypeVar("T", bound="A")`), literals of dynamic access
(`getattr(obj, "name")`, `patch("pkg.mod.name")`, `globals()["name"]`, `__slots__`), and, on
request, words in docstrings, strings and comments. All but the first and `__slots__` are in
doubt: the user confirms them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from treewright_agent.changes import Note
from treewright_agent.operations.renaming.model import (
    ClassKey,
    Found,
    Names,
    Place,
    Scoped,
)
from treewright_agent.operations.scoping import home_of
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import module_name
from treewright_indexer.graph.occurrences import Part
from treewright_indexer.graph.resolve import Value
from treewright_indexer.model import FileFacts
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_FORWARD = re.compile(
    rb"""(?:\bcast\(\s*|\bbound\s*=\s*|\b(?:NewType|TypeAliasType)\(\s*["'][^"'\n]*["']\s*,\s*"""
    rb"""|\bTypeVar\(\s*["'][^"'\n]*["']\s*,\s*|\bassert_type\([^)"'\n]*,\s*"""
    rb"""|\b(?:List|Dict|Set|FrozenSet|Tuple|Type|Optional|Union|Sequence|Iterable|Iterator|Mapping"""
    rb"""|Callable|Generator|Awaitable|Coroutine|ClassVar|Final|Annotated|list|dict|set|tuple|type"""
    rb"""|frozenset|Required|NotRequired|Generic|Concatenate|Unpack)\[[^\]"'\n]*?)"""
    rb"""(?P<quote>["'])(?P<text>[\w\x80-\xff.,\[\] |]+)(?P=quote)"""
)
_ACCESS = re.compile(
    rb"""\b(?P<call>getattr|setattr|hasattr|delattr|object|setattr|delattr)\(\s*"""
    rb"""(?P<object>[\w\x80-\xff]+(?:\.[\w\x80-\xff]+)*)(?P<called>\([^()"'\n]*\))?\s*,"""
    rb"""\s*(?P<quote>["'])(?P<name>[^"'\n]*)(?P=quote)"""
)
_FETCH = re.compile(
    rb"""\b(?:attrgetter|methodcaller)\(\s*(?P<quote>["'])(?P<name>[^"'\n]*)(?P=quote)"""
)
_SPACE = re.compile(
    rb"""\b(?P<call>globals|locals|vars)\(\)\s*(?:\[|\.(?:get|pop|setdefault)\(|\[)\s*(?P<quote>["'])(?P<name>[^"'\n]*)(?P=quote)"""
)
_PATH = re.compile(rb"""(?P<quote>["'])(?P<text>[\w\x80-\xff]+(?:\.[\w\x80-\xff]+)+)(?P=quote)""")
_SELF_SHOWN = re.compile(rb"\s*=\s*(?:![rsa])?\s*(?::[^{}]*)?\}")
_DOCTEST = re.compile(rb"^[ \t]*(?:>>>|\.\.\.)[ \t][^\n]*", re.MULTILINE)
_MADE = re.compile(
    rb"""\b(?:getattr|hasattr|setattr|delattr)\([^,\n]+,\s*(?:f["'](?P<f>\w{3,})\{|["'](?P<s>\w{3,})["']\s*[+%])"""
)
_BY_PATH = ("patch", "monkeypatch", "import_string")
"""Who takes dotted names in strings; a file that says none of them holds none."""
_LISTS = ("__slots__", "__match_args__")


def _word(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w\x80-\xff])" + re.escape(name.encode()) + rb"(?![\w\x80-\xff])")


def is_data(names: Names, path: str, start: int) -> bool:
    """Whether a quoted word is no annotation: in `Literal["x"]`, behind the type of
    `Annotated[T, "x"]`."""
    data = names.data(path)
    if b"Annotated[" not in data and b"Literal[" not in data:
        return False
    node = names.snapshot.tree(path).root_node.descendant_for_byte_range(start, start + 1)
    if node is None or not node.type.startswith("string"):
        return False
    while node is not None and not node.type.endswith(("statement", "definition")):
        outer = node.parent
        if outer is not None and outer.type in ("subscript", "generic_type", "type_parameter"):
            owner = outer.parent if outer.type == "type_parameter" else outer
            head = owner.named_children[0] if owner is not None else None
            name = (head.text or b"").rpartition(b".")[2] if head is not None else b""
            if name == b"Literal":
                return True
            inside = [c for c in outer.named_children if c.type != "comment" and c != head]
            if name == b"Annotated" and inside and inside[0] != node:
                return True
        node = outer
    return False


# -------------------------------------------------------------------- names of scopes


def find_scoped(names: Names, scopes: Iterable[Scoped], providers: set[str], found: Found) -> None:
    """Forward references, dotted paths and `globals()` of a name that scopes bind."""
    by_path: dict[str, set[int]] = {}
    for path, scope in scopes:
        by_path.setdefault(path, set()).add(scope)
    modules: set[str] | None = None
    old = names.old.encode()
    in_path = b"." + old
    for path, facts, references in names.files():
        data = names.data(path)
        # As many identifiers as there are such words: then none is in a string or comment.
        if data.count(old) == len(references):
            continue
        if not _word_in_quotes(data, old) and b">>> " not in data:
            continue
        here = by_path.get(path, set())
        if 0 in here:
            _doctests(names, path, data, b"", found)
        if here:
            _forward(names, path, facts, data, here, found)
            _namespace(names, path, facts, data, here, found)
        _access_module(names, path, data, providers, found)
        if in_path in data:
            if modules is None:
                dotted = (module_name(names.snapshot, provider) for provider in providers)
                modules = {f"{module}.{names.old}" for module in dotted if module}
            _dotted(names, path, data, modules, found)
    if providers and not names.is_one_file:
        _dotted_elsewhere(names, providers, found)


def _word_in_quotes(data: bytes, old: bytes) -> bool:
    """Whether a line has the word behind a quote and another quote behind it."""
    at = data.find(old)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at)
        before, after = data[start:at], data[at : end if end >= 0 else len(data)]
        if (b'"' in before and b'"' in after) or (b"'" in before and b"'" in after):
            return True
        at = data.find(old, at + len(old))
    return False


def _forward(
    names: Names, path: str, facts: FileFacts, data: bytes, scopes: set[int], found: Found
) -> None:
    word = _word(names.old)
    for match in _FORWARD.finditer(data):
        for inner in word.finditer(data, match.start("text"), match.end("text")):
            start = inner.start()
            if data[start - 1 : start] == b".":
                continue
            if home_of(facts, start, names.old) in scopes and not is_data(names, path, start):
                found.add(Place(path, names.span(start)))


def _namespace(
    names: Names, path: str, facts: FileFacts, data: bytes, scopes: set[int], found: Found
) -> None:
    for match in _SPACE.finditer(data):
        if match["name"] != names.old.encode():
            continue
        start = match.start("name")
        call = match["call"].decode()
        scope = facts.scope_at(start)
        if (call == "globals" and 0 in scopes) or scope in scopes:
            found.add(Place(path, names.span(start), f"a name in `{call}()`"))


def _dotted(names: Names, path: str, data: bytes, modules: set[str], found: Found) -> None:
    """`"pkg.mod.name"`, as mocks and configurations write it."""
    for match in _PATH.finditer(data) if modules else ():
        text = match["text"].decode("utf-8", "replace")
        for dotted in modules:
            if text == dotted or text.startswith(f"{dotted}."):
                start = match.start("text") + len(dotted.encode()) - names.length
                found.add(Place(path, names.span(start), "a dotted name in a string"))


def _dotted_elsewhere(names: Names, providers: set[str], found: Found) -> None:
    """Dotted names in files that say the name nowhere else: tests that put something in its place."""
    in_path = b"." + names.old.encode()
    dotted = (module_name(names.snapshot, provider) for provider in providers)
    modules = {f"{module}.{names.old}" for module in dotted if module}
    seen: set[str] = set()
    for word in _BY_PATH:
        for path in names.snapshot.files_naming(word):
            if path in seen or path in names.uses or not names.is_python(path):
                continue
            seen.add(path)
            names.token.check()
            data = names.data(path)
            if in_path in data:
                _dotted(names, path, data, modules, found)


def _access_module(names: Names, path: str, data: bytes, providers: set[str], found: Found) -> None:
    for start, values in _accesses(names, path, data):
        if any(v.target.kind == "module" and v.target.path in providers for v in values):
            found.add(Place(path, names.span(start), "a name in a string, for dynamic access"))


def _accesses(names: Names, path: str, data: bytes) -> Iterator[tuple[int, list[Value]]]:
    """(offset of the name, what the object is) of each `getattr(object, "name")`."""
    for match in _ACCESS.finditer(data):
        if match["name"] != names.old.encode():
            continue
        offset = match.start("object")
        parts: list[Part] = []
        for part in match["object"].split(b"."):
            parts.append(Part(part.decode("utf-8", "replace"), False, offset))
            offset += len(part) + 1
        if match["called"]:
            parts[-1] = parts[-1]._replace(called=True)
        yield match.start("name"), names.resolver.evaluate(path, parts, match.start())


def note_keywords(names: Names, found: Found) -> None:
    """`kwargs["name"]`: it may become the argument, and nobody can tell."""
    pattern = re.compile(
        rb"\bkw(?:arg)?s?(?:\[|\.(?:get|pop|setdefault)\()\s*[\"']("
        + re.escape(names.old.encode())
        + rb")[\"']"
    )
    made = re.compile(
        rb"\b\w*(?:kwargs|kw|options|opts|params|arguments)\b\s*(?::[^=\n]*)?=\s*"
        rb"\{[^{}]*?[\"'](" + re.escape(names.old.encode()) + rb")[\"']\s*:"
    )
    for path, _, _ in names.files():
        data = names.data(path)
        for match in (*pattern.finditer(data), *made.finditer(data)):
            text = f"'{names.old}' in keyword arguments: not renamed"
            found.notes.append(Note(path, names.span(match.start(1)), text))


# -------------------------------------------------------------------- members


def find_members(names: Names, classes: set[ClassKey], found: Found) -> None:
    """`__slots__`, `getattr` and their like for a member of the classes."""
    old = names.old.encode()
    class_files = {key.path for key in classes}
    for path, facts, references in names.files():
        data = names.data(path)
        if path in class_files:
            _made_names(names, path, data, found)
        if data.count(old) == len(references):
            continue
        if path in class_files:
            _doctests(names, path, data, b".", found)
        if not _word_in_quotes(data, old):
            continue
        if path in class_files:
            _lists(names, path, facts, data, classes, found)
        for start, values in _accesses(names, path, data):
            ours = [v for v in values if _has_member(names, v, classes)]
            if ours:
                found.add(Place(path, names.span(start), "a name in a string, for dynamic access"))
            elif not values:
                text = f"'{names.old}' of an unknown object, in a string: not renamed"
                found.notes.append(Note(path, names.span(start), text))
        for match in _FETCH.finditer(data):
            if match["name"].split(b".")[-1] == old:
                start = match.end("name") - names.length
                text = f"'{names.old}' of an unknown object, in a string: not renamed"
                found.notes.append(Note(path, names.span(start), text))
        _dotted_members(names, path, data, classes, found)


def _doctests(names: Names, path: str, data: bytes, before: bytes, found: Found) -> None:
    """The word in examples that tests run: `>>> name(1)`, with `before` in front of it."""
    if b">>> " not in data:
        return
    word = _word(names.old)
    root = names.snapshot.tree(path).root_node
    for line in _DOCTEST.finditer(data):
        for match in word.finditer(data, line.start(), line.end()):
            dot = data[match.start() - 1 : match.start()] == b"."
            if dot == bool(before) and _kind_of(root, match.start(), match.end()) == "string":
                found.add(Place(path, names.span(match.start()), "in an example that tests run"))


def _made_names(names: Names, path: str, data: bytes, found: Found) -> None:
    """`getattr(self, "on_" + name)` where the member's name begins like that."""
    old = names.old.encode()
    for match in _MADE.finditer(data):
        prefix = match["f"] or match["s"]
        if old.startswith(prefix):
            text = f"names that begin with `{prefix.decode()}` are made here: not renamed"
            found.notes.append(Note(path, Span(*match.span("f" if match["f"] else "s")), text))


def _dotted_members(
    names: Names, path: str, data: bytes, classes: set[ClassKey], found: Found
) -> None:
    """`"pkg.mod.Class.name"`, as mocks write it."""
    wanted: set[str] = set()
    for key in classes:
        facts = names.facts(key.path)
        module = module_name(names.snapshot, key.path)
        if facts is not None and module:
            wanted.add(f"{module}.{facts.qualified_name(key.symbol)}.{names.old}")
    _dotted(names, path, data, wanted, found)


def _has_member(names: Names, value: Value, classes: set[ClassKey]) -> bool:
    for target in names.resolver.member(value, names.old):
        facts = names.facts(target.path)
        if facts is None or target.symbol < 0:
            continue
        if ClassKey(target.path, facts.symbols[target.symbol].parent) in classes:
            return True
    return False


def _lists(
    names: Names,
    path: str,
    facts: FileFacts,
    data: bytes,
    classes: set[ClassKey],
    found: Found,
) -> None:
    """Strings of `__slots__ = ("name",)` in the bodies of the classes."""
    quoted = re.compile(rb"([\"'])" + re.escape(names.old.encode()) + rb"\1")
    for index, symbol in enumerate(facts.symbols):
        if symbol.name not in _LISTS or ClassKey(path, symbol.parent) not in classes:
            continue
        end = facts.symbols[index].end
        for match in quoted.finditer(data, symbol.start, end):
            found.add(Place(path, names.span(match.start() + 1)))


# -------------------------------------------------------------------- shown by themselves


def mark_shown(names: Names, found: Found) -> None:
    """`f"{name=}"` prints the name: such a place changes what the program says."""
    for key, place in list(found.places.items()):
        if place.doubt or place.new:
            continue
        data = names.data(place.path)
        end = place.span.end
        if data[end : end + 1] not in b" =" or not data[end : end + 1]:
            continue
        if _SELF_SHOWN.match(data, end) and _in_interpolation(names, place):
            found.places[key] = place._replace(doubt="the f-string prints the name itself")


def _in_interpolation(names: Names, place: Place) -> bool:
    node = names.snapshot.tree(place.path).root_node.descendant_for_byte_range(*place.span)
    while node is not None:
        if node.type == "interpolation":
            return True
        if node.type.endswith(("statement", "definition")):
            return False
        node = node.parent
    return False


# -------------------------------------------------------------------- on request


def find_words(
    names: Names, paths: Iterable[str], found: Found, *, strings: bool, comments: bool
) -> None:
    """The word in strings (docstrings among them) and comments of the files, each in doubt."""
    word = _word(names.old)
    for path in sorted(set(paths)):
        names.token.check()
        data = names.data(path)
        places = [match.start() for match in word.finditer(data)]
        places = [start for start in places if (path, start) not in found.places]
        if not places:
            continue
        try:
            root = names.snapshot.tree(path).root_node
        except TreewrightError:
            continue
        for start in places:
            kind = _kind_of(root, start, start + names.length)
            if kind == "comment" and comments:
                found.add(Place(path, names.span(start), "in a comment"))
            elif kind == "string" and strings:
                found.add(Place(path, names.span(start), "in a string"))


def _kind_of(root: Node, start: int, end: int) -> str:
    node = root.descendant_for_byte_range(start, end)
    while node is not None:
        if "comment" in node.type:
            return "comment"
        if node.type == "interpolation":
            return ""
        if "string" in node.type:
            return "string"
        node = node.parent
    return ""
