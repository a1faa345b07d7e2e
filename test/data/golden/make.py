"""Small maps as Pillow 13 and NumPy write them, value (7 y + x) mod m at row y, column x, 5 rows, 9 columns.

    python make.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

here = Path(__file__).parent
rows, columns = np.mgrid[:5, :9]
base = 7 * rows + columns


def palette(levels, bits):
    picture = Image.fromarray((base % levels).astype(np.uint8), "P")
    picture.putpalette([(37 * i) % 256 for i in range(3 * levels)])
    picture.save(here / f"palette-{bits}.png", bits=bits)


palette(21, 8)
palette(4, 2)
Image.fromarray((base % 2).astype(bool)).save(here / "bits.png")
Image.fromarray((1000 * base).astype(np.uint16)).save(here / "deep.png")
Image.fromarray(np.repeat((base % 21).astype(np.uint8)[..., None], 3, 2)).save(here / "rgb.png")
np.save(here / "float.npy", (base / 8).astype(np.float32))
np.save(here / "half.npy", (base / 8).astype(np.float16))
np.save(here / "big-endian.npy", base.astype(">i4"))
np.save(here / "long.npy", base.astype(np.int64))
