"""BMP and portable maps as Pillow reads them, and colours that it converts.

usage: make_bitmaps.py, with Pillow 12 and numpy 2; writes bitmaps.json beside itself.
"""

import base64
import io
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(0)
FILES = {}


def text(data):
    return base64.b64encode(data).decode()


def add(name, data):
    image = Image.open(io.BytesIO(data))
    FILES[name] = {"file": text(data), "size": image.size, "rgb": text(image.convert("RGB").tobytes())}


def save(name, image, kind):
    file = io.BytesIO()
    image.save(file, format=kind)
    add(name, file.getvalue())


def sixteen_bits(masks):
    pixels = RANDOM.integers(0, 65536, (5, 7), dtype=np.uint16)
    body = b"".join(pixels[4 - i].tobytes().ljust(16, b"\0") for i in range(5))
    fields = struct.pack("<III", *masks) if masks else b""
    start = 54 + len(fields)
    file = b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start)
    header = struct.pack("<IiiHHIIiiII", 40, 7, 5, 1, 16, 3 if masks else 0, len(body), 0, 0, 0, 0)
    return file + header + fields + body


def main():
    rgb = Image.fromarray(RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    save("24-bit.bmp", rgb, "BMP")
    save("palette.bmp", rgb.quantize(17), "BMP")
    save("grey.bmp", rgb.convert("L"), "BMP")
    save("bits.bmp", rgb.convert("1"), "BMP")
    save("32-bit.bmp", rgb.convert("RGBA"), "BMP")
    add("15-bit.bmp", sixteen_bits(None))
    add("16-bit.bmp", sixteen_bits((0xF800, 0x7E0, 0x1F)))
    save("P6.ppm", rgb, "PPM")
    save("P5.pgm", rgb.convert("L"), "PPM")
    save("P4.pbm", rgb.convert("1"), "PPM")
    add("P3.ppm", b"P3\n# a comment\n2 2\n100\n0 50 100 33 66 99\n1 2 3 100 0 100\n")
    add("P2.pgm", b"P2 3 1 7\n0 3 7\n")
    add("P1.pbm", b"P1 3 2\n0 1 1\n101\n")
    add("P6-200.ppm", b"P6\n2 1\n200\n" + bytes([0, 100, 200, 33, 77, 150]))
    colors = {}
    for mode in ("YCbCr", "CMYK"):
        levels = RANDOM.integers(0, 256, (4, 32, len(mode) if mode == "CMYK" else 3), dtype=np.uint8)
        image = Image.frombytes(mode, (32, 4), levels.tobytes())
        colors[mode] = {"levels": text(levels.tobytes()), "rgb": text(image.convert("RGB").tobytes())}
    path = Path(__file__).parent / "bitmaps.json"
    path.write_text(json.dumps({"files": FILES, "colors": colors}, indent=1) + "\n")


if __name__ == "__main__":
    main()
