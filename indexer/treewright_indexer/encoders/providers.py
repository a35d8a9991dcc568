"""Which hardware runs a model: asked for by settings, believed only from the session.

`onnxruntime` lists providers that its build knows, not those that work here: it falls back to the
processor in silence. So the wanted ones are tried, and what the session says it uses is the truth.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import threading
from dataclasses import dataclass
from typing import Any, Final

from treewright_indexer.encoders import gpu
from treewright_indexer.encoders.manifest import ModelError

_CPU: Final = "CPUExecutionProvider"
_ACCELERATED: Final = {
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
_AUTO: Final = ("cuda", "coreml", "directml")
"""TensorRT compiles for minutes at first use: only who asks for it gets it."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How models run. Defaults suit a laptop."""

    device: str = "auto"
    """auto, cpu, cuda, tensorrt, coreml or directml."""
    threads: int = 0
    """Processor threads of one model; 0 takes half the processors, at most 8."""
    gpu_memory_mb: int = 2048
    """What a model may take of the GPU; other programs need the rest."""
    token_budget: int = 2048
    """Tokens of one batch, padding included."""
    background: bool = False
    """Embed in bulk in a process of its own, that gives way: an editor waits for answers."""

    @property
    def n_threads(self) -> int:
        if self.threads > 0:
            return self.threads
        n_processors = (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 2
        )
        return n_processors if n_processors <= 4 else min(8, n_processors // 2)


def give_way() -> None:
    """Lower the priority of this thread and of those that it starts, where that can be done."""
    if hasattr(os, "setpriority") and sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def runtime(device: str = "auto") -> Any:
    """The onnxruntime module: the GPU build where one stands beside (see `gpu`) and `device` may
    be one, else the environment's. One process has one of them. Raises ModelError when it is
    missing or broken."""
    beside = gpu.gpu_folder()
    if device != "cpu" and "onnxruntime" not in sys.modules and gpu.has_build(beside):
        try:
            return gpu.load(beside)
        except Exception as error:
            if device != "auto":
                raise ModelError(
                    f"the GPU build of onnxruntime in {beside} does not load ({_short(error)}): "
                    "check the driver, or put it there anew with `treewright models gpu`"
                ) from error
    try:
        module: Any = importlib.import_module("onnxruntime")
    except Exception as error:  # a missing driver library raises what the loader likes
        if importlib.util.find_spec("onnxruntime") is None:
            raise ModelError(
                "onnxruntime is not installed here: `pip install onnxruntime`"
            ) from error
        raise ModelError(f"onnxruntime does not load here: {error}") from error
    if not hasattr(module, "InferenceSession"):
        raise ModelError(
            "onnxruntime is installed in pieces (its CPU and GPU packages were mixed): "
            "`treewright models gpu` puts each in its place"
        )
    return module


def open_session(path: str, settings: EncoderSettings) -> tuple[Any, list[str]]:
    """An InferenceSession and the providers it really uses. Raises ModelError."""
    module = runtime(settings.device)
    reachable = _ACCELERATED["cuda"] in module.get_available_providers()
    if settings.device in ("cuda", "tensorrt") and not reachable and len(installed()) > 1:
        raise ModelError(
            "onnxruntime was installed over onnxruntime-gpu, so the GPU is out of reach: "
            "`treewright models gpu` puts each in its place"
        )
    options = module.SessionOptions()
    options.intra_op_num_threads = settings.n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its warnings go to stderr, and what fails raises
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    available = set(module.get_available_providers())
    names = _AUTO if settings.device == "auto" else (settings.device,)
    if settings.device not in ("auto", "cpu", *_ACCELERATED):
        raise ModelError(
            f"device {settings.device!r}: not one of auto, cpu, {', '.join(_ACCELERATED)}"
        )
    problem: Exception | None = None
    for name in names:
        provider = _ACCELERATED.get(name, _CPU)
        if provider == _CPU or provider not in available:
            continue
        chosen: list[Any] = [(provider, _provider_options(provider, settings)), _CPU]
        try:
            session = module.InferenceSession(path, options, providers=chosen)
        except Exception as error:
            problem = error
            continue
        used = list(session.get_providers())
        if used[0] == provider:
            return session, used
    try:
        session = module.InferenceSession(path, options, providers=[_CPU])
    except Exception as error:
        raise ModelError(f"the model {path} does not load: {_short(problem or error)}") from error
    return session, list(session.get_providers())


def installed() -> list[str]:
    """Which of the packages that own onnxruntime's folder are installed. More than one: the one
    that was installed last is the one there is."""
    from importlib.metadata import PackageNotFoundError, version

    found: list[str] = []
    for name in ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _provider_options(provider: str, settings: EncoderSettings) -> dict[str, str]:
    if provider == "CUDAExecutionProvider":
        return {
            "gpu_mem_limit": str(settings.gpu_memory_mb << 20),
            "arena_extend_strategy": "kSameAsRequested",
        }
    if provider == "TensorrtExecutionProvider":
        return {
            "trt_max_workspace_size": str(settings.gpu_memory_mb << 20),
            "trt_fp16_enable": "True",
        }
    return {}


def _short(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300]


def is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(
        mark in text
        for mark in ("out of memory", "failed to allocate", "bad_alloc", "cudaerrormemory")
    )
