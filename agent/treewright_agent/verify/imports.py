"""Do the imports of the workspace still find what they name?

A name that a changed module offers no longer, and a module that moved or is gone, are looked
for in every import of the workspace as it would be after the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from treewright_agent.changes import SourceChange
from treewright_agent.verify.names import lost_at_top, renames_only
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder, module_name
from treewright_indexer.languages import language_for_path
from treewright_indexer.model import FileFacts, Import
from treewright_indexer.snapshot import Overlay, Snapshot
from treewright_indexer.text import SourceText

_MAX_FOUND = 20


def snapshot_after(
    snapshot: Snapshot, texts: Mapping[str, SourceText | None], moved: Mapping[str, str]
) -> Snapshot:
    """The workspace with `texts` in place; `moved` gives old paths of new ones."""
    overlays = dict(snapshot.overlays)
    removed = set(snapshot.removed)
    for path, text in texts.items():
        if text is None:
            overlays.pop(path, None)
            removed.add(path)
            continue
        removed.discard(path)
        origin = moved.get(path, path)
        language = snapshot.language(origin) or language_for_path(path)
        overlays[path] = Overlay(path, language, text, 0)
    return Snapshot(snapshot.revision, snapshot.folders, overlays, frozenset(removed))


def broken_imports(
    snapshot: Snapshot,
    change: SourceChange,
    texts: Mapping[str, SourceText | None],
    token: CancelToken,
) -> list[tuple[str, int, str]]:
    """(path, offset in the text after, what is missing) of imports that the change breaks."""
    lost: dict[str, set[str]] = {}
    for module, names in _lost(snapshot, change, texts):
        for name in names:
            lost.setdefault(name, set()).add(module)
    gone = [path for path, text in texts.items() if text is None]
    if not lost and not gone:
        return []
    look = _Look(snapshot, change, texts)
    found: list[tuple[str, int, str]] = []
    for name in sorted(lost):
        found += look.for_name(name, lost[name], token)
    for path in sorted(gone):
        found += look.for_module(path, token)
    return found[:_MAX_FOUND]


def _lost(
    snapshot: Snapshot, change: SourceChange, texts: Mapping[str, SourceText | None]
) -> Iterator[tuple[str, set[str]]]:
    """(module, names it offers no longer) of each changed Python file that stays."""
    for file in change.files:
        language = snapshot.language(file.path)
        text = texts.get(file.path)
        if language is None or language.id != "python" or text is None:
            continue
        try:
            if renames_only(snapshot.text(file.path), file):
                lost = lost_at_top(snapshot, file)
            else:
                before = snapshot.facts(file.path)
                now = Overlay(file.path, language, text, 0).facts()
                lost = before.scopes[0].bindings.keys() - now.scopes[0].bindings.keys()
        except TreewrightError:
            continue
        if lost:
            yield file.path, set(lost)


class _Look:
    """Looks imports up in the workspace after the change."""

    def __init__(
        self, snapshot: Snapshot, change: SourceChange, texts: Mapping[str, SourceText | None]
    ) -> None:
        moved = {rename.new: rename.old for rename in change.renames}
        self.before = snapshot
        self.after = snapshot_after(snapshot, texts, moved)
        self.texts = texts
        self.old_modules = ModuleFinder(snapshot)
        files = change.creates or change.renames or change.deletes
        self.modules = ModuleFinder(self.after) if files else self.old_modules
        self.edited: dict[str, set[int]] = {}
        """Offsets of the new names, in files where only names change."""
        for file in change.files:
            if file.path in texts and renames_only(snapshot.text(file.path), file):
                self.edited[file.path] = {edit.span[0] for edit in file.edits}

    def for_name(
        self, name: str, modules: set[str], token: CancelToken
    ) -> Iterator[tuple[str, int, str]]:
        """Imports of `name` from one of the modules, which have it no longer."""
        left = {m for m in modules if self.modules.submodule(m, name) is None and not self._star(m)}
        for path, _ in self.before.uses(name) if left else ():
            token.check()
            for start, module in self._importing(path, name, left):
                shown = self.after.display_path(module)
                yield path, start, f"`{name}`, which {shown} has no longer"

    def _importing(self, path: str, name: str, modules: set[str]) -> Iterator[tuple[int, str]]:
        """(offset, module) of each import of the name from one of the modules, after the
        change."""
        edited = self.edited.get(path, set())
        facts = self._facts(path, as_before=True)
        imports = [item for item in facts.imports if item.name == name] if facts is not None else []
        if any(item.start <= place < item.end for item in imports for place in edited):
            facts = self._facts(path)  # its module may be another one now
            imports = [i for i in facts.imports if i.name == name] if facts is not None else []
        for item in imports:
            module = self.modules.find(path, item.module, item.level)
            if module is not None and module in modules:
                yield item.name_start, module

    def for_module(self, gone: str, token: CancelToken) -> Iterator[tuple[str, int, str]]:
        """Imports of a module whose file is gone or elsewhere now."""
        dotted = module_name(self.before, gone)
        if not dotted:
            return
        for path, _ in self.before.uses(dotted.rpartition(".")[2]):
            token.check()
            facts = self._facts(path)
            for item in facts.imports if facts is not None else ():
                find = self.old_modules.find
                if item.module and find(path, item.module, item.level) == gone:
                    if self.modules.find(path, item.module, item.level) is None:
                        yield path, item.start, f"the module `{item.module}`, which is gone"
                    continue
                inner = f"{item.module}.{item.name}" if item.module else item.name
                if (
                    item.name
                    and find(path, inner, item.level) == gone
                    and not self._found(path, item)
                ):
                    yield path, item.name_start, f"the module `{item.name}`, which is gone"

    def _found(self, path: str, item: Import) -> bool:
        inner = f"{item.module}.{item.name}" if item.module else item.name
        if self.modules.find(path, inner, item.level) is not None:
            return True
        package = self.modules.find(path, item.module, item.level)
        facts = self._facts(package) if package is not None else None
        return facts is not None and item.name in facts.scopes[0].bindings

    def _star(self, module: str) -> bool:
        facts = self._facts(module)
        return facts is not None and any(item.name == "*" for item in facts.imports)

    def _facts(self, path: str, *, as_before: bool = False) -> FileFacts | None:
        """After the change; before it, if wanted, where only names change."""
        unchanged = path not in self.texts or (as_before and path in self.edited)
        snapshot = self.before if unchanged else self.after
        try:
            language = snapshot.language(path)
            python = language is not None and language.id == "python"
            return snapshot.facts(path) if python else None
        except TreewrightError:
            return None
