"""Endpoint: one model at one address, with what it is declared to do.

The address is always the user's: nothing here has a default that leaves the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

Role = Literal["main", "fast", "critique", "router"]
ROLES: tuple[Role, ...] = ("main", "fast", "critique", "router")


class CallStyle(StrEnum):
    """How an endpoint can be made to choose a tool; in the order they are tried."""

    NATIVE = "native"
    """`tools` in the request, `tool_calls` in the answer."""
    SCHEMA = "schema"
    """The answer is constrained to a JSON schema of `{thought, name, arguments}`."""
    TEXT = "text"
    """The text protocol: a JSON object or a marker in free text."""


class Secret:
    """A key. Shows itself as `***` wherever it is printed; `reveal` is the only way out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Prices are per million tokens, in the user's currency; 0 means free."""

    id: str
    base_url: str
    """Up to and with the version: `http://127.0.0.1:8080/v1`."""
    model: str
    dialect: Literal["openai", "anthropic"] = "openai"
    api_key: Secret | None = None
    call_style: CallStyle | None = None
    """None: learned from what it answers."""
    streams: bool = True
    context_tokens: int = 32_768
    """Prompt and answer together."""
    max_output_tokens: int = 4_096
    price_in: float = 0.0
    price_out: float = 0.0
    quality: int = 1
    """Higher is stronger; rounds after a failed check go to the strongest that fits."""
    first_byte_s: float = 60.0
    stall_s: float = 30.0
    """A stream without a byte for this long is cut."""
    calls_per_minute: int | None = None
    """None: 20 for an address off this machine, no limit on loopback."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to each address, like Azure's `api-version`."""
    share: float = 1.0
    """Of equal candidates, the part of the tasks that this one gets (canary)."""

    @property
    def is_local(self) -> bool:
        host = (urlsplit(self.base_url).hostname or "").lower()
        return host in ("localhost", "::1") or host.startswith("127.")

    @property
    def minute_limit(self) -> int | None:
        if self.calls_per_minute is not None:
            return self.calls_per_minute or None
        return None if self.is_local else 20

    def url(self, route: str) -> str:
        """The address of `route` (`chat/completions`); a full address in settings is kept."""
        base, _, query = self.base_url.partition("?")
        base = base.rstrip("/")
        address = base if base.endswith(route) else f"{base}/{route}"
        return f"{address}?{query}" if query else address

    @property
    def label(self) -> str:
        """What tells it from others in a record: the model's name, with its own where that differs."""
        return self.model if self.id in ("main", self.model) else f"{self.id} ({self.model})"

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1_000_000


def problem_of(endpoint: Endpoint) -> str:
    """What is wrong with its description, in one line; '' when nothing is."""
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{endpoint.base_url!r} is not an http address"
    if endpoint.dialect not in ("openai", "anthropic"):
        return f"Unsupported provider: {endpoint.dialect}"
    if not endpoint.model:
        return "no model is named"
    if endpoint.context_tokens < 512:
        return f"a context of {endpoint.context_tokens} tokens is too small for any task"
    return ""
