"""Extraction on a Ray cluster: `extract` makes the parts of a plan, `Extractor` adds features to a Ray data set.

Ray is an extra: `pip install jupyterlab-fovea[ray]`. Every node needs this package, and sees the folder of the plan.
"""

import json
import subprocess
from collections import deque
from typing import Any, Callable, Optional, Sequence

import numpy as np
import ray

from .worker import Worker, WorkerLost, WorkerRefused, default_program


class ExtractionFailed(Exception):
    """Some parts could not be made. `failures` has the reason of each by its number."""

    def __init__(self, failures: "dict[int, str]"):
        self.failures = failures
        part, reason = next(iter(failures.items()))
        super().__init__(f"{len(failures)} parts failed, part {part}: {reason}")


class _Maker:
    """Actor with one long-lived process, which is started again where it was lost."""

    def __init__(self, arguments: "list[str]", program: "Optional[list[str]]"):
        self._arguments = arguments
        self._program = program
        self._worker: Optional[Worker] = None

    def make(self, part: int) -> "dict[str, Any]":
        try:
            self._worker = self._worker or Worker(self._arguments, self._program)
            return self._worker.ask({"part": part})[0]
        except WorkerLost as lost:
            self._worker = None
            # A plain answer: an exception of a remote call arrives as another class.
            return {"part": part, "lost": str(lost)}
        except WorkerRefused as refused:
            return {"part": part, "error": str(refused)}


def extract(
    plan: str,
    *,
    workers: Optional[int] = None,
    num_cpus: float = 1,
    num_gpus: float = 0,
    device: Optional[str] = None,
    encoder: Optional[str] = None,
    max_tries: int = 5,
    program: Optional[Sequence[str]] = None,
    on_progress: Optional[Callable[["dict[str, Any]"], None]] = None,
) -> "dict[str, Any]":
    """Make the parts of a plan that are not whole, and return its state as `fovea extract status --json` tells it.

    Each actor keeps one `fovea` process and takes the next part when it is done, so that fast nodes make more parts. A part whose
    actor or node is lost goes to another actor. Lost nodes need no care: a part is in its place whole or not at all.

    Args:
        plan: path of a plan that `fovea extract plan` wrote, on a disk that all nodes see.
        workers: number of actors. Default: as many as the cluster's processors (or GPUs, with `num_gpus`) allow.
        num_cpus, num_gpus: what Ray reserves for an actor.
        device: `auto`, `cuda`, `webgpu` or `cpu`. Default: `auto`.
        encoder: where the nodes have the plan's encoder. Default: the plan's source.
        max_tries: tries at a part whose worker is lost. A part that fails by itself is tried once.
        program: command that starts `fovea` on a node. Default: that of this package.
        on_progress: called with the answer of each part.

    Raises:
        ExtractionFailed: after all other parts are made.
    """
    if max_tries < 1:
        raise ValueError(f"fovea_kernel.ray.extract: max_tries must be at least 1, received {max_tries}")
    if not ray.is_initialized():
        ray.init()
    program = list(program) if program else None
    arguments = ["--plan", plan, *_option("device", device), *_option("encoder", encoder)]
    # An actor is not restarted by Ray: its part must be given out again, which is done here.
    maker = ray.remote(_Maker).options(num_cpus=num_cpus, num_gpus=num_gpus, max_restarts=0)
    count = workers or _room(num_cpus, num_gpus)
    failures: "dict[int, str]" = {}
    while True:
        todo = [part for part in _todo(plan, program) if part not in failures]
        if not todo:
            break
        _make_all(todo, lambda: maker.remote(arguments, program), min(count, len(todo)), max_tries, failures, on_progress)
    if failures:
        raise ExtractionFailed(failures)
    return _status(plan, program)


def _make_all(
    parts: "list[int]",
    start: Callable[[], Any],
    count: int,
    max_tries: int,
    failures: "dict[int, str]",
    on_progress: Optional[Callable[["dict[str, Any]"], None]],
) -> None:
    waiting = deque(parts)
    tries: "dict[int, int]" = {}
    running: "dict[Any, tuple[int, Any]]" = {}
    idle = [start() for _ in range(count)]

    def lost(part: int, reason: str) -> None:
        tries[part] = tries.get(part, 0) + 1
        if tries[part] < max_tries:
            waiting.append(part)
        else:
            failures[part] = f"{reason}, {max_tries} times"

    try:
        while waiting or running:
            while waiting and idle:
                part, actor = waiting.popleft(), idle.pop()
                running[actor.make.remote(part)] = (part, actor)
            (done, *_), _ = ray.wait(list(running), num_returns=1)
            part, actor = running.pop(done)
            try:
                answer = ray.get(done)
            except ray.exceptions.RayError as error:
                # An actor that only cannot be reached would keep the place of the next one.
                ray.kill(actor)
                lost(part, f"its actor was lost ({type(error).__name__})")
                if len(idle) + len(running) < min(count, len(waiting) + len(running)):
                    idle.append(start())
                continue
            idle.append(actor)
            if "lost" in answer:
                lost(part, answer["lost"])
            elif "error" in answer:
                failures[part] = answer["error"]
            if on_progress:
                on_progress(answer)
    finally:
        for actor in [*idle, *(actor for _, actor in running.values())]:
            ray.kill(actor)


