"""go test and go build."""

from __future__ import annotations

import re

from treewright_agent.tools.bench import Failure

_FAILED = re.compile(r"^(?:\s*)--- FAIL: (\S+)")
_LINE = re.compile(r"^\s+(\S+\.go):(\d+): ?(.*)$")
_BUILD = re.compile(r"^(?:\./)?(\S+\.go):(\d+):(?:\d+:)? (.*)$")
_PANIC = re.compile(r"^panic: (.*?)(?: \[recovered\])?$")
_STACK = re.compile(r"^\s+(/\S+\.go):(\d+)(?: \+0x[0-9a-f]+)?$")


def test_output(text: str) -> list[Failure]:
    found: list[Failure] = []
    name, place, message = "", ("", 0), list[str]()

    def flush() -> None:
        nonlocal message, place
        if name and place[1]:
            found.append(Failure(name, place[0], place[1], "Failed", "\n".join(message).strip()))
        message, place = [], ("", 0)

    panic = ""
    for line in text.split("\n"):
        if started := _FAILED.match(line):
            flush()
            name = started[1]
        elif said := _PANIC.match(line):
            panic = said[1]
        elif (
            panic
            and (frame := _STACK.match(line))
            and "/src/runtime/" not in line
            and "/src/testing/" not in line
        ):
            found.append(Failure(name, frame[1], int(frame[2]), "panic", panic))
            panic = ""
        elif (inner := _LINE.match(line)) and name:
            flush()
            place, message = (inner[1], int(inner[2])), [inner[3]]
        elif (built := _BUILD.match(line)) and not line.startswith(" "):
            found.append(Failure("", built[1], int(built[2]), "build", built[3]))
        elif line.startswith(("FAIL", "ok ", "PASS", "=== ")):
            flush()
        elif place[1] and line.startswith("        "):
            message.append(line.strip())
    flush()
    return found
