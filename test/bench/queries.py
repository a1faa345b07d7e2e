"""Completion and inspection in a notebook of 100 cells, and cells late in a notebook."""

import statistics
import sys
import time

CELLS = 100
ROUNDS = 5
LATE = 500
LINES = 200

COMPLETION, INSPECTION = "completion in a notebook of 100 cells, p95, ms", "inspection there, p95, ms"
LATE_CELL, LONG_CELL = f"cell {LATE}, ms", f"cell of {LINES} lines, ms"

IMPORTS = {
    "fovea": 'import { encoders, law, nn } from "fovea"; import * as tf from "fovea/tf";',
    "ipykernel": "import json, os, statistics",
}
DECLARED = {
    "typescript": "const list{i}: number[] = [{i}, 2]; function plus{i}(x: number): number {{ return list{i}[0] + x; }}",
    "python": "list{i} = [{i}, 2]\ndef plus{i}(x):\n    return list{i}[0] + x",
}
LINE = {"typescript": "const line{i}: number = {i} + 1;", "python": "line{i} = {i} + 1"}
COMPLETED = {
    "fovea": ["li", "plus5", "list7.", "encoders.", "law.cS", "nn.", "tf.", "tf.mat", "tf.tensor([1]).", "Math.", "[1].ma", ""],
    "ipykernel": ["li", "plus5", "list7.", "os.", "json.du", "statistics.", "str.", "[1].", ""],
}
INSPECTED = {
    "fovea": ["encoders.load", "law.cScore", "nn.Linear", "tf.matMul", "tf.tensor", "plus7", "list3", "Math.max", "plus5(", "encoders.load("],
    "ipykernel": ["os.path", "json.dumps", "statistics.median", "plus7", "list3", "max", "str"],
}


def query_measures(client, name, language):
    """None for kernels that are not asked. All of it comes after 30 trivial cells."""
    measures = {LATE_CELL: None, LONG_CELL: None, COMPLETION: None, INSPECTION: None}
    client.run("\n".join(LINE[language].format(i=i) for i in range(LINES)))
    long = "\n".join(LINE[language].format(i=i) for i in range(LINES, 2 * LINES))
    measures[LONG_CELL] = 1e3 * timed(lambda: client.run(long))
    if name in IMPORTS:
        client.run(IMPORTS[name])
        for i in range(CELLS):
            client.run(DECLARED[language].format(i=i))
        measures[COMPLETION] = answered(client, "complete_request", COMPLETED[name], {})
        measures[INSPECTION] = answered(client, "inspect_request", INSPECTED[name], {"detail_level": 0})
    measures[LATE_CELL] = late_cell(client, name)
    return measures


def late_cell(client, name):
    """None for a peer that stops answering on the way."""
    try:
        for i in range(LATE - CELLS):
            client.run(f"x + {i}")
        return 1e3 * statistics.median(timed(lambda: client.run(f"x + {i}")) for i in range(30))
    except RuntimeError as error:
        if name == "fovea":
            raise
        sys.stderr.write(f"{name}: {error}, before its cell {LATE}\n")
        return None


def answered(client, kind, codes, more):
    """95th percentile over every question of all rounds, the first round included."""
    times = []
    for _ in range(ROUNDS):
        for code in codes:
            content = {"code": code, "cursor_pos": len(code), **more}
            times.append(timed(lambda: answer(client, kind, content)))
    return 1e3 * sorted(times)[int(0.95 * len(times))]


def answer(client, kind, content):
    reply = client.ask(kind, content)
    if reply["status"] != "ok":
        raise RuntimeError(f"{content['code']!r}: the kernel must answer, received {reply}")


def timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
