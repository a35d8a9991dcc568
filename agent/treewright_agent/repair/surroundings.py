"""Tests that fail for their surroundings: no change of the project's code mends them.

A plugin that is not installed, a package that cannot be imported, a network that the sandbox
does not have. Such tests are no targets of a search, or one of them would keep every repair
from being found.
"""

from __future__ import annotations

from collections.abc import Collection

from treewright_agent.repair.model import Failed

_NO_NETWORK = frozenset(("gaierror", "SSLError", "ProxyError", "NewConnectionError"))


def why_elsewhere(failed: Failed | None, files: Collection[str], tests: Collection[str]) -> str:
    """What the surroundings lack, or '' when the project may be to blame.

    `files`: the project's files, relative with slashes; `tests`: those that hold tests.
    """
    if failed is None:
        return ""
    first_line = failed.message.strip().split("\n", 1)[0][:160]
    if failed.kind == "FixtureLookupError" or (
        failed.phase == "setup" and "fixture '" in failed.message
    ):
        return f"a fixture that nothing defines: {first_line}"
    if "async def functions are not natively supported" in failed.message:
        return "no plugin of pytest runs async tests"
    if failed.kind in _NO_NETWORK:
        return f"it wants the network: {first_line}"
    if failed.kind == "ModuleNotFoundError" and failed.name:
        top = failed.name.split(".", 1)[0]
        ours = any(top in (part.removesuffix(".py") for part in file.split("/")) for file in files)
        importer = failed.frames[-1][0] if failed.frames else ""
        if not ours and (not importer or importer in tests or importer not in files):
            return f"`{top}` is not installed"
    return ""
