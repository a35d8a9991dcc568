"""What is announced is what is there: pygls computes the same from the same handlers."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
from lsprotocol import converters
from lsprotocol import types as lsp
from pygls.capabilities import ServerCapabilitiesBuilder

from treewright_server import commands
from treewright_server.capabilities import server_capabilities
from treewright_server.client import ClientFeatures
from treewright_server.features import FEATURES, STRONGER, Features
from treewright_server.handlers import HANDLERS
from treewright_server.registry import Row
from treewright_server.settings import FeaturesLayer

CONVERTER = converters.get_converter()
NESTED = {  # whose options stand in another request's provider
    "codeAction/resolve",
    "codeLens/resolve",
    "completionItem/resolve",
    "inlayHint/resolve",
    "workspaceSymbol/resolve",
    "callHierarchy/incomingCalls",
    "callHierarchy/outgoingCalls",
    "typeHierarchy/supertypes",
    "typeHierarchy/subtypes",
}
FILE_OPERATIONS = {"fileOperations": {"willRename": True, "willCreate": True, "willDelete": True}}


def announced(
    switches: dict[str, Any] | None = None, beside: tuple[str, ...] = ()
) -> dict[str, Any]:
    features = Features(switches, beside)
    return server_capabilities(HANDLERS, commands.names(), features, ClientFeatures())


def test_pygls_announces_the_same() -> None:
    ours = announced()
    typed = CONVERTER.structure(ours, lsp.ServerCapabilities)
    options: dict[str, Any] = {}
    providers = {
        "textDocument/codeAction": typed.code_action_provider,
        "textDocument/codeLens": typed.code_lens_provider,
        "textDocument/completion": typed.completion_provider,
        "textDocument/diagnostic": typed.diagnostic_provider,
        "textDocument/documentLink": typed.document_link_provider,
        "textDocument/inlayHint": typed.inlay_hint_provider,
        "textDocument/rename": typed.rename_provider,
        "textDocument/signatureHelp": typed.signature_help_provider,
        "workspace/symbol": typed.workspace_symbol_provider,
    }
    if typed.semantic_tokens_provider is not None:
        # pygls asks for the legend and works out full, delta and range from the handlers.
        for name in ("full", "full/delta", "range"):
            legend = typed.semantic_tokens_provider.legend
            options[f"textDocument/semanticTokens/{name}"] = legend
    operations = typed.workspace.file_operations if typed.workspace else None
    if operations is not None:
        options["workspace/willRenameFiles"] = operations.will_rename
        options["workspace/willCreateFiles"] = operations.will_create
        options["workspace/willDeleteFiles"] = operations.will_delete
    options |= {method: given for method, given in providers.items() if given not in (None, True)}
    options[lsp.TEXT_DOCUMENT_DID_SAVE] = lsp.SaveOptions(include_text=False)
    capable = {"workspace": FILE_OPERATIONS, "textDocument": {"rename": {"prepareSupport": True}}}
    client = CONVERTER.structure(capable, lsp.ClientCapabilities)
    theirs = ServerCapabilitiesBuilder(
        client,
        {row.method for row in HANDLERS},
        options,
        commands.names(),
        lsp.TextDocumentSyncKind.Incremental,
    ).build()
    plain = CONVERTER.unstructure(theirs)
    plain["textDocumentSync"] = {
        key: value for key, value in plain["textDocumentSync"].items() if value is not False
    }
    plain["workspace"] = {key: value for key, value in plain["workspace"].items() if value}
    assert plain == CONVERTER.unstructure(typed)


def test_what_we_announce_is_lsp() -> None:
    ours = announced()
    assert CONVERTER.unstructure(CONVERTER.structure(ours, lsp.ServerCapabilities)) == ours


@pytest.mark.parametrize("row", HANDLERS, ids=lambda row: row.method)
def test_each_row_has_a_handler_of_its_form(row: Row) -> None:
    module = importlib.import_module(f"treewright_server.handlers.{row.module}")
    parameters = list(inspect.signature(module.handle).parameters)
    if row.kind == "plain":
        assert parameters == ["ls", "params", "snapshot", "token"]
    else:
        assert parameters == ["ls", "params"]
    assert inspect.iscoroutinefunction(module.handle) == (row.kind in ("async", "typed"))


def test_each_request_of_lsp_that_is_answered_is_announced() -> None:
    for row in HANDLERS:
        request = row.method in lsp.METHOD_TO_TYPES and row.kind != "inline"
        if request and row.method != "workspace/executeCommand" and row.method not in NESTED:
            assert row.provider, f"{row.method} is answered and not announced"


def test_methods_are_unique_and_known_to_lsp() -> None:
    methods = [row.method for row in HANDLERS]
    assert len(methods) == len(set(methods))
    for method in methods:
        assert method in lsp.METHOD_TO_TYPES or method.startswith("treewright/")


def test_each_feature_has_its_switch_and_its_row() -> None:
    assert {row.feature for row in HANDLERS if row.feature} == set(FEATURES)
    switched_off = FeaturesLayer(**dict.fromkeys(map(_snake, FEATURES), "off"))
    assert switched_off.switches() == dict.fromkeys(FEATURES, "off")


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_that_is_off_is_not_announced(feature: str) -> None:
    off = announced({feature: "off"})
    assert off != announced()
    for row in HANDLERS:
        if row.feature == feature and row.provider:
            assert _at(off, row.provider) is None


def test_nothing_but_text_sync_and_commands_when_all_is_off() -> None:
    assert set(announced(dict.fromkeys(FEATURES, "off"))) == {
        "positionEncoding", "textDocumentSync", "workspace", "executeCommandProvider",
    }  # fmt: skip


def test_commands_are_those_of_the_agent() -> None:
    from treewright_agent.operations import OPERATIONS

    assert set(commands.OPERATIONS) == {operation.name for operation in OPERATIONS}


@pytest.mark.parametrize("name", commands.names())
def test_each_command_is_there(name: str) -> None:
    command = commands.find(name)
    assert command is not None
    assert inspect.iscoroutinefunction(command)


def test_no_command_of_that_name() -> None:
    assert commands.find("treewright.nope") is None
    assert commands.find("rename_symbol") is None


# Beside other servers


def test_a_stronger_server_makes_us_quiet_in_its_language_only() -> None:
    features = Features({}, ["basedpyright"])
    assert not features.serves("hover", "python")
    assert features.serves("hover", "go")
    assert features.serves("workspaceSymbol", "python")
    assert features.serves("codeAction", "python")


@pytest.mark.parametrize("name", ["Pyright-Langserver", "ms-python.vscode-pylance", "ts_ls"])
def test_servers_are_known_by_the_names_that_editors_use(name: str) -> None:
    features = Features({}, [name])
    quiet = [
        f for f in FEATURES for lang in ("python", "typescript") if not features.serves(f, lang)
    ]
    assert quiet


def test_a_switch_wins_over_what_stands_beside_us() -> None:
    features = Features({"hover": "on", "definition": "off"}, ["ty"])
    assert features.serves("hover", "python")
    assert not features.serves("definition", "go")


def test_an_unknown_server_changes_nothing() -> None:
    features = Features({}, ["somebodys-server"])
    assert all(features.serves(feature, "python") for feature in FEATURES)


def test_no_server_is_stronger_in_what_changes_code_or_finds_symbols() -> None:
    for languages, stronger in STRONGER.values():
        assert languages
        assert stronger <= set(FEATURES) - {"codeAction", "workspaceSymbol"}


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
