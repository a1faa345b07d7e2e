"""Make the preprocessing goldens: one picture through transformers' image processors (Pillow backend) and timm's transforms.

    python test/encoders/golden/make_preprocess.py    (transformers 5.23, timm 1.0.31, torchvision, Pillow 12; 13 resizes some tall pictures columns first)
"""

import json
from pathlib import Path

import numpy as np
import timm.data
import torch
from PIL import Image
from safetensors.numpy import save_file
from transformers import CLIPImageProcessorPil, ViTImageProcessorPil

HERE = Path(__file__).parent
TIMM = {
    "center": {"input_size": [3, 32, 32], "interpolation": "bicubic", "crop_pct": 0.9, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]},
    "squash": {"input_size": [3, 24, 24], "interpolation": "bilinear", "crop_pct": 1.0, "crop_mode": "squash", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
}


def scene(width, height, seed):
    """Smooth colours with edges: closer to a photograph than noise is."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 90 * np.sin(x / rng.uniform(3, 9) + rng.uniform(0, 6)) * np.cos(y / rng.uniform(3, 9)) for _ in range(3)]
    picture = np.stack(waves, -1)
    picture[height // 3 : height // 2, width // 4 : width // 2] = (250, 20, 90)
    return picture.clip(0, 255).astype(np.uint8)


def main():
    tensors, configs = {}, {}
    processors = {
        "clip": CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        "vit": ViTImageProcessorPil(size={"height": 24, "width": 40}),
        "oldvit": ViTImageProcessorPil(size={"height": 24, "width": 24}, resample=3, do_normalize=False),
    }
    for shape, (width, height) in {"wide": (75, 53), "tall": (31, 90), "small": (17, 14)}.items():
        picture = scene(width, height, width)
        tensors[f"source.{shape}"] = picture
        for name, processor in processors.items():
            values = processor(Image.fromarray(picture), return_tensors="np")["pixel_values"]
            tensors[f"{name}.{shape}"] = values.astype(np.float32)
            configs[name] = json.loads(processor.to_json_string())
        for name, config in TIMM.items():
            transform = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=config))
            tensors[f"timm-{name}.{shape}"] = transform(Image.fromarray(picture)).numpy()[None]
            configs[f"timm-{name}"] = config
    save_file(tensors, HERE / "preprocess.safetensors")
    (HERE / "preprocess.json").write_text(json.dumps(configs, indent=1) + "\n")


if __name__ == "__main__":
    main()
