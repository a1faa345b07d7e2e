"""A graph of products in every form that is quantised, and what onnxruntime's own dynamic quantisation makes of it.

usage: make_int8.py, with onnx 1.23.2, onnxruntime 1.31.1; writes int8.onnx and int8.json beside itself.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

HERE = Path(__file__).parent
BATCH, WIDTH = 5, 12


def main():
    random = np.random.default_rng(0)
    weights = {
        "left": random.standard_normal((WIDTH, 7)),
        "right": random.standard_normal((WIDTH, 7)) * np.linspace(0.01, 3, 7),
        "turned": random.standard_normal((4, 7)),
        "bias": random.standard_normal(4),
        "last": random.standard_normal((4, 3)),
    }
    weights["left"][:, 2] = 0
    nodes = [
        helper.make_node("MatMul", ["x", "left"], ["a"]),
        helper.make_node("MatMul", ["x", "right"], ["b"]),
        helper.make_node("Sub", ["a", "b"], ["c"]),
        helper.make_node("Gemm", ["c", "turned", "bias"], ["d"], transB=1),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("Gemm", ["e", "last"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, HERE / "int8.onnx")
    x = random.standard_normal((BATCH, WIDTH)).astype(np.float32)

    def run(path):
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/quantised.onnx"
        quantize_dynamic(HERE / "int8.onnx", path, per_channel=True, weight_type=QuantType.QInt8)
        values = {"x": x, "exact": run(HERE / "int8.onnx"), "quantized": run(path)}
    text = json.dumps({name: [float(v) for v in value.ravel()] for name, value in values.items()})
    (HERE / "int8.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
