"""Apply rule: do what one named rule does about a diagnostic, at its place.

Rules cover what the tools of Python, JavaScript, TypeScript, Rust and Go report and do not fix
themselves: an unused import, a `let` that is never assigned, a `mut` too many. Each looks at the
tree and refuses where the code no longer says what the diagnostic said.

    try:
        f()
    except$0:
        g()
    -> {"rule": "bare_except"}
    try:
        f()
    except Exception:
        g()
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.model import Operation
from treewright_agent.operations.rules import Rule, Site
from treewright_agent.operations.shapes import Place, span_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError, UnsupportedLanguageError
from treewright_indexer.snapshot import Snapshot

_SCRIPT = frozenset({"javascript", "typescript", "tsx", "javascriptreact", "typescriptreact"})


class ApplyRule(Place, frozen=True, kw_only=True):
    rule: Annotated[str, msgspec.Meta(description="The rule's name, as `use_const`.")]
    said: Annotated[
        str, msgspec.Meta(description="What the message names: a symbol, a code, a verb.")
    ] = ""


def rules_of(language: str) -> dict[str, Rule]:
    """The rules for a language, loaded when they are first needed."""
    if language == "python":
        from treewright_agent.operations.rules.python import PYTHON_RULES

        return PYTHON_RULES
    if language in _SCRIPT:
        from treewright_agent.operations.rules.script import SCRIPT_RULES

        return SCRIPT_RULES
    if language in ("rust", "go"):
        from treewright_agent.operations.rules.systems import SYSTEM_RULES

        return {n: r for n, r in SYSTEM_RULES.items() if n.startswith(language)}
    return {}


def _plan(snapshot: Snapshot, arguments: ApplyRule, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    language = snapshot.language(path)
    if language is None:
        raise UnsupportedLanguageError(path)
    rules = rules_of(language.id)
    rule = rules.get(arguments.rule)
    if rule is None:
        near = get_close_matches(arguments.rule, rules, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ArgumentsError(f"rule: no rule {arguments.rule!r} for {language.id}{hint}")
    build = ChangeBuilder(snapshot)
    site = Site(snapshot, path, span_of(snapshot, path, arguments), arguments.said, build)
    rule(site)
    change = build.build()
    if change.is_empty:
        raise RefusedError("there is nothing to change")
    return change


APPLY_RULE = Operation(
    name="apply_rule",
    title="Apply rule",
    arguments=ApplyRule,
    plan=_plan,
    document=__doc__ or "",
    kind="quickfix",
    behaviour="changed",
)
