"""The process that runs jedi: one JSON question a line on stdin, one answer a line on stdout.

It reads code of the workspace and never imports or runs it: compiled modules are not loaded
and no foreign interpreter is started (jedi's InterpreterEnvironment is this process).
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from treewright_indexer.semantics.jedi_cache import mending, use_own_cache


def _places(
    question: dict[str, Any], projects: dict[str | None, Any]
) -> list[list[dict[str, Any]]]:
    """The definitions of each place asked about; [] for a place that jedi fails on."""
    import jedi  # type: ignore[import-untyped]
    from jedi.api.environment import InterpreterEnvironment  # type: ignore[import-untyped]

    use_own_cache(jedi)
    root = question["project"]
    if root not in projects:
        projects[root] = (
            jedi.Project(root, load_unsafe_extensions=False, smart_sys_path=True) if root else None
        )
    script: Any = jedi.Script(
        code=question["code"],
        path=question["path"],
        project=projects[root],
        environment=InterpreterEnvironment(),
    )
    answers: list[list[dict[str, Any]]] = []
    for line, column in question["places"]:
        names: list[Any]
        try:
            names = mending(
                lambda at=(line, column): script.goto(
                    *at, follow_imports=True, follow_builtin_imports=True
                )
            )
        except Exception:  # jedi raises all kinds of errors on broken code
            names = []
        answers.append(
            [
                {"path": str(name.module_path) if name.module_path else "", "line": name.line or 0}
                for name in names
            ]
        )
    return answers


def main() -> None:
    """Answer until stdin ends. A fault inside jedi is an empty answer, not an end."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    projects: dict[str | None, Any] = {}
    for line in sys.stdin.buffer:
        try:
            places = _places(json.loads(line), projects)
        except Exception:  # jedi raises all kinds of errors on broken code
            places = []
        answers.write(json.dumps({"places": places}).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
