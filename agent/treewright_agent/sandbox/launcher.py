"""Holds a command with Landlock, seccomp and namespaces, then becomes it.

Run as `python -I -S -c LOADER CODE CONFIG` (see `levels`), where CONFIG is the hexadecimal text of a
marshalled dict; needs nothing but the standard library, and of that only what loads fast: no json,
and of signal and socket the C halves alone, since the others bring enum along, ten milliseconds.
Order counts: namespaces, limits, files, system calls, the command. A step that the policy
needs and the kernel refuses ends the launcher with code 125 and one line that says which.
"""

import ctypes
import marshal
import os
import resource
import struct
import sys

FAILED = 125

_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET, _CLONE_NEWIPC = (
    0x10000000,
    0x20000000,
    0x40000000,
    0x08000000,
)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _PR_SET_SECCOMP = 1, 38, 24, 22
_PR_SET_CHILD_SUBREAPER = 36
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446

# Access rights of files by Landlock ABI; a newer kernel knows more of them.
_EXECUTE, _WRITE, _READ, _READ_DIR = 1, 2, 4, 8
_FS_RIGHTS = {
    1: (1 << 13) - 1,
    2: (1 << 14) - 1,
    3: (1 << 15) - 1,
    4: (1 << 15) - 1,
    5: (1 << 16) - 1,
}
_FILE_RIGHTS = _EXECUTE | _WRITE | _READ | (1 << 14) | (1 << 15)

_SIGKILL, _SIGTERM, _SIGSTOP = 9, 15, 19

_libc = ctypes.CDLL(None, use_errno=True)


class LaunchError(Exception):
    pass


def _check(result: int, what: str) -> int:
    if result < 0:
        raise LaunchError(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def landlock_abi() -> int:
    """The kernel's Landlock version; 0 when it has none."""
    return max(0, _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def restrict_files(readable: list[str], writable: list[str]) -> None:
    """From now on only these can be read, and only `writable` changed. TCP and signals to
    outside are closed too where the kernel can."""
    abi = landlock_abi()
    if abi < 1:
        raise LaunchError("this kernel has no Landlock")
    rights = _FS_RIGHTS[min(abi, 5)]
    network = 3 if abi >= 4 else 0
    scoped = 3 if abi >= 6 else 0
    attributes = struct.pack("=QQQ", rights, 0, scoped) if abi >= 6 else (
        struct.pack("=QQ", rights, 0) if abi >= 4 else struct.pack("=Q", rights)
    )  # fmt: skip
    del network  # the network is closed by its namespace, or by seccomp for every protocol
    ruleset = _check(
        _libc.syscall(
            _LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
        ),
        "Landlock",
    )
    for path in readable:
        _allow(ruleset, path, _EXECUTE | _READ | _READ_DIR)
    for path in writable:
        _allow(ruleset, path, rights)
    _check(_libc.syscall(_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint32(0)), "Landlock")
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no rule
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, fd)
        _check(
            _libc.syscall(_LANDLOCK_ADD, ruleset, ctypes.c_int(1), rule, ctypes.c_uint32(0)),
            f"Landlock rule for {path}",
        )
    finally:
        os.close(fd)


def restrict_calls(program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    value = Program(len(program) // 8, program)
    _check(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(value), 0, 0), "seccomp")


def separate() -> tuple[bool, bool]:
    """Own process and network namespaces, if the kernel grants them: (processes, network)."""
    uid, gid = os.getuid(), os.getgid()
    flags = _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC
    if _libc.unshare(flags | (_CLONE_NEWUSER if uid else 0)) < 0:
        return False, False
    if uid:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(text)
    return True, _loopback_up()


def _loopback_up() -> bool:
    import _socket
    import fcntl

    try:
        probe = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    except OSError:
        return False
    try:
        request = struct.pack("16sH14s", b"lo", 1 | 64, b"")  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(probe.fileno(), 0x8914, request)
    except OSError:
        return False
    finally:
        probe.close()
    return True


def drop_privileges(config: dict[str, object]) -> None:
    target = config.get("uid")
    if isinstance(target, int) and os.getuid() == 0:
        os.setgroups([])
        os.setgid(target)
        os.setuid(target)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break
    header = struct.pack("=Ii", 0x20080522, 0)
    _libc.capset(header, bytes(24))
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name}", None)
        if which is None:
            continue
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        # a second between the warning and the end
        resource.setrlimit(
            which, (value, value + 1 if name == "CPU" and hard == resource.RLIM_INFINITY else value)
        )


def main() -> None:
    config = marshal.loads(bytes.fromhex(sys.argv[1]))
    _libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    try:
        processes, network = separate() if config["separate"] else (False, False)
        if processes:
            _inside_own_processes()
        else:
            _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            _outlive()
        _become(config, network)
    except (LaunchError, OSError) as error:
        os.write(2, f"treewright sandbox: {error}\n".encode())
        os._exit(FAILED)


def _inside_own_processes() -> None:
    """Returns in the process that becomes the command. Its parent is the first process of the
    namespace, which ends everything in it when the command has ended."""
    first = os.fork()
    if first:
        _pass_on(first)
    _libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    command = os.fork()
    if command:
        while True:
            pid, status = os.wait()
            if pid == command:
                _exit_as(status)


def _outlive() -> None:
    """Returns in the process that becomes the command; this one adopts what it leaves behind
    and kills it at the end."""
    command = os.fork()
    if not command:
        return
    import _signal  # pyright: ignore[reportMissingImports]

    _signal.signal(_SIGTERM, _on_term)  # pyright: ignore[reportUnknownMemberType]
    status = 0
    while True:
        pid, status = os.waitpid(command, 0)
        if pid == command:
            break
    if _has_children():
        _kill_descendants()
    _exit_as(status)


def _has_children() -> bool:
    """Whatever outlives its parent becomes a child of this process: without a child nothing is
    left, and the table of all processes need not be read."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _on_term(signum: int, frame: object) -> None:
    _kill_descendants()


def _kill_descendants() -> None:
    """All processes below this one; new ones cannot appear faster than they are found, because
    each is stopped before its children are looked for."""
    own = os.getpid()
    for _ in range(50):
        children = _descendants(own)
        if not children:
            return
        for pid in children:
            for number in (_SIGSTOP, _SIGKILL):
                try:
                    os.kill(pid, number)
                except OSError:
                    continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:  # noqa: PTH123
                    parents[int(name)] = int(stat.read().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    found: list[int] = []
    pending = [root]
    while pending:
        parent = pending.pop()
        children = [pid for pid, above in parents.items() if above == parent]
        found += children
        pending += children
    return found


def _pass_on(child: int) -> None:
    """Wait for the child and end as it ended."""
    while True:
        try:
            _, status = os.waitpid(child, 0)
        except InterruptedError:
            continue
        _exit_as(status)


def _exit_as(status: int) -> None:
    if os.WIFSIGNALED(status):
        os._exit(128 + os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def _become(config: dict[str, object], own_network: bool) -> None:
    limit(config["limits"])  # type: ignore[arg-type]
    drop_privileges(config)
    if config["landlock"]:
        restrict_files(config["readable"], config["writable"])  # type: ignore[arg-type]
    name = "seccomp_loopback" if own_network and config["loopback"] else "seccomp"
    program = config.get(name)
    if program:
        restrict_calls(bytes.fromhex(str(program)))
    os.chdir(str(config["cwd"]))
    argv: list[str] = config["argv"]  # type: ignore[assignment]
    environment: dict[str, str] = config["environment"]  # type: ignore[assignment]
    os.execvpe(argv[0], argv, environment)


if __name__ == "__main__":
    main()
