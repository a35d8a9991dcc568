"""`treewright <command>`: results on stdout, everything else on stderr.

Exit codes: 0 done, 1 not done, 2 bad usage. Each command is a module that is imported when it
runs, so that `treewright serve` loads no more than it needs.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from treewright_server import __version__

if TYPE_CHECKING:
    import argparse


def _parser() -> argparse.ArgumentParser:
    import argparse

    from treewright_server.cli import feedback_arguments
    from treewright_server.cli.parser import Parser as _Parser

    parser = _Parser(prog="treewright", description="Knows your code as trees, and changes it.")
    parser.add_argument("--version", action="version", version=f"treewright {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    serve = commands.add_parser("serve", help="speak the Language Server Protocol")
    way = serve.add_mutually_exclusive_group()
    way.add_argument("--stdio", action="store_true", help="on standard input and output (default)")
    way.add_argument("--tcp", metavar="HOST:PORT", help="listen for clients; port 0 takes any")
    way.add_argument("--ws", metavar="HOST:PORT", help="the same over WebSocket")
    serve.add_argument(
        "--allow-remote", action="store_true", help="listen on an address others can reach"
    )
    serve.add_argument(
        "--allow-origin", metavar="ORIGIN", action="append", default=[],
        help="let web pages of this origin connect to --ws",
    )  # fmt: skip
    _log_level(serve)
    serve.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="lines for people or programs",
    )
    serve.add_argument(
        "--metrics", metavar="HOST:PORT", help="serve Prometheus metrics on a loopback address"
    )
    serve.add_argument("--log-dir", metavar="DIR", help="where the log file goes")
    serve.add_argument("--clientProcessId", type=int, help=argparse.SUPPRESS)

    index = commands.add_parser("index", help="index a folder and say what is in it")
    _path(index)
    _json(index)
    index.add_argument("--rebuild", action="store_true", help="forget the stored index first")

    search = commands.add_parser("search", help="find code")
    _path(search)
    search.add_argument("query", nargs="?", metavar="QUERY")
    search.add_argument("-k", type=int, default=10, metavar="N", help="how many results (10)")
    search.add_argument(
        "--mode", choices=["hybrid", "lexical", "dense", "graph"], default="hybrid",
        help="words and meaning together (default), one of them, or along the code graph",
    )  # fmt: skip
    search.add_argument(
        "--rerank", action=argparse.BooleanOptionalAction, default=None,
        help="reorder the best results with a reranker (the default where one helps)",
    )  # fmt: skip
    search.add_argument("--explain", action="store_true", help="say how it was found")
    search.add_argument(
        "--batch", action="store_true", help="answer JSON lines from standard input"
    )
    _json(search)

    graph = commands.add_parser("graph", help="what surrounds a symbol")
    _path(graph)
    graph.add_argument(
        "relation",
        choices=[
            "definitions", "references", "callers", "callees", "subclasses", "importers", "tests",
            "overrides", "implementations", "impact", "path", "related", "cycles", "dead",
        ],
    )  # fmt: skip
    graph.add_argument(
        "symbol", metavar="SYMBOL", nargs="?", help="`name`, `Class.method`; not for cycles, dead"
    )
    graph.add_argument("to", metavar="SYMBOL", nargs="?", help="where a path ends")
    graph.add_argument("--depth", type=int, default=3, help="how far an impact is followed")
    graph.add_argument("--limit", type=int, default=1000, help="rows at most")
    _json(graph)

    apply = commands.add_parser("apply", help="run operations; prints a diff")
    _path(apply)
    apply.add_argument(
        "operations", metavar="OPERATION|FILE",
        help="an operation (`treewright operations` lists them), or JSON: a file, `-` for standard input",
    )  # fmt: skip
    apply.add_argument(
        "given",
        metavar="NAME=VALUE",
        nargs="*",
        help="its arguments; at=FILE:LINE:COLUMN is a place",
    )
    apply.add_argument("--write", action="store_true", help="write the changed files")

    operations = commands.add_parser("operations", help="what `apply` can do")
    operations.add_argument("name", nargs="?", metavar="OPERATION", help="one of them in full")
    _json(operations)

    task = commands.add_parser("task", help="do a task; prints its diff")
    _path(task)
    what = task.add_mutually_exclusive_group()
    what.add_argument("instruction", nargs="?", metavar="INSTRUCTION", help="what is to be done")
    what.add_argument(
        "--task-file", metavar="FILE",
        help='JSON such as {"instruction": "…"}; without both, or with `-`, standard input',
    )  # fmt: skip
    task.add_argument("--write", action="store_true", help="write the changed files")
    task.add_argument("--branch", action="store_true", help="commit on a branch of its own instead")
    task.add_argument(
        "--replay", metavar="TRAJECTORY", help="repeat a recorded task, without a model"
    )
    task.add_argument(
        "--code-version", metavar="HASH",
        help="an earlier answer by its `code_hash`, on unchanged files, without a model",
    )  # fmt: skip
    _json(task)

    step = commands.add_parser("step", help="decide for others: serve the step protocol")
    step.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:8000")
    _log_level(step)

    mcp = commands.add_parser("mcp", help="speak the Model Context Protocol on standard input")
    _path(mcp)
    mcp.add_argument("--read-only", action="store_true", help="offer no tool that edits")
    mcp.add_argument(
        "--tools", choices=["auto", "all"], default="auto",
        help="auto: what other agents lack; all: every operation as well",
    )  # fmt: skip

    feedback_arguments.add(commands, _Parser, _json)

    models = commands.add_parser("models", help="the models that find code by meaning")
    action = models.add_subparsers(dest="action", metavar="ACTION", parser_class=_Parser)
    _json(action.add_parser("list", help="what ships and what is used"))
    verify = action.add_parser("verify", help="check a model's files and run it once")
    verify.add_argument("model", nargs="?", metavar="MODEL", help="a name or a manifest's path")
    _json(verify)
    bench = action.add_parser("bench", help="texts a second and milliseconds a query, here")
    bench.add_argument("model", nargs="?", metavar="MODEL", help="a name or a manifest's path")
    bench.add_argument("-n", type=int, default=512, metavar="N", help="texts to embed (512)")
    _json(bench)

    build = action.add_parser("gpu", help="put onnxruntime's GPU build beside the other one")
    build.add_argument(
        "--package", choices=["onnxruntime-gpu", "onnxruntime-directml"], default="onnxruntime-gpu",
        help="which build (onnxruntime-gpu)",
    )  # fmt: skip
    build.add_argument("--dry-run", action="store_true", help="only print what would be run")
    build.add_argument("--remove", action="store_true", help="take it away again")

    doctor = commands.add_parser("doctor", help="check that everything treewright needs is there")
    _json(doctor)
    return parser


def _path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="the workspace folder")
    _log_level(parser, "warning")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="machine-readable output")


def _log_level(parser: argparse.ArgumentParser, default: str = "info") -> None:
    parser.add_argument(
        "--log-level", choices=["debug", "info", "warning", "error"], default=default
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the `treewright` command. Returns the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given in (["serve"], ["serve", "--stdio"]):  # how editors start it: nothing to parse
        from treewright_server.cli import serve

        return serve.run(serve.Plain())
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    if arguments.command is None or (
        arguments.command in ("feedback", "models") and arguments.action is None
    ):
        missing = "ACTION" if arguments.command else "COMMAND"
        print(f"treewright: error: {missing} is missing (try `--help`)", file=sys.stderr)
        return 2
    module = importlib.import_module(f"treewright_server.cli.{arguments.command}")
    if arguments.command == "serve":
        return module.run(arguments)
    from treewright_server.cli.support import guarded

    return guarded(module.run, arguments)
