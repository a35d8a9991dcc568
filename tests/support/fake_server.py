"""A scripted language server for tests of the client: run as `python -m tests.support.fake_server MODE`.

plain     answers; what it knows of each document comes back in hovers
utf16     the same with UTF-16 positions
slow      answers each question after a second, `initialize` at once
silent    never answers a question
dies      ends at the first question
refuses   ends before it answers `initialize`
rubbish   writes no protocol
errors    answers each question with an error
unfit     answers `initialize` with an error
wrong     answers of shapes that no server has
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

POSITION = {"line": 1, "character": 4}
TARGET = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 7}}


def _read() -> Any:
    length = 0
    while True:
        line = sys.stdin.buffer.readline()
        if not line:
            return None
        if line == b"\r\n":
            return json.loads(sys.stdin.buffer.read(length))
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)


def _write(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


def main(mode: str) -> None:
    texts: dict[str, str] = {}
    changed: list[str] = []
    if mode == "rubbish":
        sys.stdout.buffer.write(b"Content-Length: 5\r\n\r\nhello")
        sys.stdout.buffer.flush()
    while (message := _read()) is not None:
        method, id_, params = message.get("method"), message.get("id"), message.get("params")
        if method == "initialize":
            if mode == "refuses":
                return
            if mode == "unfit":
                _write({"id": id_, "error": {"code": 1, "message": "no project"}})
                continue
            encoding = {} if mode == "utf16" else {"positionEncoding": "utf-8"}
            _write({"id": id_, "result": {"capabilities": encoding}})
            # A server asks its client things; an answer must come.
            _write({"id": "q", "method": "workspace/configuration", "params": {"items": [{}]}})
        elif method == "textDocument/didOpen":
            texts[params["textDocument"]["uri"]] = params["textDocument"]["text"]
        elif method == "textDocument/didChange":
            texts[params["textDocument"]["uri"]] = params["contentChanges"][-1]["text"]
        elif method == "textDocument/didClose":
            del texts[params["textDocument"]["uri"]]
        elif method == "workspace/didChangeWatchedFiles":
            changed += [change["uri"] for change in params["changes"]]
        elif method is not None and id_ is not None:
            if mode == "dies":
                return
            if mode == "silent":
                continue
            if mode == "slow":
                time.sleep(1)
            if mode == "errors":
                _write({"id": id_, "error": {"code": 1, "message": "no"}})
                continue
            uri, position = params["textDocument"]["uri"], params["position"]
            if mode == "wrong":
                _write({"id": id_, "result": [{"uri": 3, "range": "?"}, None, 7]})
            elif method == "textDocument/hover":
                shown = {"text": texts.get(uri), "position": position, "open": len(texts)}
                value = f"```python\n{json.dumps({**shown, 'changed': changed})}\n```\n---\nwords"
                _write({"id": id_, "result": {"contents": {"kind": "markdown", "value": value}}})
            else:
                _write({"id": id_, "result": [{"uri": uri, "range": TARGET}]})


if __name__ == "__main__":
    main(sys.argv[1])
