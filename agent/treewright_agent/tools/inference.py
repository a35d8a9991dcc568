"""The type of a Python expression, from jedi in a process of its own.

jedi reads code and runs none of it: compiled modules are not loaded and no foreign interpreter is
started. One question a process: a fault or an endless inference ends with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from treewright_agent.tools.model import ToolError, Trouble

if TYPE_CHECKING:
    from treewright_agent.tools.bench import Bench
    from treewright_indexer.text import SourceText

TIMEOUT_S = 10.0


def type_at(bench: Bench, path: str, text: SourceText, offset: int) -> dict[str, Any]:
    """`{"type": "int", "types": […]}`; type "unknown" when jedi cannot tell. Raises ToolError."""
    line = text.line_of(offset)
    start = text.line_span(line).start
    folder = bench.snapshot.folder_of(path)
    question = {
        "code": text.string,
        "path": path,
        "root": folder.root if folder is not None else None,
        "line": line + 1,
        "column": len(text.data[start:offset].decode("utf-8", "replace")),
    }
    child = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", os.path.abspath(__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        answer = _asked(child, json.dumps(question).encode(), bench)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
    types: list[str] = answer.get("types", [])
    shown = " | ".join(types) if types else "unknown"
    return {"type": shown, "types": types, "file": bench.shown(path), "line": line + 1}


def _asked(child: subprocess.Popen[bytes], question: bytes, bench: Bench) -> dict[str, Any]:
    until = time.monotonic() + TIMEOUT_S
    given: bytes | None = question
    while True:
        try:
            out, _ = child.communicate(given, timeout=0.05)
            break
        except subprocess.TimeoutExpired as error:
            given = None
            bench.token.check()
            if time.monotonic() > until:
                raise ToolError(
                    f"the inference took longer than {TIMEOUT_S:.0f} s", Trouble.TIMEOUT
                ) from error
    try:
        return json.loads(out)
    except ValueError:
        return {}


def main() -> None:
    """Answer the one question on stdin."""
    sys.setrecursionlimit(3000)
    question = json.load(sys.stdin)
    types: list[str] = []
    try:
        import jedi
        from jedi.api.environment import InterpreterEnvironment

        from treewright_indexer.semantics.jedi_cache import mending, use_own_cache

        use_own_cache(jedi)
        project: Any = jedi.Project(question["root"]) if question["root"] else None
        script: Any = jedi.Script(
            code=question["code"],
            path=question["path"],
            project=project,
            environment=InterpreterEnvironment(),
        )
        names: list[Any] = mending(lambda: script.infer(question["line"], question["column"]))
        for name in names:
            shown = name.get_type_hint() if name.type != "module" else f"module {name.full_name}"
            if name.type == "class":
                shown = f"type[{name.name}]"
            types.append(shown or name.name)
    except Exception:  # jedi raises all kinds of errors on broken code
        types = []
    sys.stdout.write(json.dumps({"types": list(dict.fromkeys(types))}))


if __name__ == "__main__":
    main()
