"""Golden figures of predicting one table by another, by NumPy and SciPy.

    python test/law/golden/make_transfer.py        # numpy, scipy; writes transfer.json beside itself
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy.stats import spearmanr

HERE = Path(__file__).parent


def unit(values):
    return (values - values.min()) / (values.max() - values.min())


def design(a, c, degree):
    a, c = unit(a), unit(c)
    columns = [np.ones_like(a), a, c] + ([a * a, a * c, c * c] if degree == 2 else [])
    return np.stack(columns, 1)


def table(rng, names, count, noise):
    rows = []
    a, c = rng.random(count), rng.random(count) * 30
    for b, name in enumerate(names):
        own = a + 0.1 * rng.random(count)
        score = 40 + (10 + b) * own + 0.4 * c - 0.3 * own * c + noise * rng.normal(size=count)
        rows += [{"encoder": f"e{i}", "benchmark": name, "a": own[i], "c": c[i], "score": score[i]} for i in range(count)]
    return rows


def columns(rows, name):
    own = [row for row in rows if row["benchmark"] == name]
    return tuple(np.array([row[key] for row in own]) for key in ("a", "c", "score"))


def transfer(source, target, degree):
    found = []
    for name in sorted({row["benchmark"] for row in source}):
        a, c, score = columns(source, name)
        solution = np.linalg.lstsq(design(a, c, degree), unit(score), rcond=None)[0]
        for other in sorted({row["benchmark"] for row in target}):
            a2, c2, score2 = columns(target, other)
            predicted, measured = design(a2, c2, degree) @ solution, unit(score2)
            found.append({
                "from": name, "to": other, "n": len(measured),
                "r2": 1 - ((predicted - measured) ** 2).sum() / ((measured - measured.mean()) ** 2).sum(),
                "spearman": spearmanr(predicted, measured).statistic,
                "bestInTop3": bool(measured.argmax() in np.argsort(-predicted)[:3]),
            })
    return found


def main():
    rng = np.random.default_rng(3)
    one, two = table(rng, ["x", "y"], 13, 1.0), table(rng, ["p", "q"], 11, 2.0)
    found = {
        "versions": f"NumPy {np.__version__}, SciPy {scipy.__version__}", "one": one, "two": two,
        "degrees": {str(degree): transfer(one, two, degree) for degree in (1, 2)},
    }
    (HERE / "transfer.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
