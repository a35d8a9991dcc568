"""Names that may stand at a cursor: members behind a dot, else what the scopes and the index hold.

Behind a dot come the members of what stands before it, as far as the graph knows it. A bare name
comes from the scopes around it, the language's own words, and, once two letters are there, from
every file of the workspace, to be imported. What only types decide is asked elsewhere: `unknown`
says when the graph's answer is not all there is.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import module_name
from treewright_indexer.graph.names import MAX_DEPTH, visible_scopes
from treewright_indexer.graph.occurrences import Part, receiver_before
from treewright_indexer.graph.resolve import CLASS_KINDS, Resolver, Value
from treewright_indexer.ide.arguments import Parameter, call_at, parameters_of
from treewright_indexer.ide.recent import Recent
from treewright_indexer.ide.signatures import CallSite
from treewright_indexer.ide.unfinished import as_if_finished
from treewright_indexer.model import Scope
from treewright_indexer.search.symbols import rank_of
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.languages import Language

T = TypeVar("T")

LIMIT: Final = 200
INDEX_LIMIT: Final = 60
MIN_INDEX_LETTERS: Final = 2
_PREFIX: Final = re.compile(rb"[\w$\x80-\xff]*\Z")
_FROM: Final = re.compile(rb"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import\b[^#\n]*\Z")
_MODULE: Final = re.compile(rb"^[ \t]*(?:from|import)[ \t]+(\.*)((?:\w+\.)*)\w*\Z")
_TEXT: Final = ("comment", "string")
_CODE_IN_TEXT: Final = frozenset({"interpolation", "template_substitution", "string_interpolation"})


class Item(NamedTuple):
    label: str
    kind: str
    """Of a symbol, or `keyword`, `parameter`, `module`, `local`, `builtin`."""
    detail: str
    group: int
    """Smaller groups come first: 0 near, 1 the file, 2 the language, 3 to be imported."""
    path: str = ""
    offset: int = -1
    """Where it is defined, when the graph knows; the name's first byte."""
    module: str = ""
    """The module that it must be imported from; '' when it is there already."""


class Completion(NamedTuple):
    span: Span
    """The letters that the cursor stands behind, which an item replaces."""
    items: list[Item]
    incomplete: bool
    """More letters may bring other items."""
    unknown: bool
    """What stands before the dot is not fully known to the graph."""
    call: CallSite | None = None
    """The call of an unknown function, an argument of which begins at the cursor."""


NOTHING: Final = Completion(Span(0, 0), [], False, False)


def complete(
    snapshot: Snapshot,
    path: str,
    offset: int,
    token: CancelToken,
    *,
    imports: bool = True,
    recent: Recent | None = None,
) -> Completion:
    """`imports`: also offer names that have to be imported. `recent`: texts of a moment ago whose
    facts are known, to be read in place of this one's. Raises UnknownFileError."""
    text, language = snapshot.text(path), snapshot.language(path)
    if language is None:
        return NOTHING
    match = _PREFIX.search(text.data, max(0, offset - 256), offset)
    start = match.start() if match is not None else offset
    prefix = text.data[start:offset].decode("utf-8", "replace")
    span = Span(start, offset)
    if prefix[:1].isdigit():
        return NOTHING._replace(span=span)
    at = start
    overlay = snapshot.overlays.get(path)
    earlier = recent.near(overlay, offset) if recent is not None and overlay is not None else None
    if earlier is not None:
        overlays = {**snapshot.overlays, path: earlier.overlay}
        snapshot = Snapshot(snapshot.revision, snapshot.folders, overlays)
        at = min(start, earlier.offset)
        # The old tree says what the place was, the new letters whether they begin a string.
        quoted = any(text.data.count(quote, at, start) % 2 for quote in (b"'", b'"', b"`"))
        in_text = quoted or b"#" in text.data[at:start] or _in_text(snapshot, path, at)
    else:
        in_text = _in_text(snapshot, path, start)
        snapshot = as_if_finished(snapshot, path, offset)
    if in_text:
        return NOTHING._replace(span=span)
    if recent is not None and earlier is None and overlay is not None:
        recent.learn(snapshot.overlays[path])  # for the next letter
    resolver = Resolver(snapshot, token)
    line = text.data[text.line_starts[text.line_of(start)] : offset]
    if language.modules == "python":
        found = _in_import(resolver, path, line, prefix)
        if found is not None:  # a package of another distribution is known to others
            return Completion(span, found, False, not found)
    if text.data[max(0, start - 2) : start].endswith((b".", b"->", b"::")):
        parts = receiver_before(text.data, start) or []
        parts = [part._replace(start=min(part.start, at)) for part in parts]
        items, unknown = _members(resolver, path, parts, at, prefix)
        return Completion(span, items[:LIMIT], len(items) > LIMIT, unknown)
    items = _names(resolver, path, at, prefix, language)
    call = call_at(text.data, start) if language.id == "python" else None
    if call is not None:
        parameters = parameters_of(resolver, path, call, at)
        items = sorted(
            [*keyword_arguments(parameters, prefix), *items], key=lambda item: _order(item, prefix)
        )
        call = None if parameters else call
    taken = {item.label for item in items}
    if imports and len(prefix) >= MIN_INDEX_LETTERS:
        items += _importable(resolver, path, prefix, taken, language)
    incomplete = imports or len(items) > LIMIT
    return Completion(span, items[:LIMIT], incomplete, False, call)


