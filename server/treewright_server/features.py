"""Which features are on: a setting for each, and what servers stand beside us.

`treewright.features.<name>` is `on`, `off` or `auto` (the default). With `auto` a feature is
quiet for the languages that a server named in `treewright.features.beside` serves better: a
client cannot tell one server about another, so the editor plugins fill in that list, and a user
of any other client writes it. A quiet feature answers "nothing", and the editor shows the other
server's answer alone. A feature that is `off` is not even announced.

What is never quiet: `workspace/symbol` and everything that changes code. No peer finds symbols
faster, and a fix that two servers know is shown twice at worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

Switch = Literal["auto", "on", "off"]

FEATURES: Final[tuple[str, ...]] = (
    "callHierarchy",
    "codeAction",
    "codeLens",
    "completion",
    "declaration",
    "definition",
    "diagnostics",
    "documentHighlight",
    "documentLink",
    "documentSymbol",
    "fileOperations",
    "foldingRange",
    "hover",
    "implementation",
    "inlayHint",
    "references",
    "rename",
    "selectionRange",
    "semanticTokens",
    "signatureHelp",
    "typeDefinition",
    "typeHierarchy",
    "workspaceSymbol",
)

_READING: Final = frozenset(
    {
        "callHierarchy",
        "completion",
        "declaration",
        "definition",
        "documentHighlight",
        "documentSymbol",
        "hover",
        "implementation",
        "inlayHint",
        "references",
        "selectionRange",
        "semanticTokens",
        "signatureHelp",
        "typeDefinition",
        "typeHierarchy",
        "rename",
    }
)
_BASIC: Final = _READING - {"callHierarchy", "typeHierarchy", "implementation", "inlayHint"}

STRONGER: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    # server: (languages it serves, features it does at least as well)
    "pyright": (frozenset({"python"}), _READING - {"selectionRange"} | {"diagnostics"}),
    "basedpyright": (frozenset({"python"}), _READING - {"selectionRange"} | {"diagnostics"}),
    "pylance": (frozenset({"python"}), _READING | {"diagnostics", "fileOperations"}),
    "ty": (frozenset({"python"}), _READING | {"diagnostics"}),
    "pyrefly": (frozenset({"python"}), _READING | {"diagnostics"}),
    "zuban": (frozenset({"python"}), _READING | {"diagnostics"}),
    "jedi": (frozenset({"python"}), _BASIC - {"references", "semanticTokens", "selectionRange"}),
    "pylsp": (frozenset({"python"}), _BASIC - {"references", "semanticTokens", "selectionRange"}),
    "ruff": (frozenset({"python"}), frozenset({"diagnostics"})),
    "gopls": (frozenset({"go"}), _READING | {"diagnostics", "documentLink", "foldingRange"}),
    "rust-analyzer": (frozenset({"rust"}), _READING | {"diagnostics", "foldingRange"}),
    "clangd": (
        frozenset({"c", "cpp", "cuda", "objective-c"}),
        _READING | {"diagnostics", "documentLink", "foldingRange"},
    ),
    "typescript": (
        frozenset({"typescript", "typescriptreact", "javascript", "javascriptreact", "tsx"}),
        _READING | {"diagnostics", "foldingRange", "fileOperations"},
    ),
    "jdtls": (frozenset({"java"}), _READING | {"diagnostics", "foldingRange"}),
}

ALIASES: Final[dict[str, str]] = {
    "pyright-langserver": "pyright",
    "ms-python.vscode-pylance": "pylance",
    "ms-pyright.pyright": "pyright",
    "detachhead.basedpyright": "basedpyright",
    "astral-sh.ty": "ty",
    "charliermarsh.ruff": "ruff",
    "jedi_language_server": "jedi",
    "jedi-language-server": "jedi",
    "python-lsp-server": "pylsp",
    "rust_analyzer": "rust-analyzer",
    "rust-lang.rust-analyzer": "rust-analyzer",
    "golang.go": "gopls",
    "llvm-vs-code-extensions.vscode-clangd": "clangd",
    "ts_ls": "typescript",
    "tsserver": "typescript",
    "vtsls": "typescript",
    "typescript-language-server": "typescript",
    "typescript-tools": "typescript",
    "vscode.typescript-language-features": "typescript",
    "java_language_server": "jdtls",
    "redhat.java": "jdtls",
}
"""The names that editors have for these servers and their extensions."""


class Features:
    """The switches in force."""

    def __init__(self, switches: dict[str, Any] | None = None, beside: Sequence[str] = ()) -> None:
        self._switches = switches or {}
        names = {ALIASES.get(name.lower(), name.lower()) for name in beside}
        self._quiet: dict[str, set[str]] = {}
        for name in names & STRONGER.keys():
            languages, features = STRONGER[name]
            for feature in features:
                self._quiet.setdefault(feature, set()).update(languages)

    def announced(self, feature: str) -> bool:
        """Whether the client is told of it at all."""
        return self._switches.get(feature, "auto") != "off"

    def serves(self, feature: str, language: str | None) -> bool:
        """Whether a request of it about a document in `language` gets an answer."""
        if not feature or not self.announced(feature):
            return not feature
        if self._switches.get(feature, "auto") == "on":
            return True
        return language not in self._quiet.get(feature, ())
