"""The gate between whoever decides and the tools: outside the model's reach.

Capabilities come from the typed command (the task's kind) and the workspace's trust, never
from text. Each call is put in the audit; what a task has read decides what it may still send.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from treewright_agent.changes import SourceChange, TextOf
from treewright_agent.guard.commands import Decision, Trust, classify, split
from treewright_agent.guard.scope import concerns, sensitive
from treewright_agent.guard.secrets import find as find_secrets
from treewright_agent.guard.text import Origin
from treewright_agent.tools.bench import Asker, Question
from treewright_agent.tools.model import Effect, Tool
from treewright_indexer.errors import ArgumentsError

READING = frozenset(("explain", "review", "chat"))
MAX_INSTRUCTION = 20_000
"""Characters of a request; room for a pasted traceback."""
MAX_ARGUMENT = 400_000
_MAX_QUERY = 300
_YES = "Allow once"
_PATH_ARGUMENTS = ("file_path", "path", "file", "new_path", "to", "target", "target_file", "source")

_ORIGINS: Mapping[Effect, Origin] = {
    Effect.READS: Origin.WORKSPACE,
    Effect.RUNS: Origin.TOOL,
    Effect.NETWORK: Origin.WEB,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Of one task. `kind` is that of the typed command; `files`, as shown, those that the request
    itself or the accepted plan names."""

    root: str
    kind: str = "task"
    trust: Trust = Trust.DEFAULT
    files: frozenset[str] = frozenset()
    ask: Asker | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. Arguments are kept without secrets."""

    at: float
    tool: str
    arguments: str
    refused: str
    tainted_by: tuple[str, ...]


@dataclass
class Guard:
    """Satisfies `tools.bench.Gate`. One per task; used by the task's own thread."""

    policy: Policy
    audit: list[Entry] = field(default_factory=list[Entry])
    read: set[Origin] = field(default_factory=set[Origin])
    """Where texts that the task has seen come from: its taint."""
    granted: set[str] = field(default_factory=set[str])
    """Concerns about changes that the user has said yes to."""

    def refuse(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        """Why this call may not run, or ''. Puts it in the audit either way."""
        reason = self._refusal(tool, arguments)
        tainted = tuple(sorted(origin.value for origin in self.read))
        self.audit.append(Entry(time.time(), tool.name, _shown(arguments), reason, tainted))
        if not reason and tool.effect in _ORIGINS:
            self.read.add(_ORIGINS[tool.effect])
        return reason

    def _refusal(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        policy = self.policy
        if tool.effect in (Effect.EDITS, Effect.RUNS, Effect.NETWORK):
            if policy.kind in READING:
                return f"{policy.kind} only reads: {tool.name} is not part of it"
            if policy.trust == Trust.NONE:
                return "the workspace is not trusted: nothing is run or changed in it"
        for name, value in arguments.items():
            if isinstance(value, str) and len(value) > MAX_ARGUMENT:
                return f"{name} is longer than {MAX_ARGUMENT} characters"
        if tool.effect == Effect.RUNS and "command" in arguments:
            return self._command(str(arguments["command"]))
        if tool.effect == Effect.EDITS:
            return self._edit(tool, arguments)
        if tool.effect == Effect.NETWORK:
            return self._network(tool, arguments)
        return ""

    def _command(self, command: str) -> str:
        try:
            argv = split(command)
        except ArgumentsError as error:
            return str(error)
        verdict = classify(argv, self.policy.root, self.policy.trust)
        if verdict.decision == Decision.ALLOW:
            return ""
        if verdict.decision == Decision.ASK and self._asked(f"Run `{command}`? {verdict.reason}."):
            return ""
        return verdict.reason

    def _edit(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        for name in _PATH_ARGUMENTS:
            given = arguments.get(name)
            if not isinstance(given, str):
                continue
            shown = given.replace("\\", "/").removeprefix("./")
            why = sensitive(shown)
            if not why or shown in self.policy.files:
                continue
            if not self._asked(f"Change {shown}? It {why}."):
                return f"{shown} {why}: it is only changed with the user's consent"
        return ""

    def _network(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        """What leaves the machine: short, without secrets, and asked for once texts of others
        were read."""
        text = " ".join(str(value) for value in arguments.values())
        if len(text) > _MAX_QUERY:
            return f"what is sent is limited to {_MAX_QUERY} characters"
        if find_secrets(text):
            return "what would be sent holds a secret"
        untrusted = self.read - {Origin.USER, Origin.SETTINGS}
        if untrusted and not self._asked(f"Search the web for “{text}”?"):
            return "nothing is sent after reading the workspace unless the user allows it"
        return ""

    def refuse_change(
        self, change: SourceChange, text_of: TextOf, shown: Callable[[str], str]
    ) -> str:
        """Judges what an edit would do, whichever tool and arguments it came from; at the end of a
        task also all of its edits together, since many small ones can be one large one."""
        found = concerns(
            change, text_of, shown, wanted=self.policy.files, roots=(self.policy.root,)
        )
        held = [
            reason
            for reason in dict.fromkeys(concern.reason for concern in found if concern.holds)
            if reason not in self.granted
        ]
        if not held:
            return ""
        if self._asked(f"Make this change? {'; '.join(held)}."):
            self.granted.update(held)
            return ""
        reason = f"{'; '.join(held)}: this needs the user's consent"
        self.audit.append(
            Entry(time.time(), "change", ", ".join(sorted(map(shown, change.paths()))), reason, ())
        )
        return reason

    def _asked(self, text: str) -> bool:
        """The user's consent; without a user there is none."""
        ask = self.policy.ask
        return ask is not None and ask(Question(text, (_YES, "No"))) == _YES


def _shown(arguments: Mapping[str, Any]) -> str:
    from treewright_agent.guard.secrets import redact

    return redact(", ".join(f"{name}={str(value)[:500]!r}" for name, value in arguments.items()))[
        :2000
    ]


def check_instruction(text: str, limit: int = MAX_INSTRUCTION) -> None:
    """Raises ArgumentsError for a request that is too long, before anything reads it."""
    if len(text) > limit:
        raise ArgumentsError(f"the request is {len(text)} characters long; {limit} are the most")
    if "\0" in text:
        raise ArgumentsError("the request holds a NUL character")


def named_files(text: str, is_there: Callable[[str], bool]) -> frozenset[str]:
    """Files of the workspace (as shown) that the user's own words name."""
    words = {word.strip("`'\"“”‘’,;:()[]").rstrip(".") for word in text.replace("\\", "/").split()}
    words = {word.removeprefix("./") for word in words if word and "\0" not in word}
    return frozenset(word for word in words if is_there(word))
