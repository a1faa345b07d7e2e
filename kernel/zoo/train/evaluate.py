"""Measure encoders: PCK@0.1 on held-out pairs beside its baselines, linear probes, retrieval and zero-shot categories.

    python evaluate.py --val SPAIR_VAL --test SPAIR_TEST --data SHARDS --runs parts=... clip=... --out figures.json

The pairs are folders in SPair-71k's layout, as written by `data.world.writeSpair`. Layer, matcher and centring are chosen on
the val pairs; the test pairs are looked at once, with that choice. An encoder for images of 192 pixels reads the pairs of
`SPAIR_VAL-192` and `SPAIR_TEST-192` and the shards of `SHARDS/192`. Figures that the file `--out` has already are kept.
"""
from __future__ import annotations

import argparse
import glob
import json
import os
from dataclasses import dataclass
from typing import Callable, Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from data import normalise
from probes import measure_probes, side_of

CANVAS = 840
WINDOW = 5
TEMPERATURE = 0.02


@dataclass
class Pair:
    """A pair with the keypoints that both images show, on a canvas of 840 pixels."""

    category: str
    source: str
    target: str
    source_points: np.ndarray  # [K, 2], x and y
    target_points: np.ndarray
    source_box: np.ndarray  # x1, y1, x2, y2
    target_box: np.ndarray


class Pairs:
    """A folder of pairs and its images [M, 3, size, size] in [0, 1]."""

    def __init__(self, root: str):
        self.pairs: list[Pair] = []
        self.masks: dict[str, np.ndarray] = {}
        names: dict[str, str] = {}
        for file in sorted(glob.glob(os.path.join(root, "PairAnnotation", "*", "*.json"))):
            with open(file) as text:
                pair = json.load(text)
            self.pairs.append(self.read(root, pair, names))
        self.names = sorted(names)
        self.images = torch.stack([load_image(names[name]) for name in self.names])

    def read(self, root: str, pair: dict, names: dict[str, str]) -> Pair:
        category, points = pair["category"], []
        for side in ("src", "trg"):
            name = pair[f"{side}_imname"][:-4]
            names[name] = os.path.join(root, "JPEGImages", category, f"{name}.jpg")
            if name not in self.masks:
                self.masks[name] = np.asarray(Image.open(os.path.join(root, "Segmentation", category, f"{name}.png"))) > 0
            with open(os.path.join(root, "ImageAnnotation", category, f"{name}.json")) as text:
                points.append(json.load(text)["kps"])
        shared = [k for k in points[0] if points[0][k] and points[1][k]]
        scale = CANVAS / max(pair["src_imsize"][:2])
        as_array = [np.array([p[k] for k in shared], float).reshape(-1, 2) * scale for p in points]
        boxes = [np.array(pair[f"{side}_bndbox"], float) * scale for side in ("src", "trg")]
        return Pair(category, pair["src_imname"][:-4], pair["trg_imname"][:-4], *as_array, *boxes)

    def score(self, predict: Callable[[Pair], np.ndarray], alpha: float = 0.1) -> float:
        """PCK in percent: plain mean over pairs of the share of keypoints closer than alpha * longer side of the box."""
        values = []
        for pair in self.pairs:
            if len(pair.source_points) == 0:
                continue
            distance = np.linalg.norm(predict(pair) - pair.target_points, axis=1)
            limit = alpha * max(pair.target_box[2] - pair.target_box[0], pair.target_box[3] - pair.target_box[1])
            values.append(float((distance < limit).mean()))
        return 100 * float(np.mean(values))


def load_image(path: str) -> Tensor:
    return torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1).float() / 255


def cell_of(points: np.ndarray, side: int) -> np.ndarray:
    """Row-major cells of canvas points: n * int(n y / N) + int(n x / N)."""
    grid = np.clip((side * points / CANVAS).astype(int), 0, side - 1)
    return side * grid[:, 1] + grid[:, 0]


