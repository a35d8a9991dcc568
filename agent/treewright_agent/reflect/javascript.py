"""jest, vitest, mocha and node's own test runner."""

from __future__ import annotations

import re

from treewright_agent.tools.bench import Failure

_BULLET = re.compile(r"^\s*●\s+(.+?)\s*$", re.M)
_STACK = re.compile(
    r"^\s+(?:(?:at )?\S.*? ?\(|at |❯ )((?:/|[A-Za-z]:\\|file://|\w|\.)[^():\n]*?\.[cm]?[jt]sx?):(\d+):\d+\)?\s*$",
    re.M,
)
_NAMED = re.compile(
    r"^\s*(?:→ )?(\w*(?:Error|Exception))(?: \[\w+\])?: (.*(?:\n(?!\s+at |\s*❯|\n\n).*){0,8})", re.M
)
_FAIL_FILE = re.compile(r"^\s*FAIL\s+(\S+\.[cm]?[jt]sx?)(?: > (.+))?\s*$", re.M)
_NUMBERED = re.compile(r"^\s+\d+\) (.+(?:\n\s{6,}\S.*)*?):?\n\s*\n", re.M)
_NOT_OK = re.compile(r"^\s*not ok \d+ - (.+)\n((?:.*\n)*?)\s*\.\.\.", re.M)


def output(text: str) -> list[Failure]:
    return _sections(text, _BULLET) or _vitest(text) or _node(text) or _sections(text, _NUMBERED)


def _sections(text: str, start: re.Pattern[str]) -> list[Failure]:
    found: list[Failure] = []
    marks = list(start.finditer(text))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        section = text[mark.end() : end]
        name = " ".join(mark[1].split()).replace(" › ", " > ")
        if name in ("Console",):
            continue
        failure = _failure(name, section, _file_before(text, mark.start()))
        if failure not in found:
            found.append(failure)
    return found


def _file_before(text: str, position: int) -> str:
    files = [m[1] for m in _FAIL_FILE.finditer(text, 0, position)]
    return files[-1] if files else ""


def _failure(name: str, section: str, file: str) -> Failure:
    stack = [
        m for m in _STACK.finditer(section) if "node_modules" not in m[1] and "node:" not in m[1]
    ]
    path, line = (stack[0][1].removeprefix("file://"), int(stack[0][2])) if stack else (file, 0)
    named = _NAMED.search(section)
    if named:
        return Failure(name, path, line, named[1], named[2].strip()[:4000])
    expected = re.search(r"(expect\(.*\)(?:.*\n){1,8}?\s*Received.*)", section)
    message = expected[1] if expected else section.strip()[:1000]
    return Failure(name, path, line, "AssertionError" if expected else "Error", message.strip())


def _vitest(text: str) -> list[Failure]:
    found: list[Failure] = []
    marks = [m for m in _FAIL_FILE.finditer(text) if m[2]]
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        found.append(_failure(mark[2], text[mark.end() : end], mark[1]))
    return found


def _node(text: str) -> list[Failure]:
    found: list[Failure] = []
    for name, body in _NOT_OK.findall(text):
        if "failureType: 'subtestsFailed'" in body:
            continue
        place = re.search(r"location: '(.+?):(\d+):\d+'", body)
        stack = [m for m in _STACK.finditer(body) if "node:" not in m[1]]
        message = re.search(r"error: (?:\|-\n)?\s*(.+?)(?=\n\s{2}\w+:)", body, re.S)
        path, line = ("", 0)
        if stack:
            path, line = stack[0][1].removeprefix("file://"), int(stack[0][2])
        elif place:
            path, line = place[1], int(place[2])
        code = re.search(r"name: '(\w+)'", body)
        said = " ".join(message[1].split()).strip("'\"") if message else ""
        found.append(Failure(name.strip(), path, line, code[1] if code else "Error", said))
    return found
