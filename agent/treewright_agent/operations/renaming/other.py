"""Renaming in languages other than Python: where scopes and imports prove it, or not at all."""

from __future__ import annotations

import re

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Confidence, Occurrence, Target, references
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.snapshot import Snapshot

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
_SCRIPT_IDENTIFIER = re.compile(r"[^\W\d][\w$]*\Z|\$[\w$]*\Z")
_MAX_LISTED = 6

_C = """auto break case char const continue default do double else enum extern float for goto if
inline int long register restrict return short signed sizeof static struct switch typedef union
unsigned void volatile while"""
_SCRIPT = """await break case catch class const continue debugger default delete do else enum export
extends false finally for function if implements import in instanceof interface let new null
package private protected public return static super switch this throw true try typeof var void
while with yield undefined NaN Infinity arguments eval"""
_KEYWORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "javascript": _SCRIPT,
        "typescript": _SCRIPT,
        "tsx": _SCRIPT,
        "typescriptreact": _SCRIPT,
        "javascriptreact": _SCRIPT,
        "go": """break case chan const continue default defer else fallthrough for func go goto if
            import interface map package range return select struct switch type var""",
        "rust": """as async await break const continue crate dyn else enum extern false fn for if
            impl in let loop match mod move mut pub ref return self Self static struct super trait
            true type unsafe use where while abstract become box do final macro override priv try
            typeof unsized virtual yield""",
        "java": """abstract assert boolean break byte case catch char class const continue default
            do double else enum extends final finally float for goto if implements import
            instanceof int interface long native new package private protected public return short
            static strictfp super switch synchronized this throw throws transient try void
            volatile while true false null""",
        "c": _C,
        "cpp": _C
        + """ alignas alignof and asm bool catch class concept const_cast constexpr decltype delete
            dynamic_cast explicit export false friend mutable namespace new noexcept not nullptr
            operator or private protected public reinterpret_cast requires static_assert
            static_cast template this throw true try typeid typename using virtual wchar_t xor""",
    }.items()
}
_SHORTHAND = frozenset(
    {
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
        "shorthand_field_identifier",
        "shorthand_field_initializer",
    }
)


def rename_elsewhere(
    snapshot: Snapshot, occurrence: Occurrence, new: str, token: CancelToken
) -> SourceChange:
    """Raises RefusedError when names alone do not prove every use."""
    language = snapshot.language(occurrence.path)
    assert language is not None
    _require_identifier(new, language.id)
    resolver = Resolver(snapshot, token)
    targets = resolver.resolve(occurrence)
    certain = [t for t in targets if t.confidence in (Confidence.EXACT, Confidence.IMPORT)]
    if not certain:
        unique = [t for t in targets if t.confidence == Confidence.UNIQUE]
        if len(targets) != 1 or not unique:
            raise RefusedError(f"cannot prove what `{occurrence.name}` is here")
        certain = unique
    target = certain[0]
    if target.kind == "module" or target.name != occurrence.name:
        raise RefusedError(f"`{occurrence.name}` is another name of `{target.name}`, or a module")
    _require_free(snapshot, resolver, target, new)
    build = ChangeBuilder(snapshot)
    undecided: list[str] = []
    for each in {t.key: t for t in certain}.values():
        for use in references(snapshot, each, token, by_name=True, resolver=resolver):
            text = snapshot.text(use.path)
            if text.slice(use.span) != occurrence.name:
                continue  # through an alias
            if use.confidence == Confidence.NAME:
                undecided.append(
                    f"{snapshot.display_path(use.path)}:{text.line_of(use.span.start) + 1}"
                )
                continue
            doubt = ""
            if use.confidence == Confidence.UNIQUE:
                doubt = "by its name alone: the only definition of it in the workspace"
            build.file(use.path).replace(
                use.span,
                _spelled(snapshot, use.path, use.span, occurrence.name, new, use.role),
                doubt=doubt,
            )
            _require_visible(snapshot, resolver, use.path, use.span.start, each, new)
    if undecided:
        more = f" and {len(undecided) - _MAX_LISTED} more" if len(undecided) > _MAX_LISTED else ""
        raise RefusedError(
            f"cannot prove whether `{occurrence.name}` is meant at"
            f" {', '.join(undecided[:_MAX_LISTED])}{more}"
        )
    return build.build()


def _require_identifier(new: str, language: str) -> None:
    script = language.startswith(("javascript", "typescript", "tsx"))
    pattern = _SCRIPT_IDENTIFIER if script else _IDENTIFIER
    if pattern.match(new) is None:
        raise RefusedError(f"new_name: {new!r} is not an identifier")
    if new in _KEYWORDS.get(language, frozenset()):
        raise RefusedError(f"`{new}` is a keyword of {language}")


def _require_free(snapshot: Snapshot, resolver: Resolver, target: Target, new: str) -> None:
    facts = resolver.facts(target.path)
    if facts is None:
        raise RefusedError(f"{snapshot.display_path(target.path)} cannot be read")
    scope = target.scope if target.scope >= 0 else _scope_of(facts, target)
    binding = facts.scopes[scope].bindings.get(new)
    if binding is not None:
        line = snapshot.text(target.path).line_of(binding[0]) + 1
        shown = snapshot.display_path(target.path)
        raise RefusedError(f"`{new}` is a {binding[1]} there already ({shown}:{line})")
    if target.symbol >= 0:
        parent = facts.symbols[target.symbol].parent
        if resolver.member_indexes(target.path, parent).get(new):
            raise RefusedError(f"`{new}` is defined beside it already")


def _scope_of(facts: FileFacts, target: Target) -> int:
    """The scope that binds a symbol: the innermost one that has its name."""
    scope = facts.scope_at(target.name_span.start)
    while scope > 0 and target.name not in facts.scopes[scope].bindings:
        scope = facts.scopes[scope].parent
    return max(scope, 0)


def _require_visible(
    snapshot: Snapshot, resolver: Resolver, path: str, offset: int, target: Target, new: str
) -> None:
    """No scope around the use, up to the target's, binds the new name."""
    facts = resolver.facts(path)
    if facts is None:
        return
    scope = facts.scope_at(offset)
    while scope >= 0:
        here = facts.scopes[scope]
        if new in here.bindings:
            line = snapshot.text(path).line_of(here.bindings[new][0]) + 1
            raise RefusedError(
                f"`{new}` would mean another name in {snapshot.display_path(path)} (line {line})"
            )
        if path == target.path and target.name in here.bindings:
            return
        scope = here.parent


def _spelled(
    snapshot: Snapshot, path: str, span: tuple[int, int], old: str, new: str, role: Role
) -> str:
    """`{name}` of an object becomes `{name: new}`."""
    node = snapshot.tree(path).root_node.descendant_for_byte_range(span[0], span[1])
    if node is not None and node.type in _SHORTHAND and role != Role.IMPORT:
        return f"{old}: {new}"
    return new
