"""treewright mcp: speak the Model Context Protocol on standard input and output."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from treewright_server.cli.support import DONE, folder_path, load_settings, opened


def run(arguments: Namespace) -> int:
    root = folder_path(arguments.path)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print cannot break the protocol
    from treewright_server.mcp.server import McpServer

    with opened(root) as (workspace, folder), answers:
        server = McpServer(
            workspace,
            folder,
            read_only=arguments.read_only or not load_settings(root).agent.trusted,
            everything=arguments.tools == "all",
        )
        server.serve(sys.stdin.buffer, answers)
    return DONE
