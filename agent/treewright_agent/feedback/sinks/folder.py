"""A folder: one file a batch, whole or not there at all."""

from __future__ import annotations

import os
from pathlib import Path

from treewright_agent.feedback.outbox import Batch, SinkError
from treewright_agent.feedback.sinks.signing import signature


class FolderSink:
    """`<project>/<sequence>-<key>.jsonl`, with `.sig` beside it when a key signs."""

    def __init__(self, folder: str, key: bytes = b"") -> None:
        self._folder = Path(folder)
        self._key = key

    def send(self, batch: Batch) -> None:
        place = self._folder / batch.project
        path = place / f"{batch.sequence:08d}-{batch.key}.jsonl"
        try:
            place.mkdir(parents=True, exist_ok=True)
            signed = signature(batch, self._key)
            if signed:
                _write(path.with_suffix(".sig"), signed.encode() + b"\n")
            _write(path, batch.body)
        except OSError as error:
            raise SinkError(f"{self._folder}: {error.strerror or error}") from error


def _write(path: Path, data: bytes) -> None:
    """Durable before it has its name; writing the same again changes nothing."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
