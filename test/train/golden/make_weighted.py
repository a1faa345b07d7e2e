"""Draws of torch's WeightedRandomSampler and class weights of NumPy: weighted.json.

Packages: torch 2.13, numpy 2. Command: python test/train/golden/make_weighted.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import WeightedRandomSampler

WEIGHTS = [0.5, 3.0, 0.0, 1.0, 2.0, 0.25]
DRAWS = 40_000

torch.manual_seed(0)


def pairs(replacement):
    """Counts each ordered pair that was drawn first and second, [6, 6]."""
    counts = np.zeros((len(WEIGHTS), len(WEIGHTS)), dtype=int)
    for _ in range(DRAWS):
        first, second = list(WeightedRandomSampler(WEIGHTS, 2, replacement=replacement))
        counts[first, second] += 1
    return counts.tolist()


def balanced(labels, beta=None):
    classes, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    per_class = 1 / counts if beta is None else (1 - beta) / (1 - np.power(beta, counts))
    weights = per_class[inverse]
    return (weights / weights.mean()).tolist()


labels = [0, 0, 0, 0, 1, 2, 2, 1, 0, 0]
golden = {
    "weights": WEIGHTS,
    "draws": DRAWS,
    "with": pairs(True),
    "without": pairs(False),
    "labels": labels,
    "balanced": balanced(labels),
    "effective": balanced(labels, 0.9),
}
Path(__file__).with_name("weighted.json").write_text(json.dumps(golden) + "\n")
