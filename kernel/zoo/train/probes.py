"""Linear probes in closed form: which category an image shows, and which part each of its cells shows.

Both are linear discriminants (class means and one shared covariance), so that nothing is tuned but the layer.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from data import Shards, normalise
from objectives import CATEGORIES, PARTS

TRAIN, VAL, TEST = 512, 256, 1024
SHRINKAGE = 1e-2


@dataclass
class Discriminant:
    """Sums over weighted rows, from which the discriminant follows."""

    classes: int
    moment: Tensor | float = 0.0  # sum of x x^T
    sums: Tensor | float = 0.0  # [C, classes], sum of x by class
    counts: Tensor | float = 0.0  # [classes]

    def add(self, x: Tensor, weights: Tensor) -> None:
        """Rows x [M, C] with weights [M, classes]."""
        x, weights = x.double(), weights.double()
        self.moment = self.moment + x.T @ (x * weights.sum(1, keepdim=True))
        self.sums = self.sums + x.T @ weights
        self.counts = self.counts + weights.sum(0)

    def solve(self) -> tuple[Tensor, Tensor]:
        """Weights [C, classes] and biases [classes] of the logits; classes that never occur get minus infinity."""
        total = self.counts.sum()
        means = self.sums / self.counts.clamp(min=1)
        covariance = self.moment / total - (means * (self.counts / total)) @ means.T
        scale = covariance.diagonal().mean()
        inverse = torch.linalg.inv(covariance + SHRINKAGE * scale * torch.eye(len(covariance)))
        weights = inverse @ means
        return weights.float(), (-(weights * means).sum(0) / 2 + (self.counts / total).log()).float()


@dataclass
class Gathered:
    """Inputs of the probes: one layer over a set of images."""

    parts: Discriminant = field(default_factory=lambda: Discriminant(PARTS))
    pooled: list[Tensor] = field(default_factory=list)
    tokens: list[Tensor] = field(default_factory=list)


def main_category(data: Shards, count: int) -> tuple[Tensor, Tensor]:
    """Category ids of the first `count` images, and which of them show one object only."""
    names = sorted({item["category"] for item in data.meta})
    items = data.meta[:count]
    labels = torch.tensor([names.index(item["category"]) for item in items])
    return labels, torch.tensor(["relation" not in item["captions"]["negatives"] for item in items])


def cell_counts(parts: Tensor, side: int) -> Tensor:
    """Counts each part under each token: maps [B, cells, cells] to [B * side * side, PARTS]."""
    count, cells = parts.shape[0], parts.shape[1]
    factor = cells // side
    grouped = parts.reshape(count, side, factor, side, factor).permute(0, 1, 3, 2, 4).reshape(-1, factor * factor)
    return nn.functional.one_hot(grouped, PARTS).sum(1).float()


def side_of(features: Tensor) -> int:
    return round(features.shape[1] ** 0.5)


@torch.no_grad()
def gather(encoder: nn.Module, layers, data: Shards, count: int, fit: bool) -> dict[str, Gathered]:
    found: dict[str, Gathered] = {}
    for start in range(0, count, 64):
        images, maps = data.batch(np.arange(start, min(start + 64, count)))
        for name, features in layers(encoder, normalise(images)):
            layer = found.setdefault(name, Gathered())
            layer.pooled.append(features.mean(1))
            if fit:
                layer.parts.add(features.flatten(0, 1), cell_counts(maps[:, 0], side_of(features)))
            else:
                layer.tokens.append(features.half())
    return found


def accuracy(discriminant: tuple[Tensor, Tensor], pooled: Tensor, labels: Tensor) -> float:
    weights, bias = discriminant
    return 100 * float(((pooled @ weights + bias).argmax(1) == labels).float().mean())


def miou(discriminant: tuple[Tensor, Tensor], tokens: Tensor, parts: Tensor) -> float:
    """Mean intersection over union of the part types (background too) over all cells of all images, in percent."""
    weights, bias = discriminant
    side, cells = side_of(tokens), parts.shape[1]
    guess = torch.cat([(part.float() @ weights + bias).argmax(-1) for part in tokens.split(64)])
    guess = guess.reshape(-1, side, side).repeat_interleave(cells // side, 1).repeat_interleave(cells // side, 2)
    pairs = torch.bincount((guess * PARTS + parts).flatten(), minlength=PARTS * PARTS).reshape(PARTS, PARTS).double()
    union = pairs.sum(0) + pairs.sum(1) - pairs.diagonal()
    occurs = pairs.sum(0) > 0
    return 100 * float((pairs.diagonal() / union)[occurs].mean())


def measure_probes(encoder: nn.Module, layers, train: Shards, val: Shards, test: Shards) -> dict:
    """The layer is chosen on val for each probe; the figures are of test. `layers(encoder, pixels)` yields name, [B, N, C]."""
    encoder.eval()
    fitted = gather(encoder, layers, train, TRAIN, True)
    labels, single = main_category(train, TRAIN)
    solved = {}
    for name, layer in fitted.items():
        categories = Discriminant(CATEGORIES)
        categories.add(torch.cat(layer.pooled)[single], nn.functional.one_hot(labels[single], CATEGORIES).float())
        solved[name] = categories.solve(), layer.parts.solve()
    on_val, on_test = (score(encoder, layers, solved, data, n) for data, n in ((val, VAL), (test, TEST)))
    result: dict = {"train_images": TRAIN, "test_images": TEST}
    for k, probe in enumerate(("category", "parts_miou")):
        best = max(on_val, key=lambda name: on_val[name][k])
        result[probe] = {"layer": best, "val": round(on_val[best][k], 2), "test": round(on_test[best][k], 2)}
    result["category"]["chance"] = round(100 / CATEGORIES, 2)
    return result


def score(encoder: nn.Module, layers, solved: dict, data: Shards, count: int) -> dict[str, tuple[float, float]]:
    seen = gather(encoder, layers, data, count, False)
    labels, single = main_category(data, count)
    parts = data.batch(np.arange(count))[1][:, 0]
    return {
        name: (
            accuracy(solved[name][0], torch.cat(layer.pooled)[single], labels[single]),
            miou(solved[name][1], torch.cat(layer.tokens), parts),
        )
        for name, layer in seen.items()
    }
