"""The GPU build beside the other one, bound runs, and float16 copies; without a GPU."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.models import VOCABULARY, write_model
from treewright_indexer.encoders import gpu
from treewright_indexer.encoders.manifest import Manifest, ModelError, read_manifest
from treewright_indexer.encoders.onnx import OnnxEncoder
from treewright_indexer.encoders.providers import EncoderSettings, open_session
from treewright_indexer.encoders.shelf import manifest_of

TABLE = np.eye(len(VOCABULARY), 8, dtype=np.float32) + 0.01


# ---------------------------------------------------------------- packages


def test_the_gpu_build_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    first, second = gpu.commands("onnxruntime-gpu", ["onnxruntime 1.32.0"], tmp_path)
    assert first[-3:-1] == ["--target", str(tmp_path)]
    assert first[-1].startswith("onnxruntime-gpu[cuda,cudnn]>=")
    assert second[-1] == "onnx"
    assert "uninstall" not in first + second


def test_builds_that_were_mixed_are_taken_apart(tmp_path: Path) -> None:
    installed = ["onnxruntime 1.32.0", "onnxruntime-gpu 1.31.1"]
    uninstall, again, beside, _ = gpu.commands("onnxruntime-gpu", installed, tmp_path)
    assert uninstall[-3:] == ["uninstall", "--yes", "onnxruntime-gpu"]
    assert again[-3:] == ["--force-reinstall", "--no-deps", "onnxruntime"]
    assert "--target" in beside


def test_the_build_beside_is_the_one_that_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "onnxruntime"]:
        monkeypatch.delitem(sys.modules, name)
    package = tmp_path / "onnxruntime"
    package.mkdir()
    (package / "__init__.py").write_text(
        "loaded = []\ndef preload_dlls(): loaded.append('cuda')\n", "utf-8"
    )
    (tmp_path / "numpy.py").write_text("raise ImportError('not this one')\n", "utf-8")
    (tmp_path / "nvidia").mkdir()
    before = list(sys.path)
    module = gpu.load(tmp_path)
    assert Path(module.__file__).parent == package
    assert module.loaded == ["cuda"]
    assert sys.path == before
    monkeypatch.delitem(sys.modules, "onnxruntime")


def test_a_build_that_does_not_load_is_said_when_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = str(write_model(tmp_path, TABLE) / "model.onnx")
    open_session(model, EncoderSettings(device="cpu"))  # the other build works here
    beside = tmp_path / "gpu" / "onnxruntime"
    beside.mkdir(parents=True)
    (beside / "__init__.py").write_text(
        "raise ImportError('libcudart.so.13: cannot open shared object file')\n", "utf-8"
    )
    monkeypatch.setattr(gpu, "gpu_folder", lambda: tmp_path / "gpu")
    kept = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "onnxruntime"}
    try:
        for name in kept:
            del sys.modules[name]
        with pytest.raises(ModelError, match=r"libcudart.*check the driver.*models gpu"):
            open_session(model, EncoderSettings(device="cuda"))
    finally:
        sys.modules.update(kept)
    _, used = open_session(model, EncoderSettings(device="auto"))
    assert used == ["CPUExecutionProvider"]


# ---------------------------------------------------------------- bound runs


class _Device:
    """A session as one on a GPU is, with room for `room` texts a batch."""

    def __init__(self, session: Any, room: int) -> None:
        self.session, self.room = session, room
        self.sizes: list[int] = []

    def run(self, names: list[str], feeds: dict[str, Any]) -> Any:
        raise AssertionError("a GPU's inputs are bound")

    def io_binding(self) -> _Binding:
        return _Binding(self)

    def run_with_iobinding(self, binding: _Binding) -> None:
        n_texts = len(binding.feeds["ids"])
        self.sizes.append(n_texts)
        if n_texts > self.room:
            raise RuntimeError("CUDA failure 2: out of memory")
        assert binding.outputs
        assert set(binding.outputs.values()) == {"cuda"}
        binding.found = self.session.run(list(binding.outputs), binding.feeds)


class _Binding:
    def __init__(self, device: _Device) -> None:
        self.device = device
        self.feeds: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self.found: list[Any] = []

    def bind_cpu_input(self, name: str, value: Any) -> None:
        self.feeds[name] = value

    def bind_output(self, name: str, device: str) -> None:
        self.outputs[name] = device

    def copy_outputs_to_cpu(self) -> list[Any]:
        return self.found


def test_on_a_gpu_inputs_are_bound_and_a_full_memory_halves_the_batch(tmp_path: Path) -> None:
    encoder = OnnxEncoder(read_manifest(write_model(tmp_path, TABLE)))
    texts = ["cat", "dog code", "cat cat dog"] * 20
    expected = encoder.documents(texts)
    model: Any = encoder._model  # pyright: ignore[reportPrivateUsage]
    device = _Device(model._session, room=7)
    model._session, model._bound = device, True
    assert np.allclose(encoder.documents(texts), expected)
    assert device.sizes[0] == len(texts)
    assert device.sizes[1] == len(texts) // 2
    assert max(device.sizes[-5:]) <= 7


def test_a_gpu_without_room_for_one_text_says_so(tmp_path: Path) -> None:
    encoder = OnnxEncoder(read_manifest(write_model(tmp_path, TABLE)))
    model: Any = encoder._model  # pyright: ignore[reportPrivateUsage]
    model._session, model._bound = _Device(model._session, room=0), True
    with pytest.raises(ModelError, match="out of memory"):
        encoder.documents(["cat", "dog"])


# ---------------------------------------------------------------- float16


def _with_copy(tmp_path: Path) -> tuple[Manifest, Path]:
    shipped = manifest_of("treewright-code-embed")
    copy = tmp_path / "models" / shipped.sha256[:16]
    copy.mkdir(parents=True)
    text = (shipped.folder / "manifest.json").read_text("utf-8")
    text = text.replace(shipped.sha256, "1" * 64).replace('"int8"', '"fp16"')
    (copy / "manifest.json").write_text(text, "utf-8")
    return shipped, copy


def test_the_float16_copy_is_used_where_a_gpu_build_stands(tmp_path: Path) -> None:
    shipped, copy = _with_copy(tmp_path)
    assert gpu.for_device(shipped, "auto", tmp_path) is shipped  # no build
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text("", "utf-8")
    used = gpu.for_device(shipped, "auto", tmp_path)
    assert used.folder == copy
    assert used.precision == "fp16"
    assert used.generation != shipped.generation
    assert gpu.for_device(shipped, "cpu", tmp_path) is shipped
    (copy / "manifest.json").write_text("{", "utf-8")
    assert gpu.for_device(shipped, "auto", tmp_path) is shipped


@pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="needs the onnx package")
@pytest.mark.parametrize("name", ["treewright-code-embed"])
def test_a_float16_copy_says_what_the_model_says(tmp_path: Path, name: str) -> None:
    import onnx  # pyright: ignore[reportMissingImports]

    from treewright_indexer.encoders.half import write_half

    shipped = manifest_of(name)
    copy = read_manifest(write_half(onnx, shipped, tmp_path))
    assert copy.precision == "fp16"
    texts = ["def read(path): return open(path).read()", "class Stack: ...", "x"]
    cpu = EncoderSettings(device="cpu")
    one, other = OnnxEncoder(shipped, cpu), OnnxEncoder(copy, cpu)
    assert (one.documents(texts) * other.documents(texts)).sum(1).min() > 0.97
