"""Golden dense probes, computed by scikit-learn: discriminants and ridge regression of every cell by itself.

    python test/tasks/dense/golden/make_probe.py     # scikit-learn 1.9; writes probe.json beside itself
"""

import json
from pathlib import Path

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SHRINKAGE = 0.05

if __name__ == "__main__":
    random = np.random.default_rng(3)
    centers = random.normal(size=(3, 6))
    labels = random.integers(0, 3, 60)  # 10 pictures of 2 x 3 tokens
    x = (centers[labels] + 0.9 * random.normal(size=(60, 6))) * random.uniform(0.1, 5, 6) + 7
    ignored = random.random(60) < 0.2
    normals = random.normal(size=(60, 3)) + x[:, :3] / 5
    scaler = StandardScaler().fit(x)
    z = scaler.transform(x)
    rows = ~ignored
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE).fit(z[rows], labels[rows])
    mask = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE).fit(z[rows], labels[rows] == 1)
    ridge = Ridge(alpha=SHRINKAGE * len(z)).fit(z, normals)
    # Four cells a token: one covariance for all of them, the means of each by itself.
    four = random.integers(0, 2, (60, 4))
    scatter = np.zeros((6, 6))
    for cell in range(4):
        for k in (0, 1):
            own = z[four[:, cell] == k]
            scatter += (own - own.mean(0)).T @ (own - own.mean(0))
    cov = scatter / 240
    cov = (1 - SHRINKAGE) * cov + SHRINKAGE * np.trace(cov) / 6 * np.eye(6)
    predicted = np.zeros((60, 4), int)
    for cell in range(4):
        means = np.stack([z[four[:, cell] == k].mean(0) for k in (0, 1)])
        priors = np.array([(four[:, cell] == k).mean() for k in (0, 1)])
        coef = np.linalg.solve(cov, means.T)
        predicted[:, cell] = (z @ coef - 0.5 * np.diag(means @ coef) + np.log(priors)).argmax(1)
    store = {
        "x": x.astype(np.float32).tolist(),
        "labels": np.where(ignored, 255, labels).tolist(),
        "classes": lda.predict(z).tolist(),
        "shares": mask.predict_proba(z)[:, 1].round(7).tolist(),
        "normals": normals.tolist(),
        "vectors": ridge.predict(z).round(7).tolist(),
        "four": four.tolist(),
        "predicted": predicted.tolist(),
    }
    (HERE / "probe.json").write_text(json.dumps(store) + "\n")
