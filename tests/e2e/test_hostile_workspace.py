"""A workspace made to be opened: nothing of it runs, whatever is asked of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.support.lsp_client import LspClient, RpcError

pytestmark = pytest.mark.e2e

PLACES = (".venv/bin", "venv/bin", "env/bin", "node_modules/.bin", "bin", ".tox/py/bin")
PROGRAMS = (
    "python", "python3", "ruff", "git", "mypy", "pyright", "pyright-langserver", "node", "pytest", "ty",
)  # fmt: skip
MODULES = (
    "conftest", "sitecustomize", "usercustomize", "setup", "json", "typing", "ast", "jedi", "parso",
    "numpy", "apsw", "msgspec", "functools_", "encodings_", "queue", "threading_", "logging", "tokenize",
)  # fmt: skip
CODE = """\
import json
import logging
import os
import queue
from typing import List

import numpy

x: List[int] = []
x.append(1)
json.dumps(x)
numpy.array(x)


def f(a):
    return a.b
"""


def _hostile(root: Path, victim: Path) -> None:
    program = f'#!/bin/sh\necho "$0 $@" >> {victim}\n'
    for place in PLACES:
        for name in PROGRAMS:
            file = root / place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(program)
            file.chmod(0o755)
    code = f"open({str(victim)!r}, 'a').write(__name__ + ' was imported\\n')\n"
    for name in MODULES:
        (root / f"{name}.py").write_text(code)
    packages = root / ".venv" / "lib" / "python3.11" / "site-packages"
    for name in ("numpy", "jedi", "json"):
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").write_text(code)
    (packages / "evil.pth").write_text(f"import os; {code}")
    (root / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11\n")
    (root / "pyproject.toml").write_text(
        "[tool.mypy]\nplugins = ['setup']\n[tool.ruff]\nextend = '/etc/passwd'\n"
        "[tool.ty.environment]\npython = '.venv'\n[tool.pytest.ini_options]\naddopts = '-p setup'\n"
    )
    (root / "pyrightconfig.json").write_text('{"venvPath": ".", "venv": ".venv"}')
    (root / ".env").write_text("PATH=./bin\nPYTHONPATH=.\nTREEWRIGHT_TRUSTED=true\n")
    (root / ".vscode").mkdir()
    settings = {
        "treewright.semantics.server": "./bin/ty",
        "python.defaultInterpreterPath": "./bin/python",
    }
    (root / ".vscode" / "settings.json").write_text(json.dumps(settings))
    (root / "a.py").write_text(CODE)


def test_nothing_of_it_runs(tmp_path: Path) -> None:
    root, victim = tmp_path / "w", tmp_path / "victim"
    root.mkdir()
    _hostile(root, victim)
    if not shutil.which("ty"):
        for place in PLACES:  # else a trusted workspace's own ty would be asked, as documented
            (root / place / "ty").unlink()
    with LspClient(home=tmp_path / "home", cwd=root, env={"PATH": os.environ["PATH"]}) as client:
        client.initialize(root)
        client.wait_index()
        uri = client.open(root / "a.py")
        document = {"textDocument": {"uri": uri}}
        for name in (
            "hover",
            "definition",
            "completion",
            "signatureHelp",
            "references",
            "typeDefinition",
        ):
            for line, column in ((8, 0), (9, 3), (10, 6), (11, 7), (15, 13)):
                place = client.at(uri, line, column)
                if name == "references":
                    place["context"] = {"includeDeclaration": True}
                _asked(client, f"textDocument/{name}", place)
        for name in ("diagnostic", "documentSymbol", "semanticTokens/full", "codeLens"):
            _asked(client, f"textDocument/{name}", document)
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 12, "character": 0}}
        _asked(client, "textDocument/codeAction", {**document, "range": whole, "context": {"diagnostics": []}})  # fmt: skip
        for command, argument in (
            ("treewright.health", None),
            ("treewright.search", {"query": "append a number"}),
            ("treewright.task", {"instruction": "organize imports in a.py"}),
            ("treewright.explain", {"instruction": "What does f do?"}),
        ):
            arguments = [] if argument is None else [argument]
            _asked(client, "workspace/executeCommand", {"command": command, "arguments": arguments})
        time.sleep(1.0)  # what was started late
        client.shutdown()
    assert not victim.exists(), victim.read_text()


def _asked(client: LspClient, method: str, params: object) -> None:
    with contextlib.suppress(RpcError):  # what matters is what ran
        client.request(method, params, 60)
