"""A hierarchical encoder: convolutional blocks in four stages, as in ConvNeXt (Liu et al., 2022)."""
from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from models import ConvUnit

WIDTHS = (32, 64, 128, 192)
DEPTHS = (2, 2, 3, 1)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of [B, C, H, W]."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PyramidBlock(nn.Module):
    """x + MLP(norm(7 x 7 depthwise convolution)). [B, C, H, W]"""

    def __init__(self, width: int, ratio: int = 4):
        super().__init__()
        self.mix = nn.Conv2d(width, width, 7, 1, 3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, ratio * width)
        self.fc2 = nn.Linear(ratio * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.mix(x).permute(0, 2, 3, 1))
        return x + self.fc2(F.gelu(self.fc1(y))).permute(0, 3, 1, 2)


class Pyramid(nn.Module):
    """Stages of strides 4, 8, 16 and 32. pixel_values [B, 3, 128, 128] -> last_hidden_state [B, 16, 192], normalised."""

    cls_token = None
    size = 128

    def __init__(self):
        super().__init__()
        self.config = dict(width=WIDTHS[-1], depth=sum(DEPTHS), widths=list(WIDTHS), depths=list(DEPTHS), stem="conv", cls=False)
        self.stem = nn.Sequential(ConvUnit(3, 24, 2), ConvUnit(24, WIDTHS[0], 2))
        self.downs = nn.ModuleList(
            nn.Sequential(ChannelNorm(a, eps=1e-6), nn.Conv2d(a, b, 2, 2)) for a, b in zip(WIDTHS, WIDTHS[1:])
        )
        self.stages = nn.ModuleList(
            nn.ModuleList(PyramidBlock(width) for _ in range(depth)) for width, depth in zip(WIDTHS, DEPTHS)
        )
        self.norm = nn.LayerNorm(WIDTHS[-1], eps=1e-6)

    def states(self, pixels: Tensor) -> list[list[Tensor]]:
        """The input of each stage and the output of each of its blocks, [B, C, H, W]."""
        stages, x = [], self.stem(pixels)
        for i, blocks in enumerate(self.stages):
            states = [self.downs[i - 1](x) if i else x]
            for block in blocks:
                states.append(block(states[-1]))
            stages.append(states)
            x = states[-1]
        return stages

    def hidden_states(self, pixels: Tensor) -> list[Tensor]:
        """The input of the first block and the output of every block as tokens, [B, N, C] each."""
        stages = self.states(pixels)
        blocks = [stages[0][0], *(state for states in stages for state in states[1:])]
        return [state.flatten(2).transpose(1, 2) for state in blocks]

    def forward(self, pixels: Tensor) -> Tensor:
        return self.norm(self.states(pixels)[-1][-1].flatten(2).transpose(1, 2))


class PyramidModel(nn.Module):
    """A pyramid with the heads that supervise it: part types at stride 4 from all stages, categories from the last."""

    def __init__(self, parts: int, categories: int, dims: int = 64):
        super().__init__()
        self.encoder = Pyramid()
        self.lateral = nn.ModuleList(nn.Conv2d(width, dims, 1) for width in WIDTHS)
        self.parts = nn.Conv2d(dims, parts, 1)
        self.head = nn.Linear(WIDTHS[-1], categories)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the part types [B, parts, 32, 32] and of the categories [B, categories]."""
        outputs = [states[-1] for states in self.encoder.states(pixels)]
        size = outputs[0].shape[-2:]
        summed = sum(
            F.interpolate(lateral(x), size, mode="bilinear") for lateral, x in zip(self.lateral, outputs)
        )
        pooled = self.encoder.norm(outputs[-1].flatten(2).transpose(1, 2)).mean(1)
        return self.parts(F.gelu(summed)).float(), self.head(pooled).float()
