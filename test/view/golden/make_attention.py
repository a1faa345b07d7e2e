"""Golden numbers of attention heads.

Packages: numpy. Command: python test/view/golden/make_attention.py > test/view/golden/attention.json
"""

import json

import numpy as np

HEADS, PREFIX, ROWS, COLUMNS = 2, 1, 3, 4
rng = np.random.default_rng(7)
tokens = PREFIX + ROWS * COLUMNS
logits = 2 * rng.standard_normal((HEADS, tokens, tokens))
attention = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
attention = attention.astype(np.float32).astype(np.float64)
attention /= attention.sum(-1, keepdims=True)

# Entropy of every row in shares of log N, and its mean over queries.
entropy = (-(attention * np.log(attention)).sum(-1) / np.log(tokens)).mean(-1)

# Mean attention distance between patches (Dosovitskiy et al. 2021, figure 7), in shares of the longer side of the grid.
places = np.stack(np.meshgrid(np.arange(ROWS), np.arange(COLUMNS), indexing="ij"), -1).reshape(-1, 2)
distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
patches = attention[:, PREFIX:, PREFIX:]
patches = patches / patches.sum(-1, keepdims=True)
distance = (patches * distances).sum(-1).mean(-1) / max(ROWS, COLUMNS)

print(
    json.dumps(
        {
            "heads": HEADS,
            "prefix": PREFIX,
            "grid": [ROWS, COLUMNS],
            "attention": [round(float(value), 9) for value in attention.ravel()],
            "entropy": entropy.tolist(),
            "distance": distance.tolist(),
            "mean": attention[:, PREFIX:].mean(1).ravel().tolist(),
        }
    )
)
