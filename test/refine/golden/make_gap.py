"""Golden figures of the measures between stages, by SciPy, POT, NumPy.

    python test/refine/golden/make_gap.py        # numpy, scipy, pot; writes gap.json beside itself
"""

import json
from pathlib import Path

import numpy as np
import ot
import scipy
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

HERE = Path(__file__).parent
EPSILON = 0.05


def gromov(x, y):
    a, b = cdist(x, x), cdist(y, y)
    a, b = a / a.mean(), b / b.mean()
    p, q = np.full(len(x), 1 / len(x)), np.full(len(y), 1 / len(y))
    plan, log = ot.gromov.entropic_gromov_wasserstein(
        a, b, p, q, "square_loss", epsilon=EPSILON, max_iter=2000, tol=1e-11, log=True, solver="PGD",
        numItermax=20000, stopThr=1e-14,
    )
    loss = sum(
        (a[i, k] - b[j, l]) ** 2 * plan[i, j] * plan[k, l]
        for i in range(len(x)) for j in range(len(y)) for k in range(len(x)) for l in range(len(y))
    )
    return float(loss)


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    cross = np.linalg.norm(x.T @ y) ** 2
    return float(cross / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def case(rng, n, m, width, shift, l2):
    x = rng.normal(size=(n, width)).astype(np.float32)
    y = (rng.normal(size=(m, width)) * 1.5 + shift).astype(np.float32)
    a, b = (t.astype(np.float64) for t in (x, y))
    if l2:
        a, b = (t / np.linalg.norm(t, axis=1, keepdims=True) for t in (a, b))
    costs = cdist(a, b)
    if n == m:
        rows, columns = linear_sum_assignment(costs)
        exact = costs[rows, columns].mean()
    else:
        exact = ot.emd2(np.full(n, 1 / n), np.full(m, 1 / m), costs, numItermax=1000000)
    along = rng.normal(size=(7, width))
    along = (along / np.linalg.norm(along, axis=1, keepdims=True)).astype(np.float32)
    projected = ot.sliced_wasserstein_distance(a, b, projections=along.T.astype(np.float64), p=1)
    scipy_sliced = np.mean([wasserstein_distance(a @ d, b @ d) for d in along.astype(np.float64)])
    assert abs(projected - scipy_sliced) < 1e-9
    return {
        "x": x.ravel().tolist(), "y": y.ravel().tolist(), "width": width, "l2": l2, "directions": along.ravel().tolist(),
        "nearest": float(costs.min(1).mean()), "nearestBack": float(costs.min(0).mean()),
        "meanDistance": float(np.linalg.norm(a.mean(0) - b.mean(0))),
        "wasserstein": float(exact), "sliced": float(scipy_sliced), "gromovWasserstein": gromov(a, b),
        "cka": cka(x.astype(np.float64), y.astype(np.float64)) if n == m else None,
    }


def distribution(rng):
    values = (rng.normal(size=300) ** 3).astype(np.float32)
    numbers = values.astype(np.float64)
    counts, edges = np.histogram(numbers, bins=9)
    return {
        "values": values.tolist(), "mean": numbers.mean(), "deviation": numbers.std(),
        "quantiles": np.quantile(numbers, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]).tolist(),
        "shares": (counts / len(values)).tolist(), "range": [edges[0], edges[-1]],
    }


def main():
    rng = np.random.default_rng(5)
    sizes = [(12, 12, 3, 0.5, False), (10, 15, 4, 2.0, False), (9, 7, 2, 0.0, True), (20, 20, 6, 1.0, True)]
    cases = [case(rng, *size) for size in sizes]
    found = {
        "versions": f"NumPy {np.__version__}, SciPy {scipy.__version__}, POT {ot.__version__}", "epsilon": EPSILON,
        "cases": cases, "distribution": distribution(rng),
    }
    (HERE / "gap.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
