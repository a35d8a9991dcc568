"""The environment of a command: what it needs to run, and nothing that is a secret."""

from __future__ import annotations

import os
from collections.abc import Mapping

_KEPT = frozenset(
    (
        "LANG", "LANGUAGE", "TZ", "TERM", "JAVA_HOME", "GOROOT", "GOPATH", "GOFLAGS", "RUSTUP_HOME",
        "CARGO_HOME", "NODE_PATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS",
        "PROCESSOR_ARCHITECTURE", "DYLD_FALLBACK_LIBRARY_PATH", "LD_LIBRARY_PATH",
    )
)  # fmt: skip
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Programs look for these before they say that they need them: tests get values that are
# well-formed and worth nothing, and only where the real ones are set.
_FAKE = {
    "AWS_ACCESS_KEY_ID": "MOCK_KEY_ID",
    "AWS_SECRET_ACCESS_KEY": "MOCK_SECRET_KEY",
    "AWS_DEFAULT_REGION": "us-east-1",
    "OPENAI_API_KEY": "mock",
    "ANTHROPIC_API_KEY": "mock",
    "DATABASE_URL": "sqlite://",
}


def clean(
    outer: Mapping[str, str], home: str, temporary: str, programs: tuple[str, ...] = ()
) -> dict[str, str]:
    """The environment of a command: an allow-list of `outer`, private folders for home and
    temporary files, and `programs` (folders) in front of the system's PATH."""
    kept = {name: value for name, value in outer.items() if name in _KEPT or name.startswith("LC_")}
    kept |= {name: fake for name, fake in _FAKE.items() if name in outer}
    if os.name != "nt":
        kept["PATH"] = os.pathsep.join((*programs, _SYSTEM_PATH))
    else:
        kept["PATH"] = os.pathsep.join((*programs, outer.get("PATH", "")))
    kept.setdefault("LANG", "C.UTF-8")
    kept |= {
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": temporary,
        "TEMP": temporary,
        "TMP": temporary,
        "XDG_CACHE_HOME": os.path.join(home, ".cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "0",
        "NO_COLOR": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PIP_NO_INPUT": "1",
        "TREEWRIGHT_SANDBOX": "1",
    }
    return kept
