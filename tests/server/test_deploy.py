"""What is shipped to run tasks in containers gives them no more than they need. A policy, read from the files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("Dockerfile", [r"^USER 65532:65532$", r"^ENV .*\bCI=1\b", r"--require-hashes"]),
        ("compose.yaml", [r"read_only: true", r"network_mode: none", r"cap_drop: \[ALL\]", r"no-new-privileges:true",
                          r'user: "65532:65532"', r"mem_limit: \d+g", r"pids_limit: \d+", r"cpus: \d", r"/workspace:ro"]),
        ("job.yaml", [r"runAsNonRoot: true", r"readOnlyRootFilesystem: true", r"allowPrivilegeEscalation: false",
                      r"drop: \[ALL\]", r"limits: \{cpu: .*memory: \w+\}", r"automountServiceAccountToken: false",
                      r"activeDeadlineSeconds: \d+", r"seccompProfile: \{type: RuntimeDefault\}"]),
    ],
)  # fmt: skip
def test_the_least_is_given(file: str, wanted: list[str]) -> None:
    text = (DEPLOY / file).read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for pattern in wanted:
        assert re.search(pattern, lines, re.MULTILINE), f"{file}: {pattern}"
    assert "privileged: true" not in lines
    assert "hostNetwork" not in lines
    assert "docker.sock" not in lines


def test_nobody_after_the_user_is_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert re.findall(r"^USER .*$", text, re.MULTILINE)[-1] == "USER 65532:65532"
    assert not re.search(r"^RUN", text[text.index("USER 65532") :], re.MULTILINE)
