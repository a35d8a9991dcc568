"""What became of proposals, as one HTML page that needs nothing else: no script, no network."""

from __future__ import annotations

import html
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from treewright_agent.feedback.outcomes import KEPT, UNDECIDED, Outcome
from treewright_agent.feedback.reading import ProposalRow

_COLOURS = {
    Outcome.ACCEPTED: "var(--kept)",
    Outcome.ACCEPTED_IN_PART: "var(--part)",
    Outcome.EDITED: "var(--edited)",
    Outcome.REJECTED: "var(--rejected)",
    Outcome.REVERTED: "var(--reverted)",
    Outcome.EXPIRED: "var(--expired)",
    Outcome.SHOWN: "var(--shown)",
}
_STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1c2024; --dim: #60646c; --line: #e0e1e6;
  --kept: #2b9a66; --part: #8ecda9; --edited: #0d74ce; --rejected: #ce2c31; --reverted: #e79c13;
  --expired: #b9bbc6; --shown: #dcdee3; }
@media (prefers-color-scheme: dark) { :root { --bg: #16181b; --fg: #edeef0; --dim: #a0a4ab;
  --line: #33363b; --kept: #3dd68c; --part: #2f7c57; --edited: #70b8ff; --rejected: #ff9592;
  --reverted: #ffca16; --expired: #5a5f66; --shown: #3c4046; } }
body { font: 15px/1.5 system-ui, sans-serif; background: var(--bg); color: var(--fg);
  margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.dim { color: var(--dim); } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: middle; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.bar { width: 45%; } svg { display: block; width: 100%; height: 14px; }
.key { display: inline-flex; align-items: center; gap: .35rem; margin-right: 1rem; }
.key i { width: 12px; height: 12px; border-radius: 2px; display: inline-block; }
.figures { display: flex; flex-wrap: wrap; gap: 2rem; } .figures b { display: block; font-size: 1.6rem; }
code { font-size: .9em; }
"""


def report(rows: Iterable[ProposalRow], *, title: str = "treewright feedback") -> str:
    """The page for `rows`; one with a sentence when there are none."""
    found = list(rows)
    if not found:
        return _page(title, "<p>Nothing is recorded yet.</p>")
    parts = [_figures(found), _legend()]
    groups = {
        "By operation": _grouped(found, lambda row: row.operations or ("none",)),
        "By rung of the ladder": _grouped(found, lambda row: (row.rung,)),
        "By language": _grouped(found, lambda row: (row.language or "several",)),
        "By week": dict(sorted(_grouped(found, lambda row: (_week(row.time),)).items())),
    }
    parts += [_table(name, members, ordered=name == "By week") for name, members in groups.items()]
    parts.append(_reverted(found))
    return _page(title, "\n".join(parts))


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def kept_share(rows: Sequence[ProposalRow]) -> float | None:
    """Of the proposals that the user decided about; None before the first."""
    decided = [row for row in rows if row.outcome not in UNDECIDED]
    return sum(row.outcome in KEPT for row in decided) / len(decided) if decided else None


def _figures(rows: Sequence[ProposalRow]) -> str:
    share = kept_share(rows)
    reverted = sum(row.outcome is Outcome.REVERTED for row in rows)
    weeks = len({_week(row.time) for row in rows})
    figures = {
        "proposals": f"{len(rows):,}",
        "kept of those decided": "–" if share is None else f"{100 * share:.0f} %",
        "reverted": str(reverted),
        "per week": f"{len(rows) / weeks:.1f}",
        "workspaces": str(len({row.workspace for row in rows})),
    }
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
    return f"<p>{keys}</p>"


def _grouped(
    rows: Sequence[ProposalRow], keys_of: Callable[[ProposalRow], Sequence[str]]
) -> dict[str, list[ProposalRow]]:
    groups: dict[str, list[ProposalRow]] = defaultdict(list)
    for row in rows:
        for key in dict.fromkeys(keys_of(row)):
            groups[key].append(row)
    return dict(groups)


def _table(title: str, groups: Mapping[str, Sequence[ProposalRow]], *, ordered: bool) -> str:
    names = list(groups) if ordered else sorted(groups, key=lambda name: (-len(groups[name]), name))
    lines: list[str] = []
    for name in names:
        rows = groups[name]
        share = kept_share(rows)
        shown = "–" if share is None else f"{100 * share:.0f} %"
        lines.append(
            f"<tr><td><code>{html.escape(name)}</code></td><td class='n'>{len(rows)}</td>"
            f"<td class='n'>{shown}</td><td class='bar'>{_bar(rows)}</td></tr>"
        )
    head = "<tr><th></th><th>proposals</th><th>kept</th><th>what became of them</th></tr>"
    return f"<h2>{html.escape(title)}</h2><table>{head}{''.join(lines)}</table>"


def _bar(rows: Sequence[ProposalRow]) -> str:
    """One bar, its parts in proportion; the words say the same for those who cannot see it."""
    counts = {outcome: sum(row.outcome is outcome for row in rows) for outcome in _COLOURS}
    words = ", ".join(f"{n} {o.value.replace('_', ' ')}" for o, n in counts.items() if n)
    x = 0.0
    rects: list[str] = []
    for outcome, count in counts.items():
        width = 100 * count / len(rows)
        if width:
            rects.append(
                f"<rect x='{x:.2f}' y='0' width='{width:.2f}' height='14' fill='{_COLOURS[outcome]}'/>"
            )
        x += width
    return (
        f"<svg viewBox='0 0 100 14' preserveAspectRatio='none' role='img' aria-label='{words}'>"
        f"<title>{words}</title>{''.join(rects)}</svg>"
    )


def _reverted(rows: Sequence[ProposalRow]) -> str:
    found = [row for row in rows if row.outcome is Outcome.REVERTED][-20:]
    if not found:
        return ""
    lines = "".join(
        f"<tr><td class='dim'>{time.strftime('%Y-%m-%d', time.localtime(row.time))}</td>"
        f"<td>{html.escape(row.title or ', '.join(row.operations))}</td>"
        f"<td class='dim'>{html.escape(row.source)}</td></tr>"
        for row in reversed(found)
    )
    return f"<h2>Taken back lately</h2><table>{lines}</table>"


def _week(moment: float) -> str:
    return time.strftime("%G-W%V", time.gmtime(moment))
