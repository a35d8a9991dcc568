"""The cross-encoder in PyTorch: a query and a document read together, scored by what matches.

Both stand in one row of tokens, `[CLS] query [SEP] document [SEP]`, so that every layer sees both.
The score is the mean, over the query's tokens with learned weights, of the best cosine with any of
the document's tokens (as in ColBERT, but of states that know of each other), plus what a small
network reads off the first token. Started from a trained embedder it orders sensibly before its
first step, which is why a short run on a processor is enough.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from bert import Encoder
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

HEAD_WIDTH = 96


class CrossEncoder(nn.Module):
    """`ids` (batch, length), `kinds` 1 in the document, `real` False in padding -> (batch,)."""

    def __init__(self, folder: Path, layers: list[int] | None, marks: tuple[int, int]) -> None:
        """`marks` are the ids of [CLS] and [SEP]. Reads a head where the folder has one."""
        super().__init__()
        self.encoder = Encoder(folder, layers)
        self.marks = marks
        width: int = self.encoder.config["hidden_size"]
        self.second = nn.Parameter(self.encoder.kind.detach().clone())
        self.token = nn.Linear(width, 1)
        self.inner = nn.Linear(width, HEAD_WIDTH)
        self.outer = nn.Linear(HEAD_WIDTH, 1)
        self.scale = nn.Parameter(torch.tensor(16.0))
        nn.init.zeros_(self.token.weight)
        nn.init.zeros_(self.token.bias)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)
        head = folder / "head.safetensors"
        if head.is_file():
            missing = self.load_state_dict(load_file(head), strict=False)
            assert not missing.unexpected_keys, missing

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)
        head = {k: v.detach().clone() for k, v in self.state_dict().items() if not k.startswith("encoder.")}
        save_file(head, folder / "head.safetensors")

    def trim(self, kept: list[int]) -> None:
        """Keep these rows of the vocabulary, in this order."""
        words = self.encoder.words.weight.detach()[kept].clone()
        self.encoder.words = nn.Embedding.from_pretrained(words, freeze=True)
        self.encoder.config = {**self.encoder.config, "vocab_size": len(kept)}

    def forward(self, ids: Tensor, kinds: Tensor, real: Tensor) -> Tensor:
        encoder = self.encoder
        positions = torch.arange(ids.shape[1])
        kind = torch.where(kinds[:, :, None] > 0, self.second, encoder.kind)
        x = encoder.norm(encoder.words(ids) + encoder.positions(positions) + kind)
        wide = real[:, None, None, :]
        for layer in encoder.layers:
            x = layer(x, wide)
        x = x.float()
        inside = real & (ids != self.marks[0]) & (ids != self.marks[1])
        asked, told = inside & (kinds == 0), inside & (kinds > 0)
        unit = F.normalize(x, dim=-1)
        cosines = unit @ unit.transpose(1, 2)
        best = cosines.masked_fill(~told[:, None, :], -1.0).amax(2)
        weight = F.softplus(self.token(x)[:, :, 0].float()) * asked
        match = (best * weight).sum(1) / weight.sum(1).clamp(min=1e-6)
        first = self.outer(torch.tanh(self.inner(x[:, 0])))[:, 0].float()
        return self.scale * match + first


def pad_pairs(rows: list[tuple[list[int], int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, kinds and the mask of rows of (ids, where the document begins)."""
    length = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    kinds = torch.zeros(len(rows), length, dtype=torch.long)
    real = torch.zeros(len(rows), length, dtype=torch.bool)
    for index, (row, start) in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        kinds[index, start : len(row)] = 1
        real[index, : len(row)] = True
    return ids, kinds, real
