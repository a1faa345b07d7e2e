"""Smoothing and choice of a learning-rate sweep by NumPy: sweep.json.

Packages: numpy 2. Command: python test/train/golden/make_sweep.py
"""

import json
from pathlib import Path

import numpy as np

random = np.random.default_rng(4)
curves = []
for count, beta in ((100, 0.98), (60, 0.9), (40, 0.0)):
    rates = np.geomspace(1e-6, 1.0, count)
    t = np.linspace(0, 1, count)
    losses = 2.3 - 1.6 / (1 + np.exp(-25 * (t - 0.6))) + np.where(t > 0.85, 40 * (t - 0.85) ** 2, 0)
    losses = losses + 0.05 * random.standard_normal(count)
    # Weights of all values so far, newest first, divided by their sum: the closed form of the running mean.
    smoothed = np.array([np.average(losses[: i + 1], weights=beta ** np.arange(i, -1, -1.0)) for i in range(count)])
    skipped = int(np.ceil(count / 10))
    slope = np.gradient(smoothed[skipped:-1], np.log10(rates)[skipped:-1])
    curves.append(
        {
            "beta": beta,
            "losses": losses.tolist(),
            "rates": rates.tolist(),
            "smoothed": smoothed.tolist(),
            "steepest": skipped + int(np.argmin(slope)),
        }
    )
Path(__file__).with_name("sweep.json").write_text(json.dumps(curves) + "\n")
