"""What syntax cannot decide: types, asked of jedi in a process of its own."""

from treewright_indexer.semantics.client import Semantics

__all__ = ["Semantics"]
