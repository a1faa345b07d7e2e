"""Images on disk to features of the last block on disk, with torch and with onnxruntime in Python.

usage: extraction.py --images DIR --model DIR [--train DIR] [--batch 16] [--int8 FILE] [--onnxruntime [--asleep]]
prints one JSON object {peer: images per second}, of one run after a first batch. Decoding and resizing are Pillow's in both. The torch
model is the random one of vit.py, or with --train that of the zoo's card, with random weights, which cost the same time. With --int8 also
"onnxruntime int8": the same graph after onnxruntime's own quantize_dynamic, with a scale a column as Fovea has it; FILE keeps it for the
next call. --onnxruntime leaves the others out; with --asleep, its threads wait without spinning.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image


def load_image(source, config):
    """As timm's evaluation transform does it, or transformers' for a stretched size. The source is a file or an opened picture."""
    image = (source if isinstance(source, Image.Image) else Image.open(source)).convert("RGB")
    if "crop_pct" not in config:
        return image.resize((config["size"]["width"], config["size"]["height"]), config["resample"])
    side = config["input_size"][1]
    edge = int(side / config["crop_pct"])
    width, height = image.size
    scale = edge / min(width, height)
    size = (edge, int(height * scale)) if width <= height else (int(width * scale), edge)
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - side) / 2), round((size[1] - side) / 2)
    return image.crop((left, top, left + side, top + side))


def preprocess(paths, config):
    mean, std = (np.float32(config.get(name, config.get(f"image_{name}"))) for name in ("mean", "std"))
    pixels = np.stack([np.asarray(load_image(path, config)) for path in paths]).astype(np.float32)
    return np.ascontiguousarray(((pixels / 255 - mean) / std).transpose(0, 3, 1, 2))


def rate(run, paths, config, batch):
    run(preprocess(paths[:batch], config))
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        for at in range(0, len(paths), batch):
            np.save(Path(out) / f"{at}.npy", run(preprocess(paths[at : at + batch], config)))
        return len(paths) / (time.perf_counter() - start)


def quantise(model, path):
    """Imported here: only this peer needs the package `onnx`."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(model, path, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])


def onnxruntime_rate(model, paths, config, batch, asleep=False):
    options = onnxruntime.SessionOptions()
    if asleep:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_outputs()[0].name
    return rate(lambda pixels: session.run([name], {"pixel_values": pixels})[0], paths, config, batch)


def torch_model(args):
    if args.train is None:
        from vit import ViT

        return ViT().eval()
    sys.path.insert(0, str(args.train))
    from models import Encoder

    card = json.loads((args.model / "card.json").read_text())
    shape = ("width", "depth", "heads", "ratio", "cls", "stem")
    return Encoder(**{name: card["architecture"][name] for name in shape}).eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--images", "--model"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--int8", type=Path)
    parser.add_argument("--onnxruntime", action="store_true")
    parser.add_argument("--asleep", action="store_true")
    args = parser.parse_args()
    paths = sorted(args.images.glob("*.jpg"))
    config = json.loads((args.model / "preprocessor_config.json").read_text())

    results = {"onnxruntime": onnxruntime_rate(args.model / "model.onnx", paths, config, args.batch, args.asleep)}
    if args.onnxruntime:
        return json.dump(results, sys.stdout)
    if args.int8:
        if not args.int8.exists():
            quantise(args.model / "model.onnx", args.int8)
        results["onnxruntime int8"] = onnxruntime_rate(args.int8, paths, config, args.batch)
    encoder = torch_model(args)

    def with_torch(pixels):
        with torch.inference_mode():
            return np.asarray(encoder(torch.from_numpy(pixels)))

    json.dump({"torch": rate(with_torch, paths, config, args.batch), **results}, sys.stdout)


if __name__ == "__main__":
    main()
