"""The one exception tree of treewright; every layer raises out of it.

`None` means nothing to offer, a value with a reason means skipped, and an exception
means that the caller asked for what cannot be done. A message names the thing and the fix.
"""


class TreewrightError(Exception):
    """Base of every error that treewright raises on purpose."""


class UnknownFileError(TreewrightError):
    """A path that no folder of the workspace and no open document has."""


class UnreadableFileError(TreewrightError):
    """A file whose bytes are not text treewright can edit; the message is the reason."""


class UnsupportedLanguageError(TreewrightError, ValueError):
    """An AST operation on a file without a grammar."""

    def __init__(self, path: str) -> None:
        super().__init__(f"Unsupported language for AST operations: {path}")


class StaleSnapshotError(TreewrightError):
    """The text changed after the answer or the edit was computed."""


class OutsideWorkspaceError(TreewrightError):
    """A path that resolves outside every workspace folder."""


class InvalidPositionError(TreewrightError):
    """A position that the document does not have."""


class RefusedError(TreewrightError):
    """An operation that cannot prove its result safe, with the reason for the user."""


class ArgumentsError(TreewrightError):
    """Arguments of an operation or tool that do not fit its declaration."""


class CancelledError(TreewrightError):
    """The caller cancelled the work; nothing was changed."""


class StoreError(TreewrightError):
    """The index or feedback database cannot be used; the message says why."""
