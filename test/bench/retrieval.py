"""Pictures of tars to mean vectors on disk by clip-retrieval's reader, runner and writer, with our graph in onnxruntime.

usage: retrieval.py MODEL_DIR BATCH WARM.tar TIMED.tar
prints one JSON object {rate: images per second} of the second tar after the first. The package's own models and its logger are
left out: they want weights from a hub, torchvision and wandb.
"""

import json
import sys
import tempfile
import time
import types
from pathlib import Path

import onnxruntime
import torch

from extraction import preprocess


def package_without_its_init(name):
    """Makes the modules of a package known without what its __init__ imports: the models."""
    module = types.ModuleType(name)
    module.__path__ = [str(Path(folder, *name.split("."))) for folder in sys.path]
    sys.modules[name] = module


for package in ("clip_retrieval", "clip_retrieval.clip_inference"):
    package_without_its_init(package)
from clip_retrieval.clip_inference.reader import WebdatasetReader  # noqa: E402
from clip_retrieval.clip_inference.runner import Runner  # noqa: E402
from clip_retrieval.clip_inference.writer import NumpyWriter  # noqa: E402


class Mapper:
    """The answer of clip-retrieval's mapper, from a session of onnxruntime."""

    def __init__(self, session):
        self.session = session
        self.name = session.get_outputs()[0].name

    def __call__(self, batch):
        (tokens,) = self.session.run([self.name], {"pixel_values": batch["image_tensor"].numpy()})
        vectors = tokens.reshape(len(tokens), -1, tokens.shape[-1]).mean(1)
        return {"image_embs": vectors, "image_filename": batch["image_filename"]}


class NoLogger:
    def start(self):
        pass

    def __call__(self, stats):
        pass

    def end(self):
        pass


class Transform:
    """Preprocessing of the model, of a picture as the reader opened it."""

    def __init__(self, config):
        self.config = config

    def __call__(self, picture):
        return torch.from_numpy(preprocess([picture], self.config)[0])


def rate(session, tar, config, batch, out):
    count = 0
    mapper = Mapper(session)

    def counted(sample):
        nonlocal count
        count += len(sample["image_filename"])
        return mapper(sample)

    def reader(sampler):
        return WebdatasetReader(sampler, Transform(config), None, [tar], batch, 1, enable_text=False)

    runner = Runner(reader, lambda: counted, lambda part: NumpyWriter(part, out, False, True, False, 1), lambda _: NoLogger(), 1)
    start = time.perf_counter()
    runner(0)
    return count / (time.perf_counter() - start)


def main():
    folder, batch, warm, timed = sys.argv[1:]
    config = json.loads((Path(folder) / "preprocessor_config.json").read_text())
    session = onnxruntime.InferenceSession(str(Path(folder) / "model.onnx"), providers=["CPUExecutionProvider"])
    with tempfile.TemporaryDirectory() as out:
        rate(session, warm, config, int(batch), out)
        print(json.dumps({"rate": rate(session, timed, config, int(batch), out)}))


if __name__ == "__main__":
    main()
