"""Names as Python takes them: what is an identifier, a keyword, a builtin."""

from __future__ import annotations

import builtins
import keyword
import unicodedata

from treewright_indexer.errors import RefusedError, UnsupportedLanguageError
from treewright_indexer.snapshot import Snapshot

BUILTINS = frozenset(dir(builtins))


def require_identifier(name: str, what: str = "name") -> str:
    """The name as Python compares it (NFKC). Raises RefusedError."""
    if not name.isidentifier():
        raise RefusedError(f"{what}: {name!r} is not an identifier")
    if keyword.iskeyword(name):
        raise RefusedError(f"`{name}` is a keyword of Python")
    return unicodedata.normalize("NFKC", name)


def require_language(snapshot: Snapshot, path: str, language: str, operation: str) -> None:
    """Raises UnsupportedLanguageError for no language, RefusedError for another one."""
    found = snapshot.language(path)
    if found is None:
        raise UnsupportedLanguageError(path)
    if found.id != language:
        raise RefusedError(f"{operation} is for {language}, not for {found.id}")
