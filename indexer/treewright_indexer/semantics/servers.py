"""Language servers that can be asked, as data, and where they are looked for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """`languages` maps our language ids to the protocol's."""

    name: str
    languages: Mapping[str, str]
    command: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """initializationOptions."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What `workspace/configuration` answers, by section."""
    loads: bool = False
    """True for one that answers "nothing" while it still reads the project."""


_PYTHON: Final = {"python": "python"}
_QUIET_PYRIGHT: Final = {
    "python.analysis": {"diagnosticMode": "openFilesOnly", "typeCheckingMode": "off"},
    "basedpyright.analysis": {"diagnosticMode": "openFilesOnly", "typeCheckingMode": "off"},
}

SERVERS: Final = (
    ServerSpec("ty", _PYTHON, ("ty", "server"), {"diagnosticMode": "off"}),
    ServerSpec("basedpyright", _PYTHON, ("basedpyright-langserver", "--stdio"), {}, _QUIET_PYRIGHT),
    ServerSpec("pyright", _PYTHON, ("pyright-langserver", "--stdio"), {}, _QUIET_PYRIGHT),
    ServerSpec("pyrefly", _PYTHON, ("pyrefly", "lsp")),
    ServerSpec("zuban", _PYTHON, ("zuban", "server")),
    ServerSpec(
        "typescript-language-server",
        {"typescript": "typescript", "tsx": "typescriptreact", "javascript": "javascript"},
        ("typescript-language-server", "--stdio"),
        loads=True,
    ),
    ServerSpec("gopls", {"go": "go"}, ("gopls",), loads=True),
    ServerSpec("rust-analyzer", {"rust": "rust"}, ("rust-analyzer",), loads=True),
    ServerSpec(
        "clangd", {"c": "c", "cpp": "cpp"}, ("clangd", "--log=error", "--background-index=false")
    ),
    ServerSpec("lua-language-server", {"lua": "lua"}, ("lua-language-server",), loads=True),
)
"""Order is preference among those of one language."""

_INSIDE: Final = (".venv/bin", "venv/bin", "node_modules/.bin", ".venv/Scripts", "venv/Scripts")


def spec_of(name: str) -> ServerSpec | None:
    return next((spec for spec in SERVERS if spec.name == name), None)


def find(spec: ServerSpec, roots: Sequence[str], *, trusted: bool) -> list[str] | None:
    """The command that starts the server, or None when it is not installed.

    What came with this installation is taken first, then what the PATH has, then what the
    workspace brings. A program of the workspace is run only when the workspace is trusted.
    """
    program = spec.command[0]
    found = shutil.which(program, path=os.path.dirname(sys.executable))
    if found is None:
        found = shutil.which(program)
        if found is not None and not trusted and _inside(found, roots):
            found = None
    if found is None and trusted:
        for root in roots:
            for folder in _INSIDE:
                found = found or shutil.which(program, path=os.path.join(root, folder))
    return [os.path.abspath(found), *spec.command[1:]] if found is not None else None


def _inside(program: str, roots: Sequence[str]) -> bool:
    real = os.path.realpath(program)
    return any(
        real.startswith(os.path.realpath(root).rstrip(os.sep) + os.sep) for root in roots
    ) or not os.path.isabs(program)
