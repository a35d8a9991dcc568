"""What editors ask beyond the graph: folds, selections, tokens, completion, signatures, hints.

Pure functions of a Snapshot; spans are byte offsets, as everywhere below the server.
"""
