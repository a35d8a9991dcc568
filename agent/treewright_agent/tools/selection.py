"""Which tools a task gets: by its kind, capped, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, Tool
from treewright_agent.tools.registry import Registry

MAX_TOOLS = 24


class Chosen(NamedTuple):
    tool: str
    reason: str


# Per kind: the groups that are offered, in order of need.
_GROUPS: dict[str, tuple[str, ...]] = {
    "task": ("control", "read", "find", "edit", "check", "graph", "operation", "run", "git", "ask", "memory", "web"),
    "fix": ("control", "read", "edit", "check", "find", "graph", "operation", "run", "ask", "git"),
    "refactor": ("control", "read", "operation", "graph", "find", "edit", "check", "ask"),
    "write_tests": ("control", "read", "edit", "check", "find", "graph", "run"),
    "explain": ("control", "read", "find", "graph", "git", "web"),
    "chat": ("read", "find", "graph", "git", "web"),
    "review": ("control", "read", "find", "graph", "git", "check"),
}  # fmt: skip
_READ_ONLY = frozenset({"explain", "chat", "review"})
_ALWAYS = ("finish", "read_file", "edit_file", "search", "test", "symbols", "references", "lint")
"""Of the groups offered, these are never dropped for the cap."""


_USUAL = (
    "repair", "rename_symbol", "move_symbol", "change_signature", "replace_pattern", "fork", "join",
    "extract_function", "inline_function", "list_files",
)  # fmt: skip
"""What most changes need, said or not, before words of the goal decide on the rest."""


class ToolSelector:
    """`select_tools` for one task; `describe_tool` for people."""

    def __init__(self, registry: Registry, limit: int = MAX_TOOLS) -> None:
        self._registry = registry
        self._limit = limit

    def get_available_tools(self, bench: Bench) -> list[Tool]:
        return [tool for tool in self._registry.tools if not tool.available(bench)]

    def describe_tool(self, name: str) -> str:
        tool = self._registry.find(name)
        return (
            f"{tool.name} ({tool.effect.value}): {tool.description}" if tool else f"no tool {name}"
        )

    def select_tools(self, kind: str, goal: str, bench: Bench) -> tuple[Registry, list[Chosen]]:
        """The tools, and why each is there. Read-only kinds get nothing that edits or runs."""
        groups = _GROUPS.get(kind, _GROUPS["task"])
        allowed = [
            tool
            for tool in self.get_available_tools(bench)
            if tool.group in groups
            and (
                kind not in _READ_ONLY
                or tool.effect in (Effect.READS, Effect.CONTROLS, Effect.NETWORK)
            )
            and not (kind in _READ_ONLY and tool.name in ("fork", "join"))
        ]
        words = set(re.findall(r"[a-z]{3,}|[\u4e00-\u9fff]", goal.lower()))
        ranked = sorted(
            allowed,
            key=lambda tool: (
                tool.name not in _ALWAYS,
                kind not in _READ_ONLY and tool.name not in _USUAL,
                -_fit(tool, words),
                groups.index(tool.group),
            ),
        )
        chosen = ranked[: self._limit]
        kept = [tool for tool in self._registry.tools if tool in chosen]
        rest = [tool for tool in allowed if tool not in chosen]
        return Registry(kept, rest), [
            Chosen(tool.name, _reason(tool, kind, words)) for tool in kept
        ]


def _fit(tool: Tool, words: Iterable[str]) -> int:
    """How many words of the goal are in the tool's name; a stronger sign than its description."""
    names = set(tool.name.split("_"))
    described = set(re.findall(r"[a-z]{4,}", tool.description.lower()))
    return sum(3 if word in names else 1 if word in described else 0 for word in words)


def _reason(tool: Tool, kind: str, words: Sequence[str] | set[str]) -> str:
    if tool.name in _ALWAYS:
        return f"every {kind} may need it"
    if tool.name in _USUAL:
        return "changes often need it"
    named = sorted(set(tool.name.split("_")) & set(words))
    if named:
        return f"the goal says {', '.join(named)}"
    return f"{tool.group} serves {kind}"
