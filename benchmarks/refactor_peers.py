"""What jedi and rope make of the cases of `refactorings.py`; run by an interpreter that has them.

JSON in: cases with `files` that hold `$0`; JSON out: {"jedi": [[files or null, reason]…], "rope": […]}.
"""

# pyright: basic, reportMissingImports=false
# The peers are installed in an interpreter of their own.
from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    asked = json.load(sys.stdin)
    print(json.dumps({name: [ask(tool, case) for case in asked] for name, tool in TOOLS.items()}))


def ask(tool: Any, case: dict[str, Any]) -> tuple[dict[str, str] | None, str]:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch).resolve()
        place = (0, 0, "")
        for name, body in case["files"].items():
            parts = body.split("$0")
            if len(parts) > 1:
                start = len(parts[0])
                place = (start, start + (len(parts[1]) if len(parts) == 3 else 0), name)
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(parts))
        try:
            changed = tool(root, case, *place)
        except Exception as error:
            return None, f"{type(error).__name__}: {error}"
        if changed is None:
            return None, "no such operation"
        files = {name: (root / name).read_text() for name in case["files"]}
        return {**files, **changed}, ""


def with_jedi(root: Path, case: dict[str, Any], start: int, end: int, name: str) -> Any:
    import jedi

    path = root / name
    text = path.read_text()
    script = jedi.Script(text, path=str(path), project=jedi.Project(str(root)))
    line, column = line_column(text, start)
    operation = case["operation"]
    if operation in ("extract_variable", "extract_function"):
        until_line, until_column = line_column(text, end)
        made = getattr(script, operation)(
            line, column, new_name=case["name"], until_line=until_line, until_column=until_column
        )
    elif operation in ("inline_variable", "inline_function"):
        made = script.inline(line, column)
    elif operation == "rename_symbol":
        made = script.rename(line, column, new_name=case["name"])
    else:
        return None
    if made.get_renames():
        return None
    return {
        os.path.relpath(path, root): changed.get_new_code()
        for path, changed in made.get_changed_files().items()
    }


def with_rope(root: Path, case: dict[str, Any], start: int, end: int, name: str) -> Any:
    from rope.base.project import Project
    from rope.refactor.extract import ExtractMethod, ExtractVariable
    from rope.refactor.importutils import ImportOrganizer
    from rope.refactor.inline import create_inline
    from rope.refactor.move import create_move
    from rope.refactor.rename import Rename

    project = Project(str(root), ropefolder=None)
    try:
        resource = project.get_resource(name)
        operation = case["operation"]
        if operation == "extract_variable":
            changes = ExtractVariable(project, resource, start, end).get_changes(case["name"])
        elif operation == "extract_function":
            changes = ExtractMethod(project, resource, start, end).get_changes(case["name"])
        elif operation in ("inline_variable", "inline_function"):
            changes = create_inline(project, resource, start).get_changes()
        elif operation == "rename_symbol":
            changes = Rename(project, resource, start).get_changes(case["name"])
        elif operation == "organize_imports":
            changes = ImportOrganizer(project).organize_imports(resource)
        elif operation == "move_symbol":
            target = root / case["given"]["to"]
            if not target.exists():
                target.write_text("")
            project.validate()
            destination = project.get_resource(case["given"]["to"])
            changes = create_move(project, resource, start).get_changes(destination)
        else:
            return None
        project.do(changes)
        return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*.py")}
    finally:
        project.close()


def line_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, len(before.rpartition("\n")[2])


TOOLS = {"jedi": with_jedi, "rope": with_rope}

if __name__ == "__main__":
    main()
