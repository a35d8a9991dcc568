"""What to do about a diagnostic, as data: one row per problem, by tool, code and message.

A row names the operation that mends it and what of the message it needs. Nothing here edits:
`by_code` turns a row into an offer after the operation has planned it at the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PYTHON = ("python",)
SCRIPT = ("typescript", "tsx", "javascript")


@dataclass(frozen=True, slots=True)
class Mend:
    """One row. `codes` are compared without case; `W0101:unreachable` has both of its parts."""

    tools: tuple[str, ...]
    """Beginnings of the diagnostic's source, in lower case; empty: any."""
    codes: tuple[str, ...]
    operation: str
    title: str
    """With `{said}` for what the message names."""
    languages: tuple[str, ...] = PYTHON
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    message: str = ""
    """A regular expression whose group `said` is what the operation needs of the message. Where
    the row has no codes the message alone decides."""
    preferred: bool = False
    place: str = "span"
    """`span`: the arguments `offset`, `start` and `end`; `offset`: only the first byte; `path`:
    the file alone."""


def _rule(
    tools: tuple[str, ...],
    codes: tuple[str, ...],
    rule: str,
    title: str,
    languages: tuple[str, ...],
    *,
    message: str = "",
    preferred: bool = True,
) -> Mend:
    return Mend(tools, codes, "apply_rule", title, languages, {"rule": rule}, message, preferred)


_TYPES = ("pyright", "basedpyright", "pylance")
_LINT = ("ruff", "flake8", "pycodestyle", "pylsp")
_TS = ("ts", "typescript", "tsserver", "deno")
_ESLINT = ("eslint",)
_RUST = ("rustc", "clippy", "rust-analyzer")
_GO = ("compiler", "go", "gopls", "staticcheck", "syntax")

