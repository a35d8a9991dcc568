"""`make bench`: the measurements that need no corpus of their own, beside peers, in one run.

    python benchmarks/run.py [WORKSPACE] [--peers VENV] [--runs N]

WORKSPACE is this repository by default; name a larger project for figures that say more. The
peers (python-lsp-server, jedi-language-server) are installed into `build/peers` from the
registry when they are not there. The other measurements have scripts of their own:

    benchmarks/search.py      search quality on the labelled queries, and its speed
    benchmarks/behaviour.py   random refactorings on real packages, judged by their tests
    benchmarks/repair.py      seeded bugs repaired without a model, judged by hidden tests
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("python-lsp-server[all]", "jedi-language-server")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path, nargs="?", default=ROOT)
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    workspace = arguments.workspace.expanduser().resolve()
    if not workspace.is_dir():
        print(f"{workspace} is not a folder", file=sys.stderr)
        return 2
    peers = with_peers(arguments.peers.resolve())
    failed = 0
    for title, command in (
        ("start-up", ["startup.py", "--peers", str(peers), "--workspace", str(workspace),
                      "--runs", str(arguments.runs)]),
        ("index", ["index.py", str(workspace), "--rounds", str(arguments.runs)]),
    ):  # fmt: skip
        print(f"\n== {title}: {workspace.name}\n", flush=True)
        script = ROOT / "benchmarks" / command[0]
        done = subprocess.run([sys.executable, str(script), *command[1:]], cwd=ROOT, check=False)
        failed = failed or done.returncode
    return failed


def with_peers(folder: Path) -> Path:
    """The environment with the other servers, made when it is not there."""
    stamp = folder / ".ready"
    if not stamp.exists():
        print(f"installing {', '.join(PEERS)} into {folder} …", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "-qq", *PEERS], check=True)
        stamp.touch()
    return folder


if __name__ == "__main__":
    sys.exit(main())
