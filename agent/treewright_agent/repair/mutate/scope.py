"""Scope: what the operators know about the place they change, and where they put candidates."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from treewright_agent.repair import source
from treewright_agent.repair.model import Candidate, Edit
from treewright_agent.repair.source import Definition, Module, own_nodes
from treewright_indexer.text import Span

BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Clues:
    """What the failures say about the repair. All of it is only a matter of order and of
    values to try; nothing here decides."""

    kinds: frozenset[str] = frozenset()
    """Class names of the exceptions that ended failing tests, bases included."""
    values: tuple[str, ...] = ()
    """Literals that failing tests expect, as source text."""
    expected_raises: tuple[tuple[str, str], ...] = ()
    """(exception, text that its message must match) that failing tests wait for."""
    not_raised: bool = False
    undefined: frozenset[str] = frozenset()
    missing_attributes: frozenset[str] = frozenset()
    pairs: tuple[tuple[str, str], ...] = ()
    """(what came, what was expected) as source text."""
    raised_at: frozenset[tuple[str, int]] = frozenset()
    """(file, line from 1) where an exception left the project's code."""
    called: frozenset[str] = frozenset()
    """Names that failing tests call."""
    hints: frozenset[str] = frozenset()
    """How what came differs from what was expected: order, case, one, sign, type …"""


