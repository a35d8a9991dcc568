"""What a selection grows to: from the word through ever larger nodes of the tree to the file."""

from __future__ import annotations

from treewright_indexer.errors import UnsupportedLanguageError
from treewright_indexer.graph.occurrences import word_at
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


def growing(snapshot: Snapshot, path: str, offset: int) -> list[Span]:
    """Spans around `offset`, smallest first, each larger than the one before.

    A file without a grammar gives word, line, file. Raises UnknownFileError.
    """
    text = snapshot.text(path)
    data = text.data
    spans: list[Span] = []

    def add(start: int, end: int) -> None:
        if not spans:
            spans.append(Span(start, end))
            return
        last = spans[-1]
        if start <= last.start and last.end <= end and (start, end) != last:
            spans.append(Span(start, end))

    word = word_at(data, offset)
    if word is not None:
        add(*word)
    try:
        root = snapshot.tree(path).root_node
    except UnsupportedLanguageError:
        add(*text.line_span(text.line_of(offset)))
    else:
        # Right behind a node, where the cursor stands after typing, the node before counts.
        end = (
            offset
            if offset < len(data) and data[offset : offset + 1].strip()
            else max(0, offset - 1)
        )
        start = word.start if word is not None else end
        node = root.descendant_for_byte_range(start, word.end if word is not None else end)
        while node is not None:
            if node.start_byte <= offset <= node.end_byte:
                if node.child_count > 2 and node.children[0].type in ("(", "[", "{"):
                    add(node.children[0].end_byte, node.children[-1].start_byte)
                add(node.start_byte, node.end_byte)
            node = node.parent
    add(0, len(data))
    return spans or [Span(offset, offset)]
