"""Rename symbol: give a name another name wherever it means the same thing.

Every use in the workspace follows: imports and re-exports, `__all__`, quoted annotations,
keyword arguments of a parameter and of its overrides, a member of a class in the whole
hierarchy. It is refused, with the reason, when the new name is taken, hidden or captured
somewhere, when it overrides what is outside the workspace, and when the definition is not
known. Uses that only a type could decide are asked of the type inference; those it cannot
tell are marked for confirmation or listed, never silently left out.
Say what to rename by `path` and `offset`, or by `symbol` (`Class.method`, `function.local`,
`package.module.name`).

        //- a.py
        def f$0(): ...
        //- b.py
        from a import f

        print(f(), "f")
    -> {"new_name": "g"}
        //- a.py
        def g(): ...
        //- b.py
        from a import g

        print(g(), "f")
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_identifier
from treewright_agent.operations.rename_module import rename_module
from treewright_agent.operations.renaming import collisions, strings
from treewright_agent.operations.renaming.bindings import Bindings
from treewright_agent.operations.renaming.jedi import Jedi
from treewright_agent.operations.renaming.keys import find_keys
from treewright_agent.operations.renaming.members import Members
from treewright_agent.operations.renaming.model import Found, Names, Root, Scoped
from treewright_agent.operations.renaming.parameters import Parameters
from treewright_agent.operations.renaming.roots import CLASS_KINDS, root_of
from treewright_agent.operations.scoping import home_of
from treewright_agent.operations.targets import find_occurrence
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, UnsupportedLanguageError
from treewright_indexer.graph import Occurrence
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.snapshot import Snapshot


class RenameSymbol(Arguments, frozen=True):
    new_name: Annotated[str, msgspec.Meta(description="The new name.")]
    path: Annotated[str, msgspec.Meta(description="The file; not needed with a unique symbol.")] = (
        ""
    )
    offset: Annotated[int | None, msgspec.Meta(description="A byte of the name in the file.")] = (
        None
    )
    symbol: Annotated[
        str,
        msgspec.Meta(
            description="Instead of offset: `name`, `Class.method`, `function.local`, `pkg.mod.name`."
        ),
    ] = ""
    strings: Annotated[
        bool, msgspec.Meta(description="Also the word in strings and docstrings, marked.")
    ] = False
    comments: Annotated[bool, msgspec.Meta(description="Also the word in comments, marked.")] = (
        False
    )


def _plan(snapshot: Snapshot, arguments: RenameSymbol, token: CancelToken) -> SourceChange:
    occurrence = find_occurrence(
        snapshot, arguments.path, arguments.offset, arguments.symbol, token
    )
    language = snapshot.language(occurrence.path)
    if language is None:
        raise UnsupportedLanguageError(occurrence.path)
    if arguments.new_name == occurrence.name:
        return ChangeBuilder(snapshot).build()
    if language.id != "python":
        from treewright_agent.operations.renaming.other import rename_elsewhere

        return rename_elsewhere(snapshot, occurrence, arguments.new_name, token)
    old, new = occurrence.name, require_identifier(arguments.new_name, "new_name")
    _require_speakable(old, new)
    module = _module_at(snapshot, occurrence, token)
    if module:
        return rename_module(snapshot, module, new, token, strings=arguments.strings)
    found, names = rename_places(
        snapshot,
        occurrence,
        new,
        token,
        strings_too=arguments.strings,
        comments_too=arguments.comments,
    )
    build = ChangeBuilder(snapshot)
    for place in found.places.values():
        build.file(place.path).replace(place.span, place.new or names.new, doubt=place.doubt)
    build.notes(found.notes)
    return build.build()


def require_renameable(snapshot: Snapshot, occurrence: Occurrence, token: CancelToken) -> None:
    """Raises RefusedError when nothing could be renamed here, whatever the new name."""
    _require_speakable(occurrence.name, "")
    names = Names(snapshot, token, occurrence.name, occurrence.name, occurrence.path)
    root_of(names, occurrence, Jedi(snapshot, token))


def _require_speakable(old: str, new: str) -> None:
    if old.startswith("__") and old.endswith("__"):
        raise RefusedError(f"`{old}` has a meaning to Python itself")
    if new.startswith("__") and new.endswith("__"):
        raise RefusedError(f"`{new}` is a name that Python keeps for itself")


def _module_at(snapshot: Snapshot, occurrence: Occurrence, token: CancelToken) -> str:
    """The file of the module that the name means, or ''."""
    if _is_local(snapshot, occurrence):
        return ""
    names = Names(snapshot, token, occurrence.name, occurrence.name, occurrence.path)
    try:
        return root_of(names, occurrence, Jedi(snapshot, token)).module
    except RefusedError:
        return ""  # `rename_places` says why


def rename_places(
    snapshot: Snapshot,
    occurrence: Occurrence,
    new: str,
    token: CancelToken,
    *,
    strings_too: bool = False,
    comments_too: bool = False,
) -> tuple[Found, Names]:
    """Every place that means what stands at `occurrence`, proven free of collisions.

    Raises RefusedError with the reason.
    """
    jedi = Jedi(snapshot, token)
    only = occurrence.path if _is_local(snapshot, occurrence) else ""
    names = Names(snapshot, token, occurrence.name, new, only)
    root = root_of(names, occurrence, jedi)
    if only and (root.classes or root.module or any(s.scope == 0 for s in root.scoped)):
        names = Names(snapshot, token, occurrence.name, new)
    found = Found()
    scopes = _find(names, root, found, jedi)
    _require_not_blank(names, root, found)
    strings.mark_shown(names, found)
    if strings_too or comments_too:
        paths = {path for path, _ in found.places} | {scoped.path for scoped in scopes}
        strings.find_words(names, paths, found, strings=strings_too, comments=comments_too)
    return found, names


def _find(names: Names, root: Root, found: Found, jedi: Jedi) -> set[Scoped]:
    """Collect the places, and refuse collisions. The scopes that bind the name are returned."""
    if root.module:
        raise RefusedError(f"`{names.old}` is a module: move its file instead")
    if root.classes:
        members = Members(names, root, jedi)
        members.find(found)
        strings.find_members(names, members.classes, found)
        find_keys(names, members.classes, found)
        collisions.require_free_member(names, members, found)
        _require_not_mangled(names, found)
        if members.unsure_base:
            _mark_definitions(names, found, members.unsure_base)
        return set()
    if root.functions:
        parameters = Parameters(names, root, jedi)
        parameters.find(found)
        strings.note_keywords(names, found)
        collisions.require_free(names, parameters.scopes, found)
        return parameters.scopes
    bindings = Bindings(names, root)
    bindings.find(found)
    strings.find_scoped(names, bindings.scopes, bindings.providers, found)
    collisions.require_free(names, bindings.scopes, found)
    return bindings.scopes


def _is_local(snapshot: Snapshot, occurrence: Occurrence) -> bool:
    """True when a function's scope binds the name and no call names it: no other file sees it."""
    if occurrence.attribute or occurrence.role in (Role.IMPORT, Role.KEYWORD):
        return False
    facts = snapshot.facts(occurrence.path)
    home = home_of(facts, occurrence.span.start, occurrence.name)
    if home <= 0 or facts.scopes[home].kind == "class":
        return False
    kind = facts.scopes[home].bindings[occurrence.name][1]
    if kind == "parameter":
        symbol = facts.scopes[home].symbol
        return symbol < 0 or _is_receiver(facts, home, occurrence.name)
    return kind != "import"