_PYTHON_ROWS: tuple[Mend, ...] = (
    # shapes that an operation rewrites
    Mend(("pylint", *_LINT), ("C0209", "consider-using-f-string", "UP031", "UP032"), "to_f_string", "Convert to an f-string", preferred=True),
    Mend(("pylint", *_LINT), ("R1734", "use-list-literal", "R1735", "use-dict-literal", "C408"), "convert_literal", "Write a literal", preferred=True),
    Mend(("pylint", *_LINT), ("R1705", "no-else-return", "R1720", "no-else-raise", "R1723", "no-else-break", "R1724", "no-else-continue", "RET505", "RET506", "RET507", "RET508"), "guard_clause", "Remove the else", preferred=True),
    Mend(("pylint", *_LINT), ("R5501", "else-if-used", "PLR5501", "SIM102"), "merge_ifs", "Merge the ifs", preferred=True),
    Mend(("pylint", *_LINT), ("R1260", "PERF401", "PERF403"), "loop_to_comprehension", "Convert the loop to a comprehension"),
    Mend(("pylint", "mypy", *_TYPES, "vulture"), ("W0101", "unreachable", "reportUnreachable"), "remove_dead_code", "Remove the unreachable code", place="offset", preferred=True),
    Mend(_TYPES, (), "remove_dead_code", "Remove the unreachable code", message=r"^Code is unreachable$|^Type analysis indicates code is unreachable", place="offset"),
    Mend(("pylint", *_LINT, "pydocstyle"), ("C0114", "C0115", "C0116", "missing-module-docstring", "missing-class-docstring", "missing-function-docstring", "D100", "D101", "D102", "D103", "D105", "D107"), "add_docstring", "Add a docstring", preferred=True),
    Mend(("mypy", *_LINT, *_TYPES), ("no-untyped-def", "ANN201", "ANN202", "ANN204", "ANN205", "ANN206", "reportMissingReturnType", "reportUnknownParameterType"), "add_annotations", "Annotate what its code proves", preferred=True),
    Mend(("pylint", *_LINT, *_TYPES), ("W0401", "wildcard-import", "F403", "reportWildcardImportFromLibrary"), "expand_star_import", "Import the names that are used", preferred=True),
    Mend(_TYPES, ("reportUnusedFunction", "reportUnusedClass"), "delete_symbol", "Delete it, nothing uses it", place="offset"),
    Mend((*_TYPES, "mypy"), ("reportImplicitOverride", "explicit-override"), "add_decorator", "Add @override", arguments={"decorator": "override", "module": "typing"}, place="offset", preferred=True),
    # rules
    _rule((*_TYPES, "mypy"), ("reportUnnecessaryTypeIgnoreComment", "unused-ignore"), "unused_ignore", "Remove the unused ignore comment", PYTHON, message=r"Unused \"type: ignore\[(?P<said>[\w\-, ]+)\]\"|rule: \"(?P<rule>\w+)\""),
    _rule((*_TYPES, "mypy", "pylint"), ("reportUnusedCoroutine", "unused-coroutine", "not-awaited"), "await_call", "Await it", PYTHON),
    _rule((*_TYPES, "mypy", "pylint", "ruff", "flake8", "pyflakes"), ("await-not-async", "E1142", "await-outside-async", "F704", "PLE1142"), "async_function", "Make the function async", PYTHON, preferred=False),
    _rule(_TYPES, (), "async_function", "Make the function async", PYTHON, message=r"\"await\" allowed only within async function", preferred=False),
    _rule((*_TYPES, "mypy"), ("reportUnnecessaryCast", "redundant-cast"), "redundant_cast", "Remove the cast", PYTHON),
    _rule(("pylint", *_LINT), ("W0702", "bare-except", "E722"), "bare_except", "Catch Exception", PYTHON),
    _rule(("pylint", *_TYPES, *_LINT), ("W0104", "pointless-statement", "W0106", "expression-not-assigned", "reportUnusedExpression", "B018"), "pointless_statement", "Remove the statement", PYTHON),
    _rule((*_TYPES, "pylint", "mypy"), ("reportPossiblyUnbound", "reportPossiblyUnboundVariable", "E0606", "possibly-used-before-assignment", "possibly-undefined"), "initialise", "Set it to None first", PYTHON, preferred=False),
    _rule((*_TYPES, "pylint", "mypy", *_LINT), ("reportSelfClsParameterName", "E0213", "no-self-argument", "E0211", "no-method-argument", "N805"), "add_self", "Add the parameter self", PYTHON, preferred=False),
    _rule(("pylint", "ruff"), ("R6301", "no-self-use", "PLR6301"), "add_staticmethod", "Make it a staticmethod", PYTHON, preferred=False),
    _rule((*_TYPES, "mypy", *_LINT), ("RUF013",), "optional_parameter", "Allow None in the annotation", PYTHON),
    _rule(("mypy",), (), "optional_parameter", "Allow None in the annotation", PYTHON, message=r"Incompatible default for (?:argument|parameter) .*default has type \"None\""),
    _rule(_TYPES, (), "optional_parameter", "Allow None in the annotation", PYTHON, message=r"Expression of type \"None\" (?:cannot be assigned to|is incompatible with) (?:parameter )?(?:of )?type|Type \"None\" is not assignable to (?:declared )?type"),
    _rule(("pylint", *_LINT), ("W1311", "possible-f-string-as-string", "RUF027"), "f_string_prefix", "Make it an f-string", PYTHON, preferred=False),
)  # fmt: skip

