"""A member of a class: its whole hierarchy, and the attributes that mean it.

Classes belong together when one inherits from the other and both define the name: then a call
on one may reach the other. What stands before a dot is looked up by the graph; what it does
not know is asked of jedi; what neither knows is marked or left alone, and said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from treewright_agent.changes import Note
from treewright_agent.operations.renaming import external
from treewright_agent.operations.renaming.jedi import Jedi
from treewright_agent.operations.renaming.model import (
    ClassKey,
    Found,
    Names,
    Place,
    Root,
    class_of_scope,
)
from treewright_agent.operations.renaming.receivers import Unknown
from treewright_agent.operations.renaming.roots import CLASS_KINDS
from treewright_agent.operations.scoping import home_of
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Target
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.graph.resolve import Value
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.text import Span

_TYPES: tuple[Any, ...] = (
    object, str, bytes, bytearray, list, dict, set, frozenset, tuple, int, float, complex, type,
    range, slice, memoryview, property, Exception, OSError, iter(()), (i for i in ()), open,
    lambda: 0, type.mro,
)  # fmt: skip
_COMMON = frozenset(name for kind in _TYPES for name in dir(kind)) | frozenset(
    """
    read readline readlines write writelines seek tell flush close closed fileno name mode
    match search group groups start end span sub split findall finditer pattern
    get set run start stop join wait send recv acquire release put result done cancel
    execute fetchone fetchall commit rollback cursor connect info debug warning error
    """.split()
)
"""Names that objects of the language and its library have: an unknown receiver may be one."""

_CALLED_BY_NAME = {
    **dict.fromkeys(
        ("find_spec", "find_module", "find_loader", "create_module", "exec_module", "load_module"),
        "Python's import system",
    ),
    **dict.fromkeys(("pytest_generate_tests", "setup_method", "teardown_method"), "pytest"),
}
"""Methods of classes without a base that are found by their name alone."""
_MAX_BELOW = 400
"""Classes that inherit from a family that are looked at."""


class Members:
    """The classes that share a member, and the places that mean it."""

    def __init__(self, names: Names, root: Root, jedi: Jedi, *, overrides: bool = False) -> None:
        """Raises RefusedError when a base outside the workspace defines the member, unless
        `overrides` lets it."""
        self.names = names
        self.jedi = jedi
        self.unsure_base = ""
        """A class outside the workspace that may define the name too."""
        self.lineages: dict[ClassKey, list[Target]] = {}
        self.candidates = self._candidates(root)
        self.classes = self._family(root)
        self._lines = self._definition_lines()
        if not overrides:
            self._require_own()

    # ---------------------------------------------------------------- the hierarchy

    def _candidates(self, root: Root) -> list[ClassKey]:
        """Every class of the workspace with a member of that name."""
        names = self.names
        found: dict[ClassKey, None] = dict.fromkeys(root.classes)
        for hit in names.resolver.symbols_named(names.old):
            facts = names.facts(hit.path)
            index = names.resolver.symbol_starting(hit.path, hit.name_start)
            if facts is None or index < 0:
                continue
            parent = facts.symbols[index].parent
            if parent >= 0 and facts.symbols[parent].kind in CLASS_KINDS:
                found[ClassKey(hit.path, parent)] = None
        return list(found)

    def lineage(self, key: ClassKey) -> list[Target]:
        """The class and its bases in the workspace."""
        if key not in self.lineages:
            target = self.names.resolver.target_of(key.path, key.symbol)
            self.lineages[key] = list(self.names.resolver.lineage(target))
        return self.lineages[key]

    def _family(self, root: Root) -> set[ClassKey]:
        above: dict[ClassKey, set[ClassKey]] = {}
        known = set(self.candidates)
        for key in self.candidates:
            self.names.token.check()
            above[key] = {ClassKey(t.path, t.symbol) for t in self._above(key)} & known
        family: set[ClassKey] = set()
        for key in root.classes:
            family |= above[key] & {k for k in known if self._has(k)} or {key}
        grown = True
        while grown:
            grown = False
            for key in self.candidates:
                if key not in family and above[key] & family:
                    family.add(key)
                    grown = True
                elif key in family and not above[key] <= family:
                    family |= above[key]
                    grown = True
        return family

    def _above(self, key: ClassKey) -> list[Target]:
        """The class, its bases, and the metaclasses that declare what their classes have."""
        found = list(self.lineage(key))
        for target in self.lineage(key):
            facts = self.names.facts(target.path)
            for base in facts.symbols[target.symbol].bases if facts is not None else ():
                option, _, written = base.partition("=")
                if option.strip() != "metaclass":
                    continue
                at = target.span.start
                for meta in self.names.resolver.resolve_name(target.path, written.strip(), at):
                    if meta.kind in CLASS_KINDS:
                        found += self.names.resolver.lineage(meta)
        return found

    def _has(self, key: ClassKey) -> bool:
        members = self.names.resolver.member_indexes(key.path, key.symbol)
        return self.names.old in members

    def _require_own(self) -> None:
        """Refuse what a class outside the workspace defines as well."""
        names = self.names
        for key in sorted(self.classes):
            for target in self.lineage(key):
                facts = names.facts(target.path)
                if facts is None:
                    continue
                own = {base.key for base in names.resolver.bases(target)}
                for base in facts.symbols[target.symbol].bases:
                    if self.is_own(target, base, own):
                        continue
                    verdict = external.defines(names.snapshot, target.path, base, names.old)
                    if verdict:
                        raise RefusedError(
                            f"`{names.old}` overrides a member of `{base}`, which is outside this"
                            f" workspace (base of `{target.name}`,"
                            f" {names.shown(target.path, target.name_span.start)})"
                        )
                    if verdict is None:
                        self.unsure_base = base
        self._require_no_mixture()
        protocol = _CALLED_BY_NAME.get(self.names.old)
        if protocol:
            raise RefusedError(f"`{self.names.old}` is called by that name by {protocol}")

    def _require_no_mixture(self) -> None:
        """Refuse what a class below gets from a class outside the workspace as well: `class
        Test(unittest.TestCase, Mixin)`, where the mixin declares `assertEqual`."""
        names = self.names
        for target in self._below():
            facts = names.facts(target.path)
            bases = facts.symbols[target.symbol].bases if facts is not None else ()
            if len(bases) < 2:
                continue
            own = {base.key for base in names.resolver.bases(target)}
            for base in bases:
                if self.is_own(target, base, own):
                    continue
                if external.defines(names.snapshot, target.path, base, names.old):
                    raise RefusedError(
                        f"`{target.name}` ({names.shown(target.path, target.name_span.start)})"
                        f" has `{names.old}` from `{base}` too, which is outside this workspace"
                    )

    def _below(self) -> list[Target]:
        """The classes that inherit from the family, at any depth, nearest first."""
        resolver = self.names.resolver
        found: dict[tuple[str, int], Target] = {}
        queue = [resolver.target_of(key.path, key.symbol) for key in sorted(self.classes)]
        while queue and len(found) < _MAX_BELOW:
            current = queue.pop(0)
            for path, uses in self.names.snapshot.uses(current.name):
                starts = [use.start for use in uses if use.role == Role.INHERIT]
                facts = self.names.facts(path) if starts else None
                for start in starts if facts is not None else ():
                    index = facts.symbol_at(start) if facts is not None else -1
                    if index < 0 or facts is None or facts.symbols[index].kind not in CLASS_KINDS:
                        continue
                    below = resolver.target_of(path, index)
                    known = below.key in found or ClassKey(path, index) in self.classes
                    if not known and any(b.key == current.key for b in resolver.bases(below)):
                        found[below.key] = below
                        queue.append(below)
        return list(found.values())

    def is_own(self, target: Target, base: str, own: set[tuple[str, int]]) -> bool:
        """True when the base as written is a class of the workspace."""
        facts = self.names.facts(target.path)
        if facts is None or not own:
            return False
        head = base.partition("[")[0].partition("(")[0].strip().rpartition(".")[2]
        resolver = self.names.resolver
        return any(
            resolver.facts(path) is not None
            and (index := resolver.symbol_starting(path, start)) >= 0
            and self._called(path, index, head, target.path)
            for path, start in own
        )

    def _called(self, path: str, index: int, head: str, user: str) -> bool:
        facts = self.names.facts(path)
        assert facts is not None
        name = facts.symbols[index].name
        if name == head:
            return True
        there = self.names.facts(user)
        return there is not None and any(i.alias == head and i.name == name for i in there.imports)

    def _definition_lines(self) -> set[tuple[str, int]]:
        """(file, line) of every definition in the family, as jedi names places."""
        lines: set[tuple[str, int]] = set()
        names = self.names
        for key in self.classes:
            facts = names.facts(key.path)
            indexes = names.resolver.member_indexes(key.path, key.symbol).get(names.old, ())
            for index in indexes:
                assert facts is not None
                lines.add((key.path, names.line(key.path, facts.symbols[index].name_start)))
            for use in names.uses.get(key.path, ()):  # jedi names any of several assignments
                if use.attribute and use.role == Role.WRITE:
                    enclosing = names.resolver.enclosing_class(key.path, use.start)
                    if enclosing is not None and enclosing.symbol == key.symbol:
                        lines.add((key.path, names.line(key.path, use.start)))
        return lines

    # ---------------------------------------------------------------- the places

    def find(self, found: Found) -> None:
        undecided: dict[str, list[int]] = defaultdict(list)
        names = self.names
        for path, facts, references in names.files():
            for reference in references:
                start = reference.start
                if reference.role == Role.IMPORT:
                    continue
                if reference.role == Role.KEYWORD:
                    self._keyword(found, path, start)
                    continue
                dotted = reference.attribute
                if not dotted:
                    home = home_of(facts, start, names.old)
                    if home >= 0:
                        symbol = class_of_scope(facts, home)
                        if symbol >= 0 and ClassKey(path, symbol) in self.classes:
                            found.add(Place(path, names.span(start)))
                        continue
                    before = names.data(path)[max(0, start - 32) : start].rstrip()
                    dotted = before.endswith(b".") and not before.endswith(b"..")
                if dotted:
                    verdict = self._attribute(found, path, facts, start)
                    if verdict is None:
                        undecided[path].append(start)
        self._ask(found, undecided)

    def _attribute(self, found: Found, path: str, facts: FileFacts, start: int) -> bool | None:
        """Whether the attribute at `start` is the member; None when the graph cannot tell."""
        names = self.names
        resolver = names.resolver
        own = resolver.symbol_starting(path, start)
        if own >= 0:
            ours = ClassKey(path, facts.symbols[own].parent) in self.classes
            if ours:
                found.add(Place(path, names.span(start)))
            return ours
        parts = receiver_before(names.data(path), start)
        values = resolver.evaluate(path, parts, start) if parts else []
        if parts and not values:
            head = parts[0].name
            if self._is_foreign_module(path, facts, head, start, len(parts)):
                return False
        verdicts = {self._value(value) for value in values}
        if not verdicts or verdicts == {None}:
            verdicts = self._inferred(path, start)
        if True in verdicts:
            doubt = "it may be another class's member as well" if False in verdicts else ""
            found.add(Place(path, names.span(start), doubt))
            return True
        return None if None in verdicts else False

    def _inferred(self, path: str, start: int) -> set[bool | None]:
        """The verdicts on everything that the object before the dot can be."""
        verdicts: set[bool | None] = set()
        for kind in self.names.receivers.before_dot(path, start):
            if isinstance(kind, Value):
                verdicts.add(self._value(kind))
            elif isinstance(kind, Unknown):
                verdicts.add(None)
            elif not verdicts:  # no class of the workspace: says nothing beside one that is
                verdicts.add(False)
        if verdicts == {True, False} or verdicts == {True, None}:
            return verdicts if self._is_contested(path, start) else {True}
        return verdicts

    def _is_contested(self, path: str, start: int) -> bool:
        """Whether another class of the workspace that the object can be has such a member."""
        others = (
            kind
            for kind in self.names.receivers.before_dot(path, start)
            if isinstance(kind, Value) and self._value(kind) is False
        )
        return any(self.names.resolver.member(kind, self.names.old) for kind in others)

    def _value(self, value: Value) -> bool | None:
        """Whether the member of a value is ours; None when its class is not fully known."""
        names = self.names
        if value.target.kind == "module":
            return False
        targets = names.resolver.member(value, names.old)
        if targets:
            return any(self._is_ours(target) for target in targets)
        if value.target.kind not in CLASS_KINDS:
            return None
        if any(
            ClassKey(t.path, t.symbol) in self.classes for t in names.resolver.lineage(value.target)
        ):
            return True
        return None if names.resolver.bases(value.target) or self._open(value.target) else False

    def _open(self, target: Target) -> bool:
        facts = self.names.facts(target.path)
        bases = facts.symbols[target.symbol].bases if facts is not None else ()
        return any("=" not in base and base != "object" for base in bases)

    def _is_ours(self, target: Target) -> bool:
        facts = self.names.facts(target.path)
        if facts is None or target.symbol < 0:
            return False
        return ClassKey(target.path, facts.symbols[target.symbol].parent) in self.classes

    def _is_foreign_module(
        self, path: str, facts: FileFacts, name: str, offset: int, n_parts: int
    ) -> bool:
        """`os.name`: a module outside the workspace, itself or its attribute."""
        home = home_of(facts, offset, name)
        if home < 0:
            return False
        if facts.scopes[home].bindings.get(name, (0, ""))[1] != "import":
            return False
        finder = self.names.resolver.modules
        for item in facts.imports:
            if item.alias == name and facts.scope_at(item.start) == home:
                if not item.name:
                    return finder.find(path, item.module, item.level) is None
                return n_parts == 1 and finder.find(path, item.module, item.level) is None
        return False

    def _ask(self, found: Found, undecided: dict[str, list[int]]) -> None:
        names = self.names
        alone = self._is_alone()
        self.jedi.expect(sum(len(offsets) for offsets in undecided.values()))
        for path in sorted(undecided):
            names.token.check()
            offsets = undecided[path]
            self.jedi.ask(path, offsets)
            for start in offsets:
                verdict = self.jedi.leads_to(path, start, self._lines)
                if verdict:
                    found.add(Place(path, names.span(start)))
                elif verdict is None and alone:
                    doubt = "what stands before the dot is not known here"
                    found.add(Place(path, names.span(start), doubt))
                elif verdict is None:
                    text = f"`{names.old}` of an unknown object: not renamed"
                    found.notes.append(Note(path, names.span(start), text))

    def _is_alone(self) -> bool:
        """No other class of the workspace and no object of the language has such a member."""
        others = [key for key in self.candidates if key not in self.classes]
        return not others and self.names.old not in _COMMON

    # ---------------------------------------------------------------- keywords

    def _keyword(self, found: Found, path: str, start: int) -> None:
        """`C(name=…)` of a class without an `__init__` of its own, `case C(name=…)`."""
        from treewright_agent.operations.renaming.parameters import (
            callee_span,
            callees,
            is_class_pattern,
        )

        names = self.names
        span = callee_span(names.snapshot, path, start)
        if span is None:
            return
        if self._is_copied_with(path, span):
            found.add(Place(path, names.span(start)))
            return
        pattern = is_class_pattern(names.snapshot, path, start)
        for target in callees(names, path, start, self.jedi):
            if target.kind not in CLASS_KINDS:
                continue
            has_init = names.resolver.member(Value(target), "__init__")
            if has_init and not pattern:
                continue
            members = names.resolver.member(Value(target), names.old)
            if any(self._is_ours(member) for member in members):
                found.add(Place(path, names.span(start)))
                return

    def _is_copied_with(self, path: str, called: Span) -> bool:
        """`replace(x, name=…)`, `evolve(x, name=…)`, `x._replace(name=…)` of one of ours."""
        text = self.names.data(path)[called.start : called.end].rpartition(b".")[2]
        if text not in (b"replace", b"evolve", b"_replace", b"__replace__"):
            return False
        root = self.names.snapshot.tree(path).root_node
        node = root.descendant_for_byte_range(called.start, called.end)
        if node is None or node.parent is None:
            return False
        owner = node.child_by_field_name("object") if node.type == "attribute" else None
        if not text.startswith(b"_"):
            arguments = node.parent.child_by_field_name("arguments")
            given = arguments.named_children if arguments is not None else []
            owner = given[0] if given and given[0].type != "keyword_argument" else None
        kinds = self.names.receivers.evaluate(path, owner) if owner is not None else ()
        return any(isinstance(kind, Value) and self._value(kind) for kind in kinds)


def keys_of(targets: Iterable[Target]) -> set[ClassKey]:
    return {ClassKey(target.path, target.symbol) for target in targets}
