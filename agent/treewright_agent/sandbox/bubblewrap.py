"""Bubblewrap: namespaces of mounts, processes, network and IPC, built by a small set-uid-free
program that many distributions have."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence

from treewright_agent.sandbox.policy import Policy

# What programs read of the system. /etc is picked: it also holds keys and password hashes.
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix/store",
    "/snap",
)
_ETC = (
    "alternatives", "ca-certificates", "group", "host.conf", "hosts", "java", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "locale.alias", "localtime", "mime.types", "nsswitch.conf",
    "os-release", "passwd", "pki", "protocols", "services", "ssl/certs", "ssl/openssl.cnf",
    "timezone", "magic", "fonts", "python3", "python3.11", "python3.12", "python3.13",
)  # fmt: skip


def system_readable() -> list[str]:
    """Existing files and folders of the system that any command may read."""
    found = [path for path in _SYSTEM if os.path.exists(path)]
    return found + [f"/etc/{name}" for name in _ETC if os.path.exists(f"/etc/{name}")]


ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/hosts")
"""Who else uses the machine is nobody's business inside: these are written anew."""


def write_accounts(folder: str, home: str) -> None:
    """The files that stand for ACCOUNTS, into `folder`: this user, root and nobody."""
    uid, gid = os.getuid(), os.getgid()
    users = {0: ("root", "/root", 0), 65534: ("nobody", "/nonexistent", 65534)}
    users[uid] = ("root" if uid == 0 else "user", home, gid)
    rows = [
        f"{name}:x:{id}:{group}::{place}:/bin/sh\n" for id, (name, place, group) in users.items()
    ]
    groups = {0: "root", 65534: "nogroup", gid: "root" if gid == 0 else "user"}
    for name, text in (
        ("passwd", "".join(rows)),
        ("group", "".join(f"{name}:x:{id}:\n" for id, name in groups.items())),
        ("hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"),
    ):
        with open(os.path.join(folder, name), "w", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            file.write(text)


def find() -> str | None:
    """The bubblewrap program. The PyPI package of that name is another project."""
    return shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin")


def command(
    program: str, argv: Sequence[str], cwd: str, policy: Policy, environment: Mapping[str, str],
    private: Sequence[str], seccomp_fd: int | None,
) -> list[str]:  # fmt: skip
    """The whole command line. `private` folders are writable and of this command alone."""
    line = [
        program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--clearenv", "--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--tmpfs", "/run",
    ]  # fmt: skip
    for name, value in environment.items():
        line += ["--setenv", name, value]
    for path in system_readable():
        own = os.path.join(private[0], os.path.basename(path))
        if path in ACCOUNTS and os.path.exists(own):
            line += ["--ro-bind", own, path]
        elif os.path.islink(path):
            line += ["--symlink", os.readlink(path), path]
        else:
            line += ["--ro-bind", path, path]
    places = {real: policy.seen_as.get(real, real) for real in policy.writable}
    shadowed = set(places.values())
    # a folder before what lies in it, so that the inner bind is the one that counts
    readable = sorted({p for p in policy.readable if p not in shadowed and os.path.exists(p)})
    binds = [("--ro-bind", path, path) for path in readable]
    binds += [("--bind", real, seen) for real, seen in places.items()]
    binds += [("--bind", path, path) for path in private]
    binds += [("--ro-bind", real, seen) for seen, real in policy.mounted.items()]
    for option, real, seen in sorted(binds, key=lambda bind: bind[2].count("/")):
        line += [option, real, seen]
    for real, seen in places.items():
        for name in policy.protected:
            inner = os.path.join(real, name)
            if os.path.exists(inner) and not os.path.islink(inner):
                line += ["--ro-bind", inner, os.path.join(seen, name)]
    if seccomp_fd is not None:
        line += ["--seccomp", str(seccomp_fd)]
    return [*line, "--chdir", cwd, "--", *argv]
