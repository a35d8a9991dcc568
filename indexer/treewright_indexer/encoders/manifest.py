"""Manifests: what a model folder says of its files, and whether the files are those.

A folder holds `manifest.json`, the ONNX file and a tokenizer. Every file is named with its
sha256, so that a truncated download or a changed file is refused before it is loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, cast

from treewright_indexer.errors import TreewrightError

MANIFEST_FORMAT: Final = 1
_TASKS: Final = ("embed", "rerank")
_POOLINGS: Final = ("inside", "mean", "cls", "last", "static")
_TEXTS: Final = ("words", "plain")


class ModelError(TreewrightError):
    """A model cannot be used; the message names the model and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """See the module. `folder` is where the named files stand."""

    folder: Path
    name: str
    task: str
    """embed or rerank."""
    file: str
    sha256: str
    tokenizer: str
    """`vocab.txt` (lower-case word pieces) or a `tokenizer.json` of the tokenizers library."""
    tokenizer_sha256: str
    dimensions: int
    """Length of a vector; 1 for a reranker."""
    max_tokens: int
    pooling: str = "inside"
    """inside: the graph returns the vectors; mean, cls, last: of the last hidden states;
    static: `file` is no graph but a table with one packed vector a token."""
    text: str = "plain"
    """words: code is embedded as plain words (`codetext`); plain: as it stands."""
    query_prefix: str = ""
    document_prefix: str = ""
    query_tokens: int = 0
    """Tokens of a query at most; 0 takes `max_tokens`."""
    relevant: float = 0.0
    """A best cosine below this means that nothing is relevant; 0 when it was not measured."""
    states: str = ""
    """Name of the output with the tokens' states, when they were trained to rerank."""
    weight: float = 0.5
    """Of a reranker's scores against those of the ranking before it, 0 to 1."""
    head: int = 0
    """Candidates of a ranking that a reranker looks at; 0 takes 50."""
    kinds: str = ""
    """Kinds of query (see `search.plan`) that a reranker is for, with spaces between; '' for all."""
    precision: str = ""
    licence: str = ""
    origin: str = ""
    training: str = ""

    @property
    def model_path(self) -> Path:
        return self.folder / self.file

    @property
    def generation(self) -> str:
        """Vectors of equal generations may be compared."""
        settings = (
            self.pooling,
            self.text,
            self.query_prefix,
            self.document_prefix,
            self.max_tokens,
        )
        digest = hashlib.blake2b(repr(settings).encode(), digest_size=4).hexdigest()
        return f"{self.name}:{self.sha256[:16]}:{self.dimensions}:{digest}"

    def verify(self) -> None:
        """Raises ModelError unless both files are byte for byte those of the manifest."""
        for name, wanted in ((self.file, self.sha256), (self.tokenizer, self.tokenizer_sha256)):
            path = self.folder / name
            try:
                with path.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ModelError(
                    f"model {self.name}: cannot read {path} ({error.strerror or error}); "
                    "install treewright again or correct the manifest"
                ) from error
            if found != wanted.lower():
                raise ModelError(
                    f"model {self.name}: {path.name} is not the file of the manifest "
                    f"(sha256 {found[:12]}…, expected {wanted[:12]}…): it is damaged or was "
                    "changed; install it again, or write the new sha256 into the manifest"
                )


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`, a file or a folder that holds `manifest.json`. Raises ModelError."""
    file = path / "manifest.json" if path.is_dir() else path
    try:
        given: Any = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read the model manifest {file}: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"the model manifest {file} is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise ModelError(f"the model manifest {file} must be a JSON object")
    values = {str(k): v for k, v in cast("Mapping[object, Any]", given).items()}
    if values.pop("format", MANIFEST_FORMAT) != MANIFEST_FORMAT:
        raise ModelError(f"the model manifest {file} has a format this treewright does not know")
    known = {field.name: field for field in fields(Manifest) if field.name != "folder"}
    problems = [f"{name} is not known" for name in values.keys() - known.keys()]
    for name, field in known.items():
        if name in values:
            kind = {"int": int, "float": (int, float)}.get(str(field.type), str)
            if not isinstance(values[name], kind) or isinstance(values[name], bool):
                problems.append(f"{name} must be {'text' if kind is str else 'a number'}")
        elif name in (
            "name",
            "task",
            "file",
            "sha256",
            "tokenizer",
            "tokenizer_sha256",
            "max_tokens",
            "dimensions",
        ):
            problems.append(f"{name} is missing")
    if not problems:
        for name, allowed in (("task", _TASKS), ("pooling", _POOLINGS), ("text", _TEXTS)):
            if values.get(name, allowed[0]) not in allowed:
                problems.append(f"{name} must be one of {', '.join(allowed)}")
        for name in ("dimensions", "max_tokens"):
            if values[name] < 1:
                problems.append(f"{name} must be 1 or more")
        for name in ("file", "tokenizer"):
            if Path(values[name]).is_absolute() or ".." in Path(values[name]).parts:
                problems.append(f"{name} must stand in the manifest's folder")
    if problems:
        raise ModelError(f"the model manifest {file}: {'; '.join(sorted(problems))}")
    return Manifest(folder=file.parent, **values)
