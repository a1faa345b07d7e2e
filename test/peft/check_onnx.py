"""Checks models that Fovea wrote: `onnx.checker`, and the outputs of Python's onnxruntime beside those that Fovea computed.

    python test/peft/check_onnx.py FOLDER    # onnx 1.23, onnxruntime 1.26, safetensors

FOLDER holds `<case>.onnx` and `<case>.<run>.safetensors` with `in.<name>` and `out.<name>`. Prints one line of JSON: by case, the
largest difference in parts of the largest value, names of the graph's outputs, the opset, and whether the batch is free.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file


def part(tensors, prefix):
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def check(path: Path) -> dict:
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path), load_external_data=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    runs = sorted(path.parent.glob(f"{path.stem}.*.safetensors"))
    for run in runs:
        tensors = load_file(str(run))
        expected = part(tensors, "out.")
        actual = session.run(list(expected), part(tensors, "in."))
        for value, other in zip(expected.values(), actual):
            assert value.shape == other.shape, (path.stem, value.shape, other.shape)
            worst = max(worst, float(np.abs(value - other).max() / max(1.0, np.abs(value).max())))
    initializers = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    return {
        "worst": worst,
        "runs": len(runs),
        "opset": model.opset_import[0].version,
        "initializers": {name: dims for name, dims in initializers.items() if not name.startswith("constant")},
        "scopes": sorted({node.name.rsplit("/", 1)[0] for node in model.graph.node}),
    }


if __name__ == "__main__":
    print(json.dumps({path.stem: check(path) for path in sorted(Path(sys.argv[1]).glob("*.onnx"))}))
