"""Four hidden layers whose rows are 4096 bytes, beside PyTorch's result: two that may be made wider and two that may not.

usage: make_wide.py, with onnx 1.23.2, torch 2.13; writes wide.onnx and wide.json beside itself.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional as F

HERE = Path(__file__).parent
ROWS, WIDTH, HIDDEN = 7, 4, 1024
LAYERS = ("gelu", "gated", "softmax", "watched")


def weights():
    random = np.random.default_rng(0)
    found = {}
    for layer in LAYERS:
        found[f"{layer}.in"] = random.standard_normal((WIDTH, HIDDEN))
        found[f"{layer}.bias"] = random.standard_normal(HIDDEN)
        found[f"{layer}.out"] = random.standard_normal((HIDDEN, WIDTH)) / HIDDEN**0.5
    found["gated.gate"] = random.standard_normal((WIDTH, HIDDEN))
    return {name: value.astype(np.float32) for name, value in found.items()}


def nodes():
    """Each layer: a product, a bias, what is between, a product. Constants of both kinds, nodes and initialisers."""
    made = [helper.make_node("Constant", [], ["one"], value=numpy_helper.from_array(np.float32(1)))]

    def add(op, inputs, output):
        made.append(helper.make_node(op, inputs, [output]))
        return output

    def before(layer):
        return add("Add", [f"{layer}.bias", add("MatMul", ["x", f"{layer}.in"], f"{layer}.a")], f"{layer}.h")

    h = before("gelu")
    erf = add("Erf", [add("Div", [h, "root"], "gelu.b")], "gelu.c")
    half = add("Mul", [add("Mul", [h, add("Add", [erf, "one"], "gelu.d")], "gelu.e"), "half"], "gelu.f")
    h = before("gated")
    silu = add("Mul", [h, add("Sigmoid", [h], "gated.b")], "gated.c")
    gated = add("Mul", [silu, add("MatMul", ["x", "gated.gate"], "gated.d")], "gated.e")
    softmax = add("Softmax", [before("softmax")], "softmax.b")
    watched = add("Relu", [before("watched")], "watched.b")
    made.append(helper.make_node("ReduceMean", [watched], ["mean"], axes=[-1]))
    hidden = dict(zip(LAYERS, (half, gated, softmax, watched)))
    sums = [add("MatMul", [value, f"{layer}.out"], f"{layer}.y") for layer, value in hidden.items()]
    made.append(helper.make_node("Sum", [*sums, "mean"], ["y"]))
    return made


def reference(x, w):
    t = {name: torch.from_numpy(value).double() for name, value in w.items()}
    h = {layer: x @ t[f"{layer}.in"] + t[f"{layer}.bias"] for layer in LAYERS}
    hidden = [F.gelu(h["gelu"]), F.silu(h["gated"]) * (x @ t["gated.gate"]), h["softmax"].softmax(-1), h["watched"].relu()]
    return sum(value @ t[f"{layer}.out"] for layer, value in zip(LAYERS, hidden)) + hidden[-1].mean(-1, keepdim=True)


def main():
    w = weights()
    scalars = {"root": np.float32(2**0.5), "half": np.float32([0.5])}
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes(),
        "hidden layers",
        [info("x", TensorProto.FLOAT, ["n", WIDTH])],
        [info("y", TensorProto.FLOAT, ["n", WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in {**w, **scalars}.items()],
        value_info=[info(f"{layer}.h", TensorProto.FLOAT, ["n", HIDDEN]) for layer in LAYERS],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "wide.onnx")
    x = np.random.default_rng(1).standard_normal((ROWS, WIDTH)).astype(np.float32)
    y = reference(torch.from_numpy(x).double(), w)
    (HERE / "wide.json").write_text(json.dumps({"x": x.ravel().tolist(), "y": y.ravel().tolist()}) + "\n")


if __name__ == "__main__":
    main()
