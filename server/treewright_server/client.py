"""What the client can do, asked once from its capabilities.

A missing capability always has a plain way out: flat symbols, `changes`, no progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp
from pygls.capabilities import get_capability


@dataclass(frozen=True, slots=True)
class ClientFeatures:
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
    nested_symbols: bool = False
    hover_markdown: bool = False
    prepare_default: bool = False
    code_action_literals: bool = False
    code_action_data: bool = False
    resolves_edit: bool = False
    disabled_actions: bool = False
    preferred_actions: bool = False
    versioned_diagnostics: bool = False
    diagnostic_tags: bool = False

    @classmethod
    def of(cls, capabilities: lsp.ClientCapabilities) -> ClientFeatures:
        def has(name: str) -> Any:
            return get_capability(capabilities, name, None)

        encodings: list[Any] = list(has("general.position_encodings") or ())
        known = [str(getattr(e, "value", e)) for e in encodings]
        chosen = next((e for e in known if e in ("utf-8", "utf-16", "utf-32")), "utf-16")
        resources = {
            str(getattr(kind, "value", kind))
            for kind in has("workspace.workspace_edit.resource_operations") or ()
        }
        formats = [
            str(getattr(f, "value", f)) for f in has("text_document.hover.content_format") or ()
        ]
        resolvable = has("text_document.code_action.resolve_support.properties") or ()
        actions = "text_document.code_action"
        watched = "workspace.did_change_watched_files"
        return cls(
            encoding=chosen,
            configuration=bool(has("workspace.configuration")),
            register_configuration=bool(
                has("workspace.did_change_configuration.dynamic_registration")
            ),
            register_watchers=bool(has(f"{watched}.dynamic_registration")),
            relative_watchers=bool(has(f"{watched}.relative_pattern_support")),
            work_done_progress=bool(has("window.work_done_progress")),
            apply_edit=bool(has("workspace.apply_edit")),
            document_changes=bool(has("workspace.workspace_edit.document_changes")),
            create_files="create" in resources,
            rename_files="rename" in resources,
            delete_files="delete" in resources,
            annotations=has("workspace.workspace_edit.change_annotation_support") is not None,
            definition_links=bool(has("text_document.definition.link_support")),
            nested_symbols=bool(
                has("text_document.document_symbol.hierarchical_document_symbol_support")
            ),
            hover_markdown=bool(formats) and formats[0] == "markdown",
            prepare_default=bool(has("text_document.rename.prepare_support_default_behavior")),
            code_action_literals=has(f"{actions}.code_action_literal_support") is not None,
            code_action_data=bool(has(f"{actions}.data_support")),
            resolves_edit="edit" in resolvable,
            disabled_actions=bool(has(f"{actions}.disabled_support")),
            preferred_actions=bool(has(f"{actions}.is_preferred_support")),
            versioned_diagnostics=bool(has("text_document.publish_diagnostics.version_support")),
            diagnostic_tags=has("text_document.publish_diagnostics.tag_support") is not None,
        )
