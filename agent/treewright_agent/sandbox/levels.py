"""Which protection this machine can give: probed once, by commands that must work and commands
that must fail, strongest first."""

from __future__ import annotations

import marshal
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from treewright_agent.sandbox import bubblewrap, environment, seccomp
from treewright_agent.sandbox.places import permitted
from treewright_agent.sandbox.policy import Level, Limits, Policy
from treewright_indexer.errors import RefusedError

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LOADER = "import sys,marshal;exec(marshal.loads(bytes.fromhex(sys.argv.pop(1))))"
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Protection:
    """What is active, and why not more. `reasons` are (level, why it is not to be had)."""

    level: Level
    detail: str
    reasons: tuple[tuple[Level, str], ...] = ()
    namespaces: bool = False
    """Own processes and network at Level.LANDLOCK."""

    @property
    def advice(self) -> str:
        """What the user can do for more; '' when nothing is to be gained."""
        if self.level >= Level.BUBBLEWRAP or sys.platform != "linux":
            return ""
        if any(level == Level.BUBBLEWRAP and "not found" in why for level, why in self.reasons):
            return (
                "install bubblewrap for a stronger sandbox (Debian, Ubuntu: apt install bubblewrap)"
            )
        return ""


@dataclass
class Prepared:
    """A command line that is held, with what must be cleaned up."""

    level: Level
    argv: list[str]
    cwd: str | None
    environment: dict[str, str]
    private: list[str] = field(default_factory=list[str])
    pass_fds: tuple[int, ...] = ()

    def close_fds(self) -> None:
        for fd in self.pass_fds:
            os.close(fd)
        self.pass_fds = ()

    def close(self) -> None:
        self.close_fds()
        for folder in self.private:
            shutil.rmtree(folder, ignore_errors=True)


def prepare(argv: Sequence[str], cwd: str, policy: Policy) -> Prepared:
    """Raises RefusedError, with the reason and the fix."""
    protection = active()
    level = protection.level
    if level < policy.minimum and not (level == Level.LIMITS and policy.approved):
        raise RefusedError(refusal(protection, policy.minimum))
    return _prepared(level, protection.namespaces, argv, cwd, policy)


def refusal(protection: Protection, minimum: Level) -> str:
    why = "; ".join(f"{level.name.lower()}: {reason}" for level, reason in protection.reasons)
    advice = (
        protection.advice or "allow this command once, or lower treewright.agent.sandboxMinimum"
    )
    return (
        f"programs are not run: the sandbox asked for ({minimum.name.lower()}) is not to be had"
        f" here ({why}); {advice}"
    )


def _prepared(
    level: Level, namespaces: bool, argv: Sequence[str], cwd: str, policy: Policy
) -> Prepared:
    readable = tuple(path for path in policy.readable if permitted(path))
    if readable != policy.readable:
        policy = replace(policy, readable=readable)
    private = [tempfile.mkdtemp(prefix="treewright-run-")]
    home, temporary = os.path.join(private[0], "home"), os.path.join(private[0], "tmp")
    os.mkdir(home)
    os.mkdir(temporary)
    programs = tuple(dict.fromkeys(os.path.dirname(a) for a in argv[:1] if os.path.isabs(a)))
    clean = environment.clean(os.environ, home, temporary, programs) | dict(policy.environment)
    if level == Level.BUBBLEWRAP:
        return _with_bubblewrap(argv, cwd, policy, clean, private)
    if level == Level.SEATBELT:
        from treewright_agent.sandbox import seatbelt

        line = seatbelt.command(argv, policy, private)
        return Prepared(level, line, cwd, clean, private)
    return _with_launcher(level, namespaces, argv, cwd, policy, clean, private)


