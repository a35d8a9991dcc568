"""What tasks may use, from settings and the environment; places as clients and models name them.

The one boundary between settings and the agent's Services. Keys are read from the environment here
and nowhere else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from treewright_server.homes import home_folder
from treewright_server.settings import AgentLayer, EndpointLayer

if TYPE_CHECKING:
    from treewright_agent.models.endpoint import Endpoint, Role
    from treewright_agent.models.router import Router
    from treewright_agent.routines.request import Services
    from treewright_agent.settings import AgentSettings

Tell = Callable[[str], None]


def agent_settings(
    layer: AgentLayer, environ: Mapping[str, str], tell: Tell = lambda message: None
) -> AgentSettings:
    """As the agent knows them; what cannot be taken is told in one line each."""
    from treewright_agent.models.budget import Limits
    from treewright_agent.models.endpoint import ROLES, problem_of
    from treewright_agent.settings import AgentSettings

    endpoints: list[Endpoint] = []
    for given in _endpoints(layer):
        endpoint = _endpoint(given, layer, environ)
        problem = problem_of(endpoint)
        if problem:
            tell(f"model {endpoint.id} is not used: {problem}")
        else:
            endpoints.append(endpoint)
    known = {endpoint.id for endpoint in endpoints}
    roles: dict[Role, tuple[str, ...]] = {}
    for role, ids in layer.roles.items():
        if role not in ROLES:
            tell(f"setting treewright.agent.roles: no role {role!r}; there are {', '.join(ROLES)}")
            continue
        for id in ids:
            if id not in known:
                tell(f"setting treewright.agent.roles: no endpoint {id!r}")
        roles[role] = tuple(id for id in ids if id in known)
    if "critique" in known and "critique" not in roles:
        roles["critique"] = ("critique",)
        roles.setdefault("main", tuple(e.id for e in endpoints if e.id != "critique"))
    return AgentSettings(
        endpoints=tuple(endpoints),
        roles=roles,
        step_url=layer.mcp_server_url or "",
        limits=Limits(
            rounds=max(1, layer.max_iterations),
            tool_calls=layer.max_tool_calls,
            tokens=layer.max_tokens,
            seconds=layer.max_seconds,
            cost=layer.max_cost,
            repair_rounds=layer.repair_rounds,
        ),
        plan=layer.plan,
        require_deterministic=layer.require_deterministic,
        prompt_folder=layer.prompt_folder or "",
        command_timeout_s=layer.command_timeout_s,
        max_output=layer.command_max_output_bytes,
        repair_s=layer.repair_s,
    )


def promoted(layer: AgentLayer, model: tuple[str, str] | None) -> AgentLayer:
    """`layer` with the model that `feedback evaluate model --promote` put in force.

    Only its name changes: it is used at an address that the settings name, or not at all.
    """
    if model is None:
        return layer
    address, name = model[0].rstrip("/"), model[1]
    from msgspec.structs import replace as replaced

    for index, endpoint in enumerate(layer.endpoints):
        if endpoint.base_url.rstrip("/") == address:
            changed = replaced(endpoint, model=name)
            endpoints = (*layer.endpoints[:index], changed, *layer.endpoints[index + 1 :])
            return replaced(layer, endpoints=endpoints)
    if not layer.endpoints and (layer.openai_base_url or "").rstrip("/") == address:
        return replaced(layer, finetuned_model=name)
    return layer


def _endpoints(layer: AgentLayer) -> list[EndpointLayer]:
    """Those of the settings, or the one that the environment's address makes."""
    if layer.endpoints:
        return list(layer.endpoints)
    if not layer.openai_base_url:
        return []
    model = layer.finetuned_model or layer.model or "default"
    found = [EndpointLayer("main", layer.openai_base_url, model)]
    if layer.critique_model:
        found.append(EndpointLayer("critique", layer.openai_base_url, layer.critique_model))
    return found


