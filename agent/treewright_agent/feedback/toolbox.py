"""The tools that a row of a training file offers: those that its answers call, and a few others.

All of them together are longer than the rows that trainers take (some fifteen thousand tokens,
2026-11-26), and a row that is cut loses its answer. Which others stand beside is a matter of the
request alone: the same store gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from treewright_agent.calls import canonical_json

OTHERS = 5
"""Tools that a row offers beside those it calls."""


class Toolbox:
    """Schemas as JSON texts, which every reader of rows can load."""

    def __init__(self, n_others: int = OTHERS) -> None:
        self._n_others = n_others
        self._tools: dict[str, dict[str, Any]] | None = None

    def offered(self, request: str, called: Iterable[str]) -> str:
        """A JSON list, by name, so that a tool's place tells nothing."""
        tools = self._all()
        needed = {name for name in called if name in tools}
        others = sorted(tools.keys() - needed, key=lambda name: _place(request, name))
        names = sorted([*needed, *others[: self._n_others]])
        return canonical_json([tools[name] for name in names])

    def _all(self) -> dict[str, dict[str, Any]]:
        if self._tools is None:
            found: list[dict[str, Any]] = json.loads(tools_json())
            for tool in found:  # said twice otherwise
                tool["function"]["parameters"].pop("description", None)
            self._tools = {tool["function"]["name"]: tool for tool in found}
        return self._tools


def tools_json() -> str:
    """The schemas of every operation, as a model is given them."""
    from treewright_agent.operations import OPERATIONS, schema

    tools = [
        {
            "type": "function",
            "function": {
                "name": operation.name,
                "description": operation.description,
                "parameters": schema(operation),
            },
        }
        for operation in OPERATIONS
    ]
    return canonical_json(tools)


def _place(request: str, name: str) -> bytes:
    return hashlib.sha256(f"{name}\0{request}".encode("utf-8", "replace")).digest()
