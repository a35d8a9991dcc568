"""Fine-tune a cross-encoder, from what ships, on what one team opened and passed over.

    pip install torch onnx onnxruntime safetensors
    treewright feedback export --format reranker --folder DATA
    python tune_reranker.py --model models/onnx/treewright-code-embed --data DATA --output OUT

Weights are read back from an int8 graph, so that nothing but what ships is needed: of the embedder the
first `--layers`, of a cross-encoder (`train_reranker.py` makes one) all with its head. Each step teaches
that the result that was used answers the query better than the one that was passed over (logistic
loss on the difference). Of what others search for (`--general`, triples too) one half is learned along
and the other half guards: the weights are drawn back to where they began (Wortsman et al. 2022, robust
fine-tuning of zero-shot models) until at most 1 % of its pairs is lost. Queries held out decide: only
when more of their pairs are in order than before, by the margin, OUT gets a model folder, its weights
int8 again, with the hashes of the queries it has seen. Put it in force with `treewright feedback
evaluate reranker --cross-encoder OUT --general WORKSPACE --promote`, which measures once more and says
how much it is heard beside the rank, and take it back with `--rollback`. One line of JSON says the
numbers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from cross import CrossEncoder, pad_pairs
from export_onnx import build_cross, quantise
from onnx import numpy_helper
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "indexer"))
from treewright_indexer.encoders.codetext import plain_words, query_text
from treewright_indexer.encoders.manifest import Manifest, read_manifest
from treewright_indexer.encoders.onnx import OnnxReranker
from treewright_indexer.encoders.providers import EncoderSettings
from treewright_indexer.encoders.wordpiece import WordPiece

MARGIN = 0.02
"""Of the share of held-out pairs that are in order."""
LOSS = 0.01
"""Of that share on what others search for."""
KEPT = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1)
"""How much of what was learned is kept: the first that others can bear."""


def unpack(model: Path, folder: Path, layers: int = 0) -> None:
    """Write the weights of an int8 graph in the names that `CrossEncoder` reads; of its `layers` the
    first ones, 0 for all. An embedder has no head, and one kind, which stands in its places."""
    graph = onnx.load(str(model)).graph
    given = {each.name: numpy_helper.to_array(each) for each in graph.initializer}

    def matrix(name: str) -> np.ndarray:
        codes = given[f"{name}_quantized"].astype(np.float32) - given[f"{name}_zero_point"].astype(
            np.float32
        )
        return np.ascontiguousarray((codes * given[f"{name}_scale"]).T)

    n_layers = sum(name.startswith("qkv_b") for name in given)
    n_layers = min(n_layers, layers or n_layers)
    attention = next(node for node in graph.node if node.op_type == "QAttention")
    heads = next(a.i for a in attention.attribute if a.name == "num_heads")
    words = given["words"].astype(np.float32) * given["words_scale"]
    hidden = words.shape[1]
    kinds = given.get("kind_table", np.zeros((2, hidden), np.float32))
    w: dict[str, np.ndarray] = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": given["places"],
        "embeddings.token_type_embeddings.weight": np.stack([kinds[0], kinds[0]]),
        "embeddings.LayerNorm.weight": given["norm_g"],
        "embeddings.LayerNorm.bias": given["norm_b"],
    }
    for i in range(n_layers):
        base = f"encoder.layer.{i}."
        qkv, bias = matrix(f"qkv{i}"), given[f"qkv_b{i}"]
        for index, part in enumerate(("query", "key", "value")):
            w[f"{base}attention.self.{part}.weight"] = qkv[index * hidden : (index + 1) * hidden]
            w[f"{base}attention.self.{part}.bias"] = bias[index * hidden : (index + 1) * hidden]
        for name, short, norm in (
            ("attention.output", "out", "n1"), ("output", "down", "n2"),
        ):  # fmt: skip
            w[f"{base}{name}.dense.weight"], w[f"{base}{name}.dense.bias"] = (
                matrix(f"{short}{i}"),
                given[f"{short}b{i}"],
            )
            w[f"{base}{name}.LayerNorm.weight"], w[f"{base}{name}.LayerNorm.bias"] = (
                given[f"{norm}g{i}"],
                given[f"{norm}b{i}"],
            )
        w[f"{base}intermediate.dense.weight"], w[f"{base}intermediate.dense.bias"] = (
            matrix(f"up{i}"),
            given[f"upb{i}"],
        )
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: np.ascontiguousarray(v) for k, v in w.items()}, folder / "model.safetensors")
    if "outer_w" in given:
        head = {
            "second": kinds[1], "token.weight": given["token_w"][None], "token.bias": given["token_b"],
            "inner.weight": matrix("inner_w"), "inner.bias": given["inner_b"], "outer.weight": given["outer_w"][None],
            "outer.bias": given["outer_b"], "scale": given["scale"].reshape(()),
        }  # fmt: skip
        head = {
            name: np.ascontiguousarray(value).reshape(value.shape) for name, value in head.items()
        }
        save_file(head, folder / "head.safetensors")
    config = {
        "hidden_size": hidden, "num_attention_heads": int(heads), "num_hidden_layers": n_layers, "layer_norm_eps": 1e-12,
        "intermediate_size": int(given["upb0"].shape[0]), "vocab_size": int(words.shape[0]),
        "max_position_embeddings": int(given["places"].shape[0]),
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config) + "\n", "utf-8")


def triples(folder: Path) -> list[dict[str, str]]:
    """Every split that is there; queries are split anew."""
    rows = [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    if not rows:
        raise SystemExit(f"{folder}: there are no rows in *.jsonl")
    return rows


def rows_of(
    tokens: WordPiece, some: list[dict[str, str]], side: str, limit: int
) -> list[tuple[list[int], int]]:
    return [
        tokens.encode_pair(query_text(row["query"]), plain_words(row[side][:4000]), limit)
        for row in some
    ]


def in_order(score: Any, rows: list[dict[str, str]]) -> float:
    """The share of pairs whose used result scores higher; a tie is half."""
    better, worse = np.array(score(rows, "positive")), np.array(score(rows, "negative"))
    return float(((better > worse) + 0.5 * (better == worse)).mean()) if rows else 0.0


def of_model(manifest: Manifest) -> Any:
    reranker = OnnxReranker(manifest, EncoderSettings(device="cpu"))
    return lambda rows, side: [
        reranker.scores(row["query"], [plain_words(row[side][:4000])])[0] for row in rows
    ]


def split(
    rows: list[dict[str, str]], share: float, seed: int
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """(train, held out): no query is in both."""
    queries = sorted({row["query"] for row in rows})
    random.Random(seed).shuffle(queries)
    apart = set(queries[: max(1, int(len(queries) * share))])
    return [row for row in rows if row["query"] not in apart], [
        row for row in rows if row["query"] in apart
    ]


def fit(
    model: Any, rows: list[dict[str, str]], tokens: WordPiece, limit: int, given: argparse.Namespace
) -> None:
    model.encoder.words.weight.requires_grad = False
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=given.rate)
    rng = random.Random(given.seed)
    for _ in range(given.epochs):
        rng.shuffle(rows)
        for start in range(0, len(rows), given.batch):
            some = rows[start : start + given.batch]
            pairs = rows_of(tokens, some, "positive", limit) + rows_of(
                tokens, some, "negative", limit
            )
            scores = model(*pad_pairs(pairs))
            loss = F.softplus(scores[len(some) :] - scores[: len(some)]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def write(model: Any, folder: Path, manifest: Manifest, out: Path) -> None:
    """The model as int8, with its vocabulary and a manifest."""
    model.save(folder)
    out.mkdir()
    quantise(build_cross(folder, model.marks), out / manifest.file)
    shutil.copy(manifest.folder / manifest.tokenizer, out)
    about = json.loads((manifest.folder / "manifest.json").read_text("utf-8"))
    about = {name: value for name, value in about.items() if name not in ("relevant", "states")}
    about |= {"name": f"{manifest.name}-tuned", "task": "rerank", "dimensions": 1}
    about["sha256"] = hashlib.sha256((out / manifest.file).read_bytes()).hexdigest()
    (out / "manifest.json").write_text(json.dumps(about, indent=2) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--general", type=Path, help="triples of others: at most 1 % may be lost")
    parser.add_argument("--layers", type=int, default=3, help="of an embedder, the first ones")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--held-out", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=42)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    manifest = read_manifest(given.model)
    manifest.verify()
    tokens = WordPiece.read(manifest.folder / manifest.tokenizer)
    train, held_out = split(triples(given.data), given.held_out, given.seed)
    anchors, judges = split(triples(given.general), 0.5, given.seed) if given.general else ([], [])
    after, general_after, share, kept = 0.0, 0.0, 0.0, False
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "trained"
        unpack(manifest.model_path, folder, given.layers if manifest.task == "embed" else 0)
        model = CrossEncoder(folder, None, (tokens.start, tokens.end))
        write(model, folder, manifest, Path(scratch) / "begun")
        begun = of_model(read_manifest(Path(scratch) / "begun"))
        before, general_before = in_order(begun, held_out), in_order(begun, judges)
        start_weights = {name: value.clone() for name, value in model.state_dict().items()}
        fit(model, [*train, *anchors], tokens, manifest.max_tokens, given)
        learned = {name: value.clone() for name, value in model.state_dict().items()}
        for number, share in enumerate(KEPT):
            model.load_state_dict(
                {
                    name: start_weights[name] + share * (value - start_weights[name])
                    for name, value in learned.items()
                }
            )
            tuned = Path(scratch) / f"model{number}"
            write(model, folder, manifest, tuned)
            fitted = of_model(read_manifest(tuned))
            after, general_after = in_order(fitted, held_out), in_order(fitted, judges)
            if general_after >= (1 - LOSS) * general_before:
                kept = after >= before + MARGIN
                break
        if kept:
            seen = sorted(
                {
                    hashlib.sha256(row["query"].encode("utf-8", "replace")).hexdigest()
                    for row in train
                }
            )
            (tuned / "queries.json").write_text(json.dumps({"trained": seen}) + "\n", "utf-8")
            shutil.copytree(tuned, given.output, dirs_exist_ok=True)
    figures = {
        "before": round(before, 4), "after": round(after, 4), "n": len(held_out), "kept": kept, "share": share,
        "general_before": round(general_before, 4), "general_after": round(general_after, 4),
    }  # fmt: skip
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main()
