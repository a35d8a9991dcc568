"""pytest, unittest and plain tracebacks."""

from __future__ import annotations

import re

from treewright_agent.tools.bench import Failure

_HEADLINE = re.compile(r"^_{3,} (?:(ERROR) (?:at \w+ of |collecting )?)?(.+?) _{3,}$", re.M)
_PLACE = re.compile(r"^(\S[^\n:]*?\.\w+):(\d+)(?:$|: ?(\w+(?:\.\w+)*)?)", re.M)
_E_LINE = re.compile(r"^E {1,}(.*)$", re.M)
_NAMED = re.compile(
    r"^((?:\w+\.)*[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Iteration|Failed|Timeout)?)(?:: ?(.*))?$",
    re.S,
)
_SUMMARY = re.compile(r"^(FAILED|ERROR) (\S.*?)(?: - (.*))?$", re.M)
_FRAME = re.compile(r'^\s*File "(.+?)", line (\d+)(?:, in (.+))?$', re.M)
_FIXTURE = re.compile(r"fixture '(\w+)' not found")


def pytest_output(text: str) -> list[Failure]:
    found: list[Failure] = []
    headlines = list(_HEADLINE.finditer(text))
    ids = _ids(text)
    for number, headline in enumerate(headlines):
        end = (
            headlines[number + 1].start()
            if number + 1 < len(headlines)
            else _end(text, headline.end())
        )
        section = text[headline.end() : end]
        found.append(_section(headline[2], section, ids))
    if found:
        return found
    for outcome, node_id, message in _SUMMARY.findall(text):
        error, rest = _error_and_message(message or "")
        file = node_id.split("::", 1)[0]
        found.append(Failure(node_id, file, 0, error or outcome.title(), rest))
    return found


def _end(text: str, start: int) -> int:
    """Where the failures stop: the next line of `=`."""
    match = re.compile(r"^=+ .+ =+$", re.M).search(text, start)
    return match.start() if match else len(text)


def _ids(text: str) -> dict[str, str]:
    """`Class.test[param]` as headlines write it -> node id as the summary does."""
    found: dict[str, str] = {}
    for _, node_id, _ in _SUMMARY.findall(text):
        inner = node_id.split("::", 1)[1] if "::" in node_id else node_id
        found[inner.replace("::", ".")] = node_id
    return found


def _section(name: str, section: str, ids: dict[str, str]) -> Failure:
    places = [(m[1], int(m[2]), m[3] or "") for m in _PLACE.finditer(section)]
    lines = _E_LINE.findall(section)
    error, message = _error_and_message("\n".join(lines).strip())
    path, line = (places[-1][0], places[-1][1]) if places else ("", 0)
    if not error and places and places[-1][2]:
        error = places[-1][2]
    frames = _FRAME.findall("\n".join(lines))
    if error.endswith("SyntaxError") or error in ("IndentationError", "TabError"):
        if frames:  # the place is in the message: collecting stopped there
            path, line = frames[-1][0], int(frames[-1][1])
    elif error == "AssertionError" and not message.startswith("assert"):
        message = message or "\n".join(lines)
    fixture = _FIXTURE.search(section)
    if fixture and error in ("", "Failed"):
        error, message = "FixtureLookupError", fixture.group(0)
    if "Timeout" in section and ("Timeout >" in section or "Timeout (>" in section):
        error = "Timeout"
    if not message:
        message = "\n".join(lines).strip() or section.strip()[-500:]
    node_id = ids.get(name, name if "::" in name or name.endswith(".py") else "")
    if not node_id:
        node_id = f"{places[0][0]}::{name.replace('.', '::')}" if places else name
    return Failure(
        node_id, path or node_id.split("::", 1)[0], line, error or "Failed", message[:4000]
    )


def _error_and_message(text: str) -> tuple[str, str]:
    """`ValueError: bad` -> (ValueError, bad); `assert 1 == 2` is an AssertionError."""
    stripped = text.strip()
    if stripped.startswith("assert "):
        return "AssertionError", stripped
    for line in reversed(stripped.splitlines()):
        match = _NAMED.match(line.strip())
        if match and (
            ":" in line or line.strip().endswith(("Error", "Exception", "Exit", "Iteration"))
        ):
            rest = stripped.partition(line)[2]
            message = (match[2] or "") + (rest if not match[2] else "")
            first = stripped.splitlines()[0]
            if first.startswith(match[1]):
                message = stripped[len(match[1]) :].lstrip(": ")
            return match[1].rsplit(".", 1)[-1], message.strip()
    return "", stripped


_CASE = re.compile(r"^(FAIL|ERROR): (\S+) \(([^)\s]+)\)?.*$", re.M)


def unittest_output(text: str) -> list[Failure]:
    found: list[Failure] = []
    cases = list(_CASE.finditer(text))
    for number, case in enumerate(cases):
        end = cases[number + 1].start() if number + 1 < len(cases) else len(text)
        section = re.split(r"^-{20,}\nRan ", text[case.end() : end], flags=re.M)[0]
        owner = case[3]
        node_id = owner if owner.rsplit(".", 1)[-1] == case[2] else f"{owner}.{case[2]}"
        failures = tracebacks(section)
        if failures:
            last = failures[-1]
            found.append(Failure(node_id, last.path, last.line, last.error, last.message))
        else:
            found.append(Failure(node_id, "", 0, case[1].title(), section.strip()[:2000]))
    return found


_TRACEBACK = re.compile(
    r"^[ \t]*Traceback \(most recent call last\):\n(.*?)^(?:[ \t]*)((?:\w+\.)*\w+)(?:: (.*?))?(?=\n\n|\n={10,}|\n-{10,}|\Z)",
    re.M | re.S,
)


def tracebacks(text: str) -> list[Failure]:
    """The last frame and the exception of every traceback; a bare SyntaxError too."""
    found: list[Failure] = []
    for body, error, message in _TRACEBACK.findall(text):
        frames = _FRAME.findall(body)
        if not frames:
            continue
        own = [
            f for f in frames if "site-packages" not in f[0] and "/lib/python" not in f[0]
        ] or frames
        path, line, _ = own[-1]
        found.append(Failure("", path, int(line), error.rsplit(".", 1)[-1], message.strip()[:4000]))
    if not found:
        match = re.search(
            r'^\s*File "(.+?)", line (\d+)\n(?:.*\n){1,3}?(\w*Error): (.*)$', text, re.M
        )
        if match:
            found.append(Failure("", match[1], int(match[2]), match[3], match[4]))
    return found
