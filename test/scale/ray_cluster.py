"""Makes a plan on a Ray cluster of two nodes on this machine while actors, processes and a node are killed; writes JSON into a file,
because Ray prints its own messages among what the driver prints.

    python ray_cluster.py RESULT extract PLAN KILLS -- PROGRAM …
    python ray_cluster.py RESULT data ENCODER FOLDER -- PROGRAM …
"""

import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# A busy machine starts a node in minutes; Ray reads these once.
os.environ["RAY_raylet_start_wait_time_s"] = "240"
os.environ["RAY_gcs_server_request_timeout_seconds"] = "240"

import numpy as np  # noqa: E402
import psutil  # noqa: E402
import ray  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[2] / "kernel" / "python"))

os.environ["PYTHONPATH"] = str(Path(__file__).parents[2] / "kernel" / "python")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from fovea_kernel import ray as fovea  # noqa: E402


def start() -> Cluster:
    try:
        return start_nodes()
    except Exception as error:
        # The test is skipped with this reason: nothing of Fovea has run yet.
        end({"unstarted": f"{type(error).__name__}: {error}"[:300]})


def end(result: dict) -> None:
    """Writes the result, and ends the nodes, which are children of this process, and this process."""
    Path(sys.argv[1]).write_text(json.dumps(result))
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.Error:
            pass
    os._exit(0)


def start_nodes() -> Cluster:
    quiet = {"include_dashboard": False}
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "node_ip_address": "127.0.0.2", "object_store_memory": 10**8, **quiet},
    )
    for _ in range(2):
        add_node(cluster)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    return cluster


def add_node(cluster: Cluster):
    return cluster.add_node(num_cpus=1, node_ip_address="127.0.0.2", object_store_memory=10**8)


def own(name: str) -> "list[psutil.Process]":
    """Processes that this one started, whose command line holds a word."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if name in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            pass
    return found


class Chaos:
    """Kills actors and fovea processes at random moments, and one node half way. Nodes are added by the main thread alone.

    The work waits for the kills, so that a fast machine meets all of them: each part that is made waits until its share of the
    kills is done, or until nothing is left to kill.
    """

    # Longest wait for kills, in seconds; a node is added in minutes on a busy machine.
    PATIENCE = 240

    def __init__(self, cluster: Cluster, kills: int, parts: int):
        self.cluster, self.left, self.done = cluster, kills, []
        # The last quarter of the parts is spare: what was not killed in time is killed there.
        self.kills_a_part = kills / (0.75 * parts)
        self.kills, self.idle_turns = kills, 0
        self.random = random.Random(7)
        self.stopped = threading.Event()
        self.turned = threading.Condition()

    def wait_for_share(self, parts_made: int) -> None:
        share = min(self.kills, math.ceil(parts_made * self.kills_a_part))
        with self.turned:
            idle_turn = self.idle_turns
            self.turned.wait_for(lambda: len(self.done) >= share or self.idle_turns > idle_turn, self.PATIENCE)

    def run(self) -> None:
        half = self.left // 2
        while self.left and not self.stopped.wait(self.random.uniform(0.5, 2)):
            kind = self.kill_node() if self.left == half else self.kill_one()
            with self.turned:
                if kind:
                    self.left -= 1
                    self.done.append(kind)
                else:
                    self.idle_turns += 1
                self.turned.notify_all()

    def kill_node(self) -> str:
        node = self.cluster.list_all_nodes()[-1]
        self.cluster.remove_node(node, allow_graceful=False)
        add_node(self.cluster)
        return "node"

    def kill_one(self) -> "str | None":
        """Kills an actor or a process, of the kind that the dice name where there is one."""
        kinds = [("actor", "ray::_Maker"), ("process", "extract serve")]
        self.random.shuffle(kinds)
        for kind, word in kinds:
            for victim in self.random.sample(found := own(word), len(found)):
                try:
                    os.kill(victim.pid, signal.SIGKILL)
                    return kind
                except ProcessLookupError:
                    pass
        return None


def extract(plan: str, kills: int, program: "list[str]") -> dict:
    cluster = start()
    parts = json.loads(subprocess.check_output([*program, "extract", "status", plan, "--json"]))["parts"]
    chaos = Chaos(cluster, kills, parts)
    made: "dict[int, int]" = {}
    answers: "dict[str, int]" = {}

    def count(answer: dict) -> None:
        kind = next((name for name in ("lost", "error") if name in answer), None)
        kind = kind or ("reused" if answer["reused"] else "made")
        answers[kind] = answers.get(kind, 0) + 1
        if kind == "made":
            made[answer["part"]] = made.get(answer["part"], 0) + 1
        if kind in ("made", "reused"):
            chaos.wait_for_share(answers.get("made", 0) + answers.get("reused", 0))

    found: dict = {}

    def work() -> None:
        try:
            options = {"workers": 2, "device": "cpu", "program": program, "on_progress": count, "max_tries": 100}
            found["status"] = fovea.extract(plan, **options)
        except Exception as error:
            found["error"] = f"{type(error).__name__}: {error}"
        finally:
            chaos.stopped.set()

    # A daemon, so that a node which does not start ends this process too.
    worker = threading.Thread(target=work, daemon=True)
    begin = time.monotonic()
    worker.start()
    chaos.run()
    worker.join()
    return {**found, "kills": chaos.done, "answers": answers, "twice": [part for part, n in made.items() if n > 1],
            "seconds": time.monotonic() - begin}


def data(encoder: str, folder: str, program: "list[str]") -> dict:
    start()
    common = {"encoder": encoder, "device": "cpu", "program": program, "column": "bytes"}
    own = {"preprocess": "imagenet", "input_size": (128, 128), "norm": True}
    results = {}
    for name, options in (("numpy", common), ("pyarrow", common), ("prepared", {**common, **own})):
        pictures = ray.data.read_binary_files(folder, include_paths=True)
        features = pictures.map_batches(
            fovea.Extractor, fn_constructor_kwargs=options, concurrency=1, batch_size=4,
            batch_format="pyarrow" if name == "pyarrow" else "numpy", num_cpus=0.5,
        )
        rows = features.select_columns(["path", "features"]).take_all()
        results[name] = {
            Path(row["path"]).name: np.nan_to_num(np.asarray(row["features"], np.float64), nan=1e9).tolist() for row in rows
        }
    return results


if __name__ == "__main__":
    split = sys.argv.index("--")
    command, *arguments = sys.argv[2:split]
    run = sys.argv[split + 1 :]
    if command == "extract":
        result = extract(arguments[0], int(arguments[1]), run)
    else:
        result = data(arguments[0], arguments[1], run)
    ray.shutdown()
    end(result)
