"""Pictures of tars to mean vectors on disk, with a worker of torch's DataLoader and onnxruntime.

usage: scale.py MODEL_DIR BATCH WARM.tar TIMED.tar
prints one JSON object {rate: images per second} of the second tar after the first. Decoding and resizing are Pillow's, in the worker.
"""

import io
import json
import os
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

from extraction import preprocess


class Tar(torch.utils.data.IterableDataset):
    def __init__(self, path, config):
        self.path, self.config = path, config

    def __iter__(self):
        with tarfile.open(self.path) as tar:
            for member in tar:
                yield preprocess([io.BytesIO(tar.extractfile(member).read())], self.config)[0]


def seconds(session, path, config, batch, out):
    name = session.get_outputs()[0].name
    start = time.perf_counter()
    vectors = []
    for pixels in torch.utils.data.DataLoader(Tar(path, config), batch_size=batch, num_workers=1):
        (tokens,) = session.run([name], {"pixel_values": pixels.numpy()})
        vectors.append(tokens.reshape(len(tokens), -1, tokens.shape[-1]).mean(1))
    np.save(Path(out) / "vectors.npy", np.concatenate(vectors))
    return len(np.concatenate(vectors)) / (time.perf_counter() - start)


def main():
    folder, batch, warm, timed = sys.argv[1:]
    config = json.loads((Path(folder) / "preprocessor_config.json").read_text())
    options = onnxruntime.SessionOptions()
    # By itself onnxruntime puts threads on cores that this process was not given.
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    model = str(Path(folder) / "model.onnx")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    with tempfile.TemporaryDirectory() as out:
        seconds(session, warm, config, int(batch), out)
        print(json.dumps({"rate": seconds(session, timed, config, int(batch), out)}))


if __name__ == "__main__":
    main()
