"""treewright models: what ships, whether its files are sound, and how fast it runs here."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    load_settings,
    painter,
    print_json,
    print_pairs,
)

if TYPE_CHECKING:
    from treewright_indexer.encoders import Encoder


def run(arguments: Namespace) -> int:
    actions = {"list": _list, "verify": _verify, "bench": _bench, "gpu": _gpu}
    return actions[arguments.action](arguments)


def _list(arguments: Namespace) -> int:
    from treewright_indexer.encoders.manifest import ModelError
    from treewright_indexer.encoders.shelf import shipped

    used = load_settings().search.domain()
    rows: list[dict[str, Any]] = []
    for found in shipped():
        if isinstance(found, ModelError):
            rows.append({"problem": str(found)})
            continue
        rows.append(
            {
                "name": found.name,
                "task": found.task,
                "dimensions": found.dimensions,
                "max_tokens": found.max_tokens,
                "precision": found.precision,
                "licence": found.licence,
                "megabytes": round(found.model_path.stat().st_size / 1e6, 1)
                if found.model_path.is_file()
                else None,
                "used": found.name in (used.embedder, used.reranker, used.quick),
                "path": str(found.folder),
            }
        )
    if arguments.json:
        print_json(rows)
        return DONE
    paint = painter()
    for row in rows:
        if "problem" in row:
            print(paint("red", row["problem"]))
            continue
        mark = paint("green", "in use") if row.pop("used") else ""
        print(f"{paint('bold', row.pop('name'))}  {mark}")
        print_pairs({f"  {name}": value for name, value in row.items()}, paint)
    if not rows:
        print("no model is installed: code is searched by words alone")
    return DONE


def _verify(arguments: Namespace) -> int:
    """Files against their sha256, then one real run."""
    import numpy as np

    from treewright_indexer.encoders.onnx import OnnxReranker
    from treewright_indexer.encoders.shelf import encoder_of, manifest_of

    settings = load_settings().search.domain()
    manifest = manifest_of(arguments.model or settings.embedder)
    manifest.verify()
    result: dict[str, Any] = {"name": manifest.name, "task": manifest.task, "files": "sound"}
    if manifest.task == "embed":
        encoder = encoder_of(manifest, settings.run)
        vectors = encoder.documents(["sort numbers", "close the connection"])
        query = encoder.query("put numbers in order")
        result["providers"] = _providers(encoder)
        result["sane"] = bool(np.dot(vectors[0], query) > np.dot(vectors[1], query))
    else:
        scores = OnnxReranker(manifest, settings.run).scores(
            "put numbers in order", ["def sort_numbers(): ...", "def close_connection(): ..."]
        )
        result["sane"] = scores[0] > scores[1]
    if arguments.json:
        print_json(result)
    else:
        print_pairs(result, painter())
    return DONE if result["sane"] else NOT_DONE


def _bench(arguments: Namespace) -> int:
    """Throughput over texts of the lengths that code has, and the time of one query."""
    import random
    import statistics

    from treewright_indexer.encoders.gpu import for_device
    from treewright_indexer.encoders.shelf import encoder_of, manifest_of

    settings = load_settings().search.domain()
    manifest = for_device(manifest_of(arguments.model or settings.embedder), settings.run.device)
    began = time.perf_counter()
    encoder = encoder_of(manifest, settings.run)
    loaded = time.perf_counter() - began
    rng = random.Random(1)
    words = "read write parse file path name user token index value error request response".split()
    texts = [
        " ".join(rng.choices(words, k=min(400, int(rng.lognormvariate(4.3, 0.8)))))
        for _ in range(max(8, arguments.n))
    ]
    encoder.documents(texts[:32])
    began = time.perf_counter()
    encoder.documents(texts)
    took = time.perf_counter() - began
    single: list[float] = []
    for _ in range(30):
        began = time.perf_counter()
        encoder.query("where is the retry policy of a request decided")
        single.append(1000 * (time.perf_counter() - began))
    result = {
        "name": manifest.name,
        "providers": _providers(encoder),
        "load_s": round(loaded, 3),
        "texts_per_s": round(len(texts) / took, 1),
        "query_ms_p50": round(statistics.median(single), 2),
    }
    if arguments.json:
        print_json(result)
    else:
        print_pairs(result, painter())
    return DONE


def _gpu(arguments: Namespace) -> int:
    """Put the GPU build of onnxruntime beside the other one, with float16 copies of the models."""
    import shutil
    import subprocess

    from treewright_indexer.encoders import gpu
    from treewright_indexer.encoders.providers import installed

    folder = gpu.gpu_folder()
    if arguments.remove:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"removed {folder}")
        return DONE
    for command in gpu.commands(arguments.package, installed(), folder):
        print("$", " ".join(command), flush=True)
        if not arguments.dry_run and subprocess.run(command, check=False).returncode:
            print(
                "treewright: error: this command failed; in an environment without pip, "
                "`treewright[gpu]` brings it"
            )
            return NOT_DONE
    if arguments.dry_run:
        return DONE
    # In a process of its own: this one may have the other build loaded.
    code = "from treewright_server.cli.models import finish_gpu; finish_gpu()"
    return subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode


def finish_gpu() -> None:
    """Write the float16 copies of the int8 models that ship, and say what the build offers."""
    import importlib

    from treewright_indexer.encoders import gpu
    from treewright_indexer.encoders.half import write_half
    from treewright_indexer.encoders.manifest import ModelError
    from treewright_indexer.encoders.providers import runtime
    from treewright_indexer.encoders.shelf import shipped

    folder = gpu.gpu_folder()
    sys.path.insert(0, str(folder / "tools"))
    onnx = importlib.import_module("onnx")
    importlib.import_module("onnx.numpy_helper")
    for found in shipped():
        if isinstance(found, ModelError) or found.precision != "int8" or found.pooling == "static":
            continue
        print(f"{found.name} in float16: {write_half(onnx, found, folder / 'models')}")
    sys.path.pop(0)
    print("runs on:", ", ".join(runtime().get_available_providers()))


def _providers(encoder: Encoder) -> list[str]:
    """What it really runs on; a static one needs no runtime."""
    return getattr(encoder, "providers", ["numpy"])
