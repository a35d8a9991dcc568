"""The gate: nothing that was tuned is put in force unless it is better than what is.

Each kind is measured on what was held out from making it, against the version in force, by what
users did or tests said. A Verdict holds the numbers, good or bad; only one that passed is
promoted, and promotion can be taken back (`versions.rollback`).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from treewright_agent.feedback import versions
from treewright_agent.feedback.outcomes import KEPT
from treewright_agent.feedback.ranking import SHIPPED, Ranking, Shape, calls_of, keys_of
from treewright_agent.feedback.reading import Decision, decisions
from treewright_agent.feedback.replay import Answerer, Case, ask, replayable, score, solve
from treewright_agent.feedback.rules import Rule
from treewright_agent.feedback.samples import Filter, samples
from treewright_agent.feedback.store import FeedbackStore
from treewright_agent.feedback.tuning import reranker
from treewright_agent.feedback.tuning.reranker import LOSS, Judged, LinearReranker, Orders
from treewright_indexer.cancel import CancelToken

RANKING_MARGIN = 0.01
"""Relative gain in log loss."""
RERANKER_MARGIN = 0.02
"""Gain in NDCG@10 on the user's own held-out searches."""
MODEL_MARGIN = 0.02
"""Gain in the share of requests that come out well."""
RULE_PRECISION = 0.9
MIN_DECISIONS, MIN_SEARCHES, MIN_REQUESTS = 30, 10, 5
"""Held out; with fewer the numbers say nothing, and nothing passes."""
_HELD_OUT = 0.3


@dataclass(frozen=True, slots=True)
class Verdict:
    """`figures` are those of the version in force and of the candidate, side by side."""

    kind: str
    passed: bool
    reason: str
    figures: dict[str, Any]
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    """The candidate; {} when there is none."""


def promote(store: FeedbackStore, verdict: Verdict) -> int:
    """Keep the candidate and, when the gate let it pass, put it in force.

    Returns the version's number, 0 when it did not pass.
    """
    if not verdict.passed:
        return 0
    number = versions.add(store, verdict.kind, verdict.body, verdict.figures)
    versions.promote(store, verdict.kind, number, verdict.reason)
    return number


# -------------------------------------------------------------------- ranking


def evaluate_ranking(store: FeedbackStore) -> Verdict:
    """Other half-lives and prior weights, on the newest third of what users decided.

    The best on the older part is the candidate; the newest third was not seen by the choice.
    """
    found = [d for d in decisions(store.database, limit=20_000) if d.calls]
    n_held_out = int(len(found) * _HELD_OUT)
    if n_held_out < MIN_DECISIONS:
        return Verdict(
            "ranking", False, f"{n_held_out} decisions held out, {MIN_DECISIONS} are needed", {}
        )
    held_out = found[-n_held_out:]
    older = found[:-n_held_out]
    known = versions.current(store, "ranking")
    in_force = Shape(**known.body) if known is not None else SHIPPED
    shapes = [
        Shape(weight, days * 86_400.0, ignored)
        for weight, days, ignored in itertools.product((1.0, 2.0, 4.0, 8.0, 16.0), (14.0, 60.0, 365.0), (0.1, 0.25, 0.5))
    ]  # fmt: skip
    cut = int(len(older) * (1 - _HELD_OUT))
    best = min(shapes, key=lambda shape: _log_loss(older[:cut], older[cut:], shape))
    figures: dict[str, Any] = {
        "n": n_held_out,
        "none": round(_baseline(older, held_out), 4),
        "in_force": round(_log_loss(older, held_out, in_force), 4),
        "candidate": round(_log_loss(older, held_out, best), 4),
        "measure": "log loss of what users kept",
        "shape": best._asdict(),
    }
    mine, theirs = float(figures["candidate"]), float(figures["in_force"])
    gain = 1 - mine / theirs if theirs else 0.0
    better = gain >= RANKING_MARGIN and mine < float(figures["none"])
    return Verdict("ranking", better, _said(better, gain, RANKING_MARGIN), figures, best._asdict())


