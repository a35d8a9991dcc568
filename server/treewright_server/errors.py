"""One table from treewright's exceptions to JSON-RPC errors.

Every request gets exactly one answer, and no answer carries a traceback or the path of a
source file of treewright: the client sees a short message, the log has the rest.
"""

from __future__ import annotations

from typing import Any, Final

from treewright_indexer import errors as domain

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
NOT_INITIALIZED: Final = -32002
CONTENT_MODIFIED: Final = -32801
REQUEST_CANCELLED: Final = -32800
REQUEST_FAILED: Final = -32803
"""LSP's RequestFailed: well formed and valid, but it cannot be done; says why."""


class RpcError(Exception):
    """An error as JSON-RPC sends it, ours or the client's."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


_CODES: Final[dict[type[domain.TreewrightError], int]] = {
    domain.StaleSnapshotError: CONTENT_MODIFIED,  # the client may ask again
    domain.CancelledError: REQUEST_CANCELLED,
    domain.UnknownFileError: INVALID_PARAMS,
    domain.InvalidPositionError: INVALID_PARAMS,
    domain.ArgumentsError: INVALID_PARAMS,
    domain.OutsideWorkspaceError: INVALID_PARAMS,
    domain.RefusedError: REQUEST_FAILED,
    domain.UnreadableFileError: REQUEST_FAILED,
    domain.UnsupportedLanguageError: REQUEST_FAILED,
    domain.StoreError: REQUEST_FAILED,
}


def rpc_error(error: BaseException) -> RpcError:
    """The JSON-RPC error that stands for `error`; unknown ones become a bare InternalError."""
    if isinstance(error, RpcError):
        return error
    for kind in type(error).__mro__:
        code = _CODES.get(kind)
        if code is not None:
            return RpcError(code, str(error))
    if isinstance(error, domain.TreewrightError):
        return RpcError(REQUEST_FAILED, str(error))
    if _is_cancellation(error):
        return RpcError(REQUEST_CANCELLED, "Request cancelled")
    if _is_pygls(error):
        return RpcError(error.code, error.message, error.data)  # pyright: ignore
    return RpcError(
        INTERNAL_ERROR, f"Internal error ({type(error).__name__}); see the treewright log"
    )


def is_expected(error: BaseException) -> bool:
    """True for errors that the caller caused: they need no traceback in the log."""
    return (
        isinstance(error, (domain.TreewrightError, RpcError))
        or _is_cancellation(error)
        or _is_pygls(error)
    )


# asyncio and pygls are loaded only when something needs them, so their exceptions are known by
# name here.


def _is_cancellation(error: BaseException) -> bool:
    return type(error).__name__ == "CancelledError"


def _is_pygls(error: BaseException) -> bool:
    return any(kind.__name__ == "JsonRpcException" for kind in type(error).__mro__)
