"""RemoteEncoder: an OpenAI-compatible embeddings endpoint. Off unless settings name one.

It sends code to the address that the user's settings name, and nowhere else: no redirect is
followed. The key comes from an environment variable that the settings name, never from a file.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.encoders.manifest import ModelError

if TYPE_CHECKING:
    from treewright_indexer.encoders import Matrix

_TEXTS_PER_REQUEST: Final = 64
_CHARACTERS: Final = 8000
_MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """Where the endpoint is. `consent` says that the user agreed to send code there."""

    url: str
    """`https://host/v1/embeddings`."""
    model: str
    dimensions: int
    key: str = ""
    consent: bool = False
    timeout_s: float = 30.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any
    ) -> None:
        return None


class RemoteEncoder:
    """An Encoder over HTTP."""

    def __init__(self, settings: RemoteSettings) -> None:
        """Raises ModelError without consent or with an address that is not HTTP."""
        if not settings.consent:
            raise ModelError(
                f"embedding with {settings.model} would send code to {settings.url}: "
                "say so in the settings first (search.remote.consent)"
            )
        if not settings.url.startswith(("https://", "http://")):
            raise ModelError(f"the embeddings address {settings.url!r} is not http or https")
        self._settings = settings
        self._opener = urllib.request.build_opener(_NoRedirect)
        self.generation = f"remote:{settings.url}:{settings.model}:{settings.dimensions}"
        self.dimensions = settings.dimensions
        self.relevant = 0.0

    def documents(self, texts: Sequence[str]) -> Matrix:
        import numpy as np

        parts = [
            self._ask([text[:_CHARACTERS] for text in texts[start : start + _TEXTS_PER_REQUEST]])
            for start in range(0, len(texts), _TEXTS_PER_REQUEST)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self.dimensions), np.float32)

    def query(self, text: str) -> Matrix:
        return self._ask([text[:_CHARACTERS]])[0]

    def _ask(self, texts: list[str]) -> Matrix:
        import numpy as np

        settings = self._settings
        body = json.dumps({"model": settings.model, "input": texts}).encode()
        headers = {"Content-Type": "application/json"}
        if settings.key:
            headers["Authorization"] = f"Bearer {settings.key}"
        request = urllib.request.Request(settings.url, body, headers, method="POST")
        try:
            with self._opener.open(request, timeout=settings.timeout_s) as answer:
                given: Any = json.loads(answer.read(_MAX_ANSWER_BYTES))
            rows = sorted(given["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], np.float32)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"the embeddings endpoint {settings.url} failed: {error}") from error
        if vectors.shape != (len(texts), settings.dimensions):
            raise ModelError(
                f"the embeddings endpoint returned {vectors.shape} numbers for {len(texts)} texts "
                f"of {settings.dimensions} dimensions"
            )
        if not np.isfinite(vectors).all():
            raise ModelError("the embeddings endpoint returned numbers that are not finite")
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
