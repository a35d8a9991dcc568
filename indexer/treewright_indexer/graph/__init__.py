"""Edges between files, derived from facts: what a name means, who uses it, who inherits.

The public names of the package; the modules below it hold one question each.
"""

from treewright_indexer.graph.hover import HoverInfo, hover_of
from treewright_indexer.graph.model import Confidence, Location, Occurrence, Target, Use
from treewright_indexer.graph.neighbours import (
    callees,
    callers,
    importers,
    subclasses,
    targets_named,
    tests_of,
)
from treewright_indexer.graph.occurrences import occurrence_at
from treewright_indexer.graph.references import references
from treewright_indexer.graph.resolve import definitions, resolve

__all__ = [
    "Confidence",
    "HoverInfo",
    "Location",
    "Occurrence",
    "Target",
    "Use",
    "callees",
    "callers",
    "definitions",
    "hover_of",
    "importers",
    "occurrence_at",
    "references",
    "resolve",
    "subclasses",
    "targets_named",
    "tests_of",
]
