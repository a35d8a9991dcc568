"""By code: what an operation does about a diagnostic that some tool reported.

    let$0 x = 1
    ->
    const x = 1

The rows are data, see `codes`. An operation is planned at the place before it is offered: the
code may have changed since the tool looked.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.recipes.codes import MENDS, Mend
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_agent.recipes.places import identifier_at
from treewright_agent.recipes.wordings import codes_of
from treewright_indexer.errors import CancelledError, TreewrightError

_SUGGESTED = re.compile(
    r"(?:[Dd]id you mean|[Mm]aybe|similar name exists(?: in scope)?)(?: to use)?:?\s*"
    r"(?:the \w+ )?[`'\"“](?P<said>[A-Za-z_$][\w$]*)[`'\"”]"
)
_NAMED = re.compile(
    r"(?:[Cc]annot find (?:name|value|function|type)?|[Pp]roperty|[Nn]ame|attribute|argument|member|variant|function|value|type|no field|identifier)\s+"
    r"[`'\"“](?P<name>[A-Za-z_$][\w$]*)[`'\"”]"
)


def _offer(ctx: RecipeContext) -> list[Offer]:
    language = ctx.snapshot.language(ctx.path)
    if language is None:
        return []
    found: list[Offer] = []
    for diagnostic in ctx.diagnostics:
        ctx.token.check()
        for row in _rows(language.id):
            said = _matched(row, diagnostic)
            if said is None:
                continue
            offer = _offered(ctx, row, diagnostic, said)
            if offer is not None and not any(o.calls == offer.calls for o in found):
                found.append(offer)
        found += _suggested(ctx, diagnostic)
    return found


@lru_cache(maxsize=32)
def _rows(language: str) -> tuple[Mend, ...]:
    return tuple(row for row in MENDS if language in row.languages)


def _matched(row: Mend, diagnostic: Diagnostic) -> str | None:
    """What the message says to the row; None when the row is about another problem."""
    source = diagnostic.source.lower()
    if row.tools and source and not source.startswith(row.tools):
        return None
    if row.codes:
        codes = codes_of(diagnostic.code, diagnostic.message)
        if not any(code.lower() in codes for code in row.codes):
            return None
    if not row.message:
        return ""
    match = re.search(row.message, diagnostic.message, re.MULTILINE)
    if match is None:
        return (
            ""
            if row.codes
            and row.operation == "apply_rule"
            and "said" in row.message
            and not _strict(row)
            else None
        )
    groups = match.groupdict()
    return groups.get("said") or next((value for value in groups.values() if value), "")


def _strict(row: Mend) -> bool:
    """Whether one code stands for many messages, of which the row means one."""
    return "1005" in row.codes


def _offered(ctx: RecipeContext, row: Mend, diagnostic: Diagnostic, said: str) -> Offer | None:
    from treewright_agent.operations import run

    start, end = diagnostic.span
    arguments: dict[str, Any] = {"path": ctx.path, **row.arguments}
    if row.place == "span":
        arguments |= {"start": start, "end": end}
    elif row.place == "offset":
        arguments["offset"] = start
    elif row.place == "rename":
        span = identifier_at(ctx.snapshot.text(ctx.path), diagnostic, "")
        if span is None:
            return None
        arguments |= {"offset": span.start, "new_name": said}
    if row.operation == "apply_rule" and said:
        arguments["said"] = said
    try:
        change = run(row.operation, arguments, ctx.snapshot, ctx.token)
    except CancelledError:
        raise
    except TreewrightError:
        return None
    if change.is_empty:
        return None
    certain = row.preferred and not any(e.doubt for f in change.files for e in f.edits)
    call = Call(row.operation, arguments)
    return Offer(row.title.format(said=said), "quickfix", (call,), diagnostic, certain)


def _suggested(ctx: RecipeContext, diagnostic: Diagnostic) -> list[Offer]:
    """`did you mean 'b'?`: the tool itself names what should stand there."""
    match = _SUGGESTED.search(diagnostic.message)
    if match is None:
        return []
    text = ctx.snapshot.text(ctx.path)
    said = match["said"]
    named = _NAMED.search(diagnostic.message)
    for name in (named["name"] if named else "", ""):
        span = identifier_at(text, diagnostic, name)
        if span is not None and text.slice(span) != said:
            call = Call(
                "replace_text",
                {"path": ctx.path, "start": span.start, "end": span.end, "new": said},
            )
            return [Offer(f"Change to `{said}`", "quickfix", (call,), diagnostic, True)]
    return []


BY_CODE = Recipe(id="by_code", title="Mend what a tool reports", offer=_offer)