_SCRIPT_ROWS: tuple[Mend, ...] = (
    _rule(_ESLINT, ("prefer-const",), "use_const", "Use const", SCRIPT),
    _rule(_ESLINT, ("no-var",), "use_let", "Use let", SCRIPT),
    _rule((*_ESLINT, *_TS), ("no-const-assign", "2588"), "const_to_let", "Declare it with let", SCRIPT, message=r"'(?P<said>[\w$]+)' (?:because it is|is) (?:a )?constant", preferred=False),
    _rule(_ESLINT, ("eqeqeq",), "strict_equality", "Compare without conversion", SCRIPT, preferred=False),
    _rule(_ESLINT, ("semi", "@typescript-eslint/semi", "@stylistic/semi"), "insert_semicolon", "Insert the semicolon", SCRIPT),
    _rule(_TS, ("1005",), "insert_semicolon", "Insert the semicolon", SCRIPT, message=r"(?P<said>';') expected"),
    _rule(_ESLINT, ("no-extra-semi", "@typescript-eslint/no-extra-semi"), "delete_semicolon", "Delete the semicolon", SCRIPT),
    _rule(_ESLINT, ("no-debugger", "no-console"), "delete_statement", "Remove the statement", SCRIPT, preferred=False),
    _rule((*_ESLINT, *_TS), ("no-unreachable", "7027"), "delete_unreachable", "Remove the unreachable code", SCRIPT),
    _rule((*_ESLINT, *_TS), ("no-unused-vars", "@typescript-eslint/no-unused-vars", "unused-imports/no-unused-imports", "6133", "6192", "6196", "6198"), "remove_unused", "Remove what nothing uses", SCRIPT, message=r"^'(?P<said>[\w$]+)' is"),
    _rule((*_ESLINT, *_TS), ("@typescript-eslint/no-unused-vars", "no-unused-vars", "6133"), "underscore", "Mark it as unused", SCRIPT, preferred=False),
    _rule(_ESLINT, ("prefer-template",), "template_literal", "Write a template", SCRIPT),
    _rule(_ESLINT, ("dot-notation", "@typescript-eslint/dot-notation"), "dot_notation", "Write it with a dot", SCRIPT),
    _rule(_ESLINT, ("object-shorthand",), "shorthand_property", "Use the shorthand", SCRIPT),
    _rule(_ESLINT, ("no-useless-rename",), "useless_rename", "Remove the useless rename", SCRIPT),
    _rule(_ESLINT, ("@typescript-eslint/no-inferrable-types",), "drop_type", "Remove the type, its value says it", SCRIPT),
    _rule(_TS, ("1308",), "add_async", "Make the function async", SCRIPT, preferred=False),
    _rule(_ESLINT, ("@typescript-eslint/no-floating-promises",), "add_await", "Await it", SCRIPT, preferred=False),
    _rule(_ESLINT, ("quotes", "@typescript-eslint/quotes", "@stylistic/quotes"), "swap_quotes", "Use the other quotes", SCRIPT),
    _rule(_ESLINT, ("no-unneeded-ternary",), "unneeded_ternary", "Use the condition itself", SCRIPT),
    _rule(_ESLINT, ("no-extra-boolean-cast",), "boolean_cast", "Remove the cast", SCRIPT),
    _rule(_ESLINT, ("eol-last", "@stylistic/eol-last"), "end_of_file_break", "End the file with a line break", SCRIPT),
    _rule(_ESLINT, ("no-trailing-spaces", "@stylistic/no-trailing-spaces"), "trailing_spaces", "Remove the trailing spaces", SCRIPT),
)  # fmt: skip

_RUST_ROWS: tuple[Mend, ...] = (
    _rule(_RUST, ("unused_imports",), "rust_unused_import", "Remove the unused import", ("rust",)),
    _rule(_RUST, ("unused_variables", "unused_assignments"), "rust_unused_variable", "Mark it as unused", ("rust",)),
    _rule(_RUST, ("unused_mut",), "rust_unused_mut", "Remove the mut", ("rust",)),
    _rule(_RUST, ("E0384", "E0596"), "rust_add_mut", "Add the mut", ("rust",), message=r"`(?P<said>\w+)`"),
    _rule(_RUST, ("unused_parens",), "rust_unused_parens", "Remove the parentheses", ("rust",)),
    _rule(_RUST, ("needless_return", "clippy::needless_return"), "rust_needless_return", "Remove the return", ("rust",)),
    _rule(_RUST, ("unused_must_use",), "rust_unused_must_use", "Say that the result is not used", ("rust",), preferred=False),
    _rule(_RUST, ("redundant_semicolons",), "rust_redundant_semicolon", "Delete the semicolon", ("rust",)),
    _rule(_RUST, ("unreachable_code",), "rust_unreachable", "Remove the unreachable code", ("rust",)),
    Mend(_RUST, ("non_snake_case", "non_camel_case_types", "non_upper_case_globals"), "rename_symbol", "Rename to `{said}`", ("rust",), message=r"`(?P<old>\w+)` should have .*?name(?:.|\n)*?`(?P<said>\w+)`", place="rename", preferred=True),
    Mend(_RUST, ("dead_code",), "apply_rule", "Allow dead code here", ("rust",), {"rule": "rust_allow", "said": "dead_code"}),
)  # fmt: skip

_GO_ROWS: tuple[Mend, ...] = (
    _rule(_GO, ("UnusedImport",), "go_unused_import", "Remove the unused import", ("go",), message=r"\"(?P<said>[^\"]+)\" imported"),
    _rule((), (), "go_unused_import", "Remove the unused import", ("go",), message=r"\"(?P<said>[^\"]+)\" imported (?:as \w+ )?and not used"),
    _rule(_GO, ("UnusedVar",), "go_unused_variable", "Remove the unused variable", ("go",), message=r"declared and not used: (?P<said>\w+)"),
    _rule((), (), "go_unused_variable", "Remove the unused variable", ("go",), message=r"declared and not used: (?P<said>\w+)|(?P<name>\w+) declared (?:and|but) not used"),
    _rule(("unreachable",), (), "go_unreachable", "Remove the unreachable code", ("go",), message="unreachable code"),
    _rule(("printf",), (), "go_printf_verb", "Print it with %v", ("go",), message=r"format (?P<said>%[-+# 0-9.]*[a-zA-Z]) has arg", preferred=False),
    _rule(("assign",), (), "go_delete_statement", "Remove the self-assignment", ("go",), message="self-assignment"),
    _rule(_GO, ("S1023",), "go_delete_statement", "Remove the redundant statement", ("go",)),
)  # fmt: skip

