"""Train the code embedder from all-MiniLM-L6-v2 on mined pairs.

    python train_embedder.py BASE MINED.jsonl OUT --held-out held_out.txt [--steps N] [--seed S]

In-batch contrastive loss in both directions. Half of every batch comes in runs from one project,
sorted by path, so that a function's neighbours are its negatives. Queries are also held near where
the original model puts them: what it knows of prose, questions and other languages stays.
An exponential average of the weights is saved.

With `--late W` the same states are also trained as a reranker: a document's late score is the mean,
over the query's tokens, of the best cosine with any of the document's tokens (MaxSim of ColBERT,
Khattab and Zaharia 2020). The sum of both scores then teaches the pooled one (self-distillation as
in M3-Embedding, Chen et al. 2024). What ships came from two runs:

    train_embedder.py BASE MINED.jsonl FIRST --seed 1 --steps 1100      (stopped at step 400)
    train_embedder.py BASE MINED.jsonl OUT --start FIRST --seed 2 --late 0.5 --rate 2.5e-5 --warm-up 20 --steps 300
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from bert import Encoder, pad
from queries import comment_inside, from_summary, split_name
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "indexer"))
from treewright_indexer.encoders.codetext import document_text, query_text  # noqa: E402

QUERY_TOKENS, DOCUMENT_TOKENS = 48, 128
SCALE, LATE_SCALE = 20.0, 32.0


def load(path: Path, left_out: set[str], per_project: int, rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in path.open():
        row = json.loads(line)
        if row["project"] in left_out:
            continue
        test = "test" in row["path"].lower()
        if test and rng.random() < 0.85:
            continue
        if not row["doc"] and rng.random() < 0.75:
            continue
        rows[row["project"]].append(row)
    for project, found in rows.items():
        seen: set[str] = set()
        unique = [r for r in found if not r["doc"] or not (r["doc"] in seen or seen.add(r["doc"]))]
        if len(unique) > per_project:
            keep = sorted(rng.sample(range(len(unique)), per_project))
            unique = [unique[i] for i in keep]
        rows[project] = unique
    return {p: r for p, r in rows.items() if len(r) >= 16}


def pair(row: dict[str, Any], rng: random.Random) -> tuple[str, str] | None:
    """(query, document text) or None when the row has nothing to ask about."""
    doc, plain = row["doc"], row["code_plain"]
    path = row["path"] if rng.random() < 0.75 else ""
    symbol = row["symbol"] if rng.random() < 0.85 else ""
    style = rng.random()
    if style < 0.12 or not doc:
        found = comment_inside(plain, rng)
        if found is not None and (rng.random() < 0.7 or not doc):
            return found[0], document_text(path, symbol, found[1])
        name = split_name(row["symbol"])
        if not doc and len(name.split()) >= 3:
            bare = row["symbol"].rpartition(".")[2]
            body = plain.replace(bare, "it") if rng.random() < 0.8 else plain
            return name, document_text(path, "", body)
        if not doc:
            return None
    if style < 0.55:
        return doc, document_text(path, symbol, plain)
    code = row["code"] if rng.random() < 0.4 else plain
    return from_summary(doc, row["language"], rng), document_text(path, symbol, code)


class Batches:
    def __init__(self, rows: dict[str, list[dict[str, Any]]], size: int, run: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.rows, self.size, self.run = rows, size, run
        self.projects = list(rows)
        self.weights = [math.sqrt(len(rows[p])) * (1.0 if p.startswith("py-") else 2.0) for p in self.projects]

    def next(self) -> tuple[list[str], list[str]]:
        pairs: list[tuple[str, str]] = []
        seen: set[str] = set()
        while len(pairs) < self.size:
            rows = self.rows[self.rng.choices(self.projects, self.weights)[0]]
            if self.rng.random() < 0.6:
                start = self.rng.randrange(max(1, len(rows) - self.run))
                chosen = rows[start : start + self.run]
            else:
                chosen = self.rng.sample(rows, min(self.run // 2, len(rows)))
            for row in chosen:
                made = pair(row, self.rng)
                if made is not None and made[0].lower() not in seen:
                    seen.add(made[0].lower())
                    pairs.append(made)
        pairs = pairs[: self.size]
        return [p[0] for p in pairs], [p[1] for p in pairs]


def tokenized(tokenizer: Tokenizer, texts: list[str], limit: int) -> list[list[int]]:
    return [e.ids if len(e.ids) <= limit else [*e.ids[: limit - 1], e.ids[-1]] for e in tokenizer.encode_batch(texts)]


def in_parts(model: Encoder, rows: list[list[int]], n_parts: int) -> torch.Tensor:
    """The embeddings of `rows`, computed in parts of like length so that little is padding."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    size = -(-len(order) // n_parts)
    parts = [model(*pad([rows[i] for i in order[s : s + size]])) for s in range(0, len(order), size)]
    return torch.cat(parts)[torch.argsort(torch.tensor(order))]


