"""Write a trained encoder as one int8 ONNX file with pooling inside.

    python export_onnx.py TRAINED_FOLDER OUT.onnx [--float]

A folder with a `head.safetensors` holds a cross-encoder (`cross.py`): see `build_cross`. For an embedder:

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


def embedded(g: Graph, w: dict[str, np.ndarray], eps: float) -> str:
    """The sum of word, place and kind, before the layers; `kinds` is an input where there are two."""
    table, scale = rows_int8(g, "words", w["embeddings.word_embeddings.weight"])
    g.op("Gather", [table, "ids"], "word_int8")
    g.op("Cast", ["word_int8"], "word_float", to=TensorProto.FLOAT)
    g.op("Gather", [scale, "ids"], "word_scale")
    g.op("Mul", ["word_float", "word_scale"], "word")
    kinds = w["embeddings.token_type_embeddings.weight"]
    two = "second" in w
    places = w["embeddings.position_embeddings.weight"] + (0.0 if two else kinds[0])
    g.weight("places", places.astype(np.float32))
    g.op("Shape", ["ids"], "shape")
    g.op("Gather", ["shape", g.weight("one_index", np.array([1], np.int64))], "length")
    g.op("Slice", ["places", g.weight("zero", np.array([0], np.int64)), "length", g.weight("axis0", np.array([0], np.int64))], "place")
    x = g.op("Add", ["word", "place"], "sum")
    if two:
        g.weight("kind_table", np.stack([kinds[0], w["second"]]).astype(np.float32))
        g.op("Gather", ["kind_table", "kinds"], "kind")
        x = g.op("Add", ["sum", "kind"], "sum_kind")
    return g.op(
        "LayerNormalization",
        [x, g.weight("norm_g", w["embeddings.LayerNorm.weight"]), g.weight("norm_b", w["embeddings.LayerNorm.bias"])],
        "x", epsilon=max(eps, 1e-12), axis=-1,
    )  # fmt: skip


def layers(g: Graph, w: dict[str, np.ndarray], config: dict[str, int], x: str) -> str:
    """The transformer's layers over the states named `x`."""
    heads, eps = config["num_attention_heads"], config["layer_norm_eps"]
    ms = "com.microsoft"
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
    return x


def real_tokens(g: Graph) -> str:
    """(batch, length) booleans: which places are no padding."""
    g.op("Cast", ["length"], "length32", to=TensorProto.INT32)
    g.op("Squeeze", ["length32", "zero"], "length0")
    g.op("Range", [g.weight("r0", np.array(0, np.int32)), "length0", g.weight("r1", np.array(1, np.int32))], "steps")
    g.op("Unsqueeze", ["lengths", g.weight("axis1", np.array([1], np.int64))], "lengths1")
    return g.op("Less", ["steps", "lengths1"], "real")


def model_of(g: Graph, name: str, inputs: list[str], outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
    shapes = {"ids": ["batch", "tokens"], "kinds": ["batch", "tokens"], "lengths": ["batch"]}
    given = [helper.make_tensor_value_info(each, TensorProto.INT32, shapes[each]) for each in inputs]
    graph = helper.make_graph(g.nodes, name, given, outputs, g.weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="treewright")


def build(folder: Path) -> onnx.ModelProto:
    config = json.loads((folder / "config.json").read_text())
    w = load_file(folder / "model.safetensors")
    hidden = config["hidden_size"]
    g = Graph()
    x = layers(g, w, config, embedded(g, w, config["layer_norm_eps"]))
    # The mean over real tokens, of unit length; its denominator cancels in the normalisation.
    real_tokens(g)
    g.op("Cast", ["real"], "real_float", to=TensorProto.FLOAT)
    g.op("Unsqueeze", ["real_float", "axis1"], "weights")
    g.op("MatMul", ["weights", x], "pooled1")
    g.op("Squeeze", ["pooled1", "axis1"], "pooled")
    g.op("LpNormalization", ["pooled"], "vectors", axis=-1, p=2)
    g.op("Identity", [x], "states")
    outputs = [
        helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", hidden]),
        helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "tokens", hidden]),
    ]
    return model_of(g, "encoder", ["ids", "lengths"], outputs)