MENDS: tuple[Mend, ...] = (*_PYTHON_ROWS, *_SCRIPT_ROWS, *_RUST_ROWS, *_GO_ROWS)

SAME_AS: Mapping[str, tuple[str, ...]] = {
    # pylint
    "C0121": ("E711", "E712"), "singleton-comparison": ("E711", "E712"),
    "C0303": ("W291", "W293"), "trailing-whitespace": ("W291", "W293"),
    "C0304": ("W292",), "missing-final-newline": ("W292",),
    "C0410": ("E401",), "multiple-imports": ("E401",),
    "C0411": ("I001",), "wrong-import-order": ("I001",),
    "C0412": ("I001",), "ungrouped-imports": ("I001",),
    "C0113": ("SIM201", "SIM202", "SIM208", "E713", "E714"),
    "unneeded-not": ("SIM201", "SIM202", "SIM208", "E713", "E714"),
    "C0117": ("SIM201", "SIM202", "SIM208", "E713", "E714"),
    "unnecessary-negation": ("SIM201", "SIM202", "SIM208", "E713", "E714"),
    "C0201": ("SIM118",), "consider-iterating-dictionary": ("SIM118",),
    "C0208": ("PLC0208",), "use-sequence-for-iteration": ("PLC0208",),
    "C0325": ("UP034",), "superfluous-parens": ("UP034",),
    "C0414": ("PLC0414",), "useless-import-alias": ("PLC0414",),
    "W0102": ("B006",), "dangerous-default-value": ("B006",),
    "W0107": ("PIE790",), "unnecessary-pass": ("PIE790",),
    "W0120": ("PLW0120",), "useless-else-on-loop": ("PLW0120",),
    "W0301": ("E703",), "unnecessary-semicolon": ("E703",),
    "W0404": ("F811",), "reimported": ("F811",),
    "W1309": ("F541",), "f-string-without-interpolation": ("F541",),
    "W1401": ("W605",), "anomalous-backslash-in-string": ("W605",),
    "W1510": ("PLW1510",), "subprocess-run-check": ("PLW1510",),
    "R0205": ("UP004",), "useless-object-inheritance": ("UP004",),
    "R0402": ("PLR0402",), "consider-using-from-import": ("PLR0402",),
    "R1701": ("SIM101",), "consider-merging-isinstance": ("SIM101",),
    "R1703": ("SIM103", "SIM108"), "simplifiable-if-statement": ("SIM103", "SIM108"),
    "R1711": ("PLR1711",), "useless-return": ("PLR1711",),
    "R1714": ("PLR1714",), "consider-using-in": ("PLR1714",),
    "R1715": ("SIM401",), "consider-using-get": ("SIM401",),
    "R1717": ("C402", "C404"), "consider-using-dict-comprehension": ("C402", "C404"),
    "R1718": ("C401", "C403"), "consider-using-set-comprehension": ("C401", "C403"),
    "R1719": ("SIM210", "SIM211"), "simplifiable-if-expression": ("SIM210", "SIM211"),
    "R1721": ("C416",), "unnecessary-comprehension": ("C416",),
    "R1722": ("PLR1722",), "consider-using-sys-exit": ("PLR1722",),
    "R1725": ("UP008",), "super-with-arguments": ("UP008",),
    "R1729": ("C419",), "use-a-generator": ("C419",),
    "R1730": ("PLR1730",), "consider-using-min-builtin": ("PLR1730",),
    "R1731": ("PLR1730",), "consider-using-max-builtin": ("PLR1730",),
    "R1733": ("PLR1733",), "unnecessary-dict-index-lookup": ("PLR1733",),
    "R1736": ("PLR1736",), "unnecessary-list-index-lookup": ("PLR1736",),
    # pyright
    "reportDeprecated": ("UP006", "UP007", "UP035", "UP045"),
    "reportInvalidStringEscapeSequence": ("W605",),
    "reportUnsupportedDunderAll": ("F822",),
    "reportAssertAlwaysTrue": ("F631",),
}  # fmt: skip
"""Codes of other tools -> the rules of ruff that find the same and fix it."""
