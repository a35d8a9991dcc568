"""The encoder in PyTorch: BERT as all-MiniLM-L6-v2 is, mean pooling, unit length.

Weights are read and written in the safetensors names of the original, so that any BERT-shaped
model of that family trains with the same scripts.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


class Layer(nn.Module):
    def __init__(self, hidden: int, inner: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm2 = nn.LayerNorm(hidden, eps)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.norm1(x + self.out(mixed.transpose(1, 2).reshape(batch, length, hidden)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Encoder(nn.Module):
    def __init__(self, folder: Path, layers: list[int] | None = None) -> None:
        super().__init__()
        config = json.loads((folder / "config.json").read_text())
        hidden, eps = config["hidden_size"], config["layer_norm_eps"]
        self.config = config
        self.kept = layers or list(range(config["num_hidden_layers"]))
        self.words = nn.Embedding(config["vocab_size"], hidden)
        self.positions = nn.Embedding(config["max_position_embeddings"], hidden)
        self.kind = nn.Parameter(torch.zeros(hidden))
        self.norm = nn.LayerNorm(hidden, eps)
        self.layers = nn.ModuleList(
            Layer(hidden, config["intermediate_size"], config["num_attention_heads"], eps) for _ in self.kept
        )
        self._read(load_file(folder / "model.safetensors"))

    def _read(self, weights: dict[str, Tensor]) -> None:
        with torch.no_grad():
            self.words.weight.copy_(weights["embeddings.word_embeddings.weight"])
            self.positions.weight.copy_(weights["embeddings.position_embeddings.weight"])
            self.kind.copy_(weights["embeddings.token_type_embeddings.weight"][0])
            _copy(self.norm, weights, "embeddings.LayerNorm")
            for layer, index in zip(self.layers, self.kept, strict=True):
                base = f"encoder.layer.{index}."
                for name in ("weight", "bias"):
                    parts = [weights[f"{base}attention.self.{p}.{name}"] for p in ("query", "key", "value")]
                    getattr(layer.qkv, name).copy_(torch.cat(parts))
                _copy(layer.out, weights, base + "attention.output.dense")
                _copy(layer.norm1, weights, base + "attention.output.LayerNorm")
                _copy(layer.up, weights, base + "intermediate.dense")
                _copy(layer.down, weights, base + "output.dense")
                _copy(layer.norm2, weights, base + "output.LayerNorm")

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        out: dict[str, Tensor] = {
            "embeddings.word_embeddings.weight": self.words.weight,
            "embeddings.position_embeddings.weight": self.positions.weight,
            "embeddings.token_type_embeddings.weight": torch.stack([self.kind, self.kind]),
        }
        _put(self.norm, out, "embeddings.LayerNorm")
        for index, layer in enumerate(self.layers):
            base = f"encoder.layer.{index}."
            for name in ("weight", "bias"):
                for part, value in zip(("query", "key", "value"), getattr(layer.qkv, name).chunk(3), strict=True):
                    out[f"{base}attention.self.{part}.{name}"] = value
            _put(layer.out, out, base + "attention.output.dense")
            _put(layer.norm1, out, base + "attention.output.LayerNorm")
            _put(layer.up, out, base + "intermediate.dense")
            _put(layer.down, out, base + "output.dense")
            _put(layer.norm2, out, base + "output.LayerNorm")
        save_file({k: v.detach().clone().contiguous() for k, v in out.items()}, folder / "model.safetensors")
        config = {**self.config, "num_hidden_layers": len(self.layers)}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    def tokens(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states of token ids (batch, length) with a boolean mask of real tokens."""
        positions = torch.arange(ids.shape[1])
        x = self.norm(self.words(ids) + self.positions(positions) + self.kind)
        wide = mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, wide)
        return x

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        weight = mask[:, :, None].to(torch.float32)
        x = self.tokens(ids, mask).float()
        return F.normalize((x * weight).sum(1) / weight.sum(1).clamp(min=1e-9), dim=-1)


def _copy(module: nn.Module, weights: dict[str, Tensor], base: str) -> None:
    module.weight.copy_(weights[base + ".weight"])
    module.bias.copy_(weights[base + ".bias"])


def _put(module: nn.Module, out: dict[str, Tensor], base: str) -> None:
    out[base + ".weight"], out[base + ".bias"] = module.weight, module.bias


def pad(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    length = max(map(len, rows))
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length, dtype=torch.bool)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = True
    return ids, mask
