"""Conversations for fine-tuning from recorded rounds.

    python scripts/extract_ft_pairs.py --jsonl_dir finetuning_data --out_file ft_dataset.jsonl

`--jsonl_dir` holds `<task>.jsonl` files, one line a round (`treewright feedback export --format
rounds --folder finetuning_data`). A task is kept when it ended with an answer that was not
refused, holds no secret and repeats no other. With `--val_share` a part of the repositories goes
to `<out_file>` with `.val` before its ending. What was left out is counted on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from treewright_agent.feedback.rounds import conversations, split


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jsonl_dir", required=True, type=Path)
    parser.add_argument("--out_file", required=True, type=Path)
    parser.add_argument("--val_share", type=float, default=0.0)
    given = parser.parse_args(arguments)
    if not given.jsonl_dir.is_dir():
        parser.error(f"--jsonl_dir: {given.jsonl_dir} is no folder")
    left_out: Counter[str] = Counter()
    rows: dict[str, list[str]] = {"train": [], "validation": []}
    for row, repository in conversations(given.jsonl_dir, left_out):
        place = split(repository, given.val_share)
        rows[place].append(json.dumps(row, ensure_ascii=False) + "\n")
    out: Path = given.out_file
    with out.open("w", encoding="utf-8", newline="\n") as lines:
        lines.writelines(rows["train"])
    if given.val_share:
        with out.with_suffix(f".val{out.suffix}").open(
            "w", encoding="utf-8", newline="\n"
        ) as lines:
            lines.writelines(rows["validation"])
    kept = sum(map(len, rows.values()))
    sys.stderr.write(f"{kept} tasks kept\n")
    for reason, n in sorted(left_out.items()):
        sys.stderr.write(f"{n} left out: {reason}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
