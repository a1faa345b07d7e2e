"""Golden probes of features, computed by scikit-learn and NumPy.

    python test/tasks/golden/make_probe.py     # torch 2.13, scikit-learn 1.9; writes probe.safetensors beside itself
"""

import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402


def nearest(train, labels, test, k, temperature):
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)  # noqa: E731
    cosines = unit(test) @ unit(train).T
    votes = np.zeros((len(test), labels.max() + 1))
    for i, row in enumerate(cosines):
        for j in np.argsort(-row)[:k]:
            votes[i, labels[j]] += np.exp(row[j] / temperature)
    return votes.argmax(1)


if __name__ == "__main__":
    random = np.random.default_rng(0)
    centers = random.normal(size=(4, 12))
    labels, other = random.integers(0, 4, 150), random.integers(0, 4, 80)
    train = (centers[labels] + 1.3 * random.normal(size=(150, 12))) * random.uniform(0.1, 5, 12) + 3
    test = (centers[other] + 1.3 * random.normal(size=(80, 12))) * random.uniform(0.1, 5, 12) + 3
    train, test = train.astype(np.float32), test.astype(np.float32)
    store = {"train": train, "test": test, "labels": labels, "other": other}
    for l2 in (1e-3, 0.1):
        scaler = StandardScaler().fit(train.astype(np.float64))
        probe = LogisticRegression(C=1 / (l2 * len(train)), tol=1e-10, max_iter=10_000).fit(scaler.transform(train), labels)
        store[f"weights {l2}"] = probe.coef_.T.astype(np.float32)
        store[f"predictions {l2}"] = probe.predict(scaler.transform(test))
    store["knn 20 0.07"] = nearest(train, labels, test, 20, 0.07)
    store["knn 5 1"] = nearest(train, labels, test, 5, 1)
    nn_golden.HERE = HERE
    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in store.items()}
    nn_golden.save("probe", {name: t.int() if not t.is_floating_point() else t for name, t in tensors.items()})
