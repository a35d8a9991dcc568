"""What the indexer can be told. Built once at the boundary; no module reads the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Defaults suit a workspace on a local disk."""

    max_file_bytes: int = 1_500_000
    """Larger files are skipped, with the reason."""
    exclude: tuple[str, ...] = ()
    """Further patterns in the syntax of `.gitignore`, from the folder's root."""
    workers: int | None = None
    """Processes that read files; None takes what the machine has."""
    cache_dir: Path | None = None
    """Where the index files stand; None keeps the index in memory."""
    watch: bool = True
    """See changes that other processes make."""
