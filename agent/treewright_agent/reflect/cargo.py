"""cargo test and rustc."""

from __future__ import annotations

import re

from treewright_agent.tools.bench import Failure

_ERROR = re.compile(r"^(error)(?:\[(E\d+)\])?: (.*)\n(?:.*\n)*?\s*--> (\S+?):(\d+):\d+", re.M)
_PANIC = re.compile(
    r"^thread '(.+?)'(?: \(\d+\))? panicked at (?:'(?P<old>.*?)', )?(?P<path>\S+?):(?P<line>\d+):\d+:?\n(?P<text>(?:(?!note:|stack backtrace|\n).*\n?)*)",
    re.M,
)
_OLD_PANIC = re.compile(r"^thread '(.+?)' panicked at '(.*?)', (\S+?):(\d+):\d+", re.M | re.S)


def output(text: str) -> list[Failure]:
    found = [
        Failure("", path, int(line), code or "error", message)
        for _, code, message, path, line in _ERROR.findall(text)
    ]
    old = [
        Failure(name, path, int(line), "panic", message.strip())
        for name, message, path, line in _OLD_PANIC.findall(text)
    ]
    new = [
        Failure(m[1], m["path"], int(m["line"]), "panic", m["text"].strip())
        for m in _PANIC.finditer(text)
        if not m["old"]
    ]
    return found + (old or new)
