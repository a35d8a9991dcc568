"""Hits of a search as rows for editors, and what finds more code like a piece of code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import Span
from treewright_server.convert import to_path
from treewright_server.given import member, uri_of
from treewright_server.places import Places
from treewright_server.plain import field, is_list, is_object, strings

if TYPE_CHECKING:
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.search.lexical import Hit
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

What = Literal["similar", "tests"]
KINDS: Final[dict[What, tuple[str, str, str]]] = {
    # what: kind of the code action, its title, the command for clients that resolve no command
    "similar": ("treewright.find.similar", "Find similar code", "treewright.similar"),
    "tests": ("treewright.find.tests", "Find tests for this", "treewright.testsFor"),
}
SHOW: Final = "treewright.showReferences"
"""A command of the editor plugin: (uri, position, locations)."""
INVOKED: Final = 1
"""LSP's CodeActionTriggerKind of a menu that the user opened."""
_LIMIT: Final = 30


def rows(places: Places, snapshot: Snapshot, hits: Iterable[Hit]) -> Iterator[dict[str, Any]]:
    """`{place, symbol, kind, score, sources, snippet}` of each hit whose file is still there."""
    for hit in hits:
        found = _where(snapshot, hit)
        if found is None:
            continue
        path, span = found
        try:
            location = places.location(path, span)
        except TreewrightError:
            continue
        yield {
            "place": {**location, "path": hit.path},
            "symbol": hit.symbol,
            "kind": hit.kind,
            "score": hit.score,
            "sources": list(hit.sources),
            "snippet": hit.snippet,
        }


def _where(snapshot: Snapshot, hit: Hit) -> tuple[str, Span] | None:
    """(absolute path, the hit's lines); None when it vanished meanwhile."""
    for folder in snapshot.folders:
        path = folder.absolute(hit.path)
        if snapshot.exists(path):
            try:
                text = snapshot.text(path)
            except TreewrightError:
                return None
            first = min(hit.start_line, text.n_lines) - 1
            last = min(hit.end_line, text.n_lines) - 1
            return path, Span(text.line_span(first).start, text.line_span(last).end)
    return None


def like(
    ls: TreewrightServer, uri: str, given: Any, what: What, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    """Rows of code like the range's, or of tests of the definition at it; best first.

    A range without text stands for the definition around it. Tests that name the definition come
    before those that only read like it.
    """
    from treewright_indexer import graph
    from treewright_indexer.graph.resolve import Resolver
    from treewright_indexer.search.similar import similar

    path, places = to_path(uri), Places(ls, snapshot)
    span = places.mapper(path).span(given)
    index = -1
    resolver = Resolver(snapshot, token)
    facts = snapshot.facts(path) if snapshot.language(path) is not None else None
    if facts is not None:
        index = facts.symbol_at(span.start)
    if index >= 0 and facts is not None and (span.start == span.end or what == "tests"):
        symbol = facts.symbols[index]
        span = Span(symbol.start, symbol.end)
    elif span.start == span.end:
        span = snapshot.text(path).line_span(snapshot.text(path).line_of(span.start))
    found: list[dict[str, Any]] = []
    if what == "tests" and index >= 0:
        for test in graph.tests_of(snapshot, resolver.target_of(path, index), token):
            try:
                location = places.location(test.path, test.name_span)
            except TreewrightError:
                continue
            shown = snapshot.display_path(test.path)
            found.append(
                {
                    "place": {**location, "path": shown},
                    "symbol": test.name,
                    "kind": "test",
                    "score": 1.0,
                    "sources": ["graph"],
                    "snippet": "",
                }
            )
    if what == "similar" or not found:
        hits = similar(snapshot, path, span, _LIMIT, tests=what == "tests", token=token)
        found += rows(places, snapshot, hits)
    return found[:_LIMIT]


def actions(ls: TreewrightServer, params: Any) -> list[dict[str, Any]]:
    """The two code actions, where a user asked for a menu; nothing is searched before one is picked."""
    client, only = ls.session.client, field(params, "context", "only")
    if not client.code_action_literals:
        return []
    wanted = strings(only) if is_list(only) else None
    if wanted is None and field(params, "context", "triggerKind") != INVOKED:
        return []
    uri, given = uri_of(params), member(params, "range")
    found: list[dict[str, Any]] = []
    for what, (kind, title, command) in KINDS.items():
        if wanted is not None and not any(
            not n or kind == n or kind.startswith(n + ".") for n in wanted
        ):
            continue
        action: dict[str, Any] = {"title": title, "kind": kind}
        if client.resolves_command:
            action["data"] = {"treewright": 1, "find": what, "uri": uri, "range": given}
        else:
            arguments = [{"uri": uri, "range": given}]
            action["command"] = {"title": title, "command": command, "arguments": arguments}
        found.append(action)
    return found


def resolved(
    ls: TreewrightServer, action: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    """The action with the command that shows what was found."""
    data = field(action, "data")
    what = field(data, "find")
    uri, given = field(data, "uri"), field(data, "range")
    if what not in KINDS or not isinstance(uri, str) or not is_object(given):
        return action
    found = like(ls, uri, given, what, snapshot, token)
    locations = [{key: row["place"][key] for key in ("uri", "range")} for row in found]
    title = f"{len(locations)} found" if locations else "nothing found"
    command = {"title": title, "command": SHOW, "arguments": [uri, given["start"], locations]}
    return {**action, "command": command}
