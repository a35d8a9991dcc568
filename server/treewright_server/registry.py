"""What a request or notification is, as a row of data.

**Invariant.** A row names its handler's module and is enough to answer `initialize`: no
handler is imported before its first request, so the number of features costs no start-up time.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Kind = Literal["plain", "inline", "async", "typed"]
Wait = Literal["folders", "text"]


class Row(NamedTuple):
    """`handlers/<module>.py` answers `method`.

    kind    the handler's form
    plain   `handle(ls, params, snapshot, token) -> JSON`, in a thread, on the Snapshot taken
            when the request came in; `params` as the client sent them
    inline  `handle(ls, params) -> JSON`, at once on the intake thread: text sync and little else
    async   `async handle(ls, params) -> JSON`, on the session's asyncio loop
    typed   the same with `params` (and, as it likes, the result) of lsprotocol, through pygls,
            which is loaded by the first such request
    """

    method: str
    module: str
    provider: str = ""
    """Its key in ServerCapabilities; dots go down. Empty: nothing is announced."""
    options: Any = True
    """The value of that key."""
    feature: str = ""
    """The setting `treewright.features.<feature>` that switches it off; empty: always on."""
    kind: Kind = "plain"
    wait: Wait = "folders"
    """`folders`: its answer needs the opened folders; `text`: one document is enough."""
