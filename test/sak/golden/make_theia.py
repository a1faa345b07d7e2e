"""A teacher's features in Theia's layout, written by Python's tarfile, safetensors and NumPy.

    python test/sak/golden/make_theia.py        # torch 2.13, safetensors, numpy; writes theia/ beside itself
"""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

HERE = Path(__file__).parent / "theia"
MODEL = "facebook_DINOv2-base"


def add(tar, name, data):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


if __name__ == "__main__":
    torch.manual_seed(3)
    shards = HERE / "world" / MODEL
    shards.mkdir(parents=True, exist_ok=True)
    keys = [["a/0001", "a/0002"], ["long/" * 24 + "0003"]]
    expected = {}
    for i, names in enumerate(keys):
        with tarfile.open(shards / f"world_train-{i:06d}-train.tar", "w") as tar:
            for j, key in enumerate(names):
                tensors = {"embedding": torch.randn(4, 2, 3, dtype=torch.bfloat16 if j == 0 else torch.float32)}
                if j == 0:
                    tensors["cls_token"] = torch.randn(4, dtype=torch.bfloat16)
                add(tar, f"{key}.{MODEL}.safetensors", save(tensors))
                add(tar, f"{key}.image", b"not a picture")
                rows = tensors["embedding"].float().permute(1, 2, 0).flatten().tolist()
                expected[key] = {"rows": rows, "cls": tensors["cls_token"].float().tolist() if j == 0 else None}
    np.save(HERE / f"imagenet_mean_{MODEL}.npy", np.array([0.5, -1, 2, 3], np.float32))
    np.save(HERE / f"imagenet_var_{MODEL}.npy", np.array([1, 2, 4, 0.5], np.float32))
    (HERE / "expected.json").write_text(json.dumps(expected) + "\n")
