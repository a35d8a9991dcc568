"""One file per LSP request: convert in, call one domain function, convert out.

Adding one adds its row here; `registry.Row` says what the columns mean. What the server
announces to the client is computed from this table and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from treewright_server.registry import Row

CODE_ACTIONS: Final[dict[str, Any]] = {
    "codeActionKinds": ["quickfix", "refactor.rewrite", "source.organizeImports"],
    "resolveProvider": True,
}

HANDLERS: Final[tuple[Row, ...]] = (
    # text and files
    Row("textDocument/didOpen", "did_open", kind="inline"),
    Row("textDocument/didChange", "did_change", kind="inline"),
    Row("textDocument/didClose", "did_close", kind="inline"),
    Row("textDocument/didSave", "did_save", kind="inline"),
    Row("workspace/didChangeConfiguration", "did_change_configuration", kind="inline"),
    Row("workspace/didChangeWatchedFiles", "did_change_watched_files", kind="inline"),
    Row("workspace/didChangeWorkspaceFolders", "did_change_workspace_folders", kind="inline"),
    # reading
    Row(
        "textDocument/documentSymbol", "document_symbol", "documentSymbolProvider",
        feature="documentSymbol", wait="text",
    ),
    Row(
        "workspace/symbol", "workspace_symbol", "workspaceSymbolProvider",
        feature="workspaceSymbol",
    ),
    Row("textDocument/definition", "definition", "definitionProvider", feature="definition"),
    Row("textDocument/references", "references", "referencesProvider", feature="references"),
    Row("textDocument/hover", "hover", "hoverProvider", feature="hover"),
    Row(
        "textDocument/documentHighlight", "document_highlight", "documentHighlightProvider",
        feature="documentHighlight", wait="text",
    ),
    # changing
    Row(
        "textDocument/prepareRename", "prepare_rename", "renameProvider.prepareProvider",
        feature="rename", kind="typed",
    ),
    Row("textDocument/rename", "rename", "renameProvider", {}, feature="rename", kind="typed"),
    Row(
        "textDocument/codeAction", "code_action", "codeActionProvider", CODE_ACTIONS,
        feature="codeAction", kind="async",
    ),
    Row("codeAction/resolve", "code_action_resolve", feature="codeAction", kind="async"),
    Row("workspace/executeCommand", "execute_command", kind="async"),
    # looking inside
    Row("treewright/modules", "debug", kind="inline"),
)  # fmt: skip
