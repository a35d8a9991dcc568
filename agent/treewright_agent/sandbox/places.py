"""What may never be read in a sandbox, whoever asks for it.

Folders that an interpreter needs are named by files of the workspace: a `.pth` file, an answer of
the workspace's own Python. Such a name must not open the user's home folder or its keys.
"""

from __future__ import annotations

import os

_CLOSED = ("/etc", "/proc", "/sys", "/run", "/boot", "/dev", "/var/lib", "/var/log", "/var/run",
           "/var/spool", "/var/mail", "/lost+found", "/private/etc", "/private/var/db")  # fmt: skip

# Hidden folders of a home that hold tools and packages; every other one may hold keys.
_TOOLS = (
    ".pyenv", ".asdf", ".conda", ".virtualenvs", ".venvs", ".venv", ".rye", ".hatch", ".nvm",
    ".volta", ".fnm", ".rbenv", ".rvm", ".goenv", ".jenv", ".rustup", ".cargo/bin",
    ".cargo/registry", ".deno/bin", ".bun/bin", ".sdkman/candidates", ".m2/repository",
    ".nix-profile", ".local/bin", ".local/lib", ".local/pipx", ".local/share/uv",
    ".local/share/pipx", ".local/share/virtualenvs", ".local/share/pdm", ".local/share/mise",
    ".local/share/rtx", ".local/share/hatch", ".local/share/pypoetry", ".local/share/micromamba",
    ".cache/pypoetry/virtualenvs", ".cache/uv", ".cache/pre-commit",
)  # fmt: skip


def permitted(path: str, home: str | None = None) -> bool:
    """Whether a sandbox may be given `path` to read, by where it really leads."""
    real = os.path.realpath(path)
    own = os.path.realpath(home or os.path.expanduser("~"))
    if real == os.sep or any(_within(real, closed) for closed in _CLOSED):
        return False
    if _within(own, real):  # the home folder, or what it lies in
        return False
    if not _within(real, own):
        return not _of_another_home(real)
    shown = os.path.relpath(real, own).replace(os.sep, "/")
    if not shown.startswith("."):
        return not _hidden_keys(shown)
    return any(_within(shown, tool) for tool in _TOOLS) or os.path.isfile(
        os.path.join(own, shown.split("/")[0], "pyvenv.cfg")
    )


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _of_another_home(real: str) -> bool:
    """`/home`, a home in it, or something hidden there."""
    parts = real.strip("/").split("/")
    if parts[0] not in ("home", "Users", "root"):
        return False
    inner = parts[1:] if parts[0] == "root" else parts[2:]
    return not inner or (inner[0].startswith(".") and not inner[0].startswith(".venv"))


def _hidden_keys(shown: str) -> bool:
    return any(part in (".ssh", ".gnupg", ".aws", ".password-store") for part in shown.split("/"))