def keyword_arguments(parameters: Iterable[Parameter], prefix: str) -> list[Item]:
    """`name=` for each parameter that the letters fit."""
    return [
        Item(f"{each.name}=", "parameter", each.text, 0)
        for each in parameters
        if _fits(each.name, prefix)
    ]


def _in_text(snapshot: Snapshot, path: str, offset: int) -> bool:
    """True inside a comment or a string, but not in code inside a string."""
    try:
        node = snapshot.tree(path).root_node.descendant_for_byte_range(offset, offset)
    except TreewrightError:
        return False
    while node is not None:
        kind = node.type
        if kind in _CODE_IN_TEXT:
            return False
        if any(word in kind for word in _TEXT):
            # Right before a string is still code, and so is right behind one.
            end = node.end_byte + ("comment" in kind)
            if node.start_byte < offset < end:
                return not _is_annotation(node)
        node = node.parent
    return False


def _is_annotation(node: Node) -> bool:
    """True for a string that stands for a type."""
    parent = node.parent
    while parent is not None and parent.type in ("subscript", "tuple", "binary_operator", "string"):
        parent = parent.parent
    return parent is not None and parent.type in ("type", "generic_type", "type_parameter")


def _better(prefix: str) -> int:
    """The worst rank (see `rank_of`) that still is offered: few letters match anything."""
    return 5 if len(prefix) > 1 else 2


def _fits(name: str, prefix: str) -> bool:
    if not prefix:
        return True
    rank = rank_of(name, prefix)
    return rank is not None and rank <= _better(prefix)


def fits_best_first(items: Iterable[T], prefix: str, label: Callable[[T], str]) -> list[T]:
    """Those whose label the letters fit; among equally good ones the order stays."""
    if not prefix:
        return list(items)
    ranked = [(rank_of(label(item), prefix), item) for item in items]
    fitting = [
        (rank, item) for rank, item in ranked if rank is not None and rank <= _better(prefix)
    ]
    return [item for _, item in sorted(fitting, key=lambda pair: pair[0])]


# Members


def _members(
    resolver: Resolver, path: str, parts: list[Part], start: int, prefix: str
) -> tuple[list[Item], bool]:
    """The members of what stands before the dot, and whether there may be others."""
    values = resolver.evaluate(path, parts, start) if parts else []
    found: dict[str, Item] = {}
    unknown = not values
    for value in values:
        if value.target.kind == "module":
            for item in _exports(resolver, value.target.path, prefix):
                found.setdefault(item.label, item)
            continue
        held = resolver.inner(value.target) if value.target.kind not in CLASS_KINDS else {}
        for name, indexes in held.items():  # of an object that is written out
            member = resolver.target_of(value.target.path, indexes[0])
            if _fits(name, prefix):
                found.setdefault(
                    name, Item(name, member.kind, "", 0, member.path, member.name_span.start)
                )
        if held:
            continue
        items, closed = _of_class(resolver, value, prefix)
        unknown = unknown or not closed
        for item in items:
            found.setdefault(item.label, item)
    ordered = sorted(found.values(), key=lambda item: _order(item, prefix))
    return ordered, unknown


