"""treewright step: `/step` over HTTP on loopback, with the configured model behind it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from treewright_server import tasking, transport
from treewright_server.cli.support import DONE, load_settings, usage

if TYPE_CHECKING:
    from treewright_agent.brains import Brain

OFFERED = ("edit_file", "read_file", "run_command", "finish")
"""The tools that the step protocol knows, and the end."""


def run(arguments: Namespace) -> int:
    host, _, port = arguments.listen.rpartition(":")
    if not port.isdigit() or not transport.is_loopback(host or "127.0.0.1"):
        usage(f"{arguments.listen}: expected HOST:PORT on this machine")
    settings = load_settings(os.getcwd())
    agent = tasking.agent_settings(settings.agent, os.environ, _say)
    router = tasking.router_of(agent)
    if router is None:
        usage("no model is set up: set OPENAI_BASE_URL and OPENAI_MODEL")
    from treewright_agent.brains.model_brain import ModelBrain, Talk
    from treewright_agent.brains.step_server import StepServer
    from treewright_agent.tools import all_tools

    def brain_of(task_id: str, task: Mapping[str, Any]) -> Brain:
        return ModelBrain(Talk(router, task_id))

    tools = all_tools().narrowed(OFFERED).tools
    server = StepServer(host or "127.0.0.1", int(port), brain_of, tools)
    _say(f"listening on {server.address}/step")
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    return DONE


def _say(message: str) -> None:
    print(f"treewright: {message}", file=sys.stderr, flush=True)
