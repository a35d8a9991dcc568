"""Training files from feedback: JSON Lines or Parquet, with a data card beside them.

The order is that of the record, and the same store always gives the same bytes. Nothing is
exported that was recorded without consent to code.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from treewright_agent.calls import canonical_json
from treewright_agent.feedback.card import card, dataset_info
from treewright_agent.feedback.dedup import Deduplicator
from treewright_agent.feedback.formats import FORMATS, Format
from treewright_agent.feedback.samples import Filter, Source, samples, split_of
from treewright_agent.feedback.store import FeedbackStore
from treewright_agent.feedback.toolbox import OTHERS, Toolbox
from treewright_agent.feedback.triples import triples
from treewright_indexer.errors import ArgumentsError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows were written, per split, and why the other proposals gave none."""

    n_rows: int
    left_out: dict[str, int] = field(default_factory=dict[str, int])
    per_split: dict[str, int] = field(default_factory=dict[str, int])
    files: tuple[Path, ...] = ()


def export(
    store: FeedbackStore,
    out: IO[str],
    *,
    format: str = "messages",
    workspace: str | None = None,
    chosen: Filter | None = None,
    provenance: bool = False,
    near: float = 0.9,
    n_tools: int = OTHERS,
) -> Exported:
    """Write all rows to `out` as JSON Lines. Raises ArgumentsError for an unknown format.

    `provenance` adds a column with ids, origin and time. `near` is the similarity from which a
    row repeats an earlier one. `n_tools` is how many tools a row offers beside those it calls. Open
    `out` with UTF-8 and `newline="\\n"`.
    """
    left_out: Counter[str] = Counter()
    n_rows = 0
    chosen = chosen or Filter(workspace=workspace)
    tools = Toolbox(n_tools)
    for row, _ in rows_of(store, _format(format), chosen, left_out, provenance, near, tools):
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        n_rows += 1
    return Exported(n_rows, dict(sorted(left_out.items())))


def export_folder(
    store: FeedbackStore,
    folder: Path,
    *,
    format: str = "messages",
    chosen: Filter | None = None,
    provenance: bool = False,
    near: float = 0.9,
    n_tools: int = OTHERS,
    parquet: bool = False,
    shares: tuple[float, float] = (0.1, 0.1),
) -> Exported:
    """Write `train`, `validation` and `test` files split by project, a data card and the entry
    that LLaMA-Factory wants.

    `shares` are those of validation and test. Raises ArgumentsError for an unknown format and
    for Parquet without pyarrow.
    """
    kind = _format(format)
    left_out: Counter[str] = Counter()
    splits: dict[str, list[dict[str, Any]]] = {name: [] for name in SPLITS}
    taken: list[Source] = []
    found = rows_of(store, kind, chosen or Filter(), left_out, provenance, near, Toolbox(n_tools))
    for row, source in found:
        splits[split_of(source.project, shares)].append(row)
        taken.append(source)
    folder.mkdir(parents=True, exist_ok=True)
    write, ending = (_write_parquet, "parquet") if parquet else (_write_lines, "jsonl")
    files: list[Path] = []
    for name, rows in splits.items():
        if rows:
            path = folder / f"{name}.{ending}"
            write(path, rows)
            files.append(path)
    counts = {name: len(rows) for name, rows in splits.items()}
    done = Exported(sum(counts.values()), dict(sorted(left_out.items())), counts, tuple(files))
    (folder / "README.md").write_text(card(kind, taken, counts, done.left_out), "utf-8")
    info = canonical_json(dataset_info(kind, counts, ending))
    (folder / "dataset_info.json").write_text(info + "\n", "utf-8")
    return done


def message_rows(
    store: FeedbackStore,
    *,
    workspace: str | None = None,
    provenance: bool = False,
    left_out: Counter[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """`{"messages": […], "tools": JSON text}` of each kept proposal, without repetitions."""
    counted: Counter[str] = Counter() if left_out is None else left_out
    chosen = Filter(workspace=workspace)
    for row, _ in rows_of(store, FORMATS["messages"], chosen, counted, provenance, 1.0):
        yield row


def rows_of(
    store: FeedbackStore,
    kind: Format,
    chosen: Filter,
    left_out: Counter[str],
    provenance: bool,
    near: float,
    tools: Toolbox | None = None,
) -> Iterator[tuple[dict[str, Any], Source]]:
    """Rows in order, each with where it came from, without repetitions and secrets."""
    found = _fresh(store, kind, chosen, left_out, near, tools or Toolbox())
    if chosen.per_project is not None or chosen.per_user is not None:
        found = iter(_capped(list(found), chosen, left_out))
    for row, source in found:
        if provenance:
            row["provenance"] = _provenance(source)
        yield row, source


def _fresh(
    store: FeedbackStore,
    kind: Format,
    chosen: Filter,
    left_out: Counter[str],
    near: float,
    tools: Toolbox,
) -> Iterator[tuple[dict[str, Any], Source]]:
    seen = Deduplicator(near)
    for row, source in _made(store, kind, chosen, left_out, tools):
        # Redacted when recorded, and once more: rules grow, and what leaves must meet today's.
        clean: Any = store.redactor.json({key: row[key] for key in row if key != "tools"})
        repeats = seen.repeats(canonical_json(clean))
        if repeats:
            left_out[repeats] += 1
            continue
        if "tools" in row:
            clean["tools"] = row["tools"]
        yield clean, source


def _capped(
    rows: list[tuple[dict[str, Any], Source]], chosen: Filter, left_out: Counter[str]
) -> list[tuple[dict[str, Any], Source]]:
    """At most `per_project` rows of each workspace and `per_user` of all, the newest, in order. Of
    one proposal or search the first ones stay, which are its best."""
    seen: Counter[str] = Counter()
    kept: set[int] = set()
    newest = sorted(range(len(rows)), key=lambda n: (-rows[n][1].time, n))
    for number in newest:
        project = rows[number][1].project
        if chosen.per_project is not None and seen[project] >= chosen.per_project:
            left_out["over the cap of its workspace"] += 1
        elif chosen.per_user is not None and len(kept) >= chosen.per_user:
            left_out["over the cap of one user"] += 1
        else:
            seen[project] += 1
            kept.add(number)
    return [row for number, row in enumerate(rows) if number in kept]


def _made(
    store: FeedbackStore, kind: Format, chosen: Filter, left_out: Counter[str], tools: Toolbox
) -> Iterator[tuple[dict[str, Any], Source]]:
    if kind.name == "reranker":
        yield from triples(store, chosen, left_out)
        return
    found = list(samples(store, chosen, left_out))
    used: set[str] = set()
    for row, sample in kind.rows(found, tools):
        used.add(sample.row.id)
        yield row, sample.source
    unused = sum(sample.row.id not in used for sample in found)
    if unused:
        left_out[f"nothing for {kind.name}"] += unused


def _provenance(source: Source) -> dict[str, Any]:
    return {
        **source.ids,
        "project": source.project,
        "origin": source.origin,
        "outcome": source.outcome,
        "rung": source.rung,
        "time": source.time,
    }


def _format(name: str) -> Format:
    kind = FORMATS.get(name)
    if kind is None:
        raise ArgumentsError(f"format: {name!r} is none of {', '.join(FORMATS)}")
    return kind


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError as error:
        raise ArgumentsError(
            "Parquet needs the `pyarrow` package: pip install 'treewright[parquet]'"
        ) from error
    table: Any = pa.Table.from_pylist(rows)  # pyright: ignore
    pq.write_table(table, path)  # pyright: ignore