def states_in_parts(model: Encoder, rows: list[list[int]], n_parts: int) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
    """Unit token states with their masks in parts of like length, and where each row of them belongs."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    size = -(-len(order) // n_parts)
    parts: list[tuple[torch.Tensor, torch.Tensor]] = []
    for start in range(0, len(order), size):
        ids, mask = pad([rows[i] for i in order[start : start + size]])
        parts.append((model.tokens(ids, mask), mask))
    return parts, torch.argsort(torch.tensor(order))


def pooled(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weight = mask[:, :, None].float()
    return F.normalize((states.float() * weight).sum(1) / weight.sum(1).clamp(min=1e-9), dim=-1)


def late_scores(queries: tuple[torch.Tensor, torch.Tensor], documents: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """(queries, documents): the mean over a query's tokens of the best cosine in the document."""
    (q, q_mask), (d, d_mask) = queries, documents
    q, d = F.normalize(q.float(), dim=-1), F.normalize(d.float(), dim=-1)
    n, length, width = q.shape
    cosines = (q.reshape(n * length, width).bfloat16() @ d.reshape(-1, width).bfloat16().T).view(n, length, *d_mask.shape)
    best = cosines.masked_fill(~d_mask[None, None], -1.0).amax(3).float()
    weight = q_mask[:, :, None].float()
    return (best * weight).sum(1) / weight.sum(1)


@torch.no_grad()
def embed(model: Encoder, rows: list[list[int]]) -> torch.Tensor:
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    out = torch.zeros(len(rows), 384)
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out[part] = model(*pad([rows[i] for i in part]))
    return out


