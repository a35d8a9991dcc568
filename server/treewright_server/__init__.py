"""The server: speaks LSP and the command line; knows nothing about code.

Editor positions, URIs and settings are converted at this layer's edge, every piece of work
runs on a frozen Snapshot in a thread of its own, and the event loop only routes.
"""

from __future__ import annotations

__version__ = "0.1.0"
