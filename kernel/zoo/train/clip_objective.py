"""Contrastive image-text training with hard negatives and category-only captions."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import SMALL_UNTIL, Shards, augment, normalise, shift
from models import ClipImage, TextEncoder, fit_positions
from tokenizer import Tokenizer

NEGATIVES = ("category", "color", "relation")


def category_captions(data: Shards) -> list[str]:
    """The category-only captions, one for each category, sorted."""
    return sorted({item["captions"]["category"] for item in data.meta})


def load_encoder(target: nn.Module, path: str) -> None:
    """Take over the encoder of another run, its positions resampled; a class token that it lacks stays as it is."""
    state = torch.load(path, weights_only=True)["objective"]
    prefix = "image.encoder." if "image.encoder.position" in state else "model.encoder."
    body = {name[len(prefix):]: value for name, value in state.items() if name.startswith(prefix)}
    body["position"] = fit_positions(body["position"], target.position.shape[1])
    missing, unexpected = target.load_state_dict(body, strict=False)
    if unexpected or set(missing) - {"cls_token"}:
        raise ValueError(f"load_encoder: {path} does not fit, missing {missing}, unexpected {unexpected}")


def load_text(target: nn.Module, path: str) -> None:
    """Take over the text tower of another run with the same words."""
    state = torch.load(path, weights_only=True)["objective"]
    target.load_state_dict({name[len("text."):]: value for name, value in state.items() if name.startswith("text.")})


class ClipObjective(nn.Module):
    """Three cross entropies over scaled cosines.

    - image to text: the image's caption among the captions of the batch and all of their hard negatives, the latter
      with the category, the colour or the relation changed;
    - text to image: the caption's image among the images of the batch;
    - category: the image's category-only caption among those of all categories.
    """

    def __init__(self, data: Shards, seed: int, warm_start: str = "", warm_text: str = "", **config):
        super().__init__()
        self.data = data
        self.tokenizer = Tokenizer.from_captions([caption for item in data.meta for caption in all_captions(item)])
        self.categories = category_captions(data)
        self.image = ClipImage(size=data.size, **config)
        self.text = TextEncoder(len(self.tokenizer.vocabulary))
        self.scale = nn.Parameter(torch.tensor(2.7))
        self.numpy = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        if warm_start:
            load_encoder(self.image.encoder, warm_start)
        if warm_text:
            load_text(self.text, warm_text)

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        indices = self.numpy.integers(0, len(self.data), batch)
        images, maps = self.data.batch(indices)
        images, _ = shift(augment(images, self.generator, hue=False), maps, self.generator)
        items = [self.data.meta[i] for i in indices]
        wrong = [item["captions"]["negatives"][name] for item in items for name in NEGATIVES
                 if name in item["captions"]["negatives"]]
        texts = [item["captions"]["full"] for item in items] + wrong + self.categories
        labels = torch.tensor([self.categories.index(item["captions"]["category"]) for item in items])
        return normalise(images), labels, *self.tokenizer.encode(texts)

    def loss(self, pixels: Tensor, labels: Tensor, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        images = self.image(pixels)[1].float()
        texts = self.text(ids, mask).float()
        count, kinds = len(images), len(self.categories)
        logits = images @ texts.T * self.scale.exp().clamp(max=100)
        same = torch.arange(count)
        return {
            "image_to_text": F.cross_entropy(logits[:, :-kinds], same),
            "text_to_image": F.cross_entropy(logits[:, :count].T, same),
            "category": 0.5 * F.cross_entropy(logits[:, -kinds:], labels),
        }


class LargeClipObjective(ClipObjective):
    """The same on larger images, begun with both towers of a clip run."""

    def __init__(self, data: Shards, seed: int, warm_start: str = "", warm_text: str = ""):
        super().__init__(data, seed, warm_start, warm_text)
        if not warm_start:
            return
        state = torch.load(warm_start, weights_only=True)["objective"]
        rest = {name: value for name, value in state.items() if not name.startswith("image.encoder.")}
        self.load_state_dict(rest, strict=False)


class SigmoidObjective(ClipObjective):
    """Each image with each text is a question of its own, true or false (Zhai et al., 2023): no softmax over the batch.

    The texts are the captions of the batch, their hard negatives and the category-only captions of all categories; an
    image has two true ones, its own caption and that of its category. For three quarters of the time the images are seen
    at half their size.
    """

    def __init__(self, data: Shards, seed: int, warm_start: str = "", warm_text: str = ""):
        super().__init__(data, seed, warm_start, warm_text, depth=3)
        self.bias = nn.Parameter(torch.tensor(-5.0))
        self.progress = 0.0

    def prepare(self, batch: int) -> tuple[Tensor, ...]:
        pixels, *rest = super().prepare(batch)
        return F.avg_pool2d(pixels, 2) if self.progress < SMALL_UNTIL else pixels, *rest

    def loss(self, pixels: Tensor, labels: Tensor, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        images = self.image(pixels)[1].float()
        texts = self.text(ids, mask).float()
        count, kinds = len(images), len(self.categories)
        logits = images @ texts.T * self.scale.exp().clamp(max=100) + self.bias
        sign = torch.full_like(logits, -1.0)
        same = torch.arange(count)
        sign[same, same] = 1.0
        sign[same, len(texts) - kinds + labels] = 1.0
        return {"sigmoid": -F.logsigmoid(sign * logits).sum() / count}


def all_captions(item: dict) -> list[str]:
    """Every caption of an image, right and wrong ones."""
    captions = item["captions"]
    return [captions["full"], captions["category"], *captions["negatives"].values()]
