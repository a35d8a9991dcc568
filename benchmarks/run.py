"""`make bench`: start-up, the index and every request beside the other servers, in one run.

    python benchmarks/run.py [WORKSPACE] [--peers VENV] [--runs N]

WORKSPACE is Django's source distribution by default, fetched by name from the registry into
`build/corpora`; the peers (ty, zuban, basedpyright, jedi-language-server, python-lsp-server)
are installed into `build/peers` when they are not there. Everything is a median of runs taken
in turn, and the ratios are what counts. The other measurements have scripts of their own:

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

from corpora import DJANGO, corpus

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("ty", "zuban", "basedpyright", "jedi-language-server", "python-lsp-server[all]")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path, nargs="?")
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    given: Path = arguments.workspace or corpus(DJANGO)
    workspace = given.expanduser().resolve()
    if not workspace.is_dir():
        print(f"{workspace} is not a folder", file=sys.stderr)
        return 2
    peers = with_peers(arguments.peers.resolve())
    failed = 0
    for title, command in (
        ("start-up", ["startup.py", "--peers", str(peers), "--workspace", str(workspace),
                      "--runs", str(arguments.runs)]),
        ("index", ["index.py", str(workspace), "--rounds", str(arguments.runs)]),
        ("requests", ["servers.py", str(workspace), "--peers", str(peers),
                      "--rounds", str(max(1, arguments.runs // 2))]),
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
