"""The process that asks jedi what the graph cannot know: the standard library, other packages.

One JSON question a line on stdin, one answer with the same `id` a line on stdout. It reads code and
never imports or runs any: compiled modules are not loaded, and no foreign interpreter is started.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from treewright_indexer.semantics.jedi_cache import mending, use_own_cache

MAX_ITEMS = 400


class _Jedi:
    def __init__(self) -> None:
        import jedi  # type: ignore[import-untyped]
        from jedi.api.environment import InterpreterEnvironment  # type: ignore[import-untyped]

        use_own_cache(jedi)
        self._jedi: Any = jedi
        self._environment: Any = InterpreterEnvironment()
        self._projects: dict[str, Any] = {}

    def script(self, question: dict[str, Any]) -> Any:
        root = question.get("project")
        project = None
        if root:
            if root not in self._projects:
                self._projects[root] = self._jedi.Project(
                    root, load_unsafe_extensions=False, smart_sys_path=True
                )
            project = self._projects[root]
        return self._jedi.Script(
            code=question["code"],
            path=question["path"],
            project=project,
            environment=self._environment,
        )

    def answer(self, question: dict[str, Any]) -> Any:
        place = question["line"], question["column"]
        script = self.script(question)
        match question["ask"]:
            case "complete":
                found = script.complete(*place)[:MAX_ITEMS]
                return [[item.name, item.type] for item in found]
            case "places":
                found = script.goto(*place, follow_imports=True, follow_builtin_imports=True)
                return [_place(name) for name in found if name.module_path and name.line]
            case "types":
                return [_place(n) for n in script.infer(*place) if n.module_path and n.line]
            case "help":
                return [_help(name) for name in script.help(*place)[:2]]
            case "signatures":
                return [_signature(signature) for signature in script.get_signatures(*place)]
            case _:
                return None


def _place(name: Any) -> dict[str, Any]:
    """Line from 1, column in code points."""
    return {
        "path": str(name.module_path),
        "line": name.line,
        "column": name.column,
        "name": name.name,
    }


def _help(name: Any) -> dict[str, Any]:
    signatures = [signature.to_string() for signature in name.get_signatures()[:3]]
    return {
        "name": name.full_name or name.name,
        "kind": name.type,
        "signatures": signatures,
        "doc": name.docstring(raw=True)[:4000],
    }


def _signature(signature: Any) -> dict[str, Any]:
    return {
        "label": signature.to_string(),
        "doc": signature.docstring(raw=True)[:2000],
        "parameters": [parameter.to_string() for parameter in signature.params],
        "active": signature.index if signature.index is not None else -1,
    }


def main() -> None:
    """Answer until stdin ends. A fault inside jedi is an empty answer, not an end."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    jedi: _Jedi | None = None
    for line in sys.stdin.buffer:
        question = json.loads(line)
        try:
            asked = jedi = jedi or _Jedi()
            answer = mending(lambda: asked.answer(question))  # noqa: B023 - called at once
        except Exception:  # jedi raises all kinds of errors on broken code
            answer = None
        answers.write(json.dumps({"id": question["id"], "answer": answer}).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
