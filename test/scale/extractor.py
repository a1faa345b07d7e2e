"""Odd batches for `Extractor`, called without a cluster; prints what came of each as JSON.

    python extractor.py ENCODER PICTURE -- PROGRAM …
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pyarrow

sys.path.insert(0, str(Path(__file__).parents[2] / "kernel" / "python"))

from fovea_kernel.ray import Extractor  # noqa: E402


def main(encoder: str, path: str, _: str, *program: str) -> None:
    picture = Path(path).read_bytes()
    extractor = Extractor(encoder, device="cpu", program=program)

    def refusal(value: object) -> str:
        try:
            extractor({"image": [value]})
        except TypeError as error:
            return str(error)
        return "no error"

    empty = pyarrow.table({"image": pyarrow.array([], pyarrow.binary())})
    twice = pyarrow.table({"image": [picture], "features": [1]})
    full = extractor(pyarrow.table({"image": [picture]}))
    kinds = [bytearray(picture), memoryview(picture), {"bytes": picture, "path": "x"}]
    before = extractor({"image": [picture]})["features"]
    os.kill(extractor._worker.pid, signal.SIGKILL)
    after = extractor({"image": [picture]})["features"]
    result = {
        "refused": [refusal(value) for value in ("a.png", 5, np.zeros((8, 8, 3), np.uint8))],
        "kinds": np.isfinite(extractor({"image": kinds})["features"]).all(1).tolist(),
        "rows": [extractor({"image": []})["features"].shape[0], len(extractor(empty))],
        "sameType": extractor(empty).schema == full.schema,
        "columns": extractor(twice).column_names,
        "sameAfterKill": before.tobytes() == after.tobytes(),
    }
    print(json.dumps(result))


main(*sys.argv[1:])
