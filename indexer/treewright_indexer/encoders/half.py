"""A float16 copy of an int8 model as `models/onnx/training/export_onnx.py` writes it.

A GPU has no kernels for activations that are quantised at run time, and runs them on the processor.
So integer products become products of float16 matrices again, fused attention its plain form, and
what remains stays as it is: sums, norms and activations take what they are given. The pooling at
the end is in float32. Needs the `onnx` package, which `treewright models gpu` puts beside the build.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Final

from treewright_indexer.encoders.manifest import Manifest, ModelError

_FLOAT: Final = 1
_FLOAT16: Final = 10
_POOLING: Final = frozenset(("LpNormalization", "ReduceMax", "Softplus", "ReduceSum", "Range"))


def write_half(onnx: Any, manifest: Manifest, folder: Path) -> Path:
    """The copy as a model folder below `folder`; where it is. Raises ModelError.

    `onnx` is the module.
    """
    manifest.verify()
    target = folder / manifest.sha256[:16]
    scratch = folder / f".{manifest.sha256[:16]}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    model = onnx.load(str(manifest.model_path))
    half(onnx, model)
    data = model.SerializeToString()
    (scratch / manifest.file).write_bytes(data)
    shutil.copy(manifest.folder / manifest.tokenizer, scratch / manifest.tokenizer)
    given = {k: v for k, v in dataclasses.asdict(manifest).items() if k != "folder"}
    given |= {"precision": "fp16", "sha256": hashlib.sha256(data).hexdigest()}
    (scratch / "manifest.json").write_text(json.dumps(given, indent=1) + "\n", "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    return target


def half(onnx: Any, model: Any) -> None:
    """Change `model` in place. Raises ModelError for one of another make."""
    graph = model.graph
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    if not any(node.op_type == "QAttention" for node in graph.node):
        raise ModelError("only int8 models that treewright exported have a float16 copy")
    source = _sources(graph.node)
    floats: dict[str, Any] = {}
    nodes: list[Any] = []
    names: dict[str, str] = {}
    """Result of a cast integer product -> what was multiplied in float16."""
    dropped = {"DynamicQuantizeLinear", "MatMulInteger"}
    for node in graph.node:
        if node.op_type in dropped or node.output[0].endswith("_quant_scales_mul:0"):
            continue
        if node.op_type == "QAttention":
            name = node.input[1].removesuffix("_quantized")
            floats[name] = _matrix(arrays, name)
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            wanted = {"num_heads": attributes["num_heads"]}
            given = [source[node.input[0]], name, node.input[2], node.input[5]]
            nodes.append(_node(onnx, "Attention", given, node.output[0], "com.microsoft", wanted))
        elif node.op_type == "Cast" and node.input[0] in source:
            names[node.output[0]] = node.input[0]
        elif node.op_type == "Mul" and node.input[0] in names:
            product = names[node.input[0]]
            name, left = source[f"{product}:weight"], source[product]
            floats[name] = _matrix(arrays, name)
            nodes.append(_node(onnx, "MatMul", [left, name], node.output[0]))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    wide = _float32_from(nodes)
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    narrow = {n for node in nodes if id(node) not in wide for n in node.input}
    import numpy as np

    for each in kept:
        array = arrays[each.name]
        if array.dtype == np.float32 and each.name in narrow:
            each = onnx.numpy_helper.from_array(array.astype(np.float16), each.name)
        graph.initializer.append(each)
    for name, array in floats.items():
        graph.initializer.append(onnx.numpy_helper.from_array(array.astype(np.float16), name))
    made = {name for node in nodes if id(node) not in wide for name in node.output}
    integers = {"shape", "length", "lengths1", "length32", "length0", "real", "word_int8"}
    for node in nodes:
        if id(node) in wide:
            for index, name in enumerate(node.input):
                if name in made and name not in integers:
                    cast = f"{name}_float32"
                    if not any(n.output[0] == cast for n in graph.node):
                        graph.node.append(_node(onnx, "Cast", [name], cast, "", {"to": _FLOAT}))
                    node.input[index] = cast
        elif node.op_type == "Cast":
            for attribute in node.attribute:
                if attribute.name == "to" and attribute.i == _FLOAT:
                    attribute.i = _FLOAT16
        graph.node.append(node)


def _sources(nodes: Any) -> dict[str, str]:
    """Quantised value -> the float one it was made of; of an integer product that of its left
    side, and under `NAME:weight` the name of its matrix."""
    source: dict[str, str] = {}
    for node in nodes:
        if node.op_type == "DynamicQuantizeLinear":
            source[node.output[0]] = node.input[0]
    for node in nodes:
        if node.op_type == "MatMulInteger":
            source[node.output[0]] = source[node.input[0]]
            source[f"{node.output[0]}:weight"] = node.input[1].removesuffix("_quantized")
    return source


def _matrix(arrays: dict[str, Any], name: str) -> Any:
    """The float matrix of one that is quantised by column."""
    import numpy as np

    codes = arrays[f"{name}_quantized"].astype(np.float32)
    zero = arrays[f"{name}_zero_point"].astype(np.float32)
    return (codes - zero) * arrays[f"{name}_scale"]


def _float32_from(nodes: list[Any]) -> set[int]:
    """Ids of the nodes that stay in float32: the pooling, and everything after its first node."""
    wide: set[int] = set()
    values: set[str] = set()
    for node in nodes:
        last_layer = node.op_type == "SkipLayerNormalization"
        pools = node.op_type in _POOLING or node.output[0] in ("real_float", "weights", "pooled1")
        if pools or node.output[0] in ("states",) or (values & set(node.input) and not last_layer):
            wide.add(id(node))
            values |= set(node.output)
    return wide


def _node(
    onnx: Any,
    kind: str,
    inputs: list[str],
    output: str,
    domain: str = "",
    attributes: dict[str, Any] | None = None,
) -> Any:
    return onnx.helper.make_node(
        kind, inputs, [output], name=output, domain=domain, **(attributes or {})
    )
