"""The table of operations, and how one is run by its name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from treewright_agent.calls import canonical_json
from treewright_agent.changes import SourceChange
from treewright_agent.operations.add_annotations import ADD_ANNOTATIONS
from treewright_agent.operations.add_decorator import ADD_DECORATOR
from treewright_agent.operations.add_docstring import ADD_DOCSTRING
from treewright_agent.operations.add_import import ADD_IMPORT
from treewright_agent.operations.addressing import addressed
from treewright_agent.operations.apply_patch import APPLY_PATCH
from treewright_agent.operations.apply_rule import APPLY_RULE
from treewright_agent.operations.change_signature import CHANGE_SIGNATURE
from treewright_agent.operations.comprehensions import COMPREHENSION_TO_LOOP, LOOP_TO_COMPREHENSION
from treewright_agent.operations.conditions import GUARD_CLAUSE, INVERT_IF, MERGE_IFS, SPLIT_IF
from treewright_agent.operations.convert_async import CONVERT_ASYNC
from treewright_agent.operations.convert_literal import CONVERT_LITERAL
from treewright_agent.operations.dataclass_shapes import FROM_DATACLASS, TO_DATACLASS
from treewright_agent.operations.edit_file_ast import EDIT_FILE_AST
from treewright_agent.operations.expand_star_import import EXPAND_STAR_IMPORT
from treewright_agent.operations.extract_class import EXTRACT_PROTOCOL, EXTRACT_SUPERCLASS
from treewright_agent.operations.extract_function import EXTRACT_FUNCTION
from treewright_agent.operations.extract_variable import EXTRACT_VARIABLE
from treewright_agent.operations.fix_lint import FIX_LINT
from treewright_agent.operations.fix_lint_everywhere import FIX_LINT_EVERYWHERE
from treewright_agent.operations.generate_methods import GENERATE_METHODS
from treewright_agent.operations.generate_test import GENERATE_TEST
from treewright_agent.operations.guard import guarded
from treewright_agent.operations.if_to_match import IF_TO_MATCH
from treewright_agent.operations.import_style import CONVERT_IMPORT, LOCAL_IMPORT
from treewright_agent.operations.inline_function import INLINE_FUNCTION
from treewright_agent.operations.inline_variable import INLINE_VARIABLE
from treewright_agent.operations.model import (
    Operation,
    checked,
)
from treewright_agent.operations.module_to_package import MODULE_TO_PACKAGE
from treewright_agent.operations.move_file import MOVE_FILE
from treewright_agent.operations.move_symbol import MOVE_SYMBOL
from treewright_agent.operations.organize_imports import ORGANIZE_IMPORTS
from treewright_agent.operations.parameters import (
    INLINE_PARAMETER,
    INTRODUCE_PARAMETER,
    INTRODUCE_PARAMETER_OBJECT,
)
from treewright_agent.operations.removal import DELETE_SYMBOL, REMOVE_DEAD_CODE, REMOVE_DECORATOR
from treewright_agent.operations.remove_flag import REMOVE_FLAG
from treewright_agent.operations.remove_import import REMOVE_IMPORT
from treewright_agent.operations.remove_unused_imports import REMOVE_UNUSED_IMPORTS
from treewright_agent.operations.remove_variable import REMOVE_VARIABLE
from treewright_agent.operations.rename_module import RENAME_MODULE
from treewright_agent.operations.rename_symbol import RENAME_SYMBOL
from treewright_agent.operations.replace_import import REPLACE_IMPORT
from treewright_agent.operations.replace_library import REPLACE_LIBRARY
from treewright_agent.operations.replace_pattern import REPLACE_PATTERN
from treewright_agent.operations.replace_text import REPLACE_TEXT
from treewright_agent.operations.rewrite_script import REWRITE_SCRIPT
from treewright_agent.operations.to_f_string import TO_F_STRING
from treewright_agent.operations.wrap_in import WRAP_IN
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.snapshot import Snapshot

__all__ = ["OPERATIONS", "operation_named", "run"]

OPERATIONS: tuple[Operation[Any], ...] = (
    EXTRACT_VARIABLE,
    EXTRACT_FUNCTION,
    INLINE_VARIABLE,
    INLINE_FUNCTION,
    CHANGE_SIGNATURE,
    REPLACE_PATTERN,
    FIX_LINT,
    REPLACE_TEXT,
    APPLY_PATCH,
    ADD_IMPORT,
    REMOVE_IMPORT,
    REMOVE_VARIABLE,
    RENAME_SYMBOL,
    MOVE_FILE,
    RENAME_MODULE,
    ORGANIZE_IMPORTS,
    REMOVE_UNUSED_IMPORTS,
    MOVE_SYMBOL,
    ADD_DECORATOR,
    EDIT_FILE_AST,
    INVERT_IF,
    GUARD_CLAUSE,
    MERGE_IFS,
    SPLIT_IF,
    WRAP_IN,
    TO_F_STRING,
    CONVERT_LITERAL,
    LOOP_TO_COMPREHENSION,
    COMPREHENSION_TO_LOOP,
    IF_TO_MATCH,
    REMOVE_DEAD_CODE,
    REMOVE_DECORATOR,
    DELETE_SYMBOL,
    REPLACE_IMPORT,
    REPLACE_LIBRARY,
    REMOVE_FLAG,
    APPLY_RULE,
    FIX_LINT_EVERYWHERE,
    EXPAND_STAR_IMPORT,
    ADD_DOCSTRING,
    ADD_ANNOTATIONS,
    CONVERT_IMPORT,
    LOCAL_IMPORT,
    MODULE_TO_PACKAGE,
    CONVERT_ASYNC,
    INTRODUCE_PARAMETER,
    INLINE_PARAMETER,
    INTRODUCE_PARAMETER_OBJECT,
    GENERATE_METHODS,
    TO_DATACLASS,
    FROM_DATACLASS,
    EXTRACT_SUPERCLASS,
    EXTRACT_PROTOCOL,
    GENERATE_TEST,
    REWRITE_SCRIPT,
)


def operation_named(name: str) -> Operation[Any]:
    """Raises ArgumentsError that names the nearest one."""
    from difflib import get_close_matches

    for operation in OPERATIONS:
        if operation.name == name:
            return operation
    near = get_close_matches(name, [operation.name for operation in OPERATIONS], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ArgumentsError(f"no such operation: {name}{hint}")


def run(
    name: str, arguments: Mapping[str, Any], snapshot: Snapshot, token: CancelToken
) -> SourceChange:
    """The change that the operation plans on the snapshot; nothing is touched.

    Raises ArgumentsError, RefusedError (ConflictError among them), StaleSnapshotError,
    CancelledError, and the errors of reading files.
    """
    operation = operation_named(name)
    token.check()
    given = addressed(name, arguments, operation.arguments.__struct_fields__, snapshot, token)
    change = guarded(snapshot, operation.plan(snapshot, checked(operation, given), token))
    said = hashlib.blake2b(canonical_json(dict(arguments)).encode(), digest_size=4).hexdigest()
    return change.labelled(f"{name}:{said}")
