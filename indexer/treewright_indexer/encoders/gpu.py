"""The GPU build of onnxruntime, in a folder of its own beside the one that everybody has.

`onnxruntime` and `onnxruntime-gpu` own the same folder of an environment, and no requirement can
say "one or the other": installed together, the later one wins and pip believes in both. So the GPU
build stands in the folder `gpu_folder()`, with its CUDA libraries, put there by `treewright models
gpu`; pip's records of the environment stay true, and taking it away is deleting that folder. It
is imported instead of the other one unless the device is `cpu`.

The models that ship are int8, which a GPU does not run: beside the build stand copies in float16.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from treewright_indexer.encoders.manifest import Manifest, ModelError, read_manifest

PACKAGES: Final = {
    "onnxruntime-gpu": "onnxruntime-gpu[cuda,cudnn]",
    "onnxruntime-directml": "onnxruntime-directml",
}
"""Builds that can be put there -> what is asked of pip for them."""
_LEAST: Final = "1.24"
"""The oldest build that is asked for: the newest of DirectML's."""


def gpu_folder() -> Path:
    """Where the build stands: in the environment, and so for one version of Python."""
    return Path(sys.prefix) / "share" / "treewright" / "gpu"


def has_build(folder: Path | None = None) -> bool:
    return ((folder or gpu_folder()) / "onnxruntime" / "__init__.py").is_file()


def load(folder: Path) -> Any:
    """The onnxruntime module of `folder`. Raises what its import raises.

    Only that package is taken from there: numpy and what else it needs are the environment's.
    """
    importlib.import_module("numpy")  # before the folder's own copy can be found
    sys.path.insert(0, str(folder))
    try:
        module: Any = importlib.import_module("onnxruntime")
    except Exception:
        for name in [n for n in sys.modules if n.partition(".")[0] == "onnxruntime"]:
            del sys.modules[name]
        raise
    finally:
        sys.path.remove(str(folder))
    preload = getattr(module, "preload_dlls", None)
    if preload is not None and (folder / "nvidia").is_dir():
        preload()  # CUDA and cuDNN, which stand beside the package
    return module


def commands(package: str, installed: Sequence[str], folder: Path) -> list[list[str]]:
    """What to run, in order, so that the build stands in `folder` and the environment is whole.

    `installed` is what `providers.installed()` says: a GPU package in the environment itself
    wrote over the files of the other one, so it goes and the other is put back.
    """
    pip = [sys.executable, "-m", "pip"]
    names = [each.partition(" ")[0] for each in installed]
    over = [name for name in names if name != "onnxruntime"]
    out: list[list[str]] = []
    if over:
        out.append([*pip, "uninstall", "--yes", *over])
        out.append([*pip, "install", "--force-reinstall", "--no-deps", "onnxruntime"])
    out.append(
        [*pip, "install", "--upgrade", "--target", str(folder), f"{PACKAGES[package]}>={_LEAST}"]
    )
    # Only to write the float16 copies with; nothing imports it later.
    out.append([*pip, "install", "--upgrade", "--target", str(folder / "tools"), "onnx"])
    return out


def for_device(manifest: Manifest, device: str, folder: Path | None = None) -> Manifest:
    """The float16 copy of an int8 model where a GPU build stands beside it, else `manifest`.

    It is a model of its own: its sha256, and so the generation of its vectors, are others.
    """
    if device == "cpu" or manifest.precision != "int8" or manifest.pooling == "static":
        return manifest
    copy = (folder or gpu_folder()) / "models" / manifest.sha256[:16]
    if not has_build(folder) or not (copy / "manifest.json").is_file():
        return manifest
    try:
        return read_manifest(copy)
    except ModelError:
        return manifest
