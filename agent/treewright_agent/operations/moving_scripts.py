"""JavaScript and TypeScript files that move: the paths of their imports, and to them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from treewright_agent.changes import ChangeBuilder
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.model import FileFacts, Import
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

_SCRIPT_SUFFIXES = (".d.ts", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")


def follow_scripts(
    snapshot: Snapshot, moves: Mapping[str, str], token: CancelToken, build: ChangeBuilder
) -> None:
    """`import … from "./a"`: the relative path or the alias of a project, spelled as it was."""
    if not any(path.endswith(_SCRIPT_SUFFIXES) for path in moves):
        return
    finder = ModuleFinder(snapshot)
    for path in snapshot.files():
        language = snapshot.language(path)
        if language is None or language.modules != "path":
            continue
        token.check()
        try:
            facts = snapshot.facts(path)
        except TreewrightError:
            continue
        for item in _statements(facts):
            target = finder.find(path, item.module, item.level)
            if target is None or not (path in moves or target in moves):
                continue
            spelled = None
            if not item.module.startswith("."):  # an alias is the same wherever it is written
                if target not in moves or not finder.scripts.is_alias(path, item.module):
                    continue
                spelled = finder.scripts.respelled(path, item.module, moves[target])
            spelled = spelled or _relative_module(
                moves.get(path, path), moves.get(target, target), item.module, target
            )
            place = _module_token(snapshot.text(path), item)
            if place is not None and spelled != item.module:
                build.file(path).replace(place, spelled)


def _statements(facts: FileFacts) -> Iterator[Import]:
    seen: set[tuple[int, str]] = set()
    for item in facts.imports:
        key = (item.start, item.module)
        if item.module and key not in seen:
            seen.add(key)
            yield item


def _module_token(text: SourceText, item: Import) -> Span | None:
    """The text between the quotes."""
    quoted = re.compile(rb"([\"'`])" + re.escape(item.module.encode()) + rb"\1")
    match = quoted.search(text.data, item.start, item.end)
    return Span(match.start() + 1, match.end() - 1) if match is not None else None


def _relative_module(importer: str, target: str, spelled: str, old_target: str) -> str:
    relative = os.path.relpath(target, os.path.dirname(importer)).replace(os.sep, "/")
    if not relative.startswith("."):
        relative = f"./{relative}"
    suffix = next((s for s in _SCRIPT_SUFFIXES if relative.endswith(s)), "")
    written = next((s for s in _SCRIPT_SUFFIXES if spelled.endswith(s)), "")
    stem = relative.removesuffix(suffix)
    if written:
        return stem + written if not old_target.endswith(written) else relative
    if stem.endswith("/index") and not spelled.endswith("/index"):
        stem = stem.removesuffix("/index")
    return stem
