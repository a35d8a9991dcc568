"""Facts as text, one line each, for expectations that people can read."""

from __future__ import annotations

from treewright_indexer.model import FileFacts, Flag
from treewright_indexer.text import SourceText


def shown(facts: FileFacts, text: SourceText) -> str:
    """Symbols, imports, scopes with bindings, and per line every reference with its role."""
    lines = ["# symbols"]
    for index, symbol in enumerate(facts.symbols):
        line = text.line_of(symbol.name_start) + 1
        parts = [f"{line} {symbol.kind} {facts.qualified_name(index)}: {symbol.signature}"]
        parts += [f"< {base}" for base in symbol.bases]
        parts += [f"@{decorator}" for decorator in symbol.decorators]
        parts += [flag.name or "" for flag in Flag if symbol.flags & flag]
        parts += [f"-- {symbol.doc!r}"] if symbol.doc else []
        lines.append(" | ".join(parts))
    lines.append("# imports")
    for item in facts.imports:
        mark = " re-exported" if item.reexport else ""
        level = f" level {item.level}" if item.level else ""
        lines.append(f"{item.module or '-'} {item.name or '-'} as {item.alias or '-'}{level}{mark}")
    lines.append("# scopes")
    for scope in facts.scopes:
        first, last = text.line_of(scope.start) + 1, text.line_of(scope.end) + 1
        bindings = " ".join(f"{name}:{kind}" for name, (_, kind) in scope.bindings.items())
        lines.append(f"{first}-{last} {scope.kind} {bindings}".rstrip())
    lines.append("# references")
    uses = [(use, name) for name in facts.postings for use in facts.references(name)]
    by_line: dict[int, list[str]] = {}
    for use, name in sorted(uses, key=lambda pair: pair[0].start):
        dot = "." if use.attribute else ""
        by_line.setdefault(text.line_of(use.start) + 1, []).append(
            f"{dot}{name}:{use.role.name.lower()}"
        )
    lines += [f"{line} {' '.join(found)}" for line, found in by_line.items()]
    if facts.n_errors:
        lines.append(f"# errors {facts.n_errors}")
    return "\n".join(lines) + "\n"
