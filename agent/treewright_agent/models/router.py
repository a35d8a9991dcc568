"""Router: which endpoint answers for a role, with the reason.

Capability filter, then one candidate goes straight through, then the optional router model has a
second to choose, then a fixed rule decides. A router model that is down or talks nonsense changes
nothing but the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from treewright_agent.models.client import ChatClient
from treewright_agent.models.endpoint import CallStyle, Endpoint, Role
from treewright_agent.models.resilience import BreakerState
from treewright_indexer.errors import TreewrightError


class NoEndpointError(TreewrightError):
    """No endpoint can take the request; the message says what each one lacks."""


@dataclass(frozen=True, slots=True)
class Requirements:
    role: Role = "main"
    prompt_tokens: int = 0
    answer_tokens: int = 512
    needs_tools: bool = False
    strong: bool = False
    """After a failed check: the strongest that fits."""
    budget_left: float | None = None
    """In the user's currency; None: no cap."""
    task_id: str = ""
    """The same task stays with the same endpoint."""


@dataclass(frozen=True, slots=True)
class Decision:
    endpoint_id: str
    reason: str


Chooser = Callable[[Sequence[Endpoint], Requirements], str]
"""The router model: the id of one of the endpoints. May raise, may answer nonsense."""


class Router:
    """Holds the clients. `roles` maps a role to endpoint ids, best first."""

    def __init__(
        self,
        clients: Mapping[str, ChatClient],
        roles: Mapping[str, Sequence[str]],
        chooser: Chooser | None = None,
    ) -> None:
        self._clients = dict(clients)
        self._roles = {role: tuple(ids) for role, ids in roles.items()}
        self._chooser = chooser

    def __bool__(self) -> bool:
        return bool(self._clients)

    @property
    def clients(self) -> Mapping[str, ChatClient]:
        return self._clients

    def has(self, role: Role) -> bool:
        """Whether the user named an endpoint for exactly this role."""
        return any(id in self._clients for id in self._roles.get(role, ()))

    def register_endpoint(self, client: ChatClient, *roles: Role) -> None:
        self._clients[client.endpoint.id] = client
        for role in roles:
            self._roles[role] = (*self._roles.get(role, ()), client.endpoint.id)

    def set_router_model(self, chooser: Chooser | None) -> None:
        self._chooser = chooser

    def client(self, decision: Decision) -> ChatClient:
        return self._clients[decision.endpoint_id]

    def route(self, needs: Requirements) -> Decision:
        """Raises NoEndpointError."""
        wanted = self._roles.get(needs.role) or self._roles.get("main") or tuple(self._clients)
        pool = [self._clients[id].endpoint for id in wanted if id in self._clients]
        if needs.strong and needs.role == "main":  # escalate beyond the usual ones
            pool += [e for c in self._clients.values() if (e := c.endpoint) not in pool]
        fitting: list[Endpoint] = []
        lacks: list[str] = []
        for endpoint in pool:
            lack = self._lack(endpoint, needs)
            lacks += [f"{endpoint.id}: {lack}"] if lack else []
            fitting += [] if lack else [endpoint]
        if not fitting:
            raise NoEndpointError(
                f"no model for {needs.role}: {'; '.join(lacks) or 'none is configured'}"
            )
        skipped = f" ({'; '.join(lacks)})" if lacks else ""
        if len(fitting) == 1:
            return Decision(fitting[0].id, f"the only one for {needs.role}{skipped}")
        if needs.strong:
            best = max(fitting, key=lambda endpoint: endpoint.quality)
            return Decision(best.id, f"the strongest, after a failed check{skipped}")
        if self._chooser is not None:
            try:
                chosen = self._chooser(fitting, needs)
            except TreewrightError as error:
                skipped += f" (router model: {error})"
            else:
                if any(endpoint.id == chosen for endpoint in fitting):
                    return Decision(chosen, f"chosen by the router model{skipped}")
                skipped += f" (router model answered {chosen!r})"
        return Decision(*_by_rule(fitting, needs, skipped))

    def _lack(self, endpoint: Endpoint, needs: Requirements) -> str:
        """Why the endpoint cannot take it, or ''."""
        needed = needs.prompt_tokens + needs.answer_tokens
        if needed > endpoint.context_tokens:
            return f"a context of {endpoint.context_tokens} tokens, {needed} needed"
        if self._clients[endpoint.id].breaker.state is BreakerState.OPEN:
            return "it failed repeatedly and rests"
        if needs.budget_left is not None:
            cost = endpoint.cost(needs.prompt_tokens, needs.answer_tokens)
            if cost > needs.budget_left:
                return f"it would cost {cost:.4f}, {needs.budget_left:.4f} left"
        return ""


def _by_rule(fitting: Sequence[Endpoint], needs: Requirements, skipped: str) -> tuple[str, str]:
    """Shares first (a canary gets its part), then the user's order; native tools where needed."""
    if any(endpoint.share != 1.0 for endpoint in fitting):
        total = sum(endpoint.share for endpoint in fitting)
        digest = hashlib.sha256(needs.task_id.encode()).digest()
        point = int.from_bytes(digest[:8]) / 2**64 * total
        for endpoint in fitting:
            point -= endpoint.share
            if point < 0:
                return endpoint.id, f"by share {endpoint.share:g} of {total:g}{skipped}"
    if needs.needs_tools:
        for endpoint in fitting:
            if endpoint.call_style in (None, CallStyle.NATIVE):
                return endpoint.id, f"first for {needs.role} that may call tools{skipped}"
    return fitting[0].id, f"first for {needs.role}{skipped}"
