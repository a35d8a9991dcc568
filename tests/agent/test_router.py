"""Which endpoint is asked, and why; the router model may help and can do no harm."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.agent.test_task import DONE, FIX, WORKSPACE, collected, run, services_for
from tests.support.fixtures import workspace_of
from tests.support.model_server import Reply, error, model_server, say
from treewright_agent.models.chooser import chooser_of
from treewright_agent.models.client import ChatClient
from treewright_agent.models.endpoint import CallStyle, Endpoint
from treewright_agent.models.router import NoEndpointError, Requirements, Router
from treewright_indexer.errors import TreewrightError

SMALL = Endpoint("small", "http://127.0.0.1:9/v1", "s", context_tokens=8_000, price_in=1.0)
LARGE = Endpoint(
    "large", "http://127.0.0.1:9/v1", "l", context_tokens=100_000, price_in=10.0, quality=5
)


@contextmanager
def router_of(
    *endpoints: Endpoint, roles: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Router]:
    clients = {endpoint.id: ChatClient(endpoint) for endpoint in endpoints}
    try:
        yield Router(clients, roles or {})
    finally:
        for client in clients.values():
            client.close()


@pytest.mark.parametrize(
    ("needs", "endpoint", "reason"),
    [
        (Requirements(prompt_tokens=500), "small", "first for main"),
        (Requirements(prompt_tokens=50_000), "large", "a context of 8000 tokens"),
        (Requirements(prompt_tokens=500, strong=True), "large", "after a failed check"),
        (Requirements(prompt_tokens=500, needs_tools=True), "small", "may call tools"),
    ],
)
def test_by_what_is_needed(needs: Requirements, endpoint: str, reason: str) -> None:
    with router_of(SMALL, LARGE) as router:
        decision = router.route(needs)
    assert decision.endpoint_id == endpoint
    assert reason in decision.reason


def test_what_costs_more_than_is_left_is_not_asked() -> None:
    with router_of(LARGE, SMALL) as router:
        decision = router.route(Requirements(prompt_tokens=1_000, budget_left=0.005))
        assert decision.endpoint_id == "small"
        assert "would cost" in decision.reason
        with pytest.raises(NoEndpointError, match="large: it would cost"):
            router.route(Requirements(prompt_tokens=1_000, budget_left=0.0001))


def test_each_role_has_its_own() -> None:
    roles = {"main": ["large"], "fast": ["small"], "critique": ["large"]}
    with router_of(SMALL, LARGE, roles=roles) as router:
        assert router.route(Requirements("fast")).endpoint_id == "small"
        assert router.route(Requirements("critique")).endpoint_id == "large"
        assert router.route(Requirements("router")).endpoint_id == "large"  # nobody has the role


def test_tools_go_to_one_that_calls_them() -> None:
    text_only = Endpoint("text", "http://127.0.0.1:9/v1", "t", call_style=CallStyle.TEXT)
    with router_of(text_only, LARGE) as router:
        assert router.route(Requirements(needs_tools=True)).endpoint_id == "large"
        assert router.route(Requirements()).endpoint_id == "text"


def test_a_share_of_the_tasks_goes_to_each_and_a_task_stays() -> None:
    first = Endpoint("a", "http://127.0.0.1:9/v1", "m", share=0.9)
    second = Endpoint("b", "http://127.0.0.1:9/v1", "m", share=0.1)
    with router_of(first, second) as router:
        chosen = [router.route(Requirements(task_id=f"task {n}")).endpoint_id for n in range(1000)]
        again = [router.route(Requirements(task_id=f"task {n}")).endpoint_id for n in range(1000)]
    assert chosen == again
    assert 80 <= chosen.count("b") <= 120


def test_the_router_model_chooses() -> None:
    answer = say('{"endpoint": "large"}')
    with model_server(otherwise=answer) as server, router_of(SMALL, LARGE) as router:
        chooser = ChatClient(Endpoint("r", server.url, "router"))
        router.set_router_model(chooser_of(chooser))
        decision = router.route(Requirements(prompt_tokens=500))
        chooser.close()
    assert (decision.endpoint_id, decision.reason) == ("large", "chosen by the router model")
    asked = str(server.requests[0]["messages"])
    assert "small: context 8000" in asked
    assert "127.0.0.1:9" not in asked  # addresses are nobody's business


@pytest.mark.parametrize(
    "reply",
    [say("the biggest one"), say('{"endpoint": "other"}'), error(500, "down"), Reply(hang=True)],
    ids=["prose", "unknown", "down", "hanging"],
)
def test_a_router_model_that_is_no_help_changes_nothing_but_the_reason(reply: Reply) -> None:
    with model_server(otherwise=reply) as server, router_of(SMALL, LARGE) as router:
        chooser = ChatClient(Endpoint("r", server.url, "router"))
        router.set_router_model(chooser_of(chooser))
        started = time.monotonic()
        decision = router.route(Requirements(prompt_tokens=500))
        seconds = time.monotonic() - started
        chooser.close()
    assert decision.endpoint_id == "small"
    assert "router model" in decision.reason
    assert seconds < 2.5


def test_a_chooser_that_raises() -> None:
    def broken(fitting: Sequence[Endpoint], needs: Requirements) -> str:
        raise TreewrightError("no")

    with router_of(SMALL, LARGE) as router:
        router.set_router_model(broken)
        assert router.route(Requirements()).endpoint_id == "small"


def test_the_reason_is_in_the_trajectory(tmp_path: Path) -> None:
    events, tell = collected()
    with (
        workspace_of(tmp_path, WORKSPACE) as fx,
        model_server(FIX, DONE) as server,
        services_for(server, on_event=tell) as services,
    ):
        run(fx, services)
    routes = [event.data for event in events if event.name == "route"]
    assert routes
    assert routes[0]["endpoint"] == "m0"
    assert routes[0]["reason"].startswith("the only one for main")
