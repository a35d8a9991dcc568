"""Train the cross-encoder that reorders the head of a ranking.

    python train_reranker.py TRAINED MINED.jsonl OUT --held-out held_out.txt --embedder FOLDER
                             [--steps N] [--minutes M] [--until HH:MM] [--seed S]

TRAINED is what `train_embedder.py` wrote: its first layers are the start. EMBEDDER is the model
folder that ships, which mines the negatives: of each group of definitions of one project, in the
order of their paths, every definition that has something to ask about is searched for among the
others as a search does it, by cosine and by BM25 with scaled scores, and the ones that come first
and are wrong are what it is told apart from.

The loss is listwise, twice: of the scores alone, and of their sum with the scores of the search, whose
weight is learned. The second teaches what the search does not know, which is all that a reranker
is for. Word embeddings stay as they are and are cut to the tokens that code and English use.
An exponential average of the weights is saved at every evaluation.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from cross import CrossEncoder, pad_pairs
from train_embedder import held_rows, load, pair

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "indexer"))
from treewright_indexer.encoders.codetext import document_text, query_text  # noqa: E402
from treewright_indexer.encoders.manifest import read_manifest  # noqa: E402
from treewright_indexer.encoders.onnx import OnnxEncoder  # noqa: E402
from treewright_indexer.encoders.providers import EncoderSettings  # noqa: E402
from treewright_indexer.encoders.wordpiece import WordPiece  # noqa: E402

MAX_TOKENS, QUERY_TOKENS = 128, 40
GROUP, QUERIES, LIST = 400, 240, 8
DENSE = 0.65
"""Weight of the cosine in the scores of the search, as in its plans."""


class Listed(NamedTuple):
    """A query and the candidates of the search, the right one first among them or not."""

    query: str
    documents: list[str]
    scores: np.ndarray
    """Of the search, 0 to 1."""
    right: int


# -------------------------------------------------------------------- the search that mines


def bm25(queries: list[list[str]], documents: list[list[str]]) -> np.ndarray:
    """(queries, documents) scores by words, k1 1.2 and b 0.75."""
    lengths = np.array([len(d) for d in documents], np.float32)
    norm = 1.2 * (0.25 + 0.75 * lengths / max(lengths.mean(), 1.0))
    postings: dict[str, tuple[list[int], list[int]]] = {}
    for index, document in enumerate(documents):
        for word, n in Counter(document).items():
            rows, counts = postings.setdefault(word, ([], []))
            rows.append(index)
            counts.append(n)
    out = np.zeros((len(queries), len(documents)), np.float32)
    for number, query in enumerate(queries):
        for word in set(query):
            if word in postings:
                rows, counts = (np.array(v) for v in postings[word])
                idf = math.log(1 + (len(documents) - len(rows) + 0.5) / (len(rows) + 0.5))
                out[number, rows] += idf * counts * 2.2 / (counts + norm[rows])
    return out


def searched(encoder: OnnxEncoder, queries: list[str], documents: list[str]) -> np.ndarray:
    """(queries, documents) scores as the search scales and adds them."""
    vectors = encoder.documents(documents)
    asked = np.stack([encoder.query(q) for q in queries])
    cosines = asked @ vectors.T
    low, high = cosines.min(1, keepdims=True), cosines.max(1, keepdims=True)
    dense = (cosines - low) / np.maximum(high - low, 1e-6)
    words = bm25([query_text(q).lower().split() for q in queries], [d.lower().split() for d in documents])
    return DENSE * dense + (1 - DENSE) * words / np.maximum(words.max(1, keepdims=True), 1e-6)


def listed(
    encoder: OnnxEncoder, rows: list[dict[str, Any]], n: int, rng: random.Random, keep: int, evaluating: bool
) -> list[Listed]:
    """Up to `n` queries about `rows` with `keep` candidates each."""
    asked: list[tuple[str, int]] = []
    documents: list[str] = []
    for index, row in enumerate(rows):
        made = pair(row, rng) if len(asked) < 3 * n and (row["doc"] or rng.random() < 0.5) else None
        if made is not None and len(made[0].split()) >= 2:
            asked.append((made[0], index))
        documents.append(made[1] if made is not None else document_text(row["path"], row["symbol"], row["code_plain"]))
    asked = rng.sample(asked, min(n, len(asked)))
    if len(asked) < 8:
        return []
    scores = searched(encoder, [q for q, _ in asked], documents)
    out: list[Listed] = []
    for (query, right), found in zip(asked, scores, strict=True):
        order = [int(i) for i in np.argsort(-found)]
        if evaluating:
            chosen = order[:keep]
            if right not in chosen:
                continue
        else:
            wrong = [i for i in order if i != right and documents[i] != documents[right]]
            near = rng.sample(wrong[:12], keep - 3)
            chosen = [right, *near, *rng.sample(wrong[12:60], 2)]
            rng.shuffle(chosen)
        out.append(Listed(query, [documents[i] for i in chosen], found[chosen], chosen.index(right)))
    return out


def groups(rows: dict[str, list[dict[str, Any]]], rng: random.Random) -> Iterator[list[dict[str, Any]]]:
    """Runs of neighbours of one project, larger projects more often, other languages than Python twice."""
    projects = list(rows)
    weights = [math.sqrt(len(rows[p])) * (1.0 if p.startswith("py-") else 2.0) for p in projects]
    while True:
        found = rows[rng.choices(projects, weights)[0]]
        start = rng.randrange(max(1, len(found) - GROUP + 1))
        yield found[start : start + GROUP]


# -------------------------------------------------------------------- the vocabulary


def kept_tokens(vocabulary: list[str], rows: dict[str, list[dict[str, Any]]], size: int, rng: random.Random) -> list[int]:
    """Ids of the `size` tokens worth keeping: marks, single characters, then by use in the mined text."""
    tokens = WordPiece(vocabulary)
    counts: Counter[int] = Counter()
    everything = [row for found in rows.values() for row in found]
    for row in rng.sample(everything, min(15000, len(everything))):
        counts.update(tokens.pieces(query_text(row["doc"]), 80))
        counts.update(tokens.pieces(document_text(row["path"], row["symbol"], row["code_plain"][:900]), 160))
    needed = [
        index
        for index, token in enumerate(vocabulary)
        if (token.startswith("[") and not token.startswith("[unused")) or len(token.removeprefix("##")) == 1 and token.isascii()
    ]
    plain = [i for i, t in enumerate(vocabulary) if t.isascii() and not t.startswith("[unused") and i not in set(needed)]
    # The vocabulary is in the order of how common its words are in English.
    plain.sort(key=lambda i: (-counts[i], i))
    return sorted(needed + plain[: size - len(needed)])


# -------------------------------------------------------------------- scores


def encoded(tokens: WordPiece, each: Listed) -> list[tuple[list[int], int]]:
    words = " ".join(query_text(each.query).split()[: 2 * QUERY_TOKENS])
    return [tokens.encode_pair(words, document, MAX_TOKENS) for document in each.documents]


def scored(model: CrossEncoder, rows: list[tuple[list[int], int]], parts: int) -> torch.Tensor:
    """Scores of the rows in their order, in parts of like length."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    size = -(-len(order) // parts)
    found = [model(*pad_pairs([rows[i] for i in order[s : s + size]])) for s in range(0, len(order), size)]
    return torch.cat(found)[torch.argsort(torch.tensor(order))]


