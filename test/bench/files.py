"""usage: files.py FILE: opens a safetensors file, reads one tensor, and prints the milliseconds."""

import sys
import time

from safetensors import safe_open

start = time.perf_counter()
with safe_open(sys.argv[1], "np") as file:
    file.get_tensor("model.layers.777.weight")
print(1e3 * (time.perf_counter() - start))
