"""textDocument/codeLens: a place for the number of references and tests of each definition.

The numbers are counted when the editor shows the line: see `code_lens_resolve`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnsupportedLanguageError
from treewright_indexer.model import Flag
from treewright_server.convert import Mapper, to_path
from treewright_server.given import uri_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

COUNTED: Final = frozenset(
    {"class", "struct", "interface", "trait", "enum", "function", "method", "constructor"}
)
MAX_LENSES: Final = 2000


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    uri = uri_of(params)
    path = to_path(uri)
    try:
        symbols = snapshot.outline(path)
    except UnsupportedLanguageError:
        return []
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    lenses: list[dict[str, Any]] = []
    for symbol in symbols:
        inside = symbol.parent >= 0 and symbols[symbol.parent].kind not in COUNTED
        if symbol.kind not in COUNTED or inside or symbol.flags & Flag.TEST:
            continue
        range_ = mapper.range(symbol.name_span)
        data = {"uri": uri, "name": symbol.name}
        for what in ("references", "tests"):
            lenses.append({"range": range_, "data": {**data, "what": what}})
    return lenses[:MAX_LENSES]
