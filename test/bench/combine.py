"""PEFT's `add_weighted_adapter` on one layer: a combination for each line on stdin, {"ms"} on stdout.

usage: combine.py FOLDER WIDTH TYPE; writes the two adapters, `first` and `second`, into the folder.
"""

import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from torch import nn


class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        return self.proj(x)


def main():
    folder, width, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    torch.manual_seed(0)
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["proj"], init_lora_weights=False)
    model = get_peft_model(Model(width), config, adapter_name="first")
    model.add_adapter("second", config)
    model.save_pretrained(folder)
    for _ in sys.stdin:
        start = time.perf_counter()
        model.add_weighted_adapter(["first", "second"], [0.7, 1.3], "merged", combination_type=kind, density=0.5)
        print(json.dumps({"ms": 1e3 * (time.perf_counter() - start)}), flush=True)
        model.delete_adapter("merged")


if __name__ == "__main__":
    main()
