"""Registry: every tool by name, and the one way a call becomes an output.

`execute` never raises but for cancellation: what goes wrong is data for whoever called.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, cast

from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import (
    MAX_TEXT,
    Effect,
    Tool,
    ToolCall,
    ToolError,
    ToolOutput,
    Trouble,
    shortened,
)
from treewright_indexer.errors import CancelledError, RefusedError, TreewrightError

_log = logging.getLogger(__name__)

ALIASES: Mapping[str, str] = {
    "run_linter": "lint",
    "extract_symbols": "symbols",
    "find_references": "references",
    "infer_types": "infer_type",
    "build_ir": "graph",
    "run_tests": "test",
    "search_code": "search",
    "list_dir": "list_files",
}
"""Names that the seeds and other agents use, and ours."""


class Registry:
    """The tools that one task may call. Register before the task starts."""

    def __init__(self, tools: Iterable[Tool] = (), unlisted: Iterable[Tool] = ()) -> None:
        """`unlisted` may be called as well, though nobody is told of them: there are more tools
        than a prompt should hold, and a caller that knows one by name means it."""
        self._tools: dict[str, Tool] = {}
        self._unlisted = {each.name: each for each in unlisted}
        for each in tools:
            self.add(each)

    def add(self, tool: Tool) -> None:
        if tool.name in self._tools:
            raise ValueError(f"two tools named {tool.name}")
        self._tools[tool.name] = tool

    def register_tool(
        self, name: str, function: Callable[..., Any], schema: Mapping[str, Any]
    ) -> None:
        """A tool whose schema is given: `{"description", "parameters"}`; it only reads."""

        def run(bench: Bench, **arguments: Any) -> Any:
            return function(**arguments)

        parameters = cast("Mapping[str, Any]", schema.get("parameters", {"type": "object"}))
        self.add(Tool(name, run, Effect.READS, str(schema.get("description", "")), parameters))

    def __iter__(self) -> Iterable[Tool]:
        return iter(self._tools.values())

    @property
    def tools(self) -> tuple[Tool, ...]:
        return tuple(self._tools.values())

    def find(self, name: str) -> Tool | None:
        other = ALIASES.get(name, "")
        return self._tools.get(name) or self._tools.get(other) or self._unlisted.get(name)

    def has_tool(self, name: str) -> bool:
        return self.find(name) is not None

    def narrowed(self, names: Iterable[str]) -> Registry:
        """Only the tools named, in that order."""
        return Registry(self._tools[name] for name in names if name in self._tools)

    def without(self, names: Collection[str]) -> Registry:
        """All but the tools named."""
        return Registry(each for each in self._tools.values() if each.name not in names)

    def schemas(self) -> list[dict[str, Any]]:
        return [each.schema for each in self._tools.values()]

    def get_schema_string(self) -> str:
        return json.dumps(self.schemas(), indent=2, ensure_ascii=False)

    # ---------------------------------------------------------------- one call

    def execute(self, bench: Bench, call: ToolCall) -> ToolOutput:
        """Raises CancelledError alone."""
        started = time.perf_counter()
        try:
            output = self._execute(bench, call)
        except CancelledError:
            raise
        except ToolError as error:
            output = ToolOutput("failure", str(error), error.data, trouble=error.trouble)
        except RefusedError as error:
            output = ToolOutput("failure", f"refused: {error}", trouble=Trouble.REFUSED)
        except TreewrightError as error:
            output = ToolOutput("failure", str(error), trouble=Trouble.FAILED)
        except RecursionError:
            output = ToolOutput("failure", "too deeply nested", trouble=Trouble.FAILED)
        except Exception as error:
            _log.exception("tool %s failed", call.name)
            message = f"Error executing tool {call.name}: {type(error).__name__}: {error}"
            output = ToolOutput("failure", message, trouble=Trouble.FAILED)
        duration = int((time.perf_counter() - started) * 1000)
        data, cut = _bounded(output.data)
        message, cut_message = shortened(output.message, 4_000)
        return ToolOutput(
            output.status, message, data, output.truncated or cut or cut_message, duration,
            output.trouble,
        )  # fmt: skip

    def _execute(self, bench: Bench, call: ToolCall) -> ToolOutput:
        bench.token.check()
        found = self.find(call.name)
        if found is None:
            raise ToolError(
                f"Tool {call.name} not found. The tools are: {', '.join(self._tools)}.",
                Trouble.UNKNOWN_TOOL,
            )
        if call.problem:
            raise ToolError(call.problem, Trouble.ARGUMENTS)
        if reason := found.available(bench):
            raise ToolError(reason, Trouble.UNAVAILABLE)
        arguments = found.validated(call.arguments)
        if bench.budget.spent.tool_calls >= bench.budget.limits.tool_calls:
            raise ToolError(
                f"the task's {bench.budget.limits.tool_calls} tool calls are used up: finish with"
                " what you have",
                Trouble.BLOCKED,
            )
        bench.budget.tool_call()
        if bench.gate is not None and (reason := bench.gate.refuse(found, arguments)):
            raise ToolError(reason, Trouble.BLOCKED)
        result = found.run(bench, **arguments)
        bench.token.check()
        return _output(result)


def _output(result: Any) -> ToolOutput:
    if isinstance(result, ToolOutput):
        return result
    if result is None:
        return ToolOutput("success")
    if isinstance(result, str):
        return ToolOutput("success", data={"content": result})
    if isinstance(result, Mapping):
        row = dict(cast("Mapping[str, Any]", result))
        message = str(row.pop("message", ""))
        truncated = bool(row.pop("truncated", False))
        status = row.pop("status", "success")
        row.pop("duration_ms", None)
        return ToolOutput("failure" if status == "failure" else "success", message, row, truncated)
    return ToolOutput("success", data={"result": result})


def _bounded(data: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The data with long texts and lists cut, and nothing in it that JSON lacks."""
    cut = False

    def bounded(value: Any, depth: int) -> Any:
        nonlocal cut
        if isinstance(value, str):
            text, shorter = shortened(value, MAX_TEXT)
            cut = cut or shorter
            return text
        if isinstance(value, (bool, int, float)) or value is None:
            return value
        if depth > 12:
            cut = True
            return "…"
        if isinstance(value, Mapping):
            row = cast("Mapping[Any, Any]", value)
            return {str(key): bounded(item, depth + 1) for key, item in row.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            items = list(cast("Iterable[Any]", value))
            if len(items) > 500:
                cut = True
                items = items[:500]
            return [bounded(item, depth + 1) for item in items]
        return str(value)

    found = {key: bounded(value, 0) for key, value in data.items()}
    text = json.dumps(found, ensure_ascii=False)
    if len(text) > 3 * MAX_TEXT:  # many texts, each within its bound
        shown, _ = shortened(text, 2 * MAX_TEXT)
        return {"content": shown}, True
    return found, cut
