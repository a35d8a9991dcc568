"""The text of a commit and of a pull request, from the real diff, plan and test outcome.

Without a model the text is put together from these; with one its text is taken only if it names no
file that the diff does not have and quotes the outcome as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.models.errors import ProviderError
from treewright_agent.models.messages import Message
from treewright_agent.models.resilience import DeadlineError
from treewright_agent.models.router import NoEndpointError, Requirements
from treewright_agent.models.structured import ask
from treewright_agent.prompts import load
from treewright_agent.routines.testing import shown_command
from treewright_agent.tools.bench import TestRun
from treewright_agent.tools.model import shortened

if TYPE_CHECKING:
    from treewright_agent.brains.model_brain import Talk
    from treewright_agent.tools.bench import Bench

HEADERS = ("## What", "## Changes", "## Notes", "## How to test")
_FILE = re.compile(
    r"(?<![\w/.])(?:[\w-]+/)*[\w-]+\.(?:py|pyi|js|ts|tsx|go|rs|java|c|h|cpp|toml|cfg|md)\b"
)


class Text(msgspec.Struct, frozen=True):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    body: Annotated[str, msgspec.Meta(max_length=8_000)]


def plain(
    request: str, summary: str, files: Sequence[str], run: TestRun | None, notes: Sequence[str]
) -> Text:
    """From facts alone."""
    title = (request.strip().split("\n")[0] or summary or "Change by treewright").strip()
    if len(title) > 72:
        title = title[:71].rstrip() + "…"
    changes = "\n".join(f"- {file}" for file in files)
    remarks = "\n".join(f"- {note}" for note in notes) or "None."
    parts = (summary or request, changes, remarks, tested(run))
    return Text(
        title, "\n\n".join(f"{h}\n\n{p}" for h, p in zip(HEADERS, parts, strict=True)) + "\n"
    )


def tested(run: TestRun | None) -> str:
    """The command that ran and what it said."""
    if run is None:
        return "No tests were run."
    command = shown_command(run) or "the project's tests"
    outcome = f"{run.n_run} passed" if run.passed else f"{run.kind}, {len(run.failures)} failed"
    return f"`{command}`: {outcome} (exit code {run.exit_code})."


def written(
    talk: Talk,
    request: str,
    plan: str,
    diff: str,
    files: Sequence[str],
    run: TestRun | None,
    bench: Bench,
) -> Text | None:
    """A model's text, or None when it cannot be had or says what is not so. Raises CancelledError."""
    prompt = load("pull_request", talk.prompt_folder).render(
        user_request=request,
        plan=plan or "(none)",
        diff=shortened(diff, 20_000)[0],
        tests=tested(run),
    )
    try:
        client = talk.router.client(talk.router.route(Requirements("fast", task_id=talk.task_id)))
        answer = ask(
            client, Text, "pull_request", [Message("user", prompt)], bench.budget.deadline,
            bench.token, max_tokens=1_024, check=lambda text: untrue(text, files, run), trace=talk.trace,
        )  # fmt: skip
    except (ProviderError, NoEndpointError, DeadlineError):
        return None
    cost = client.endpoint.cost(answer.usage.prompt_tokens, answer.usage.completion_tokens)
    bench.budget.model_call(answer.usage, cost, answer.reply.seconds, answer.n_requests)
    return answer.value


def untrue(text: Text, files: Sequence[str], run: TestRun | None) -> str:
    """What the text says that is not so; '' when nothing is."""
    missing = [header for header in HEADERS if header not in text.body]
    if missing:
        return f"the body lacks {', '.join(missing)}"
    known = {*files, *(file.rpartition("/")[2] for file in files)}
    strange = [name for name in _FILE.findall(text.body) if name not in known]
    if run is not None:
        quoted = shown_command(run)
        strange = [name for name in strange if name not in quoted]
        if quoted and quoted not in text.body:
            return f"the body does not quote the command `{quoted}`"
    return f"the body names {strange[0]}, which the diff does not have" if strange else ""
