"""A random vision transformer of ViT-B/16's size, in timm's plain form, and its ONNX file.

usage: vit.py DIR: writes model.onnx and preprocessor_config.json.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

WIDTH, DEPTH, HEADS, PATCH, SIZE = 768, 12, 12, 16, 224
# Values of timm's configuration of vit_base_patch16_224.
CONFIG = {
    "input_size": [3, SIZE, SIZE],
    "interpolation": "bicubic",
    "crop_pct": 0.9,
    "crop_mode": "center",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
}


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, HEADS, c // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6), nn.LayerNorm(WIDTH, eps=1e-6)
        self.attn = Attention()
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """`[B, 3, 224, 224]` to the tokens after the last block, `[B, 197, 768]`."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patch_embed = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, (SIZE // PATCH) ** 2 + 1, WIDTH))
        self.blocks = nn.Sequential(*[Block() for _ in range(DEPTH)])

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        return self.blocks(x)


def main():
    folder = Path(sys.argv[1])
    # The exporter asks for the package `onnx` only to add functions that this model does not have.
    onnx_proto_utils._add_onnxscript_fn = lambda model, _: model
    torch.onnx.export(
        ViT().eval(),
        (torch.zeros(2, 3, SIZE, SIZE),),
        str(folder / "model.onnx"),
        dynamo=False,
        opset_version=17,
        input_names=["pixel_values"],
        output_names=["last_hidden_state"],
        dynamic_axes={"pixel_values": {0: "batch"}, "last_hidden_state": {0: "batch"}},
    )
    (folder / "preprocessor_config.json").write_text(json.dumps(CONFIG))


if __name__ == "__main__":
    main()
