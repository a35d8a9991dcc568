"""What a store has taught so far, ready to be used: one value, made off every fast path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treewright_agent.feedback.ranking import Ranking, Shape
from treewright_agent.feedback.reading import decisions
from treewright_agent.feedback.versions import current

if TYPE_CHECKING:
    from treewright_agent.feedback.rules import Rule
    from treewright_agent.feedback.store import FeedbackStore
    from treewright_agent.feedback.tuning.reranker import LinearReranker


@dataclass(frozen=True, slots=True)
class Learned:
    ranking: Ranking
    rules: tuple[Rule, ...] = ()
    """Approved ones."""
    reranker: LinearReranker | None = None
    """One that passed the gate; None: what ships."""


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
        reranker.from_json(tuned.body, tuned.number) if tuned is not None else None,
    )
