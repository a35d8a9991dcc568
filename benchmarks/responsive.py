"""Does the editor stay quick while tasks run?

    python benchmarks/responsive.py [--hovers N]

A real server over stdio, a project, three tasks at once whose model answers every 0.3 seconds and
edits on. Printed: how soon the first step of a task shows, and hover's median and 95 % without tasks
and meanwhile, in milliseconds, measured by the client.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.agent_cases import load
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer, Reply, Request, use


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hovers", type=int, default=60)
    options = parser.parse_args()
    numbers = itertools.count()

    def answer(request: Request) -> Reply:
        number = next(numbers)
        made = use(
            "edit_file", file_path=f"made_{number}.py", new_content=f"VALUE_{number} = {number}\n"
        )
        made.delay_s = 0.3
        return made

    server = ModelServer(otherwise=answer)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "w").resolve()
        for name, text in load()[0].files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        with LspClient(home=Path(folder, "home")) as client:
            settings = {
                "openaiBaseUrl": server.url,
                "model": "m",
                "plan": "never",
                "maxIterations": 60,
            }
            client.initialize(root, options={"agent": settings})
            client.wait_index()
            file = root / "ledger/model.py"
            client.open(file)
            hover(client, file)
            quiet = [hover(client, file) for _ in range(options.hovers)]
            started = time.monotonic()
            ids = [
                client.start(
                    "workspace/executeCommand",
                    {"command": "treewright.task", "arguments": [{"instruction": f"do thing {n}"}]},
                )
                for n in range(3)
            ]
            client.wait_notification("$/progress", _begins_a_task)
            first_ms = 1000 * (time.monotonic() - started)
            busy: list[float] = []
            for _ in range(options.hovers):
                busy.append(hover(client, file))
                time.sleep(0.05)
            for id in ids:
                client.cancel(id)
        server.close()
    print(f"first step of a task shown after: {first_ms:.0f} ms")
    for name, times in (("no tasks", quiet), ("3 tasks", busy)):
        ordered = sorted(times)
        print(
            f"hover, {name}: median {ordered[len(ordered) // 2]:.1f} ms,"
            f" 95 % {ordered[int(0.95 * (len(ordered) - 1))]:.1f} ms"
        )


def _begins_a_task(params: Any) -> bool:
    value = params["value"]
    return value.get("kind") == "begin" and "do thing" in str(value.get("title"))


def hover(client: LspClient, file: Path) -> float:
    begun = time.monotonic()
    found = client.request(
        "textDocument/hover",
        {"textDocument": {"uri": file.as_uri()}, "position": {"line": 16, "character": 10}},
    )
    assert found, "there is nothing to hover"
    return 1000 * (time.monotonic() - begun)


if __name__ == "__main__":
    main()
