"""Reads code: trees, facts, the graph and search. Knows no editor, no model, no network."""
