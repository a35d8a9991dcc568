"""The agent's services of this session, by workspace folder: made when first needed, ended with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treewright_agent.feedback.learning import InForce
    from treewright_agent.routines.request import Services
    from treewright_agent.trajectory import Event
    from treewright_server.session import Session
    from treewright_server.settings import AgentLayer
    from treewright_server.tracing import TaskSpans


class AgentServices:
    """Any thread may ask."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._layer: AgentLayer | None = None
        self._learned: InForce | None = None
        """What was learned when the last task began."""
        self._made: dict[str, Services] = {}
        self.problem = ""
        """Why the model did not answer the last time; '' when it did."""

    @property
    def model(self) -> str:
        """The name of the model that answers; '' without one."""
        layer = self._layer_in_force()
        if layer.endpoints:
            return layer.endpoints[0].model
        if not layer.openai_base_url:
            return ""
        return layer.finetuned_model or layer.model or "default"

    def _layer_in_force(self) -> AgentLayer:
        layer = self._session.settings.agent
        if self._learned is None or self._learned.model is None:
            return layer
        from treewright_server import tasking

        return tasking.promoted(layer, self._learned.model)

    def breakers(self) -> list[dict[str, object]]:
        """The endpoints of models that tasks have used, each with the state of its breaker."""
        with self._lock:
            made = list(self._made.values())
        return [
            {"endpoint": id, **client.breaker.stats()}
            for services in made
            if services.router is not None
            for id, client in services.router.clients.items()
        ]

    def get(
        self,
        root: str,
        on_event: Callable[[Event], None],
        on_text: Callable[[str], None] | None,
        task_id: str = "",
    ) -> Services:
        """The services for tasks in the folder `root`, with these listeners."""
        from treewright_agent.feedback.learning import in_force
        from treewright_server import tasking

        layer, learned = self._session.settings.agent, in_force()
        with self._lock:
            model = self._learned.model if self._learned is not None else None
            if self._layer != layer or model != learned.model:
                self._end()
            self._layer, self._learned = layer, learned
            services = self._made.get(root)
            if services is None:
                services = self._made[root] = tasking.services_of(
                    layer, root, os.environ, tell=self._session.ls.show, trusted=layer.trusted
                )
        from dataclasses import replace

        metrics = self._session.ls.metrics

        spans = self._spans(task_id)

        def heard(event: Event) -> None:
            metrics.task_event(event)
            if spans is not None:
                spans.heard(event)
            on_event(event)

        health = self._session.upkeep.health
        return replace(
            services, on_event=heard, on_text=on_text, health=health, rules=learned.rules
        )

    def _spans(self, task_id: str) -> TaskSpans | None:
        address = self._session.settings.log.otlp_endpoint
        if not address or not task_id:
            return None
        from treewright_server.tracing import Sender, TaskSpans

        return TaskSpans(task_id, Sender(address))

    def close(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        made, self._made = self._made, {}
        if made:
            from treewright_server import tasking

            for services in made.values():
                tasking.close(services)
