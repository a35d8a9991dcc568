"""Models for tests: an encoder of words that needs no file, and tiny ONNX files written by hand."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

DIMENSIONS = 64


class WordEncoder:
    """Texts that share words are near each other; `synonyms` makes two words one."""

    def __init__(self, synonyms: dict[str, str] | None = None, generation: str = "words:1") -> None:
        self.generation = generation
        self.dimensions = DIMENSIONS
        self.relevant = 0.18
        self.synonyms = synonyms or {}
        self.embedded: list[str] = []
        self.delay_s = 0.0
        self.gate: threading.Event | None = None

    def documents(self, texts: Sequence[str]) -> Any:
        if self.gate is not None:
            self.gate.wait(10)
        self.embedded += texts
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, DIMENSIONS)

    def query(self, text: str) -> Any:
        time.sleep(self.delay_s)
        return self._vector(text)

    def _vector(self, text: str) -> Any:
        vector = np.zeros(DIMENSIONS, np.float32)
        for word in re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()):
            word = self.synonyms.get(word, word)
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "little")
            vector += np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


class FixedModels:
    """What Vectors needs of Models, around one encoder or one problem."""

    def __init__(self, encoder: Any = None, problem: Exception | None = None) -> None:
        self._encoder, self._problem = encoder, problem

    background = False
    generation = ""
    dimensions = 0
    quick_encoder: Any = None
    given_reranker: Any = None

    def quick(self) -> Any:
        return self.quick_encoder

    def reranker_if_ready(self) -> Any:
        return self.given_reranker

    def embedder(self) -> Any:
        if self._problem is not None:
            raise self._problem
        return self._encoder


# ---------------------------------------------------------------- ONNX by hand


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _info(name: str, kind: int, dims: Sequence[str | int]) -> bytes:
    shape = b"".join(
        _field(1, _field(2, dim) if isinstance(dim, str) else _field(1, dim)) for dim in dims
    )
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def _node(op: str, inputs: Sequence[str], output: str, attributes: bytes = b"") -> bytes:
    return b"".join(_field(1, i) for i in inputs) + _field(2, output) + _field(4, op) + attributes


def embedding_model(table: Any) -> bytes:
    """An ONNX file: `vectors` is the row of `table` of each text's second token id."""
    rows, width = table.shape
    weights = (
        b"".join(_field(1, dim) for dim in (rows, width))
        + _field(2, 1) + _field(8, "table")
        + _field(9, b"".join(struct.pack("<f", float(x)) for x in table.ravel()))
    )  # fmt: skip
    index = _field(2, 7) + _field(8, "one") + _field(9, struct.pack("<q", 1))
    axis = _field(5, _field(1, "axis") + _field(3, 1) + _field(20, 2))
    graph = (
        _field(1, _node("Gather", ["ids", "one"], "second", axis))
        + _field(1, _node("Gather", ["table", "second"], "vectors"))
        + _field(2, "g") + _field(5, weights) + _field(5, index)
        + _field(11, _info("ids", 6, ["batch", "tokens"]))
        + _field(11, _info("lengths", 6, ["batch"]))
        + _field(12, _info("vectors", 1, ["batch", width]))
    )  # fmt: skip
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "dog", "##s", "hat", "code", "é", "!"]


def write_model(folder: Path, table: Any, **changes: Any) -> Path:
    """A model folder with its manifest; `changes` go into the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(embedding_model(table))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")

    def digest(name: str) -> str:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()

    manifest = {
        "format": 1, "name": "tiny", "task": "embed", "file": "model.onnx",
        "sha256": digest("model.onnx"), "tokenizer": "vocab.txt",
        "tokenizer_sha256": digest("vocab.txt"), "dimensions": int(table.shape[1]),
        "pooling": "inside", "text": "words", "max_tokens": 16, **changes,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder
