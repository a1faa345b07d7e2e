"""Self-distillation without labels, as in DINO (Caron et al., 2021), with the patches' term of DINOv2's kind."""
from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import Shards, augment, normalise
from models import DistilModel

PROTOTYPES = 384
VIEW = 64  # pixels on a side
STUDENT_TEMPERATURE = 0.1
TEACHER_TEMPERATURE = 0.06
MOMENTUM = 0.99


def draw_boxes(count: int, generator: torch.Generator) -> Tensor:
    """Crops as centre x, centre y, half width, half height in [-1, 1] coordinates, [B, 4]; a fifth to two thirds of the area."""
    area = torch.empty(count).uniform_(0.2, 0.67, generator=generator)
    aspect = torch.empty(count).uniform_(-0.29, 0.29, generator=generator).exp()
    half = torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()], dim=1).clamp(max=1)
    centre = (torch.rand(count, 2, generator=generator) * 2 - 1) * (1 - half)
    return torch.cat([centre, half], dim=1)


def crop(images: Tensor, boxes: Tensor, flips: Tensor) -> Tensor:
    """Views [B, 3, VIEW, VIEW] of the crops, mirrored where `flips` [B] is -1."""
    theta = torch.zeros(len(boxes), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = boxes[:, 2] * flips, boxes[:, 3]
    theta[:, :, 2] = boxes[:, :2]
    grid = F.affine_grid(theta, [len(boxes), 3, VIEW, VIEW], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False, padding_mode="border")


def centres(boxes: Tensor, flips: Tensor, side: int) -> Tensor:
    """Positions of a view's patches in the image, [B, side * side, 2]."""
    steps = (torch.arange(side) + 0.5) / side * 2 - 1
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    x = boxes[:, 0, None] + x.flatten() * boxes[:, 2, None] * flips[:, None]
    y = boxes[:, 1, None] + y.flatten() * boxes[:, 3, None]
    return torch.stack([x, y], dim=-1)


def partners(here: Tensor, there: Tensor, limit: Tensor) -> tuple[Tensor, Tensor]:
    """For each patch the nearest one of the other view [B, N], and whether it is closer than `limit` [B]."""
    distance, index = torch.cdist(here, there).min(-1)
    return index, distance < limit[:, None]


@torch.no_grad()
def sinkhorn(cosines: Tensor, rounds: int = 3) -> Tensor:
    """Assign rows to prototypes so that every prototype gets the same share (Caron et al., 2020). [M, K] -> [M, K]"""
    q = (cosines / TEACHER_TEMPERATURE).exp()
    for _ in range(rounds):
        q = q / q.sum(0, keepdim=True) / q.shape[1]
        q = q / q.sum(1, keepdim=True) / q.shape[0]
    return q * q.shape[0]


def cross_entropy(student: Tensor, teacher: Tensor) -> Tensor:
    """-sum_k t_k log softmax(s / temperature)_k, per row."""
    return -(teacher * (student / STUDENT_TEMPERATURE).log_softmax(-1)).sum(-1)


class DistilObjective(nn.Module):
    """The student's view of an image, and of each place of it, must fall to the prototype to which the teacher assigns
    the other view. The teacher is the running mean of the student; it is the encoder that is kept."""

    def __init__(self, data: Shards, seed: int):
        super().__init__()
        self.data = data
        self.student = DistilModel(PROTOTYPES, depth=3)
        self.model = copy.deepcopy(self.student).requires_grad_(False)
        self.numpy = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        images = self.data.images(self.numpy.integers(0, len(self.data), batch))
        boxes = [draw_boxes(batch, self.generator) for _ in range(2)]
        flips = [torch.randint(0, 2, (batch,), generator=self.generator) * 2.0 - 1 for _ in range(2)]
        views = [normalise(augment(crop(images, b, f), self.generator)) for b, f in zip(boxes, flips)]
        places = [centres(b, f, VIEW // 8) for b, f in zip(boxes, flips)]
        reach = torch.maximum(boxes[0][:, 2:].amax(1), boxes[1][:, 2:].amax(1)) / (VIEW // 8)
        first, second = partners(*places, reach), partners(*places[::-1], reach)
        return torch.cat(views), torch.cat([first[0], second[0]]), torch.cat([first[1], second[1]])

    def loss(self, pixels: Tensor, partner: Tensor, overlaps: Tensor) -> dict[str, Tensor]:
        self.follow()
        with torch.no_grad():
            images, patches = self.model(pixels)
        swap = torch.arange(len(pixels)).roll(len(pixels) // 2)
        image_target = sinkhorn(images)[swap]
        patch_target = sinkhorn(patches.flatten(0, 1)).reshape(patches.shape)[swap]
        patch_target = patch_target.gather(1, partner[:, :, None].expand(-1, -1, patches.shape[2]))
        own_images, own_patches = self.student(pixels)
        return {
            "image": cross_entropy(own_images, image_target).mean(),
            "patch": cross_entropy(own_patches, patch_target)[overlaps].mean(),
        }

    @torch.no_grad()
    def follow(self) -> None:
        """Move the teacher a little towards the student."""
        for mine, its in zip(self.model.parameters(), self.student.parameters()):
            mine.lerp_(its, 1 - MOMENTUM)
