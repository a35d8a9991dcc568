"""Rules from accepted edits: what many edits have in common becomes a pattern and a rewrite.

Of each kept edit the smallest pair of differing syntax nodes is taken. Pairs with the same shape
are generalised together by anti-unification (Plotkin 1970): where all texts agree the text
stays, where they differ a variable stands, the same variable wherever the same texts stand. A
rule whose rewrite needs something that its pattern does not bind is none. What is proposed must
give every one of its examples back, and turn no text that a user refused into what was refused.
"""

from __future__ import annotations

import hashlib
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.calls import canonical_json
from treewright_agent.changes.patch import parse_patch
from treewright_agent.feedback.samples import Sample
from treewright_indexer.errors import TreewrightError
from treewright_indexer.languages import LANGUAGES
from treewright_indexer.syntax import parse

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.languages import Language

MIN_EXAMPLES = 3
_MAX_NODE_BYTES = 2_000
_MAX_EXAMPLES = 20
_WHOLE = frozenset({"module", "program", "source_file", "translation_unit", "block", "document"})
_SMALL = frozenset({"identifier", "attribute", "property_identifier", "field_identifier",
                    "dotted_name", "type_identifier", "keyword_argument", "member_expression",
                    "string_content", "string_start", "string_end", "escape_sequence"})  # fmt: skip
"""Kinds too small to stand alone: the expression around them is the shape."""


class Example(NamedTuple):
    """One edit: two nodes' source."""

    language: str
    before: str
    after: str
    kind: str
    proposal: str
    workspace: str


class Candidate(NamedTuple):
    id: str
    language: str
    pattern: str
    rewrite: str
    title: str
    examples: tuple[Example, ...]


def mined(kept: Iterable[Sample], refused: Iterable[Sample] = ()) -> list[Candidate]:
    """Rules that at least `MIN_EXAMPLES` kept edits of different proposals have in common, the
    most frequent first. What recipes proposed is left out: it is a rule already."""
    groups: defaultdict[object, dict[str, Example]] = defaultdict(dict)
    for sample in kept:
        if sample.row.source == "recipe" and not sample.was_changed:
            continue
        for example in examples_of(sample.kept_diff, sample.row.id, sample.row.workspace):
            groups[_shape(example)].setdefault(f"{example.before}\0{example.after}", example)
    bad = [e for s in refused for e in examples_of(s.row.diff, s.row.id, s.row.workspace)]
    found: dict[str, Candidate] = {}
    for members in groups.values():
        examples = list(members.values())
        if len({example.proposal for example in examples}) < MIN_EXAMPLES:
            continue
        candidate = _generalised(examples[:_MAX_EXAMPLES])
        if candidate is not None and not _repeats_refused(candidate, bad):
            found.setdefault(candidate.id, candidate)
    return sorted(found.values(), key=lambda c: (-len(c.examples), c.pattern))


# -------------------------------------------------------------------- from diffs to pairs


def examples_of(diff: str, proposal: str, workspace: str) -> Iterator[Example]:
    """The smallest differing pairs of a unified diff, where both sides parse."""
    from treewright_indexer.languages import language_for_path

    try:
        files = parse_patch(diff)
    except TreewrightError:
        return
    for file in files:
        language = language_for_path(file.new or file.old or "")
        if language is None:
            continue
        for hunk in file.hunks:
            for old, new in _runs(hunk.lines):
                for pair in _pairs(language, old, new):
                    yield Example(language.id, *pair, proposal, workspace)


