"""Start-up, first cell, trivial cell and memory of Jupyter kernels, side by side.

usage: kernels.py NAME=SPEC_DIR ... [--runs N]; prints one JSON object {name: {measure: value}}, times in milliseconds.
A spec directory holds a kernel.json. Kernels are measured in turn, round by round, so that noise meets all of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

CELLS = {"python": ("x = 1 + 1", "x + {i}"), "typescript": ("const x: number = 1 + 1;", "x + {i}")}
TRIVIAL_CELLS = 30
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid):
    """Memory of a process and of all below it."""
    total = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(resident_bytes(child) for child in children)


def run_once(directory):
    spec = KernelSpec.from_resource_dir(str(directory))
    manager = KernelManager()
    manager._kernel_spec = spec
    first, trivial = CELLS[spec.language]
    start = time.perf_counter()
    manager.start_kernel(stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        ready = time.perf_counter()
        execute(client, first)
        first_cell = time.perf_counter()
        times = [timed(client, trivial.format(i=i)) for i in range(TRIVIAL_CELLS)]
        memory = resident_bytes(manager.provisioner.pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return {
        "kernel_info ms": 1e3 * (ready - start),
        "first cell from spawn ms": 1e3 * (first_cell - start),
        "trivial cell ms": 1e3 * statistics.median(times),
        "memory MiB": memory / 2**20,
    }


def execute(client, code):
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda message: None)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{code!r} failed: {reply['content']}")


def timed(client, code):
    start = time.perf_counter()
    execute(client, code)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernels", nargs="+", metavar="NAME=SPEC_DIR")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    kernels = dict(item.split("=", 1) for item in args.kernels)
    results = {name: [] for name in kernels}
    for _ in range(args.runs):
        for name, directory in kernels.items():
            results[name].append(run_once(directory))
    medians = {
        name: {measure: statistics.median(run[measure] for run in runs) for measure in runs[0]}
        for name, runs in results.items()
    }
    json.dump(medians, sys.stdout)


if __name__ == "__main__":
    main()
