"""The encoders of the zoo and the text tower.

All but the pyramid (`pyramid.py`) are pre-norm residual transformers on the 8-pixel patches of an image, so that the
residual stream can be found in an exported graph: `x + attention(norm(x))`, `x + mlp(norm(x))`, and one norm at the end.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Multi-head self-attention with separate query, key and value projections. [B, N, C] -> [B, N, C]"""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        count, width = x.shape[1], x.shape[2]

        def split(y: Tensor) -> Tensor:
            return y.reshape(-1, count, self.heads, width // self.heads).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = (q * (width // self.heads) ** -0.5) @ k.transpose(-1, -2)
        if bias is not None:
            scores = scores + bias
        mixed = scores.softmax(-1).to(v.dtype) @ v
        return self.output(mixed.transpose(1, 2).reshape(-1, count, width))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width: int, heads: int, ratio: float):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, int(width * ratio))
        self.fc2 = nn.Linear(int(width * ratio), width)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        x = x + self.attention(self.norm1(x), bias)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class ConvUnit(nn.Module):
    """3 x 3 convolution, batch norm, GELU."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.norm(self.conv(x)))


class ConvResidual(nn.Module):
    """x + two 3 x 3 convolutions."""

    def __init__(self, width: int):
        super().__init__()
        self.first = ConvUnit(width, width, 1)
        self.conv = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x + self.norm(self.conv(self.first(x))))


def hybrid_stem(width: int) -> nn.Sequential:
    """Convolutions with a stride of 8 in all. [B, 3, H, W] -> [B, width, H / 8, W / 8]"""
    return nn.Sequential(
        ConvUnit(3, 32, 2), ConvUnit(32, 64, 2), ConvResidual(64), ConvUnit(64, width, 2), ConvResidual(width),
    )


def fit_positions(position: Tensor, count: int) -> Tensor:
    """Position embeddings [1, N, C] of a square grid, resampled to a square grid of `count` tokens."""
    if position.shape[1] == count:
        return position
    old, new = round(position.shape[1] ** 0.5), round(count**0.5)
    grid = position.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, (new, new), mode="bicubic", align_corners=False)
    return grid.flatten(2).transpose(1, 2)


class Encoder(nn.Module):
    """An image encoder: a stem (stride 8), then transformer blocks, then a norm.

    The stem is convolutional (`hybrid`) or one linear map of 8 x 8 patches (`patch`, a plain ViT).
    pixel_values [B, 3, size, size] -> last_hidden_state [B, N (+ 1 with `cls`), width] with N = (size / 8)^2
    """

    def __init__(
        self, width: int = 128, depth: int = 4, heads: int = 4, ratio: float = 3.0, cls: bool = False,
        stem: str = "hybrid", size: int = 128,
    ):
        super().__init__()
        self.config = dict(width=width, depth=depth, heads=heads, ratio=ratio, cls=cls, stem=stem)
        self.size = size
        hybrid = stem == "hybrid"
        self.stem = hybrid_stem(width) if hybrid else nn.Identity()
        self.project = nn.Conv2d(width, width, 1) if hybrid else nn.Conv2d(3, width, 8, 8)
        self.position = nn.Parameter(torch.randn(1, (size // 8) ** 2, width) * 0.02)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02) if cls else None
        self.blocks = nn.ModuleList(Block(width, heads, ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def embed(self, pixels: Tensor) -> Tensor:
        """The input of the first block."""
        x = self.project(self.stem(pixels)).flatten(2).transpose(1, 2)
        x = x + fit_positions(self.position, x.shape[1])
        if self.cls_token is None:
            return x
        return torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.embed(pixels)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def hidden_states(self, pixels: Tensor) -> list[Tensor]:
        """The residual stream before the first block and after every block; the last one is not normalised."""
        states = [self.embed(pixels)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states


class PartsModel(nn.Module):
    """An encoder with the heads that supervise it: part types, and cells of the categories' templates."""

    def __init__(self, parts: int, classes: int, **config):
        super().__init__()
        self.encoder = Encoder(**config)
        width = self.encoder.config["width"]
        self.parts = nn.Linear(width, parts)
        self.prototypes = nn.Parameter(torch.randn(classes, width) * 0.1)
        self.scale = nn.Parameter(torch.tensor(2.5))

    def forward(self, pixels: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the tokens `chosen` (indices into B * N): part types and, as scaled cosines, template cells."""
        tokens = self.encoder(pixels).flatten(0, 1)[chosen]
        cosine = F.normalize(tokens, dim=-1) @ F.normalize(self.prototypes, dim=-1).T
        return self.parts(tokens), cosine * self.scale.exp()


class CategoryModel(nn.Module):
    """An encoder whose mean token names the categories in the image. pixels -> logits [B, categories]"""

    def __init__(self, categories: int, **config):
        super().__init__()
        self.encoder = Encoder(**config)
        self.head = nn.Linear(self.encoder.config["width"], categories)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.encoder(pixels).mean(1))


class PromptModel(nn.Module):
    """An encoder with a promptable mask decoder: a point asks for the object and for the part that it lies on.

    Each token is unfolded into its 2 x 2 cells; the token under the prompt makes two queries; a mask is the scaled inner
    product of a query with all cells. A third map says where boundaries are.
    """

    def __init__(self, dims: int = 48, **config):
        super().__init__()
        self.encoder = Encoder(**config)
        width = self.encoder.config["width"]
        self.cells = nn.Linear(width, 4 * dims)
        self.query = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 2 * dims))
        self.bias = nn.Parameter(torch.zeros(2))
        self.boundary = nn.Conv2d(dims, 1, 3, 1, 1)
        self.dims = dims

    def forward(self, pixels: Tensor, prompts: Tensor) -> tuple[Tensor, Tensor]:
        """`prompts` [B, P] are token indices. Returns mask logits [B, P, 2, 32, 32] and boundary logits [B, 32, 32]."""
        tokens = self.encoder(pixels)
        count, total, width = tokens.shape
        side = round(total**0.5)
        cells = F.pixel_shuffle(self.cells(tokens).transpose(1, 2).reshape(count, -1, side, side), 2)
        asked = tokens.gather(1, prompts[:, :, None].expand(-1, -1, width))
        queries = self.query(asked).reshape(count, -1, self.dims)
        logits = (queries @ cells.flatten(2)).float() * self.dims**-0.5
        logits = logits.reshape(count, -1, 2, 2 * side, 2 * side) + self.bias[:, None, None]
        return logits, self.boundary(cells)[:, 0].float()


class DistilHead(nn.Module):
    """Cosines with learnt prototypes, through a bottleneck. [..., width] -> [..., prototypes]"""

    def __init__(self, width: int, prototypes: int, hidden: int = 256, dims: int = 64):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, dims))
        self.prototypes = nn.Parameter(torch.randn(prototypes, dims))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.layers(x), dim=-1) @ F.normalize(self.prototypes, dim=-1).T


class DistilModel(nn.Module):
    """An encoder with the heads of self-distillation, one for the class token and one for patches."""

    def __init__(self, prototypes: int, **config):
        super().__init__()
        self.encoder = Encoder(cls=True, **config)
        width = self.encoder.config["width"]
        self.image_head = DistilHead(width, prototypes)
        self.patch_head = DistilHead(width, prototypes)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.encoder(pixels)
        return self.image_head(tokens[:, 0]).float(), self.patch_head(tokens[:, 1:]).float()


class TextEncoder(nn.Module):
    """A word-level text tower: embedding, blocks, norm, mean over words. input_ids [B, T] -> text_embeds [B, dims]"""

    def __init__(self, words: int, length: int = 24, width: int = 128, depth: int = 2, heads: int = 4, dims: int = 128):
        super().__init__()
        self.config = dict(words=words, length=length, width=width, depth=depth, heads=heads, dims=dims)
        self.embedding = nn.Embedding(words, width)
        self.position = nn.Parameter(torch.randn(1, length, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, 3.0) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.projection = nn.Linear(width, dims, bias=False)
        nn.init.normal_(self.embedding.weight, std=0.05)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        mask = attention_mask.to(self.position.dtype)
        bias = (mask[:, None, None, :] - 1) * 1e4
        x = self.embedding(input_ids) + self.position[:, : input_ids.shape[1]]
        for block in self.blocks:
            x = block(x, bias)
        x = self.norm(x)
        pooled = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return F.normalize(self.projection(pooled), dim=-1)


class ClipImage(nn.Module):
    """An encoder with a class token and a projection: last_hidden_state and image_embeds [B, dims], of unit length."""

    def __init__(self, dims: int = 128, **config):
        super().__init__()
        self.encoder = Encoder(cls=True, **config)
        self.projection = nn.Linear(self.encoder.config["width"], dims, bias=False)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.encoder(pixels)
        return tokens, F.normalize(self.projection(tokens[:, 0]), dim=-1)


class MaeModel(nn.Module):
    """A masked autoencoder: the encoder sees some of the patches, a light decoder predicts the others' pixels."""

    def __init__(self, visible: int = 80, width: int = 96, **config):
        super().__init__()
        self.encoder = Encoder(cls=True, stem="patch", **config)
        self.visible = visible
        self.enter = nn.Linear(self.encoder.config["width"], width)
        self.mask_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.position = nn.Parameter(torch.randn(1, 256, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, 3, 2.0) for _ in range(2))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pixels = nn.Linear(width, 192)

    def forward(self, pixels: Tensor, order: Tensor) -> Tensor:
        """`order` [B, 256] is a permutation of the patches, visible ones first. Returns [B, 256, 192] in image order."""
        x = self.encoder.embed(pixels)
        keep = order[:, : self.visible, None]
        x = torch.cat([x[:, :1], x[:, 1:].gather(1, keep.expand(-1, -1, x.shape[2]))], dim=1)
        for block in self.encoder.blocks:
            x = block(x)
        shown = self.enter(self.encoder.norm(x)[:, 1:])
        full = self.mask_token.to(shown.dtype).expand(len(order), 256, -1)
        full = full.scatter(1, keep.expand(-1, -1, shown.shape[2]), shown) + self.position
        for block in self.blocks:
            full = block(full)
        return self.pixels(self.norm(full))
