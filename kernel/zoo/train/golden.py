"""Reference tensors for tests, from PyTorch, and a check of the exported graph against them.

    python golden.py --run parts --checkpoint runs/parts/last.pt --data SHARDS --model ../parts-hybrid --out FILE

`hidden_states.0` is the input of the first block and `hidden_states.<i>` the output of block i, before the final norm.
"""
from __future__ import annotations

import argparse
import os

import numpy as np
import onnxruntime
import torch
from safetensors.torch import save_file

from data import normalise, open_shards, to_images
from export import OBJECTIVES, build

TOLERANCE = 1e-4


@torch.no_grad()
def reference(model: torch.nn.Module, raw: np.ndarray) -> dict[str, torch.Tensor]:
    """Input, hidden states and outputs for records of a shard."""
    model.eval()
    encoder = model.encoder if hasattr(model, "encoder") else model
    size = encoder.size
    pixels = normalise(to_images(raw, size))
    image = torch.from_numpy(raw[:, : size * size * 3].reshape(-1, size, size, 3).copy())
    tensors = {"image": image, "pixel_values": pixels}
    for layer, state in enumerate(encoder.hidden_states(pixels)):
        tensors[f"hidden_states.{layer}"] = state
    tensors["last_hidden_state"] = encoder(pixels)
    if encoder is not model:
        tensors["image_embeds"] = model(pixels)[1]
    return {name: value.contiguous() for name, value in tensors.items()}


def check(path: str, tensors: dict[str, torch.Tensor]) -> None:
    """The ONNX graph must give the same outputs."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, {"pixel_values": tensors["pixel_values"].numpy()})
    for name, value in zip(names, outputs):
        error = float(np.abs(value - tensors[name].numpy()).max())
        print(f"{path} {name} {list(value.shape)} largest difference {error:.2e}")
        if error > TOLERANCE:
            raise SystemExit(f"golden: {name} of {path} differs by {error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, choices=sorted(OBJECTIVES))
    parser.add_argument("--checkpoint", default="")
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True, help="folder of the exported encoder")
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    model, _, _ = build(args.run, args.checkpoint, open_shards(args.run, args.data, "train"))
    tensors = reference(model, open_shards(args.run, args.data, "test").records(np.arange(args.images)))
    check(os.path.join(args.model, "model.onnx"), tensors)
    os.makedirs(os.path.dirname(args.out), exist_ok=True)
    save_file(tensors, args.out)


if __name__ == "__main__":
    main()