def _log_loss(seen: Sequence[Decision], asked: Sequence[Decision], shape: Shape) -> float:
    if not seen or not asked:
        return math.log(2)
    ranking = Ranking.of(seen, seen[-1].time, shape)
    total = 0.0
    for row in asked:
        share = ranking.rate(keys_of(calls_of(row), row.operations)).share
        total -= math.log(share if row.outcome in KEPT else 1 - share)
    return total / len(asked)


def _baseline(seen: Sequence[Decision], asked: Sequence[Decision]) -> float:
    """One rate for everything."""
    kept = sum(row.outcome in KEPT for row in seen)
    share = (kept + 1) / (len(seen) + 2)
    return -sum(math.log(share if r.outcome in KEPT else 1 - share) for r in asked) / len(asked)


# -------------------------------------------------------------------- reranker


def evaluate_reranker(store: FeedbackStore, general: Sequence[Judged] = ()) -> Verdict:
    """A reranker fitted to the older searches, on the newest third and on `general` ones."""
    found = [each for row in store.searches() if (each := reranker.judged(row)) is not None]
    n_held_out = int(len(found) * _HELD_OUT)
    if n_held_out < MIN_SEARCHES:
        return Verdict(
            "reranker", False, f"{n_held_out} searches held out, {MIN_SEARCHES} are needed", {}
        )
    known = versions.current(store, "reranker")
    in_force = reranker.in_force(known.body, known.number) if known is not None else None
    in_force = in_force or reranker.shipped()
    # Of the general set one half makes the candidate, the other half judges it here.
    mine, judges = general[::2], general[1::2]
    candidate = reranker.fit_safely(found[:-n_held_out], mine)
    held_out = found[-n_held_out:]
    return _compared(candidate, candidate.to_json(), in_force, held_out, judges)


def evaluate_cross_encoder(
    store: FeedbackStore, folder: Path, general: Sequence[Judged] = ()
) -> Verdict:
    """A cross-encoder that was trained elsewhere, on the searches that it has not seen. Half of
    `general` says how much it is heard beside the rank, the other half judges.

    Raises ArgumentsError for a folder that holds none, or that does not say what it has seen.
    """
    from treewright_agent.feedback.tuning import cross

    candidate, seen = cross.cross_of(folder), cross.trained_on(folder)
    held_out = [
        each
        for row in store.searches()
        if cross.hash_of(row.query) not in seen and (each := reranker.judged(row)) is not None
    ]
    if len(held_out) < MIN_SEARCHES:
        reason = f"{len(held_out)} searches held out, {MIN_SEARCHES} are needed"
        return Verdict("reranker", False, reason, {})
    known = versions.current(store, "reranker")
    in_force = reranker.in_force(known.body, known.number) if known is not None else None
    mine, judges = general[::2], general[1::2]
    cross.weigh(candidate, mine)
    return _compared(
        candidate, candidate.to_json(), in_force or reranker.shipped(), held_out, judges
    )


def _compared(
    candidate: Orders,
    body: dict[str, Any],
    in_force: Orders,
    held_out: Sequence[Judged],
    judges: Sequence[Judged],
) -> Verdict:
    """Better on the user's own searches, and no worse on those of others (`judges`)."""
    figures: dict[str, Any] = {
        "n": len(held_out),
        "n_general": len(judges),
        "in_force": round(reranker.ndcg(in_force, held_out), 4),
        "candidate": round(reranker.ndcg(candidate, held_out), 4),
        "general_in_force": round(reranker.ndcg(reranker.shipped(), judges), 4),
        "general_candidate": round(reranker.ndcg(candidate, judges), 4),
        "measure": "NDCG@10",
    }
    gain = float(figures["candidate"]) - float(figures["in_force"])
    allowed = float(figures["general_in_force"]) * (1 - LOSS)
    safe = float(figures["general_candidate"]) >= allowed
    better = gain >= RERANKER_MARGIN and safe
    reason = _said(better, gain, RERANKER_MARGIN)
    if gain >= RERANKER_MARGIN and not safe:
        reason = f"loses more than {LOSS:.0%} on the searches of others"
    return Verdict("reranker", better, reason, figures, body)