def build_cross(folder: Path, marks: tuple[int, int]) -> onnx.ModelProto:
    """Inputs `ids`, `kinds` (1 in the document) and `lengths`; output `scores` (batch, 1).

    `marks` are the ids of [CLS] and [SEP]. See `cross.py` for what is computed.
    """
    config = json.loads((folder / "config.json").read_text())
    w = {**load_file(folder / "model.safetensors"), **load_file(folder / "head.safetensors")}
    g = Graph()
    x = layers(g, w, config, embedded(g, w, config["layer_norm_eps"]))
    real_tokens(g)
    masks: list[str] = []
    for name, mark in zip(("start", "end"), marks, strict=True):
        g.op("Equal", ["ids", g.weight(f"mark_{name}", np.array(mark, np.int32))], f"is_{name}")
        masks.append(g.op("Not", [f"is_{name}"], f"no_{name}"))
    g.op("And", ["real", masks[0]], "real1")
    g.op("And", ["real1", masks[1]], "inside")
    g.op("Cast", ["kinds"], "second_bool", to=TensorProto.BOOL)
    g.op("Not", ["second_bool"], "first_bool")
    g.op("And", ["inside", "first_bool"], "asked")
    g.op("And", ["inside", "second_bool"], "told")
    g.op("LpNormalization", [x], "unit", axis=-1, p=2)
    g.op("Transpose", ["unit"], "unit_t", perm=[0, 2, 1])
    g.op("MatMul", ["unit", "unit_t"], "cosines")
    g.op("Unsqueeze", ["told", "axis1"], "told1")
    g.op("Where", ["told1", "cosines", g.weight("least", np.array(-1.0, np.float32))], "masked")
    g.op("ReduceMax", ["masked"], "best", axes=[2], keepdims=0)
    # Computed as products and sums: a matrix of one column would be quantised for nothing.
    g.op("Mul", [x, g.weight("token_w", w["token.weight"][0])], "token_each")
    axis2 = g.weight("axis2", np.array([2], np.int64))
    g.op("ReduceSum", ["token_each", axis2], "token_sum", keepdims=0)
    g.op("Add", ["token_sum", g.weight("token_b", w["token.bias"])], "token_value")
    g.op("Softplus", ["token_value"], "token_weight")
    g.op("Cast", ["asked"], "asked_float", to=TensorProto.FLOAT)
    g.op("Mul", ["token_weight", "asked_float"], "weight")
    g.op("Mul", ["best", "weight"], "weighed")
    g.op("ReduceSum", ["weighed", "axis1"], "above", keepdims=1)
    g.op("ReduceSum", ["weight", "axis1"], "below", keepdims=1)
    g.op("Max", ["below", g.weight("tiny", np.array(1e-6, np.float32))], "below_safe")
    g.op("Div", ["above", "below_safe"], "match")
    g.op("Mul", ["match", g.weight("scale", w["scale"].reshape(1))], "match_scaled")
    g.op("Gather", [x, g.weight("first_index", np.array(0, np.int64))], "first1", axis=1)
    g.op("Squeeze", ["first1", "axis1"], "first")
    g.op("MatMul", ["first", g.weight("inner_w", w["inner.weight"].T)], "inner_product")
    g.op("Add", ["inner_product", g.weight("inner_b", w["inner.bias"])], "inner")
    g.op("Tanh", ["inner"], "inner_tanh")
    g.op("Mul", ["inner_tanh", g.weight("outer_w", w["outer.weight"][0])], "outer_each")
    g.op("ReduceSum", ["outer_each", "axis1"], "outer_sum", keepdims=1)
    g.op("Add", ["outer_sum", g.weight("outer_b", w["outer.bias"])], "outer")
    g.op("Add", ["match_scaled", "outer"], "scores")
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 1])]
    return model_of(g, "cross_encoder", ["ids", "kinds", "lengths"], outputs)


def quantise(model: onnx.ModelProto, out: Path, *, full_range: bool = False) -> None:
    """Write the model with int8 matrices."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "float.onnx"
        onnx.save(model, plain)
        quantize_dynamic(
            plain, out, op_types_to_quantize=["MatMul", "Attention"], per_channel=True,
            reduce_range=not full_range, weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--float", action="store_true", help="keep float32 matrices")
    parser.add_argument("--full-range", action="store_true", help="eight bits: faster nowhere, exact only with VNNI")
    given = parser.parse_args()
    if (given.folder / "head.safetensors").is_file():
        vocabulary = (given.folder / "vocab.txt").read_text("utf-8").split("\n")
        model = build_cross(given.folder, (vocabulary.index("[CLS]"), vocabulary.index("[SEP]")))
    else:
        model = build(given.folder)
    if given.float:
        onnx.save(model, given.out)
        return
    quantise(model, given.out, full_range=given.full_range)


if __name__ == "__main__":
    main()
