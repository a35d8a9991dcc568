"""codeLens/resolve: count the references, or the tests, of one definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import to_path
from treewright_server.given import member
from treewright_server.places import Places
from treewright_server.plain import field

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

SHOW = "treewright.showReferences"
"""A command of the editor plugin: (uri, position, locations), as VS Code's own has it."""


def handle(ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken) -> Any:
    from treewright_indexer import graph
    from treewright_indexer.graph.resolve import Resolver

    uri, what = field(params, "data", "uri"), field(params, "data", "what")
    if not isinstance(uri, str) or what not in ("references", "tests"):
        return params
    path, places = to_path(uri), Places(ls, snapshot)
    span = places.mapper(path).span(member(params, "range"))
    resolver = Resolver(snapshot, token)
    index = resolver.symbol_starting(path, span.start)
    if index < 0:  # the text has changed since; the editor asks for lenses anew
        return {**params, "command": {"title": "", "command": ""}}
    target = resolver.target_of(path, index)
    if what == "references":
        uses = graph.references(snapshot, target, token, include_declaration=False)
        found = [places.location(use.path, use.span) for use in uses]
    else:
        found = places.locations(graph.tests_of(snapshot, target, token))
    one = what.removesuffix("s")
    title = f"{len(found)} {one if len(found) == 1 else what}"
    arguments = [uri, params["range"]["start"], found]
    return {**params, "command": {"title": title, "command": SHOW, "arguments": arguments}}
