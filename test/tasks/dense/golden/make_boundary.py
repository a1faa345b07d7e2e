"""Boundary goldens: pyEdgeEval 0.2.8, scikit-image 0.20.0 and SciPy 1.10.1 on drawn pictures.

    pip install pyEdgeEval==0.2.8 numpy==1.23.5 scipy==1.10.1 scikit-image==0.20.0 opencv-python-headless==4.8.1.78 safetensors
    python make_boundary.py
"""

import json
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import ndimage as ndi
from scipy.optimize import linear_sum_assignment
from skimage.morphology import thin

if not hasattr(np, "bool"):
    np.bool = bool
from pyEdgeEval.common.binary_label import calculate_metrics
from pyEdgeEval.common.binary_label.evaluate_boundaries import (
    evaluate_boundaries_threshold,
    evaluate_boundaries_threshold_multiple_gts,
)
from pyEdgeEval.common.utils import check_thresholds
from pyEdgeEval.preprocess import fast_nms

HERE = Path(__file__).parent


def blobs(rng, height, width, count):
    """Returns boundaries between wobbly ellipses."""
    segments = np.zeros((height, width), int)
    rows, columns = np.mgrid[:height, :width]
    for k in range(count):
        cy, cx = rng.uniform(0, height), rng.uniform(0, width)
        a, b = rng.uniform(0.08, 0.3, 2) * min(height, width)
        turn = rng.uniform(0, np.pi)
        u = (columns - cx) * np.cos(turn) + (rows - cy) * np.sin(turn)
        v = -(columns - cx) * np.sin(turn) + (rows - cy) * np.cos(turn)
        segments[(u / a) ** 2 + (v / b) ** 2 < 1 + 0.15 * np.sin(5 * np.arctan2(v, u) + k)] = k + 1
    edges = np.zeros((height, width), bool)
    edges[:, :-1] |= segments[:, :-1] != segments[:, 1:]
    edges[:-1] |= segments[:-1] != segments[1:]
    return edges


def picture(seed, height, width, count, annotators):
    """Returns a soft prediction in 8 bits and the maps of annotators."""
    rng = np.random.default_rng(seed)
    edges = blobs(rng, height, width, count)
    labels = []
    for i in range(annotators):
        moved = ndi.shift(edges.astype(float), rng.uniform(-1.5, 1.5, 2), order=0) > 0.5
        drop = ndi.gaussian_filter(rng.normal(size=(height, width)), 12)
        labels.append((moved & (drop > np.quantile(drop, 0.1 * i))).astype(np.uint8))
    soft = ndi.gaussian_filter(ndi.shift(edges.astype(float), rng.uniform(-2, 2, 2), order=1), 1.5)
    texture = ndi.gaussian_filter(rng.normal(size=(height, width)), 2)
    wave = 0.6 + 4 * ndi.gaussian_filter(rng.normal(size=(height, width)), 10)
    mixed = 0.75 * soft / soft.max() * wave + 0.5 * np.clip(texture / np.abs(texture).max(), 0, 1)
    return np.round(255 * np.clip(mixed, 0, 1)).astype(np.uint8), np.stack(labels)


def evaluate(pictures, count, max_dist):
    """Returns the counts of each picture and the overall scores."""
    thresholds = check_thresholds(count)

    def single(sample):
        prediction, labels = sample["prediction"] / 255.0, sample["labels"]
        if len(labels) == 1:
            return evaluate_boundaries_threshold(thresholds, prediction, labels[0], max_dist=max_dist)
        return evaluate_boundaries_threshold_multiple_gts(thresholds, prediction, labels, max_dist=max_dist)

    samples = [dict(name=str(i), prediction=p, labels=g) for i, (p, g) in enumerate(pictures)]
    start = time.process_time()
    *_, overall = calculate_metrics(single, count, samples, nproc=1)
    seconds = time.process_time() - start
    return dict(thresholds=count, maxDist=max_dist, odsF=overall["ODS_f1"], threshold=overall["ODS_threshold"],
                oisF=overall["OIS_f1"], ap=overall["AP"]), seconds


def pairing(rng, size, density, radius):
    """Returns two maps and the exact number of pairs and their total distance, by a dense assignment."""
    first, second = (rng.random((2, size, size)) < density).astype(np.uint8)
    a, b = np.argwhere(first), np.argwhere(second)
    apart = np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
    near = apart <= radius
    outlier = 100 * radius
    # A pair saves one outlier on each side and one between outliers.
    gain = np.where(near, outlier - np.round(100 * apart) / 100, 0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    kept = near[rows, columns]
    return first, second, int(kept.sum()), float(np.round(100 * apart[rows, columns][kept]).sum() / 100)


def main():
    tensors, facts = {}, {"sets": [], "pairings": []}
    sets = {
        "one": ([(1, 120, 160, 8, 1), (2, 100, 140, 10, 1)], 99, 0.0075),
        "wide": ([(3, 120, 160, 12, 1)], 19, 0.02),
        "annotators": ([(4, 120, 160, 8, 4)], 33, 0.011),
    }
    for name, (specs, count, max_dist) in sets.items():
        pictures = [picture(*spec) for spec in specs]
        for i, (prediction, labels) in enumerate(pictures):
            tensors[f"{name}/{i}/prediction"], tensors[f"{name}/{i}/labels"] = prediction, labels
        scores, seconds = evaluate(pictures, count, max_dist)
        print(name, scores, f"{seconds:.2f} s")
        facts["sets"].append(dict(name=name, pictures=len(pictures), **scores))
    rng = np.random.default_rng(5)
    blots = np.stack([ndi.gaussian_filter(rng.normal(size=(60, 50)), s) > 0 for s in (0, 1, 2, 4)])
    tensors["thin/x"] = blots.astype(np.uint8)
    tensors["thin/y"] = np.stack([thin(blot) for blot in blots]).astype(np.uint8)
    soft = tensors["wide/0/prediction"][:60, :80]
    for radius in (1, 4):
        tensors[f"nms/{radius}"] = np.ascontiguousarray(fast_nms(soft / 255.0, r=radius, s=5, m=1.01), np.float32)
    for i, (size, density, radius) in enumerate([(30, 0.1, 2.3), (24, 0.3, 3.7), (40, 0.05, 5)]):
        first, second, pairs, distance = pairing(rng, size, density, radius)
        tensors[f"pairing/{i}"] = np.stack([first, second])
        facts["pairings"].append(dict(radius=radius, pairs=pairs, distance=distance))
    save_file(tensors, HERE / "boundary.safetensors")
    (HERE / "boundary.json").write_text(json.dumps(facts, indent=2) + "\n")


main()
