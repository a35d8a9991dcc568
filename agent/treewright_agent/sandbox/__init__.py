"""Run programs so that they can do no harm: on their own copy, without network and secrets.

    policy = Policy(writable=(shadow,), readable=(interpreter_prefix,), limits=Limits(wall_s=60))
    result = run([python, "-m", "pytest"], shadow, policy, token)

The strongest protection that works on this machine is found by probing (`active`): bubblewrap
with seccomp; Landlock with seccomp; on macOS sandbox-exec; resource limits, each command with
the user's approval. Where the policy asks for more than there is, nothing runs (RefusedError).
Whatever ends a command, everything it started ends with it, and its private folders go.
"""

from treewright_agent.sandbox.levels import Protection, active, refusal
from treewright_agent.sandbox.policy import PROTECTED_NAMES, Level, Limits, Policy
from treewright_agent.sandbox.process import Result, Running, run, start

__all__ = [
    "PROTECTED_NAMES",
    "Level",
    "Limits",
    "Policy",
    "Protection",
    "Result",
    "Running",
    "active",
    "refusal",
    "run",
    "start",
]