@torch.no_grad()
def evaluate(model: CrossEncoder, tokens: WordPiece, held: list[Listed]) -> dict[str, float]:
    """NDCG@10 of what is in the first candidates: as searched, reordered, and both at some weights."""
    found: dict[str, list[float]] = {}
    for each in held:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            new = scored(model, encoded(tokens, each), 2).float().numpy()
        new = (new - new.min()) / max(float(new.max() - new.min()), 1e-6)
        old = (each.scores - each.scores.min()) / max(float(each.scores.max() - each.scores.min()), 1e-6)
        for weight in (0.0, 0.3, 0.5, 0.7, 1.0):
            mixed = (1 - weight) * old + weight * new
            rank = int((mixed > mixed[each.right]).sum())
            found.setdefault(f"w{weight}", []).append(1 / math.log2(rank + 2) if rank < 10 else 0.0)
    return {name: round(sum(values) / len(values), 4) for name, values in found.items()}


def time_is_up(given: argparse.Namespace, started: float) -> bool:
    late = given.until and datetime.now().strftime("%H:%M") >= given.until
    return bool(late or given.minutes and time.time() - started > 60 * given.minutes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("mined", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--left-out", type=Path)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--layers", type=lambda s: [int(x) for x in s.split(",")], default=[0, 1, 2])
    parser.add_argument("--vocabulary", type=int, default=20000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--until", default="", help="HH:MM of the clock here, at which it ends")
    parser.add_argument("--batch", type=int, default=16, help="queries a step, of LIST candidates each")
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--warm-up", type=int, default=40)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    rng = random.Random(given.seed)
    names = given.held_out.read_text().split()
    left_out = set(names) | set(given.left_out.read_text().split() if given.left_out else ())
    held = held_rows(given.mined, names, random.Random(7))
    rows = load(given.mined, left_out, 4000, rng)
    print(len(rows), "projects", sum(map(len, rows.values())), "rows; held out:", len(held), flush=True)

    manifest = read_manifest(given.embedder)
    encoder = OnnxEncoder(manifest, EncoderSettings(device="cpu", threads=given.threads))
    vocabulary = (given.embedder / manifest.tokenizer).read_text("utf-8").rstrip("\n").split("\n")
    kept = kept_tokens(vocabulary, rows, given.vocabulary, random.Random(11))
    vocabulary = [vocabulary[i] for i in kept]
    tokens = WordPiece(vocabulary)
    model = CrossEncoder(given.trained, given.layers, (tokens.start, tokens.end))
    model.trim(kept)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    average = copy.deepcopy(model).eval()
    measured: list[Listed] = []
    for name, found in sorted(held.items()):
        measured += listed(encoder, found[:400], 16, random.Random(name), 16, True)
    print(len(measured), "held-out queries; before", json.dumps(evaluate(model, tokens, measured)), flush=True)

    weight = torch.nn.Parameter(torch.tensor(6.0))
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.dim() > 1]
    plain = [*(p for p in trained if p.dim() <= 1)]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}, {"params": [weight], "weight_decay": 0.0}],
        lr=given.rate, betas=(0.9, 0.98),
    )  # fmt: skip
    source = groups(rows, rng)
    waiting: list[Listed] = []
    started, total, right_first, step = time.time(), 0.0, 0.0, 0
    while step < given.steps and not time_is_up(given, started):
        step += 1
        while len(waiting) < 2 * QUERIES:  # so that a batch holds several projects
            waiting += listed(encoder, next(source), QUERIES, rng, LIST, False)
            rng.shuffle(waiting)
        batch = [waiting.pop() for _ in range(given.batch)]
        rate = given.rate * min(1.0, step / given.warm_up) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / given.steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.param_groups[2]["lr"] = 50 * rate
        texts = [row for each in batch for row in encoded(tokens, each)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = scored(model, texts, 4)
        scores = scores.float().view(given.batch, LIST)
        searched_for = torch.tensor(np.stack([each.scores for each in batch]))
        target = torch.tensor([each.right for each in batch])
        alone = F.cross_entropy(scores, target, label_smoothing=0.05)
        together = F.cross_entropy(scores + weight * searched_for, target, label_smoothing=0.05)
        loss = alone + together
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        keep = min(0.995, step / (step + 20))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), model.parameters(), strict=True):
                if value.requires_grad:
                    mean.lerp_(value, 1 - keep)
        total += loss.item()
        right_first += (scores.argmax(1) == target).float().mean().item()
        if step % 20 == 0:
            print(
                f"{step} loss {total / 20:.4f} first {right_first / 20:.3f} weight {weight.item():.2f} "
                f"scale {model.scale.item():.2f} {(time.time() - started) / step:.2f} s/step", flush=True,
            )  # fmt: skip
            total = right_first = 0.0
        if step % given.every == 0:
            print(step, json.dumps(evaluate(average, tokens, measured)), flush=True)
            average.save(given.out)
    print(step, json.dumps(evaluate(average, tokens, measured)), flush=True)
    average.save(given.out)


if __name__ == "__main__":
    main()
