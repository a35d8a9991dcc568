"""Train the static embedder: one vector a token, a text is the sum of its tokens' vectors.

    python train_static.py TRAINED MINED.jsonl OUT --held-out held_out.txt [--steps N] [--seed S]

The table begins as what the trained embedder says of each token alone, reduced to `--dimensions`
by principal components and weighed by a / (a + p), p being the token's share of the mined text
(the SIF of Arora et al. 2017; as in model2vec). It is then trained on the same pairs as the
embedder with the same in-batch loss, which takes minutes on one core. `OUT` gets `table.bin`:
for each token its signed bytes and a float32 scale.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from bert import Encoder
from queries import from_summary
from tokenizers import Tokenizer
from torch import Tensor
from train_embedder import Batches, document_text, held_rows, load, query_text, tokenized

DOCUMENT_TOKENS, QUERY_TOKENS, SCALE, SIF = 192, 48, 16.0, 1e-3


class Table(torch.nn.Module):
    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.bag = torch.nn.EmbeddingBag.from_pretrained(vectors, freeze=False, mode="sum")

    def forward(self, rows: list[list[int]]) -> Tensor:
        """Unit vectors; a token counts with the root of how often it occurs."""
        ids: list[int] = []
        weights: list[float] = []
        starts: list[int] = []
        for row in rows:
            starts.append(len(ids))
            counts: dict[int, int] = {}
            for token in row:
                counts[token] = counts.get(token, 0) + 1
            ids += counts
            weights += [count**0.5 for count in counts.values()]
        sums = self.bag(torch.tensor(ids), torch.tensor(starts), torch.tensor(weights))
        return F.normalize(sums, dim=-1)


@torch.no_grad()
def first_table(encoder: Encoder, size: int, dimensions: int, shares: np.ndarray) -> Tensor:
    """See the module."""
    parts: list[Tensor] = []
    for start in range(0, size, 1024):
        tokens = torch.arange(start, min(size, start + 1024))
        ids = torch.stack([torch.full_like(tokens, 101), tokens, torch.full_like(tokens, 102)], 1)
        parts.append(encoder(ids, torch.ones_like(ids, dtype=torch.bool)))
    vectors = torch.cat(parts).double().numpy()
    centred = vectors - (vectors * shares[:, None]).sum(0)
    _, _, axes = np.linalg.svd(centred[np.argsort(-shares)[:12000]], full_matrices=False)
    reduced = centred @ axes[:dimensions].T
    reduced /= np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9)
    weight = SIF / (SIF + shares)
    return torch.tensor(reduced * weight[:, None], dtype=torch.float32)


@torch.no_grad()
def evaluate(table: Table, tokenizer: Tokenizer, held: dict) -> dict[str, float]:
    """NDCG@10 of summary -> definition, as in train_embedder."""
    found: dict[str, list[float]] = {"doc": [], "web": []}
    for rows in held.values():
        texts = [document_text(r["path"], r["symbol"], r["code_plain"]) for r in rows]
        documents = table([r[1:-1] for r in tokenized(tokenizer, texts, DOCUMENT_TOKENS)])
        asked = [i for i, r in enumerate(rows) if r["doc"]]
        for name in found:
            queries = [
                rows[i]["doc"] if name == "doc" else from_summary(rows[i]["doc"], rows[i]["language"], random.Random(i))
                for i in asked
            ]
            q = table([r[1:-1] for r in tokenized(tokenizer, [query_text(t) for t in queries], QUERY_TOKENS)])
            score = q @ documents.T
            right = score[torch.arange(len(asked)), torch.tensor(asked)][:, None]
            rank = (score > right).sum(1)
            gain = torch.where(rank < 10, 1 / torch.log2(rank + 2.0), torch.zeros(()))
            found[name].append(gain.mean().item())
    return {name: round(sum(values) / len(values), 4) for name, values in found.items()}


def write(table: Tensor, path: Path) -> None:
    scales = (table.abs().amax(dim=1, keepdim=True) / 127).clamp(min=1e-12)
    codes = (table / scales).round().to(torch.int8).numpy()
    packed = np.concatenate([codes.view(np.uint8), scales.numpy().astype("<f4").view(np.uint8)], axis=1)
    path.write_bytes(packed.tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("mined", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--left-out", type=Path)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    rng = random.Random(given.seed)
    names = given.held_out.read_text().split()
    left_out = set(names) | set(given.left_out.read_text().split() if given.left_out else ())
    held = held_rows(given.mined, names, random.Random(7))
    rows = load(given.mined, left_out, 4000, rng)
    tokenizer = Tokenizer.from_file(str(given.tokenizer))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    size = tokenizer.get_vocab_size()
    counts = np.ones(size)
    everything = [r for found in rows.values() for r in found]
    sample = rng.sample(everything, min(20000, len(everything)))
    for ids in tokenized(tokenizer, [document_text(r["path"], r["symbol"], r["code_plain"]) for r in sample], DOCUMENT_TOKENS):
        np.add.at(counts, ids[1:-1], 1)
    table = Table(first_table(Encoder(given.trained).eval(), size, given.dimensions, counts / counts.sum()))
    print("before", json.dumps(evaluate(table, tokenizer, held)), flush=True)
    batches = Batches(rows, given.batch, 12, given.seed)
    optimizer = torch.optim.Adam(table.parameters(), lr=given.rate)
    target = torch.arange(given.batch)
    started, total = time.time(), 0.0
    for step in range(1, given.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = given.rate * min(1.0, step / 50) * max(0.02, 1 - step / given.steps)
        queries, documents = batches.next()
        q = table([r[1:-1] for r in tokenized(tokenizer, [query_text(t) for t in queries], QUERY_TOKENS)])
        d = table([r[1:-1] for r in tokenized(tokenizer, documents, DOCUMENT_TOKENS)])
        logits = SCALE * q @ d.T
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item()
        if step % 100 == 0:
            print(f"{step} loss {total / 100:.4f} {(time.time() - started) / step:.3f} s/step", flush=True)
            total = 0.0
        if step % 1000 == 0 or step == given.steps:
            print(step, json.dumps(evaluate(table, tokenizer, held)), flush=True)
            given.out.mkdir(parents=True, exist_ok=True)
            write(table.bag.weight.detach(), given.out / "table.bin")


if __name__ == "__main__":
    sys.exit(main())