def _with_bubblewrap(
    argv: Sequence[str], cwd: str, policy: Policy, clean: dict[str, str], private: list[str]
) -> Prepared:
    program = bubblewrap.find()
    assert program is not None
    fds: tuple[int, ...] = ()
    code = seccomp.program(internet_sockets=policy.loopback)
    if code is not None:
        fd = os.memfd_create("treewright-seccomp", 0)
        os.write(fd, code)
        os.lseek(fd, 0, os.SEEK_SET)
        fds = (fd,)
    bubblewrap.write_accounts(private[0], os.path.join(private[0], "home"))
    limited = [*_limiting(policy.limits, argv), *argv]
    for real, seen in policy.seen_as.items():
        if cwd == real or cwd.startswith(real + os.sep):
            cwd = seen + cwd[len(real) :]
    line = bubblewrap.command(
        program, limited, cwd, policy, clean, private, fds[0] if fds else None
    )
    return Prepared(Level.BUBBLEWRAP, line, None, {"PATH": clean["PATH"]}, private, fds)


def _limiting(limits: Limits, argv: Sequence[str]) -> list[str]:
    """`prlimit`, which sets limits and becomes the command in a millisecond."""
    program = shutil.which("prlimit", path="/usr/bin:/bin")
    if program is None:
        return []
    values = _rlimits(limits, argv)
    names = {
        "CPU": "cpu",
        "FSIZE": "fsize",
        "NOFILE": "nofile",
        "CORE": "core",
        "NPROC": "nproc",
        "AS": "as",
    }
    line = [program]
    for name, value in values.items():
        hard = value + 1 if name == "CPU" else value  # a second between the warning and the end
        line.append(f"--{names[name]}={value}:{hard}")
    return [*line, "--"]


def _rlimits(limits: Limits, argv: Sequence[str]) -> dict[str, int]:
    values = {
        "CPU": max(1, int(limits.cpu_s)),
        "FSIZE": limits.file_bytes,
        "NOFILE": limits.n_open_files,
        "CORE": 0,
    }
    if os.name != "nt" and os.getuid() != 0:
        # counts every process of the user, so it can only stop the worst
        values["NPROC"] = max(limits.n_processes * 4, 1024)
    if os.path.basename(argv[0] if argv else "").startswith("python"):
        # other runtimes reserve far more address space than they use
        values["AS"] = limits.memory_bytes * 2
    return values


def _with_launcher(
    level: Level, namespaces: bool, argv: Sequence[str], cwd: str, policy: Policy,
    clean: dict[str, str], private: list[str],
) -> Prepared:  # fmt: skip
    devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"]
    config: dict[str, Any] = {
        "argv": list(argv),
        "cwd": cwd,
        "environment": clean,
        "separate": namespaces,
        "landlock": level == Level.LANDLOCK,
        "loopback": policy.loopback,
        "limits": _rlimits(policy.limits, argv),
        "readable": [
            *bubblewrap.system_readable(),
            "/proc",
            *policy.readable,
            *policy.seen_as.values(),
        ],
        "writable": [*policy.writable, *private, *devices],
    }
    # At the weaker level seccomp stays where there is one: it costs nothing.
    for name, sockets in (("seccomp", False), ("seccomp_loopback", True)):
        code = seccomp.program(internet_sockets=sockets) if sys.platform == "linux" else None
        config[name] = code.hex() if code is not None else None
    if level == Level.LIMITS and os.name != "nt" and os.getuid() == 0 and _open_to_all(cwd, argv):
        config["uid"] = _NOBODY
        for folder in [*private, *policy.writable]:
            _give(folder, _NOBODY)
    packed = marshal.dumps(config).hex()
    line = [sys.executable, "-I", "-S", "-c", _LOADER, _launcher_code(), packed]
    return Prepared(level, line, None, {"PATH": clean["PATH"], "LANG": "C.UTF-8"}, private)


@lru_cache(maxsize=1)
def _launcher_code() -> str:
    """The launcher, compiled once: each start would compile it anew else."""
    source = _LAUNCHER.read_text(encoding="utf-8")
    return marshal.dumps(compile(source, "launcher.py", "exec", dont_inherit=True)).hex()


def _open_to_all(cwd: str, argv: Sequence[str]) -> bool:
    """Can another user reach the folder and the program?"""
    for path in (cwd, *(a for a in argv[:1] if os.path.isabs(a))):
        place = os.path.realpath(path)
        while (place := os.path.dirname(place)) != "/":
            if not os.stat(place).st_mode & 0o001:
                return False
    return True