def match(similarity: np.ndarray, soft: bool) -> np.ndarray:
    """Predicted canvas points [K, 2] for rows of similarities [K, side * side]: argmax or windowed soft-argmax."""
    best = similarity.argmax(1)
    side = round(similarity.shape[1] ** 0.5)
    stride = CANVAS / side
    if not soft:
        cells = np.stack([best % side, best // side], 1).astype(float)
        return cells * stride + stride // 2
    rows, columns = np.divmod(np.arange(side * side), side)
    near = (abs(rows - best[:, None] // side) <= WINDOW) & (abs(columns - best[:, None] % side) <= WINDOW)
    masked = similarity * near
    weights = np.exp((masked - masked.max(1, keepdims=True)) / TEMPERATURE)
    weights /= weights.sum(1, keepdims=True)
    return np.stack([weights @ columns, weights @ rows], 1) * stride + stride // 2


def feature_matcher(data: Pairs, features: Tensor, soft: bool) -> Callable[[Pair], np.ndarray]:
    """Nearest neighbours by cosine. features [M, N, C], in the order of `data.names`."""
    unit = F.normalize(features.float(), dim=-1).numpy()
    index = {name: i for i, name in enumerate(data.names)}

    def predict(pair: Pair) -> np.ndarray:
        source = unit[index[pair.source]][cell_of(pair.source_points, side_of(features))]
        return match(source @ unit[index[pair.target]].T, soft)

    return predict


def layers_of(encoder: torch.nn.Module, pixels: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Patch tokens of every hidden state and of last_hidden_state, [B, N, C] each; N differs between the stages of a pyramid."""
    prefix = 0 if encoder.cls_token is None else 1
    states = encoder.hidden_states(pixels)
    for layer, state in enumerate(states):
        yield f"hidden_states[{layer}]", state[:, prefix:]
    yield "last_hidden_state", encoder.norm(states[-1])[:, prefix:]


@torch.no_grad()
def layer_features(encoder: torch.nn.Module, images: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The same of many images in [0, 1], [M, N, C] each."""
    encoder.eval()
    batches = [dict(layers_of(encoder, normalise(part))) for part in images.split(64)]
    for name in batches[0]:
        yield name, torch.cat([layers[name] for layers in batches])


def measure_encoder(encoder: torch.nn.Module, val: Pairs, test: Pairs) -> dict:
    """Choose layer, matcher and centring on val, then measure on test."""
    table, best = [], (-1.0, "", False, False)
    means: dict[str, Tensor] = {}
    for layer, features in layer_features(encoder, val.images):
        means[layer] = features.mean((0, 1))
        for centred in (False, True):
            shown = features - means[layer] if centred else features
            for soft in (False, True):
                value = val.score(feature_matcher(val, shown, soft))
                table.append(dict(layer=layer, centered=centred, match="soft" if soft else "argmax", val=round(value, 2)))
                best = max(best, (value, layer, centred, soft))
    _, layer, centred, soft = best
    features = dict(layer_features(encoder, test.images))
    chosen = features[layer] - means[layer] if centred else features[layer]
    result = dict(layer=layer, centered=centred, match="soft" if soft else "argmax", val=round(best[0], 2))
    for alpha in (0.1, 0.05):
        result[f"pck{alpha}"] = round(test.score(feature_matcher(test, chosen, soft), alpha), 2)
    last = features["last_hidden_state"]
    result["last_hidden_state"] = {
        name: round(test.score(feature_matcher(test, last, name == "soft")), 2) for name in ("argmax", "soft")
    }
    result["val_table"] = table
    return result


def baselines(test: Pairs) -> dict[str, float]:
    """Score of a method without an encoder."""
    random = np.random.default_rng(0)

    def inside(pair: Pair) -> np.ndarray:
        rows, columns = np.nonzero(test.masks[pair.target])
        chosen = random.integers(0, len(rows), len(pair.source_points))
        scale = CANVAS / test.masks[pair.target].shape[1]
        return (np.stack([columns[chosen], rows[chosen]], 1) + 0.5) * scale

    def relative(pair: Pair) -> np.ndarray:
        a, b = pair.source_box, pair.target_box
        return b[:2] + (pair.source_points - a[:2]) / (a[2:] - a[:2]) * (b[2:] - b[:2])

    patches = F.unfold(test.images, 8, stride=8).transpose(1, 2)
    centred = patches - patches.mean((0, 1))
    colours = F.avg_pool2d(test.images, 8).flatten(2).transpose(1, 2)
    colours = colours - colours.mean((0, 1))
    rows = {
        "uniform chance": np.mean([test.score(lambda p: random.uniform(0, CANVAS, p.source_points.shape)) for _ in range(20)]),
        "random point inside the object": np.mean([test.score(inside) for _ in range(20)]),
        "same image position": test.score(lambda p: p.source_points),
        "same box-relative position, oracle box": test.score(relative),
        "raw patch pixels": test.score(feature_matcher(test, centred, False)),
        "mean patch colour": test.score(feature_matcher(test, colours, False)),
    }
    return {name: round(float(value), 2) for name, value in rows.items()}


def gallery(items: list[dict], index: int, size: int, random: np.random.Generator) -> list[str]:
    """The caption of an image first, then its hard negatives, then captions of other images; no text twice."""
    captions = items[index]["captions"]
    texts = [captions["full"], *captions["negatives"].values()]
    for other in random.permutation(len(items)):
        text = items[int(other)]["captions"]["full"]
        if len(texts) == size:
            break
        if text not in texts:
            texts.append(text)
    return texts


@torch.no_grad()
def measure_clip(objective, data, count: int = 1000) -> dict:
    """Image-to-text R@1 of 100 with hard negatives, each kind of hard negative alone, and zero-shot categories."""
    objective.eval()
    items = data.meta[:count]
    images = torch.cat([
        objective.image(normalise(data.images(np.arange(i, min(i + 64, count)))))[1] for i in range(0, count, 64)
    ])
    random = np.random.default_rng(0)
    hits, kinds = [], {"category": [], "colour": [], "relation": []}
    for i, item in enumerate(items):
        scores = objective.text(*objective.tokenizer.encode(gallery(items, i, 100, random))) @ images[i]
        hits.append(bool(scores.argmax() == 0))
        for k, name in enumerate(item["captions"]["negatives"]):
            kinds[name].append(bool(scores[0] > scores[1 + k]))
    prompts = objective.text(*objective.tokenizer.encode(objective.categories))
    guesses = (images @ prompts.T).argmax(1).tolist()
    right = [objective.categories[g] == item["captions"]["category"] for g, item in zip(guesses, items)]
    percent = lambda values: round(100 * float(np.mean(values)), 2)
    return {
        "images": count,
        "recall_at_1_of_100_with_hard_negatives": percent(hits),
        "chance_recall": 1.0,
        "zero_shot_category": percent(right),
        "chance_category": round(100 / len(prompts), 2),
        "right_before_hard_negative": {name: percent(values) for name, values in kinds.items()},
        "chance_hard_negative": 50.0,
    }


def main() -> None:
    from data import open_shards
    from export import build

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--val", required=True, help="pairs for choices")
    parser.add_argument("--test", required=True, help="pairs for figures")
    parser.add_argument("--data", required=True, help="folder of the shards")
    parser.add_argument("--runs", nargs="+", required=True, help="kind=checkpoint; untrained needs no checkpoint")
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pairs: dict[int, tuple[Pairs, Pairs]] = {128: (Pairs(args.val), Pairs(args.test))}
    figures: dict = {}
    if os.path.exists(args.out):
        with open(args.out) as file:
            figures = json.load(file)
    if "baselines" not in figures:
        figures["baselines"] = baselines(pairs[128][1])
    for run in args.runs:
        kind, _, checkpoint = run.partition("=")
        found = figures.setdefault(kind, {})
        shards = {split: open_shards(kind, args.data, split) for split in ("train", "val", "test")}
        model, objective, _ = build(kind, checkpoint, shards["train"])
        encoder = model.encoder if hasattr(model, "encoder") else model
        size = encoder.size
        if size not in pairs:
            pairs[size] = Pairs(f"{args.val}-{size}"), Pairs(f"{args.test}-{size}")
        if "correspondence" not in found:
            found["correspondence"] = measure_encoder(encoder, *pairs[size])
        if "probes" not in found:
            found["probes"] = measure_probes(encoder, layers_of, *shards.values())
        if objective is not None and "retrieval" not in found:
            found["retrieval"] = measure_clip(objective, shards["test"])
        shown = {key: value for key, value in figures[kind]["correspondence"].items() if key != "val_table"}
        print(kind, json.dumps({**figures[kind], "correspondence": shown}), flush=True)
        with open(args.out, "w") as file:
            file.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
