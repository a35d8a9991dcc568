"""One file per LSP request: convert in, call one domain function, convert out.

Each module has METHOD, OPTIONS and `handle`; adding one adds its row to HANDLERS.
"""

from __future__ import annotations

from types import ModuleType

from treewright_server.handlers import (
    code_action,
    code_action_resolve,
    debug,
    definition,
    did_change_configuration,
    did_change_watched_files,
    did_save,
    document_highlight,
    document_symbol,
    hover,
    prepare_rename,
    references,
    rename,
    workspace_symbol,
)

HANDLERS: tuple[ModuleType, ...] = (
    did_save,
    did_change_configuration,
    did_change_watched_files,
    document_symbol,
    workspace_symbol,
    definition,
    references,
    hover,
    document_highlight,
    prepare_rename,
    rename,
    code_action,
    code_action_resolve,
    debug,
)
