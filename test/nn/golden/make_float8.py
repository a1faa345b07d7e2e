"""The value of each of the 256 codes of every 8-bit float.

    python test/nn/golden/make_float8.py      # torch 2.13, safetensors; writes float8.safetensors beside itself
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

TYPES = {
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "F8_E8M0": torch.float8_e8m0fnu,
}

if __name__ == "__main__":
    codes = torch.arange(256, dtype=torch.uint8)
    values = {name: codes.view(dtype).float() for name, dtype in TYPES.items()}
    save_file(values, Path(__file__).parent / "float8.safetensors")
