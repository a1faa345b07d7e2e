"""Reference fits by scikit-learn for test/law/regression-golden.test.ts. usage: make_regression.py > regression.json

Made with scikit-learn in float64 (its version stands in the file): LinearRegression and Ridge on PolynomialFeatures, more rows than terms, as many, and
fewer (the solution of least norm on centred features).
"""

import json

import numpy as np
import sklearn
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.preprocessing import PolynomialFeatures


def case(rows, predictors, degree, ridge, seed):
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 2, (rows, predictors))
    y = random.normal(size=rows) + x @ random.normal(size=predictors)
    design = PolynomialFeatures(degree, include_bias=False).fit_transform(x)
    model = Ridge(alpha=ridge) if ridge else LinearRegression()
    model.fit(design, y)
    result = {
        "x": x.tolist(),
        "y": y.tolist(),
        "degree": degree,
        "ridge": ridge,
        "coefficients": [float(model.intercept_), *model.coef_.tolist()],
        "r2": float(model.score(design, y)),
        "new": [0.25] * predictors,
        "predicted": float(model.predict(PolynomialFeatures(degree, include_bias=False).fit_transform([[0.25] * predictors]))[0]),
    }
    if rows > design.shape[1] + 2:
        result["leftOut"] = cross_val_predict(model, design, y, cv=LeaveOneOut()).tolist() if not ridge else None
    return result


CASES = [(13, 2, 2, 0, 1), (13, 2, 1, 0, 2), (20, 3, 2, 0, 3), (6, 2, 2, 0, 4), (4, 2, 2, 0, 5), (2, 2, 2, 0, 6), (13, 2, 2, 0.3, 7), (4, 3, 2, 0.05, 8)]

print(json.dumps({"version": sklearn.__version__, "cases": [case(*args) for args in CASES]}, indent=1))
