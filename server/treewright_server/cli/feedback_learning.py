"""treewright feedback rules, evaluate: what was learned, measured, approved and taken back."""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treewright_server.cli.support import (
    DONE,
    NOT_DONE,
    folder_path,
    opened,
    painter,
    print_json,
    usage,
)

if TYPE_CHECKING:
    from treewright_agent.calls import Call
    from treewright_agent.feedback import FeedbackStore
    from treewright_agent.feedback.gate import Verdict
    from treewright_agent.feedback.replay import Answerer
    from treewright_agent.feedback.rules import Rule
    from treewright_agent.feedback.tuning import reranker

ANSWER_S = 120.0


def rules(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback import rules as known

    if arguments.approve:
        return _approve(store, arguments)
    if arguments.refuse:
        rule = known.decide(store, arguments.refuse, "refused")
        print(f"treewright: {rule.id} is not proposed again", file=sys.stderr)
    elif arguments.remove:
        rule = known.remove(store, arguments.remove)
        print(f"treewright: {rule.id} is deleted", file=sys.stderr)
    elif arguments.mine:
        found = known.mine(store)
        print(f"treewright: {len(found)} new", file=sys.stderr)
    _list(known.rules(store), arguments)
    return DONE


def _approve(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback import gate
    from treewright_agent.feedback import rules as known

    found = [r for r in known.rules(store) if r.id.startswith(arguments.approve)]
    if len(found) == 1:
        verdict = gate.evaluate_rule(store, found[0])
        if not verdict.passed:
            print(f"treewright: not approved: {verdict.reason}", file=sys.stderr)
            return NOT_DONE
        print(f"treewright: {verdict.reason}", file=sys.stderr)
    rule = known.decide(store, arguments.approve, "approved")
    _list([rule], arguments)
    return DONE


def _list(found: Sequence[Rule], arguments: Namespace) -> None:
    if arguments.json:
        print_json([rule._asdict() for rule in found])
        return
    paint = painter()
    for rule in found:
        state = paint("green" if rule.state == "approved" else "yellow", rule.state)
        print(f"{paint('dim', rule.id)}  {state:<10}  {rule.language}, from {rule.n} edits")
        print(f"    {rule.pattern}\n    -> {rule.rewrite}")
        for before, after in rule.examples[:2]:
            print(paint("dim", f"    {_line(before)}  ->  {_line(after)}"))
    if not found:
        print("treewright: no rules; look for some with --mine", file=sys.stderr)


def _line(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def taste(store: FeedbackStore, arguments: Namespace) -> int:
    """What the ranking knows, from the general to the special: each line drawn to the one above."""
    from treewright_agent.feedback.learning import learned

    rows = learned(store, time.time()).ranking.known()
    if arguments.json:
        print_json([row._asdict() for row in rows])
        return DONE
    for row in rows[: max(1, arguments.n)]:
        print(f"{100 * row.share:4.0f} % expected  {row.kept:6.1f} of {row.weight:6.1f}  {row.key}")
    if not rows:
        print("treewright: nothing was decided yet", file=sys.stderr)
    return DONE


def evaluate(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback import gate, versions

    kind = arguments.kind
    if kind not in versions.KINDS:
        usage(f"KIND: {kind!r} is none of {', '.join(versions.KINDS)}")
    if arguments.rollback:
        from treewright_agent.feedback import rules as known

        number = known.rollback(store) if kind == "rules" else versions.rollback(store, kind)
        print(f"treewright: {kind}: {_named(number)} is in force again", file=sys.stderr)
        return DONE
    if arguments.versions:
        return _versions(store, arguments)
    if kind == "rules":
        return _evaluate_rules(store, arguments)
    verdict = _EVALUATORS[kind](store, arguments)
    number = gate.promote(store, verdict) if arguments.promote else 0
    if arguments.json:
        print_json({"passed": verdict.passed, "reason": verdict.reason, "promoted": number,
                    "figures": verdict.figures})  # fmt: skip
    else:
        _show(verdict)
        if number:
            print(f"treewright: version {number} is in force", file=sys.stderr)
    return DONE if verdict.passed else NOT_DONE


def _show(verdict: Verdict) -> None:
    paint = painter()
    print(
        f"{paint('green' if verdict.passed else 'yellow', 'passed' if verdict.passed else 'not passed')}  {verdict.reason}"
    )
    for name, value in verdict.figures.items():
        print(f"  {name:<18} {value}")


def _named(number: int) -> str:
    return f"version {number}" if number else "what ships"


def _versions(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback import versions

    history = versions.promotions(store, arguments.kind)
    if arguments.json:
        print_json([{"version": number, "reason": reason} for number, reason in history])
        return DONE
    for number, reason in history:
        print(f"{_named(number)}: {reason}")
    if not history:
        print(f"treewright: {arguments.kind}: what ships was always in force", file=sys.stderr)
    return DONE


def _evaluate_rules(store: FeedbackStore, arguments: Namespace) -> int:
    from treewright_agent.feedback import gate
    from treewright_agent.feedback import rules as known

    verdicts = [(rule, gate.evaluate_rule(store, rule)) for rule in known.rules(store)]
    if arguments.promote:
        usage("a rule is approved by a person: treewright feedback rules --approve ID")
    if not verdicts and not arguments.json:
        print("treewright: no rules; look for some with `rules --mine`", file=sys.stderr)
    if arguments.json:
        print_json([
            {"id": rule.id, "passed": v.passed, "reason": v.reason, "figures": v.figures}
            for rule, v in verdicts
        ])  # fmt: skip
    else:
        for rule, verdict in verdicts:
            print(f"{rule.id}  {rule.pattern}  ->  {rule.rewrite}")
            _show(verdict)
    return DONE if verdicts and all(v.passed for _, v in verdicts) else NOT_DONE


def _ranking(store: FeedbackStore, arguments: Namespace) -> Verdict:
    from treewright_agent.feedback import gate

    return gate.evaluate_ranking(store)


def _reranker(store: FeedbackStore, arguments: Namespace) -> Verdict:
    from treewright_agent.feedback import gate
    from treewright_agent.feedback.tuning import reranker

    general = searches_of_others(arguments.general) if arguments.general else []
    if arguments.cross_encoder:
        return gate.evaluate_cross_encoder(store, Path(arguments.cross_encoder), general)
    verdict = gate.evaluate_reranker(store, general)
    if arguments.onnx:
        made = reranker.from_json(verdict.body, 0)
        if made is None:
            usage(f"--onnx: there is no candidate: {verdict.reason}")
        Path(arguments.onnx).write_bytes(gate.onnx_of(made))
    return verdict


def searches_of_others(folder: str, *, teaching: bool = False) -> list[reranker.Judged]:
    """What anybody could ask in the workspace at `folder`."""
    from treewright_agent.feedback.tuning.general import general_searches
    from treewright_indexer.cancel import CancelToken

    with opened(folder_path(folder)) as (workspace, _):
        return general_searches(workspace.snapshot(), CancelToken(), teaching=teaching)


def _model(store: FeedbackStore, arguments: Namespace) -> Verdict:
    from treewright_agent.feedback import gate
    from treewright_agent.feedback.replay import cases_in

    if not arguments.endpoint or not arguments.model:
        usage("evaluate model: --endpoint URL and --model NAME say which one")
    candidate = _answerer(arguments.endpoint, arguments.model, arguments)
    against: Answerer | None = None
    if arguments.against_endpoint or arguments.against_model:
        against = _answerer(
            arguments.against_endpoint or arguments.endpoint,
            arguments.against_model or arguments.model,
            arguments,
        )
    cases = cases_in(Path(arguments.cases)) if arguments.cases else []
    body = {"endpoint": arguments.endpoint, "model": arguments.model}
    return gate.evaluate_model(
        store, candidate, against, cases, limit=max(1, arguments.limit), body=body
    )


def _answerer(url: str, model: str, arguments: Namespace) -> Answerer:
    """One decision of the model, as a task would ask for it."""
    from treewright_agent.calls import Call
    from treewright_agent.feedback.samples import SYSTEM
    from treewright_agent.feedback.toolbox import tools_json
    from treewright_agent.models.calling import Caller
    from treewright_agent.models.client import ChatClient
    from treewright_agent.models.endpoint import Endpoint, Secret
    from treewright_agent.models.messages import Message
    from treewright_agent.models.resilience import Deadline
    from treewright_indexer.cancel import CancelToken

    key = os.environ.get(arguments.api_key_env or "", "")
    endpoint = Endpoint(id=model, base_url=url, model=model, api_key=Secret(key) if key else None)
    caller = Caller(ChatClient(endpoint))
    tools: list[dict[str, Any]] = json.loads(tools_json())

    def answer(request: str) -> list[Call]:
        messages = [Message("system", SYSTEM), Message("user", request)]
        decision = caller.decide(messages, tools, Deadline(ANSWER_S), CancelToken())
        return [Call(chosen.name, dict(chosen.arguments)) for chosen in decision.calls]

    return answer


_EVALUATORS = {"ranking": _ranking, "reranker": _reranker, "model": _model}
