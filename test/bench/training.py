"""Trainings in PyTorch: a step for each line on stdin, {"ms", "cpuMs", "loss", "peakBytes"} on stdout.

usage: training.py CASE BATCH FOLDER [DEVICE]
DEVICE is torch's, `cpu` where it is left out. FOLDER holds what training-peer.mjs wrote: weights and inputs. `lora` is PEFT's, on the block of adapters.py; `vce` is the model of the
golden tensors.
"""

import importlib.util
import json
import resource
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

PATCH, RATE = 4, 1e-3
HEADS = {"vit": 4, "tiny": 2}


def module(name, path):
    """Loads a script of this repository as a module."""
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


adapters = module("bench_adapters", Path(__file__).with_name("adapters.py"))


class PatchEmbed(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Vit(nn.Module):
    def __init__(self, positions, depth, heads, classes):
        super().__init__()
        width = positions.shape[-1]
        self.patch_embed = PatchEmbed(width)
        self.pos_embed = nn.Parameter(torch.zeros_like(positions))
        self.blocks = nn.ModuleList(adapters.Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        y = self.patch_embed(x) + self.pos_embed
        for block in self.blocks:
            y = block(y)
        return self.head(self.norm(y).mean(1))


def vit(case, batch, folder):
    tensors = load_file(f"{folder}/vit.safetensors", device=str(torch.get_default_device()))
    x = tensors.pop("x")
    depth = 1 + max(int(key.split(".")[1]) for key in tensors if key.startswith("blocks."))
    classes = tensors["head.bias"].shape[0]
    model = Vit(tensors["pos_embed"], depth, HEADS[case], classes)
    model.load_state_dict(tensors)
    labels = torch.tensor([i * 7 % classes for i in range(batch)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    return optimizer, lambda: F.cross_entropy(model(x), labels)


def lora(case, batch, folder):
    from peft import PeftModel

    tensors = load_file(f"{folder}/block.safetensors", device=str(torch.get_default_device()))
    x, target = tensors.pop("x"), tensors.pop("target")
    block = adapters.Block(x.shape[-1], 12)
    block.load_state_dict(tensors)
    model = PeftModel.from_pretrained(block, folder, is_trainable=True).train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(trained, lr=RATE), lambda: F.mse_loss(model(x), target)


def vce(case, batch, folder):
    golden = module("vce_golden", Path(__file__).parents[1] / "vce" / "golden" / "make.py")
    tensors = load_file(f"{folder}/vce.safetensors")
    levels = [tensors.pop(key) for key in sorted(tensors) if key.startswith("level.")]
    side = round(levels[0].shape[1] ** 0.5)
    golden.GRID = (side, side)
    golden.nn_golden.SIZES = [golden.GRID] * len(levels)
    model = golden.Vce(levels[0].shape[-1], len(levels), 0, heads=16, points=4)
    model.load_state_dict(tensors)
    # Only gradients are computed, as on the other side.
    return torch.optim.SGD(model.parameters(), lr=0), lambda: model(*levels).square().mean()


CASES = {"vit": vit, "tiny": vit, "lora": lora, "vce": vce}


def main():
    case, batch, folder, device = (*sys.argv[1:], "cpu")[:4]
    if device != "cpu":
        if not torch.cuda.is_available():
            return print(f"torch {torch.__version__} has no {device}", flush=True)
        torch.set_default_device(device)
        print("ready", flush=True)
    optimizer, loss_of = CASES[case](case, int(batch), folder)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        value = loss.item()
        ms, cpu_ms = 1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - cpu)
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"ms": ms, "cpuMs": cpu_ms, "loss": value, "peakBytes": peak}), flush=True)


if __name__ == "__main__":
    main()
