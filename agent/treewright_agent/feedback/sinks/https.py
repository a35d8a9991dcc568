"""An HTTP endpoint: `POST` with an idempotency key; any 2xx or 409 means it has the batch.

An endpoint that answers with `X-Treewright-SHA256` is held to it: another hash than that of what
was sent is no acknowledgement.
"""

from __future__ import annotations

import email.utils
import time
from typing import Any
from urllib.parse import urlsplit

from treewright_agent.feedback.outbox import Batch, SinkError
from treewright_agent.feedback.sinks.signing import headers
from treewright_indexer.errors import ArgumentsError

TIMEOUT_S = 20.0


class HttpsSink:
    """Raises ArgumentsError for plain http to anything but this machine."""

    def __init__(self, address: str, key: bytes = b"") -> None:
        parts = urlsplit(address)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and not local:
            raise ArgumentsError(f"forward: {address}: use https, the batches hold code")
        self._address = address
        self._key = key

    def send(self, batch: Batch) -> None:
        import httpx

        named = {**headers(batch, self._key), "Content-Type": "application/x-ndjson"}
        try:
            answer = httpx.post(
                self._address, content=batch.body, headers=named, timeout=TIMEOUT_S,
                follow_redirects=False, trust_env=False,
            )  # fmt: skip
        except httpx.HTTPError as error:
            raise SinkError(f"{self._host()}: {type(error).__name__}: {error}") from error
        if answer.is_success or answer.status_code == 409:
            said = answer.headers.get("x-treewright-sha256", batch.sha256)
            if answer.is_success and said != batch.sha256:
                raise SinkError(f"{self._host()} acknowledges other bytes than were sent")
            return
        raise SinkError(f"{self._host()} answers {answer.status_code}", retry_after(answer.headers))

    def _host(self) -> str:
        return urlsplit(self._address).hostname or "the endpoint"


def retry_after(named: Any) -> float | None:
    """Seconds to wait by the `Retry-After` header, a number or a date; None without one."""
    value = str(named.get("retry-after") or "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
