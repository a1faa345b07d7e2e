"""Start-up, cells, memory and comms of Jupyter kernels, side by side.

usage: kernels.py NAME=SPEC_DIR ... [--runs N]; prints one JSON object {name: {measure: value}}, null where a kernel cannot do it.
A spec directory holds a kernel.json. Kernels are measured in turn, round by round, so that noise meets all of them.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from comms import comm_measures
from front_end import FrontEnd
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec
from memory import memory_of
from queries import query_measures

CELLS = {"python": ("x: int = 1 + 1", "x + {i}"), "typescript": ("const x: number = 1 + 1;", "x + {i}")}
TRIVIAL_CELLS = 30


def run_once(name, directory):
    spec = KernelSpec.from_resource_dir(str(directory))
    manager = KernelManager()
    manager._kernel_spec = spec
    first, trivial = CELLS[spec.language]
    start = time.perf_counter()
    manager.start_kernel(stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        with FrontEnd(manager) as client:
            client.ask("kernel_info_request", {})
            ready = time.perf_counter()
            client.execute(first)
            first_cell = time.perf_counter()
            client.subscribe()
            times = [timed(client, trivial.format(i=i)) for i in range(TRIVIAL_CELLS)]
            memory = memory_of(manager.provisioner.pid)
            return {
                "kernel_info from spawn, ms": 1e3 * (ready - start),
                "first cell from spawn, ms": 1e3 * (first_cell - start),
                "trivial cell, ms": 1e3 * statistics.median(times),
                "memory, resident of each process, MiB": memory.resident / 2**20,
                "memory, files in common once, MiB": memory.once / 2**20,
                **comm_measures(client, name),
                **query_measures(client, name, spec.language),
            }
    finally:
        manager.shutdown_kernel(now=True)


def run_again(name, directory):
    """A port that another program took meanwhile, or a kernel that came to nothing, is said and tried again once."""
    try:
        return run_once(name, directory)
    except RuntimeError as error:
        sys.stderr.write(f"{name}: {error}; once more\n")
        return run_once(name, directory)


def timed(client, code):
    start = time.perf_counter()
    client.run(code)
    return time.perf_counter() - start


def median(values):
    return None if None in values else statistics.median(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernels", nargs="+", metavar="NAME=SPEC_DIR")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    kernels = dict(item.split("=", 1) for item in args.kernels)
    results = {name: [] for name in kernels}
    for _ in range(args.runs):
        for name, directory in kernels.items():
            results[name].append(run_again(name, directory))
    medians = {
        name: {measure: median([run[measure] for run in runs]) for measure in runs[0]} for name, runs in results.items()
    }
    json.dump(medians, sys.stdout)


if __name__ == "__main__":
    main()