@dataclass
class Scope:
    """One function (with those inside it), or a module's own level when `function` is None."""

    module: Module
    function: Definition | None
    lines: frozenset[int]
    """Lines (from 1) that failing tests run: only what stands on them is changed."""
    observed: Mapping[str, Mapping[str, Sequence[str]]]
    clues: Clues
    test_words: frozenset[str] = frozenset()
    found: list[Candidate] = field(default_factory=list[Candidate])

    # ---------------------------------------------------------------- nodes

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every editable node on the lines of interest, in order."""
        root: ast.AST = self.function if self.function is not None else self.module.tree
        found: list[ast.AST] = []
        pending = list(ast.iter_child_nodes(root))
        if self.function is None:
            pending = [child for child in pending if not isinstance(child, Definition)]
        while pending:
            node = pending.pop(0)
            line = getattr(node, "lineno", None)
            if (line is None or self.touches(node)) and self._wanted(node):
                found.append(node)
            inner = list(ast.iter_child_nodes(node))
            if self.function is None:
                inner = [child for child in inner if not isinstance(child, Definition)]
            pending[:0] = inner
        return found

    def touches(self, node: ast.AST) -> bool:
        """Is a line of interest among the node's?"""
        first = getattr(node, "lineno", 0)
        last = getattr(node, "end_lineno", None) or first
        if last - first > 200:
            return True
        return any(line in self.lines for line in range(first, last + 1))

    def _wanted(self, node: ast.AST) -> bool:
        return isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword)) and (
            not isinstance(node, ast.expr) or self.module.editable(node)
        )

    def expressions(self) -> Iterator[ast.expr]:
        for node in self.nodes:
            if isinstance(node, ast.expr) and not self._in_annotation(node):
                yield node

    def statements(self) -> Iterator[ast.stmt]:
        for node in self.nodes:
            if isinstance(node, ast.stmt):
                yield node

    def _in_annotation(self, node: ast.expr) -> bool:
        child: ast.AST = node
        for parent in self.module.ancestors(node):
            if isinstance(parent, (ast.arg, ast.AnnAssign)) and parent.annotation is child:
                return True
            if isinstance(parent, Definition):
                return parent.returns is child
            if isinstance(parent, ast.stmt):
                return False
            child = parent
        return False

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self.module.parents.get(node)

    def text(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> str:
        return self.module.source(node)

    def is_loaded(self, node: ast.expr) -> bool:
        return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)

    # ---------------------------------------------------------------- candidates

    def replace(self, node: ast.expr, text: str, kind: str, cost: float) -> None:
        """Another expression in the place of `node`, in brackets where its place needs them."""
        tree = _expression(text)
        if tree is None:
            return
        if source.binding(tree) < required_binding(self.parent(node), node):
            text = f"({text})"
        elif isinstance(tree, ast.Tuple) and not text.startswith("("):
            parent = self.parent(node)
            if not isinstance(parent, (ast.Return, ast.Assign, ast.Subscript)):
                text = f"({text})"
        self.put(self.module.span(node), text, kind, cost)

    def put(self, span: Span, text: str, kind: str, cost: float, *, outside: bool = False) -> None:
        """`outside`: not part of a function's code, though it stands at its lines."""
        self.emit([Edit(span[0], span[1], text)], kind, cost, outside=outside)

    def emit_swap(self, left: ast.expr, right: ast.expr, kind: str, cost: float) -> None:
        """Two expressions of the file change places."""
        first, second = self.module.span(left), self.module.span(right)
        texts = self.text(left), self.text(right)
        if source.binding(left) < required_binding(self.parent(right), right):
            texts = f"({texts[0]})", texts[1]
        if source.binding(right) < required_binding(self.parent(left), left):
            texts = texts[0], f"({texts[1]})"
        self.emit([Edit(*first, texts[1]), Edit(*second, texts[0])], kind, cost)

    def emit(self, edits: Sequence[Edit], kind: str, cost: float, *, outside: bool = False) -> None:
        ordered = tuple(sorted(edits))
        start, end = ordered[0].start, max(edit.end for edit in ordered)
        data = self.module.text.data
        if all(data[e.start : e.end].decode("utf-8", "replace") == e.text for e in ordered):
            return
        self.found.append(
            Candidate(
                file=self.module.file,
                edits=ordered,
                kind=kind,
                cost=cost,
                line=self.module.text.line_of(start),
                unit=None if outside else self.module.unit_at(start, end),
            )
        )

    # ---------------------------------------------------------------- whole statements

    def insert_before(
        self, statement: ast.stmt, lines: Sequence[str], kind: str, cost: float
    ) -> None:
        """New lines before a statement, at its indentation."""
        if not self.module.begins_line(statement):
            return
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(d.lineno for d in decorators)])
        indent = self.module.indent(statement)
        break_ = self.module.text.newline
        text = "".join(indent + line + break_ for line in lines)
        start = self.module.line_start(first)
        self.put(Span(start, start), text, kind, cost)

    def insert_after(
        self, statement: ast.stmt, lines: Sequence[str], kind: str, cost: float
    ) -> None:
        if not self.module.begins_line(statement):
            return
        indent = self.module.indent(statement)
        break_ = self.module.text.newline
        text = "".join(break_ + indent + line for line in lines)
        end = self.module.line_end(statement.end_lineno or statement.lineno)
        self.put(Span(end, end), text, kind, cost)

    def step(self, statement: ast.stmt) -> str:
        """One level of indentation as the file writes it."""
        indent = self.module.indent(statement)
        if "\t" in indent:
            return "\t"
        parent = self.parent(statement)
        if isinstance(parent, ast.stmt):
            outer = self.module.indent(parent)
            if len(indent) > len(outer):
                return indent[len(outer) :]
        return "    "

    def with_names(self, node: ast.expr | ast.stmt, table: Mapping[str, str]) -> str:
        """The text of `node` with variables exchanged."""
        base = self.module.span(node).start
        data = self.text(node).encode()
        named = [
            n
            for n in ast.walk(node)
            if isinstance(n, ast.Name) and n.id in table and self.module.editable(n)
        ]
        for name in sorted(named, key=lambda n: -self.module.span(n).start):
            span = self.module.span(name)
            data = data[: span.start - base] + table[name.id].encode() + data[span.end - base :]
        return data.decode("utf-8", "replace")

    # ---------------------------------------------------------------- names and types

    def function_at(self, node: ast.AST) -> Definition | None:
        if isinstance(node, Definition) and node is self.function:
            return node
        return self.module.function_of(node)

    def variables(self, node: ast.AST) -> list[str]:
        """Variables that may be read at `node`, those of the innermost function first."""
        names: dict[str, None] = {}
        function = self.function_at(node)
        while function is not None:
            for name in self._bound(function):
                names.setdefault(name, None)
            function = self.module.function_of(function)
        for name in ("self", "cls"):
            names.pop(name, None)
        return [name for name in names if name != "_"]

    def unread_parameters(self, node: ast.AST) -> frozenset[str]:
        """Parameters of the function at `node` that nothing reads: somebody forgot them."""
        function = self.function_at(node)
        if function is None:
            return frozenset()
        cached = self._unread_cache.get(function)
        if cached is None:
            given = function.args
            names = {a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
            read = {
                n.id
                for n in ast.walk(function)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
            }
            cached = self._unread_cache[function] = frozenset(names - read - {"self", "cls"})
        return cached

    @cached_property
    def _unread_cache(self) -> dict[Definition, frozenset[str]]:
        return {}

    @cached_property
    def inner_functions(self) -> tuple[str, ...]:
        """Names of the functions that are defined inside this one."""
        if self.function is None:
            return ()
        return tuple(
            n.name
            for n in ast.walk(self.function)
            if isinstance(n, Definition) and n is not self.function
        )

    def _bound(self, function: Definition) -> list[str]:
        cached = self._bound_cache.get(function)
        if cached is None:
            inner = {
                node.name
                for node in own_nodes(function)
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            }
            bound = [name for name in self.module.bound_in(function) if name not in inner]
            cached = self._bound_cache[function] = bound
        return cached

    @cached_property
    def _bound_cache(self) -> dict[Definition, list[str]]:
        return {}

    def known(self, function: Definition | None) -> Mapping[str, Sequence[str]]:
        """What the names of a function were seen to hold."""
        if function is None:
            return {}
        line = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        return self.observed.get(f"{self.module.file}:{line}:{function.name}", {})

    def types_of_name(self, name: str, node: ast.AST) -> Sequence[str]:
        function = self.function_at(node)
        while function is not None:
            types = self.known(function).get(name)
            if types:
                return types
            function = self.module.function_of(function)
        return ()

    def types(self, node: ast.expr) -> Sequence[str]:
        """The type names that `node` may have; empty when nothing is known."""
        match node:
            case ast.Constant():
                return (type(node.value).__name__,)
            case ast.Name():
                return self.types_of_name(node.id, node)
            case ast.Attribute(value=ast.Name(id="self")):
                return self.types_of_name(f"self.{node.attr}", node)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                return self.field_types(self.types_of_name(name, node), attribute)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return ("bool",)
            case ast.List() | ast.ListComp():
                return ("list",)
            case ast.Dict() | ast.DictComp():
                return ("dict",)
            case ast.Set() | ast.SetComp():
                return ("set",)
            case ast.Tuple():
                return ("tuple",)
            case ast.JoinedStr():
                return ("str",)
            case ast.UnaryOp():
                return self.types(node.operand)
            case ast.BinOp():
                return self._types_of_binary(node)
            case ast.Call(func=ast.Name(id=name)):
                return _BUILTIN_RESULTS.get(name) or self._results_of(name)
            case ast.Call(func=ast.Attribute(attr="get"), args=[_, default]):
                return self.types(default)
            case ast.Call(func=ast.Attribute(attr=name)):
                return _METHOD_RESULTS.get(name) or self._results_of(name)
            case ast.Subscript():
                return self._types_of_item(node)
            case _:
                return ()

    def field_types(self, owners: Sequence[str], attribute: str) -> Sequence[str]:
        """What a field of an object was seen to hold, or what its class says of it."""
        for owner in self.classes:
            if owner.name not in owners:
                continue
            for member in owner.body:
                if isinstance(member, Definition):
                    seen = self.known(member).get(f"self.{attribute}")
                    if seen:
                        return seen
                elif (
                    isinstance(member, ast.AnnAssign)
                    and isinstance(member.target, ast.Name)
                    and member.target.id == attribute
                ):
                    return (ast.unparse(member.annotation).split("[")[0],)
        return ()

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        return [n for n in self.module.tree.body if isinstance(n, ast.ClassDef)]

    def _results_of(self, name: str) -> Sequence[str]:
        """What a function or method of the file was seen to return."""
        definition = self._definitions.get(name)
        return self.known(definition).get("return", ()) if definition is not None else ()

    @cached_property
    def _definitions(self) -> dict[str, Definition]:
        return {n.name: n for n in ast.walk(self.module.tree) if isinstance(n, Definition)}

    def _types_of_binary(self, node: ast.BinOp) -> Sequence[str]:
        left, right = self.types(node.left), self.types(node.right)
        if isinstance(node.op, ast.Div) and "int" in left:
            return ("float",)
        if "float" in left or "float" in right:
            return ("float",)
        if isinstance(node.op, ast.Mod) and "str" in left:
            return ("str",)
        return left or right

    def _types_of_item(self, node: ast.Subscript) -> Sequence[str]:
        found: list[str] = []
        for kind in self.types(node.value):
            if isinstance(node.slice, ast.Slice):
                found.append(kind)
            elif kind.startswith("str"):
                found.append("str")
            elif "[" in kind:
                inner = kind[kind.index("[") + 1 : -1]
                found.append(
                    inner.split(", ", 1)[1] if kind.startswith("dict") and ", " in inner else inner
                )
        return found

    def result_types(self, node: ast.AST) -> Sequence[str]:
        """What the function at `node` was seen to return, or what it says that it returns."""
        return self.results_of(self.function_at(node))

    def results_of(self, function: Definition | None) -> Sequence[str]:
        seen = self.known(function).get("return", ())
        if seen or function is None:
            return seen
        for node in own_nodes(function):  # it never came to an end
            if isinstance(node, ast.Return) and node.value is not None:
                types = self.types(node.value)
                if not types and isinstance(node.value, ast.Name):
                    types = self._first_types(function, node.value.id)
                if types:
                    return types
        return ()

    def _first_types(self, function: Definition, name: str) -> Sequence[str]:
        """Of what the variable is first set to."""
        for node in own_nodes(function):
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == name for t in node.targets
            ):
                return self.types(node.value)
        return ()

    # ---------------------------------------------------------------- facts of the file

    @cached_property
    def attributes(self) -> list[str]:
        """Attribute names that the file uses, most frequent first."""
        counts: dict[str, int] = {}
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.Attribute):
                counts[node.attr] = counts.get(node.attr, 0) + 1
        return sorted(counts, key=lambda name: -counts[name])

    @cached_property
    def called_attributes(self) -> frozenset[str]:
        return frozenset(
            node.func.attr
            for node in ast.walk(self.module.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        )

    def members(self, node: ast.AST) -> dict[str, str]:
        """Of the class around `node`: name -> "method", "property" or "field"."""
        owner = self.module.class_of(node)
        if owner is None:
            return {}
        cached = self._members_cache.get(owner)
        if cached is None:
            cached = self._members_cache[owner] = members_of(owner)
        return cached

    @cached_property
    def _members_cache(self) -> dict[ast.ClassDef, dict[str, str]]:
        return {}

    @cached_property
    def constants(self) -> dict[str, list[str]]:
        """Type name -> source texts of the function's constants, each once, in order."""
        root: ast.AST = self.function if self.function is not None else self.module.tree
        found: dict[str, list[str]] = {}
        for node in ast.walk(root):
            if (
                isinstance(node, ast.Constant)
                and node.value is not None
                and self.module.editable(node)
            ):
                if isinstance(node.value, bool) or isinstance(self.parent(node), ast.Expr):
                    continue
                texts = found.setdefault(type(node.value).__name__, [])
                text = self.text(node)
                if text not in texts and len(text) < 60:
                    texts.append(text)
        return found


def members_of(owner: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in owner.body:
        if isinstance(node, Definition):
            is_property = any(
                isinstance(d, ast.Name) and d.id in ("property", "cached_property")
                for d in node.decorator_list
            )
            found[node.name] = "property" if is_property else "method"
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = "field"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = "field"
    for node in ast.walk(owner):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ):
            found.setdefault(node.attr, "field")
    return found


@lru_cache(maxsize=8192)
def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return None


def required_binding(parent: ast.AST | None, node: ast.expr) -> int:
    """How tightly an expression must bind to stand where `node` stands."""
    match parent:
        case ast.BoolOp():
            return source.OR if isinstance(parent.op, ast.Or) else source.AND
        case ast.UnaryOp():
            return source.NOT if isinstance(parent.op, ast.Not) else source.UNARY
        case ast.Compare():
            return source.BIT_OR
        case ast.BinOp():
            own = source.binding(parent)
            if isinstance(parent.op, ast.Pow):
                return source.AWAIT if node is parent.left else source.UNARY
            return own if node is parent.left else own + 1
        case ast.Attribute() | ast.Await():
            return source.PRIMARY
        case ast.Call():
            return source.PRIMARY if node is parent.func else source.LAMBDA
        case ast.Subscript():
            return source.PRIMARY if node is parent.value else source.BARE_TUPLE
        case ast.IfExp():
            return source.TERNARY if node is parent.orelse else source.OR
        case ast.Starred():
            return source.BIT_OR
        case ast.comprehension():
            return source.OR
        case ast.Return() | ast.Assign() | ast.Expr() | ast.For() | ast.AugAssign():
            return source.BARE_TUPLE
        case ast.Slice() | ast.keyword() | ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return source.LAMBDA
        case _:
            return source.LAMBDA


_BUILTIN_RESULTS: dict[str, Sequence[str]] = {
    "len": ("int",), "int": ("int",), "ord": ("int",), "sum": ("int",), "round": ("int",),
    "str": ("str",), "repr": ("str",), "chr": ("str",), "float": ("float",), "bool": ("bool",),
    "list": ("list",), "sorted": ("list",), "tuple": ("tuple",), "set": ("set",), "dict": ("dict",),
    "range": ("range",), "enumerate": ("enumerate",), "any": ("bool",), "all": ("bool",),
    "isinstance": ("bool",), "hash": ("int",), "id": ("int",), "frozenset": ("frozenset",),
    "input": ("str",), "format": ("str",), "zip": ("zip",), "map": ("map",),
}  # fmt: skip

_METHOD_RESULTS: dict[str, Sequence[str]] = {
    "split": ("list[str]",), "rsplit": ("list[str]",), "splitlines": ("list[str]",),
    "join": ("str",), "strip": ("str",), "lstrip": ("str",), "rstrip": ("str",),
    "lower": ("str",), "upper": ("str",), "replace": ("str",), "format": ("str",),
    "title": ("str",), "capitalize": ("str",), "find": ("int",), "index": ("int",),
    "count": ("int",), "startswith": ("bool",), "endswith": ("bool",), "isdigit": ("bool",),
    "isalpha": ("bool",), "isalnum": ("bool",), "zfill": ("str",), "ljust": ("str",),
    "rjust": ("str",), "total_seconds": ("float",), "bit_length": ("int",),
}  # fmt: skip


def family(types: Sequence[str]) -> str:
    """A coarse class of types: number, text, list, dict, set, bool, none, other; '' unknown."""
    if not types:
        return ""
    first = types[0].split("[", 1)[0]
    if first == "NoneType" and len(types) > 1:
        first = types[1].split("[", 1)[0]
    return _FAMILIES.get(first, first)


_FAMILIES = {
    "int": "number", "float": "number", "complex": "number", "Fraction": "number",
    "Decimal": "number", "str": "text", "bytes": "text", "list": "list", "tuple": "list",
    "deque": "list", "range": "list", "dict": "dict", "defaultdict": "dict", "Counter": "dict",
    "OrderedDict": "dict", "set": "set", "frozenset": "set", "bool": "bool", "NoneType": "none",
}  # fmt: skip


def alike(left: Sequence[str], right: Sequence[str]) -> bool | None:
    """Could a value of one stand for the other? None when nothing is known of one."""
    if not left or not right:
        return None
    if set(left) & set(right):
        return True
    return family(left) == family(right)


def parts_in_use(scope: Scope, node: ast.AST) -> list[tuple[str, Sequence[str]]]:
    """Attributes and items that the function reads, as further things to ask about."""
    function = scope.function_at(node)
    if function is None:
        return []
    variables = {*scope.variables(node), "self"}
    found: dict[str, Sequence[str]] = {}
    for inner in ast.walk(function):
        if not isinstance(inner, (ast.Attribute, ast.Subscript)) or isinstance(inner.ctx, ast.Del):
            continue
        if not scope.module.editable(inner) or isinstance(getattr(inner, "slice", None), ast.Slice):
            continue
        parent = scope.parent(inner)
        if isinstance(parent, ast.Call) and parent.func is inner:
            continue
        roots = {n.id for n in ast.walk(inner) if isinstance(n, ast.Name)}
        text = scope.text(inner)
        if roots <= variables and len(text) < 40 and "\n" not in text:
            found.setdefault(text, scope.types(inner))
    rows = list(found.items())[:6]
    return rows + [row for row in _fields_of(scope, node) if row[0] not in found][:6]


def _fields_of(scope: Scope, node: ast.AST) -> list[tuple[str, Sequence[str]]]:
    """Fields of the objects in the function's variables that are of a class of this file."""
    classes = {n.name: n for n in scope.classes}
    if not classes:
        return []
    found: list[tuple[str, Sequence[str]]] = []
    for name in scope.variables(node):
        for kind in scope.types_of_name(name, node):
            owner = classes.get(kind)
            if owner is not None:
                members = members_of(owner).items()
                found += [
                    (f"{name}.{m}", scope.field_types((kind,), m))
                    for m, what in members
                    if what != "method"
                ]
                break
    return found
