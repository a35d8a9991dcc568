"""The arguments of `treewright feedback`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


def add(commands: Any, parser_class: type, json: Callable[[argparse.ArgumentParser], None]) -> None:
    feedback = commands.add_parser("feedback", help="what was proposed and what became of it")
    actions = feedback.add_subparsers(dest="action", metavar="ACTION", parser_class=parser_class)
    _export(actions)
    _leaving(actions)
    report = actions.add_parser("report", help="what became of proposals, as an HTML page")
    report.add_argument("--output", metavar="FILE", help="default: standard output")
    report.add_argument("--workspace", metavar="DIR")
    stats = actions.add_parser("stats", help="count proposals and outcomes")
    stats.add_argument("--workspace", metavar="DIR")
    json(stats)
    show = actions.add_parser("show", help="list proposals, or exactly what would leave")
    show.add_argument("proposal", nargs="?", metavar="ID", help="one proposal in full")
    show.add_argument("-n", type=int, default=20, metavar="N", help="how many (20)")
    show.add_argument(
        "--leaving", action="store_true", help="print every line that would leave, as it would"
    )
    show.add_argument("--to", metavar="ADDRESS", help="with --leaving: only what goes there")
    show.add_argument("--with-code", action="store_true", help="with --leaving: as forwarded so")
    json(show)
    forget = actions.add_parser("forget", help="delete what was recorded, for good")
    what = forget.add_mutually_exclusive_group(required=True)
    what.add_argument("--workspace", metavar="DIR")
    what.add_argument("--task", metavar="ID")
    what.add_argument("--proposal", metavar="ID")
    what.add_argument("--all", action="store_true")
    taste = actions.add_parser(
        "taste", help="what the order of the menu has learned, and from what"
    )
    taste.add_argument("-n", type=int, default=40, metavar="N", help="how many lines (40)")
    json(taste)
    _rules(actions, json)
    _evaluate(actions, json)
    tune = actions.add_parser("tune", help="write a ready configuration for a trainer")
    tune.add_argument(
        "trainer", metavar="TRAINER", help="axolotl, llamafactory, trl (LoRA) or reranker"
    )
    tune.add_argument("--data", metavar="DIR", required=True, help="an export with --folder")
    tune.add_argument("--model", metavar="MODEL", required=True, help="the model to fine-tune")
    tune.add_argument("--output", metavar="DIR", required=True)
    tune.add_argument(
        "--general", metavar="WORKSPACE",
        help="for a reranker: its docstrings are searches of others, that are not to be lost",
    )  # fmt: skip
    tune.add_argument(
        "--template", metavar="NAME", default="default", help="LLaMA-Factory's chat template"
    )


def _export(actions: Any) -> None:
    export = actions.add_parser("export", help="write a training file")
    export.add_argument(
        "--format", default="messages", metavar="NAME",
        help="messages (default), prompt_completion, alpaca, sharegpt, dpo, kto, kto_messages,"
        " reranker, next_edit; rounds: one file a task, as it was done",
    )  # fmt: skip
    target = export.add_mutually_exclusive_group()
    target.add_argument("--output", metavar="FILE", help="default: standard output")
    target.add_argument(
        "--folder", metavar="DIR", help="train, validation and test files with a data card"
    )
    export.add_argument("--parquet", action="store_true", help="Parquet instead of JSON Lines")
    export.add_argument("--workspace", metavar="DIR", help="only this workspace")
    export.add_argument("--since", metavar="DATE", help="proposals from this day or moment on")
    export.add_argument("--until", metavar="DATE", help="proposals before this day or moment")
    for name in ("rung", "language", "outcome", "origin"):
        export.add_argument(
            f"--{name}", action="append", default=[], metavar="NAME", help="only these; repeatable"
        )
    export.add_argument(
        "--standing", type=float, metavar="SHARE",
        help="only what still stood to this share when it was last looked at (0 to 1)",
    )  # fmt: skip
    export.add_argument(
        "--per-workspace", type=int, metavar="N", help="at most N rows of one workspace"
    )
    export.add_argument(
        "--per-user", type=int, metavar="N", help="at most N rows in all: a store is one user's"
    )
    export.add_argument(
        "--tools", type=int, default=5, metavar="N",
        help="tools that a row offers beside those it calls (5)",
    )  # fmt: skip
    export.add_argument(
        "--near", type=float, default=0.9, metavar="SHARE",
        help="similarity from which a row repeats an earlier one (0.9; 1 drops equal rows only)",
    )  # fmt: skip
    export.add_argument(
        "--provenance", action="store_true", help="a column with ids, origin and time"
    )
    for name, what in (("path", "files matching it"), ("name", "this word, wherever it stands")):
        export.add_argument(
            f"--redact-{name}", action="append", default=[], metavar=name.upper(),
            help=f"leave out {what}; repeatable",
        )  # fmt: skip


def _leaving(actions: Any) -> None:
    forward = actions.add_parser("forward", help="send what was recorded to an address of yours")
    forward.add_argument(
        "--to", metavar="ADDRESS", required=True,
        help="folder:/…, https://…, s3://bucket/prefix or postgresql://…",
    )  # fmt: skip
    forward.add_argument("--with-code", action="store_true", help="also code, titles and arguments")
    forward.add_argument(
        "--dry-run", action="store_true", help="print every line that would leave; send nothing"
    )


def _rules(actions: Any, json: Callable[[argparse.ArgumentParser], None]) -> None:
    rules = actions.add_parser("rules", help="patterns found in what you accepted: list, approve")
    what = rules.add_mutually_exclusive_group()
    what.add_argument("--mine", action="store_true", help="look for new ones first")
    what.add_argument("--approve", metavar="ID", help="offer it from now on")
    what.add_argument("--refuse", metavar="ID", help="never propose it again")
    what.add_argument("--remove", metavar="ID", help="delete it; it may be found again")
    json(rules)


def _evaluate(actions: Any, json: Callable[[argparse.ArgumentParser], None]) -> None:
    evaluate = actions.add_parser("evaluate", help="measure what was learned against what is used")
    evaluate.add_argument("kind", metavar="KIND", help="ranking, reranker, rules or model")
    evaluate.add_argument(
        "--promote", action="store_true", help="put it in force when the gate lets it pass"
    )
    evaluate.add_argument("--rollback", action="store_true", help="back to the version before")
    evaluate.add_argument("--versions", action="store_true", help="list what was in force")
    evaluate.add_argument(
        "--general", metavar="DIR", help="reranker: a workspace whose docstrings are searched for"
    )
    evaluate.add_argument(
        "--cross-encoder", metavar="DIR", help="reranker: one that train_cross_encoder.py wrote"
    )
    evaluate.add_argument("--onnx", metavar="FILE", help="reranker: write the candidate there")
    for name, what in (("", "the candidate"), ("against-", "what it is compared with")):
        evaluate.add_argument(f"--{name}endpoint", metavar="URL", help=f"model: of {what}")
        evaluate.add_argument(f"--{name}model", metavar="NAME", help=f"model: {what}")
    evaluate.add_argument(
        "--api-key-env", metavar="NAME", help="model: the variable that holds the key"
    )
    evaluate.add_argument("--cases", metavar="DIR", help="model: requests with files and tests")
    evaluate.add_argument(
        "--limit", type=int, default=50, metavar="N", help="model: stored requests (50)"
    )
    json(evaluate)
