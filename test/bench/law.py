"""C score from cached features and A score, in vectorised PyTorch on the CPU.

usage: law.py --folder DIR [--runs 2]
DIR holds what law.mjs wrote: study.json, features.f32 `[images, cells, channels]`, tokens-<name>.f32 `[images, tokens, width]`.
prints one JSON object {measure: {"seconds": fastest, "cpu": its processor seconds, "value": the score}}. The C score takes only the similarity rows of
the keypoints of a pair and matches all of them at once; maps are normalised once. `C score, grouped` also puts all pairs of one target into one
product, as Fovea does. All are what a careful author would write, not the release.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
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
    """Windowed soft-argmax of the released evaluation (arXiv 2408.16357), for all rows at once."""
    peak = similarity.argmax(1)
    row, column = torch.arange(n * n) // n, torch.arange(n * n) % n
    near = ((row - (peak // n)[:, None]).abs() <= WINDOW) & ((column - (peak % n)[:, None]).abs() <= WINDOW)
    weights = torch.softmax(similarity * near / TEMPERATURE, 1)
    return torch.stack([weights @ column.float(), weights @ row.float()], 1)


def match(similarity, points, sizes, n):
    """Right keypoints as booleans `[K]`, from their similarity rows `[K, cells]`, true points `[K, 2]` and box sizes `[K]`."""
    stride = CANVAS / n
    predicted = locate(similarity, n) * stride + stride // 2
    return ((predicted - points).norm(dim=1) < ALPHA * sizes).float()


def cells_of(points, n):
    cells = (points * n / CANVAS).long().clamp(0, n - 1)
    return cells[:, 1] * n + cells[:, 0]


def c_score(features, study):
    features, n = unit(features), study["side"]
    shares = []
    for pair in study["pairs"]:
        rows = features[pair["from"]][cells_of(torch.tensor(pair["source"]), n)]
        similarity = rows @ features[pair["to"]].T
        shares.append(match(similarity, torch.tensor(pair["target"]), torch.tensor(float(pair["size"])), n).mean())
    return 100 * torch.stack(shares).mean().item()


def c_score_grouped(features, study):
    features, n, keypoints = unit(features), study["side"], study["keypoints"]
    groups, shares = defaultdict(list), []
    for pair in study["pairs"]:
        groups[pair["to"]].append(pair)
    for target, pairs in groups.items():
        images = torch.tensor([pair["from"] for pair in pairs]).repeat_interleave(keypoints)
        cells = cells_of(torch.tensor([pair["source"] for pair in pairs]).flatten(0, 1), n)
        similarity = features[images, cells] @ features[target].T
        points = torch.tensor([pair["target"] for pair in pairs]).flatten(0, 1)
        sizes = torch.tensor([float(pair["size"]) for pair in pairs]).repeat_interleave(keypoints)
        shares.append(match(similarity, points, sizes, n).view(len(pairs), keypoints).mean(1))
    return 100 * torch.cat(shares).mean().item()


def a_score(target, references):
    scores = []
    for reference in references:
        per_image = [(unit(e) @ unit(r).T).amax(1).mean() for e, r in zip(target, reference)]
        scores.append(torch.stack(per_image).mean())
    return torch.stack(scores).mean().item()


def measure(run, runs):
    times = []
    for _ in range(runs):
        start, cpu = time.perf_counter(), time.process_time()
        value = run()
        times.append((time.perf_counter() - start, time.process_time() - cpu))
    seconds, cpu = min(times)
    return {"seconds": seconds, "cpu": cpu, "value": value}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=2)
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
            "C score, grouped": measure(lambda: c_score_grouped(features, study), args.runs),
            "A score": measure(lambda: a_score(target, references), args.runs),
        }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
