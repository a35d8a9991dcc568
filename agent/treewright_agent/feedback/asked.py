"""A task that asks for the user's own rules, done as the recipe rung does everything: no model.

    apply my rules
    apply the learned rules in shop/cart.py
    apply rule 3f2a
    apply Replace os.path.join($A, $B) with $A / $B

The rules are those that a person approved. Where none of them matches, nothing is changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from treewright_agent.calls import Call
from treewright_agent.draft import Draft
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot

if TYPE_CHECKING:
    from treewright_agent.feedback.rules import Rule

_APPLY = re.compile(
    r"(?:please\s+)?(?:apply|use|run)\s+(?P<what>.+?)"
    r"(?:\s+(?:in|to|on|across)\s+(?P<place>[^\s`]+?|`[^`]+`|the\s+(?:whole\s+)?(?:workspace|project)))?\s*[.!]*",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"(?:all\s+)?(?:(?:of\s+)?(?:my|our|the)\s+)?(?:own\s+|learned\s+|mined\s+|approved\s+)*rules"
    r"(?:\s+(?:that\s+(?:you|were)\s+)?(?:learned|mined)(?:\s+from\s+(?:me|my\s+edits))?)?",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"(?:the\s+)?(?:learned\s+)?rule\s+[`\"]?(?P<id>[0-9a-f]{4,64})[`\"]?", re.IGNORECASE
)


def asked_rules(instruction: str, rules: Sequence[Rule]) -> tuple[list[Rule], str] | None:
    """(rules, file or folder, "" for everything) that the instruction asks for, else None."""
    text = " ".join(instruction.split())
    for rule in rules:  # a title holds code, in which anything may stand
        if text.casefold().removeprefix("apply ").rstrip(".") == rule.title.casefold():
            return [rule], ""
    found = _APPLY.fullmatch(text)
    if found is None:
        return None
    what, place = found["what"], (found["place"] or "").strip("`")
    if place.lower().startswith("the "):
        place = ""
    if _ALL.fullmatch(what):
        return list(rules), place
    one = _ONE.fullmatch(what)
    if one is None:
        return None
    chosen = [rule for rule in rules if rule.id.startswith(one["id"].lower())]
    return (chosen, place) if len(chosen) == 1 else None


def plan_rules(
    rules: Sequence[Rule], place: str, snapshot: Snapshot, root: str, token: CancelToken
) -> tuple[Draft, str, tuple[str, ...]]:
    """(draft, title, notes): each rule over `place`, on what the one before it left.

    Raises RefusedError for a place outside the workspace or one that is not there.
    """
    from treewright_agent.tools.operating import plan

    path = snapshot.require_inside(os.path.join(root, place)) if place else ""
    if path and not snapshot.exists(path) and not os.path.isdir(path):
        raise RefusedError(f"no such file or folder: {place}")
    draft, titles, idle = Draft(snapshot), list[str](), list[str]()
    for rule in rules:
        token.check()
        arguments = {"pattern": rule.pattern, "rewrite": rule.rewrite, "language": rule.language}
        call = Call("replace_pattern", {**arguments, "path": path} if path else arguments)
        try:
            change = plan(call, draft.snapshot, root, token)
        except RefusedError as error:  # it matches nowhere
            idle.append(f"{rule.title}: {error}")
            continue
        draft = draft.done(call, change)
        titles.append(rule.title)
    title = titles[0] if len(titles) == 1 else f"{len(titles)} rules learned from your edits"
    return draft, title, tuple(idle)


def told(rules: Sequence[Rule]) -> str:
    """For a model: what this user does by habit."""
    if not rules:
        return ""
    lines = [
        f"- {rule.language}: `{_line(rule.pattern)}` -> `{_line(rule.rewrite)}`" for rule in rules
    ]
    return "Rules that this user approved; write new code so:\n" + "\n".join(lines[:20])


def _line(code: str) -> str:
    return " ".join(code.split())[:200]
