"""The signature of the call around a cursor, and which of its parameters is being written.

The call is found in the bytes before the cursor, not in the tree: a call that is being written
is a syntax error more often than not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Occurrence, Target
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.graph.resolve import CLASS_KINDS, Oracle, Resolver, Value
from treewright_indexer.ide.unfinished import as_if_finished
from treewright_indexer.model import Flag, Role, Symbol
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_VALUES: Final = frozenset({"variable", "constant", "field", "property", "enum_member"})
MAX_SIGNATURES: Final = 8
_MAX_BACK: Final = 4000
_CALLEE: Final = re.compile(rb"([\w$\x80-\xff]+)[ \t]*\Z")
_AHEAD: Final = re.compile(rb"[ \t]*[^\W\d]\w*[ \t]*=(?!=)")
_DEFINES: Final = re.compile(rb"\b(?:def|class|function|func|fn|fun)[ \t]+\Z")
_PATTERN: Final = re.compile(rb"[ \t]*case\b(?![ \t]*[=.(:])(?!.*\bif\b)")
_KEYWORD: Final = re.compile(r"\s*([^\W\d]\w*)\s*[=:](?!=)")
_NAME: Final = re.compile(r"[*&.]*\s*(?:\w+\s+)*?[*&]*([^\W\d]\w*)")
_LAMBDA: Final = re.compile(r"\blambda\b[^:()\[\]{}]*(?::|\Z)")
_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}


class Signature(NamedTuple):
    """`parameters` are ranges of characters in `label`."""

    label: str
    doc: str
    parameters: list[tuple[int, int]]
    active: int
    """Index of the parameter that is being written, or -1."""


class CallSite(NamedTuple):
    callee: Span
    attribute: bool
    arguments: str
    """The text between the opening parenthesis and the cursor, or a keyword that follows it."""


def signatures(
    snapshot: Snapshot, path: str, offset: int, token: CancelToken, oracle: Oracle | None = None
) -> list[Signature] | None:
    """Those of everything the called name may mean; None where no call is being written."""
    data = snapshot.text(path).data
    site = call_around(data, offset)
    if site is None or _in_pattern(snapshot, path, site):
        return None
    snapshot = as_if_finished(snapshot, path, offset)
    name = data[site.callee.start : site.callee.end].decode("utf-8", "replace")
    resolver = Resolver(snapshot, token, oracle)
    occurrence = Occurrence(path, name, site.callee, Role.CALL, site.attribute)
    return signatures_of(resolver, occurrence, site)


def _in_pattern(snapshot: Snapshot, path: str, site: CallSite) -> bool:
    """True for the class of `case Point(x, y):`, which is not called."""
    language, text = snapshot.language(path), snapshot.text(path)
    start = text.line_starts[text.line_of(site.callee.start)]
    before = text.data[start : site.callee.start]
    return language is not None and language.id == "python" and bool(_PATTERN.match(before))


def signatures_of(resolver: Resolver, occurrence: Occurrence, site: CallSite) -> list[Signature]:
    """Those of what the callee, given as an occurrence, may mean."""
    found: dict[str, Signature] = {}
    on_class = site.attribute and _on_class(resolver, occurrence)
    for target in _callable(resolver, occurrence):
        attribute = site.attribute and not (on_class and _takes_self(resolver, target))
        for label, doc, bound in labels(resolver, target, attribute):
            parameters = split_parameters(label)
            if bound and parameters:
                label, parameters = _without_first(label, parameters)
            active = _active(label, parameters, site.arguments)
            found.setdefault(label, Signature(label, doc, parameters, active))
        if len(found) >= MAX_SIGNATURES:
            break
    return list(found.values())


def _callable(resolver: Resolver, occurrence: Occurrence) -> list[Target]:
    """What is called; of overloads those that say so, without the code behind them."""
    targets = resolver.resolve(occurrence)

    def is_overload(target: Target) -> bool:
        facts = resolver.facts(target.path)
        if facts is None or target.symbol < 0:
            return False
        return any("overload" in word for word in facts.symbols[target.symbol].decorators)

    return [target for target in targets if is_overload(target)] or targets


def _on_class(resolver: Resolver, occurrence: Occurrence) -> bool:
    """True for `f` in `Class.f`, which gets no receiver."""
    data = resolver.snapshot.text(occurrence.path).data
    start = occurrence.span.start
    parts = receiver_before(data, start)
    values = resolver.evaluate(occurrence.path, parts, start) if parts else []
    return bool(values) and all(v.target.kind in CLASS_KINDS and not v.instance for v in values)


def _takes_self(resolver: Resolver, target: Target) -> bool:
    facts = resolver.facts(target.path)
    if facts is None or target.symbol < 0 or target.kind not in ("method", "constructor"):
        return False
    return not facts.symbols[target.symbol].flags & (Flag.STATIC | Flag.CLASSMETHOD)


def known_signature(
    data: bytes, offset: int, label: str, doc: str, parameters: Sequence[tuple[int, int]]
) -> Signature:
    """A signature that somebody else found, for the call at `offset`."""
    site, ranges = call_around(data, offset), list(parameters)
    if site is not None and label.startswith("("):  # ty leaves the name out
        name = data[slice(*site.callee)].decode("utf-8", "replace")
        label = name + label
        ranges = [(start + len(name), end + len(name)) for start, end in ranges]
    active = _active(label, ranges, site.arguments) if site is not None else -1
    return Signature(label, doc, ranges, active)


def call_around(data: bytes, offset: int) -> CallSite | None:
    """The innermost call whose arguments hold `offset`."""
    opening = _opening(data, offset)
    if opening is None:
        return None
    match = _CALLEE.search(data, max(0, opening - 512), opening)
    if match is None or match.group(1)[:1].isdigit():
        return None
    start, end = match.span(1)
    if _DEFINES.search(data, max(0, start - 64), start):
        return None
    before = data[max(0, start - 8) : start].rstrip(b" \t")
    attribute = before.endswith((b".", b"->", b"::"))
    ahead = _AHEAD.match(data, offset)  # `f(|name=1)` is about to write `name`
    until = ahead.end() if ahead is not None else offset
    arguments = data[opening + 1 : until].decode("utf-8", "replace")
    return CallSite(Span(start, end), attribute, arguments)


def _opening(data: bytes, offset: int) -> int | None:
    """The parenthesis that is open at `offset`; strings before it are stepped over."""
    depth, position, quote = 0, offset - 1, 0
    while position >= max(0, offset - _MAX_BACK):
        byte = data[position]
        if quote:
            if byte == quote and data[position - 1 : position] != b"\\":
                quote = 0
            elif byte == 0x0A:
                quote = 0  # it was an apostrophe, not a string
        elif byte in b"\"'":
            quote = byte
        elif byte in b")]}":
            depth += 1
        elif byte in b"([{":
            if depth:
                depth -= 1
            elif byte == 0x28:
                return position
            elif byte == 0x7B and not _is_value(data, position):
                return None  # the body of a function, a block
        elif byte == 0x3B and depth == 0:
            return None
        position -= 1
    return None


def _is_value(data: bytes, position: int) -> bool:
    """True for a `{` behind what only a value can follow: the call around it is being written."""
    before = data[max(0, position - 64) : position].rstrip()
    return before.endswith((b"(", b",", b"[", b":", b"="))


def labels(resolver: Resolver, target: Target, attribute: bool) -> list[tuple[str, str, bool]]:
    """(signature, documentation, whether its first parameter is given by the call)."""
    facts = resolver.facts(target.path)
    if facts is None or target.symbol < 0:
        return []
    symbol = facts.symbols[target.symbol]
    language = resolver.snapshot.language(target.path)
    python = language is not None and language.id == "python"
    if target.kind not in CLASS_KINDS:
        if "(" not in symbol.signature or target.kind in _VALUES:
            return []
        method = target.kind in ("method", "constructor") and not symbol.flags & Flag.STATIC
        # `Class.method(` gives `self` itself: the caller says whether this is one.
        return [(symbol.signature, symbol.doc, python and method and attribute)]
    constructors = resolver.member(Value(target), "__init__") if python else []
    for constructor in constructors:
        inner = resolver.facts(constructor.path)
        if inner is not None and constructor.symbol >= 0:
            made = inner.symbols[constructor.symbol]
            label = target.name + _parenthesised(made.signature)
            return [(label, made.doc or symbol.doc, True)]
    if any("dataclass" in decorator or "define" in decorator for decorator in symbol.decorators):
        fields = ", ".join(_fields(resolver, target))
        return [(f"{target.name}({fields})", symbol.doc, False)]
    return [(f"{target.name}()", symbol.doc, False)] if python else []


def _fields(resolver: Resolver, target: Target) -> list[str]:
    """The annotated fields of a dataclass, those of its bases first."""
    found: dict[str, str] = {}
    for cls in reversed(list(resolver.lineage(target))):
        facts = resolver.facts(cls.path)
        for symbol in facts.symbols if facts is not None else ():
            if symbol.parent == cls.symbol and _is_field(symbol):
                found[symbol.name] = symbol.signature
    return list(found.values())


def _is_field(symbol: Symbol) -> bool:
    annotated = symbol.signature.startswith(f"{symbol.name}:")
    return (
        symbol.kind in ("field", "variable", "constant")
        and annotated
        and ("ClassVar" not in symbol.signature)
    )


def _parenthesised(signature: str) -> str:
    start = signature.find("(")
    return signature[start:] if start >= 0 else "()"


def split_parameters(label: str) -> list[tuple[int, int]]:
    """The ranges of the parameters in `def f(a, b: dict[str, int] = {}) -> c`."""
    opening = label.find("(")
    if opening < 0:
        return []
    found: list[tuple[int, int]] = []
    closing: list[str] = []
    start, quote = opening + 1, ""
    for position in range(opening + 1, len(label)):
        character = label[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            closing.append(_PAIRS[character])
        elif closing and character == closing[-1]:
            closing.pop()
        elif character in ",)" and not closing:
            text = label[start:position]
            if text.strip():
                found.append((start + len(text) - len(text.lstrip()), start + len(text.rstrip())))
            start = position + 1
            if character == ")":
                break
    return found


def _without_first(
    label: str, parameters: list[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    """Without `self`, which the call does not give."""
    start = parameters[0][0]
    end = parameters[1][0] if len(parameters) > 1 else parameters[0][1]
    shift = end - start
    return label[:start] + label[end:], [(a - shift, b - shift) for a, b in parameters[1:]]


def parameter_name(text: str) -> str:
    """`name` of `name: int = 3`, `*name`, `int name`."""
    head = re.split(r"[:=]", text, maxsplit=1)[0].strip()
    match = _NAME.fullmatch(head)
    return match.group(1) if match else head.lstrip("*&.")


def split_arguments(arguments: str) -> list[str]:
    """The arguments written so far; the last one is the one that is being written."""
    parts, depth, start, quote = list[str](), 0, 0, ""
    heads = [match.span() for match in _LAMBDA.finditer(arguments)]
    for position, character in enumerate(arguments):
        if quote:
            quote = "" if character == quote and arguments[position - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0 and not any(a < position < b for a, b in heads):
            parts.append(arguments[start:position])
            start = position + 1
    return [*parts, arguments[start:]]


def _active(label: str, parameters: list[tuple[int, int]], arguments: str) -> int:
    texts = [label[start:end] for start, end in parameters]
    given = split_arguments(arguments)
    keyword = _KEYWORD.match(given[-1])
    if keyword is not None:
        for index, text in enumerate(texts):
            if parameter_name(text) == keyword.group(1):
                return index
        return next((i for i, text in enumerate(texts) if text.startswith("**")), -1)
    wanted = len(given) - 1
    place = -1
    for index, text in enumerate(texts):
        if text in ("/", "*"):
            if text == "*":
                return -1
            continue
        if text.startswith(("*", "...")) and not text.startswith("**"):
            return index
        place += 1
        if place == wanted:
            return index
    return -1
