"""A task from request to reviewed change: the ladder, one rung after the other.

recipe → repair (for a failing test) → model → cache → template → guide. A request that rules cover
asks no model. Every rung's change passes the same checks, and the result says which rung gave it.
Nothing here writes a file of the user's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from treewright_agent import memory as memories
from treewright_agent.calls import Call
from treewright_agent.context import compress, gather
from treewright_agent.draft import Draft, hashes
from treewright_agent.episodes import Episode, fingerprint_of
from treewright_agent.guard.gate import Guard, Policy, named_files
from treewright_agent.intents import Intent, mending, understand
from treewright_agent.models.budget import Budget
from treewright_agent.models.tokens import estimate
from treewright_agent.planning import NoRuleError, UndecidedError, plan_intent
from treewright_agent.prompts import versions
from treewright_agent.proposals import Proposal, ProposalRefused, consider_change
from treewright_agent.routines.ahead import Ahead
from treewright_agent.routines.guide import guide_for
from treewright_agent.routines.pursue import pursue
from treewright_agent.routines.request import READ_ONLY, Services, Source, TaskRequest, TaskResult
from treewright_agent.tools.bench import Bench, Gate, Question
from treewright_agent.tools.operating import plan
from treewright_agent.trajectory import Event, Trajectory, state_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import (
    ArgumentsError,
    CancelledError,
    RefusedError,
    StoreError,
    TreewrightError,
)
from treewright_indexer.snapshot import Snapshot

_PROMPTS = ("agent", "explain", "review", "task", "state", "plan", "reflect", "critique")
_CONTEXT_TOKENS = 6_000


@dataclass
class Task:
    """One run of one request. `run` may be called once."""

    request: TaskRequest
    snapshot: Snapshot
    services: Services
    token: CancelToken
    root: str = ""
    attempts: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        if not self.root:
            self.root = self.snapshot.folders[0].root if self.snapshot.folders else "/"
        settings = self.services.settings
        self.budget = Budget(settings.limits)
        self.trajectory = Trajectory(self.request.task_id, self.services.trajectories, self._heard)
        self._workshop: Any = None
        self._last_run: Any = None
        self._unruled = ""  # why the rule that understood the request could not do it

    def _heard(self, event: Event) -> None:
        if self.services.health is not None and event.name == "observation":
            self.services.health.heard(str(event.data["name"]), event.data["output"])
        self.services.on_event(event)

    # ------------------------------------------------------------------ the ladder

    def run(self) -> TaskResult:
        """Raises nothing but for programming errors: a cancellation is a result."""
        tell = self.trajectory.add
        request = self.request
        tell("task", "", instruction=request.instruction, kind=request.kind,
             attachments=[source for source, _ in request.attachments],
             folders=[folder.root for folder in self.snapshot.folders][:1] and ["."])  # fmt: skip
        try:
            result = self._climb()
        except CancelledError:
            result = self._result(False, "cancelled", "none", "cancelled")
        finally:
            self._close()
        result = replace(
            result,
            spent=self.budget.to_json(),
            endpoint=self.budget.by,
            attempts=tuple(self.attempts),
            trajectory=str(self.trajectory.path or ""),
        )
        if result.draft is not None:
            tell("final_state", "", state=state_of(result.draft, self.root))
        tell("result", "", success=result.success, status=result.status, source=result.source,
             message=result.message, reason=result.reason, fingerprint=result.fingerprint,
             edit_hash=result.edit_hash, spent=dict(result.spent), attempts=list(result.attempts),
             proposal=result.proposal.id if result.proposal is not None else None)  # fmt: skip
        self.trajectory.close()
        self._remember(result)
        return result

    def _climb(self) -> TaskResult:
        request, services = self.request, self.services
        if request.code_version:
            return self._version(request.code_version)
        if request.kind not in READ_ONLY:
            if (applied := self._by_learned_rules()) is not None:
                return applied
            intent = understand(request.instruction) if not request.attachments else None
            if intent is not None:
                self.trajectory.add(
                    "intent",
                    "",
                    action=intent.action,
                    slots=dict(intent.slots),
                    rule_id=intent.rule_id,
                )
                answered = self._by_rule(intent)
                if answered is not None:
                    return answered
        if not self._has_brain and (mended := self._by_loose_search()) is not None:
            return mended
        if services.settings.require_deterministic:
            return self._by_hand(
                "no rule covers this request, and only rules are allowed", "no_rule"
            )
        factors = self._factors()
        fingerprint = fingerprint_of(factors)
        if request.kind not in READ_ONLY and (hit := self._cached(fingerprint)) is not None:
            return hit
        failed: TaskResult | None = None
        if self._has_brain:
            made = self._by_brain(fingerprint, factors)
            if made.success or made.status in ("cancelled", "undecided"):
                return made
            self.attempts.append(f"{made.source}: {made.status}: {made.reason or made.message}")
            failed = made
            if (mended := self._by_loose_search()) is not None:
                return mended
        if request.kind not in READ_ONLY and (hit := self._accepted_before()) is not None:
            return hit
        why = failed.reason if failed is not None else self._unruled
        return self._by_hand(why, "failed", failed)

    def _by_loose_search(self) -> TaskResult | None:
        """The search for a repair where no model is or none succeeded, for a request that only
        may be about failing tests. Tests that pass are no answer to it."""
        if self.request.kind in READ_ONLY or self.services.repair is None:
            return None
        if any(attempt.startswith("repair:") for attempt in self.attempts):
            return None
        intent = mending(self.request.instruction)
        found = self._by_search(intent) if intent is not None else None
        return found if found is not None and found.draft is not None else None

    def _gate(self) -> Gate:
        """What every tool call passes; the user's words may name files that are held else."""
        services, request = self.services, self.request
        if services.gate is not None:
            return services.gate(request, self.root)

        def is_there(shown: str) -> bool:
            return self.snapshot.exists(os.path.join(self.root, shown))

        files = named_files(request.instruction, is_there)
        policy = Policy(
            self.root, request.kind, trust=services.trust, files=files, ask=services.ask
        )
        return Guard(policy)

    @property
    def _has_brain(self) -> bool:
        services = self.services
        return bool(services.brain or services.settings.step_url or services.router)

    # ------------------------------------------------------------------ rungs

    def _by_rule(self, intent: Intent) -> TaskResult | None:
        """What rules make of it; None to go on down the ladder."""
        if intent.action == "fix_tests":
            return self._by_search(intent)
        try:
            planned = plan_intent(intent, self.snapshot, self.root, self._choose, self.token)
        except UndecidedError as error:
            return self._result(
                False, "undecided", "recipe", str(error), rule_id=intent.rule_id,
                reason=error.question, choices=error.choices,
            )  # fmt: skip
        except NoRuleError as error:
            self.attempts.append(f"recipe: {error}")
            self._unruled = f"understood as {intent.action.replace('_', ' ')}, but {error}"
            return None
        except (RefusedError, ArgumentsError) as error:
            self.attempts.append(f"recipe: refused: {error}")
            if self._has_brain:
                return None
            return self._by_hand(str(error), "refused")
        draft = planned.draft
        if draft.is_empty:
            return self._result(
                True,
                "done",
                "recipe",
                f"{planned.title}: nothing to change",
                rule_id=intent.rule_id,
            )
        self._tell_edits(draft)
        made = self._proposal(draft, planned.title, "recipe", reason=intent.rule_id)
        if isinstance(made, ProposalRefused):
            self.attempts.append(f"recipe: {made.reason}")
            return None if self._has_brain else self._by_hand(made.reason, "refused")
        return self._result(
            True, "done", "recipe", planned.title, proposal=made, draft=draft, rule_id=intent.rule_id,
            confidence=intent.confidence, notes=planned.notes, fingerprint=made.fingerprint,
            edit_hash=edit_hash(made.diff),
        )  # fmt: skip

    def _by_learned_rules(self) -> TaskResult | None:
        """The user's own rules, where the request asks for them."""
        if not self.services.rules or self.request.attachments:
            return None
        from treewright_agent.feedback.asked import asked_rules, plan_rules

        asked = asked_rules(self.request.instruction, self.services.rules)
        if asked is None:
            return None
        rules, place = asked
        names = ", ".join(rule.id for rule in rules)
        self.trajectory.add("intent", "", action="learned_rules", slots={"rules": names, "place": place}, rule_id="learned")  # fmt: skip
        try:
            draft, title, notes = plan_rules(rules, place, self.snapshot, self.root, self.token)
        except CancelledError:
            raise
        except TreewrightError as error:
            return self._by_hand(str(error), "refused")
        if draft.is_empty:
            return self._result(
                True, "done", "recipe", "none of your rules matches anything", rule_id="learned", notes=notes
            )  # fmt: skip
        self._tell_edits(draft)
        made = self._proposal(draft, title, "recipe", reason=f"rules you approved: {names}")
        if isinstance(made, ProposalRefused):
            return self._by_hand(made.reason, "refused")
        return self._result(
            True, "done", "recipe", title, proposal=made, draft=draft, rule_id="learned",
            confidence=0.9, notes=notes, fingerprint=made.fingerprint, edit_hash=edit_hash(made.diff),
        )  # fmt: skip

    def _by_search(self, intent: Intent) -> TaskResult | None:
        """Mend failing tests by search; see repair/."""
        repair = self.services.repair
        if repair is None:
            self.attempts.append("repair: programs cannot be run here")
            return None
        tests = [intent.slots["test"]] if "test" in intent.slots else []
        seconds = min(self.services.settings.repair_s, self.budget.deadline.remaining_s)
        try:
            found = repair(self.snapshot, self.root, tests, seconds, self.token)
        except CancelledError:
            raise
        except TreewrightError as error:
            self.attempts.append(f"repair: {error}")
            return None
        self._last_run = found.before
        if found.before is not None and found.before.passed:
            return self._result(
                True, "done", "repair", "all tests pass already", tests=found.before
            )
        if not found.changes:
            self.attempts.append(f"repair: {found.note or 'the search found no repair'}")
            return None
        best = found.changes[0]
        draft = Draft(self.snapshot)
        call = Call("apply_patch", {"patch": best.diff(self.snapshot.text, self.root)})
        draft = draft.done(call, best)
        self._tell_edits(draft)
        title = found.titles[0] if found.titles else "Mend the failing tests"
        made = self._proposal(draft, title, "repair", reason=found.note)
        if isinstance(made, ProposalRefused):
            self.attempts.append(f"repair: {made.reason}")
            return None
        others = len(found.changes) - 1
        notes = [found.note] if found.note else []
        if others:
            many = "1 other change passes" if others == 1 else f"{others} other changes pass"
            notes.append(f"{many} the tests too: look which one is meant")
        return self._result(
            True, "done", "repair", title, proposal=made, draft=draft, tests=found.after,
            rule_id=intent.rule_id, confidence=0.9 if not others else 0.7, notes=tuple(notes),
            alternatives=found.changes[1:], fingerprint=made.fingerprint, edit_hash=edit_hash(made.diff),
        )  # fmt: skip

    def _by_brain(self, fingerprint: str, factors: Mapping[str, Any]) -> TaskResult:
        bench = self._bench()
        pursued = pursue(self, bench)
        ending, draft, checks = pursued.ending, bench.draft, pursued.checks
        source: Source = "step" if pursued.brain == "step" else "model"
        common: dict[str, Any] = {
            "draft": draft, "plan": pursued.plan, "tests": checks.run, "rounds": pursued.rounds,
            "notes": tuple(dict.fromkeys([*checks.notes, *pursued.notes])), "fingerprint": fingerprint,
            "remember": tuple(bench.notes),
        }  # fmt: skip
        self._last_run = checks.run
        if ending.status != "done":
            return self._result(
                False, ending.status, source, ending.summary, reason=ending.reason, **common
            )
        if self.request.kind in READ_ONLY:
            return self._result(True, "done", source, "answered", answer=ending.summary, **common)
        if draft.is_empty:
            return self._result(
                True, "done", source, ending.summary, reason="nothing was changed", **common
            )
        if bench.gate is not None and (
            held := bench.gate.refuse_change(draft.change, draft.base.text, bench.shown)
        ):
            return self._result(False, "refused", source, ending.summary, reason=held, **common)
        made = self._proposal(draft, pursued.title, source, reason=ending.summary)
        if isinstance(made, ProposalRefused):
            return self._result(
                False, "refused", source, ending.summary, reason=made.reason, **common
            )
        common["edit_hash"] = edit_hash(made.diff)
        result = self._result(
            True, "done", source, ending.summary, proposal=made, confidence=0.7, **common
        )
        self._keep(result, factors)
        return result

    def _cached(self, fingerprint: str) -> TaskResult | None:
        """Exactly this request on exactly this text was answered before."""
        if self.services.episodes is None:
            return None
        episode = self.services.episodes.cached(fingerprint)
        if episode is None or episode.target != self._target(episode):
            return None
        return self._again(episode, fingerprint)

    def _accepted_before(self) -> TaskResult | None:
        """The same request was answered and accepted on the same text, by whichever model."""
        if self.services.episodes is None:
            return None
        episode = self.services.episodes.accepted(self.request.instruction, self._target)
        return self._again(episode, episode.fingerprint) if episode is not None else None

    def _version(self, wanted: str) -> TaskResult:
        """An earlier answer by its hash, on the text that it was made for, checked as if new."""
        kept = self.services.episodes
        episode = kept.of_hash(wanted) if kept is not None else None
        if episode is None:
            reason = f"no earlier answer of this workspace has the hash {wanted!r}"
        elif episode.status in ("rejected", "reverted"):
            reason = f"the answer {wanted[:12]} was {episode.status}"
        elif episode.target != self._target(episode):
            reason = f"the files that {wanted[:12]} changes are not as they were when it was made"
        elif (again := self._again(episode, episode.fingerprint)) is not None:
            return again
        else:
            reason = self.attempts[-1].removeprefix("cache: ")
        return self._result(False, "refused", "cache", reason, reason=reason)

    def _again(self, episode: Episode, fingerprint: str) -> TaskResult | None:
        """Plan an episode's calls once more and check the result as if it were new."""
        draft = Draft(self.snapshot)
        try:
            for call in episode.calls:
                draft = draft.done(call, plan(call, draft.snapshot, self.root, self.token))
        except CancelledError:
            raise
        except TreewrightError as error:
            self.attempts.append(f"cache: {error}")
            return None
        if not draft.is_empty and (
            held := self._gate().refuse_change(
                draft.change, self.snapshot.text, self.snapshot.display_path
            )
        ):
            self.attempts.append(f"cache: {held}")
            return None
        made = self._proposal(
            draft, episode.summary[:100] or self.request.instruction[:100], "cache"
        )
        if isinstance(made, ProposalRefused) or edit_hash(made.diff) != episode.edit_hash:
            self.attempts.append("cache: it does not fit any more")
            return None
        self._tell_edits(draft)
        return self._result(
            True, "done", "cache", episode.summary, proposal=made, draft=draft, fingerprint=fingerprint,
            edit_hash=episode.edit_hash, cached_at=episode.created, confidence=0.9,
        )  # fmt: skip

    def _by_hand(self, why: str, status: str, failed: TaskResult | None = None) -> TaskResult:
        """The template of what was asked, if there is one, else a guide."""
        if status != "refused" and (framed := self._framed(why)) is not None:
            return framed
        guide = guide_for(
            self.request, self.snapshot, self.root, why, self._last_run, self.token,
            has_model=self._has_brain,
        )  # fmt: skip
        base = failed or self._result(False, status, "guide", guide.summary)
        return replace(
            base,
            success=False,
            status=base.status if failed is not None else status,  # type: ignore[arg-type]
            source="guide",
            message=failed.message if failed is not None and failed.message else guide.summary,
            reason=why or base.reason,
            guide=guide,
        )

    def _framed(self, why: str) -> TaskResult | None:
        """A frame with what is left to do marked in it; see `templates`."""
        if self.request.kind in READ_ONLY:
            return None
        from treewright_agent.routines.templates import frame_for

        frame = frame_for(self.request, self.snapshot, self.root, self.token)
        if frame is None:
            return None
        made = self._proposal(frame.draft, frame.title, "template", reason=frame.id)
        if isinstance(made, ProposalRefused):
            self.attempts.append(f"template: {made.reason}")
            return None
        self._tell_edits(frame.draft)
        notes = (f"this is a template: {frame.left} is left to write",)
        return self._result(
            True, "done", "template", frame.title, proposal=made, draft=frame.draft,
            rule_id=frame.id, confidence=0.3, notes=notes, reason=why, fingerprint=made.fingerprint,
            edit_hash=edit_hash(made.diff),
        )  # fmt: skip

    # ------------------------------------------------------------------ pieces

    def _bench(self) -> Bench:
        services, settings = self.services, self.services.settings
        if self.request.kind not in READ_ONLY and self._workshop is None:
            made = services.workshop(self.snapshot, self.root)
            self._workshop = Ahead(made) if made is not None else None
        diagnostics: dict[str, list[Any]] = {}
        for found in self.request.environment.diagnostics:
            diagnostics.setdefault(found.path, []).append(found)
        return Bench(
            Draft(self.snapshot), self.token, self.budget, self.root, workshop=self._workshop,
            ask=services.ask, web=services.web, memory=services.memory,
            repair=services.repair if self._workshop is not None else None,
            gate=self._gate(),
            command_timeout_s=settings.command_timeout_s, max_output=settings.max_output,
            diagnostics=diagnostics,
        )  # fmt: skip

    def context_text(
        self, limit: int = _CONTEXT_TOKENS
    ) -> Callable[[Snapshot, frozenset[str]], str]:
        """(snapshot now, files that are shown elsewhere) -> the context, gathered once."""
        goal = " ".join(
            (self.request.instruction, *(text[:300] for _, text in self.request.attachments))
        )
        blocks = gather(self.snapshot, goal, self.request.environment, self.token)
        self.trajectory.add(
            "context_blocks", "",
            blocks=[
                {"file": self.snapshot.display_path(b.path), "start_line": b.start_line,
                 "end_line": b.end_line, "reason": b.reason}
                for b in blocks
            ],
        )  # fmt: skip

        def text(snapshot: Snapshot, skip: frozenset[str]) -> str:
            return compress(blocks, snapshot, limit, estimate, skip).text

        return text

    def memory_text(self) -> str:
        """What earlier tasks and the user's own edits taught, for a model."""
        from treewright_agent.feedback.asked import told

        memory = self.services.memory
        recalled = (
            memories.text_of(memory.recall(self.request.instruction)) if memory is not None else ""
        )
        return "\n\n".join(filter(None, (recalled, told(self.services.rules))))

    def _choose(self, question: str, choices: tuple[str, ...]) -> str | None:
        ask = self.services.ask
        answer = ask(Question(question, choices)) if ask is not None else None
        self.trajectory.add("question", "", question=question, choices=list(choices), answer=answer)
        return answer

    def _proposal(
        self, draft: Draft, title: str, source: Source, reason: str = ""
    ) -> Proposal | ProposalRefused:
        calls = [entry.call for entry in draft.log]
        made = consider_change(
            self.snapshot,
            title,
            calls,
            draft.change,
            source,
            self.token,
            reason=reason,
            rung=source,
        )
        shown = made.report.to_json() if made.report is not None else {}
        self.trajectory.add("proposal", "", title=title, refused=getattr(made, "reason", "")
                            if isinstance(made, ProposalRefused) else "", report=shown)  # fmt: skip
        return made

    def _tell_edits(self, draft: Draft) -> None:
        for entry in draft.log:
            self.trajectory.add(
                "edit", "", operation=entry.call.operation, arguments=dict(entry.call.arguments),
                files=sorted(self.snapshot.display_path(path) for path in entry.change.paths()),
            )  # fmt: skip

    def _factors(self) -> dict[str, Any]:
        """What decides a model's answer; nothing that differs between machines or moments."""
        services, settings = self.services, self.services.settings
        environment = self.request.environment.text(self.snapshot)
        models = {}
        if services.router:
            models = {id: client.endpoint.model for id, client in services.router.clients.items()}
        from treewright_agent.proposals import own_version
        from treewright_agent.tools import all_tools

        blocks = gather(
            self.snapshot, self.request.instruction, self.request.environment, self.token
        )
        context = compress(blocks, self.snapshot, _CONTEXT_TOKENS, estimate)
        return {
            "instruction": self.request.instruction,
            "kind": self.request.kind,
            "attachments": [_sha(text) for _, text in self.request.attachments],
            "environment": _sha(environment),
            "context": _sha(context.text),
            "files": hashes(self.snapshot, sorted({b.path for b in context.blocks})),
            "memory": _sha(self.memory_text()),
            "models": models,
            "step_server": bool(settings.step_url),
            "sampling": {"temperature": 0.0, "top_p": 1.0, "seed": 42},
            "limits": [settings.limits.rounds, settings.limits.repair_rounds],
            "prompts": versions(_PROMPTS, settings.prompt_folder),
            "tools": _sha(all_tools().get_schema_string()),
            "version": own_version(),
        }

    def _target(self, episode: Episode) -> str:
        """Hash of the texts that an episode's calls change, as they are now; '' when they cannot
        be planned any more."""
        draft = Draft(self.snapshot)
        try:
            for call in episode.calls:
                draft = draft.done(call, plan(call, draft.snapshot, self.root, self.token))
        except CancelledError:
            raise
        except TreewrightError:
            return ""
        return target_of(draft)

    def _keep(self, result: TaskResult, factors: Mapping[str, Any]) -> None:
        if self.services.episodes is None or result.draft is None:
            return
        try:
            self.services.episodes.add(
                result.fingerprint, self.request.task_id, self.request.instruction,
                target_of(result.draft), result.calls, result.source, result.message,
                result.edit_hash, factors, "checked",
            )  # fmt: skip
        except StoreError as error:
            self.trajectory.add("not_kept", "", reason=str(error))

    def _remember(self, result: TaskResult) -> None:
        memory = self.services.memory
        if memory is None or self.request.kind in READ_ONLY or result.status == "cancelled":
            return
        outcome = "done" if result.success else f"not done ({result.status})"
        memory.add("task", f"{self.request.instruction[:300]}: {outcome}, {result.source}. {result.message[:300]}",
                   f"task {self.request.task_id}")  # fmt: skip

    def _result(
        self, success: bool, status: Any, source: Source, message: str, **more: Any
    ) -> TaskResult:
        return TaskResult(self.request.task_id, success, status, source, message, **more)

    def _close(self) -> None:
        if self._workshop is not None:
            self._workshop.close()
            self._workshop = None


def run_task(
    request: TaskRequest,
    snapshot: Snapshot,
    services: Services,
    token: CancelToken,
    root: str = "",
) -> TaskResult:
    """Raises TaskIdError for an id that was used before; everything else is a result."""
    return Task(request, snapshot, services, token, root).run()


def edit_hash(diff: str) -> str:
    return _sha(diff)


def target_of(draft: Draft) -> str:
    """Hash of the texts before of every file that the draft changes."""
    paths = sorted(draft.change.paths())
    return _sha(repr(sorted(hashes(draft.base, paths).items())))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
