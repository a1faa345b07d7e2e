"""LoRA by PEFT on a frozen transformer block in PyTorch: a training step for each line on stdin, {"ms", "loss"} on stdout.

usage: adapters.py --folder DIR --heads 12 --rate 1e-3
DIR holds what adapters.mjs wrote: block.safetensors (weights, `x`, `target`) and the adapter in PEFT's form.
"""

import argparse
import json
import sys
import time

import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(self.q_proj(x)), split(self.k_proj(x)), split(self.v_proj(x)))
        return self.out_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn, self.mlp = Attention(width, heads), Mlp(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--heads", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    options = parser.parse_args()
    tensors = load_file(f"{options.folder}/block.safetensors")
    x, target = tensors.pop("x"), tensors.pop("target")
    block = Block(x.shape[-1], options.heads)
    block.load_state_dict(tensors)
    model = PeftModel.from_pretrained(block, options.folder, is_trainable=True).train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=options.rate)
    for _ in sys.stdin:
        start = time.perf_counter()
        loss = F.mse_loss(model(x), target)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        value = loss.item()
        print(json.dumps({"ms": 1e3 * (time.perf_counter() - start), "loss": value}), flush=True)


if __name__ == "__main__":
    main()
