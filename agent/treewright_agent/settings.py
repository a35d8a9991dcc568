"""What the agent can be told. Built once at the boundary; no module reads the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from treewright_agent.forge import Forge
from treewright_agent.models.budget import Limits
from treewright_agent.models.endpoint import Endpoint, Role

PlanMode = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Defaults work without any model and without a network."""

    endpoints: tuple[Endpoint, ...] = ()
    roles: dict[Role, tuple[str, ...]] = field(default_factory=dict[Role, tuple[str, ...]])
    """Role -> endpoint ids, best first. Without `main`, every endpoint serves."""
    step_url: str = ""
    """A server that speaks the step protocol and decides instead of a model; '' for none."""
    limits: Limits = field(default_factory=lambda: Limits(rounds=7))
    plan: PlanMode = "auto"
    require_deterministic: bool = False
    """Rules only: an open request is answered "no rule", and no model is asked."""
    max_tools: int = 24
    max_children: int = 16
    max_depth: int = 2
    parallel: int = 4
    """Children of a fork that run at once."""
    prompt_folder: str = ""
    """Own versions of the prompts."""
    command_timeout_s: float = 20.0
    max_output: int = 20_000
    state_folder: Path | None = None
    """Trajectories, past tasks and memory; None keeps them in the process."""
    forge: Forge | None = None
    remote: str = "origin"
    repair_s: float = 60.0
    """How long the search for a repair may take."""
