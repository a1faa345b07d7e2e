"""Make the resize goldens: a small random picture resized by Pillow in both directions by every filter, and a hard one, black and white
strokes and noise, made smaller by factors of 1.02 to its whole side by the filters of encoders.

    python test/encoders/golden/make_pillow.py        (Pillow 12, safetensors, numpy)
"""

from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
SIZES = {"down": (13, 9), "up": (61, 75), "narrow": (11, 70), "flat": (70, 11)}

HARD = {"near": (94, 78), "half": (48, 40), "third": (33, 25), "fifth": (19, 15), "one-way": (90, 9), "dot": (1, 1)}


def strokes(width, height):
    """Every edge of 0 to 255: filters overshoot everywhere, which 8 bits between the passes cut off."""
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 2, (height, width, 3), dtype=np.uint8) * 255
    picture[:, : width // 2] = 255
    for _ in range(width * height // 120):
        x, y, length = rng.integers(0, width // 2), rng.integers(0, height), rng.integers(2, 12)
        picture[(y, slice(x, x + length)) if rng.random() < 0.5 else (slice(y, y + length), x)] = 0
    return picture


def main():
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (37, 29, 3), dtype=np.uint8)
    tensors = {"source": noise}
    for name, number in FILTERS.items():
        for direction, size in SIZES.items():
            tensors[f"{name}.{direction}"] = np.asarray(Image.fromarray(noise).resize(size, number)).copy()
    hard = strokes(96, 80)
    tensors["source-hard"] = hard
    for name in ("lanczos", "bilinear", "bicubic"):
        for direction, size in HARD.items():
            tensors[f"{name}.hard-{direction}"] = np.asarray(Image.fromarray(hard).resize(size, FILTERS[name])).copy()
    save_file(tensors, Path(__file__).parent / "pillow.safetensors")


if __name__ == "__main__":
    main()
