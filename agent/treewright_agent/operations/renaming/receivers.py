"""What stands before a dot, read from the tree: a small inference over one workspace.

The graph knows chains of names; this knows expressions. It follows every binding of a name,
annotations, constructors, what functions return, loops, `with`, `except`, `isinstance` and the
containers between them. It never guesses: what it cannot follow it says it does not know, and
a name with one unknown binding is unknown as a whole.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treewright_agent.operations.scoping import home_of
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.resolve import CLASS_KINDS, Resolver, Value
from treewright_indexer.model import FileFacts, Role

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_DEPTH = 12
_MAX_BINDINGS = 24
_MAX_RETURNS = 12


@dataclass(frozen=True, slots=True)
class Foreign:
    """A value of the language or of a library: no class of the workspace."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A container: what its elements are, and for a mapping its keys."""

    items: Types
    keys: Types = frozenset()
    fixed: tuple[Types, ...] = ()
    """Of a tuple: each element by its place."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Cannot be followed."""


Kind = Value | Foreign | Box | Unknown
Types = frozenset[Kind]

UNKNOWN = Unknown()
_NOTHING: Types = frozenset()
_UNSURE: Types = frozenset({UNKNOWN})
_LITERAL: Types = frozenset({Foreign()})
_LITERALS = frozenset(
    {
        "string", "concatenated_string", "integer", "float", "true", "false", "ellipsis",
        "not_operator", "comparison_operator",
    }
)  # fmt: skip
_SEQUENCES = frozenset(
    """list List set Set frozenset FrozenSet Sequence MutableSequence Iterable Iterator Collection
    AbstractSet MutableSet deque Deque Generator AsyncIterator AsyncIterable AsyncGenerator
    Container Reversible KeysView ValuesView""".split()
)
_MAPPINGS = frozenset(
    """dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict ChainMap""".split()
)
_WRAPPERS = frozenset(
    """Optional Union ClassVar Final Annotated Required NotRequired ReadOnly Awaitable Coroutine
    InitVar""".split()
)
_BINDS = frozenset({Role.WRITE, Role.DEFINITION, Role.PARAMETER, Role.IMPORT})
_PASSING = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"})
_PLAIN = frozenset(
    """str bytes bytearray int float complex bool len repr hash id abs round sum ord chr hex oct bin
    format isinstance issubclass callable any all range open input print object""".split()
)
_FOREIGN_TYPES = frozenset(
    name for name in dir(builtins) if isinstance(getattr(builtins, name), type)
)
_STRING_LISTS = frozenset({"split", "rsplit", "splitlines"})


