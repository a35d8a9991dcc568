"""Small refactoring cases with traps, for treewright and its peers, judged by running the program.

    python benchmarks/refactorings.py [--peers PYTHON] [--only WORD]… [--show] [--tool NAME]…

The cases stand in `refactor_cases/*.txt`: `@ operation title [refused | refused-or-same] [key=value]`,
then a program with `$0` at the cursor or around the selection. A case passes when the program was
changed and prints what it printed before, or, where that cannot be, when the tool refuses. PYTHON is an
interpreter that has jedi and rope; what a peer has no operation for counts as refused.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.fixtures import split_fixture
from tests.support.operations import case_of
from treewright_agent.calls import Call
from treewright_agent.proposals import ProposalRefused, consider
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError

FOLDER = Path(__file__).with_name("refactor_cases")
WHOLE_FILE = (
    "organize_imports", "move_file", "remove_unused_imports", "edit_file_ast", "remove_import",
    "replace_import",
)  # fmt: skip
"""Operations without a place in the file."""
REFUSED, EITHER, SAME = "refused", "refused-or-same", "same"
NAME = "made"
MAX_SECONDS = 5.0


@dataclass
class RefactoringCase:
    operation: str
    title: str
    expect: str
    text: str
    given: dict[str, Any] = field(default_factory=dict[str, Any])


def cases() -> Iterator[RefactoringCase]:
    for path in sorted(FOLDER.glob("*.txt")):
        for block in ("\n" + path.read_text()).split("\n@ ")[1:]:
            head, _, text = block.partition("\n")
            operation, _, title = head.partition(" ")
            words: list[str] = []
            given: dict[str, Any] = {}
            expect = SAME
            for word in title.split(" "):
                key, equals, value = word.partition("=")
                if word in (REFUSED, EITHER):
                    expect = word
                elif equals and key in ("new", "to", "params", "args"):
                    given[key] = json.loads(value) if key in ("params", "args") else value
                else:
                    words.append(word)
            yield RefactoringCase(
                operation, " ".join(words), expect, text.strip("\n") + "\n", given
            )


def _stop(number: int, frame: object) -> None:
    raise TimeoutError(f"still running after {MAX_SECONDS} s")


def output_of(files: Mapping[str, str]) -> str:
    """What the program prints, errors with it."""
    if len(files) == 1:
        said = io.StringIO()
        signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)  # what a peer makes may run for ever
        try:
            code = compile(files["main.py"], "main.py", "exec")
            with contextlib.redirect_stdout(said):
                exec(code, {"__name__": "__main__"})
        except Exception as error:
            return f"{said.getvalue()[:10_000]}{error!r}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return said.getvalue()
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in files.items():
            place = Path(scratch, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        command = [sys.executable, "-B", "main.py"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, check=False, timeout=20)
        return done.stdout.decode() + done.stderr.decode()[-300:]


def own(case: RefactoringCase, *, verified: bool = True) -> tuple[dict[str, str] | None, str]:
    """The files after it, or None with the reason; without `verified` what is planned."""
    arguments: dict[str, Any] = {}
    if case.operation in ("extract_variable", "extract_function"):
        arguments["name"] = case.given.get("new", NAME)
    if case.operation == "rename_symbol":
        arguments["new_name"] = case.given.get("new", NAME)
    if case.operation == "move_symbol":
        arguments["new_path"] = case.given["to"]
    if case.operation == "change_signature":
        arguments["parameters"] = case.given["params"]
    arguments |= case.given.get("args", {})
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch).resolve()
        with case_of(root, case.text, **arguments) as made:
            if case.operation in WHOLE_FILE:
                made.arguments.pop("offset", None)
            try:
                if not verified:
                    return made.files_after(made.run(case.operation)), ""
                call = Call(case.operation, made.arguments)
                found = consider(
                    made.fixture.snapshot, case.title, [call], "operation", CancelToken()
                )
            except TreewrightError as error:
                return None, str(error)
            if isinstance(found, ProposalRefused):
                return None, f"verification: {found.reason}"
            if found.change.notes:  # a user would be asked
                return None, f"asks: {found.change.notes[0].text}"
            return made.files_after(found.change), ""


def peers(python: str, wanted: list[RefactoringCase]) -> dict[str, list[tuple[Any, str]]]:
    """peer -> (files after or None, reason) of each case."""
    asked = [
        {
            "operation": case.operation,
            "files": split_fixture(case.text),
            "name": case.given.get("new", NAME),
            "given": case.given,
        }
        for case in wanted
    ]
    script = Path(__file__).with_name("refactor_peers.py")
    done = subprocess.run(
        [python, str(script)], input=json.dumps(asked).encode(), capture_output=True, check=True
    )
    return json.loads(done.stdout)


def passes(case: RefactoringCase, after: dict[str, str] | None, reason: str) -> tuple[bool, str]:
    before = {name: text.replace("$0", "") for name, text in split_fixture(case.text).items()}
    if after is None:
        return case.expect != SAME, f"refused: {reason}"
    if case.expect == REFUSED:
        return False, "not refused"
    if after == before:
        return False, "nothing changed"
    was, now = output_of(before), output_of(after)
    if was != now:
        return False, f"printed {was!r}, now {now!r}"
    return True, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, _stop)
    wanted = [c for c in cases() if all(w in f"{c.operation} {c.title}" for w in arguments.only)]
    answers = {"treewright": [own(case) for case in wanted]}
    if arguments.peers:
        answers |= peers(arguments.peers, wanted)
    kinds = Counter(case.operation for case in wanted)
    table: dict[str, Counter[str]] = {}
    for tool, answered in answers.items():
        passed = table[tool] = Counter[str]()
        for case, (after, reason) in zip(wanted, answered, strict=True):
            good, why = passes(case, after, reason)
            passed[case.operation] += good
            if tool == "treewright" and (not good or arguments.show):
                print(f"{'ok  ' if good else 'FAIL'} {case.operation}: {case.title}: {why}")
                if arguments.show and after is not None:
                    print(
                        "\n".join(f"    {line}" for line in "\n".join(after.values()).split("\n"))
                    )
    print(f"{'':18}" + "".join(f"{tool:>12}" for tool in answers))
    for kind, n in kinds.items():
        print(f"{kind:18}" + "".join(f"{table[t][kind]:>8}/{n:<3}" for t in answers))
    print(f"{'all':18}" + "".join(f"{table[t].total():>8}/{len(wanted):<3}" for t in answers))
    if arguments.json:
        rows = {t: dict(table[t]) for t in answers} | {"of": dict(kinds)}
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
