"""What one file's text says about itself: a pure function of (language, text).

One query finds everything (`languages/*/symbols.scm`); this package sorts what it captured
into symbols, scopes, imports, references and chunks. No code here knows a language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treewright_indexer.facts.chunks import chunks_of
from treewright_indexer.facts.embedded import Part, outline_embedded, read_embedded
from treewright_indexer.facts.exports import exported_names
from treewright_indexer.facts.imports import imports_of
from treewright_indexer.facts.incremental import Known, outline_after
from treewright_indexer.facts.references import postings_of
from treewright_indexer.facts.rules import Rules, rules_of
from treewright_indexer.facts.scopes import scopes_of
from treewright_indexer.facts.symbols import Outline, outline_of
from treewright_indexer.model import FileFacts, Symbol
from treewright_indexer.syntax import captures, parse

if TYPE_CHECKING:
    from tree_sitter import Tree

    from treewright_indexer.facts.symbols import Captures
    from treewright_indexer.languages import Language
    from treewright_indexer.text import SourceText

__all__ = [
    "Known",
    "Outline",
    "Rules",
    "extract",
    "outline",
    "outline_after",
    "rules_of",
]


def extract(language: Language, text: SourceText, tree: Tree | None = None) -> FileFacts:
    """All facts of one text. `tree` must be the tree of exactly this text.

    Raises UnreadableFileError when the text cannot be parsed in time.
    """
    data = text.data
    if tree is None:
        tree = parse(language, data)
    captured = captures(language.query, tree.root_node)
    part = _part_of(language, data, captured)
    if "embedded" in language.rules:
        part = read_embedded(language, data, captured, part, _part_of)
    rules = rules_of(language)
    exports = exported_names(rules, data, part.symbols)
    return FileFacts(
        language.id,
        part.symbols,
        part.scopes,
        part.imports,
        part.postings,
        chunks_of(rules, text, tree, part.symbols),
        len(captured.get("error", ())),
        None if exports is None else tuple(dict(exports)),
    )


def _part_of(language: Language, data: bytes, captured: Captures) -> Part:
    """What the captures of one language's query say."""
    rules = rules_of(language)
    found = outline_of(rules, data, captured)
    imports = imports_of(rules, data, captured)
    exports = exported_names(rules, data, found.symbols)
    return Part(
        found.symbols,
        scopes_of(rules, data, captured, found, imports),
        imports,
        postings_of(rules, data, captured, found.symbols, imports, exports),
    )


def outline(language: Language, text: SourceText, tree: Tree) -> list[Symbol]:
    """`extract(…).symbols` without the rest."""
    data = text.data
    captured = captures(language.outline_query, tree.root_node)
    symbols = _symbols_of(language, data, captured)
    if "embedded" in language.rules:
        return outline_embedded(language, data, captured, symbols, _symbols_of)
    return symbols


def _symbols_of(language: Language, data: bytes, captured: Captures) -> list[Symbol]:
    return outline_of(rules_of(language), data, captured).symbols
