"""workspace/executeCommand: one of the `treewright.*` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.errors import ArgumentsError
from treewright_server import commands
from treewright_server.given import string
from treewright_server.plain import field, is_list

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


async def handle(ls: TreewrightServer, params: Any) -> Any:
    name = string(params, "command")
    command = commands.find(name)
    if command is None:
        raise ArgumentsError(f"no such command: {name}")
    arguments = field(params, "arguments")
    if arguments is not None and not is_list(arguments):
        raise ArgumentsError("arguments: expected a list")
    return await command(ls, arguments or [])
