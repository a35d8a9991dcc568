"""What a call passes to the function that is put in its place, and where that can stand.

An argument stands for its parameter where it is computed once, in the same order, whatever the
conditions in the body say; otherwise the call needs a line of its own for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.operations.blocks import (
    COMPREHENSIONS,
    EFFECTS,
    NameUse,
    PythonFile,
    has_effects,
    walk,
)
from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

CONSTANTS = frozenset({"integer", "float", "string", "true", "false", "none", "ellipsis"})
_MADE_ONCE = frozenset({"list", "dictionary", "set"}) | COMPREHENSIONS


class Argument(NamedTuple):
    """An expression of the file that calls, or a default of the function's own file."""

    file: PythonFile
    node: Node

    @property
    def text(self) -> str:
        return self.file.text_of(self.node).replace("\r\n", "\n")


class Parameter(NamedTuple):
    name: str
    default: Node | None


def parameters_of(home: PythonFile, function: Node) -> tuple[Parameter, ...]:
    """Raises RefusedError for `*` and `**` parameters."""
    found: list[Parameter] = []
    listed = function.child_by_field_name("parameters")
    for child in listed.named_children if listed is not None else ():
        name, default = child, None
        if child.type in ("default_parameter", "typed_default_parameter"):
            default = child.child_by_field_name("value")
            if default is not None and has_effects(default):
                raise RefusedError("a default calls something")
            named = child.child_by_field_name("name")
            assert named is not None
            name = named
        elif child.type == "typed_parameter":
            name = child.named_children[0]
        if child.type in ("comment", "keyword_separator", "positional_separator"):
            continue
        if name.type != "identifier":
            raise RefusedError("it takes * or ** arguments")
        found.append(Parameter(home.text_of(name), default))
    return tuple(found)


def given_by(
    home: PythonFile,
    parameters: tuple[Parameter, ...],
    file: PythonFile,
    call: Node,
    place: str,
    receiver_of: str,
) -> dict[str, Argument]:
    """Parameter -> argument, in the order in which they are computed, defaults last.

    `receiver_of` is the class whose method is called, '' for what takes no receiver.
    """
    listed = call.child_by_field_name("arguments")
    given: dict[str, Argument] = {}
    names = [parameter.name for parameter in parameters]
    position = 0
    called = call.child_by_field_name("function")
    if receiver_of:
        receiver = called.child_by_field_name("object") if called is not None else None
        if receiver is None or not names:
            raise RefusedError(f"the receiver in {place} is not plain")
        if has_effects(receiver):
            raise RefusedError(f"the receiver in {place} calls something")
        if file.text_of(receiver).rpartition(".")[2] != receiver_of:
            given[names[0]] = Argument(file, receiver)
            position = 1
    if listed is not None and listed.type == "generator_expression":
        raise RefusedError(f"{place} passes a generator")
    for argument in listed.named_children if listed is not None else ():
        if argument.type == "comment":
            raise RefusedError(f"{place} has a comment among its arguments")
        if argument.type in ("list_splat", "dictionary_splat"):
            raise RefusedError(f"{place} passes * or ** arguments")
        if argument.type == "keyword_argument":
            named, value = (
                argument.child_by_field_name("name"),
                argument.child_by_field_name("value"),
            )
            assert named is not None
            assert value is not None
            given[file.text_of(named)] = Argument(file, value)
        elif position >= len(names):
            raise RefusedError(f"{place} passes too many arguments")
        else:
            given[names[position]] = Argument(file, argument)
            position += 1
    unknown = given.keys() - set(names)
    if unknown:
        raise RefusedError(f"{place} passes `{sorted(unknown)[0]}`, which it does not take")
    for name, default in parameters:
        if name in given:
            continue
        if default is None:
            raise RefusedError(f"{place} does not pass `{name}`")
        if default.type in _MADE_ONCE:
            raise RefusedError(
                f"the calls share the {default.type} that is the default of `{name}`"
            )
        given[name] = Argument(home, default)
    return given


# -------------------------------------------------------------------- in the place of the name


def why_not_in_place(
    home: PythonFile, value: Node, given: Mapping[str, Argument], place: str
) -> str:
    """Why the arguments cannot simply stand for the names in `value`; '' when they can."""
    uses: dict[str, list[NameUse]] = {name: [] for name in given}
    for use in home.within(Span(*value.byte_range)):
        if use.name in uses:
            uses[use.name].append(use)
    effects = [node for node in walk(value) if node.type in EFFECTS]
    acting = {name for name, argument in given.items() if has_effects(argument.node)}
    for name, argument in given.items():
        if name in acting and len(uses[name]) != 1:
            times = f"{len(uses[name])} times" if uses[name] else "never"
            return f"the argument `{name}` calls something in {place} and is used {times}"
        if argument.node.type in _MADE_ONCE and len(uses[name]) > 1:
            return f"the argument `{name}` in {place} is one object, used {len(uses[name])} times"
        for use in uses[name]:
            reason = _not_there(value, use, effects, name in acting, _reads_state(argument.node))
            if reason:
                return f"the argument `{name}` in {place} {reason}"
    names = list(given)
    for index, name in enumerate(names):
        for other in names[index + 1 :]:
            one_acts = name in acting or other in acting
            if not one_acts or not (
                _reads_state(given[name].node) and _reads_state(given[other].node)
            ):
                continue
            if any(u.start > w.start for u in uses[name] for w in uses[other]):
                return (
                    f"the arguments in {place} call something, in another order than they are used"
                )
    return ""


def _not_there(value: Node, use: NameUse, effects: list[Node], acts: bool, reads: bool) -> str:
    if (acts or reads) and any(node.end_byte <= use.start for node in effects):
        return "is used after its body has called something"
    here = value.descendant_for_byte_range(use.start, use.end)
    while here is not None and here != value:
        child, here = here, here.parent
        if here is None or not (acts or (reads and effects)):
            break
        if here.type in COMPREHENSIONS and not _is_first_iterable(here, child, use):
            return "would be computed for each item"
        if not acts:
            continue
        if here.type == "boolean_operator" and child == here.child_by_field_name("right"):
            return "calls something, which a condition may skip"
        if here.type == "conditional_expression" and child != here.named_children[1]:
            return "calls something, which a condition may skip"
        if here.type == "comparison_operator" and child not in here.named_children[:2]:
            return "calls something, which a comparison may skip"
    return ""


def _is_first_iterable(comprehension: Node, child: Node, use: NameUse) -> bool:
    clauses = [c for c in comprehension.named_children if c.type == "for_in_clause"]
    right = child.child_by_field_name("right") if child.type == "for_in_clause" else None
    inside = right is not None and right.start_byte <= use.start < right.end_byte
    return inside and clauses[0] == child


def _reads_state(node: Node) -> bool:
    return any(n.type in ("attribute", "subscript") for n in walk(node)) or has_effects(node)
