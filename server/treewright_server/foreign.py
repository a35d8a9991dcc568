"""What the graph does not know: asked of a type checker's server, or of jedi, within a deadline.

Never for an answer that the graph already proves; see `docs/architecture.md`, "Semantics".
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from treewright_indexer.graph import Use
    from treewright_indexer.semantics.answers import (
        Help,
        Place,
        PlacesOf,
        Question,
        Signature,
        Suggestion,
    )
    from treewright_indexer.semantics.providers import Oracle
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer
    from treewright_server.places import Places

DEADLINE_S: Final = 2.0
"""The first question of a session reads much of the standard library; later ones are quick."""
REFERENCES_S: Final = 10.0
SOON_S: Final = 0.3


class Asking:
    """The questions of one request, all on its snapshot."""

    def __init__(
        self, ls: TreewrightServer, snapshot: Snapshot, path: str, token: CancelToken
    ) -> None:
        self._ls = ls
        self._snapshot = snapshot
        self._path = path
        self._token = token

    def oracle(self, questions: int = 200) -> Oracle | None:
        """For `graph.resolve.Resolver`; None where there is nobody to ask."""
        from treewright_indexer.semantics.providers import Oracle

        semantics = self._ls.session.semantics
        if not semantics.serves(self._snapshot, self._path):
            return None
        return Oracle(semantics, self._snapshot, self._token, questions=questions)

    def places(self, what: PlacesOf, offset: int) -> list[Place]:
        deadline_s = REFERENCES_S if what == "references" else DEADLINE_S
        return self._ls.session.semantics.places(what, self._question(offset, deadline_s)) or []

    def help(self, offset: int) -> list[Help]:
        return self._ls.session.semantics.help(self._question(offset)) or []

    def signatures(self, offset: int) -> list[Signature]:
        return self._ls.session.semantics.signatures(self._question(offset)) or []

    def complete(self, offset: int, *, known: bool = False) -> list[Suggestion] | None:
        """None: nobody can say, or not in time. `known`: something can be shown without them, so
        that those who have answered before are not waited for as long as others."""
        semantics = self._ls.session.semantics
        soon = known and semantics.awake(self._snapshot, self._path)
        return semantics.complete(self._question(offset, SOON_S if soon else DEADLINE_S))

    def wake(self, offset: int) -> None:
        """Have somebody read the file, in the background, before an answer depends on it."""
        semantics = self._ls.session.semantics
        if semantics.asleep(self._snapshot, self._path):
            question = self._question(offset)._replace(token=CancelToken())
            wake = partial(_quietly, lambda: semantics.definitions(question))
            self._ls.session.lanes.post(wake, Lane.BACKGROUND)

    def _question(self, offset: int, deadline_s: float = DEADLINE_S) -> Question:
        from treewright_indexer.semantics.answers import Question

        return Question(self._snapshot, self._path, offset, self._token, deadline_s)


def _quietly(work: Callable[[], Any]) -> None:
    with contextlib.suppress(TreewrightError):  # it was only to be early
        work()


def uses_at(snapshot: Snapshot, found: list[Place]) -> list[Use]:
    """The places in the workspace as uses of one thing, with the roles that the graph gives them."""
    from treewright_indexer.graph import Confidence, Use, occurrence_at

    uses: list[Use] = []
    for path, span in found:
        occurrence = occurrence_at(snapshot, path, span.start) if snapshot.folder_of(path) else None
        if occurrence is not None:
            role, attribute = occurrence.role, occurrence.attribute
            uses.append(Use(path, span, role, attribute, Confidence.EXACT, ""))
    return uses


def locations(places: Places, found: list[Place]) -> list[dict[str, Any]]:
    """LSP's Locations; a file that cannot be read is left out."""
    answer: list[dict[str, Any]] = []
    for place in found:
        try:
            answer.append(places.location(place.path, place.span))
        except TreewrightError:
            continue
    return answer


def as_links(found: list[dict[str, Any]], origin: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Locations as LocationLinks."""
    return [
        {
            "targetUri": place["uri"],
            "targetRange": place["range"],
            "targetSelectionRange": place["range"],
            **({"originSelectionRange": origin} if origin is not None else {}),
        }
        for place in found
    ]
