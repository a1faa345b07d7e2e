"""Objectives of the encoders. An objective owns its modules and turns a batch of records into a loss."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import CELLS, Shards, augment, normalise, shift
from models import MaeModel, PartsModel

PARTS = 38
CATEGORIES = 14
GRID = 10  # template cells on a side, over [-1.25, 1.25]


def to_tokens(maps: Tensor) -> Tensor:
    """Maps [B, 32, 32] to the four samples of each of the 16 x 16 tokens, [B * 256, 4]."""
    return maps.reshape(-1, CELLS // 2, 2, CELLS // 2, 2).permute(0, 1, 3, 2, 4).reshape(-1, 4)


def template_labels(category: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Bilinear soft labels on the template grid: class ids and weights, [T, 4 samples * 4 corners].

    Category 0 (background) has the class after all the templates' cells.
    """
    u = (x.float() / 255 * (GRID - 1)).clamp(0, GRID - 1.001)
    v = (y.float() / 255 * (GRID - 1)).clamp(0, GRID - 1.001)
    i, j = u.floor(), v.floor()
    s, t = u - i, v - j
    base = (category - 1) * GRID * GRID + (j * GRID + i).long()
    classes = torch.stack([base, base + 1, base + GRID, base + GRID + 1], dim=-1)
    weights = torch.stack([(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t], dim=-1) / 4
    classes = torch.where(category[..., None] > 0, classes, CATEGORIES * GRID * GRID)
    return classes.flatten(1), weights.flatten(1)


def soft_cross_entropy(logits: Tensor, classes: Tensor, weights: Tensor) -> Tensor:
    """Mean over rows of -sum_k w_k log softmax(logits)[class_k]; the weights of a row sum to 1."""
    logits = logits.float()
    return (logits.logsumexp(-1) - (logits.gather(1, classes) * weights).sum(-1)).mean()


class PartsObjective(nn.Module):
    """Dense part types and dense template coordinates (which point of which object each token shows).

    The template coordinates are classified over a grid per category with a cosine classifier, so that the cosine of
    two tokens tells whether they show the same place of the same kind of object. Background tokens are thinned out.
    """

    def __init__(self, data: Shards, seed: int, **config):
        super().__init__()
        self.data = data
        self.model = PartsModel(PARTS, CATEGORIES * GRID * GRID + 1, **config)
        self.numpy = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        images, maps = self.data.batch(self.numpy.integers(0, len(self.data), batch))
        images, maps = shift(augment(images, self.generator), maps, self.generator)
        part, category, x, y = (to_tokens(maps[:, k]) for k in range(4))
        shows = (category > 0).sum(1) >= 2
        chosen = torch.nonzero(shows | (torch.rand(len(shows), generator=self.generator) < 0.1)).flatten()
        return normalise(images), chosen, part[chosen], *template_labels(category[chosen], x[chosen], y[chosen])

    def loss(self, pixels: Tensor, chosen: Tensor, part: Tensor, classes: Tensor, weights: Tensor) -> dict[str, Tensor]:
        parts, cells = self.model(pixels, chosen)
        quarter = torch.full(part.shape, 0.25)
        return {
            "template": soft_cross_entropy(cells, classes, weights),
            "parts": 0.5 * soft_cross_entropy(parts, part, quarter),
        }


class MaeObjective(nn.Module):
    """Predict the pixels of hidden patches, each patch normalised (He et al., 2022). No labels of any kind."""

    def __init__(self, data: Shards, seed: int, **config):
        super().__init__()
        self.data = data
        self.model = MaeModel(**config)
        self.numpy = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        images, maps = self.data.batch(self.numpy.integers(0, len(self.data), batch))
        images, _ = shift(augment(images, self.generator), maps, self.generator)
        return normalise(images), torch.rand(batch, 256, generator=self.generator).argsort(1)

    def loss(self, pixels: Tensor, order: Tensor) -> dict[str, Tensor]:
        patches = F.unfold(pixels, 8, stride=8).transpose(1, 2)
        mean, spread = patches.mean(-1, keepdim=True), patches.var(-1, keepdim=True)
        target = (patches - mean) / (spread + 1e-2).sqrt()
        error = (self.model(pixels, order).float() - target).square().mean(-1)
        return {"pixels": error.gather(1, order[:, self.model.visible :]).mean()}
