"""What became of proposals, as one HTML page that needs nothing else: no script, no network."""

from __future__ import annotations

import html
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from treewright_agent.feedback import plots, reading
from treewright_agent.feedback.outcomes import KEPT, UNDECIDED, Outcome
from treewright_agent.feedback.reading import Tally
from treewright_agent.feedback.store import FeedbackStore

_COLOURS = {
    Outcome.ACCEPTED: "var(--kept)",
    Outcome.ACCEPTED_IN_PART: "var(--part)",
    Outcome.EDITED: "var(--edited)",
    Outcome.REJECTED: "var(--rejected)",
    Outcome.REVERTED: "var(--reverted)",
    Outcome.EXPIRED: "var(--expired)",
    Outcome.PREVIEWED: "var(--previewed)",
    Outcome.SHOWN: "var(--shown)",
}
_MOMENTS = {"ten_minutes": "after ten minutes", "commit": "after a commit", "day": "after a day"}
_STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1c2024; --dim: #60646c; --line: #e0e1e6;
  --kept: #2b9a66; --part: #8ecda9; --edited: #0d74ce; --rejected: #ce2c31; --reverted: #e79c13;
  --expired: #b9bbc6; --previewed: #c9c2e6; --shown: #dcdee3; }
@media (prefers-color-scheme: dark) { :root { --bg: #16181b; --fg: #edeef0; --dim: #a0a4ab;
  --line: #33363b; --kept: #3dd68c; --part: #2f7c57; --edited: #70b8ff; --rejected: #ff9592;
  --reverted: #ffca16; --expired: #5a5f66; --previewed: #565182; --shown: #3c4046; } }
body { font: 15px/1.5 system-ui, sans-serif; background: var(--bg); color: var(--fg);
  margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
.dim { color: var(--dim); } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: middle; } th { font-weight: 600; font-size: .85em; color: var(--dim); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.day { white-space: nowrap; } td.bar { width: 40%; min-width: 6rem; } td.bar svg { display: block; width: 100%; height: 14px; }
main { overflow-x: auto; } svg.plot { display: block; width: 100%; min-width: 32rem; height: auto; } svg .grid { stroke: var(--line); }
svg text { font: 12px system-ui, sans-serif; fill: var(--dim); } svg text.fg { fill: var(--fg); }
.keys { margin: .3rem 0; } .key { display: inline-flex; align-items: center; gap: .35rem;
  margin-right: 1rem; font-size: .9em; }
.key i { width: 12px; height: 12px; border-radius: 2px; display: inline-block; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2.4rem; }
.figures b { display: block; font-size: 1.6rem; } code { font-size: .9em; }
"""

Keys = Callable[[Tally], Iterable[str]]


def report(
    store: FeedbackStore, workspace: str | None = None, *, title: str = "treewright feedback"
) -> str:
    """The page; one with a sentence when nothing is recorded."""
    found = reading.tallies(store.database, workspace)
    if not found:
        return _page(title, "<p>Nothing is recorded yet.</p>")
    weeks = sorted(_grouped(found, lambda tally: (_week(tally.day),)).items())[-52:]
    groups: dict[str, Mapping[str, Sequence[Tally]]] = {
        "By operation": _grouped(found, lambda t: t.operations or ("none",)),
        "By recipe": _grouped(found, lambda t: (t.recipe,) if t.recipe else ()),
        "By rung of the ladder": _grouped(found, lambda t: (t.rung,)),
        "By model": _grouped(found, lambda t: (t.model,) if t.model else ()),
        "By language": _grouped(found, lambda t: (t.language or "several",)),
    }
    parts = [
        _figures(store, found, workspace),
        "<h2>Week by week</h2>",
        _legend(),
        plots.stacked(
            "Proposals a week by what became of them",
            [(name, _by_outcome(members)) for name, members in weeks],
            {outcome.value: colour for outcome, colour in _COLOURS.items()},
        ),
        "<h2>Share that was kept, of those decided</h2>",
        plots.line(
            "Share that was kept, a week",
            [(name, _percent(members), _decided(members)) for name, members in weeks],
        ),
        *(_table(name, members) for name, members in groups.items() if members),
        _latency(store, workspace),
        _cost(weeks, groups["By model"]),
        _standing(store, workspace),
        _searches(store, workspace),
        _reverted(store, workspace),
    ]
    return _page(title, "\n".join(part for part in parts if part))


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main tabindex='0'><h1>{html.escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


# -------------------------------------------------------------------- counting


def _grouped(tallies: Iterable[Tally], keys_of: Keys) -> dict[str, list[Tally]]:
    groups: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        for key in dict.fromkeys(keys_of(tally)):
            groups[key].append(tally)
    return dict(groups)


def _by_outcome(tallies: Iterable[Tally]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts[tally.outcome.value] += tally.n
    return counts


def _n(tallies: Iterable[Tally]) -> int:
    return sum(tally.n for tally in tallies)


def _decided(tallies: Iterable[Tally]) -> int:
    return sum(tally.n for tally in tallies if tally.outcome not in UNDECIDED)


def _percent(tallies: Sequence[Tally]) -> float | None:
    """Of the proposals that the user decided about; None before the first."""
    decided = _decided(tallies)
    kept = sum(tally.n for tally in tallies if tally.outcome in KEPT)
    return 100 * kept / decided if decided else None


def _shown_percent(tallies: Sequence[Tally]) -> str:
    share = _percent(tallies)
    return "–" if share is None else f"{share:.0f} %"


def _week(day: int) -> str:
    return time.strftime("%G-W%V", time.gmtime(day * 86_400))


# -------------------------------------------------------------------- parts of the page


def _figures(store: FeedbackStore, found: Sequence[Tally], workspace: str | None) -> str:
    reverted = sum(tally.n for tally in found if tally.outcome is Outcome.REVERTED)
    cost = sum(tally.cost for tally in found)
    figures = {
        "proposals": f"{_n(found):,}",
        "kept of those decided": _shown_percent(found),
        "reverted": f"{reverted:,}",
        "workspaces": "1" if workspace else f"{len(reading.workspaces(store.database)):,}",
    }
    if cost:
        figures["cost"] = _money(cost)
    cells = "".join(
        f"<div><b>{value}</b><span class='dim'>{name}</span></div>"
        for name, value in figures.items()
    )
    return f"<div class='figures'>{cells}</div>"


def _legend() -> str:
    keys = "".join(
        f"<span class='key'><i style='background:{colour}'></i>{outcome.value.replace('_', ' ')}</span>"
        for outcome, colour in _COLOURS.items()
    )
    return f"<p class='keys'>{keys}</p>"


def _table(title: str, groups: Mapping[str, Sequence[Tally]]) -> str:
    names = sorted(groups, key=lambda name: (-_n(groups[name]), name))[:40]
    lines = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td class='n'>{_n(groups[name]):,}</td>"
        f"<td class='n'>{_shown_percent(groups[name])}</td>"
        f"<td class='bar'>{_bar(groups[name])}</td></tr>"
        for name in names
    )
    head = (
        "<tr><th scope='col'></th><th scope='col' class='n'>proposals</th>"
        "<th scope='col' class='n'>kept</th><th scope='col'>what became of them</th></tr>"
    )
    return f"<h2>{html.escape(title)}</h2><table>{head}{lines}</table>"


def _bar(tallies: Sequence[Tally]) -> str:
    """One bar, its parts in proportion; the words say the same for those who cannot see it."""
    counts = _by_outcome(tallies)
    total = sum(counts.values()) or 1
    words = ", ".join(
        f"{counts[o.value]} {o.value.replace('_', ' ')}" for o in _COLOURS if counts[o.value]
    )
    x = 0.0
    rects: list[str] = []
    for outcome, colour in _COLOURS.items():
        width = 100 * counts[outcome.value] / total
        if width:
            rects.append(
                f"<rect x='{x:.2f}' y='0' width='{width:.2f}' height='14' fill='{colour}'/>"
            )
        x += width
    return (
        f"<svg viewBox='0 0 100 14' preserveAspectRatio='none' role='img' aria-label='{words}'>"
        f"<title>{words}</title>{''.join(rects)}</svg>"
    )


def _latency(store: FeedbackStore, workspace: str | None) -> str:
    rows = [
        (rung, values[len(values) // 2], values[min(len(values) - 1, int(len(values) * 0.95))],
         values[-1], len(values))
        for rung, values in sorted(reading.seconds_by_rung(store.database, workspace).items())
    ]  # fmt: skip
    if not rows:
        return ""
    plot = plots.ranges("Time from the request to the proposal, by rung", rows)
    note = "<p class='dim'>Bar: median to 95th percentile; line: to the longest.</p>"
    return f"<h2>Time to a proposal</h2>{note}{plot}"


def _cost(
    weeks: Sequence[tuple[str, Sequence[Tally]]], models: Mapping[str, Sequence[Tally]]
) -> str:
    rows = [
        (name, cost, f"{_money(cost)} · {sum(t.tokens for t in members):,} tokens")
        for name, members in sorted(models.items())
        if (cost := sum(t.cost for t in members))
    ]
    if not rows:
        return ""
    by_week = [(name, sum(t.cost for t in members)) for name, members in weeks]
    recent = [(name, cost, _money(cost)) for name, cost in by_week[-12:]]
    return (
        "<h2>Cost</h2>"
        + plots.bars("Cost by model", rows, "var(--reverted)")
        + plots.bars("Cost by week", recent, "var(--reverted)")
    )


def _money(cost: float) -> str:
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.3g}"


def _standing(store: FeedbackStore, workspace: str | None) -> str:
    found: dict[str, Any] = reading.stats(store.database, workspace)["still_standing"]
    rows = [
        (words, 100 * found[moment], f"{100 * found[moment]:.0f} % of the accepted lines")
        for moment, words in _MOMENTS.items()
        if moment in found
    ]
    return f"<h2>What still stands</h2>{plots.bars('What still stands', rows)}" if rows else ""


def _searches(store: FeedbackStore, workspace: str | None) -> str:
    counts: Counter[int] = Counter()
    for row in reading.searches(store.database, workspace):
        for result, action in row.uses:
            if action != "ignored":
                counts[min(result, 9)] += 1
    if not counts:
        return ""
    total = sum(counts.values())
    rows = [
        (f"place {n + 1}{' and below' if n == 9 else ''}", float(counts[n]),
         f"{counts[n]:,} ({100 * counts[n] / total:.0f} %)")
        for n in range(10)
        if counts[n]
    ]  # fmt: skip
    return f"<h2>Search results that were opened</h2>{plots.bars('Opened, by place', rows)}"


def _reverted(store: FeedbackStore, workspace: str | None) -> str:
    found = reading.lately(store.database, Outcome.REVERTED, workspace)
    if not found:
        return ""
    lines = "".join(
        f"<tr><td class='dim day'>{time.strftime('%Y-%m-%d', time.localtime(moment))}</td>"
        f"<td>{html.escape(title)}</td><td class='dim'>{html.escape(source)}</td></tr>"
        for moment, title, source in found
    )
    return f"<h2>Taken back lately</h2><table>{lines}</table>"