def onnx_of(candidate: LinearReranker) -> bytes:
    """For engines that read ONNX; input `features` as `reranker.features` makes them."""
    from treewright_agent.feedback.tuning.onnx_file import linear_model

    return linear_model(candidate.weights, description=f"treewright reranker {candidate.number}")


# -------------------------------------------------------------------- rules


def evaluate_rule(store: FeedbackStore, rule: Rule) -> Verdict:
    """The rule on every stored edit it could have made, those it was mined from included.

    It passes when it mostly does what users kept, never what they refused, and never breaks a
    text that parsed.
    """
    from treewright_agent.feedback.mining import examples_of, same_code
    from treewright_agent.operations.replace_pattern import rewritten

    counts: Counter[str] = Counter()
    for sample in samples(store, Filter(languages=frozenset({rule.language})), Counter()):
        diff = sample.kept_diff if sample.kept is not None else sample.row.diff
        for example in examples_of(diff, sample.row.id, sample.row.workspace):
            made = rewritten(example.before, rule.language, rule.pattern, rule.rewrite)
            if made == example.before:
                continue
            same = same_code(rule.language, made, example.after)
            if same is None:
                counts["broken"] += 1
            elif sample.kept is not None:
                counts["kept" if same else "other"] += 1
            elif same:
                counts["refused"] += 1
    matched = counts["kept"] + counts["other"]
    precision = counts["kept"] / matched if matched else 0.0
    figures = {"precision": round(precision, 4), **dict(sorted(counts.items()))}
    if counts["refused"] or counts["broken"]:
        reason = f"does what was refused ({counts['refused']}) or breaks code ({counts['broken']})"
        return Verdict("rules", False, reason, figures)
    passed = precision >= RULE_PRECISION and counts["kept"] >= 3
    reason = f"{counts['kept']} of {matched} edits as users kept them"
    return Verdict("rules", passed, reason, figures, {"id": rule.id} if passed else {})


# -------------------------------------------------------------------- models


def evaluate_model(
    store: FeedbackStore,
    candidate: Answerer,
    in_force: Answerer | None,
    cases: Sequence[Case] = (),
    token: CancelToken | None = None,
    *,
    limit: int = 50,
    body: dict[str, Any] | None = None,
) -> Verdict:
    """Both put to the newest stored requests and to the cases; judged by outcomes and tests.

    Without one in force the candidate is measured against what the users kept of what they got.
    """
    token = token or CancelToken()
    decided = list(samples(store, Filter(), Counter()))[-4 * limit :]
    stored = list(itertools.islice(replayable(reversed(decided)), limit))
    mine = [*ask(stored, candidate, token), *solve(cases, candidate, token)]
    figures: dict[str, Any] = {"candidate": score(mine)}
    if in_force is not None:
        figures["in_force"] = score([*ask(stored, in_force, token), *solve(cases, in_force, token)])
    else:
        kept = sum(sample.kept is not None for sample, _ in stored)
        n = len(stored)
        share = round(kept / n, 4) if n else 0.0
        figures["in_force"] = {"n": n, "good": share, "harm": round(1 - share, 4) if n else 0.0}
    if len(mine) < MIN_REQUESTS:
        reason = f"{len(mine)} requests can be replayed, {MIN_REQUESTS} are needed"
        return Verdict("model", False, reason, figures)
    ours, theirs = figures["candidate"], figures["in_force"]
    gain = float(ours["good"]) - float(theirs["good"])
    safe = float(ours["harm"]) <= float(theirs["harm"])
    better = gain >= MODEL_MARGIN and safe
    reason = _said(better, gain, MODEL_MARGIN)
    if gain >= MODEL_MARGIN and not safe:
        reason = "does more of what was refused, or breaks more code"
    return Verdict("model", better, reason, figures, body or {})


def _said(better: bool, gain: float, margin: float) -> str:
    return f"{'better' if better else 'not better'} by {gain:+.4f}, the margin is {margin}"
