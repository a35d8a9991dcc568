"""Inlining a function of several statements: its body in front of the statement that calls it.

    def add_up(rows):
        total = 0
        for row in rows:
            total += row
        return total

Inlined in `found = add_up(rows)` this gives the three statements and `found = total`; in
`print(add_up(rows))` the three statements and `print(total)`.

Arguments that are more than a name or a constant get a line of their own, so each is computed
once, in order. A name of the body that the caller uses gets a number behind it. Early returns
become branches; the call must be the first thing its statement does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.operations.blocks import (
    EFFECTS,
    NameUse,
    PythonFile,
    has_effects,
    needs_parentheses,
    text_with,
    walk,
)
from treewright_agent.operations.inline_arguments import CONSTANTS, Argument
from treewright_agent.operations.inline_site import (
    acts,
    arms,
    computed_before,
    is_settled,
    leaves,
    leaves_block,
    own_scope,
    returns,
    site_of,
)
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import Role
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_REFUSED = frozenset(
    {
        "yield", "await", "global_statement", "nonlocal_statement", "function_definition",
        "class_definition", "wildcard_import",
    }
)  # fmt: skip
_OF_ITS_FRAME = frozenset({"super", "locals", "vars", "exec", "eval", "__class__", "_getframe"})


class Body(NamedTuple):
    """The statements of a function with the comments between them, without its docstring."""

    node: Node
    statements: tuple[Node, ...]
    value: Node | None
    """What it returns at its end; the only return unless `branches`."""
    branches: bool
    """Whether it returns before its end too."""
    path: str = ""


def body_of(home: PythonFile, node: Node, name: str) -> Body:
    """Raises RefusedError with what keeps the function from being put elsewhere."""
    block = node.child_by_field_name("body")
    assert block is not None
    statements = list(block.named_children)
    code = [child for child in statements if child.type != "comment"]
    if code and _is_docstring(code[0]):
        statements.remove(code[0])
        code = code[1:]
    if not code:
        raise RefusedError("its body is empty")
    if node.children and node.children[0].type == "async":
        raise RefusedError("it is async")
    value: Node | None = None
    last = code[-1]
    if last.type == "return_statement":
        statements = statements[: statements.index(last)]
        value = last.named_children[0] if last.named_children else None
    branches = False
    for statement in code:
        for inner in walk(statement):
            if inner.type in _REFUSED:
                raise RefusedError(f"its body holds a {inner.type.replace('_', ' ')}")
            branches = branches or (inner.type == "return_statement" and inner != last)
            named = inner.type == "identifier" and home.text_of(inner) in _OF_ITS_FRAME
            if named:
                raise RefusedError(f"`{home.text_of(inner)}` means the function it stands in")
    inside = Span(*block.byte_range)
    if any(use.name == name for use in home.within(inside)):
        raise RefusedError("it calls itself")
    _require_no_capture(home, node, block)
    if branches and last.type == "return_statement":
        statements.append(last)
    return Body(node, tuple(statements), value, branches)


def _require_no_capture(home: PythonFile, node: Node, block: Node) -> None:
    """A lambda that keeps a name of the function would see it change in the caller."""
    for inner in walk(block):
        if inner.type != "lambda":
            continue
        for use in home.within(Span(*inner.byte_range)):
            start = home.facts.scopes[use.home].start if use.home > 0 else -1
            if node.start_byte <= start < inner.start_byte:
                raise RefusedError(f"a lambda of its body keeps `{use.name}`")


def _is_docstring(statement: Node) -> bool:
    first = statement.named_children[0] if statement.named_children else None
    return statement.type == "expression_statement" and first is not None and first.type == "string"


# -------------------------------------------------------------------- putting it there


class Placed(NamedTuple):
    """Lines in front of the statement, and the text in the place of the call; None: the lines
    stand for the whole statement."""

    lines: list[str]
    value: str | None
    names: set[str]
    """What the lines bind."""


class Inlining:
    """One call on its way into lines. `hoisted` are the calls of the same statement that have
    gone already, with what they bound in `taken`."""

    def __init__(
        self,
        home: PythonFile,
        body: Body,
        file: PythonFile,
        call: Node,
        given: dict[str, Argument],
        place: str,
        *,
        texts: dict[tuple[int, int], str],
        hoisted: Sequence[Node] = (),
        taken: frozenset[str] = frozenset(),
        shares: bool = False,
    ) -> None:
        self.home, self.body, self.file, self.call = home, body, file, call
        self.given, self.place, self.texts = given, place, texts
        self.site = site_of(file, call, place)
        self.indent = file.indentation(self.site.statement)
        self._require_first(hoisted)
        self._shares = shares
        self._inner = Span(*body.node.byte_range)
        block = body.node.child_by_field_name("body")
        assert block is not None
        self._scope = own_scope(home, block.start_byte)
        self._names = self._named(taken)
        self._edits = self._renamed()

    def placed(self) -> Placed:
        body, form = self.body, self.site.form
        lines = [f"{new} = {self._shown(arg)}" for new, arg in self._assigned.items()]
        lines += [self._shown(argument) for argument in self._dropped]
        bound = set(self._names.values())
        if form == "returned" and body.branches:
            lines += self._run(body.statements, self.indent)
            last = [node for node in body.statements if node.type != "comment"][-1]
            return Placed(lines if leaves(last) else [*lines, "return None"], None, bound)
        if body.branches:
            target = self._target()
            lines += self._branches(body.statements, self.indent, target)
            if form == "part":
                bound.add(target)
                return Placed(lines, target, bound)
            return Placed(lines or ["pass"], None, bound)
        lines += self._run(body.statements, self.indent)
        value = self._value(body.value) if body.value is not None else "None"
        if form == "alone":
            if body.value is not None and has_effects(body.value):
                lines.append(value)
            return Placed(lines or ["pass"], None, bound)
        if form == "assigned" and self._head().partition("=")[0].strip() == value:
            return Placed(lines, None, bound)
        if self._shares and not is_settled(body.value):
            name = self._fresh("result", bound)
            bound.add(name)
            return Placed([*lines, f"{name} = {value}"], name, bound)
        if body.value is not None and needs_parentheses(body.value, self.call):
            value = f"({value})"
        return Placed(lines, value, bound)

    # ---------------------------------------------------------------- names

    def _require_first(self, hoisted: Sequence[Node]) -> None:
        """What the statement does before the call would come to happen after the body."""
        gone = {node.byte_range for node in hoisted}
        body_acts = any(acts(statement) for statement in self.body.statements)
        body_acts = body_acts or (self.body.value is not None and has_effects(self.body.value))
        body_acts = body_acts or any(has_effects(argument.node) for argument in self.given.values())
        for node in computed_before(self.call, self.site.statement, self.place):
            pending = [node]
            while pending:
                inner = pending.pop()
                if inner.byte_range in gone:
                    continue
                if inner.type in EFFECTS:
                    shown = self.file.text_of(inner).partition("\n")[0]
                    raise RefusedError(f"`{shown}` in {self.place} happens before the call")
                parent = inner.parent
                called = parent is not None and parent.child_by_field_name("function") == inner
                if body_acts and inner.type in ("attribute", "subscript") and not called:
                    shown = self.file.text_of(inner)
                    raise RefusedError(f"`{shown}` in {self.place} is read before the call")
                pending += inner.named_children

    def _named(self, taken: frozenset[str]) -> dict[str, str]:
        """Each name that the body binds -> its name at the call."""
        home, file, body = self.home, self.file, self.body
        nodes = [*body.statements, *([body.value] if body.value is not None else [])]
        uses = [use for node in nodes for use in home.within(Span(*node.byte_range))]
        own = [use for use in uses if self._is_own(use)]
        written = {use.name for use in own if use.writes and use.role is not Role.PARAMETER}
        read = {use.name for use in own}
        self._assigned: dict[str, Argument] = {}
        self._dropped: list[Argument] = []
        self._stands: dict[str, Argument] = {}
        to_bind: list[str] = []
        for name, argument in self.given.items():
            if name not in read and name not in written:
                if has_effects(argument.node):
                    self._dropped.append(argument)
                    if len([a for a in self.given.values() if has_effects(a.node)]) > 1:
                        to_bind.append(name)  # in its turn
                        self._dropped.pop()
            elif name not in written and self._may_stand(name, argument, own):
                self._stands[name] = argument
            else:
                to_bind.append(name)
        scope = own_scope(file, self.call.start_byte)
        bound = list(dict.fromkeys([*to_bind, *(use.name for use in own if use.name in written)]))
        kind = file.facts.scopes[scope].kind
        if bound and kind == "class":
            raise RefusedError(
                f"`{bound[0]}` would become an attribute of the class in {self.place}"
            )
        around = Span(0, len(file.text.data)) if scope == 0 else file.scope_span(scope)
        used = {
            use.name
            for use in file.within(around)
            if file.path != home.path or not self._inner.start <= use.start < self._inner.end
        }
        self._used = used | taken | {use.name for use in uses if not self._is_own(use)}
        reused = self._reused(own)
        names: dict[str, str] = {}
        for name in bound:
            if name == reused:
                names[name] = name
                continue
            names[name] = self._fresh(name, set(names.values()) | (set(bound) - {name}))
        for name in to_bind:
            self._assigned[names[name]] = self.given[name]
        return names

    def _fresh(self, wanted: str, others: set[str]) -> str:
        name, number = wanted, 1
        while name in self._used or name in others:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def _is_own(self, use: NameUse) -> bool:
        """Whether the function itself binds it, not a comprehension in it."""
        return use.home == self._scope

    def _reused(self, own: list[NameUse]) -> str:
        """The assigned name when the body ends in returning a variable of that name."""
        body = self.body
        if self.site.form != "assigned" or body.branches or body.value is None:
            return ""
        name = self.home.text_of(body.value)
        head = self._head().partition("=")[0].strip()
        read = {
            use.name
            for argument in self.given.values()
            if argument.file.path == self.file.path
            for use in self.file.within(Span(*argument.node.byte_range))
        }
        here = self.site.statement.parent
        while here is not None and here.type not in ("function_definition", "module"):
            if here.type == "try_statement":
                return ""
            here = here.parent
        return name if name == head and name not in read and body.value.type == "identifier" else ""

    def _may_stand(self, name: str, argument: Argument, own: list[NameUse]) -> bool:
        """Whether the argument itself can stand wherever the body reads the parameter."""
        node = argument.node
        if node.byte_range in self.texts and argument.file.path == self.file.path:
            return self.texts[node.byte_range].isidentifier()  # a name of this statement alone
        if node.type in CONSTANTS:
            return not any(self._is_in_f_string(use) for use in own if use.name == name)
        if node.type != "identifier" or argument.file.path != self.file.path:
            return False
        text = argument.text
        home = self.file.home_of(text, node.start_byte)
        if home > 0:
            return True
        binding = self.file.facts.scopes[0].bindings.get(text, (0, ""))
        settled = home < 0 or binding[1] in ("function", "class", "import")
        return settled or not any(acts(statement) for statement in self.body.statements)

    def _is_in_f_string(self, use: NameUse) -> bool:
        here = self.home.root.descendant_for_byte_range(use.start, use.end)
        while here is not None and here != self.body.node:
            if here.type == "interpolation":
                return True
            here = here.parent
        return False

    def _renamed(self) -> dict[int, tuple[int, str]]:
        """Start of a name in the body -> (its end, what stands there at the call)."""
        edits: dict[int, tuple[int, str]] = {}
        for use in self.home.within(self._inner):
            if not self._is_own(use):
                continue
            if use.name in self._stands:
                argument = self._stands[use.name]
                node = self.home.root.descendant_for_byte_range(use.start, use.end)
                text = self._shown(argument)
                if node is not None and needs_parentheses(argument.node, node):
                    text = f"({text})"
                edits[use.start] = (use.end, text)
            elif self._names.get(use.name, use.name) != use.name:
                edits[use.start] = (use.end, self._names[use.name])
        return edits

    # ---------------------------------------------------------------- text

    def _shown(self, argument: Argument) -> str:
        node = argument.node
        text = argument.text
        if argument.file.path == self.file.path:
            text = text_with(self.file, node, self.texts)
        bare = "\n" in text and not text.startswith(("(", "[", "{"))
        return f"({text})" if bare else text

    def _value(self, node: Node) -> str:
        text = self.home.reindented(
            Span(*node.byte_range), self.home.indentation(node), self.indent, self._edits
        )
        bare = "\n" in text and not text.startswith(("(", "[", "{"))
        return f"({text})" if bare else text

    def _head(self) -> str:
        """`name = ` of the statement."""
        span = Span(self.site.statement.start_byte, self.call.start_byte)
        return self.file.text_of(span)

    def _target(self) -> str:
        if self.site.form == "assigned":
            return self._head()
        return self._fresh("result", set(self._names.values())) if self.site.form == "part" else ""

    def _run(self, statements: Sequence[Node], indent: str) -> list[str]:
        """One text for each stretch of statements of one block, comments between them with it."""
        lines: list[str] = []
        for _, group in groupby(statements, key=_block_of):
            stretch = list(group)
            span = Span(stretch[0].start_byte, stretch[-1].end_byte)
            before = self.home.indentation(stretch[0])
            lines.append(self.home.reindented(span, before, indent, self._edits).rstrip())
        return lines

    def _finish(self, value: Node | None, target: str) -> list[str]:
        if not target:
            return [self._value(value)] if value is not None and has_effects(value) else []
        text = self._value(value) if value is not None else "None"
        return [f"{target}{text}" if target.endswith(("=", " ")) else f"{target} = {text}"]

    def _branches(self, statements: Sequence[Node], indent: str, target: str) -> list[str]:
        """Statements with early returns, as lines: what follows a branch that returns goes into
        the branch that does not."""
        lines: list[str] = []
        run: list[Node] = []
        for index, statement in enumerate(statements):
            if not returns(statement):
                run.append(statement)
                continue
            lines, run = lines + self._run(run, indent), []
            if statement.type == "return_statement":
                value = statement.named_children[0] if statement.named_children else None
                return lines + self._finish(value, target)
            if statement.type != "if_statement":
                kind = statement.type.partition("_")[0]
                raise RefusedError(f"it returns in the middle of its body, in a `{kind}`")
            rest = list(statements[index + 1 :])
            return lines + self._branched(statement, rest, indent, target)
        lines += self._run(run, indent)
        code = [node for node in run if node.type != "comment"]
        if code and leaves(code[-1]):
            return lines
        return lines + (self._finish(None, target) if target else [])

    def _branched(self, statement: Node, rest: list[Node], indent: str, target: str) -> list[str]:
        ways = arms(statement)
        has_else = statement.named_children[-1].type == "else_clause"
        falling = [block for _, block in ways if not leaves_block(block)]
        if len(falling) + (not has_else) > 1 and any(node.type != "comment" for node in rest):
            raise RefusedError(
                "it returns in the middle of its body, and more than one way goes on"
            )
        unit = self.home.indent_unit()
        lines: list[str] = []
        for head, block in ways:
            follows = rest if block in falling else []
            inner = self._branches([*block.named_children, *follows], indent + unit, target)
            shown = self.home.reindented(
                head, self.home.indentation(statement), indent, self._edits
            ).rstrip()
            lines.append(
                "\n".join([shown, *(f"{indent}{unit}{line}" for line in inner or ["pass"])])
            )
        if not has_else:
            inner = self._branches(rest, indent + unit, target)
            if inner:
                lines.append("\n".join(["else:", *(f"{indent}{unit}{line}" for line in inner)]))
        return lines


def _block_of(statement: Node) -> int:
    return statement.parent.start_byte if statement.parent is not None else -1