class Receivers:
    """Evaluates expressions of the snapshot's Python files; one for each operation."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[tuple[str, int, int], Types] = {}
        self._names: dict[tuple[str, int, str], Types] = {}
        self._attributes: dict[tuple[str, int, str], Types] = {}
        self._returns: dict[tuple[str, int], Types] = {}

    def before_dot(self, path: str, name_start: int) -> Types:
        """What the object is whose attribute's name starts at the byte; UNKNOWN among them when
        not everything is known."""
        root = self._root(path)
        node = root.descendant_for_byte_range(name_start, name_start + 1) if root else None
        parent = node.parent if node is not None else None
        if node is None or parent is None:
            return _UNSURE
        if parent.type == "attribute":
            owner = parent.child_by_field_name("object")
            if owner is not None and owner.end_byte <= name_start:
                return self.evaluate(path, owner)
        return _UNSURE

    def evaluate(self, path: str, node: Node, depth: int = 0) -> Types:
        if depth > _MAX_DEPTH:
            return _UNSURE
        key = (path, node.start_byte, node.end_byte)
        if key not in self._known:
            self._known[key] = _UNSURE  # a circle ends here
            self._known[key] = self._evaluate(path, node, depth + 1)
        return self._known[key]

    def _evaluate(self, path: str, node: Node, depth: int) -> Types:
        kind = node.type
        if kind == "identifier":
            return self._identifier(path, node, depth)
        if kind in _LITERALS:
            return _LITERAL
        if kind == "none":
            return _NOTHING  # `x = None` says that there may be nothing, not what there is
        if kind == "attribute":
            return self._attribute(path, node, depth)
        if kind == "call":
            return self._call(path, node, depth)
        if kind == "subscript":
            return self._subscript(path, node, depth)
        if kind in ("parenthesized_expression", "await"):
            inner = node.named_children
            return self.evaluate(path, inner[-1], depth) if inner else _UNSURE
        if kind == "named_expression":
            value = node.child_by_field_name("value")
            return self.evaluate(path, value, depth) if value is not None else _UNSURE
        if kind == "conditional_expression":
            parts = node.named_children
            return self._union(path, (parts[0], parts[-1]), depth) if len(parts) == 3 else _UNSURE
        if kind == "boolean_operator":
            return self._union(path, node.named_children, depth)
        if kind in ("list", "set", "tuple", "expression_list"):
            return self._display(path, node, depth)
        if kind == "dictionary":
            return self._dictionary(path, node, depth)
        if kind in ("list_comprehension", "set_comprehension", "generator_expression"):
            body = node.child_by_field_name("body")
            items = self.evaluate(path, body, depth) if body is not None else _UNSURE
            return frozenset({Box(items)})
        if kind in ("binary_operator", "unary_operator"):
            return self._operator(path, node, depth)
        return _UNSURE

    def _union(self, path: str, nodes: Iterable[Node], depth: int) -> Types:
        found: Types = _NOTHING
        for node in nodes:
            if node.type != "comment":
                found |= self.evaluate(path, node, depth)
        return found

    def _operator(self, path: str, node: Node, depth: int) -> Types:
        operands = [child for child in node.named_children if child.type != "comment"]
        found = self._union(path, operands, depth)
        return _LITERAL if found and all(isinstance(kind, Foreign) for kind in found) else _UNSURE

    def _display(self, path: str, node: Node, depth: int) -> Types:
        elements = [child for child in node.named_children if child.type != "comment"]
        if any("splat" in child.type for child in elements):
            return frozenset({Box(_UNSURE)})
        if len(elements) > _MAX_BINDINGS:
            return frozenset({Box(_UNSURE)})
        each = tuple(self.evaluate(path, child, depth) for child in elements)
        items = frozenset[Kind]().union(*each)
        fixed = each if node.type in ("tuple", "expression_list") else ()
        if not each:  # `[]`: what is put into it later is not followed
            return frozenset({Box(_UNSURE)})
        return frozenset({Box(items, fixed=fixed)})

    def _dictionary(self, path: str, node: Node, depth: int) -> Types:
        pairs = [child for child in node.named_children if child.type == "pair"]
        if not pairs or len(pairs) > _MAX_BINDINGS or len(pairs) < node.named_child_count:
            return frozenset({Box(_UNSURE, _UNSURE)})
        keys = self._union(path, (k for p in pairs if (k := p.child_by_field_name("key"))), depth)
        items = self._union(
            path, (v for p in pairs if (v := p.child_by_field_name("value"))), depth
        )
        return frozenset({Box(items, keys)})

    # ---------------------------------------------------------------- names

    def _identifier(self, path: str, node: Node, depth: int) -> Types:
        facts = self._resolver.facts(path)
        if facts is None:
            return _UNSURE
        name = node.text.decode() if node.text else ""
        narrowed = self._narrowed(path, node, name, depth)
        if narrowed is not None:
            return narrowed
        home = home_of(facts, node.start_byte, name)
        if home < 0:
            targets = self._resolver.resolve_name(path, name, node.start_byte)  # star imports
            if targets:
                return self._of_targets(targets, depth)
            return frozenset({Foreign(name)}) if hasattr(builtins, name) else _UNSURE
        return self._bound(path, facts, home, name, depth)

    def _bound(self, path: str, facts: FileFacts, home: int, name: str, depth: int) -> Types:
        """What the name can be in scope `home`, by each of its bindings."""
        key = (path, home, name)
        if key in self._names:
            return self._names[key]
        self._names[key] = _UNSURE
        found: Types = _NOTHING
        n_bindings = 0
        for reference in self._resolver.snapshot.references_in(path, name):
            if reference.attribute or reference.role not in _BINDS:
                continue
            if reference.role == Role.IMPORT:
                if not self._imports_into(facts, home, name, reference.start):
                    continue
            elif reference.role in (Role.DEFINITION, Role.PARAMETER):
                if facts.scopes[home].bindings.get(name, (-1, ""))[0] != reference.start and (
                    reference.role == Role.PARAMETER
                    or self._definition_home(facts, reference.start) != home
                ):
                    continue
            elif home_of(facts, reference.start, name) != home:
                continue
            n_bindings += 1
            if n_bindings > _MAX_BINDINGS:
                found |= _UNSURE
                break
            found |= self._binding(path, facts, reference.start, name, depth)
        self._names[key] = found or _UNSURE
        return self._names[key]

    def _imports_into(self, facts: FileFacts, home: int, name: str, start: int) -> bool:
        return any(
            item.alias == name and item.start <= start < item.end
            and facts.scope_at(item.start) == home
            for item in facts.imports
        )  # fmt: skip

    def _definition_home(self, facts: FileFacts, start: int) -> int:
        """The scope that a `def` or `class` statement binds its name in."""
        for symbol in facts.symbols:
            if symbol.name_start == start:
                return facts.scope_at(symbol.start)
        return -1

    def _binding(self, path: str, facts: FileFacts, start: int, name: str, depth: int) -> Types:
        """What one binding of a name gives it."""
        index = self._resolver.symbol_starting(path, start)
        if index >= 0 and facts.symbols[index].kind in CLASS_KINDS | {"function", "method"}:
            if facts.symbols[index].decorators and facts.symbols[index].kind not in CLASS_KINDS:
                return self._decorated(path, index)
            return frozenset({Value(self._resolver.target_of(path, index))})
        root = self._root(path)
        node = root.descendant_for_byte_range(start, start + len(name.encode())) if root else None
        if node is None:
            return _UNSURE
        above = node.parent
        inner = node
        while above is not None:
            kind = above.type
            if kind in ("import_statement", "import_from_statement"):
                return self._imported(path, facts, start, name, depth)
            if kind in ("parameters", "lambda_parameters"):
                return self._parameter(path, facts, node, inner, depth)
            if kind == "assignment":
                return self._assigned(path, above, node, depth)
            if kind == "augmented_assignment":
                return _NOTHING if node.type == "identifier" else _UNSURE
            if kind == "named_expression":
                value = above.child_by_field_name("value")
                return self.evaluate(path, value, depth) if value is not None else _UNSURE
            if kind in ("for_statement", "for_in_clause"):
                left, right = above.child_by_field_name("left"), above.child_by_field_name("right")
                if left is None or right is None:
                    return _UNSURE
                return self._unpacked(left, node, self._elements(path, right, depth))
            if kind == "as_pattern":
                return self._as_pattern(path, above, node, depth)
            if kind in ("global_statement", "nonlocal_statement"):
                return _NOTHING
            if kind.endswith(("statement", "definition")) or kind in ("block", "module"):
                return _UNSURE
            inner, above = above, above.parent
        return _UNSURE

    def _imported(self, path: str, facts: FileFacts, start: int, name: str, depth: int) -> Types:
        for item in facts.imports:
            if item.alias == name and item.start <= start < item.end:
                targets = self._resolver.imported(path, item)
                if targets:
                    return self._of_targets(targets, depth)
                if self._outside(path, item.module, item.name, item.level):
                    return frozenset({Foreign(f"{item.module}.{item.name}".rstrip("."))})
        return _UNSURE

    def _outside(self, path: str, module: str, name: str, level: int) -> bool:
        """True for an import of what the workspace does not hold."""
        if level:
            return False
        find = self._resolver.modules.find
        head = module.partition(".")[0]
        return find(path, module, 0) is None and (not head or find(path, head, 0) is None)

    def _parameter(self, path: str, facts: FileFacts, node: Node, item: Node, depth: int) -> Types:
        if item.type in ("list_splat_pattern", "dictionary_splat_pattern"):
            return frozenset({Box(_UNSURE, _LITERAL)})
        annotation = item.child_by_field_name("type")
        if annotation is not None:
            inner = next((c for c in item.named_children if c.type.endswith("splat_pattern")), None)
            found = self._annotation(path, annotation, depth)
            return frozenset({Box(found, _LITERAL)}) if inner is not None else found
        if self._is_receiver(node):
            enclosing = self._resolver.enclosing_class(path, node.start_byte)
            if enclosing is not None:
                instance = not self._is_class_method(node)
                return frozenset({Value(enclosing, instance=instance)})
        return _UNSURE

    def _is_receiver(self, node: Node) -> bool:
        """The first parameter of a method that is no static one."""
        parameters = node.parent
        if parameters is None or parameters.type != "parameters":
            return False
        if parameters.named_children[0].start_byte != node.start_byte:
            return False
        function = parameters.parent
        if function is None or "staticmethod" in self._decorators(function):
            return False
        block = function.parent
        if block is not None and block.type == "decorated_definition":
            block = block.parent
        owner = block.parent if block is not None else None
        return owner is not None and owner.type == "class_definition"

    def _is_class_method(self, node: Node) -> bool:
        function = node.parent.parent if node.parent is not None else None
        if function is None:
            return False
        name = function.child_by_field_name("name")
        implicit = name is not None and name.text in (b"__init_subclass__", b"__new__")
        return implicit or "classmethod" in self._decorators(function)

    def _decorators(self, function: Node) -> str:
        outer = function.parent
        if outer is None or outer.type != "decorated_definition":
            return ""
        return " ".join(
            (c.text or b"").decode() for c in outer.named_children if c.type == "decorator"
        )

    def _assigned(self, path: str, assignment: Node, node: Node, depth: int) -> Types:
        annotation = assignment.child_by_field_name("type")
        if annotation is not None:
            found = self._annotation(path, annotation, depth)
            if UNKNOWN not in found:
                return found
        left = assignment.child_by_field_name("left")
        value = assignment.child_by_field_name("right")
        while value is not None and value.type == "assignment":  # `a = b = f()`
            value = value.child_by_field_name("right")
        if left is None or value is None:
            return _UNSURE if annotation is None else self._annotation(path, annotation, depth)
        return self._unpacked(left, node, self.evaluate(path, value, depth))

    def _unpacked(self, pattern: Node, node: Node, types: Types) -> Types:
        """What `node`, somewhere in the target `pattern`, gets of a value."""
        if pattern.start_byte == node.start_byte and pattern.end_byte == node.end_byte:
            return types
        if pattern.type == "attribute":
            return types
        if pattern.type in ("list_splat_pattern", "list_splat"):
            return frozenset({Box(types)})
        if pattern.type not in ("pattern_list", "tuple_pattern", "list_pattern", "tuple"):
            return _UNSURE
        parts = [c for c in pattern.named_children if c.type != "comment"]
        for index, part in enumerate(parts):
            if part.start_byte <= node.start_byte and node.end_byte <= part.end_byte:
                starred = any("splat" in p.type for p in parts[: index + 1])
                return self._unpacked(part, node, self._place(types, -1 if starred else index))
        return _UNSURE

    def _place(self, types: Types, index: int) -> Types:
        """The element at a place of a tuple, or any element of another container."""
        found: Types = _NOTHING
        for kind in types:
            if isinstance(kind, Box):
                fits = 0 <= index < len(kind.fixed)
                found |= kind.fixed[index] if fits else (kind.keys or kind.items)
            else:
                found |= _UNSURE
        return found or _UNSURE

    def _as_pattern(self, path: str, pattern: Node, node: Node, depth: int) -> Types:
        """`with a() as x`, `except E as x`."""
        value = pattern.named_children[0]
        outer = pattern.parent
        while outer is not None and outer.type not in ("with_item", "except_clause", "case_clause"):
            outer = outer.parent
        if outer is None or outer.type == "case_clause":
            return _UNSURE
        types = self.evaluate(path, value, depth)
        target = pattern.child_by_field_name("alias")
        bound = target.named_children[0] if target is not None and target.named_children else node
        if outer.type == "except_clause":
            raised: Types = _NOTHING
            for kind in types:
                inner = kind.items if isinstance(kind, Box) else frozenset({kind})
                raised |= self._instances(inner)
            return raised or _UNSURE
        entered: Types = _NOTHING
        for kind in types:
            entered |= self._entered(kind, depth)
        return self._unpacked(bound, node, entered or _UNSURE)

    def _entered(self, kind: Kind, depth: int) -> Types:
        if not isinstance(kind, Value) or not kind.instance:
            return _UNSURE
        for method in ("__enter__", "__aenter__"):
            for target in self._resolver.member(kind, method):
                found = self._returned(target.path, target.symbol, depth)
                return frozenset(
                    kind if isinstance(k, Value) and k.instance and self._is_base(k, kind) else k
                    for k in found
                )
        return _UNSURE

    def _is_base(self, base: Value, value: Value) -> bool:
        return any(t.key == base.target.key for t in self._resolver.lineage(value.target))

    def _instances(self, types: Types) -> Types:
        return frozenset(
            Value(kind.target, instance=True)
            if isinstance(kind, Value) and kind.target.kind in CLASS_KINDS
            else kind
            if isinstance(kind, Foreign)
            else UNKNOWN
            for kind in types
        )

    def _narrowed(self, path: str, node: Node, name: str, depth: int) -> Types | None:
        """What an `isinstance(name, C)` around the use says it is."""
        inner, outer = node, node.parent
        while outer is not None and outer.type not in ("function_definition", "lambda", "module"):
            condition = None
            if outer.type in ("if_statement", "elif_clause", "while_statement"):
                body = outer.child_by_field_name("consequence") or outer.child_by_field_name("body")
                if body is not None and body.start_byte <= inner.start_byte < body.end_byte:
                    condition = outer.child_by_field_name("condition")
            elif outer.type == "boolean_operator":
                left = outer.child_by_field_name("left")
                operator = outer.child_by_field_name("operator")
                if left is not None and left.end_byte <= inner.start_byte:
                    condition = left if operator is not None and operator.type == "and" else None
            if condition is not None:
                tested = self._tested(condition, name)
                if tested is not None and not self._rebound(path, name, condition, node):
                    found = self.evaluate(path, tested, depth)
                    inner_types: Types = _NOTHING
                    for kind in found:
                        inner_types |= kind.items if isinstance(kind, Box) else frozenset({kind})
                    return self._instances(inner_types)
            inner, outer = outer, outer.parent
        return None

    def _tested(self, condition: Node, name: str) -> Node | None:
        """The class expression of `isinstance(name, C)` that must hold for `condition`."""
        if condition.type == "parenthesized_expression" and condition.named_children:
            return self._tested(condition.named_children[0], name)
        if condition.type == "boolean_operator":
            operator = condition.child_by_field_name("operator")
            if operator is not None and operator.type == "and":
                for part in condition.named_children:
                    found = self._tested(part, name)
                    if found is not None:
                        return found
            return None
        if condition.type != "call":
            return None
        function = condition.child_by_field_name("function")
        arguments = condition.child_by_field_name("arguments")
        if function is None or function.text != b"isinstance" or arguments is None:
            return None
        given = arguments.named_children
        if len(given) == 2 and given[0].type == "identifier" and given[0].text == name.encode():
            return given[1]
        return None

    def _rebound(self, path: str, name: str, condition: Node, node: Node) -> bool:
        """Whether the name is bound again between the test and the use."""
        return any(
            condition.end_byte <= reference.start < node.start_byte
            and reference.role == Role.WRITE
            and not reference.attribute
            for reference in self._resolver.snapshot.references_in(path, name)
        )

    # ---------------------------------------------------------------- attributes, calls

    def _attribute(self, path: str, node: Node, depth: int) -> Types:
        owner, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if owner is None or name is None or name.text is None:
            return _UNSURE
        found: Types = _NOTHING
        for kind in self.evaluate(path, owner, depth):
            found |= self.member(kind, name.text.decode(), depth)
        return found or _UNSURE

    def member(self, kind: Kind, name: str, depth: int = 0) -> Types:
        """What the attribute of a value is."""
        if isinstance(kind, Foreign):
            return frozenset({Foreign(f"{kind.name}.{name}" if kind.name else "")})
        if isinstance(kind, Box):
            return frozenset({Foreign(f"box.{name}")})
        if isinstance(kind, Unknown):
            return _UNSURE
        if kind.target.kind in CLASS_KINDS:
            key = (kind.target.path, kind.target.symbol, name)
            if key in self._attributes:
                return self._attributes[key]
            self._attributes[key] = _UNSURE
            self._attributes[key] = self._class_member(kind, name, depth + 1)
            return self._attributes[key]
        targets = self._resolver.member(kind, name)
        return self._of_targets(targets, depth + 1) if targets else _UNSURE

    def _class_member(self, kind: Value, name: str, depth: int) -> Types:
        if name in ("__class__",):
            return frozenset({Value(kind.target)})
        targets = self._resolver.member(kind, name)
        if depth > _MAX_DEPTH:
            return _UNSURE
        if not targets and kind.instance and not name.startswith("__"):
            made = self._resolver.member(kind, "__getattr__")
            return self._returned(made[0].path, made[0].symbol, depth) if made else _UNSURE
        if not targets:
            return _UNSURE
        found: Types = _NOTHING
        for target in targets:
            facts = self._resolver.facts(target.path)
            if facts is None or target.symbol < 0:
                return _UNSURE
            symbol = facts.symbols[target.symbol]
            if symbol.kind in ("method", "function", "property"):
                if any("property" in d for d in symbol.decorators) or symbol.kind == "property":
                    found |= self._returned(target.path, target.symbol, depth)
                elif symbol.decorators and not {"classmethod", "staticmethod"} & set(
                    symbol.decorators
                ):
                    found |= self._decorated(target.path, target.symbol)
                else:
                    found |= frozenset({Value(target)})
            elif symbol.kind in CLASS_KINDS:
                found |= frozenset({Value(target)})
            else:
                found |= self._field(target.path, facts, target.symbol, name, depth)
        return found or _UNSURE

    def _field(self, path: str, facts: FileFacts, index: int, name: str, depth: int) -> Types:
        """A field by every assignment to it in its class."""
        owner = facts.symbols[index].parent
        first = facts.symbols[index].name_start
        starts = {first}
        for reference in self._resolver.snapshot.references_in(path, name):
            if reference.attribute and reference.role == Role.WRITE:
                enclosing = self._resolver.enclosing_class(path, reference.start)
                if enclosing is not None and enclosing.symbol == owner:
                    starts.add(reference.start)
        found: Types = _NOTHING
        for start in sorted(starts)[:_MAX_BINDINGS]:
            found |= self._binding_of_field(path, start, name, depth)
        return found or _UNSURE

    def _binding_of_field(self, path: str, start: int, name: str, depth: int) -> Types:
        root = self._root(path)
        node = root.descendant_for_byte_range(start, start + len(name.encode())) if root else None
        if node is None:
            return _UNSURE
        target = (
            node.parent if node.parent is not None and node.parent.type == "attribute" else node
        )
        above = target.parent
        while above is not None and above.type in ("pattern_list", "tuple_pattern"):
            above = above.parent
        if above is None or above.type != "assignment":
            return _UNSURE
        return self._assigned(path, above, target, depth)

    def _of_targets(self, targets: Iterable[object], depth: int) -> Types:
        from treewright_indexer.graph import Target

        found: Types = _NOTHING
        for target in targets:
            assert isinstance(target, Target)
            if target.kind == "module" or target.kind in CLASS_KINDS:
                found |= frozenset({Value(target)})
                continue
            facts = self._resolver.facts(target.path)
            if facts is None:
                return _UNSURE
            if target.symbol >= 0 and target.kind in ("function", "method"):
                if facts.symbols[target.symbol].decorators:
                    found |= self._decorated(target.path, target.symbol)
                else:
                    found |= frozenset({Value(target)})
                continue
            home = home_of(facts, target.name_span.start, target.name)
            found |= (
                self._bound(target.path, facts, home, target.name, depth) if home >= 0 else _UNSURE
            )
        return found or _UNSURE

    def _decorated(self, path: str, index: int) -> Types:
        """A function under decorators that keep what it returns; else unknown."""
        facts = self._resolver.facts(path)
        kept = ("overload", "wraps", "lru_cache", "cache", "contextmanager", "override", "final",
                "abstractmethod", "no_type_check", "deprecated")  # fmt: skip
        for decorator in facts.symbols[index].decorators if facts is not None else ():
            name = decorator.partition("(")[0].rpartition(".")[2]
            if name not in kept or name == "contextmanager":
                return _UNSURE
        return frozenset({Value(self._resolver.target_of(path, index))})

    def _call(self, path: str, node: Node, depth: int) -> Types:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return _UNSURE
        given = [c for c in arguments.named_children if c.type != "comment"]
        if function.type == "identifier" and function.text == b"super":
            return self._super(path, node, given, depth)
        if function.type == "identifier" and function.text == b"type" and len(given) == 1:
            return frozenset(
                Value(k.target) if isinstance(k, Value) and k.instance else UNKNOWN
                for k in self.evaluate(path, given[0], depth)
            )
        found: Types = _NOTHING
        for kind in self.evaluate(path, function, depth):
            found |= self._called(path, kind, function, given, depth)
        return found or _UNSURE

    def _super(self, path: str, node: Node, given: list[Node], depth: int) -> Types:
        if given:
            classes = [k for k in self.evaluate(path, given[0], depth) if isinstance(k, Value)]
            owners = [k.target for k in classes]
        else:
            enclosing = self._resolver.enclosing_class(path, node.start_byte)
            owners = [enclosing] if enclosing is not None else []
        found: Types = frozenset(
            Value(base, instance=True) for owner in owners for base in self._resolver.bases(owner)
        )
        return found or _UNSURE

    def _called(
        self, path: str, kind: Kind, function: Node, given: list[Node], depth: int
    ) -> Types:
        if isinstance(kind, Value):
            if kind.target.kind in CLASS_KINDS:
                if not kind.instance:
                    return frozenset({Value(kind.target, instance=True)})
                for target in self._resolver.member(kind, "__call__"):
                    return self._returned(target.path, target.symbol, depth)
                return _UNSURE
            if kind.target.kind in ("function", "method") and kind.target.symbol >= 0:
                found = self._returned(kind.target.path, kind.target.symbol, depth)
                return self._as_called(path, function, found, depth)
            return _UNSURE
        if isinstance(kind, Foreign):
            return self._foreign_call(path, kind, function, given, depth)
        return _UNSURE

    def _as_called(self, path: str, function: Node, found: Types, depth: int) -> Types:
        """`Self` and `cls()` of a method mean the class that it was called on."""
        owner = function.child_by_field_name("object") if function.type == "attribute" else None
        if owner is None:
            return found
        callers = [k for k in self.evaluate(path, owner, depth) if isinstance(k, Value)]
        result: Types = _NOTHING
        for kind in found:
            better = kind
            if isinstance(kind, Value) and kind.instance:
                for caller in callers:
                    if caller.target.kind in CLASS_KINDS and self._is_base(kind, caller):
                        better = Value(caller.target, instance=True)
            result |= frozenset({better})
        return result

    def _foreign_call(
        self, path: str, kind: Foreign, function: Node, given: list[Node], depth: int
    ) -> Types:
        name = kind.name
        if name in _PLAIN:
            return _LITERAL
        if name in _PASSING and len(given) >= 1:
            return frozenset({Box(self._elements(path, given[0], depth))})
        if name == "enumerate" and given:
            items = self._elements(path, given[0], depth)
            return frozenset({Box(frozenset({Box(items, fixed=(_LITERAL, items))}))})
        if name == "zip":
            each = tuple(self._elements(path, node, depth) for node in given)
            whole = frozenset[Kind]().union(*each)
            return frozenset({Box(frozenset({Box(whole, fixed=each)}))})
        if name in ("cast", "typing.cast") and len(given) == 2:
            return self._annotation(path, given[0], depth)
        if name.startswith("box."):
            return self._box_call(path, name[4:], function, depth)
        if not name and function.type == "attribute":  # a method of a literal
            return frozenset({Box(_LITERAL)}) if name in _STRING_LISTS else _LITERAL
        if name in _FOREIGN_TYPES:
            return _LITERAL
        if name.startswith(("re.", "os.path.", "os.", "sys.", "time.", "json.dumps", "datetime.")):
            return frozenset({Foreign(f"{name}()")})
        return _UNSURE

    def _box_call(self, path: str, method: str, function: Node, depth: int) -> Types:
        owner = function.child_by_field_name("object")
        found: Types = _NOTHING
        for kind in self.evaluate(path, owner, depth) if owner is not None else ():
            if not isinstance(kind, Box):
                found |= _UNSURE
            elif method in ("get", "pop", "popitem", "setdefault", "popleft"):
                found |= kind.items
            elif method == "values":
                found |= frozenset({Box(kind.items)})
            elif method == "keys":
                found |= frozenset({Box(kind.keys)})
            elif method == "items":
                pair = Box(kind.items | kind.keys, fixed=(kind.keys, kind.items))
                found |= frozenset({Box(frozenset({pair}))})
            elif method == "copy":
                found |= frozenset({kind})
            else:
                found |= _UNSURE
        return found or _UNSURE

    def _returned(self, path: str, index: int, depth: int) -> Types:
        """What a function returns: by its annotation, else by its `return` statements."""
        key = (path, index)
        if key in self._returns:
            return self._returns[key]
        self._returns[key] = _UNSURE
        facts = self._resolver.facts(path)
        root = self._root(path)
        if facts is None or root is None or index < 0 or depth > _MAX_DEPTH:
            return _UNSURE
        symbol = facts.symbols[index]
        node = root.descendant_for_byte_range(symbol.name_start, symbol.name_end)
        function = node.parent if node is not None else None
        if function is None or function.type != "function_definition":
            return _UNSURE
        self._returns[key] = self._returns_of(path, function, depth)
        return self._returns[key]

    def _returns_of(self, path: str, function: Node, depth: int) -> Types:
        annotation = function.child_by_field_name("return_type")
        if annotation is not None:
            return self._annotation(path, annotation, depth)
        body = function.child_by_field_name("body")
        if body is None or path.endswith(".pyi"):
            return _UNSURE
        found: Types = _NOTHING
        n_returns = 0
        for node in _own_nodes(body):
            if node.type == "yield":
                return _UNSURE
            if node.type == "return_statement" and node.named_children:
                n_returns += 1
                if n_returns > _MAX_RETURNS:
                    return _UNSURE
                found |= self.evaluate(path, node.named_children[-1], depth)
        return found or _UNSURE

    # ---------------------------------------------------------------- containers, annotations

    def _elements(self, path: str, node: Node, depth: int) -> Types:
        """What iterating over an expression gives."""
        found: Types = _NOTHING
        for kind in self.evaluate(path, node, depth):
            if isinstance(kind, Box):
                found |= kind.keys or kind.items
            elif isinstance(kind, Value) and kind.instance:
                for target in self._resolver.member(kind, "__iter__"):
                    for inner in self._returned(target.path, target.symbol, depth):
                        found |= inner.items if isinstance(inner, Box) else _UNSURE
                    break
                else:
                    found |= _UNSURE
            elif isinstance(kind, Value) and self._is_enum(kind):
                found |= frozenset({Value(kind.target, instance=True)})
            elif isinstance(kind, Foreign) and not kind.name:
                found |= _LITERAL
            else:
                found |= _UNSURE
        return found or _UNSURE

    def _is_enum(self, kind: Value) -> bool:
        if kind.target.kind not in CLASS_KINDS:
            return False
        facts = self._resolver.facts(kind.target.path)
        bases = facts.symbols[kind.target.symbol].bases if facts is not None else ()
        return any("Enum" in base for base in bases)

    def _subscript(self, path: str, node: Node, depth: int) -> Types:
        value, index = node.child_by_field_name("value"), node.child_by_field_name("subscript")
        if value is None:
            return _UNSURE
        found: Types = _NOTHING
        for kind in self.evaluate(path, value, depth):
            if isinstance(kind, Box):
                if index is not None and index.type == "slice":
                    found |= frozenset({Box(kind.items)})
                elif kind.fixed and index is not None and index.type == "integer":
                    at = int(index.text or b"0") if (index.text or b"").isdigit() else -1
                    found |= kind.fixed[at] if 0 <= at < len(kind.fixed) else kind.items
                else:
                    found |= kind.items
            elif isinstance(kind, Value) and not kind.instance and kind.target.kind in CLASS_KINDS:
                found |= frozenset({kind})
            elif isinstance(kind, Value) and kind.instance:
                for target in self._resolver.member(kind, "__getitem__"):
                    found |= self._returned(target.path, target.symbol, depth)
                    break
                else:
                    found |= _UNSURE
            elif isinstance(kind, Foreign) and not kind.name:
                found |= _LITERAL
            else:
                found |= _UNSURE
        return found or _UNSURE

    def _annotation(self, path: str, node: Node, depth: int) -> Types:
        """The values that an annotation allows."""
        if depth > _MAX_DEPTH:
            return _UNSURE
        kind = node.type
        if kind == "type" and node.named_children:
            return self._annotation(path, node.named_children[0], depth + 1)
        if kind == "none":
            return _NOTHING
        if kind == "binary_operator":
            found: Types = _NOTHING
            for child in node.named_children:
                found |= self._annotation(path, child, depth + 1)
            return found
        if kind == "union_type":
            found = _NOTHING
            for child in node.named_children:
                found |= self._annotation(path, child, depth + 1)
            return found
        if kind in ("string", "concatenated_string"):
            return self._quoted(path, node, depth)
        if kind in ("subscript", "generic_type"):
            return self._generic(path, node, depth)
        if kind in ("identifier", "attribute", "member_type"):
            return self._named(path, node, depth)
        return _UNSURE

    def _named(self, path: str, node: Node, depth: int) -> Types:
        text = (node.text or b"").decode()
        if text.rpartition(".")[2] == "Self":
            enclosing = self._resolver.enclosing_class(path, node.start_byte)
            return frozenset({Value(enclosing, instance=True)}) if enclosing else _UNSURE
        if text.rpartition(".")[2] in ("Any", "TypeVar", "object", "None"):
            return _UNSURE
        if text in _FOREIGN_TYPES:
            container = text in _SEQUENCES | _MAPPINGS | {"tuple"}
            return (
                frozenset({Box(_UNSURE, _UNSURE if text in _MAPPINGS else _NOTHING)})
                if (container)
                else _LITERAL
            )
        found: Types = _NOTHING
        for kind in self.evaluate(path, node, depth):
            if isinstance(kind, Value) and kind.target.kind in CLASS_KINDS and not kind.instance:
                found |= frozenset({Value(kind.target, instance=True)})
            elif isinstance(kind, Foreign) and kind.name.rpartition(".")[2] not in (
                _SEQUENCES | _MAPPINGS | _WRAPPERS | {"Any", "Type", "Callable"}
            ):
                found |= frozenset({Foreign(f"{kind.name}()")})
            else:
                found |= _UNSURE
        return found or _UNSURE

    def _generic(self, path: str, node: Node, depth: int) -> Types:
        parts = [c for c in node.named_children if c.type != "comment"]
        head = (parts[0].text or b"").decode().rpartition(".")[2]
        inside: list[Node] = []
        for part in parts[1:]:
            inside += part.named_children if part.type in ("type_parameter", "tuple") else [part]
        each = [self._annotation(path, child, depth + 1) for child in inside]
        if not each:
            return _UNSURE
        if head in _WRAPPERS:
            if head in ("Annotated", "InitVar", "Required", "NotRequired"):
                return each[0]
            return frozenset[Kind]().union(*(each if head in ("Optional", "Union") else each[-1:]))
        if head in _MAPPINGS:
            return frozenset({Box(each[-1], each[0])})
        if head in _SEQUENCES:
            return frozenset({Box(each[0])})
        if head in ("tuple", "Tuple"):
            whole = frozenset[Kind]().union(*each)
            if (inside[-1].text or b"") == b"...":
                return frozenset({Box(each[0])})
            return frozenset({Box(whole, fixed=tuple(each))})
        if head in ("type", "Type"):
            return frozenset(
                Value(k.target) if isinstance(k, Value) and k.instance else UNKNOWN for k in each[0]
            )
        if head == "Literal":
            return _LITERAL
        return self._named(path, parts[0], depth) if parts[0].type == "identifier" else _UNSURE

    def _quoted(self, path: str, node: Node, depth: int) -> Types:
        """`"A"`, `"p.A"`, `"A | None"` in quotes."""
        text = (node.text or b"").decode()[1:-1]
        found: Types = _NOTHING
        for part in text.split("|"):
            name = part.strip()
            if name == "None":
                continue
            if not name.replace(".", "").isidentifier():
                return _UNSURE
            head, *rest = name.split(".")
            targets = self._resolver.resolve_name(path, head, node.start_byte)
            types = self._of_targets(targets, depth) if targets else _UNSURE
            for attribute in rest:
                types = frozenset[Kind]().union(*(self.member(k, attribute, depth) for k in types))
            found |= self._instances(types)
        return found or _UNSURE

    # ---------------------------------------------------------------- what is asked for

    def expected(self, path: str, node: Node, depth: int = 0) -> Types:
        """The type that an expression is written for: of the variable it is assigned to, the
        parameter it is passed as, the function that returns it."""
        parent = node.parent
        if parent is None or depth > _MAX_DEPTH:
            return _UNSURE
        kind = parent.type
        if kind == "assignment":
            annotation, left = (
                parent.child_by_field_name("type"),
                parent.child_by_field_name("left"),
            )
            if annotation is not None:
                return self._annotation(path, annotation, depth)
            return self.evaluate(path, left, depth) if left is not None else _UNSURE
        if kind == "typed_default_parameter":
            annotation = parent.child_by_field_name("type")
            return self._annotation(path, annotation, depth) if annotation is not None else _UNSURE
        if kind == "return_statement":
            function = parent.parent
            while function is not None and function.type != "function_definition":
                function = function.parent
            annotation = function.child_by_field_name("return_type") if function else None
            return self._annotation(path, annotation, depth) if annotation is not None else _UNSURE
        if kind in ("parenthesized_expression", "conditional_expression"):
            return self.expected(path, parent, depth + 1)
        if kind in ("list", "tuple", "set"):
            inside: Types = _NOTHING
            for each in self.expected(path, parent, depth + 1):
                inside |= each.items if isinstance(each, Box) else _UNSURE
            return inside or _UNSURE
        if kind == "pair" and parent.parent is not None:
            return self._expected_value(path, parent, parent.parent, depth)
        if kind in ("argument_list", "keyword_argument"):
            return self._expected_argument(path, node, parent, depth)
        return _UNSURE

    def _expected_value(self, path: str, pair: Node, dictionary: Node, depth: int) -> Types:
        key = pair.child_by_field_name("key")
        name = (key.text or b"").decode().strip("\"'") if key is not None else ""
        found: Types = _NOTHING
        for each in self.expected(path, dictionary, depth + 1):
            if isinstance(each, Box):
                found |= each.items
            elif isinstance(each, Value) and each.instance and name.isidentifier():
                found |= self.member(each, name, depth)
            else:
                found |= _UNSURE
        return found or _UNSURE

    def _expected_argument(self, path: str, node: Node, parent: Node, depth: int) -> Types:
        keyword = parent.child_by_field_name("name") if parent.type == "keyword_argument" else None
        arguments = parent.parent if keyword is not None else parent
        call = arguments.parent if arguments is not None else None
        function = call.child_by_field_name("function") if call is not None else None
        if function is None or arguments is None:
            return _UNSURE
        place = next((i for i, c in enumerate(arguments.named_children) if c == node), -1)
        found: Types = _NOTHING
        for kind in self.evaluate(path, function, depth):
            if not isinstance(kind, Value) or kind.target.symbol < 0:
                return _UNSURE
            target, bound = kind.target, function.type == "attribute"
            if target.kind in CLASS_KINDS:
                constructors = self._resolver.member(kind, "__init__")
                if not constructors:
                    return _UNSURE
                target, bound = constructors[0], True
            root = self._root(target.path)
            start = target.name_span.start
            name = root.descendant_for_byte_range(start, start + 1) if root is not None else None
            definition = name.parent if name is not None else None
            listed = definition.child_by_field_name("parameters") if definition else None
            if listed is None:
                return _UNSURE
            parameters = [c for c in listed.named_children if c.type != "comment"]
            if bound and target.kind != "function":
                parameters = parameters[1:]
            chosen = self._parameter_named(parameters, keyword, place)
            annotation = chosen.child_by_field_name("type") if chosen is not None else None
            if annotation is None:
                return _UNSURE
            found |= self._annotation(target.path, annotation, depth + 1)
        return found or _UNSURE

    def _parameter_named(
        self, parameters: list[Node], keyword: Node | None, place: int
    ) -> Node | None:
        if keyword is None:
            return parameters[place] if 0 <= place < len(parameters) else None
        for parameter in parameters:
            name = parameter.child_by_field_name("name") or (
                parameter.named_children[0] if parameter.named_children else parameter
            )
            if name.text == keyword.text:
                return parameter
        return None

    def _root(self, path: str) -> Node | None:
        try:
            return self._resolver.snapshot.tree(path).root_node
        except TreewrightError:
            return None


def _own_nodes(body: Node) -> Iterator[Node]:
    """The nodes of a function's body without those of functions and classes in it."""
    stack = [body]
    while stack:
        node = stack.pop()
        yield node
        if node.type not in ("function_definition", "class_definition", "lambda"):
            stack.extend(node.named_children)