def _room(num_cpus: float, num_gpus: float) -> int:
    found = ray.cluster_resources()
    rooms = [found.get(name, 0) / need for name, need in (("CPU", num_cpus), ("GPU", num_gpus)) if need > 0]
    return max(1, int(min(rooms, default=1)))


def _status(plan: str, program: "Optional[list[str]]") -> "dict[str, Any]":
    line = [*(program or default_program()), "extract", "status", plan, "--json"]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def _todo(plan: str, program: "Optional[list[str]]") -> "list[int]":
    """Parts that are not whole; the first ranges of them, so that a large plan is worked on in turns."""
    parts = []
    for text in filter(None, _status(plan, program)["todo"].split(",")):
        first, _, last = text.partition("-")
        parts += range(int(first), int(last or first) + 1)
    return parts


def _option(name: str, value: Optional[str]) -> "list[str]":
    return [] if value is None else [f"--{name}", value]


class Extractor:
    """A class for `ray.data.Dataset.map_batches` that adds features of encoded pictures to each batch.

    Batches may be dictionaries of NumPy arrays (`batch_format="numpy"`) or Arrow tables (`batch_format="pyarrow"`). Features go
    over a pipe, no file lies between. A row whose picture cannot be read has NaN.

        dataset.map_batches(Extractor, fn_constructor_kwargs={"encoder": "zoo/clip-vit"}, concurrency=2, batch_size=64)

    Args:
        encoder: source of the encoder, as in `fovea extract --encoder`.
        column: column with the bytes of pictures, or with `{bytes, path}` as Hugging Face's data sets have it.
        output: column for the features: `[channels]` where pooling leaves one token, else `[tokens, channels]`.
        indices: the block, e.g. `-2`. Default: the last one.
        pool: `mean`, `cls`, a number, or cells as `4x4`. Default: `mean`.
        norm: apply the model's final norm. Default: False.
        file: ONNX file of an encoder `hf:owner/name`, as `onnx/model.onnx`.
        preprocess: `imagenet`, `clip`, `half` or a JSON file, where no configuration lies beside the model.
        input_size: side, or height and width, of the pictures in the model. Default: that of the encoder's configuration.
        device: `auto`, `cuda`, `webgpu` or `cpu`. Default: `auto`.
        program: command that starts `fovea` on a node. Default: that of this package.
    """

    def __init__(
        self,
        encoder: str,
        *,
        column: str = "image",
        output: str = "features",
        indices: Optional[int] = None,
        pool: "str | int" = "mean",
        norm: bool = False,
        file: Optional[str] = None,
        preprocess: Optional[str] = None,
        input_size: "int | tuple[int, int] | None" = None,
        device: Optional[str] = None,
        program: Optional[Sequence[str]] = None,
    ):
        self._column = column
        self._output = output
        block = None if indices is None else str(indices)
        options = [
            ("encoder", encoder),
            ("indices", block),
            ("pool", str(pool)),
            ("file", file),
            ("preprocess", preprocess),
            ("input-size", _size(input_size)),
            ("device", device),
        ]
        arguments = [word for name, value in options for word in _option(name, value)]
        self._start = lambda: Worker([*arguments, *(["--norm"] if norm else [])], program)
        self._worker = self._start()

    def __call__(self, batch: Any) -> Any:
        if isinstance(batch, dict):
            return {**batch, self._output: self._features(list(batch[self._column]))}
        import pyarrow

        features = self._features(batch.column(self._column).to_pylist())
        # Put together by hand, because PyArrow makes no tensors of an empty batch.
        kind = pyarrow.fixed_shape_tensor(pyarrow.float32(), features.shape[1:])
        rows = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(features.reshape(-1)), kind.storage_type.list_size)
        tensor = pyarrow.ExtensionArray.from_storage(kind, rows)
        if self._output in batch.column_names:
            return batch.set_column(batch.column_names.index(self._output), self._output, tensor)
        return batch.append_column(self._output, tensor)

    def _features(self, pictures: "list[Any]") -> np.ndarray:
        contents = [_bytes_of(picture) for picture in pictures]
        question, body = {"sizes": [len(content) for content in contents]}, b"".join(contents)
        try:
            answer, body = self._worker.ask(question, body)
        except WorkerLost:
            # The same batch gives the same features, so a lost process costs a start. One that is lost again is the batch's fault.
            self._worker = self._start()
            answer, body = self._worker.ask(question, body)
        count, tokens, channels = answer["shape"]
        shape = (count, channels) if tokens == 1 else (count, tokens, channels)
        return np.frombuffer(body, np.float32).reshape(shape)


def _size(size: "int | tuple[int, int] | None") -> Optional[str]:
    return "x".join(str(side) for side in size) if isinstance(size, (tuple, list)) else size if size is None else str(size)


def _bytes_of(picture: Any) -> bytes:
    content = picture.get("bytes") if isinstance(picture, dict) else picture
    if content is None:
        return b""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    # Decoded pictures, paths and numbers would silently become NaN.
    raise TypeError(
        "fovea_kernel.ray.Extractor: column must hold encoded pictures as bytes or {bytes}, as ray.data.read_binary_files "
        f"gives them, received {type(content).__name__}"
    )
