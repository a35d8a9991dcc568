"""A linear model as an ONNX file: `scores = features @ weights`. Written by hand.

The format is protocol buffers (onnx.proto3, IR version 8, opset 13); one MatMul needs so little
of it that a library of many megabytes would be out of place. A test has ONNX Runtime load it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_FLOAT = 1
"""TensorProto.DataType.FLOAT"""


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _value(name: str, dimensions: Sequence[int | str]) -> bytes:
    """ValueInfoProto of a float tensor; a name is a dimension that is not fixed."""
    shape = b"".join(
        _field(1, _field(2, d) if isinstance(d, str) else _field(1, d)) for d in dimensions
    )
    tensor = _field(1, _FLOAT) + _field(2, shape)
    return _field(1, name) + _field(2, _field(1, tensor))


def linear_model(weights: Sequence[float], *, description: str = "") -> bytes:
    """A model with input `features` [n, len(weights)] and output `scores` [n, 1]."""
    n = len(weights)
    raw = struct.pack(f"<{n}f", *weights)
    initial = _field(1, n) + _field(1, 1) + _field(2, _FLOAT) + _field(8, "weights")
    initial += _field(9, raw)
    node = _field(1, "features") + _field(1, "weights") + _field(2, "scores") + _field(4, "MatMul")
    graph = (
        _field(1, node)
        + _field(2, "treewright")
        + _field(5, initial)
        + _field(11, _value("features", ["n", n]))
        + _field(12, _value("scores", ["n", 1]))
    )
    opset = _field(1, "") + _field(2, 13)
    return (
        _field(1, 8)
        + _field(2, "treewright")
        + _field(6, description)
        + _field(7, graph)
        + _field(8, opset)
    )
