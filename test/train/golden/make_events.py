"""An event file as TensorBoard writes it, with fixed times: events.tfrecord, and what is in it: events.json.

Packages: tensorboard 2.21, numpy 2. Command: python test/train/golden/make_events.py
"""

import json
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

STEPS = [
    (1730000000.25, 0, {"loss": 0.0, "gradient_norm": 1.5}),
    (1730000001.5, 1, {"loss": 2.25, "train/accuracy": 0.5, "learning_rate/^(body|norm)": 1e-3}),
    (1730000002.75, 300, {"loss": -3.5, "validation/größe": float(2**20)}),
    (1730000003.0, 5_000_000_000, {"loss": 1e30}),
]

here = Path(__file__).parent
with (here / "events.tfrecord").open("wb") as file:
    writer = RecordWriter(file)
    writer.write(Event(wall_time=1730000000.0, file_version="brain.Event:2").SerializeToString())
    for time, step, scalars in STEPS:
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        writer.write(Event(wall_time=time, step=step, summary=Summary(value=values)).SerializeToString())
    writer.flush()
(here / "events.json").write_text(json.dumps(STEPS, ensure_ascii=False) + "\n", encoding="utf-8")
