"""SourceChange: the only way anything changes code.

A change is a value: edits per file as spans with the hash of the text they were computed
from, and files to create, rename and delete. It can be applied, inverted, merged with another
of the same base, put behind another, cut into the parts a user may accept alone, and shown.
"""

from treewright_agent.changes.algebra import ConflictError, Side, TextEdit
from treewright_agent.changes.build import ChangeBuilder, FileEditor
from treewright_agent.changes.model import (
    FILE,
    Create,
    Delete,
    FileChange,
    HunkId,
    Note,
    Rename,
    SourceChange,
    TextOf,
)

__all__ = [
    "FILE",
    "ChangeBuilder",
    "ConflictError",
    "Create",
    "Delete",
    "FileChange",
    "FileEditor",
    "HunkId",
    "Note",
    "Rename",
    "Side",
    "SourceChange",
    "TextEdit",
    "TextOf",
]
