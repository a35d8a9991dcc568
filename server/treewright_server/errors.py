"""One table from treewright's exceptions to JSON-RPC errors.

Every request gets exactly one answer, and no answer carries a traceback or the path of a
source file of treewright: the client sees a short message, the log has the rest.
"""

from __future__ import annotations

import asyncio
import logging

from pygls.exceptions import (
    JsonRpcContentModified,
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcRequestCancelled,
)

from treewright_indexer import errors as domain

logger = logging.getLogger("treewright")


class RequestFailed(JsonRpcException):
    """LSP's RequestFailed: well formed and valid, but it cannot be done; says why."""

    CODE = -32803
    MESSAGE = "Request failed"


_RPC_ERROR: dict[type[domain.TreewrightError], type[JsonRpcException]] = {
    domain.StaleSnapshotError: JsonRpcContentModified,  # the client may ask again
    domain.CancelledError: JsonRpcRequestCancelled,
    domain.UnknownFileError: JsonRpcInvalidParams,
    domain.InvalidPositionError: JsonRpcInvalidParams,
    domain.ArgumentsError: JsonRpcInvalidParams,
    domain.OutsideWorkspaceError: JsonRpcInvalidParams,
    domain.RefusedError: RequestFailed,
    domain.UnreadableFileError: RequestFailed,
    domain.UnsupportedLanguageError: RequestFailed,
    domain.StoreError: RequestFailed,
}


def rpc_error(error: BaseException) -> JsonRpcException:
    """The JSON-RPC error that stands for `error`; unknown ones become a bare InternalError."""
    if isinstance(error, JsonRpcException):
        return error
    if isinstance(error, asyncio.CancelledError):
        return JsonRpcRequestCancelled("Request cancelled")
    for kind in type(error).__mro__:
        if kind in _RPC_ERROR:
            return _RPC_ERROR[kind](str(error))
    if isinstance(error, domain.TreewrightError):
        return RequestFailed(str(error))
    return JsonRpcInternalError(f"Internal error ({type(error).__name__}); see the treewright log")


def is_expected(error: BaseException) -> bool:
    """True for errors that the caller caused: they need no traceback in the log."""
    return isinstance(error, (domain.TreewrightError, JsonRpcException, asyncio.CancelledError))
