"""The system calls that no tested program needs, as a seccomp filter in classic BPF.

Written out here because libseccomp is not everywhere; the numbers are those of Linux's
unistd tables for x86-64 and arm64. What is not named is allowed: the walls are namespaces or
Landlock, this closes the ways around them.
"""

from __future__ import annotations

import platform
import struct

_LD_W_ABS, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16
_X32 = 0x40000000

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name -> (x86-64, arm64); -1 where the architecture has none
_DENIED: dict[str, tuple[int, int]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "userfaultfd": (323, 282), "open_by_handle_at": (304, 265), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "acct": (163, 89), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116),
    "iopl": (172, -1), "ioperm": (173, -1), "uselib": (134, -1), "vhangup": (153, 58),
    "lookup_dcookie": (212, 18),
}  # fmt: skip
_SOCKET, _CLONE, _CLONE3, _IOCTL = (41, 198), (56, 220), (435, 435), (16, 29)

# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACES = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16


def program(*, internet_sockets: bool, machine: str = "") -> bytes | None:
    """The filter as `struct sock_filter[]`; None for a machine it is not written for.

    `internet_sockets`: allow AF_INET and AF_INET6, for processes whose network namespace
    has nothing but loopback.
    """
    machine = machine or platform.machine()
    arch = _ARCHITECTURES.get(machine)
    if arch is None:
        return None
    column = list(_ARCHITECTURES).index(machine)
    code: list[tuple[int, int, int, int]] = [
        (_LD_W_ABS, 0, 0, _ARCH),
        (_JEQ, 1, 0, arch),
        (_RET, 0, 0, _KILL),
        (_LD_W_ABS, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        code += [(_JGE, 0, 1, _X32), (_RET, 0, 0, _ERRNO | _ENOSYS)]
    for numbers in _DENIED.values():
        if numbers[column] >= 0:
            code += [(_JEQ, 0, 1, numbers[column]), (_RET, 0, 0, _ERRNO | _EPERM)]
    # glibc falls back to clone, whose flags can be looked at
    code += [(_JEQ, 0, 1, _CLONE3[column]), (_RET, 0, 0, _ERRNO | _ENOSYS)]
    code += [
        (_JEQ, 0, 4, _CLONE[column]),
        (_LD_W_ABS, 0, 0, _ARGUMENT),
        (_JSET, 0, 1, _NEW_NAMESPACES),
        (_RET, 0, 0, _ERRNO | _EPERM),
        (_LD_W_ABS, 0, 0, _NUMBER),
    ]
    code += [
        (_JEQ, 0, 5, _IOCTL[column]),
        (_LD_W_ABS, 0, 0, _ARGUMENT + 8),
        (_JEQ, 1, 0, _TIOCSTI),
        (_JEQ, 0, 1, _TIOCLINUX),
        (_RET, 0, 0, _ERRNO | _EPERM),
        (_LD_W_ABS, 0, 0, _NUMBER),
    ]
    families = [_AF_UNIX, _AF_NETLINK]
    if internet_sockets:
        families += [_AF_INET, _AF_INET6]
    code += [(_JEQ, 0, len(families) + 2, _SOCKET[column]), (_LD_W_ABS, 0, 0, _ARGUMENT)]
    for position, family in enumerate(families):
        code.append((_JEQ, len(families) - position, 0, family))
    code += [(_RET, 0, 0, _ERRNO | _EPERM), (_RET, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
