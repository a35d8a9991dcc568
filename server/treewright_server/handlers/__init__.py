"""One file per LSP request: convert in, call one domain function, convert out.

Adding one adds its row here; `registry.Row` says what the columns mean. What the server
announces to the client is computed from this table and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from treewright_server.registry import Row
from treewright_server.semantic import LEGEND

CODE_ACTIONS: Final[dict[str, Any]] = {
    "codeActionKinds": [
        "quickfix",
        "refactor.extract",
        "refactor.inline",
        "refactor.rewrite",
        "source.organizeImports",
        "source.fixAll.treewright",
        "treewright.find.similar",
        "treewright.find.tests",
    ],
    "resolveProvider": True,
}

COMPLETION: Final[dict[str, Any]] = {
    "triggerCharacters": [".", ">", ":"],
    "resolveProvider": True,
}
SIGNATURES: Final[dict[str, Any]] = {
    "triggerCharacters": ["(", ","],
    "retriggerCharacters": [")"],
}
TOKENS: Final[dict[str, Any]] = {"legend": LEGEND, "full": {"delta": True}, "range": True}
DIAGNOSTICS: Final[dict[str, Any]] = {
    "identifier": "treewright",
    "interFileDependencies": True,
    "workspaceDiagnostics": False,
}

EVERY_FILE: Final[dict[str, Any]] = {
    "filters": [{"scheme": "file", "pattern": {"glob": "**/*"}}],
}

PYTHON_FILES: Final[dict[str, Any]] = {
    "filters": [{"scheme": "file", "pattern": {"glob": "**/*.py", "matches": "file"}}],
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
        {"resolveProvider": True}, feature="workspaceSymbol",
    ),
    Row("textDocument/definition", "definition", "definitionProvider", feature="definition"),
    Row("textDocument/references", "references", "referencesProvider", feature="references"),
    Row("textDocument/hover", "hover", "hoverProvider", feature="hover"),
    Row(
        "textDocument/documentHighlight", "document_highlight", "documentHighlightProvider",
        feature="documentHighlight", wait="text",
    ),
    Row("textDocument/declaration", "declaration", "declarationProvider", feature="declaration"),
    Row(
        "textDocument/typeDefinition", "type_definition", "typeDefinitionProvider",
        feature="typeDefinition",
    ),
    Row(
        "textDocument/implementation", "implementation", "implementationProvider",
        feature="implementation",
    ),
    Row(
        "workspaceSymbol/resolve", "workspace_symbol_resolve", feature="workspaceSymbol",
    ),
    Row(
        "textDocument/completion", "completion", "completionProvider", COMPLETION,
        feature="completion",
    ),
    Row("completionItem/resolve", "completion_resolve", feature="completion"),
    Row(
        "textDocument/signatureHelp", "signature_help", "signatureHelpProvider", SIGNATURES,
        feature="signatureHelp",
    ),
    Row(
        "textDocument/prepareCallHierarchy", "call_hierarchy", "callHierarchyProvider",
        feature="callHierarchy",
    ),
    Row("callHierarchy/incomingCalls", "incoming_calls", feature="callHierarchy"),
    Row("callHierarchy/outgoingCalls", "outgoing_calls", feature="callHierarchy"),
    Row(
        "textDocument/prepareTypeHierarchy", "type_hierarchy", "typeHierarchyProvider",
        feature="typeHierarchy",
    ),
    Row("typeHierarchy/supertypes", "supertypes", feature="typeHierarchy"),
    Row("typeHierarchy/subtypes", "subtypes", feature="typeHierarchy"),
    Row(
        "textDocument/foldingRange", "folding_range", "foldingRangeProvider",
        feature="foldingRange", wait="text",
    ),
    Row(
        "textDocument/selectionRange", "selection_range", "selectionRangeProvider",
        feature="selectionRange", wait="text",
    ),
    Row(
        "textDocument/semanticTokens/full", "semantic_tokens", "semanticTokensProvider", TOKENS,
        feature="semanticTokens", wait="text",
    ),
    Row(
        "textDocument/semanticTokens/full/delta", "semantic_tokens_delta",
        "semanticTokensProvider.full", {"delta": True}, feature="semanticTokens", wait="text",
    ),
    Row(
        "textDocument/semanticTokens/range", "semantic_tokens_range",
        "semanticTokensProvider.range", feature="semanticTokens", wait="text",
    ),
    Row(
        "textDocument/documentLink", "document_link", "documentLinkProvider",
        {"resolveProvider": False}, feature="documentLink",
    ),
    Row(
        "textDocument/codeLens", "code_lens", "codeLensProvider", {"resolveProvider": True},
        feature="codeLens", wait="text",
    ),
    Row("codeLens/resolve", "code_lens_resolve", feature="codeLens"),
    Row(
        "textDocument/inlayHint", "inlay_hint", "inlayHintProvider", {"resolveProvider": False},
        feature="inlayHint",
    ),
    Row(
        "textDocument/diagnostic", "diagnostic", "diagnosticProvider", DIAGNOSTICS,
        feature="diagnostics",
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
    Row(
        "workspace/willRenameFiles", "will_rename_files", "workspace.fileOperations.willRename",
        EVERY_FILE, feature="fileOperations",
    ),
    Row(
        "workspace/willCreateFiles", "will_create_files", "workspace.fileOperations.willCreate",
        PYTHON_FILES, feature="fileOperations",
    ),
    Row(
        "workspace/willDeleteFiles", "will_delete_files", "workspace.fileOperations.willDelete",
        EVERY_FILE, feature="fileOperations",
    ),
    Row("workspace/executeCommand", "execute_command", kind="async"),
    # review, chat and the graph: docs/protocol.md
    Row("treewright/status", "treewright_status", wait="text"),
    Row("treewright/search", "treewright_search"),
    Row("treewright/neighbourhood", "treewright_neighbourhood"),
    Row("treewright/propose", "treewright_propose"),
    Row("treewright/edit", "treewright_edit", kind="async"),
    Row("treewright/proposals/list", "treewright_proposals_list", wait="text"),
    Row("treewright/proposals/get", "treewright_proposals_get"),
    Row("treewright/proposals/refresh", "treewright_proposals_refresh"),
    Row("treewright/proposals/settle", "treewright_proposals_settle"),
    Row("treewright/chat", "treewright_chat", kind="async"),
    # looking inside
    Row("treewright/modules", "debug", kind="inline"),
)  # fmt: skip
