"""Visual cue enhancement in PyTorch: forward and backward for each line on stdin, {"ms", "loss", "norm"} on stdout.

usage: vce.py --folder DIR --batch 1 --grid 24
DIR holds what vce.mjs wrote: vce.safetensors (weights and `level.0`, `level.1`, ...). The model is that of the golden tensors,
which samples by grid_sample as the release of Deformable-DETR does without its CUDA kernel.
"""

import argparse
import importlib.util
import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

# Under another name: it imports the script that makes the golden tensors of layers, which is called make too.
spec = importlib.util.spec_from_file_location("vce_golden", Path(__file__).parents[1] / "vce" / "golden" / "make.py")
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--grid", type=int, required=True)
    options = parser.parse_args()
    tensors = load_file(f"{options.folder}/vce.safetensors")
    levels = [tensors.pop(key)[: options.batch] for key in sorted(tensors) if key.startswith("level.")]
    golden.GRID = (options.grid, options.grid)
    golden.nn_golden.SIZES = [golden.GRID] * len(levels)
    model = golden.Vce(levels[0].shape[-1], len(levels), 0, heads=16, points=4)
    model.load_state_dict(tensors)
    for _ in sys.stdin:
        start = time.perf_counter()
        loss = model(*levels).square().mean()
        loss.backward()
        value, ms = loss.item(), 1e3 * (time.perf_counter() - start)
        norm = sum(parameter.grad.square().sum() for parameter in model.parameters()).sqrt().item()
        model.zero_grad()
        print(json.dumps({"ms": ms, "loss": value, "norm": norm}), flush=True)


if __name__ == "__main__":
    main()
