"""Products of linear layers in torch: for each line on stdin one call of each, {"times"} in milliseconds of processor time.

usage: products.py LAYERS
LAYERS is a JSON list of [rows, inputs, outputs].
"""

import json
import sys
import time

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
layers = []
for rows, inputs, outputs in json.loads(sys.argv[1]):
    shapes = [(rows, inputs), (outputs, inputs), (outputs,), (rows, outputs)]
    layers.append([torch.randn(shape) for shape in shapes])
kinds = [lambda x, w, b, dy: F.linear(x, w, b), lambda x, w, b, dy: dy @ w, lambda x, w, b, dy: dy.T @ x]


def cpu_ms(compute, tensors):
    start = time.process_time()
    compute(*tensors)
    return 1e3 * (time.process_time() - start)


for _ in sys.stdin:
    print(json.dumps({"times": [cpu_ms(kind, tensors) for tensors in layers for kind in kinds]}), flush=True)
