"""Make two evaluation sets from the repositories: commit subjects, and cut docstrings.

    python sets.py --repositories DIR --mirrors DIR --out DIR [--set untuned]

`--mirrors` holds `owner+name/repo` git directories with history. Writes `commits.json`,
`docstrings.json` and copies of the repositories without documentation under `stripped/`: of those
in Python alone, or with `--set` of all, where the comment right above a definition is cut.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

SOURCES = {".py", ".go", ".js", ".ts", ".rs", ".rb", ".php", ".java"}
TESTS = re.compile(r"(^|/)(tests?|spec|testdata)/|_test\.|Test\.php|\.spec\.|(^|/)examples/")
DULL = re.compile(
    r"\b(bump|release|version|changelog|typo|lint|format|ruff|clippy|ci|docs?|readme|dist|merge|"
    r"v?\d+\.\d+\.\d+|phpstan|cs fix)\b",
    re.I,
)
PER_REPOSITORY = 40


def commits(name: str, root: Path, git: Path, commit: str) -> list[dict[str, Any]]:
    """The newest telling subjects of commits that touch one to four source files still there."""
    log = subprocess.run(
        ["git", "-C", str(git), "log", "--no-merges", "-n", "700", "--name-only", "--format=%x01%s", commit],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found: list[dict[str, Any]] = []
    for block in log.split("\x01")[1:]:
        subject, *files = [line for line in block.strip().split("\n") if line]
        subject = re.sub(r"\s*\(#\d+\)$", "", subject)
        kept = [f for f in files if Path(f).suffix in SOURCES and (root / f).is_file()]
        kept = [f for f in kept if not TESTS.search(f)]
        if (
            1 <= len(kept) <= 4
            and len(files) <= 10
            and len(subject.split()) > 2
            and not DULL.search(subject)
        ):
            found.append({"repository": name, "query": subject, "answers": kept})
    return found[:PER_REPOSITORY]


def docstring_of(node: ast.AST) -> ast.Expr | None:
    body: list[ast.stmt] | ast.expr | None = getattr(node, "body", None)
    first = body[0] if isinstance(body, list) and body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return first
    return None


def strip(source: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """The source without docstrings, and (qualified name, summary) of the functions that had one."""
    lines = source.split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    cuts: list[tuple[int, int, bytes]] = []
    functions: list[tuple[str, str]] = []

    def visit(node: ast.AST, names: list[str]) -> None:
        found = docstring_of(node)
        if found is not None and found.end_lineno is not None and found.end_col_offset is not None:
            alone = not isinstance(node, ast.Module) and len(getattr(node, "body", [])) == 1
            begin = starts[found.lineno - 1] + found.col_offset
            end = starts[found.end_lineno - 1] + found.end_col_offset
            cuts.append((begin, end, b"pass" if alone else b""))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                text = re.split(r"\n\s*\n", (ast.get_docstring(node) or "").strip())[0]
                functions.append((".".join(names), re.sub(r"\s+", " ", text)))
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            visit(child, [*names, child.name] if named else names)

    visit(ast.parse(source), [])
    for begin, end, instead in sorted(cuts, reverse=True):
        source = source[:begin] + instead + source[end:]
    return source, functions


_COMMENT = re.compile(rb"\s*(?://|/\*|\*|#(?!\[))")
_BETWEEN = re.compile(rb"\s*(?:@|#\[)")
_MARKS = re.compile(r"^\s*(?:/\*\*?|\*/|///?!?|\*|#)\s?|\*/\s*$")


def strip_comments(path: str, source: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """As `strip`, of a file whose functions are documented by the comment above them."""
    from treewright_indexer.facts import extract
    from treewright_indexer.languages import language_for_path
    from treewright_indexer.text import decode

    language = language_for_path(path)
    if language is None:
        return source, []
    facts = extract(language, decode(source))
    lines = source.split(b"\n")
    cut: set[int] = set()
    functions: list[tuple[str, str]] = []
    for index, symbol in enumerate(facts.symbols):
        row = source.count(b"\n", 0, symbol.start) - 1
        while row >= 0 and _BETWEEN.match(lines[row]):
            row -= 1
        above: list[int] = []
        while row >= 0 and (_COMMENT.match(lines[row]) or lines[row].rstrip().endswith(b"*/")):
            begin = row
            if lines[row].rstrip().endswith(b"*/"):  # its lines may begin with anything
                while begin > 0 and b"/*" not in lines[begin]:
                    begin -= 1
            above[:0] = range(begin, row + 1)
            row = begin - 1
        if not above or row < 0:  # a file's first comment is its licence
            continue
        cut |= set(above)
        text = [_MARKS.sub("", lines[i].decode("utf-8", "replace")).strip() for i in above]
        summary = re.split(r"\n\s*\n|\n@|\n```", "\n".join(text).strip())[0]
        summary = re.sub(r"<[^>]+>|\{@\w+ ([^}]*)\}", lambda m: m[1] or "", summary)
        if symbol.kind in ("function", "method", "constructor"):
            functions.append((facts.qualified_name(index), re.sub(r"\s+", " ", summary).strip()))
    return b"\n".join(line for i, line in enumerate(lines) if i not in cut), functions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--repositories", "--mirrors", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--set", default="", help="a folder beside this file")
    given = parser.parse_args()
    here = Path(__file__).resolve().parent / given.set
    repositories: dict[str, dict[str, str]] = json.loads(
        (here / "repositories.json").read_text("utf-8")
    )
    given.out.mkdir(parents=True, exist_ok=True)
    subjects: list[dict[str, Any]] = []
    documented: list[dict[str, Any]] = []
    for name, about in repositories.items():
        root = given.repositories / name
        git = given.mirrors / about["source"].replace("/", "+") / "repo"
        if git.is_dir():
            subjects += commits(name, root, git, about["commit"])
        if about["language"] != "python" and not given.set:
            continue
        stripped = given.out / "stripped" / name
        shutil.rmtree(stripped, ignore_errors=True)
        kinds = SOURCES if given.set else {".py"}
        for path in sorted(p for p in root.rglob("*") if p.suffix in kinds and p.is_file()):
            relative = str(path.relative_to(root))
            raw = path.read_bytes()
            try:
                source, functions = (
                    strip(raw) if path.suffix == ".py" else strip_comments(relative, raw)
                )
            except SyntaxError:
                continue
            target = stripped / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source)
            for symbol, summary in functions:
                if len(summary.split()) >= 4 and not TESTS.search(relative):
                    documented.append(
                        {
                            "repository": name,
                            "folder": str(stripped),
                            "query": summary,
                            "answers": [f"{relative}::{symbol}"],
                        }
                    )
    random.Random(3).shuffle(documented)
    if given.set:  # as many of each repository
        taken: dict[str, int] = {}
        kept: list[dict[str, Any]] = []
        for row in documented:
            taken[row["repository"]] = taken.get(row["repository"], 0) + 1
            if taken[row["repository"]] <= PER_REPOSITORY:
                kept.append(row)
        documented = kept
    (given.out / "commits.json").write_text(json.dumps(subjects, indent=0) + "\n")
    (given.out / "docstrings.json").write_text(json.dumps(documented[:400], indent=0) + "\n")
    print(len(subjects), "commit subjects,", len(documented[:400]), "docstrings")


if __name__ == "__main__":
    main()
