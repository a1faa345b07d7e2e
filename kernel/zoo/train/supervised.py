"""Objectives with labels: categories of the whole image, part maps, and masks asked for by points."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import SMALL_UNTIL, Shards, augment, normalise, shift
from models import CategoryModel, PromptModel
from objectives import CATEGORIES, PARTS
from pyramid import PyramidModel

BACKGROUND_WEIGHT = 0.3
PROMPTS = 6


class Labelled(nn.Module):
    """Draws augmented batches with their maps. For three quarters of the time the images are seen at half their size, which
    is four times as fast."""

    def __init__(self, data: Shards, seed: int):
        super().__init__()
        self.data = data
        self.progress = 0.0
        self.numpy = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, batch: int) -> tuple[Tensor, Tensor]:
        """Normalised pixels [B, 3, H, W] and maps [B, 4, cells, cells]."""
        images, maps = self.data.batch(self.numpy.integers(0, len(self.data), batch))
        images, maps = shift(augment(images, self.generator), maps, self.generator)
        if self.progress < SMALL_UNTIL:
            images, maps = F.avg_pool2d(images, 2), maps[:, :, 1::2, 1::2]
        return normalise(images), maps


def shares(category: Tensor) -> Tensor:
    """Category maps to targets [B, CATEGORIES]: equal shares for the categories of which something is seen."""
    seen = (F.one_hot(category.flatten(1), CATEGORIES + 1).sum(1)[:, 1:] > 0).float()
    return seen / seen.sum(1, keepdim=True).clamp(min=1)


def share_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy with soft targets, mean over images."""
    return -(target * logits.float().log_softmax(-1)).sum(-1).mean()


class CategoryObjective(Labelled):
    """Categories that the image shows, without places."""

    def __init__(self, data: Shards, seed: int):
        super().__init__(data, seed)
        self.model = CategoryModel(CATEGORIES, depth=3)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        pixels, maps = self.draw(batch)
        return pixels, shares(maps[:, 1])

    def loss(self, pixels: Tensor, target: Tensor) -> dict[str, Tensor]:
        return {"category": share_loss(self.model(pixels), target)}


class PyramidObjective(Labelled):
    """Part types at stride 4 from the sum of all stages, and categories from the last stage."""

    def __init__(self, data: Shards, seed: int):
        super().__init__(data, seed)
        self.model = PyramidModel(PARTS, CATEGORIES)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        pixels, maps = self.draw(batch)
        return pixels, maps[:, 0], shares(maps[:, 1])

    def loss(self, pixels: Tensor, parts: Tensor, target: Tensor) -> dict[str, Tensor]:
        logits, categories = self.model(pixels)
        weight = torch.ones(PARTS)
        weight[0] = BACKGROUND_WEIGHT
        return {"parts": F.cross_entropy(logits, parts, weight), "category": 0.5 * share_loss(categories, target)}


def edges(maps: Tensor) -> Tensor:
    """1 where a cell's object or part differs from the cell to the right or below, float [B, cells, cells]."""
    label = maps[:, 0] + PARTS * maps[:, 1]
    edge = torch.zeros_like(label, dtype=torch.bool)
    edge[:, :, :-1] |= label[:, :, 1:] != label[:, :, :-1]
    edge[:, :-1] |= label[:, 1:] != label[:, :-1]
    return edge.float()


def mask_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross entropy plus the dice loss, mean over masks. [M, H, W]"""
    logits, target = logits.flatten(1), target.flatten(1)
    probability = logits.sigmoid()
    dice = 1 - (2 * (probability * target).sum(1) + 1) / (probability.sum(1) + target.sum(1) + 1)
    return F.binary_cross_entropy_with_logits(logits, target) * 4 + dice.mean()


class PromptObjective(Labelled):
    """Masks of the object and of the part under a point, and boundaries, as segment-anything models have them. The
    categories and part types are not said: two cells belong together or they do not."""

    def __init__(self, data: Shards, seed: int):
        super().__init__(data, seed)
        self.model = PromptModel(depth=3)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        pixels, maps = self.draw(batch)
        part, category = maps[:, 0].flatten(1), maps[:, 1].flatten(1)
        cells = maps.shape[-1]
        points = torch.multinomial((category > 0).float() + 1e-3, PROMPTS, generator=self.generator)
        object_ = category[:, None] == category.gather(1, points)[:, :, None]
        masks = torch.stack([object_, object_ & (part[:, None] == part.gather(1, points)[:, :, None])], dim=2)
        tokens = points // cells // 2 * (cells // 2) + points % cells // 2
        return pixels, tokens, masks.reshape(batch, PROMPTS, 2, cells, cells).float(), edges(maps)

    def loss(self, pixels: Tensor, prompts: Tensor, masks: Tensor, edge: Tensor) -> dict[str, Tensor]:
        logits, boundary = self.model(pixels, prompts)
        return {
            "object": mask_loss(logits[:, :, 0].flatten(0, 1), masks[:, :, 0].flatten(0, 1)),
            "part": mask_loss(logits[:, :, 1].flatten(0, 1), masks[:, :, 1].flatten(0, 1)),
            "boundary": F.binary_cross_entropy_with_logits(boundary, edge, pos_weight=torch.tensor(3.0)),
        }
