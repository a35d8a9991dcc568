"""What a store has taught so far, ready to be used: one value, made off every fast path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.feedback.ranking import Ranking, Shape
from treewright_agent.feedback.reading import decisions
from treewright_agent.feedback.versions import current, newest

if TYPE_CHECKING:
    from treewright_agent.feedback.rules import Rule
    from treewright_agent.feedback.store import FeedbackStore
    from treewright_agent.feedback.tuning.reranker import Orders


@dataclass(frozen=True, slots=True)
class Learned:
    ranking: Ranking
    rules: tuple[Rule, ...] = ()
    """Approved ones."""
    reranker: Orders | None = None
    """One that passed the gate; None: what ships."""
    promotion: int = 0
    """`versions.newest` when this was made."""


class InForce(NamedTuple):
    """What a task uses of what was learned."""

    rules: tuple[Rule, ...] = ()
    model: tuple[str, str] | None = None
    """(address, name) that passed the gate; None: what the settings name."""


def in_force() -> InForce:
    """Read anew each time, so that a promotion and a roll back hold from the next task on. Opens
    nothing where no feedback was ever kept."""
    from treewright_agent.feedback.database import FILE_NAME, data_folder
    from treewright_agent.feedback.store import FeedbackStore
    from treewright_indexer.errors import StoreError

    if not (data_folder() / FILE_NAME).exists():
        return InForce()
    from treewright_agent.feedback.rules import approved

    try:
        with FeedbackStore.open() as store:
            version = current(store, "model")
            rules = tuple(approved(store))
    except StoreError:  # said by whoever records; a task goes on without
        return InForce()
    body = version.body if version is not None else {}
    address, name = body.get("endpoint"), body.get("model")
    given = isinstance(address, str) and isinstance(name, str) and bool(address and name)
    return InForce(rules, (str(address), str(name)) if given else None)


def learned(store: FeedbackStore, now: float) -> Learned:
    from treewright_agent.feedback.rules import approved
    from treewright_agent.feedback.tuning import reranker

    version = current(store, "ranking")
    shape = Shape(**version.body) if version is not None else Shape()
    ranking = Ranking.of(decisions(store.database), now, shape)
    tuned = current(store, "reranker")
    return Learned(
        ranking,
        tuple(approved(store)),
        reranker.in_force(tuned.body, tuned.number) if tuned is not None else None,
        newest(store),
    )
