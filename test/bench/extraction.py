"""Images on disk to the features of the last block, with torch and with onnxruntime in Python.

usage: extraction.py --images DIR --model ENCODER_DIR --train DIR [--batch 16] [--runs 3]
prints one JSON object {peer: images per second}. Decoding and resizing are Pillow's in both. The torch model has the encoder's
architecture and random weights, which cost the same time.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image


def preprocess(paths, config):
    size = (config["size"]["width"], config["size"]["height"])
    mean, std = np.float32(config["image_mean"]), np.float32(config["image_std"])
    images = [Image.open(path).convert("RGB").resize(size, config["resample"]) for path in paths]
    pixels = (np.stack([np.asarray(image) for image in images]).astype(np.float32) / 255 - mean) / std
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def rate(run, paths, config, batch, runs):
    run(preprocess(paths[:batch], config))
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        for at in range(0, len(paths), batch):
            run(preprocess(paths[at : at + batch], config))
        seconds.append(time.perf_counter() - start)
    return len(paths) / statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--images", "--model", "--train"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    paths = sorted(args.images.glob("*.jpg"))
    config = json.loads((args.model / "preprocessor_config.json").read_text())

    session = onnxruntime.InferenceSession(str(args.model / "model.onnx"), providers=["CPUExecutionProvider"])
    sys.path.insert(0, str(args.train))
    from models import Encoder

    card = json.loads((args.model / "card.json").read_text())
    shape = ("width", "depth", "heads", "ratio", "cls", "stem")
    encoder = Encoder(**{name: card["architecture"][name] for name in shape}).eval()

    def with_torch(pixels):
        with torch.inference_mode():
            encoder(torch.from_numpy(pixels))

    peers = {
        "onnxruntime (Python)": lambda pixels: session.run(["last_hidden_state"], {"pixel_values": pixels}),
        "torch": with_torch,
    }
    json.dump({name: rate(run, paths, config, args.batch, args.runs) for name, run in peers.items()}, sys.stdout)


if __name__ == "__main__":
    main()
