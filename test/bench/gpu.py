"""An encoder in Python's onnxruntime on CUDA: a batch for each line on stdin, {"ms"} on stdout.

usage: gpu.py MODEL.onnx BATCH [PROVIDER]
"""

import json
import sys
import time

import numpy as np
import onnxruntime


def main():
    model, batch, provider = (*sys.argv[1:], "CUDAExecutionProvider")[:3]
    if provider not in onnxruntime.get_available_providers():
        return print(f"onnxruntime {onnxruntime.__version__} has no {provider}", flush=True)
    session = onnxruntime.InferenceSession(model, providers=[provider])
    if session.get_providers()[0] != provider:
        return print(f"{provider} does not start", flush=True)
    pixels = np.random.default_rng(0).standard_normal((int(batch), 3, 224, 224)).astype(np.float32)
    feeds = {session.get_inputs()[0].name: pixels}
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        session.run(None, feeds)
        print(json.dumps({"ms": 1e3 * (time.perf_counter() - start)}), flush=True)


if __name__ == "__main__":
    main()
