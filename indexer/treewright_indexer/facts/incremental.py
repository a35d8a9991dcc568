"""The outline after a keystroke: what the edit cannot have touched is moved, not read again.

The smallest run of whole statements around the edit is queried anew, in the block that holds
it. Whatever stands outside keeps its Symbol, shifted. Where that cannot be shown to give what
a fresh outline gives, there is no answer, and the caller makes a fresh one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from treewright_indexer.facts.docs import comment_start
from treewright_indexer.facts.exports import with_exports
from treewright_indexer.facts.rules import CLASS_KINDS, CONTAINER_KINDS, Rules, rules_of
from treewright_indexer.facts.symbols import DATA_KINDS, Context, Frame, outline_of
from treewright_indexer.model import Flag, Symbol

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

    from treewright_indexer.languages import Language
    from treewright_indexer.text import SourceText


class Dirty(NamedTuple):
    """The stretch where two texts may differ: `start:old_end` became `start:new_end`."""

    start: int
    old_end: int
    new_end: int

    def then(self, start: int, old_end: int, new_end: int) -> Dirty:
        """This change and then another one, in the coordinates of the text between them."""
        first = min(self.start, start)
        own_old, own_new = self.old_end, self.new_end
        if old_end > own_new:
            own_old += old_end - own_new
            own_new = old_end
        return Dirty(first, own_old, own_new + new_end - old_end)


class Known(NamedTuple):
    """An outline and its text, and where a later text may differ from it."""

    text: SourceText
    symbols: list[Symbol]
    dirty: Dirty | None = None

    def then(self, start: int, old_end: int, new_end: int) -> Known:
        """After a further edit, in the coordinates of the text before that edit."""
        edit = Dirty(start, old_end, new_end)
        return self._replace(dirty=self.dirty.then(*edit) if self.dirty else edit)

    def seen(self, before: Tree, after: Tree) -> Known:
        """Once the edits are parsed: the syntax may differ where the text does not.

        `before` is the last parsed tree with all edits made since, `after` the new tree.
        """
        known = self
        for changed in before.changed_ranges(after):
            known = known.then(changed.start_byte, changed.end_byte, changed.end_byte)
        return known


def outline_after(
    language: Language, text: SourceText, tree: Tree, known: Known
) -> list[Symbol] | None:
    """The outline of `text`, whose tree is `tree`; None when only a fresh one is sure."""
    rules = rules_of(language)
    old, data = known.symbols, text.data
    if known.dirty is None:
        return old if known.text == text else None
    _, old_end, new_end = known.dirty
    delta = new_end - old_end
    if len(data) - len(known.text.data) != delta or not rules.incremental:
        return None
    found = _block(rules, tree, old, known.dirty)
    if found is None:
        return None
    around, block, first, last = found  # containers around the edit, and the run of statements
    first_old, last_old = first, last - delta
    low = _index_at(old, first_old)
    high = _index_at(old, last_old)
    symbols = old[:low]
    if around != [index for index, symbol in enumerate(symbols) if symbol.end > first_old]:
        return None
    for index in around:
        if symbols[index].end < last_old:
            return None
        symbols[index] = symbols[index]._replace(end=symbols[index].end + delta)
    classes: dict[str, int] = {}
    for index, symbol in enumerate(symbols):
        if _is_top_class(symbols, symbol):
            classes.setdefault(symbol.name, index)
    context = Context(
        [Frame(symbols[i].end, i, symbols[i].kind, "") for i in around],
        symbols,
        {(s.parent, s.name) for s in symbols if s.kind in DATA_KINDS},
        classes,
    )
    fresh = outline_of(rules, data, _captures(language, block, first, last), context).symbols
    if not _same_outside(rules, data, known, low, high, fresh, last):
        return None
    more = len(fresh) - (high - low)
    symbols += fresh
    make = Symbol._make
    for (
        name, kind, begin, end, name_start, name_end, parent, signature, doc, bases, decorators,
        flags, owner,
    ) in old[high:]:  # fmt: skip
        if parent >= high:
            parent += more
        elif parent >= low:
            return None
        symbols.append(
            make(
                (
                    name, kind, begin + delta, end + delta, name_start + delta, name_end + delta,
                    parent, signature, doc, bases, decorators, flags, owner,
                )
            )
        )  # fmt: skip
    mark = rules.exports.encode()
    if mark and (mark in data or mark in known.text.data):
        symbols = with_exports(rules, data, [_by_name(rules, symbol) for symbol in symbols])
    return symbols


def _by_name(rules: Rules, symbol: Symbol) -> Symbol:
    """A symbol at the top level as if the file had no list of exports."""
    if symbol.parent >= 0:
        return symbol
    exported = rules.traits(symbol.name) & Flag.EXPORTED
    return symbol._replace(flags=symbol.flags & ~Flag.EXPORTED | exported)


def _block(
    rules: Rules, tree: Tree, old: list[Symbol], dirty: Dirty
) -> tuple[list[int], Node, int, int] | None:
    """The innermost block that holds the change, the containers around it, and what to read.

    The containers are indexes of old symbols, outermost first.
    """
    start, old_end, new_end = dirty
    delta = new_end - old_end
    around = [
        index
        for index, symbol in enumerate(old)
        if symbol.kind in CONTAINER_KINDS and symbol.name_end < start and old_end < symbol.end
    ]
    root = tree.root_node
    while around:
        symbol = old[around[-1]]
        node = root.descendant_for_byte_range(start, max(start, new_end - 1))
        while node is not None and node.start_byte > symbol.name_end:
            block = node
            parent = node.parent
            if node.end_byte == symbol.end + delta and (
                parent is None or parent.start_byte <= symbol.name_start
            ):
                run = _run(rules, block, start, new_end, skip_first=True)
                if run is not None:
                    return around, block, *run
                break
            node = parent
        around.pop()
    run = _run(rules, root, start, new_end, skip_first=False)
    return None if run is None else ([], root, *run)


def _run(
    rules: Rules, block: Node, start: int, end: int, *, skip_first: bool
) -> tuple[int, int] | None:
    """First and last byte of the children of `block` that the change touches."""
    children = block.children
    first = last = -1
    for index, child in enumerate(children):
        if child.end_byte >= start and child.start_byte <= end:
            if first < 0:
                first = index
            last = index
        elif child.start_byte > end:
            break
    if first < 0:
        return start, end
    while first > 0 and (children[first - 1].type in rules.leading or children[first - 1].is_extra):
        first -= 1
    if skip_first and first < 1:  # the docstring or the brace belongs to what is around
        return None
    return min(start, children[first].start_byte), max(end, children[last].end_byte)


def _captures(language: Language, block: Node, start: int, end: int) -> dict[str, list[Node]]:
    from tree_sitter import QueryCursor

    cursor = QueryCursor(language.outline_query)
    cursor.set_byte_range(start, max(end, start + 1))
    return {
        name: inside
        for name, nodes in cursor.captures(block).items()
        if (inside := [n for n in nodes if n.start_byte >= start and n.end_byte <= end])
    }


def _index_at(symbols: Sequence[Symbol], offset: int) -> int:
    """Index of the first symbol that starts at `offset` or behind it."""
    return bisect_left(symbols, offset, key=_start)


def _start(symbol: Symbol) -> int:
    return symbol.start


def _is_top_class(symbols: Sequence[Symbol], symbol: Symbol) -> bool:
    return symbol.kind in CLASS_KINDS and (
        symbol.parent < 0 or symbols[symbol.parent].kind in ("namespace", "module")
    )


def _same_outside(
    rules: Rules,
    data: bytes,
    known: Known,
    low: int,
    high: int,
    fresh: Sequence[Symbol],
    end: int,
) -> bool:
    """Whether what was read anew leaves the symbols behind it as they are."""
    old = known.symbols
    delta = len(data) - len(known.text.data)
    # The first assignment of a name is its symbol: others may have become it.
    before = {(s.parent, s.name) for s in old[low:high] if s.kind in DATA_KINDS}
    after = {(s.parent, s.name) for s in fresh if s.kind in DATA_KINDS}
    for _, name in before ^ after:
        if data.find(name.encode(), end) >= 0:
            return False
    # Members that stand outside their type, in languages that have such, find it by name.
    if "@owner" in rules.language.query_source:
        types = [s.name for s in old[low:high] if _is_top_class(old, s)]
        if types != [s.name for s in fresh if s.kind in CLASS_KINDS and s.parent < low]:
            return False
    if high < len(old):  # the comment above the next definition may begin in the change
        following = old[high].start
        above = comment_start(rules, data, following + delta)
        if above < end or above - delta != comment_start(rules, known.text.data, following):
            return False
    return True