def _endpoint(given: EndpointLayer, layer: AgentLayer, environ: Mapping[str, str]) -> Endpoint:
    from treewright_agent.models.endpoint import CallStyle, Endpoint, Secret

    key = environ.get(given.api_key_env or "") if given.api_key_env else layer.openai_api_key
    return Endpoint(
        id=given.id,
        base_url=given.base_url,
        model=given.model,
        dialect=cast(Any, given.dialect),
        api_key=Secret(key) if key else None,
        call_style=CallStyle(given.call_style) if given.call_style else None,
        streams=given.streams,
        context_tokens=given.context_tokens,
        max_output_tokens=given.max_output_tokens,
        price_in=given.price_in,
        price_out=given.price_out,
        quality=given.quality,
        first_byte_s=given.first_byte_s,
        stall_s=given.stall_s,
        calls_per_minute=given.calls_per_minute,
        headers=given.headers,
        query=given.query,
        share=given.share,
    )


def router_of(settings: AgentSettings) -> Router | None:
    """The router over the configured endpoints; None without any."""
    if not settings.endpoints:
        return None
    from treewright_agent.models.client import ChatClient
    from treewright_agent.models.router import Router

    clients = {endpoint.id: ChatClient(endpoint) for endpoint in settings.endpoints}
    router = Router(clients, cast("dict[str, tuple[str, ...]]", settings.roles))
    if settings.roles.get("router"):
        from treewright_agent.models.chooser import chooser_of

        router.set_router_model(chooser_of(clients[settings.roles["router"][0]]))
    return router


def workspace_key(root: str) -> str:
    """A folder's name in the state folder: told apart, and not the user's path."""
    real = os.path.normcase(os.path.realpath(root))
    return hashlib.blake2b(os.fsencode(real), digest_size=8).hexdigest()


def services_of(
    layer: AgentLayer,
    root: str,
    environ: Mapping[str, str],
    *,
    tell: Tell = lambda message: None,
    trusted: bool = True,
    persistent: bool = True,
) -> Services:
    """Everything that tasks of one workspace may use. An untrusted workspace runs nothing."""
    from treewright_agent.episodes import Episodes
    from treewright_agent.feedback.learning import InForce, in_force
    from treewright_agent.memory import Memory
    from treewright_agent.routines.request import Services
    from treewright_indexer.errors import StoreError

    learned = in_force() if persistent else InForce()
    settings = agent_settings(promoted(layer, learned.model), environ, tell)
    state = home_folder("data") / "agent"
    key = workspace_key(root)
    services = Services(
        settings=replace(settings, state_folder=state if persistent else None), rules=learned.rules
    )
    services = replace(services, router=router_of(settings))
    if persistent:
        try:
            services = replace(
                services,
                episodes=Episodes(key, state / "episodes.db"),
                memory=Memory(key, state / "memory.db") if layer.memory else None,
                trajectories=state / "trajectories" / key,
            )
        except StoreError as error:
            tell(str(error))
    if not trusted:
        from treewright_agent.guard import Trust

        return replace(services, trust=Trust.NONE)
    return _with_workshop(services, layer.sandbox_minimum, tell)


def _with_workshop(services: Services, minimum: str, tell: Tell) -> Services:
    """With what runs programs, where a sandbox as strong as was asked for is to be had."""
    try:
        from treewright_agent.sandbox import Level, active, refusal
        from treewright_agent.workshop import repairer, workshop_of
    except ImportError:
        return services
    level = Level[minimum.upper()]
    if level > Level.LANDLOCK and active().level < level:  # the user asked for more than there is
        tell(refusal(active(), level))
        return services
    return replace(services, workshop=partial(workshop_of, minimum=level), repair=repairer)


def close(services: Services) -> None:
    if services.router is not None:
        for client in services.router.clients.values():
            client.close()
    for store in (services.episodes, services.memory):
        if store is not None:
            store.close()


def trajectory_folder(root: str) -> Path:
    return home_folder("data") / "agent" / "trajectories" / workspace_key(root)
