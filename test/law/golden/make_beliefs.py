"""Reference for test/law/surrogate.test.ts. usage: make_beliefs.py > beliefs.json

Bayesian linear regression the long way: a joint normal over all measurements, y ~ N(0, K) with
K = flat + prior^2 X X^T + noise^2 I, conditioned on the trained rows. A flat intercept is a very wide normal one (1e4, in float64).
"""

import json

import numpy as np

FLAT = 1e4


def case(rows, terms, trained, noise, prior, seed):
    random = np.random.default_rng(seed)
    x = random.uniform(0, 1, (rows, terms))
    y = random.normal(size=rows)
    seen = list(range(trained))
    kernel = FLAT**2 + prior**2 * x @ x.T
    known = kernel[np.ix_(seen, seen)] + noise**2 * np.eye(trained)
    cross = kernel[:, seen]
    mean = cross @ np.linalg.solve(known, y[seen])
    variance = np.diag(kernel) - np.einsum("ij,ji->i", cross, np.linalg.solve(known, cross.T)) + noise**2
    return {
        "design": x.tolist(),
        "scores": y.tolist(),
        "trained": seen,
        "noise": noise,
        "prior": prior,
        "mean": mean.tolist(),
        "deviation": np.sqrt(variance).tolist(),
    }


CASES = [(13, 5, 1, 0.1, 1, 1), (13, 5, 3, 0.1, 1, 2), (13, 5, 9, 0.2, 0.5, 3), (8, 2, 8, 0.05, 2, 4)]
print(json.dumps({"version": np.__version__, "cases": [case(*args) for args in CASES]}, indent=1))
