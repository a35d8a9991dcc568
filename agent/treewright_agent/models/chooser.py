"""The router model: a small, quick model that says which of several endpoints fits a request.

It has a second. Whatever goes wrong, the router's own rule decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from treewright_agent.models.client import ChatClient
from treewright_agent.models.endpoint import Endpoint
from treewright_agent.models.messages import Message
from treewright_agent.models.resilience import Deadline
from treewright_agent.models.router import Chooser, Requirements
from treewright_agent.models.structured import ask
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError

BUDGET_S = 1.0


class _Choice(msgspec.Struct, frozen=True):
    endpoint: str


def chooser_of(client: ChatClient) -> Chooser:
    """Asks `client`; what it answers is checked by the router."""

    def choose(fitting: Sequence[Endpoint], needs: Requirements) -> str:
        made = ask(
            client,
            _Choice,
            "choice",
            [Message("system", _ORDER), Message("user", described(fitting, needs))],
            Deadline(BUDGET_S),
            CancelToken(),
            max_tokens=64,
        )
        if made.value is None:
            raise TreewrightError(made.problem)
        return made.value.endpoint

    return choose


_ORDER = (
    "Choose the language model for one request of a coding task. Prefer the cheapest that is good"
    ' enough. Answer with one JSON object: {"endpoint": "<id>"}.'
)


def described(fitting: Sequence[Endpoint], needs: Requirements) -> str:
    """The request and the endpoints in one line each, without addresses or keys."""
    budget = "no cap" if needs.budget_left is None else f"{needs.budget_left:.4f} left"
    tools = "calls tools" if needs.needs_tools else "calls no tools"
    sizes = f"{needs.prompt_tokens} tokens, answer up to {needs.answer_tokens}"
    lines = [f"request: {sizes}, {tools}, cost {budget}"]
    lines += [
        f"{e.id}: context {e.context_tokens}, price {e.price_in:g}/{e.price_out:g} per million"
        f" tokens, quality {e.quality:g}"
        for e in fitting
    ]
    return "\n".join(lines)
