"""Golden tensors of Visual Cue Enhancement, computed by PyTorch from the formulas of arXiv 2411.12787.

    python test/vce/golden/make.py        # torch 2.13; writes vce.safetensors beside itself
"""

import sys
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402

GRID = (3, 4)


class Vce(nn.Module):
    """The anchor asks all levels; sampling by grid_sample."""

    def __init__(self, features, levels, anchor, heads=2, points=3):
        super().__init__()
        self.anchor = anchor
        self.norm_query, self.norm_feature = nn.LayerNorm(features, 1e-6), nn.LayerNorm(features, 1e-6)
        self.attn = nn_golden.DeformableAttention(features, heads, levels, points)

    def forward(self, *levels):
        rows, columns = GRID
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        centres = torch.stack([(x + 0.5) / columns, (y + 0.5) / rows], -1).reshape(1, -1, 2)
        query = levels[self.anchor]
        return query + self.attn(self.norm_query(query), self.norm_feature(torch.cat(levels, 1)), centres)


if __name__ == "__main__":
    torch.manual_seed(4)
    store = {}
    for name, anchor in (("high", 0), ("last", 2)):
        nn_golden.SIZES = [GRID] * 3
        nn_golden.case(store, name, Vce(8, 3, anchor), *(torch.randn(2, 12, 8) for _ in range(3)))
    nn_golden.HERE = HERE
    nn_golden.save("vce", store)
