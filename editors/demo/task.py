"""A task from request to green tests, as it is seen: `make demo-task`.

The request is the one of the seeds, "add reverse_string to utils/string_utils.py and write tests". A
scripted model on loopback answers, and its first attempt is wrong: the tests are red, the cause is
found, the second attempt is green. Everything but the model is the real thing; the folder is a
temporary one and stays as it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.model_server import model_server, say, use, uses

REQUEST = "add reverse_string to utils/string_utils.py and write tests"
HEAD = '"""Helpers for texts."""\n'
WRONG = 'def reverse_string(text: str) -> str:\n    """The text backwards."""\n    return text\n'
TESTS = """import pytest

from utils.string_utils import reverse_string


@pytest.mark.parametrize(("text", "backwards"), [("abc", "cba"), ("", ""), ("ab ba!", "!ab ba")])
def test_reverse_string(text, backwards):
    assert reverse_string(text) == backwards
"""
PLAN = {
    "plan": [
        {
            "step": "add reverse_string", "description": "Add reverse_string", "operation_type": "MODIFY",
            "files_to_operate": ["utils/string_utils.py"],
            "expected_outcome": "texts can be turned around", "implementation_notes": "",
        },
        {
            "step": "write tests", "description": "Test normal, empty and mixed texts", "operation_type": "ADD",
            "files_to_operate": ["tests/test_string_utils.py"],
            "expected_outcome": "the tests pass", "implementation_notes": "",
        },
    ]
}  # fmt: skip
DIAGNOSIS = {
    "diagnosis": "reverse_string hands back its argument",
    "root_cause": "the text is never turned around",
    "severity": "HIGH",
    "fix_strategy": "slice it backwards",
    "code_changes": [
        {
            "file_path": "utils/string_utils.py",
            "new_content": f"{HEAD}\n\n{WRONG}".replace("return text\n", "return text[::-1]\n"),
        }
    ],
    "plan_adjustment_needed": False,
    "plan_adjustment_suggestion": "",
}


def main() -> int:
    from treewright_agent.models.client import ChatClient
    from treewright_agent.models.endpoint import Endpoint
    from treewright_agent.models.router import Router
    from treewright_agent.routines.request import Services, TaskRequest
    from treewright_agent.routines.task import run_task
    from treewright_agent.settings import AgentSettings
    from treewright_agent.workshop import workshop_of
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.workspace import IndexSettings, Workspace

    first = uses(
        (
            "edit_file",
            {"file_path": "utils/string_utils.py", "insert_after_line": 0, "new_content": f"\n\n{WRONG}"},
        ),
        ("edit_file", {"file_path": "tests/test_string_utils.py", "new_content": TESTS}),
    )  # fmt: skip
    script = (
        say(json.dumps(PLAN)),
        first,
        use("finish", summary="reverse_string turns a text around, with tests"),
        say(json.dumps(DIAGNOSIS)),
    )
    with tempfile.TemporaryDirectory() as folder, model_server(*script) as server:
        root = Path(folder).resolve()
        (root / "utils").mkdir()
        (root / "utils/__init__.py").write_text("")
        (root / "utils/string_utils.py").write_text(HEAD)
        workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
        client = ChatClient(Endpoint("demo", server.url, "scripted"))
        try:
            added = workspace.add_folder(str(root))
            added.start(lambda done, total, message="": None, lambda message="": None)
            added.wait_ready(None)
            services = Services(
                AgentSettings(plan="always"), Router({"demo": client}, {}), workshop_of,
                on_event=_show,
            )  # fmt: skip
            print(f"request     {REQUEST}\n")
            result = run_task(
                TaskRequest(REQUEST), workspace.snapshot(), services, CancelToken(), str(root)
            )
        finally:
            client.close()
            workspace.close()
        print(f"\n{result.to_json(str(root))['diff']}")
        print(f"{result.status} ({result.source}): {result.message}")
        return 0 if result.success else 1


def _show(event: Any) -> None:
    data = event.data
    match event.name:
        case "plan":
            for step in data["plan"]:
                print(f"plan        {step['operation_type']} {step['description']}")
        case "edit":
            print(f"edit        {', '.join(data['files'])}")
        case "check":
            checks = [f"{check['name']} {check['status']}" for check in data["checks"]]
            print(f"check       {', '.join(checks)}")
        case "test":
            colour = "green" if data["test_passed"] else "red"
            print(f"test        {colour}: {data['passed']} passed, {data['failed']} failed")
        case "diagnosis":
            print(f"diagnosis   {data['facts'].splitlines()[0][:100]}")
        case "reflection":
            print(f"reflection  {data['diagnosis']}: {data['fix_strategy']}")
        case "final_output":
            print(f"finish      {data['summary']}")
        case _:
            pass


if __name__ == "__main__":
    raise SystemExit(main())
