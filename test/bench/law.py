"""C score from cached features and A score, in vectorised PyTorch on the CPU.

usage: law.py --folder DIR [--runs 3]
DIR holds what law.mjs wrote: study.json, features.f32 `[images, cells, channels]`, tokens-<name>.f32 `[images, tokens, width]`.
prints one JSON object {measure: {"seconds": median, "value": the score}}. The C score takes only the similarity rows of the keypoints of a pair and
matches all of them at once; maps are normalised once. Both are what a careful author would write, not the release.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

EPSILON = 1e-10
WINDOW, TEMPERATURE, ALPHA, CANVAS = 5, 0.02, 0.1, 840


def load(path, shape):
    return torch.from_numpy(np.fromfile(path, dtype=np.float32).reshape(shape))


def unit(x):
    return x / (x.norm(dim=-1, keepdim=True) + EPSILON)


def locate(similarity, n):
    """Windowed soft-argmax of law.md section 2.3 step 4, for all rows at once."""
    peak = similarity.argmax(1)
    row, column = torch.arange(n * n) // n, torch.arange(n * n) % n
    near = ((row - (peak // n)[:, None]).abs() <= WINDOW) & ((column - (peak % n)[:, None]).abs() <= WINDOW)
    weights = torch.softmax(similarity * near / TEMPERATURE, 1)
    return torch.stack([weights @ column.float(), weights @ row.float()], 1)


def c_score(features, study):
    features, n = unit(features), study["side"]
    stride, shares = CANVAS / n, []
    for pair in study["pairs"]:
        source, target = torch.tensor(pair["source"]), torch.tensor(pair["target"])
        cells = (source / stride).long().clamp(0, n - 1)
        similarity = features[pair["from"]][cells[:, 1] * n + cells[:, 0]] @ features[pair["to"]].T
        predicted = locate(similarity, n) * stride + stride // 2
        shares.append(((predicted - target).norm(dim=1) < ALPHA * pair["size"]).float().mean())
    return 100 * torch.stack(shares).mean().item()


def a_score(target, references):
    scores = []
    for reference in references:
        per_image = [(unit(e) @ unit(r).T).amax(1).mean() for e, r in zip(target, reference)]
        scores.append(torch.stack(per_image).mean())
    return torch.stack(scores).mean().item()


def measure(run, runs):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        value = run()
        seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds), "value": value}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    study = json.loads((args.folder / "study.json").read_text())
    features = load(args.folder / "features.f32", (study["images"], study["side"] ** 2, study["channels"]))
    tokens = {
        name: load(args.folder / f"tokens-{name}.f32", (study["tokenImages"], count, study["width"]))
        for name, count in study["tokens"].items()
    }
    target, *references = tokens.values()
    with torch.inference_mode():
        result = {
            "C score": measure(lambda: c_score(features, study), args.runs),
            "A score": measure(lambda: a_score(target, references), args.runs),
        }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
