"""search(): plan, retrievers side by side, fusion, and a reranker when one is wanted.

Words always answer. Meaning joins when its model is loaded, its vectors are there and it answers
within the budget; the Answer says which retrievers took part, whether vectors are complete, and
what was left out and why.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.errors import CancelledError, StoreError, TreewrightError
from treewright_indexer.search import retrievers
from treewright_indexer.search.fuse import Candidate, certainty, fuse
from treewright_indexer.search.glossary import in_english, is_latin
from treewright_indexer.search.lexical import Hit, snippet
from treewright_indexer.search.plan import Plan, plan_of
from treewright_indexer.search.rerank import BUDGET_S, wants
from treewright_indexer.search.rerank import rerank as rerank_head
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.encoders import Reranker
    from treewright_indexer.snapshot import Snapshot

T = TypeVar("T")

MODES: Final = ("hybrid", "lexical", "dense", "graph")
_BUDGET_S: Final = 5.0
_CACHED: Final = 1000
_CACHE_S: Final = 3600.0
_NOTHING: Final = 0.7
"""Without a word that is found, nothing was: below this share of the model's limit."""

_pool_lock = Lock()
_pool: ThreadPoolExecutor | None = None


Partial = Callable[[str, list[Hit]], None]


class Answer(NamedTuple):
    """What a search found and how."""

    hits: list[Hit]
    plan: Plan
    retrievers: tuple[str, ...]
    """Those that took part."""
    complete: bool
    """Whether every chunk could be found by meaning."""
    relevant: bool
    """False when the best hit means something else than the query, as far as can be told."""
    notes: tuple[str, ...]
    """What was left out and why, for the user."""
    ms: float


def search(
    snapshot: Snapshot,
    query: str,
    k: int,
    *,
    mode: str = "hybrid",
    rerank: bool = True,
    reranker: Reranker | None = None,
    boosts: Mapping[str, float] | None = None,
    budget_s: float = _BUDGET_S,
    rerank_s: float = BUDGET_S,
    partial: Partial | None = None,
    token: CancelToken | None = None,
) -> Answer:
    """The best `k` chunks for `query`. Raises CancelledError.

    `reranker` None takes the one that the folders' models offer once it is loaded; with `rerank`
    False there is none. It may take `rerank_s`. `partial` is called with what is known before
    the end, from this thread: ("words", hits) at once, and ("fused", hits) before a reranker.
    """
    began = time.monotonic()
    plan = plan_of(query)
    plan = replace(plan, query=in_english(plan.query))
    notes: list[str] = []
    if k < 1 or not plan.query:
        return Answer([], plan, (), True, False, ("the query is empty",), 0.0)
    if not rerank or mode in ("lexical", "graph"):
        reranker = None
    elif reranker is None:
        reranker = _offered(snapshot)
    key = _key(snapshot, plan, k, mode, reranker, boosts)
    known = _cache.get(key)
    if known is not None:
        return known._replace(ms=_ms(began))

    def words(found: list[Candidate]) -> None:
        if partial is not None and found:
            copies = [replace(candidate, scores=dict(candidate.scores)) for candidate in found]
            partial("words", hits_of(snapshot, fuse(plan, copies, boosts=boosts), k))

    candidates, complete, limit = retrieve(
        snapshot, plan, mode, notes, began + budget_s, token, words
    )
    if token is not None:
        token.check()
    took_part = tuple(sorted({source for c in candidates for source in c.scores}))
    known_limit = limit if complete and mode != "lexical" and is_latin(query) else 0.0
    relevant = bool(candidates) and _says_something(candidates, known_limit, ("symbol", "path"))
    if not candidates or not _says_something(
        candidates, known_limit * _NOTHING, ("symbol", "path", "lexical")
    ):
        notes.append("nothing relevant was found")
        ranked: list[Candidate] = []
    else:
        weighed = replace(plan, dense=1.0) if mode == "dense" else plan
        ranked = fuse(weighed, candidates, boosts=boosts, complete=complete)
        if reranker is not None and wants(plan, reranker):
            if token is not None:
                token.check()
            if partial is not None:
                partial("fused", hits_of(snapshot, ranked, k))
            ranked = rerank_head(snapshot, plan, ranked, reranker, notes, _start, rerank_s)
            took_part = (*took_part, "rerank")
    hits = hits_of(snapshot, ranked, k)
    answer = Answer(hits, plan, took_part, complete, relevant, tuple(notes), _ms(began))
    if not any(note.startswith(("degraded", "rerank: skipped")) for note in notes):
        _cache.put(key, answer)
    return answer


