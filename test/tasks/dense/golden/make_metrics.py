"""Goldens of pooled metrics with NumPy 1.23.5 and scikit-learn 1.2.2, written independently of the library.

    pip install numpy==1.23.5 scikit-learn==1.2.2
    python make_metrics.py
"""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import fbeta_score, jaccard_score

rng = np.random.default_rng(7)


def semseg():
    label = rng.integers(0, 5, (2, 40))
    prediction = np.where(rng.random((2, 40)) < 0.6, label, rng.integers(0, 5, (2, 40)))
    label[rng.random((2, 40)) < 0.15] = 255
    kept = label.ravel() != 255
    per_class = jaccard_score(label.ravel()[kept], prediction.ravel()[kept], labels=range(7), average=None, zero_division=0)
    return dict(prediction=prediction.tolist(), label=label.tolist(), classes=7, perClass=per_class[:5].tolist(),
                zero=float(per_class.sum() / 7), skip=float(per_class.sum() / 5))


def saliency():
    label = (rng.random((3, 50)) < 0.3).astype(int)
    prediction = np.clip(0.5 * label + 0.6 * rng.random((3, 50)), 0, 1).astype(np.float32)
    label[rng.random((3, 50)) < 0.1] = 255
    kept = label.ravel() != 255
    scores = [fbeta_score(label.ravel()[kept], prediction.ravel()[kept] >= np.float32(k / 20), beta=0.3**0.5, zero_division=0)
              for k in range(1, 20)]
    return dict(prediction=prediction.tolist(), label=label.tolist(), curve=scores, maxF=max(scores))


def normals():
    label = rng.normal(size=(2, 30, 3))
    prediction = label + 0.4 * rng.normal(size=(2, 30, 3))
    label[rng.random((2, 30)) < 0.2] = 0
    a, b = label.reshape(-1, 3), prediction.reshape(-1, 3)
    kept = np.linalg.norm(a, axis=1) > 0
    a, b = a[kept], b[kept]
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    angle = np.degrees(np.arccos(cosine))
    return dict(prediction=prediction.tolist(), label=label.tolist(), mErr=float(angle.mean()),
                within=[float((angle < bound).mean()) for bound in (11.25, 22.5, 30)])


def depth():
    label = rng.uniform(0.5, 90, (2, 25))
    label[rng.random((2, 25)) < 0.2] = 0
    prediction = label + rng.normal(size=(2, 25))
    prediction[0, 0], label[0, 0] = -3, 2
    kept = (label > 0) & (label < 80)
    guess, truth = np.where(prediction <= 0, 1e-9, prediction)[kept], label[kept]
    return dict(prediction=prediction.tolist(), label=label.tolist(), pixels=int(kept.sum()),
                rmse=float(np.sqrt(((guess - truth) ** 2).mean())), absRel=float((np.abs(guess - truth) / truth).mean()))


goldens = dict(semseg=semseg(), saliency=saliency(), normals=normals(), depth=depth())
Path(__file__).with_name("metrics.json").write_text(json.dumps(goldens) + "\n")
