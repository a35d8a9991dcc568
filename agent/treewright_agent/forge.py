"""Forge: pull requests at GitHub and GitLab through their REST interfaces.

Nothing is guessed: the address, the repository and the token come from the user's settings, and the
address of a pull request is the one that the server answered with, or there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import quote

from treewright_agent.models.endpoint import Secret
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_agent.models.http import request_json
from treewright_indexer.cancel import CancelToken


@dataclass(frozen=True, slots=True)
class Forge:
    """`repository` is `owner/name` (GitHub) or the project's path or number (GitLab)."""

    kind: Literal["github", "gitlab"]
    api_url: str
    repository: str
    token: Secret
    base: str = "main"


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    url: str


def open_pull_request(
    forge: Forge, title: str, body: str, head: str, token: CancelToken
) -> PullRequest:
    """Raises ProviderError with the server's words, CancelledError."""
    base = forge.api_url.rstrip("/")
    if forge.kind == "github":
        url = f"{base}/repos/{forge.repository}/pulls"
        headers = {
            "authorization": f"Bearer {forge.token.reveal()}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }
        sent: dict[str, Any] = {"title": title, "body": body, "head": head, "base": forge.base}
        number_key, url_key = "number", "html_url"
    elif forge.kind == "gitlab":
        url = f"{base}/projects/{quote(forge.repository, safe='')}/merge_requests"
        headers = {"private-token": forge.token.reveal()}
        sent = {
            "title": title,
            "description": body,
            "source_branch": head,
            "target_branch": forge.base,
        }
        number_key, url_key = "iid", "web_url"
    else:
        raise ProviderError(ErrorKind.INVALID_PARAMETER, f"Unsupported provider: {forge.kind}")
    _, answer = request_json("POST", url, sent, token, headers=headers, provider=forge.kind)
    row = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    number, address = row.get(number_key), row.get(url_key)
    if not isinstance(number, int) or not isinstance(address, str):
        raise ProviderError(
            ErrorKind.UNKNOWN,
            "the server did not say where the pull request is; look there before trying again",
            provider=forge.kind,
            retryable=False,
        )
    return PullRequest(number, address)