def evaluate(model: Encoder, tokenizer: Tokenizer, held: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Mean reciprocal rank and NDCG@10 of summary -> definition in each held-out project."""
    scores: dict[str, float] = {}
    for project, rows in held.items():
        documents = embed(model, tokenized(tokenizer, [document_text(r["path"], r["symbol"], r["code_plain"]) for r in rows], DOCUMENT_TOKENS))
        asked = [i for i, r in enumerate(rows) if r["doc"]]
        for name, texts in (
            ("doc", [rows[i]["doc"] for i in asked]),
            ("web", [from_summary(rows[i]["doc"], rows[i]["language"], random.Random(i)) for i in asked]),
        ):
            queries = embed(model, tokenized(tokenizer, [query_text(t) for t in texts], QUERY_TOKENS))
            score = queries @ documents.T
            right = score[torch.arange(len(asked)), torch.tensor(asked)][:, None]
            rank = (score > right).sum(1)
            gain = torch.where(rank < 10, 1 / torch.log2(rank + 2.0), torch.zeros(()))
            scores[f"{project}:{name}"] = round(gain.mean().item(), 4)
    scores["mean:doc"] = round(sum(v for k, v in scores.items() if k.endswith(":doc")) / len(held), 4)
    scores["mean:web"] = round(sum(v for k, v in scores.items() if k.endswith(":web") and not k.startswith("mean")) / len(held), 4)
    return scores


def held_rows(path: Path, names: list[str], rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for line in path.open():
        row = json.loads(line)
        if row["project"] in rows and "test" not in row["path"].lower():
            rows[row["project"]].append(row)
    return {p: rng.sample(r, min(900, len(r))) for p, r in rows.items() if sum(bool(x["doc"]) for x in r) >= 30}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("mined", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--left-out", type=Path)
    parser.add_argument("--layers", type=lambda s: [int(x) for x in s.split(",")])
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--rate", type=float, default=4e-5)
    parser.add_argument("--anchor", type=float, default=0.5)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="go on from these weights instead of BASE")
    parser.add_argument("--resume", action="store_true", help="skip the first evaluation")
    parser.add_argument("--late", type=float, default=0.0, help="weight of the late scores' loss")
    parser.add_argument("--warm-up", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    rng = random.Random(given.seed)
    held_names = given.held_out.read_text().split()
    left_out = set(held_names) | set(given.left_out.read_text().split() if given.left_out else ())
    held = held_rows(given.mined, held_names, random.Random(7))
    rows = load(given.mined, left_out, 4000, rng)
    print(len(rows), "projects", sum(map(len, rows.values())), "rows; held out:", {p: len(r) for p, r in held.items()}, flush=True)
    tokenizer = Tokenizer.from_file(str(given.base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    teacher = Encoder(given.base).eval()
    start = given.start or given.base
    model = Encoder(start, given.layers)
    average = Encoder(start, given.layers).eval()
    print("before", json.dumps(evaluate(model, tokenizer, held)), flush=True) if not given.resume else None
    batches = Batches(rows, given.batch, 12, given.seed)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=given.rate, betas=(0.9, 0.98))
    target = torch.arange(given.batch)
    started, total, near = time.time(), 0.0, 0.0
    for step in range(1, given.steps + 1):
        done = step / given.steps
        rate = given.rate * min(1.0, step / given.warm_up) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        queries, documents = batches.next()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            asked = pad(tokenized(tokenizer, [query_text(t) for t in queries], QUERY_TOKENS))
            rows_d = tokenized(tokenizer, documents, DOCUMENT_TOKENS)
            late = torch.zeros(())
            if given.late:
                q_states = model.tokens(*asked), asked[1]
                parts, back = states_in_parts(model, rows_d, 4)
                q, d = pooled(*q_states), torch.cat([pooled(*part) for part in parts])[back]
                late = torch.cat([late_scores(q_states, part) for part in parts], dim=1)[:, back]
            else:
                q, d = model(*asked), in_parts(model, rows_d, 3)
            with torch.no_grad():
                original = teacher(*pad(tokenized(tokenizer, queries, QUERY_TOKENS)))
        q, d = q.float(), d.float()
        logits = SCALE * q @ d.T
        anchor = (1 - (q * original.float()).sum(1)).mean()
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2 + given.anchor * anchor
        if given.late:
            sharp = LATE_SCALE * late.float()
            loss = loss + given.late * (F.cross_entropy(sharp, target) + F.cross_entropy(sharp.T, target)) / 2
            taught = F.softmax((logits + sharp).detach(), dim=1)
            loss = loss + 0.5 * given.late * F.cross_entropy(logits, taught)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        keep = min(0.995, step / (step + 20))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), model.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
        total += loss.item()
        near += anchor.item()
        if step % 20 == 0:
            print(f"{step} loss {total / 20:.4f} anchor {near / 20:.4f} {(time.time() - started) / step:.2f} s/step", flush=True)
            total = near = 0.0
        if step % given.every == 0 or step == given.steps:
            print(step, json.dumps(evaluate(average, tokenizer, held)), flush=True)
            average.save(given.out)
    (given.out / "tokenizer.json").write_bytes((given.base / "tokenizer.json").read_bytes())


if __name__ == "__main__":
    main()