def _of_class(resolver: Resolver, value: Value, prefix: str) -> tuple[list[Item], bool]:
    """The class's own members, then those of its bases; whether every base is known."""
    items: list[Item] = []
    closed = True
    for depth, cls in enumerate(resolver.ancestors(value)):
        facts = resolver.facts(cls.path)
        if facts is None:
            continue
        symbol = facts.symbols[cls.symbol]
        named = [base for base in symbol.bases if "=" not in base and base.strip() != "object"]
        closed = closed and len(resolver.bases(cls)) >= len(named)
        for name, indexes in resolver.member_indexes(cls.path, cls.symbol).items():
            if not _fits(name, prefix):
                continue
            member = facts.symbols[indexes[0]]
            items.append(
                Item(
                    name, member.kind, member.signature, min(depth, 2), cls.path, member.name_start
                )
            )
    return items, closed


def _exports(resolver: Resolver, path: str, prefix: str, depth: int = 0) -> list[Item]:
    """The names that a module of the workspace has."""
    facts = resolver.facts(path)
    given = resolver.snapshot.language(path)
    if facts is None or given is None:
        return []
    language = given.id
    items: list[Item] = []
    symbols = resolver.member_indexes(path, -1)
    again = [each for each in facts.imports if each.reexport]
    for item in again:
        name = item.alias or item.name
        if name == "*":
            file = resolver.modules.find(path, item.module, item.level)
            if file is not None and depth < MAX_DEPTH and language != "python":
                items += _exports(resolver, file, prefix, depth + 1)
        elif _fits(name, prefix) and name not in facts.scopes[0].bindings:
            items.append(Item(name, "variable", "", 0, path, item.name_start))
    for name, (start, kind) in facts.scopes[0].bindings.items() if facts.scopes else ():
        if not _fits(name, prefix):
            continue
        if name in symbols:
            symbol = facts.symbols[symbols[name][0]]
            items.append(Item(name, symbol.kind, symbol.signature, 0, path, symbol.name_start))
        else:
            items.append(
                Item(name, "module" if kind == "import" else "variable", "", 1, path, start)
            )
    return items


# Imports


def _in_import(resolver: Resolver, path: str, line: bytes, prefix: str) -> list[Item] | None:
    """Inside `from a import …` and `import a.…`; None anywhere else."""
    match = _FROM.match(line)
    if match is not None:
        level, module = len(match.group(1)), match.group(2).decode()
        file = resolver.modules.find(path, module, level)
        if file is None:
            return []
        items = _exports(resolver, file, prefix)
        taken = {item.label for item in items}
        items += [i for i in _submodules(resolver, file, prefix) if i.label not in taken]
        return sorted(items, key=lambda item: _order(item, prefix))[:LIMIT]
    match = _MODULE.match(line)
    if match is None:
        return None
    level, module = len(match.group(1)), match.group(2).decode().rstrip(".")
    if not level and not module:
        return _top_modules(resolver, path, prefix)
    file = resolver.modules.find(path, module, level)
    return _submodules(resolver, file, prefix) if file is not None else []


def _submodules(resolver: Resolver, package: str, prefix: str) -> list[Item]:
    folder, _, base = package.rpartition("/")
    if not base.startswith("__init__."):
        return []
    names: dict[str, None] = {}
    for file in _files_below(resolver.snapshot, folder):
        name, slash, _ = file.partition("/")
        stem = name.removesuffix(".py").removesuffix(".pyi")
        if stem.isidentifier() and not stem.startswith("__") and (slash or name != stem):
            names[stem] = None
    return [Item(name, "module", "", 1) for name in sorted(names) if _fits(name, prefix)]


def _top_modules(resolver: Resolver, path: str, prefix: str) -> list[Item]:
    names: dict[str, int] = {}
    for root in resolver.modules.roots(path):
        for file in _files_below(resolver.snapshot, root):
            head, slash, _ = file.partition("/")
            stem = head.removesuffix(".py")
            if stem.isidentifier() and (slash or head.endswith(".py")):
                names.setdefault(stem, 0)
    for name in _standard_modules():
        names.setdefault(name, 2)
    items = [Item(n, "module", "", group) for n, group in names.items() if _fits(n, prefix)]
    return sorted(items, key=lambda item: _order(item, prefix))[:LIMIT]


def _files_below(snapshot: Snapshot, folder: str) -> Iterable[str]:
    prefix = folder.rstrip("/") + "/"
    for path in snapshot.files():
        if path.startswith(prefix):
            yield path[len(prefix) :]


@lru_cache(maxsize=1)
def _standard_modules() -> tuple[str, ...]:
    import sys

    return tuple(sorted(name for name in sys.stdlib_module_names if not name.startswith("_")))


# Bare names


