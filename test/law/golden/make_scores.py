"""Reference scores by PyTorch in float64 for test/law/scores-golden.test.ts. usage: make_scores.py > scores.json

A score in both directions, and predicted points of keypoints under every matcher, written from the definitions of arXiv 2408.16357 with torch operators only. Inputs are
sines that the test makes again; keypoints and boxes stand in the file.
"""

import json
import math

import torch

N, CHANNELS, CANVAS = 8, 12, 840
EPSILON = 1e-10


def wave(rows, width, phase):
    i = torch.arange(rows * width, dtype=torch.float64)
    return (torch.sin(phase + 12.9898 * i) * 3 + torch.cos(0.37 * i)).float().double().view(rows, width)


def unit(x):
    return x / (x.norm(dim=1, keepdim=True) + EPSILON)


def best_mean(queries, keys):
    return (unit(queries) @ unit(keys).T).amax(1).mean().item()


def letterbox(points, width, height):
    scale = CANVAS / max(width, height)
    x = int((CANVAS - round(CANVAS * width / height)) / 2) if height > width else 0
    y = int((CANVAS - round(CANVAS * height / width)) / 2) if width > height else 0
    return points * scale + torch.tensor([x, y], dtype=torch.float64), scale


def locate(row, match, window, fill, temperature):
    peak = int(row.argmax())
    if match == "argmax":
        return peak % N, peak // N
    rows, columns = torch.arange(N * N) // N, torch.arange(N * N) % N
    near = ((rows - peak // N).abs() <= window) & ((columns - peak % N).abs() <= window)
    masked = row * near if fill == "zero" else row.masked_fill(~near, -math.inf)
    weights = torch.softmax(masked / temperature, 0)
    return (weights @ columns.double()).item(), (weights @ rows.double()).item()


def predicted(pair, options):
    source, _ = letterbox(torch.tensor(pair["source"], dtype=torch.float64), *pair["sourceSize"])
    target, scale = letterbox(torch.tensor(pair["target"], dtype=torch.float64), *pair["targetSize"])
    cells = (source * N / CANVAS).long().clamp(0, N - 1)
    rows = unit(wave(N * N, CHANNELS, pair["phases"][0])) @ unit(wave(N * N, CHANNELS, pair["phases"][1])).T
    results = []
    for (x, y), truth in zip(cells.tolist(), target):
        column, row = locate(rows[N * y + x], options["match"], options["window"], options["maskFill"], options["temperature"])
        point = torch.tensor([column, row], dtype=torch.float64) * (CANVAS / N) + CANVAS // N // 2
        results.append([*point.tolist(), (point - truth).norm().item()])
    return results


PAIRS = [
    {"sourceSize": [500, 375], "targetSize": [333, 500], "phases": [0.1, 0.3], "source": [[10.5, 30], [480, 370], [250, 200]], "target": [[30, 40], [300, 490], [111, 222]]},
    {"sourceSize": [400, 400], "targetSize": [640, 427], "phases": [1.7, 1.71], "source": [[0, 0], [399, 399], [123, 321]], "target": [[5, 5], [630, 420], [320, 200]]},
]
OPTIONS = [
    {"match": match, "window": window, "maskFill": fill, "temperature": temperature}
    for match, window, fill, temperature in [
        ("argmax", 5, "zero", 0.02), ("soft", 5, "zero", 0.02), ("soft", 2, "zero", 0.1), ("soft", 2, "-inf", 0.1), ("soft", 0, "-inf", 0.5), ("soft", 100, "zero", 0.3), ("soft", 3, "zero", 2.0)
    ]
]
TOKENS = {"target": [11, 0.4], "near": [9, 0.45], "far": [17, 2.2]}

tokens = {name: wave(rows, CHANNELS, phase) for name, (rows, phase) in TOKENS.items()}
print(
    json.dumps(
        {
            "version": torch.__version__,
            "tokens": TOKENS,
            "aScore": {name: {"target-to-reference": best_mean(tokens["target"], tokens[name]), "reference-to-target": best_mean(tokens[name], tokens["target"])} for name in ("near", "far")},
            "pairs": PAIRS,
            "cases": [{**options, "points": [predicted(pair, options) for pair in PAIRS]} for options in OPTIONS],
        },
        indent=1,
    )
)
