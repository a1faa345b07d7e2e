"""Golden tensors of the network of gradual refinement, by PyTorch and transformers, and of the tiles, by NumPy.

    python test/refine/golden/make.py        # torch 2.13, transformers 5.23, numpy; writes model.safetensors and tiles.json here

The encoder is written here from the shapes of AIMv2 (RMSNorm, SwiGLU, learned positions); the language model is transformers' Llama.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402

HIDDEN = 8


class Rms(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * self.weight


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1_g = nn.Linear(width, hidden, bias=False)
        self.fc1_x = nn.Linear(width, hidden, bias=False)
        self.fc2 = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.fc2(F.silu(self.fc1_g(x)) * self.fc1_x(x))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.attn, self.norm2, self.mlp = Rms(width), Attention(width, heads), Rms(width), Mlp(width, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Patches(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj, self.norm = nn.Conv2d(3, width, 2, 2), Rms(width)

    def forward(self, x):
        return self.norm(self.proj(x).permute(0, 2, 3, 1))


class Encoder(nn.Module):
    """Pictures of 8 pixels in patches of 2; `levels` are 0-based blocks, or None for the normed output."""

    def __init__(self, width, heads, hidden, levels=None):
        super().__init__()
        self.levels = levels
        self.patch_embed = Patches(width)
        self.pos_embed = nn.Parameter(torch.randn(1, 16, width) * 0.5)
        self.blocks = nn.ModuleList(Block(width, heads, hidden) for _ in range(2))
        self.norm = Rms(width)

    def forward(self, pixels):
        x = self.patch_embed(pixels)
        rows, columns = x.shape[1:3]
        table = self.pos_embed.unflatten(1, (4, 4)).permute(0, 3, 1, 2)
        if (rows, columns) != (4, 4):
            table = F.interpolate(table, (rows, columns), mode="bicubic", antialias=True)
        x = (x + table.permute(0, 2, 3, 1)).flatten(1, 2)
        kept = []
        for block in self.blocks:
            kept.append(x := block(x))
        return self.norm(x) if self.levels is None else torch.cat([kept[i] for i in self.levels], -1)


class Connector(nn.Module):
    def __init__(self, features, norm):
        super().__init__()
        if norm:
            self.norm = nn.LayerNorm(4 * features)
        self.fc1, self.fc2 = nn.Linear(4 * features, HIDDEN), nn.Linear(HIDDEN, HIDDEN)

    def forward(self, x, rows, columns):
        x = x.unflatten(1, (rows // 2, 2, columns // 2, 2)).permute(0, 1, 3, 2, 4, 5).flatten(3).flatten(1, 2)
        x = self.norm(x) if hasattr(self, "norm") else x
        return self.fc2(F.gelu(self.fc1(x)))


class Vision(nn.Module):
    def __init__(self, encoders):
        super().__init__()
        self.encoders = nn.ModuleList(encoders)

    def forward(self, pixels):
        return torch.cat([encoder(pixels) for encoder in self.encoders], -1)


class Model(nn.Module):
    def __init__(self, encoders, features, norm=False):
        super().__init__()
        self.vision = Vision(encoders)
        self.connector = Connector(features, norm)
        config = LlamaConfig(
            vocab_size=11, hidden_size=HIDDEN, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=True,
        )
        self.language_model = LlamaForCausalLM(config)

    def forward(self, pixels, ids, mask, targets):
        """targets [B, T]: the word after each place, -100 where it does not count."""
        count = pixels.shape[0] // ids.shape[0]
        seen = self.connector(self.vision(pixels), pixels.shape[2] // 2, pixels.shape[3] // 2)
        seen = seen.unflatten(0, (-1, count)).flatten(1, 2)
        words = self.language_model.get_input_embeddings()(ids.long())
        inputs = torch.cat([words[:, :1], seen, words[:, 1:]], 1)
        ones = torch.ones(seen.shape[:2], dtype=mask.dtype)
        masks = torch.cat([mask[:, :1], ones, mask[:, 1:]], 1)
        logits = self.language_model(inputs_embeds=inputs, attention_mask=masks).logits
        logits = torch.cat([logits[:, :1], logits[:, 1 + seen.shape[1] :]], 1)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten().long(), ignore_index=-100)


def words():
    ids = torch.tensor([[1, 4, 5, 6, 2], [1, 7, 8, 3, 0]], dtype=torch.int32)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]], dtype=torch.int32)
    targets = torch.tensor([[-100, -100, 6, 2, -100], [-100, 8, 3, -100, -100]], dtype=torch.int32)
    return ids, mask, targets


def models():
    store = {}
    torch.manual_seed(0)
    one = lambda: Model([Encoder(8, 2, 12)], 8)  # noqa: E731
    nn_golden.case(store, "tiles", one(), torch.randn(4, 3, 8, 8), *words())
    nn_golden.case(store, "wide", one(), torch.randn(2, 3, 8, 16), *words())
    several = Model([Encoder(8, 2, 12), Encoder(4, 1, 6, levels=[0, 1])], 16, norm=True)
    nn_golden.case(store, "hierarchy", several, torch.randn(2, 3, 8, 8), *words())
    store = {key: value for key, value in store.items() if "lm_head" not in key}
    nn_golden.HERE = HERE
    nn_golden.save("model", store)


def tile_grid(width, height, side, least, most):
    """Nearest aspect by a table of all grids, in exact fractions; equal aspects by the rule of half the pixels."""
    grids = np.array([(c, r) for n in range(least, most + 1) for c in range(1, n + 1) for r in [n // c] if c * r == n])
    off = np.abs(width / height - grids[:, 0] / grids[:, 1])
    alike = grids[off == off.min()]
    first = alike[0]
    larger = [g for g in alike[1:] if width * height > 0.5 * side * side * g[0] * g[1]]
    columns, rows = larger[-1] if larger else first
    return [int(rows), int(columns)]


def tiles():
    rng = np.random.default_rng(0)
    sizes = [(448, 448), (896, 896), (640, 480), (1920, 1080), (100, 1200), (1200, 100), (300, 200), (5000, 5000), (1, 1)]
    sizes += [tuple(int(v) for v in rng.integers(20, 4000, 2)) for _ in range(60)]
    cases = []
    for width, height in sizes:
        for least, most in [(1, 12), (1, 6), (2, 4)]:
            cases.append({"size": [width, height], "tiles": [least, most], "grid": tile_grid(width, height, 448, least, most)})
    (HERE / "tiles.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    models()
    tiles()