def _give(folder: str, uid: int) -> None:
    for place, folders, files in os.walk(folder):
        os.chown(place, uid, uid)
        for name in (*folders, *files):
            path = os.path.join(place, name)
            if not os.path.islink(path):
                os.chown(path, uid, uid)


# -------------------------------------------------------------------- probing


@lru_cache(maxsize=1)
def active() -> Protection:
    """The strongest protection that works here. Takes some tens of milliseconds, once."""
    reasons: list[tuple[Level, str]] = []
    if sys.platform == "darwin":
        from treewright_agent.sandbox import seatbelt

        why = seatbelt.why_not()
        if not why:
            return Protection(Level.SEATBELT, "sandbox-exec")
        reasons.append((Level.SEATBELT, why))
    if sys.platform == "linux":
        why = _why_not_bubblewrap()
        if not why:
            version = _first_line([str(bubblewrap.find()), "--version"])
            filtered = "with" if seccomp.program(internet_sockets=True) else "without"
            return Protection(Level.BUBBLEWRAP, f"{version}, {filtered} seccomp")
        reasons.append((Level.BUBBLEWRAP, why))
        for namespaces in (True, False):
            why = _why_not(Level.LANDLOCK, namespaces)
            if not why:
                extra = "own processes and network" if namespaces else "no namespaces: no loopback"
                return Protection(
                    Level.LANDLOCK, f"Landlock and seccomp, {extra}", tuple(reasons), namespaces
                )
        reasons.append((Level.LANDLOCK, why))
    if os.name == "posix":
        why = _why_not(Level.LIMITS, False)
        if not why:
            return Protection(Level.LIMITS, "resource limits only", tuple(reasons))
        reasons.append((Level.LIMITS, why))
    elif sys.platform == "win32":
        reasons.append((Level.LIMITS, "no job objects yet on Windows"))
    return Protection(Level.NONE, "no sandbox", tuple(reasons))


def _why_not_bubblewrap() -> str:
    if bubblewrap.find() is None:
        return "bwrap was not found"
    return _why_not(Level.BUBBLEWRAP, False)


_PROBE = (
    "import os,sys\n"
    "open(os.path.join(sys.argv[1],'w'),'w').close()\n"  # must work
    "try:\n open(os.path.join(sys.argv[2],'w'),'w').close(); sys.exit(3)\n"
    "except OSError: pass\n"
    "try:\n open(os.path.join(sys.argv[2],'secret')).close(); sys.exit(4)\n"
    "except OSError: pass\n"
    "sys.exit(0)"
)


def _why_not(level: Level, namespaces: bool) -> str:
    """'' when a command at that level can write where it may, and neither write nor read where
    it may not; else the reason."""
    with (
        tempfile.TemporaryDirectory(prefix="treewright-probe-") as inside,
        tempfile.TemporaryDirectory(prefix="treewright-probe-", dir=_probe_place()) as outside,
    ):
        Path(outside, "secret").write_text("x", encoding="ascii")
        readable = tuple(
            dict.fromkeys(
                (sys.base_prefix, sys.prefix, os.path.dirname(os.path.realpath(sys.executable)))
            )
        )
        policy = Policy(writable=(inside,), readable=readable)
        argv = [sys.executable, "-I", "-S", "-c", _PROBE, inside, outside]
        prepared = _prepared(level, namespaces, argv, inside, policy)
        try:
            done = subprocess.run(
                prepared.argv, env=prepared.environment, pass_fds=prepared.pass_fds,
                capture_output=True, timeout=10, cwd=prepared.cwd, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        finally:
            prepared.close()
    if done.returncode == 0 or (level == Level.LIMITS and done.returncode in (3, 4)):
        return ""
    if done.returncode in (3, 4):
        return f"it does not keep a command from {'writing' if done.returncode == 3 else 'reading'} elsewhere"
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}"


def _probe_place() -> str | None:
    """A folder that is not below the temporary one, which a sandbox replaces anyhow."""
    for place in ("/var/tmp", os.path.expanduser("~")):
        if os.access(place, os.W_OK):
            return place
    return None


def _first_line(argv: Sequence[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return argv[0]
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else argv[0]
