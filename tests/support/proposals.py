"""Proposals made of text, for tests of what happens to them afterwards."""

from __future__ import annotations

import hashlib

from treewright_agent.calls import Call
from treewright_agent.changes import FileChange, SourceChange, TextEdit
from treewright_agent.linediff import line_edits
from treewright_agent.proposals import ContextPiece, Proposal
from treewright_agent.verify import Report
from treewright_indexer.text import SourceText

ROOT = "/workspace"


def proposal_of(
    name: str,
    before: str = "import os\nx = 1\n",
    after: str = "x = 1\n",
    *,
    path: str = "a.py",
    title: str = "Remove unused import `os`",
    source: str = "recipe",
    root: str = ROOT,
    fingerprint: str = "",
) -> Proposal:
    """A verified proposal that turns `before` into `after` in one file."""
    whole = f"{root}/{path}"
    text = SourceText.of(before)
    edits = tuple(TextEdit(e.span, e.text) for e in line_edits(text, SourceText.of(after)))
    change = SourceChange(files=(FileChange(whole, text.hash, edits),), revision=1)
    return Proposal(
        id=name,
        title=title,
        reason="",
        source=source,
        rung=source,
        fingerprint=fingerprint or hashlib.sha256(f"{title}{before}{after}".encode()).hexdigest(),
        change=change,
        report=Report(True, (), ()),
        annotations=(),
        calls=(Call("replace_text", {"path": whole, "old": before, "new": after}),),
        context=(ContextPiece(path, "python", before),),
        language="python",
        root=root,
        before={whole: text},
    )
