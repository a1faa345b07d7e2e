"""Make the resize goldens: small random pictures resized by Pillow in both directions by every filter.

    python test/encoders/golden/make_pillow.py        (Pillow 12, safetensors, numpy)
"""

from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
SIZES = {"down": (13, 9), "up": (61, 75), "narrow": (11, 70), "flat": (70, 11)}


def main():
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (37, 29, 3), dtype=np.uint8)
    tensors = {"source": noise}
    for name, number in FILTERS.items():
        for direction, size in SIZES.items():
            tensors[f"{name}.{direction}"] = np.asarray(Image.fromarray(noise).resize(size, number)).copy()
    save_file(tensors, Path(__file__).parent / "pillow.safetensors")


if __name__ == "__main__":
    main()
