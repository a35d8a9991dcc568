"""One file per `treewright.*` command; the operations come from one tuple of names.

A command is `async run(ls, arguments) -> JSON`, `arguments` being the list the client sent. Its
module is imported when it is first called.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

Command = Callable[["TreewrightServer", list[Any]], Awaitable[Any]]

OPERATIONS: Final[tuple[str, ...]] = (
    "extract_variable",
    "extract_function",
    "inline_variable",
    "inline_function",
    "change_signature",
    "replace_pattern",
    "fix_lint",
    "rename_symbol",
    "add_import",
    "remove_import",
    "remove_variable",
    "replace_text",
    "apply_patch",
    "move_file",
    "rename_module",
    "organize_imports",
    "remove_unused_imports",
    "move_symbol",
    "add_decorator",
    "edit_file_ast",
    "invert_if",
    "guard_clause",
    "merge_ifs",
    "split_if",
    "wrap_in",
    "to_f_string",
    "convert_literal",
    "loop_to_comprehension",
    "comprehension_to_loop",
    "if_to_match",
    "remove_dead_code",
    "remove_decorator",
    "delete_symbol",
    "replace_import",
    "replace_library",
    "remove_flag",
    "apply_rule",
    "fix_lint_everywhere",
    "expand_star_import",
    "add_docstring",
    "add_annotations",
    "convert_import",
    "local_import",
    "module_to_package",
    "convert_async",
    "introduce_parameter",
    "inline_parameter",
    "introduce_parameter_object",
    "generate_methods",
    "to_dataclass",
    "from_dataclass",
    "extract_superclass",
    "extract_protocol",
    "generate_test",
    "rewrite_script",
)
"""Each is a command `treewright.<name>`. A test holds them equal to the agent's OPERATIONS."""

COMMANDS: Final[dict[str, str]] = {
    # command                    module in this package
    "treewright.applyProposal": "apply_proposal",
    "treewright.preview": "preview",
    "treewright.feedback.record": "feedback_record",
    "treewright.feedback.search": "feedback_search",
    "treewright.feedback.rate": "feedback_rate",
    "treewright.feedback.report": "feedback_report",
    "treewright.index.status": "index_status",
    "treewright.index.rebuild": "index_rebuild",
    "treewright.search": "search",
    "treewright.similar": "similar",
    "treewright.testsFor": "similar:tests",
    "treewright.graph": "graph",
    "treewright.task": "task",
    "treewright.fix": "task:fix",
    "treewright.refactor": "task:refactor",
    "treewright.writeTests": "task:write_tests",
    "treewright.explain": "task:explain",
    "treewright.review": "task:review",
    "treewright.chat": "task:chat",
    "treewright.tasks": "task_list",
    "treewright.resume": "task_resume",
    "treewright.why": "task_why",
    "treewright.memory": "task_memory",
    "treewright.health": "health",
    "treewright.conversations": "conversations",
    "treewright.checkpoints": "checkpoints",
    "treewright.restore": "checkpoints:restore",
    "treewright.metrics": "health:metrics",
}
"""A function other than `run` is named behind a colon."""


def names() -> list[str]:
    return [*COMMANDS, *(f"treewright.{name}" for name in OPERATIONS)]


def find(name: str) -> Command | None:
    """The command, its module loaded; None when there is none of that name."""
    module = COMMANDS.get(name)
    if module is not None:
        module, _, function = module.partition(":")
        return getattr(importlib.import_module(f"{__name__}.{module}"), function or "run")
    prefix, _, operation = name.partition(".")
    if prefix == "treewright" and operation in OPERATIONS:
        from treewright_server.commands.operation import command

        return command(operation)
    return None
