"""A cross-encoder reranker fine-tuned on an export of treewright. Stands alone: copy it anywhere.

    pip install torch transformers onnx onnxscript
    python train_cross_encoder.py --model MODEL --data FOLDER --output FOLDER

FOLDER is what `treewright feedback export --format reranker --folder` wrote. Each step teaches that
the result that was used answers the query better than the one that was passed over (logistic loss on
the difference). Queries held out from training decide: only when more of their pairs are in order
than before, by the margin, is `model.onnx` written, with the tokenizer, a manifest and the hashes of
the queries it was trained on beside it: what `treewright feedback evaluate reranker --cross-encoder
FOLDER --promote` reads. Runs on a GPU when there is one. One line of JSON says the numbers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from importlib import import_module
from pathlib import Path
from typing import Any

MARGIN = 0.02
"""Of the share of held-out pairs that are in order."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--general", type=Path, help="triples of others: at most 1 % may be lost")
    parser.add_argument("--learning-rate", type=float, default=2e-5)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--held-out", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=42)
    given = parser.parse_args()
    torch: Any = import_module("torch")
    library: Any = import_module("transformers")
    torch.manual_seed(given.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = library.AutoTokenizer.from_pretrained(given.model)
    model = library.AutoModelForSequenceClassification.from_pretrained(
        given.model, num_labels=1
    ).to(device)
    train, held_out = split(triples(given.data), given.held_out, given.seed)
    general = triples(given.general) if given.general else []

    def encoded(rows: list[dict[str, str]], side: str) -> Any:
        return tokenizer(
            [row["query"] for row in rows], [row[side] for row in rows], padding=True,
            truncation="only_second", max_length=given.max_length, return_tensors="pt",
        ).to(device)  # fmt: skip

    def in_order(rows: list[dict[str, str]]) -> float:
        """The share of pairs whose used result scores higher; a tie is half."""
        model.eval()
        good = 0.0
        with torch.no_grad():
            for start in range(0, len(rows), given.batch):
                some = rows[start : start + given.batch]
                better = model(**encoded(some, "positive")).logits[:, 0]
                worse = model(**encoded(some, "negative")).logits[:, 0]
                good += float((better > worse).sum() + 0.5 * (better == worse).sum())
        return good / len(rows) if rows else 0.0

    before, general_before = in_order(held_out), in_order(general)
    optimizer = torch.optim.AdamW(model.parameters(), lr=given.learning_rate)
    for _ in range(given.epochs):
        model.train()
        for start in range(0, len(train), given.batch):
            some = train[start : start + given.batch]
            apart = (
                model(**encoded(some, "positive")).logits
                - model(**encoded(some, "negative")).logits
            )
            loss = torch.nn.functional.softplus(-apart).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    after, general_after = in_order(held_out), in_order(general)
    kept = after >= before + MARGIN and general_after >= 0.99 * general_before
    if kept:
        given.output.mkdir(parents=True, exist_ok=True)
        tokenizer.save_pretrained(given.output)
        write_onnx(
            torch, model.eval().cpu(), encoded(held_out[:1], "positive").to("cpu"), given.output
        )
        describe(given.output, given.max_length, {row["query"] for row in train})
    figures = {
        "before": round(before, 4), "after": round(after, 4), "n": len(held_out), "kept": kept,
        "general_before": round(general_before, 4), "general_after": round(general_after, 4),
    }  # fmt: skip
    print(json.dumps(figures))  # noqa: T201


def triples(folder: Path) -> list[dict[str, str]]:
    """Every split that is there; the script makes its own, by query."""
    rows: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.jsonl")):
        rows += [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if not rows:
        raise SystemExit(f"{folder}: there are no rows in *.jsonl")
    return rows


def split(
    rows: list[dict[str, str]], share: float, seed: int
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """(train, held out): no query is in both."""
    queries = sorted({row["query"] for row in rows})
    random.Random(seed).shuffle(queries)
    held_out = set(queries[: max(1, int(len(queries) * share))])
    train = [row for row in rows if row["query"] not in held_out]
    return train, [row for row in rows if row["query"] in held_out]


def describe(output: Path, max_tokens: int, queries: set[str]) -> None:
    """What treewright reads: `manifest.json`, and `queries.json` with what the model has seen."""

    def sha256(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    model, tokenizer = output / "model.onnx", output / "tokenizer.json"
    manifest = {
        "format": 1, "name": output.name or "reranker", "task": "rerank", "file": model.name,
        "sha256": sha256(model), "tokenizer": tokenizer.name, "tokenizer_sha256": sha256(tokenizer),
        "dimensions": 1, "max_tokens": max_tokens, "training": "train_cross_encoder.py",
    }  # fmt: skip
    (output / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    seen = sorted(hashlib.sha256(q.encode("utf-8", "replace")).hexdigest() for q in queries)
    (output / "queries.json").write_text(json.dumps({"trained": seen}) + "\n")


def write_onnx(torch: Any, model: Any, example: Any, output: Path) -> None:
    """Inputs by the tokenizer's names, output `logits` [batch, 1]."""
    names = list(example.keys())

    class Scores(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]
            self.model = model

        def forward(self, *given: Any) -> Any:
            return self.model(**dict(zip(names, given, strict=True))).logits

    axes = {name: {0: "batch", 1: "length"} for name in names} | {"logits": {0: "batch"}}
    torch.onnx.export(
        Scores(), tuple(example[name] for name in names), str(output / "model.onnx"),
        input_names=names, output_names=["logits"], dynamic_axes=axes, dynamo=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