def _runs(lines: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Neighbouring removed and added lines that stand in each other's place."""
    old: list[str] = []
    new: list[str] = []
    for mark, text in [*lines, (" ", "")]:
        if mark == "-" and not new:
            old.append(text)
        elif mark == "+":
            new.append(text)
        else:
            if old and new:
                yield "\n".join(old), "\n".join(new)
            old, new = ([text], []) if mark == "-" else ([], [])


def _pairs(language: Language, old: str, new: str) -> Iterator[tuple[str, str, str]]:
    before, after = _parsed(language, old), _parsed(language, new)
    if before is None or after is None:
        return
    ones, others = before.named_children, after.named_children
    if len(ones) != len(others):
        return
    for one, other in zip(ones, others, strict=True):
        if _text(one) == _text(other):
            continue
        one, other = _smallest(language, one, other)
        sizes = [len(_text(one)), len(_text(other))]
        if one.type not in _WHOLE and max(sizes) <= _MAX_NODE_BYTES and min(sizes):
            yield _text(one), _text(other), one.type


def _parsed(language: Language, text: str) -> Node | None:
    text = textwrap.dedent(text).strip("\n")
    tries = [text]
    if language.id == "python" and text.rstrip().endswith(":"):
        tries.append(
            text.removeprefix("el") + "\n    pass"
            if text.startswith("elif")
            else text + "\n    pass"
        )
    elif text.rstrip().endswith("{"):
        tries.append(text + "\n}")
    for each in tries:
        root = parse(language, each.encode("utf-8", "replace")).root_node
        if not root.has_error:
            return root
    return None


def _smallest(language: Language, one: Node, other: Node) -> tuple[Node, Node]:
    """Down while exactly one child differs, then up again from what is too small to be a rule,
    or means something else when it stands alone."""
    way = [(one, other)]
    while True:
        one, other = way[-1]
        if one.type != other.type or one.child_count != other.child_count or not one.child_count:
            break
        differing = [
            (a, b)
            for a, b in zip(one.children, other.children, strict=True)
            if _text(a) != _text(b) or a.type != b.type
        ]
        if len(differing) != 1:
            break
        way.append(differing[0])
    while len(way) > 1 and not all(_stands_alone(language, node) for node in way[-1]):
        way.pop()
    return way[-1]


def _stands_alone(language: Language, node: Node) -> bool:
    if node.type in _SMALL or not node.is_named:
        return False
    alone = _node(language, _text(node))
    return alone is not None and alone.type == node.type


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


# -------------------------------------------------------------------- shapes and anti-unification


def _leaves(node: Node) -> Iterator[str]:
    if node.child_count == 0:
        yield _text(node)
    for child in node.children:
        yield from _leaves(child)


def _shape(example: Example) -> object:
    """Edits of one shape take the same tokens away and put the same ones there."""
    language = LANGUAGES[example.language]
    before, after = _node(language, example.before), _node(language, example.after)
    if before is None or after is None:
        return (example.language, example.kind, example.before)
    old, new = Counter(_leaves(before)), Counter(_leaves(after))
    gone, come = frozenset((old - new).items()), frozenset((new - old).items())
    return (example.language, before.type, after.type, gone, come)


def _node(language: Language, text: str) -> Node | None:
    """The node that `text` alone is."""
    root = _parsed(language, text)
    if root is None:
        return None
    node = root
    while node.named_child_count == 1 and node.named_children[0].byte_range == node.byte_range:
        node = node.named_children[0]
    return node


class _Generaliser:
    def __init__(self) -> None:
        self.names: dict[tuple[str, ...], str] = {}
        self.frozen = False
        self.unbound = False
        self.n_literal = 0

    def of(self, nodes: Sequence[Node]) -> str:
        first = nodes[0]
        texts = tuple(_text(node) for node in nodes)
        if len(set(texts)) == 1:
            self.n_literal += sum(any(c.isalnum() for c in leaf) for leaf in _leaves(first))
            self.n_literal += first.type.endswith("operator")
            return texts[0]
        known = self.names.get(texts)
        if known is not None:
            return known
        same = all(n.type == first.type and n.child_count == first.child_count for n in nodes)
        if same and first.child_count and not first.type.startswith("string"):
            return self._inside(nodes)
        lists = all(n.type == first.type for n in nodes) and first.type.endswith(
            ("arguments", "argument_list", "parameters")
        )
        if lists and all(n.child_count >= 2 for n in nodes):
            inner = tuple(text[1:-1].strip() for text in texts)
            return f"{texts[0][0]}{self._variable(inner, '$$$')}{texts[0][-1]}"
        if not first.is_named:
            self.unbound = True  # `$X` stands for nodes, not for operators
        return self._variable(texts, "$")

    def _inside(self, nodes: Sequence[Node]) -> str:
        """The children generalised one by one, with the space of the first node between them."""
        first = nodes[0]
        data, start = first.text or b"", first.start_byte
        parts: list[str] = []
        at = start
        for index, child in enumerate(first.children):
            parts.append(data[at - start : child.start_byte - start].decode("utf-8", "replace"))
            children = [node.children[index] for node in nodes]
            if not child.is_named and len({_text(c) for c in children}) > 1:
                self.unbound = True
            parts.append(self.of(children))
            at = child.end_byte
        parts.append(data[at - start :].decode("utf-8", "replace"))
        return "".join(parts)

    def _variable(self, texts: tuple[str, ...], mark: str) -> str:
        known = self.names.get(texts)
        if known is not None:
            return known
        if self.frozen:
            self.unbound = True
        name = f"{mark}{chr(ord('A') + len(self.names) % 26)}"
        if len(self.names) >= 26:
            self.unbound = True
        self.names[texts] = name
        return name


def _generalised(examples: Sequence[Example]) -> Candidate | None:
    language = LANGUAGES[examples[0].language]
    before = [_node(language, example.before) for example in examples]
    after = [_node(language, example.after) for example in examples]
    ones, others = [n for n in before if n is not None], [n for n in after if n is not None]
    if len(ones) != len(examples) or len(others) != len(examples):
        return None
    general = _Generaliser()
    if len({node.type for node in ones}) > 1:
        return None
    pattern = general.of(ones)
    specific = general.n_literal
    general.frozen = True
    rewrite = general.of(others)
    if general.unbound or not specific or pattern == rewrite:
        return None
    id = hashlib.sha256(canonical_json([language.id, pattern, rewrite]).encode()).hexdigest()[:12]
    title = f"Write `{_short(rewrite)}` for `{_short(pattern)}`"
    candidate = Candidate(id, language.id, pattern, rewrite, title, tuple(examples))
    return candidate if all(_gives_back(candidate, example) for example in examples) else None


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= 50 else f"{line[:49]}…"


def _gives_back(candidate: Candidate, example: Example) -> bool:
    """Whether the rule, as it would be applied, makes the example's text; by tokens, so that
    spaces do not count."""
    from treewright_agent.operations.replace_pattern import rewritten

    made = rewritten(example.before, candidate.language, candidate.pattern, candidate.rewrite)
    return bool(same_code(candidate.language, made, example.after))


def same_code(language: str, made: str, wanted: str) -> bool | None:
    """Whether two texts have the same tokens; None when the one that was made does not parse."""
    one, other = _node(LANGUAGES[language], made), _node(LANGUAGES[language], wanted)
    if one is None:
        return None
    return other is not None and list(_leaves(one)) == list(_leaves(other))


def _repeats_refused(candidate: Candidate, refused: Iterable[Example]) -> bool:
    return any(
        example.language == candidate.language and _gives_back(candidate, example)
        for example in refused
    )