def _offered(snapshot: Snapshot) -> Reranker | None:
    """The reranker of the folders' models when it is loaded; nobody waits for it."""
    for folder in snapshot.folders:
        if folder.vectors is not None:
            return folder.vectors.reranker
    return None


def _ms(began: float) -> float:
    return round(1000 * (time.monotonic() - began), 3)


# -------------------------------------------------------------------- retrieving


def retrieve(
    snapshot: Snapshot,
    plan: Plan,
    mode: str,
    notes: list[str],
    deadline: float,
    token: CancelToken | None,
    on_words: Callable[[list[Candidate]], None] = lambda found: None,
) -> tuple[list[Candidate], bool, float]:
    """Candidates of all retrievers that the mode names, merged; whether vectors are complete;
    and the cosine below which the model says that nothing is relevant."""
    wants_meaning = mode in ("hybrid", "dense") and any(
        f.vectors is not None for f in snapshot.folders
    )
    meaning = _start(lambda: _meaning(snapshot, plan, token)) if wants_meaning else None
    named = _start(lambda: _named(snapshot, plan)) if mode in ("hybrid", "graph") else None
    found: retrievers.Found = {}
    numbers: dict[tuple[str, int], int] = {}
    if mode != "dense":
        try:
            found, numbers = retrievers.words(snapshot, plan, token)
        except StoreError as error:
            notes.append(f"degraded: words ({error})")
        if wants_meaning:
            on_words(list(found.values()))
    if named is not None:
        _merge(found, _result(named, deadline, "names", notes) or {})
    complete, limit = True, 0.0
    if mode in ("hybrid", "dense"):
        complete = False
        answered = _result(meaning, deadline, "meaning", notes) if meaning is not None else None
        if answered is not None:
            dense, near = answered
            complete, limit = dense.complete, dense.relevant
            _merge(found, near)
            dense.score(found, numbers)
            if not complete:
                notes.append(
                    "vectors are not complete yet: a simpler model stands in"
                    if dense.standing_in
                    else "vectors are not complete yet"
                )
        elif meaning is None:
            problems = [f.vectors.problem for f in snapshot.folders if f.vectors is not None]
            notes.append(next((p for p in problems if p), "search by meaning is off"))
    if mode == "graph":
        seeds = fuse(plan, found.values())
        near = retrievers.neighbours(snapshot, seeds, token)
        top = {candidate.key: candidate for candidate in seeds[:5]}
        _merge(top, near)
        found = top
    return list(found.values()), complete, limit


def _meaning(
    snapshot: Snapshot, plan: Plan, token: CancelToken | None
) -> tuple[retrievers.Meaning, retrievers.Found]:
    dense = retrievers.Meaning(snapshot, plan.query, token)
    return dense, dense.nearest()


def _named(snapshot: Snapshot, plan: Plan) -> retrievers.Found:
    found = retrievers.names(snapshot, plan)
    _merge(found, retrievers.paths(snapshot, plan))
    return found


def _merge(into: retrievers.Found, more: retrievers.Found) -> None:
    for key, candidate in more.items():
        known = into.get(key)
        if known is None:
            into[key] = candidate
        else:
            known.scores.update(candidate.scores)


def _start(work: Callable[[], T]) -> Future[T]:
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(8, thread_name_prefix="treewright-search")
        return _pool.submit(work)


