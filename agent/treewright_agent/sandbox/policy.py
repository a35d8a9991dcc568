"""What a command may do: values, the same for every kind of sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

_NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


class Level(IntEnum):
    """How strongly a command is held. Higher is stronger; NONE runs nothing."""

    NONE = 0
    LIMITS = 1
    """Another user where that is possible, and resource limits: files and network are open.
    Each command needs the user's approval."""
    LANDLOCK = 2
    """Landlock rules for files, seccomp, namespaces where the kernel grants them."""
    SEATBELT = 3
    """macOS sandbox-exec with a profile."""
    BUBBLEWRAP = 4
    """A mount, process, network and IPC namespace of its own, and seccomp."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one command with everything it starts. The first that is reached ends it."""

    wall_s: float = 120.0
    cpu_s: float = 120.0
    memory_bytes: int = 4 << 30
    """Resident memory of all its processes together."""
    n_processes: int = 128
    n_open_files: int = 1024
    file_bytes: int = 512 << 20
    """The size of one file that it writes."""
    disk_bytes: int = 4 << 30
    """What the folders that it may write grow by, all files together, as the file system counts."""
    output_bytes: int = 1 << 20
    """What is kept of each of stdout and stderr; the middle of more is left out."""
    flood_bytes: int = 64 << 20
    """The output at which it is ended."""


PROTECTED_NAMES = (
    ".git", ".hg", ".svn", ".vscode", ".idea", ".zed", ".cursor", ".windsurf", ".claude",
    ".codex", ".gemini", ".continue", ".treewright", ".mcp.json", ".envrc", ".gitmodules",
    ".gitconfig", ".bashrc", ".bash_profile", ".profile", ".zshrc", ".zprofile", ".ssh",
    ".netrc", ".npmrc", ".pypirc",
)  # fmt: skip
"""Files and folders that stay read-only inside a writable folder: version control, settings of
editors and agents, what a shell reads at its start, credentials."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`writable` folders may be changed, `readable` ones read, besides the system's own; both
    are absolute. `seen_as` puts a folder where another one stands, for sandboxes that can: the
    shadow copy in the place of the project it was made of."""

    writable: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    seen_as: Mapping[str, str] = field(default_factory=lambda: _NO_ENVIRONMENT)
    mounted: Mapping[str, str] = field(default_factory=lambda: _NO_ENVIRONMENT)
    """Place -> folder that is read there, inside one of `seen_as`; its mount point exists."""
    protected: tuple[str, ...] = PROTECTED_NAMES
    loopback: bool = True
    """Sockets to the command's own loopback network, where it can have one; never others."""
    environment: Mapping[str, str] = field(default_factory=lambda: _NO_ENVIRONMENT)
    """On top of the clean environment; see `environment`."""
    limits: Limits = field(default_factory=Limits)
    minimum: Level = Level.LANDLOCK
    """Weaker protection than this is refused, not used silently."""
    approved: bool = False
    """The user agreed to run this very command at Level.LIMITS."""
