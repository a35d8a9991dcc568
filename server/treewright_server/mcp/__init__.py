"""The Model Context Protocol: treewright's code intelligence for agents of others.

`server` speaks JSON-RPC over lines of standard input and output; `tools` is what it offers.
"""
