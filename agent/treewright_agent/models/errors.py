"""ProviderError: what went wrong at a model's address, in eleven kinds.

One table maps HTTP answers and transport exceptions to (kind, retryable, retry_after); callers
decide by kind and never look at a status again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, cast

from treewright_indexer.errors import TreewrightError


class ErrorKind(StrEnum):
    THROTTLING = "throttling"
    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    NOT_FOUND = "not_found"
    INVALID_PARAMETER = "invalid_parameter"
    QUOTA_EXCEEDED = "quota_exceeded"
    SERVICE_UNAVAILABLE = "service_unavailable"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"
    CONTEXT_LENGTH = "context_length"
    CONTENT_FILTER = "content_filter"


_RETRYABLE = frozenset({ErrorKind.THROTTLING, ErrorKind.SERVICE_UNAVAILABLE, ErrorKind.TIMEOUT})


class ProviderError(TreewrightError):
    """A model endpoint did not answer as asked. The message never holds a key.

    `retry_after` is in seconds, as the server asked; None when it did not.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        provider: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        original: BaseException | None = None,
    ) -> None:
        super().__init__(f"{provider}: {message}" if provider else message)
        self.kind = kind
        self.message = message
        self.provider = provider
        self.status = status
        self.retry_after = retry_after
        self.retryable = kind in _RETRYABLE if retryable is None else retryable
        self.original = original

    def to_json(self) -> dict[str, Any]:
        return {
            "error_type": self.kind.value,
            "message": self.message,
            "provider": self.provider,
            "retryable": self.retryable,
            "retry_after": self.retry_after,
        }


_BY_STATUS: Mapping[int, ErrorKind] = {
    400: ErrorKind.INVALID_PARAMETER,
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.QUOTA_EXCEEDED,
    403: ErrorKind.AUTHORIZATION,
    404: ErrorKind.NOT_FOUND,
    405: ErrorKind.NOT_FOUND,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.SERVICE_UNAVAILABLE,
    413: ErrorKind.CONTEXT_LENGTH,
    415: ErrorKind.INVALID_PARAMETER,
    422: ErrorKind.INVALID_PARAMETER,
    425: ErrorKind.SERVICE_UNAVAILABLE,
    429: ErrorKind.THROTTLING,
    504: ErrorKind.TIMEOUT,
    529: ErrorKind.SERVICE_UNAVAILABLE,
}

# Codes and phrases of servers in use; matched against code, type and message in lower case.
_BY_WORDS: tuple[tuple[str, ErrorKind], ...] = (
    (r"insufficient_quota|quota|billing|credit balance", ErrorKind.QUOTA_EXCEEDED),
    (
        (
            r"exceed_context_size|context_length|context length|context window|maximum context"
            r"|prompt is too long|too many tokens|reduce the length"
        ),
        ErrorKind.CONTEXT_LENGTH,
    ),
    (
        r"content_filter|content_policy|content management policy|safety system",
        ErrorKind.CONTENT_FILTER,
    ),
    (r"rate_limit|rate limit|too many requests|resource_exhausted|throttl", ErrorKind.THROTTLING),
    (r"overloaded|unavailable|loading model|server_busy", ErrorKind.SERVICE_UNAVAILABLE),
    (r"deadline_exceeded", ErrorKind.TIMEOUT),
    (r"invalid_api_key|incorrect api key|invalid x-api-key", ErrorKind.AUTHENTICATION),
    (r"model_not_found|model .{0,80}(?:not found|does not exist)", ErrorKind.NOT_FOUND),
)


def from_response(
    status: int, headers: Mapping[str, str], body: bytes, *, provider: str = ""
) -> ProviderError:
    """What an HTTP answer outside 2xx means."""
    message, words = _described(body)
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = ErrorKind.SERVICE_UNAVAILABLE if status >= 500 else ErrorKind.UNKNOWN
    # Words refine a status that several causes share; 401 and 403 speak for themselves.
    if status in (400, 404, 413, 422, 429) or status >= 500:
        kind = next((k for pattern, k in _BY_WORDS if re.search(pattern, words)), kind)
    return ProviderError(
        kind,
        f"HTTP {status}: {message}" if message else f"HTTP {status}",
        provider=provider,
        status=status,
        retry_after=_retry_after(headers),
    )


def from_error_object(error: object, *, provider: str = "") -> ProviderError:
    """An `error` that came inside a 200 answer, as a stream's event does."""
    message, words = _described(json.dumps({"error": error}).encode())
    code: object = cast("dict[str, object]", error).get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 600:
        return from_response(code, {}, json.dumps({"error": error}).encode(), provider=provider)
    kind = next(
        (k for pattern, k in _BY_WORDS if re.search(pattern, words)), ErrorKind.SERVICE_UNAVAILABLE
    )
    return ProviderError(kind, message or "the server reported an error", provider=provider)


def from_exception(error: BaseException, *, provider: str = "") -> ProviderError:
    """What a transport's exception means, by the names httpx and the standard library use."""
    if isinstance(error, ProviderError):
        return error
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error) or type(error).__name__
    if names & {"TimeoutException", "TimeoutError"}:
        return ProviderError(ErrorKind.TIMEOUT, f"no answer in time ({type(error).__name__})",
                             provider=provider, original=error)  # fmt: skip
    if "CERTIFICATE_VERIFY_FAILED" in text or "SSLError" in names:
        return ProviderError(ErrorKind.AUTHENTICATION, f"TLS: {text}", provider=provider,
                             retryable=False, original=error)  # fmt: skip
    if names & {"UnsupportedProtocol", "InvalidURL", "LocalProtocolError", "UnicodeError"}:
        return ProviderError(ErrorKind.INVALID_PARAMETER, f"bad address: {text}", provider=provider,
                             original=error)  # fmt: skip
    if names & {"TransportError", "ConnectionError", "OSError"}:
        return ProviderError(ErrorKind.SERVICE_UNAVAILABLE, f"cannot be reached: {text}",
                             provider=provider, original=error)  # fmt: skip
    return ProviderError(ErrorKind.UNKNOWN, text, provider=provider, original=error)


def _described(body: bytes) -> tuple[str, str]:
    """(message for people, lower-case words to match) of an error body of any make."""
    text = body[:4000].decode("utf-8", "replace").strip()
    try:
        value: Any = json.loads(body)
    except ValueError:
        return _one_line(text), text.lower()
    if isinstance(value, list) and value:
        value = cast("list[Any]", value)[0]
    if not isinstance(value, dict):
        return _one_line(text), text.lower()
    whole = cast("dict[str, Any]", value)
    error = whole.get("error", whole)
    if isinstance(error, str):
        return _one_line(error), text.lower()
    if isinstance(error, dict):
        detail = cast("dict[str, Any]", error)
        message = detail.get("message") or detail.get("detail") or whole.get("message") or ""
        return _one_line(str(message) or text), text.lower()
    return _one_line(text), text.lower()


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as seconds or as an HTTP date; `retry-after-ms` where a server sends it."""
    lower = {key.lower(): value for key, value in headers.items()}
    if milliseconds := lower.get("retry-after-ms"):
        try:
            return max(0.0, float(milliseconds) / 1000)
        except ValueError:
            pass
    given = lower.get("retry-after", "").strip()
    if not given:
        return None
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
