"""Pull requests against a recorded fake of GitHub's and GitLab's interfaces."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import pytest

from treewright_agent.forge import Forge, open_pull_request
from treewright_agent.models.endpoint import Secret
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_indexer.cancel import CancelToken

GITHUB = {
    "id": 1, "number": 42, "state": "open", "locked": False, "draft": False, "title": "Rename add",
    "html_url": "https://forge.example/octo/calc/pull/42",
    "url": "https://api.forge.example/repos/octo/calc/pulls/42",
    "head": {"ref": "feature/agent-rename-1a2b"}, "base": {"ref": "main"},
}  # fmt: skip
GITLAB = {
    "id": 84, "iid": 7, "project_id": 3, "state": "opened", "title": "Rename add",
    "web_url": "https://forge.example/team/calc/-/merge_requests/7",
    "source_branch": "feature/agent-rename-1a2b", "target_branch": "main",
}  # fmt: skip


class Fake:
    """Answers one recorded reply and keeps what it was asked."""

    def __init__(self, status: int, body: Any) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append((self.command, self.path, headers, json.loads(raw)))
                sent = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *args: Any) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"


@contextmanager
def fake(status: int, body: Any) -> Generator[Fake]:
    server = Fake(status, body)
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()


def forge(kind: Literal["github", "gitlab"], url: str, repository: str) -> Forge:
    return Forge(kind, url, repository, Secret("s3cret-token"))


def test_github() -> None:
    with fake(201, GITHUB) as server:
        made = open_pull_request(
            forge("github", server.url, "octo/calc"),
            "Rename add",
            "why",
            "feature/x",
            CancelToken(),
        )
    method, path, headers, body = server.asked[0]
    assert (method, path) == ("POST", "/repos/octo/calc/pulls")
    assert body == {"title": "Rename add", "body": "why", "head": "feature/x", "base": "main"}
    assert headers["authorization"] == "Bearer s3cret-token"
    assert headers["accept"] == "application/vnd.github+json"
    assert (made.number, made.url) == (42, GITHUB["html_url"])


def test_gitlab() -> None:
    with fake(201, GITLAB) as server:
        made = open_pull_request(
            forge("gitlab", server.url, "team/sub group/calc"), "Rename add", "why", "feature/x",
            CancelToken(),
        )  # fmt: skip
    _, path, headers, body = server.asked[0]
    assert path == "/projects/team%2Fsub%20group%2Fcalc/merge_requests"
    assert body == {
        "title": "Rename add", "description": "why", "source_branch": "feature/x",
        "target_branch": "main",
    }  # fmt: skip
    assert headers["private-token"] == "s3cret-token"
    assert (made.number, made.url) == (7, GITLAB["web_url"])


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"message": "Bad credentials"}, ErrorKind.AUTHENTICATION),
        (404, {"message": "Not Found"}, ErrorKind.NOT_FOUND),
        (422, {"message": "A pull request already exists for octo:x."}, None),
        (500, {"message": "oops"}, None),
        (201, b"<html>sign in</html>", None),
        (201, {"number": 1}, ErrorKind.UNKNOWN),
        (201, [], ErrorKind.UNKNOWN),
    ],
)
def test_a_refusal_is_typed_and_no_address_is_invented(
    status: int, body: Any, kind: ErrorKind | None
) -> None:
    with fake(status, body) as server, pytest.raises(ProviderError) as raised:
        open_pull_request(
            forge("github", server.url, "octo/calc"), "t", "b", "h", CancelToken()
        )  # fmt: skip
    assert len(server.asked) == 1
    assert "s3cret" not in str(raised.value)
    if kind is not None:
        assert raised.value.kind is kind
    if status >= 400:
        assert json.loads(json.dumps(body))["message"].split(".")[0] in str(raised.value)


def test_nobody_listens() -> None:
    with fake(201, GITHUB) as server:
        address = server.url
    with pytest.raises(ProviderError):
        open_pull_request(forge("github", address, "a/b"), "t", "b", "h", CancelToken())
