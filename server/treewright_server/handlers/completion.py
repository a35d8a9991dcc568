"""textDocument/completion: names that may stand at the cursor.

What costs time is left to `completion_resolve`: documentation, and the import that a name needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper
from treewright_server.foreign import Asking
from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_indexer.ide.completion import Item
    from treewright_indexer.semantics.answers import Suggestion
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

KINDS: Final[dict[str, int]] = {
    "method": 2, "function": 3, "constructor": 4, "field": 5, "variable": 6, "class": 7,
    "interface": 8, "trait": 8, "module": 9, "namespace": 9, "package": 9, "property": 10,
    "enum": 13, "keyword": 14, "enum_member": 20, "constant": 21, "struct": 22, "type": 7,
    "parameter": 6, "local": 6, "builtin": 3, "macro": 3, "key": 10, "heading": 18,
}  # fmt: skip
"""LSP's CompletionItemKind of each of ours."""


FOREIGN: Final[dict[str, int]] = {
    "module": 9, "class": 7, "instance": 6, "function": 3, "param": 6, "path": 17, "keyword": 14,
    "property": 10, "statement": 6, "namespace": 9, "method": 2,
}  # fmt: skip
"""The same of the kinds that a provider of semantics names."""


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    from treewright_indexer.ide.arguments import not_given
    from treewright_indexer.ide.completion import complete, fits_best_first, keyword_arguments

    path = path_of(params)
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    offset = mapper.offset(params.get("position"))
    # A name that must be imported needs an editor that takes the import on resolve.
    imports = "additionalTextEdits" in ls.session.client.resolved_completion
    recent = ls.session.warm.recent
    found = complete(snapshot, path, offset, token, imports=imports, recent=recent)
    range_ = mapper.range(found.span)
    items = [_item(ls, path, item, number, range_) for number, item in enumerate(found.items)]
    indexing = imports and snapshot.unread() != 0  # names to import are those that are indexed
    incomplete = found.incomplete or indexing
    asking = Asking(ls, snapshot, path, token)
    if found.unknown:
        others = asking.complete(offset, known=bool(items))
        known = {item.label for item in found.items}
        prefix = mapper.text.slice(found.span)
        fitting = fits_best_first(
            [each for each in others or () if each.label not in known], prefix, _label
        )
        first = len(items)
        items += [_of_foreign(other, first + n, range_) for n, other in enumerate(fitting)]
        incomplete = incomplete or others is None or not items
    elif found.call is not None:  # of a function outside the workspace
        shown = asking.signatures(offset)
        prefix = mapper.text.slice(found.span)
        named = keyword_arguments(not_given(shown, found.call), prefix)
        items = [_item(ls, path, item, number, range_) for number, item in enumerate(named)] + [
            {**item, "sortText": f"{number + len(named):04}"} for number, item in enumerate(items)
        ]
    if not found.unknown:
        asking.wake(offset)
    return {"isIncomplete": incomplete, "items": items}


def _label(item: Suggestion) -> str:
    return item.label


def _of_foreign(item: Suggestion, number: int, range_: dict[str, Any]) -> dict[str, Any]:
    """Providers put names with underscores last, as we do."""
    made: dict[str, Any] = {
        "label": item.label,
        "kind": FOREIGN.get(item.kind, 1),
        "sortText": f"{number:04}",
        "textEdit": {"range": range_, "newText": item.label},
    }
    if item.detail:
        made["detail"] = item.detail
    return made


def _item(
    ls: TreewrightServer, home: str, item: Item, number: int, range_: dict[str, Any]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "label": item.label,
        "kind": KINDS.get(item.kind, 1),
        "sortText": f"{number:04}",
        "textEdit": {"range": range_, "newText": item.label},
    }
    if item.label.endswith("="):
        made["filterText"] = item.label[:-1]
    if item.module:
        if ls.session.client.label_details:
            made["labelDetails"] = {"description": item.module}
        else:
            made["detail"] = item.module
    elif item.detail:
        made["detail"] = item.detail
    if item.offset >= 0:
        made["data"] = {"path": item.path, "offset": item.offset}
        if item.module:
            made["data"] |= {"module": item.module, "home": home}
    return made
