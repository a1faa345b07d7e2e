"""Writes golden.json: what numpy and matplotlib say. Run with numpy 2 and matplotlib 3 installed: python make.py"""

import json
from pathlib import Path

import matplotlib
import numpy as np

rng = np.random.default_rng(7)


def pca():
    """Principal components by LAPACK's SVD; each component's largest entry is made positive."""
    x = rng.normal(size=(60, 16)) @ rng.normal(size=(16, 16)) + rng.normal(size=16)
    x = x.astype(np.float32).round(4)
    _, s, v = np.linalg.svd(x.astype(np.float64) - x.astype(np.float64).mean(0), full_matrices=False)
    signs = np.sign(v[np.arange(16), np.abs(v).argmax(1)])
    v = v * signs[:, None]
    return {
        "rows": x.tolist(),
        "components": v[:4].tolist(),
        "variance": (s[:4] ** 2 / 59).tolist(),
        "ratio": (s[:4] ** 2 / (s**2).sum()).tolist(),
    }


def eigen():
    a = rng.normal(size=(7, 7))
    a = a + a.T
    return {"matrix": a.ravel().tolist(), "values": np.linalg.eigvalsh(a)[::-1].tolist()}


def halves():
    special = [0.0, -0.0, 1.0, -2.0, 65504.0, 65519.0, 65520.0, 1e-8, 5.96e-8, 6.1e-5, 6.097e-5, 0.1, 1 / 3, 1e5, -1e-7]
    values = np.array(special + list(rng.normal(size=200) * 10.0 ** rng.integers(-7, 4, size=200)), dtype=np.float32)
    with np.errstate(over="ignore"):
        bits = values.astype(np.float16).view(np.uint16)
    return {"values": values.astype(float).tolist(), "bits": bits.tolist()}


def colours():
    at = list(range(0, 256, 15))
    maps = {name: matplotlib.colormaps[name] for name in ["viridis", "cividis", "magma"]}
    return {name: [[round(255 * c) for c in colours(i)[:3]] for i in at] for name, colours in maps.items()}


golden = {"pca": pca(), "eigen": eigen(), "halves": halves(), "colors": colours()}
Path(__file__).with_name("golden.json").write_text(json.dumps(golden))
