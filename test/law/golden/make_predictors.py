"""References for test/law/predictors.test.ts. usage: make_predictors.py > predictors.json

Each by another road than the library's: mutual k-NN by scikit-learn's NearestNeighbors on cosine distance, linear CKA from covariances
(the library uses Gram matrices), LogME by maximising the evidence, with its determinant, over (log a, log b) with SciPy, the caption
score from log-softmax of logits. Features are rounded to float32, as the library stores them.
"""

import json

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from sklearn.neighbors import NearestNeighbors


def neighbours(features, k):
    model = NearestNeighbors(n_neighbors=k + 1, metric="cosine", algorithm="brute").fit(features)
    found = model.kneighbors(features, return_distance=False)
    return [set(row) - {i} for i, row in enumerate(found)]


def mutual_knn(x, y, k):
    return float(np.mean([len(a & b) / k for a, b in zip(neighbours(x, k), neighbours(y, k))]))


def linear_cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    cross = np.linalg.norm(x.T @ y) ** 2
    return float(cross / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def evidence(features, y, alpha, beta):
    n, d = features.shape
    precision = alpha * np.eye(d) + beta * features.T @ features
    m = beta * np.linalg.solve(precision, features.T @ y)
    value = d * np.log(alpha) + n * np.log(beta) - n * np.log(2 * np.pi) - np.linalg.slogdet(precision)[1]
    return 0.5 * (value - beta * np.sum((features @ m - y) ** 2) - alpha * m @ m) / n


def logme(features, y):
    options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 20000, "maxfev": 20000}
    runs = [
        minimize(lambda p: -evidence(features, y, *np.exp(p)), start, method="Nelder-Mead", options=options)
        for start in ([0.0, 0.0], [2.0, 2.0], [-2.0, 3.0])
    ]
    return float(-min(run.fun for run in runs))


def case(rows, x_width, y_width, k, classes, seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, x_width)).astype(np.float32)
    mix = random.normal(size=(x_width, y_width))
    y = (x @ mix * 0.5 + random.normal(size=(rows, y_width))).astype(np.float32)
    target = x[:, :3].astype(float) @ [1.0, -0.5, 0.25] + 0.3 * random.normal(size=rows)
    labels = [f"class {i}" for i in np.argmax(x[:, :classes] + 0.5 * random.normal(size=(rows, classes)), axis=1)]
    one_hot = [[float(label == name) for label in labels] for name in sorted(set(labels))]
    x64, y64 = x.astype(float), y.astype(float)
    return {
        "x": x64.tolist(),
        "y": y64.tolist(),
        "k": k,
        "labels": labels,
        "targets": target.tolist(),
        "mutualKnn": mutual_knn(x64, y64, k),
        "linearCka": linear_cka(x64, y64),
        "logmeClasses": float(np.mean([logme(x64, np.array(column)) for column in one_hot])),
        "logmeValue": logme(x64, target),
    }


def captions():
    random = np.random.default_rng(9)
    entries = []
    for length in (3, 7, 5):
        logits = random.normal(size=(length, 11)) * 2
        ids = random.integers(0, 11, length)
        logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        entries.append(logs[np.arange(length), ids])
    return {"logs": [entry.tolist() for entry in entries], "score": float(np.mean([entry.mean() for entry in entries]))}


CASES = [(40, 6, 9, 5, 3, 1), (60, 12, 4, 10, 4, 2), (30, 20, 25, 4, 3, 3)]
versions = f"NumPy {np.__version__}, SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}"
print(json.dumps({"versions": versions, "cases": [case(*args) for args in CASES], "captions": captions()}))
