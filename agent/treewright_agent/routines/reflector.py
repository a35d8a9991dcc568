"""Reflector: from a failed run to its cause and a fix, in the form of requirements.md, Appendix A4.

Facts come first, parsed from the output without any model: file, line, exception, message, test.
A model is asked only for what they do not say, and its changes pass the same gates as any edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from treewright_agent.models.messages import ChatRequest, Message
from treewright_agent.models.router import Requirements
from treewright_agent.models.structured import Structured, ask
from treewright_agent.prompts import load
from treewright_agent.tools.bench import TestRun
from treewright_agent.tools.model import shortened

if TYPE_CHECKING:
    from treewright_agent.brains.model_brain import Talk
    from treewright_agent.tools.bench import Bench


class CodeChange(msgspec.Struct, frozen=True):
    file_path: str
    new_content: str


class Reflection(msgspec.Struct, frozen=True):
    diagnosis: str
    root_cause: str
    severity: Literal["HIGH", "MEDIUM", "LOW"]
    fix_strategy: str
    code_changes: list[CodeChange]
    plan_adjustment_needed: bool
    plan_adjustment_suggestion: str = ""


_ENVIRONMENT = ("environment", "timeout", "crash")


def facts_of(run: TestRun) -> str:
    """What the output says, one line per failure."""
    if run.kind in _ENVIRONMENT and not run.failures:
        return f"{run.kind}: {(run.stderr or run.stdout).strip()[-500:]}"
    lines = [
        f"{f.node_id or f.path}: {f.error}: {f.message} ({f.path}:{f.line})" if f.line
        else f"{f.node_id or f.path}: {f.error}: {f.message}"
        for f in run.failures[:20]
    ]  # fmt: skip
    more = len(run.failures) - 20
    return "\n".join([*lines, *([f"… and {more} more"] if more > 0 else [])]) or run.kind


def signature_of(run: TestRun) -> str:
    """The same for two runs that fail in the same way."""
    return "\n".join(sorted(f"{f.node_id}|{f.error}|{f.message}" for f in run.failures)) or (
        f"{run.kind}|{run.exit_code}|{run.stderr[-300:]}"
    )


def root_class(run: TestRun) -> str:
    """syntax, import, boundary, logic, environment: what kind of fault the facts point to."""
    errors = {failure.error.rpartition(".")[2] for failure in run.failures}
    if run.kind in _ENVIRONMENT:
        return "environment"
    if errors & {"SyntaxError", "IndentationError", "TabError"}:
        return "syntax"
    if errors & {"ImportError", "ModuleNotFoundError", "NameError", "AttributeError"}:
        return "import"
    if errors & {"IndexError", "KeyError", "ZeroDivisionError", "TypeError", "ValueError"}:
        return "boundary"
    return "logic"


def reflect(talk: Talk, step: str, diff: str, run: TestRun, bench: Bench) -> Structured[Reflection]:
    """Raises ProviderError, NoEndpointError, DeadlineError, CancelledError."""
    decision = talk.router.route(
        Requirements("main", answer_tokens=2_048, strong=True, task_id=talk.task_id,
                     budget_left=bench.budget.cost_left)
    )  # fmt: skip
    client = talk.router.client(decision)
    prompt = load("reflect", talk.prompt_folder).render(
        plan_step=step,
        diff=shortened(diff, 12_000)[0] or "(none)",
        facts=facts_of(run),
        stdout=shortened(run.stdout, 6_000)[0],
        stderr=shortened(run.stderr, 3_000)[0],
        exit_code=str(run.exit_code),
        test_passed=str(run.passed).lower(),
        current_code_files=_current_files(
            bench, client.meter.count, client.endpoint.context_tokens // 2
        ),
    )

    def on_request(sent: ChatRequest) -> None:
        data: dict[str, Any] = {
            "endpoint": decision.endpoint_id,
            "messages": [m.to_json() for m in sent.messages],
        }
        talk.told("reflect_prompt", data)

    answer = ask(
        client, Reflection, "reflection", [Message("user", prompt)], bench.budget.deadline,
        bench.token, max_tokens=4_096, on_request=on_request, trace=talk.trace,
    )  # fmt: skip
    cost = client.endpoint.cost(answer.usage.prompt_tokens, answer.usage.completion_tokens)
    bench.budget.model_call(answer.usage, cost, answer.reply.seconds, answer.n_requests)
    return answer


def _current_files(bench: Bench, count: Any, limit: int) -> str:
    """The changed files in full while they fit; a reflector that rewrites files must see them."""
    parts: list[str] = []
    for path in bench.draft.touched():
        text = bench.snapshot.text(path).string
        part = f"# {bench.shown(path)}\n{text}"
        cost = count(part)
        if cost > limit:
            parts.append(f"# {bench.shown(path)}\n(too long to show: do not rewrite it)")
            continue
        limit -= cost
        parts.append(part)
    return "\n\n".join(parts) or "(none)"