def _result(future: Future[T], deadline: float, what: str, notes: list[str]) -> T | None:
    """None when it failed or is late; `notes` then says so."""
    try:
        return future.result(max(0.0, deadline - time.monotonic()))
    except FutureTimeout:
        notes.append(f"degraded: {what} (late)")
    except (ModelError, StoreError) as error:
        notes.append(f"degraded: {what} ({error})")
    except CancelledError:
        raise
    except Exception as error:  # a driver, a runtime: the other ways to find code go on
        notes.append(f"degraded: {what} ({type(error).__name__}: {error})")
    return None


def _says_something(candidates: list[Candidate], limit: float, sources: tuple[str, ...]) -> bool:
    """Whether a candidate is nearer than `limit`, or one of `sources` found any."""
    if any(source in c.scores for c in candidates for source in sources):
        return True
    return certainty(candidates) >= limit


# -------------------------------------------------------------------- hits


def hits_of(snapshot: Snapshot, ranked: list[Candidate], k: int) -> list[Hit]:
    """The first `k` whose files are still there, with their text."""
    hits: list[Hit] = []
    for candidate in ranked:
        try:
            text = snapshot.text(candidate.path)
        except TreewrightError:
            continue  # it went away since it was found
        hits.append(
            Hit(
                candidate.shown,
                candidate.start_line + 1,
                candidate.end_line + 1,
                candidate.symbol,
                candidate.kind,
                round(candidate.score, 4),
                tuple(sorted(candidate.scores)),
                snippet(text.slice(Span(candidate.start, candidate.end))),
            )
        )
        if len(hits) == k:
            break
    return hits


# -------------------------------------------------------------------- what was asked before


class _Cache:
    """Answers by everything they depend on; an edit or a new vector makes another key.

    What was answered before the edit can never be asked for again, so it goes when the first answer
    after it comes: an hour of work would else keep a thousand answers about texts that are gone."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Any, tuple[float, Answer]] = OrderedDict()
        self._lock = Lock()
        self.n_hits = 0

    def get(self, key: Any) -> Answer | None:
        with self._lock:
            found = self._answers.get(key)
            if found is None or time.monotonic() - found[0] > _CACHE_S:
                return None
            self._answers.move_to_end(key)
            self.n_hits += 1
            return found[1]

    @property
    def n_answers(self) -> int:
        return len(self._answers)

    def clear(self) -> None:
        with self._lock:
            self._answers.clear()

    def put(self, key: Any, answer: Answer) -> None:
        folders, revision, overlays, *_ = key
        roots = [(root, store) for root, store, *_ in folders]
        with self._lock:
            for other in list(self._answers):
                same = other[:3] == (folders, revision, overlays)
                if not same and [(root, store) for root, store, *_ in other[0]] == roots:
                    if other[1] > revision:  # this answer is the one that is late
                        return
                    del self._answers[other]
            self._answers[key] = time.monotonic(), answer
            while len(self._answers) > _CACHED:
                self._answers.popitem(last=False)


_cache = _Cache()


def forget() -> None:
    """Forget every answer."""
    _cache.clear()


def cached() -> int:
    """How many answers are kept."""
    return _cache.n_answers


def cache_hits() -> int:
    """How often an answer was known already."""
    return _cache.n_hits


def _key(
    snapshot: Snapshot,
    plan: Plan,
    k: int,
    mode: str,
    reranker: Reranker | None,
    boosts: Mapping[str, float] | None,
) -> Any:
    folders = tuple(
        (
            f.root,
            id(f.store),
            f.store.generation,
            f.vectors.state if f.vectors is not None else None,
        )
        for f in snapshot.folders
    )
    overlays = tuple(
        (path, overlay.version, id(overlay)) for path, overlay in sorted(snapshot.overlays.items())
    )
    wanted = reranker.generation if reranker is not None else ""
    weights = tuple(sorted(boosts.items())) if boosts else ()
    return folders, snapshot.revision, overlays, plan.query, k, mode, wanted, weights
