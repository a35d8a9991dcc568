"""What the server announces, computed from the table of handlers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from treewright_server.plain import is_object

if TYPE_CHECKING:
    from treewright_server.client import ClientFeatures
    from treewright_server.features import Features
    from treewright_server.registry import Row

INCREMENTAL = 2


def server_capabilities(
    rows: Sequence[Row], commands: Sequence[str], features: Features, client: ClientFeatures
) -> dict[str, Any]:
    """LSP's ServerCapabilities."""
    announced: dict[str, Any] = {
        "positionEncoding": client.encoding,
        "textDocumentSync": {
            "openClose": True,
            "change": INCREMENTAL,
            "save": {"includeText": False},
        },
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        "executeCommandProvider": {"commands": list(commands)},
    }
    for row in rows:
        if row.provider and (not row.feature or features.announced(row.feature)):
            _put(announced, row.provider.split("."), row.options)
    return announced


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value deep in the tree; objects are merged, so that rows may share a provider."""
    *above, last = path
    for key in above:
        below = tree.get(key)
        if not is_object(below):  # nothing, or `true` so far: now it has options
            below = tree[key] = {}
        tree = below
    known = tree.get(last)
    if is_object(value):
        tree[last] = {**known, **value} if is_object(known) else dict(value)
    elif not is_object(known):
        tree[last] = value
