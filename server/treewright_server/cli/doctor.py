"""treewright doctor: what is installed, what works, and what to do about the rest."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from treewright_server import __version__
from treewright_server.cli import setup_faults
from treewright_server.cli.support import DONE, NOT_DONE, painter, print_json
from treewright_server.homes import home_folder

Check = tuple[str, Callable[[], str], bool]
"""(name, what it found or raises, whether treewright needs it)"""


def run(arguments: Namespace) -> int:
    checks: list[Check] = [
        ("python", _python, True),
        ("grammars", _grammars, True),
        ("sqlite", _sqlite, True),
        ("cache folder", lambda: _writable(home_folder("cache")), False),
        ("data folder", lambda: _writable(home_folder("data")), False),
        ("log folder", lambda: _writable(home_folder("log")), False),
        ("ruff", _ruff, False),
        ("jedi", lambda: _distribution("jedi"), False),
        ("pygls", lambda: _distribution("pygls"), True),
        ("websockets", lambda: _distribution("websockets"), False),
        ("onnxruntime", _onnxruntime, False),
        ("embedder", _embedder, False),
        ("git", _git, False),
        ("sandbox", _sandbox, False),
        ("disk", setup_faults.disk, False),
        ("watching", setup_faults.watching, False),
        ("model", setup_faults.model, False),
        ("trust", setup_faults.trust, False),
        ("crashes", setup_faults.crashes, False),
        ("audit", setup_faults.audit, False),
    ]
    rows: list[dict[str, Any]] = []
    for name, check, needed in checks:
        try:
            rows.append({"name": name, "ok": True, "needed": needed, "detail": check()})
        except Exception as error:
            detail = str(error) or type(error).__name__
            rows.append({"name": name, "ok": False, "needed": needed, "detail": detail})
    healthy = all(row["ok"] for row in rows if row["needed"])
    if arguments.json:
        print_json({"version": __version__, "ok": healthy, "checks": rows})
        return DONE if healthy else NOT_DONE
    paint = painter()
    print(paint("bold", f"treewright {__version__}"))
    for row in rows:
        mark = (
            paint("green", "ok     ")
            if row["ok"]
            else paint("red", "missing") if row["needed"] else paint("yellow", "without")
        )  # fmt: skip
        print(f"{mark}  {row['name']:<13} {paint('dim', row['detail'])}")
    return DONE if healthy else NOT_DONE


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _grammars() -> str:
    from treewright_indexer.languages import LANGUAGES

    broken: list[str] = []
    for language in LANGUAGES.values():
        try:
            language.query  # noqa: B018 - loading it is the check
        except Exception as error:
            broken.append(f"{language.id}: {error}")
    if broken:
        raise RuntimeError("; ".join(broken))
    return ", ".join(LANGUAGES)


def _onnxruntime() -> str:
    from treewright_indexer.encoders.providers import installed, runtime

    module = runtime()
    known = ", ".join(
        name.removesuffix("ExecutionProvider") for name in module.get_available_providers()
    )
    if len(packages := installed()) > 1:
        raise RuntimeError(
            f"{' and '.join(packages)} own one folder, and the one installed last is there ({known}): "
            "`treewright models gpu` puts each in its place"
        )
    return f"{module.__version__} for {known}"


def _embedder() -> str:
    from treewright_indexer.encoders.shelf import manifest_of
    from treewright_server.cli.support import load_settings

    layer = load_settings().search
    if layer.remote_url:
        return f"{layer.remote_model} at {layer.remote_url}"
    manifest = manifest_of(layer.domain().embedder)
    manifest.verify()
    return f"{manifest.name}, {manifest.precision or 'float'}, {manifest.dimensions} dimensions"


def _sqlite() -> str:
    apsw: Any = importlib.import_module("apsw")
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(a)")
    return f"SQLite {apsw.sqlite_lib_version()} with FTS5, apsw {apsw.apsw_version()}"


def _writable(folder: Path) -> str:
    place = folder
    while not place.exists() and place.parent != place:
        place = place.parent
    if not os.access(place, os.W_OK):
        raise RuntimeError(f"{folder} cannot be written; TREEWRIGHT_HOME moves it")
    return str(folder)


def _ruff() -> str:
    from treewright_agent.verify.ruff import ruff_version

    version = ruff_version()
    if not version:
        raise RuntimeError("not found: no diagnostics of treewright's own, no lint check")
    return version


def _distribution(name: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        raise RuntimeError(f"not installed: pip install {name}") from None


def _sandbox() -> str:
    """Which protection tests and commands run under; raises when they would not run."""
    from treewright_agent.sandbox import Level, active, refusal
    from treewright_server.cli.support import load_settings

    protection, wanted = active(), Level[load_settings().agent.sandbox_minimum.upper()]
    if protection.level < wanted:
        raise RuntimeError(refusal(protection, wanted))
    advice = f" ({protection.advice})" if protection.advice else ""
    return f"{protection.level.name.lower()}: {protection.detail}{advice}"


def _git() -> str:
    import shutil
    import subprocess

    git = shutil.which("git")
    if git is None:
        raise RuntimeError("not found: ignore files are read without it")
    shown = subprocess.run([git, "--version"], capture_output=True, text=True, timeout=10)
    return shown.stdout.strip()