def _is_receiver(facts: FileFacts, scope: int, name: str) -> bool:
    """`self` or `cls`: the first parameter of a method."""
    symbol = facts.symbols[facts.scopes[scope].symbol]
    if symbol.parent < 0 or facts.symbols[symbol.parent].kind not in CLASS_KINDS:
        return False
    if any("staticmethod" in decorator for decorator in symbol.decorators):
        return False
    parameters = [
        (start, bound)
        for bound, (start, kind) in facts.scopes[scope].bindings.items()
        if kind == "parameter"
    ]
    return min(parameters)[1] == name


def _require_not_blank(names: Names, root: Root, found: Found) -> None:
    """`_` binds nothing in a pattern and is a habit elsewhere; a read variable needs a name."""
    if names.new == "_" and len(found.places) > 1:
        raise RefusedError("`_` is no name for something that is used")


def _require_not_mangled(names: Names, found: Found) -> None:
    """`__name` can only be reached from inside its own class."""
    if not names.new.startswith("__"):
        return
    for path, start in found.places:
        facts = names.facts(path)
        inside = names.resolver.enclosing_class(path, start) if facts is not None else None
        if inside is None:
            raise RefusedError(
                f"`{names.new}` is private to its class, and {names.shown(path, start)} is outside"
            )


def _mark_definitions(names: Names, found: Found, base: str) -> None:
    for key, place in list(found.places.items()):
        if not place.doubt and names.resolver.symbol_starting(place.path, place.span.start) >= 0:
            doubt = f"`{base}` is outside the workspace and may define `{names.old}` too"
            found.places[key] = place._replace(doubt=doubt)


RENAME_SYMBOL = Operation(
    name="rename_symbol",
    title="Rename symbol",
    arguments=RenameSymbol,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rename",
)
