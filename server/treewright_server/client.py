"""What the client can do, asked once from its capabilities.

A missing capability always has a plain way out: flat symbols, `changes`, no progress.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from treewright_server.plain import field, is_object, strings

ENCODINGS = ("utf-8", "utf-16", "utf-32")


class ClientFeatures(NamedTuple):
    """Defaults are those of a client that says nothing."""

    encoding: str = "utf-16"
    configuration: bool = False
    register_configuration: bool = False
    register_watchers: bool = False
    relative_watchers: bool = False
    work_done_progress: bool = False
    apply_edit: bool = False
    document_changes: bool = False
    create_files: bool = False
    rename_files: bool = False
    delete_files: bool = False
    annotations: bool = False
    definition_links: bool = False
    declaration_links: bool = False
    type_definition_links: bool = False
    implementation_links: bool = False
    nested_symbols: bool = False
    resolves_symbol_range: bool = False
    hover_markdown: bool = False
    prepare_default: bool = False
    code_action_literals: bool = False
    code_action_data: bool = False
    resolves_edit: bool = False
    resolves_command: bool = False
    disabled_actions: bool = False
    preferred_actions: bool = False
    versioned_diagnostics: bool = False
    diagnostic_tags: bool = False
    pulls_diagnostics: bool = False
    refreshes_diagnostics: bool = False
    refreshes_lenses: bool = False
    refreshes_hints: bool = False
    refreshes_tokens: bool = False
    snippets: bool = False
    completion_markdown: bool = False
    insert_replace: bool = False
    label_details: bool = False
    resolved_completion: frozenset[str] = frozenset()
    """Properties of a completion item that may be filled in by `completionItem/resolve`."""
    signature_markdown: bool = False
    label_offsets: bool = False
    active_parameter: bool = False
    line_folding_only: bool = False
    resolves_hint: frozenset[str] = frozenset()
    dynamic: frozenset[str] = frozenset()
    """Methods whose handlers may be registered after `initialize`."""

    @classmethod
    def of(cls, capabilities: Any) -> ClientFeatures:
        """`capabilities` as the client sent them; what has the wrong shape counts as absent."""

        def has(*path: str) -> Any:
            return field(capabilities, *path)

        def text(*path: str) -> Any:
            return field(capabilities, "textDocument", *path)

        def listed(*path: str) -> list[str]:
            return strings(field(capabilities, *path))

        def markdown(*path: str) -> bool:
            return strings(text(*path))[:1] == ["markdown"]

        encodings = listed("general", "positionEncodings")
        edit = ("workspace", "workspaceEdit")
        resources = listed(*edit, "resourceOperations")
        resolvable = listed("textDocument", "codeAction", "resolveSupport", "properties")
        signature = ("signatureHelp", "signatureInformation")
        return cls(
            encoding=next((e for e in encodings if e in ENCODINGS), "utf-16"),
            configuration=bool(has("workspace", "configuration")),
            register_configuration=bool(
                has("workspace", "didChangeConfiguration", "dynamicRegistration")
            ),
            register_watchers=bool(
                has("workspace", "didChangeWatchedFiles", "dynamicRegistration")
            ),
            relative_watchers=bool(
                has("workspace", "didChangeWatchedFiles", "relativePatternSupport")
            ),
            work_done_progress=bool(has("window", "workDoneProgress")),
            apply_edit=bool(has("workspace", "applyEdit")),
            document_changes=bool(has(*edit, "documentChanges")),
            create_files="create" in resources,
            rename_files="rename" in resources,
            delete_files="delete" in resources,
            annotations=has(*edit, "changeAnnotationSupport") is not None,
            definition_links=bool(text("definition", "linkSupport")),
            declaration_links=bool(text("declaration", "linkSupport")),
            type_definition_links=bool(text("typeDefinition", "linkSupport")),
            implementation_links=bool(text("implementation", "linkSupport")),
            nested_symbols=bool(text("documentSymbol", "hierarchicalDocumentSymbolSupport")),
            resolves_symbol_range="location.range"
            in listed("workspace", "symbol", "resolveSupport", "properties"),
            hover_markdown=markdown("hover", "contentFormat"),
            prepare_default=bool(text("rename", "prepareSupportDefaultBehavior")),
            code_action_literals=text("codeAction", "codeActionLiteralSupport") is not None,
            code_action_data=bool(text("codeAction", "dataSupport")),
            resolves_edit="edit" in resolvable,
            resolves_command="command" in resolvable,
            disabled_actions=bool(text("codeAction", "disabledSupport")),
            preferred_actions=bool(text("codeAction", "isPreferredSupport")),
            versioned_diagnostics=bool(text("publishDiagnostics", "versionSupport")),
            diagnostic_tags=text("publishDiagnostics", "tagSupport") is not None,
            pulls_diagnostics=text("diagnostic") is not None,
            refreshes_diagnostics=bool(has("workspace", "diagnostics", "refreshSupport")),
            refreshes_lenses=bool(has("workspace", "codeLens", "refreshSupport")),
            refreshes_hints=bool(has("workspace", "inlayHint", "refreshSupport")),
            refreshes_tokens=bool(has("workspace", "semanticTokens", "refreshSupport")),
            snippets=bool(text("completion", "completionItem", "snippetSupport")),
            completion_markdown=markdown("completion", "completionItem", "documentationFormat"),
            insert_replace=bool(text("completion", "completionItem", "insertReplaceSupport")),
            label_details=bool(text("completion", "completionItem", "labelDetailsSupport")),
            resolved_completion=frozenset(
                strings(text("completion", "completionItem", "resolveSupport", "properties"))
            ),
            signature_markdown=markdown(*signature, "documentationFormat"),
            label_offsets=bool(text(*signature, "parameterInformation", "labelOffsetSupport")),
            active_parameter=bool(text(*signature, "activeParameterSupport")),
            line_folding_only=bool(text("foldingRange", "lineFoldingOnly")),
            resolves_hint=frozenset(strings(text("inlayHint", "resolveSupport", "properties"))),
            dynamic=frozenset(_dynamic(capabilities)),
        )


def _dynamic(capabilities: Any) -> list[str]:
    """`textDocument/hover` for each capability with `dynamicRegistration`."""
    found: list[str] = []
    for group in ("textDocument", "workspace"):
        section = field(capabilities, group)
        for name, value in section.items() if is_object(section) else ():
            if field(value, "dynamicRegistration"):
                found.append(f"{group}/{name}")
    return found
