"""Shards written by `kernel/zoo/train/shards.ts`, read through memory maps, and photometric augmentation."""
from __future__ import annotations

import glob
import json
import os

import numpy as np
import torch
from torch import Tensor

SIZE = 128
STEP = 4  # pixels between the samples of the maps
CELLS = SIZE // STEP

# Part of a schedule during which some runs see the images at half their size.
SMALL_UNTIL = 0.75

# Normalisation of pixel values in [0, 1]; the same numbers stand in every preprocessor_config.json.
MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)


class Shards:
    """All complete shards of a split. New shards are picked up by `refresh`, so training can start on the first one."""

    def __init__(self, folder: str, split: str, size: int = SIZE):
        self.size = size
        self.pixels = size * size * 3
        self.record = self.pixels + 4 * (size // STEP) ** 2
        self.pattern = os.path.join(folder, f"{split}-*.bin")
        self.maps: list[np.ndarray] = []
        self.files: list[str] = []
        self.meta: list[dict] = []
        self.refresh()

    def refresh(self) -> None:
        for file in sorted(glob.glob(self.pattern)):
            if file in self.files:
                continue
            self.files.append(file)
            self.maps.append(np.memmap(file, np.uint8, "r").reshape(-1, self.record))
            with open(file[:-4] + ".jsonl") as lines:
                self.meta.extend(json.loads(line) for line in lines)
        self.ends = np.cumsum([len(part) for part in self.maps])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def records(self, indices: np.ndarray) -> np.ndarray:
        """Raw records [B, RECORD]."""
        shard = np.searchsorted(self.ends, indices, side="right")
        starts = np.concatenate([[0], self.ends])
        return np.stack([self.maps[s][i - starts[s]] for s, i in zip(shard, indices)])

    def images(self, indices: np.ndarray) -> Tensor:
        """RGB in [0, 1], float32 [B, 3, size, size]."""
        return to_images(self.records(indices), self.size)

    def batch(self, indices: np.ndarray) -> tuple[Tensor, Tensor]:
        """RGB in [0, 1] [B, 3, 128, 128] and the maps [B, 4, 32, 32]: part, category, template x, template y."""
        raw = self.records(indices)
        maps = raw[:, self.pixels:].reshape(-1, 4, self.size // STEP, self.size // STEP).astype(np.int64)
        return to_images(raw, self.size), torch.from_numpy(maps)


def open_shards(run: str, folder: str, split: str) -> Shards:
    """The shards of the size that a run sees."""
    return Shards(os.path.join(folder, "192"), split, 192) if run == "clip192" else Shards(folder, split)


def to_images(raw: np.ndarray, size: int = SIZE) -> Tensor:
    """Records to RGB in [0, 1], float32 [B, 3, size, size]."""
    rgb = torch.from_numpy(np.ascontiguousarray(raw[:, : size * size * 3]).reshape(-1, size, size, 3))
    return rgb.permute(0, 3, 1, 2).float().div_(255)


def normalise(images: Tensor) -> Tensor:
    """(x - mean) / std per channel."""
    return (images - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def augment(images: Tensor, generator: torch.Generator, hue: bool = True) -> Tensor:
    """Per-image brightness, contrast, channel gains, noise and, with `hue`, a channel permutation for half of them."""
    count = images.shape[0]

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty(count, channels, 1, 1).uniform_(low, high, generator=generator)

    if hue:
        for i in torch.nonzero(torch.rand(count, generator=generator) < 0.5).flatten().tolist():
            images[i] = images[i, torch.randperm(3, generator=generator)]
    spread = 0.12 if hue else 0.05
    images = (images - 0.5) * uniform(0.75, 1.25) + 0.5 + uniform(-0.1, 0.1)
    images = images * uniform(1 - spread, 1 + spread, 3)
    return images + torch.randn(images.shape, generator=generator) * uniform(0, 0.03)


def shift(images: Tensor, maps: Tensor, generator: torch.Generator, reach: int = 2) -> tuple[Tensor, Tensor]:
    """Move a batch by up to `reach` cells of 4 pixels, edges repeated; the uncovered cells count as background."""
    dx, dy = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
    size, cells = images.shape[-1], maps.shape[-1]
    rows = torch.arange(cells) + dy
    columns = torch.arange(cells) + dx
    moved = maps[:, :, rows.clamp(0, cells - 1)][:, :, :, columns.clamp(0, cells - 1)].clone()
    moved[:, :, (rows < 0) | (rows >= cells)] = 0
    moved[:, :, :, (columns < 0) | (columns >= cells)] = 0
    y = (torch.arange(size) + STEP * dy).clamp(0, size - 1)
    x = (torch.arange(size) + STEP * dx).clamp(0, size - 1)
    return images[:, :, y][:, :, :, x], moved
