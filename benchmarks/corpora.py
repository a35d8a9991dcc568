"""Real projects to measure on, fetched from the registry by name; nothing of them is committed.

python benchmarks/corpora.py [PACKAGE==VERSION …]     prints the folder of each
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "build" / "corpora"
DJANGO: Final = "django==5.2.19"


def corpus(requirement: str) -> Path:
    """The unpacked source distribution of `requirement`, fetched when it is not there.

    Raises subprocess.CalledProcessError when the registry does not have it.
    """
    folder = FOLDER / requirement.replace("==", "-")
    if folder.is_dir():
        return folder
    print(f"fetching {requirement} …", file=sys.stderr, flush=True)
    name = requirement.partition("==")[0]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name]
        subprocess.run([*command, "-d", scratch, requirement], check=True)
        archive = next(Path(scratch).glob("*.tar.gz"))
        unpacked = Path(scratch, "unpacked")
        with tarfile.open(archive) as file:
            file.extractall(unpacked, filter="data")
        shutil.move(next(unpacked.iterdir()), folder)
    return folder


if __name__ == "__main__":
    for each in sys.argv[1:] or [DJANGO]:
        print(corpus(each))
