"""Suppress: tell the tool that reported a problem to pass over it on this line.

    x = lambda: 1$0
    ->
    x = lambda: 1  # noqa: E731

Offered last: mending comes first. Each tool has its own comment, and a comment for it that is on
the line already gets the code as well.
"""

from __future__ import annotations

import re

from treewright_agent.calls import Call
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_indexer.text import SourceText

_RUFF = re.compile(r"[A-Z]{1,4}[0-9]{2,4}$")
_BEHIND = (
    # sources, pattern of the code, comment, what a comment of it looks like
    (("ruff", "flake8", "pycodestyle", "pyflakes", "pydocstyle"), _RUFF, "# noqa: {code}", r"#\s*noqa:\s*(?P<codes>[A-Z0-9, ]+)"),
    (("mypy",), re.compile(r"[a-z][a-z-]+$"), "# type: ignore[{code}]", r"#\s*type:\s*ignore\[(?P<codes>[^\]]+)"),
    (("pyright", "basedpyright", "pylance"), re.compile(r"report\w+$"), "# pyright: ignore[{code}]", r"#\s*pyright:\s*ignore\[(?P<codes>[^\]]+)"),
    (("pylint",), re.compile(r"[\w-]+$"), "# pylint: disable={code}", r"#\s*pylint:\s*disable=(?P<codes>[\w, -]+)"),
)  # fmt: skip
_ABOVE = (
    (("eslint",), ("typescript", "tsx", "javascript"), "// eslint-disable-next-line {code}"),
    (("ts", "typescript", "tsserver"), ("typescript", "tsx"), "// @ts-expect-error {code}"),
    (("staticcheck", "golangci", "revive"), ("go",), "//nolint:{source} // {code}"),
)


def _offer(ctx: RecipeContext) -> list[Offer]:
    language = ctx.snapshot.language(ctx.path)
    if language is None:
        return []
    text = ctx.snapshot.text(ctx.path)
    found: list[Offer] = []
    for diagnostic in ctx.diagnostics:
        if not diagnostic.code or diagnostic.span.start > len(text.data):
            continue
        offer = (
            _behind(ctx, text, diagnostic)
            if language.id == "python"
            else _above(ctx, text, diagnostic, language.id)
        )
        if offer is not None:
            found.append(offer)
    return found


def _behind(ctx: RecipeContext, text: SourceText, diagnostic: Diagnostic) -> Offer | None:
    source = diagnostic.source.lower()
    code = diagnostic.code.rpartition(":")[2] or diagnostic.code
    for sources, pattern, comment, known in _BEHIND:
        if not source.startswith(sources) or not pattern.match(code):
            continue
        node = ctx.snapshot.tree(ctx.path).root_node.descendant_for_byte_range(
            diagnostic.span.start, diagnostic.span.start
        )
        offset = diagnostic.span.start
        while node is not None and node.type in ("string", "string_content", "string_start"):
            offset = node.end_byte  # a comment cannot stand inside a string
            node = node.parent
        start, end = text.line_span(text.line_of(offset))
        line = text.data[start:end].decode("utf-8", "replace")
        if line.endswith("\\"):
            return None
        match = re.search(known, line)
        if match is not None:
            codes = [c.strip() for c in match["codes"].split(",")]
            if code in codes:
                return None
            at = start + len(line[: match.end("codes")].rstrip().encode())
            call = Call(
                "replace_text", {"path": ctx.path, "start": at, "end": at, "new": f", {code}"}
            )
        else:
            at = start + len(line.rstrip().encode())
            new = "  " + comment.format(code=code)
            call = Call("replace_text", {"path": ctx.path, "start": at, "end": end, "new": new})
        return Offer(f"Pass over {code} on this line", "quickfix", (call,), diagnostic)
    return None


def _above(
    ctx: RecipeContext, text: SourceText, diagnostic: Diagnostic, language: str
) -> Offer | None:
    source = diagnostic.source.lower()
    for sources, languages, comment in _ABOVE:
        if not source.startswith(sources) or language not in languages:
            continue
        start, end = text.line_span(text.line_of(diagnostic.span.start))
        line = text.data[start:end].decode("utf-8", "replace")
        indent = line[: len(line) - len(line.lstrip())]
        shown = f"{diagnostic.code}" if "ts-expect" not in comment else f"TS{diagnostic.code}"
        said = comment.format(code=shown, source=source)
        call = Call(
            "replace_text",
            {"path": ctx.path, "start": start, "end": start, "new": f"{indent}{said}\n"},
        )
        return Offer(f"Pass over {diagnostic.code} on this line", "quickfix", (call,), diagnostic)
    return None


SUPPRESS = Recipe(id="suppress", title="Pass over a problem", offer=_offer)
