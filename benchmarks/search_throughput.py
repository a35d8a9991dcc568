"""Embedding throughput beside other libraries: the same ONNX file, the same texts, the same processor.

    python -P benchmarks/search_throughput.py texts SOURCES OUT.json [--n 1024]
    python -P benchmarks/search_throughput.py export MODEL_FOLDER OUT      (needs torch, transformers)
    python -P benchmarks/search_throughput.py run treewright|fastembed|sentence-transformers MODEL TEXTS.json

`texts` takes code chunks as an index would embed them. `export` writes a BERT-shaped embedder as the
ONNX file that other libraries expect, with its tokenizer and a manifest of ours beside it. `run`
prints texts a second as one JSON line; each library runs in its own environment, one after the
other, three times over, and the best of three counts. `-P`, since `benchmarks/requests.py` would else
stand in for the library of that name.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROUNDS = 3


def texts_of(sources: Path, n: int) -> list[str]:
    """Every few hundred characters of code, cut at lines: lengths as those of chunks are."""
    import random

    rng = random.Random(1)
    files = sorted(sources.rglob("*.py"))
    rng.shuffle(files)
    found: list[str] = []
    for path in files:
        lines = path.read_text("utf-8", "replace").split("\n")
        start = 0
        while start < len(lines) and len(found) < n:
            size = max(2, min(80, int(rng.lognormvariate(2.4, 0.8))))
            text = "\n".join(lines[start : start + size]).strip()
            if text:
                found.append(text[:2000])
            start += size
        if len(found) >= n:
            break
    return found


def export(folder: Path, out: Path) -> None:
    """`folder` holds config.json, model.safetensors and tokenizer.json."""
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    out.mkdir(parents=True, exist_ok=True)
    model = transformers.AutoModel.from_pretrained(str(folder), attn_implementation="eager").eval()
    ids = torch.ones((2, 8), dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]}
    torch.onnx.export(
        model, (ids, ids, ids * 0), str(out / "model.onnx"), input_names=names,
        output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    for name in (
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "vocab.txt",
    ):
        if (folder / name).is_file():
            shutil.copy(folder / name, out / name)
    digest = {
        n: hashlib.sha256((out / n).read_bytes()).hexdigest() for n in ("model.onnx", "vocab.txt")
    }
    manifest = {
        "format": 1, "name": "peer", "task": "embed", "file": "model.onnx", "sha256": digest["model.onnx"],
        "tokenizer": "vocab.txt", "tokenizer_sha256": digest["vocab.txt"], "dimensions": 384,
        "max_tokens": 256, "pooling": "mean", "text": "plain",
    }  # fmt: skip
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1))


def ours(model: Path) -> Callable[[Sequence[str]], Any]:
    from treewright_indexer.encoders.manifest import read_manifest
    from treewright_indexer.encoders.onnx import OnnxEncoder

    return OnnxEncoder(read_manifest(model)).documents


def fastembed(model: Path) -> Callable[[Sequence[str]], Any]:
    library: Any = importlib.import_module("fastembed")
    kinds: Any = importlib.import_module("fastembed.common.model_description")
    library.TextEmbedding.add_custom_model(
        model="peer", pooling=kinds.PoolingType.MEAN, normalization=True,
        sources=kinds.ModelSource(hf="peer/peer"), dim=384, model_file="model.onnx",
    )  # fmt: skip
    embedding = library.TextEmbedding("peer", specific_model_path=str(model))
    return lambda texts: list(embedding.embed(list(texts)))


def sentence_transformers(model: Path) -> Callable[[Sequence[str]], Any]:
    library: Any = importlib.import_module("sentence_transformers")
    loaded = library.SentenceTransformer(
        str(model),
        backend="onnx",
        model_kwargs={"file_name": "model.onnx", "provider": "CPUExecutionProvider"},
    )
    loaded.max_seq_length = 256
    return lambda texts: loaded.encode(list(texts), normalize_embeddings=True)


LIBRARIES = {
    "treewright": ours,
    "fastembed": fastembed,
    "sentence-transformers": sentence_transformers,
}


def run(library: str, model: Path, texts: list[str]) -> dict[str, Any]:
    embed = LIBRARIES[library](model)
    embed(texts[:32])
    best, own = float("inf"), float("inf")
    first: Any = None
    for _ in range(ROUNDS):
        wall, processor = time.perf_counter(), time.process_time()
        first = embed(texts)[0]
        best = min(best, time.perf_counter() - wall)
        own = min(own, time.process_time() - processor)
    return {
        "library": library,
        "texts": len(texts),
        "texts_per_s": round(len(texts) / best, 1),
        "texts_per_processor_s": round(len(texts) / own, 1),
        "first": [round(float(x), 4) for x in first[:4]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    texts = actions.add_parser("texts")
    texts.add_argument("sources", type=Path)
    texts.add_argument("out", type=Path)
    texts.add_argument("--n", type=int, default=1024)
    exporting = actions.add_parser("export")
    exporting.add_argument("folder", type=Path)
    exporting.add_argument("out", type=Path)
    running = actions.add_parser("run")
    running.add_argument("library", choices=list(LIBRARIES))
    running.add_argument("model", type=Path)
    running.add_argument("texts", type=Path)
    given = parser.parse_args()
    if given.action == "texts":
        given.out.write_text(json.dumps(texts_of(given.sources, given.n)))
    elif given.action == "export":
        export(given.folder, given.out)
    else:
        print(json.dumps(run(given.library, given.model, json.loads(given.texts.read_text()))))


if __name__ == "__main__":
    main()
