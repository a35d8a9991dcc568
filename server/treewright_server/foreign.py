"""What stands outside the workspace: asked of jedi once the graph has said that it does not know.

Python only, within a deadline, and never for an answer that the graph already gave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_server.plain import items

if TYPE_CHECKING:
    from treewright_indexer.semantics.interactive import Ask
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer
    from treewright_server.places import Places

DEADLINE_S: Final = 2.0
"""The first question of a session reads much of the standard library; later ones are quick."""


def asked(
    ls: TreewrightServer,
    what: Ask,
    snapshot: Snapshot,
    path: str,
    offset: int,
    token: CancelToken,
) -> list[Any]:
    """jedi's answer, or nothing: no Python, no answer in time, switched off."""
    language = snapshot.language(path)
    if language is None or language.id != "python" or not ls.session.asks_jedi:
        return []
    return items(ls.session.jedi.ask(what, snapshot, path, offset, token, DEADLINE_S))


def locations(places: Places, found: list[Any]) -> list[dict[str, Any]]:
    """LSP's Locations of jedi's places; a file that cannot be read is left out."""
    answer: list[dict[str, Any]] = []
    for place in found:
        try:
            mapper = places.mapper(place["path"])
            span = mapper.text.line_span(place["line"] - 1)
        except TreewrightError:
            continue
        before = mapper.text.slice(span)[: place["column"]]
        start = span.start + len(before.encode("utf-8", "replace"))
        end = start + len(place["name"].encode())
        answer.append({"uri": places.uri(place["path"]), "range": mapper.range((start, end))})
    return answer


def as_links(found: list[dict[str, Any]], origin: dict[str, Any]) -> list[dict[str, Any]]:
    """Locations as LocationLinks."""
    return [
        {
            "targetUri": place["uri"],
            "targetRange": place["range"],
            "targetSelectionRange": place["range"],
            "originSelectionRange": origin,
        }
        for place in found
    ]