def _names(
    resolver: Resolver, path: str, start: int, prefix: str, language: Language
) -> list[Item]:
    """The names of the scopes around `start`, nearest first, then the language's own."""
    facts = resolver.facts(path)
    found: dict[str, Item] = {}
    if facts is not None and facts.scopes:
        innermost = facts.scope_at(start)
        for index in visible_scopes(facts, innermost, python=language.id == "python"):
            scope = facts.scopes[index]
            for name, (at, kind) in scope.bindings.items():
                if name in found or name == prefix or not _fits(name, prefix):
                    continue
                if _is_ahead(scope, kind, index, innermost) and at > start:
                    continue  # bound further down
                symbol = resolver.symbol_starting(path, at)
                group = 0 if index else 1
                if symbol >= 0:
                    known = facts.symbols[symbol]
                    found[name] = Item(name, known.kind, known.signature, group, path, at)
                else:
                    shown = {"import": "module", "type": "class"}.get(kind, kind)
                    found[name] = Item(name, shown, "", group, path, at)
    if facts is not None and facts.n_errors and prefix:
        # What a syntax error hides from the scopes is still a word of the file.
        for name in resolver.snapshot.file_facts(path).postings:
            if name not in found and name != prefix and _fits(name, prefix):
                found[name] = Item(name, "local", "", 2)
    for name in _words(language):
        if name not in found and prefix and name.startswith(prefix):
            found[name] = Item(name, "keyword", "", 2)
    if language.id == "python":
        for name in _builtins():
            if name not in found and prefix and _fits(name, prefix):
                found[name] = Item(name, "builtin", "", 2)
    return sorted(found.values(), key=lambda item: _order(item, prefix))


def _is_ahead(scope: Scope, kind: str, index: int, innermost: int) -> bool:
    """Whether a name of the scope must be bound above its use; that of a comprehension need not."""
    return kind != "parameter" and index == innermost and index > 0 and scope.kind != "block"


def _importable(
    resolver: Resolver, path: str, prefix: str, taken: set[str], language: Language
) -> list[Item]:
    """Top-level symbols of other files, to be imported; in Python only, where we can."""
    snapshot = resolver.snapshot
    items: dict[tuple[str, str], Item] = {}
    modules: dict[str, str | None] = {}
    for hit in snapshot.symbols_matching(prefix, INDEX_LIMIT):
        if hit.container or hit.path == path or hit.name in taken or not _fits(hit.name, prefix):
            continue
        other = snapshot.language(hit.path)
        if other is None or other.modules != language.modules:
            continue
        if language.modules != "python":
            items.setdefault(
                (hit.name, ""), Item(hit.name, hit.kind, "", 3, hit.path, hit.name_start)
            )
            continue
        if hit.path not in modules:
            modules[hit.path] = module_name(snapshot, hit.path)
        module = modules[hit.path]
        if module and hit.kind != "module":
            item = Item(hit.name, hit.kind, module, 3, hit.path, hit.name_start, module)
            items.setdefault((hit.name, module), item)
    return list(items.values())


def _order(item: Item, prefix: str) -> tuple[int, int, int, str]:
    rank = rank_of(item.label, prefix) if prefix else 0
    hidden = 2 if item.label.startswith("__") else 1 if item.label.startswith("_") else 0
    return (
        9 if rank is None else rank,
        hidden if not prefix.startswith("_") else 0,
        item.group,
        item.label,
    )


@lru_cache(maxsize=1)
def _builtins() -> tuple[str, ...]:
    return tuple(name for name in dir(builtins) if not name.startswith("_"))


@lru_cache(maxsize=64)
def _words(language: Language) -> tuple[str, ...]:
    """The keywords of the language: those of Python, else the lower-case tokens of its grammar."""
    if language.id == "python":
        return (*keyword.kwlist, *keyword.softkwlist)
    grammar = language.grammar
    names = {
        name
        for index in range(grammar.node_kind_count)
        if not grammar.node_kind_is_named(index)
        and (name := grammar.node_kind_for_id(index)) is not None
    }
    return tuple(sorted(name for name in names if re.fullmatch(r"[a-z][a-z_]+", name)))


def documentation(snapshot: Snapshot, path: str, offset: int) -> tuple[str, str]:
    """(signature, documentation) of the symbol whose name starts at `offset`; '' when unknown."""
    resolver = Resolver(snapshot)
    index = resolver.symbol_starting(path, offset)
    facts = resolver.facts(path)
    if facts is None or index < 0:
        return "", ""
    symbol = facts.symbols[index]
    return symbol.signature, symbol.doc
