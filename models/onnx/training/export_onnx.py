"""Write a trained encoder as one int8 ONNX file with pooling inside.

    python export_onnx.py TRAINED_FOLDER OUT.onnx [--float]

Inputs: `ids` (batch, length) int32, right-padded with 0, and `lengths` (batch,) int32.
Outputs: `vectors` (batch, hidden) float32 of unit length, and `states` (batch, length, hidden), the
last hidden states of the tokens; a run that asks for one of them does not compute the other.
The graph is built by hand from onnxruntime's fused operators: attention, bias + GELU and
skip + layer norm are one node each. Weights of the matrices are int8 per column with seven bits
(so that processors without VNNI cannot saturate), activations are quantised at run time;
embeddings are int8 with one scale a row.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file


class Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output


def rows_int8(graph: Graph, name: str, table: np.ndarray) -> tuple[str, str]:
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127.0, 1e-8).astype(np.float32)
    return graph.weight(name, np.round(table / scale).astype(np.int8)), graph.weight(name + "_scale", scale)


def build(folder: Path) -> onnx.ModelProto:
    config = json.loads((folder / "config.json").read_text())
    w = load_file(folder / "model.safetensors")
    heads, hidden, eps = config["num_attention_heads"], config["hidden_size"], config["layer_norm_eps"]
    ms = "com.microsoft"
    g = Graph()
    table, scale = rows_int8(g, "words", w["embeddings.word_embeddings.weight"])
    g.op("Gather", [table, "ids"], "word_int8")
    g.op("Cast", ["word_int8"], "word_float", to=TensorProto.FLOAT)
    g.op("Gather", [scale, "ids"], "word_scale")
    g.op("Mul", ["word_float", "word_scale"], "word")
    places = w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]
    g.weight("places", places.astype(np.float32))
    g.op("Shape", ["ids"], "shape")
    g.op("Gather", ["shape", g.weight("one_index", np.array([1], np.int64))], "length")
    g.op("Slice", ["places", g.weight("zero", np.array([0], np.int64)), "length", g.weight("axis0", np.array([0], np.int64))], "place")
    g.op("Add", ["word", "place"], "sum")
    x = g.op(
        "LayerNormalization",
        ["sum", g.weight("norm_g", w["embeddings.LayerNorm.weight"]), g.weight("norm_b", w["embeddings.LayerNorm.bias"])],
        "x", epsilon=max(eps, 1e-12), axis=-1,
    )  # fmt: skip
    for i in range(config["num_hidden_layers"]):
        base = f"encoder.layer.{i}."

        def get(name: str, base: str = base) -> np.ndarray:
            return w[base + name]

        qkv_w = np.concatenate([get(f"attention.self.{p}.weight").T for p in ("query", "key", "value")], axis=1)
        qkv_b = np.concatenate([get(f"attention.self.{p}.bias") for p in ("query", "key", "value")])
        a = g.op(
            "Attention",
            [x, g.weight(f"qkv{i}", qkv_w), g.weight(f"qkv_b{i}", qkv_b), "lengths"],
            f"attention{i}", ms, num_heads=heads,
        )  # fmt: skip
        a = g.op("MatMul", [a, g.weight(f"out{i}", get("attention.output.dense.weight").T)], f"attended{i}")
        x = g.op(
            "SkipLayerNormalization",
            [a, x, g.weight(f"n1g{i}", get("attention.output.LayerNorm.weight")),
             g.weight(f"n1b{i}", get("attention.output.LayerNorm.bias")),
             g.weight(f"outb{i}", get("attention.output.dense.bias"))],
            f"mid{i}", ms, epsilon=eps,
        )  # fmt: skip
        f = g.op("MatMul", [x, g.weight(f"up{i}", get("intermediate.dense.weight").T)], f"up_{i}")
        f = g.op("BiasGelu", [f, g.weight(f"upb{i}", get("intermediate.dense.bias"))], f"gelu{i}", ms)
        f = g.op("MatMul", [f, g.weight(f"down{i}", get("output.dense.weight").T)], f"down_{i}")
        x = g.op(
            "SkipLayerNormalization",
            [f, x, g.weight(f"n2g{i}", get("output.LayerNorm.weight")),
             g.weight(f"n2b{i}", get("output.LayerNorm.bias")),
             g.weight(f"downb{i}", get("output.dense.bias"))],
            f"x{i}", ms, epsilon=eps,
        )  # fmt: skip
    # The mean over real tokens, of unit length; its denominator cancels in the normalisation.
    g.op("Cast", ["length"], "length32", to=TensorProto.INT32)
    g.op("Squeeze", ["length32", "zero"], "length0")
    g.op("Range", [g.weight("r0", np.array(0, np.int32)), "length0", g.weight("r1", np.array(1, np.int32))], "steps")
    g.op("Unsqueeze", ["lengths", g.weight("axis1", np.array([1], np.int64))], "lengths1")
    g.op("Less", ["steps", "lengths1"], "real")
    g.op("Cast", ["real"], "real_float", to=TensorProto.FLOAT)
    g.op("Unsqueeze", ["real_float", "axis1"], "weights")
    g.op("MatMul", ["weights", x], "pooled1")
    g.op("Squeeze", ["pooled1", "axis1"], "pooled")
    g.op("LpNormalization", ["pooled"], "vectors", axis=-1, p=2)
    g.op("Identity", [x], "states")
    graph = helper.make_graph(
        g.nodes, "encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "tokens"]),
         helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", hidden]),
         helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "tokens", hidden])],
        g.weights,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(ms, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="treewright")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--float", action="store_true", help="keep float32 matrices")
    parser.add_argument("--full-range", action="store_true", help="eight bits: faster nowhere, exact only with VNNI")
    given = parser.parse_args()
    model = build(given.folder)
    if given.float:
        onnx.save(model, given.out)
        return
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "float.onnx"
        onnx.save(model, plain)
        quantize_dynamic(
            plain, given.out, op_types_to_quantize=["MatMul", "Attention"], per_channel=True,
            reduce_range=not given.full_range, weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )  # fmt: skip


if __name__ == "__main__":
    main()
