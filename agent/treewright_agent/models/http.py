"""HTTP of this package runs on one event loop in a thread of its own.

Whoever waits does so with a token in hand: a cancellation is noticed within 50 ms, and the
connection is closed behind it.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import urlsplit

from treewright_agent.models.errors import ErrorKind, ProviderError, from_exception, from_response
from treewright_indexer.cancel import CancelToken

T = TypeVar("T")

POLL_S = 0.05
MAX_BODY = 4_000_000


class _Loop:
    """Its thread starts with the first request and ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="treewright-models", daemon=True
                ).start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)


LOOP = _Loop()


def wait(future: Future[T], token: CancelToken, seconds: float) -> T:
    """The result. Raises CancelledError soon after a cancellation, and what the work raised."""
    finished = threading.Event()
    future.add_done_callback(lambda _: finished.set())
    until = time.monotonic() + seconds
    try:
        while not finished.wait(POLL_S):
            token.check()
            if time.monotonic() > until:
                raise ProviderError(ErrorKind.TIMEOUT, f"no answer in {seconds:.0f} s")
    except BaseException:
        future.cancel()
        raise
    return future.result()


def is_local(url: str) -> bool:
    host = (urlsplit(url).hostname or "").lower()
    return host in ("localhost", "::1") or host.startswith("127.")


def request_json(
    method: str,
    url: str,
    body: Mapping[str, Any] | None,
    token: CancelToken,
    *,
    timeout_s: float = 30.0,
    headers: Mapping[str, str] | None = None,
    provider: str = "",
) -> tuple[int, Any]:
    """(status, decoded body) of a 2xx answer. Raises ProviderError, CancelledError."""

    async def work() -> tuple[int, Any]:
        import httpx

        try:
            async with (
                asyncio.timeout(timeout_s),
                httpx.AsyncClient(
                    timeout=timeout_s,
                    trust_env=not is_local(url),
                    verify=url.startswith("https:"),  # loading certificates takes 0.1 s
                ) as http,
                http.stream(
                    method,
                    url,
                    headers={"content-type": "application/json", **(headers or {})},
                    content=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
                ) as response,
            ):
                parts: list[bytes] = []
                async for chunk in response.aiter_bytes():
                    parts.append(chunk)
                    if sum(map(len, parts)) > MAX_BODY:
                        raise ProviderError(
                            ErrorKind.UNKNOWN, "the answer is too long", provider=provider
                        )
                raw = b"".join(parts)
                if response.status_code // 100 != 2:
                    raise from_response(
                        response.status_code, response.headers, raw, provider=provider
                    )
        except (ProviderError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise from_exception(error, provider=provider) from error
        try:
            return response.status_code, json.loads(raw)
        except ValueError as error:
            raise ProviderError(
                ErrorKind.UNKNOWN, "the answer is not JSON", provider=provider, retryable=False
            ) from error

    return wait(LOOP.submit(work()), token, timeout_s + 5)
