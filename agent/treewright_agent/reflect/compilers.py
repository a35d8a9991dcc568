"""Compilers and checkers that write `file:line:column: message`, tsc, javac, eslint."""

from __future__ import annotations

import re

from treewright_agent.tools.bench import Failure

_GNU = re.compile(
    r"^(?P<path>(?:[A-Za-z]:)?[^\s:()][^:\n()]*?\.\w+):(?P<line>\d+):(?:\d+:)? ?(?:(?P<level>fatal error|error|warning|note|info)\b:? ?)?(?P<text>.+)$",
    re.M,
)
_TSC = re.compile(
    r"^(?P<path>[^\s(][^(\n]*?)(?:\((?P<line>\d+),\d+\)|:(?P<line2>\d+):\d+ -) ?:? ?error (?P<code>TS\d+): (?P<text>.+)$",
    re.M,
)
_CODE = re.compile(r"^(?:\[?([A-Z]{1,4}\d{2,5})\]?:? )|\[([\w-]+)\]$")
_ESLINT_FILE = re.compile(r"^(/\S+\.\w+)$")
_ESLINT_ROW = re.compile(r"^\s+(\d+):\d+\s+(error|warning)\s+(.+?)(?:\s{2,}(\S+))?$")


def output(text: str) -> list[Failure]:
    found = [
        Failure("", m["path"], int(m["line"] or m["line2"]), m["code"], m["text"].strip())
        for m in _TSC.finditer(text)
    ]
    if found:
        return found
    if found := _eslint(text):
        return found
    for match in _GNU.finditer(text):
        if match["level"] in ("warning", "note", "info"):
            continue
        message = match["text"].strip()
        if re.match(r"\w*Warning\b", message):  # Python's own warnings have the same form
            continue
        code = _CODE.search(message)
        name = next((g for g in code.groups() if g), "") if code else ""
        found.append(Failure("", match["path"], int(match["line"]), name or "error", message))
    return found


def _eslint(text: str) -> list[Failure]:
    found: list[Failure] = []
    file = ""
    for line in text.split("\n"):
        if named := _ESLINT_FILE.match(line):
            file = named[1]
        elif file and (row := _ESLINT_ROW.match(line)) and row[2] == "error":
            found.append(Failure("", file, int(row[1]), row[4] or "error", row[3]))
    return found
