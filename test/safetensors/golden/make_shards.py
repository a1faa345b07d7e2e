"""Cuts of a state dict into shards by huggingface_hub: shards.json.

Packages: torch 2.13, huggingface_hub 2.4. Command: python test/safetensors/golden/make_shards.py
"""

import json
from pathlib import Path

import torch
from huggingface_hub import split_torch_state_dict_into_shards

CASES = [
    ([6, 6, 2, 6, 2, 2], 10),
    ([30, 1, 1, 40, 9, 2, 10], 10),
    ([12], 10),
    ([5, 5, 5, 5], 10),
    ([11, 12, 13], 10),
    ([1, 2, 3], 100),
]

golden = []
for sizes, most in CASES:
    state = {f"layer.{i}.weight": torch.zeros(size) for i, size in enumerate(sizes)}
    split = split_torch_state_dict_into_shards(
        state, filename_pattern="model{suffix}.safetensors", max_shard_size=4 * most
    )
    golden.append(
        {
            "sizes": sizes,
            "maxShardBytes": 4 * most,
            "files": split.filename_to_tensors,
            "total": split.metadata["total_size"],
        }
    )
Path(__file__).with_name("shards.json").write_text(json.dumps(golden) + "\n")
