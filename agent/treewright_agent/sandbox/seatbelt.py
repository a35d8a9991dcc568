"""macOS: a profile for sandbox-exec that denies by default."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from treewright_agent.sandbox.policy import Policy

_PROGRAM = "/usr/bin/sandbox-exec"
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/System", "/Library/Frameworks", "/Library/Developer",
    "/Library/Preferences", "/opt", "/private/etc/localtime", "/private/var/db/timezone",
    "/private/etc/passwd", "/private/etc/ssl", "/dev",
)  # fmt: skip


def profile(policy: Policy, private: Sequence[str]) -> str:
    """The profile's text. Paths are resolved: the kernel compares real ones."""
    writable = [os.path.realpath(p) for p in (*policy.writable, *private)]
    readable = [os.path.realpath(p) for p in (*_SYSTEM, *policy.readable, *policy.seen_as.values())]
    lines = [
        "(version 1)",
        "(deny default)",
        "(allow process-fork process-exec process-info* signal (target same-sandbox))",
        "(allow sysctl-read mach-lookup ipc-posix-shm* file-read-metadata)",
        f"(allow file-read* {_subpaths([*readable, *writable])})",
        f'(allow file-write* {_subpaths(writable)} (literal "/dev/null"))',
    ]
    for name in policy.protected:
        lines += [
            f"(deny file-write* (subpath {_quoted(os.path.join(folder, name))}))"
            for folder in map(os.path.realpath, policy.writable)
        ]
    if policy.loopback:
        lines.append('(allow network* (local ip "localhost:*") (remote ip "localhost:*"))')
        lines.append("(allow network* (local unix-socket) (remote unix-socket))")
    return "\n".join(lines)


def _subpaths(paths: Sequence[str]) -> str:
    return " ".join(f"(subpath {_quoted(path)})" for path in dict.fromkeys(paths))


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command(argv: Sequence[str], policy: Policy, private: Sequence[str]) -> list[str]:
    return [_PROGRAM, "-p", profile(policy, private), *argv]


def why_not() -> str:
    """'' when the program works here, else the reason."""
    if sys.platform != "darwin" or not os.path.exists(_PROGRAM):
        return "sandbox-exec was not found"
    done = subprocess.run(
        [_PROGRAM, "-p", "(version 1)(allow default)", "/usr/bin/true"],
        capture_output=True, timeout=10, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stderr.decode("utf-8", "replace").strip()[:200]
