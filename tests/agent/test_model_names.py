"""No language model is built in: which one answers is a setting, and the documents name examples."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("agent", "indexer", "server", "editors", "vscode-extension/src")
ENDINGS = {".py", ".ts", ".lua", ".el", ".toml", ".json"}
NAMES = re.compile(
    r"\b(gpt|qwen|llama|deepseek|star-?coder|code-?llama|mistral|gemma|phi|claude|gemini)"
    r"[-_. ]?\d",
    re.IGNORECASE,
)


def test_no_source_names_a_language_model() -> None:
    assert NAMES.search("model = 'gpt-4o'")
    found: list[str] = []
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix not in ENDINGS or "node_modules" in path.parts or not path.is_file():
                continue
            for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
                if NAMES.search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found
