"""Makes a plan on a Ray cluster of two nodes on this machine while actors, processes and a node are killed; prints JSON.

    python ray_cluster.py extract PLAN KILLS -- PROGRAM …
    python ray_cluster.py data ENCODER FOLDER -- PROGRAM …
"""

import json
import os
import random
import signal
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
        print(json.dumps({"unstarted": f"{type(error).__name__}: {error}"[:300]}), flush=True)
        end()


def end() -> None:
    """Ends the nodes, which are children of this process, and this process."""
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
    """Kills actors and fovea processes at random moments, and one node half way. Nodes are added by the main thread alone."""

    def __init__(self, cluster: Cluster, kills: int):
        self.cluster, self.left, self.done = cluster, kills, []
        self.random = random.Random(7)
        self.stopped = threading.Event()

    def run(self) -> None:
        half = self.left // 2
        while self.left and not self.stopped.wait(self.random.uniform(0.5, 3)):
            if self.left == half:
                node = self.cluster.list_all_nodes()[-1]
                self.cluster.remove_node(node, allow_graceful=False)
                add_node(self.cluster)
                self.count("node")
                continue
            kind, word = self.random.choice([("actor", "ray::_Maker"), ("process", "extract serve")])
            victims = own(word)
            if victims:
                victim = self.random.choice(victims)
                try:
                    os.kill(victim.pid, signal.SIGKILL)
                    self.count(kind)
                except ProcessLookupError:
                    pass

    def count(self, kind: str) -> None:
        self.left -= 1
        self.done.append(kind)


def extract(plan: str, kills: int, program: "list[str]") -> dict:
    cluster = start()
    chaos = Chaos(cluster, kills)
    made: "dict[int, int]" = {}

    def count(answer: dict) -> None:
        if "lost" not in answer and "error" not in answer and not answer["reused"]:
            made[answer["part"]] = made.get(answer["part"], 0) + 1

    found: dict = {}

    def work() -> None:
        try:
            options = {"workers": 2, "device": "cpu", "program": program, "on_progress": count, "max_tries": 100}
            found["status"] = fovea.extract(plan, **options)
        except Exception as error:
            found["error"] = error
        finally:
            chaos.stopped.set()

    worker = threading.Thread(target=work)
    begin = time.monotonic()
    worker.start()
    chaos.run()
    worker.join()
    if "error" in found:
        raise found["error"]
    return {"status": found["status"], "kills": chaos.done, "twice": [part for part, n in made.items() if n > 1],
            "seconds": time.monotonic() - begin}


def data(encoder: str, folder: str, program: "list[str]") -> dict:
    start()
    options = {"encoder": encoder, "device": "cpu", "program": program, "column": "bytes"}
    results = {}
    for batch_format in ("numpy", "pyarrow"):
        pictures = ray.data.read_binary_files(folder, include_paths=True)
        features = pictures.map_batches(
            fovea.Extractor, fn_constructor_kwargs=options, concurrency=1, batch_size=4, batch_format=batch_format,
            num_cpus=0.5,
        )
        rows = features.select_columns(["path", "features"]).take_all()
        results[batch_format] = {
            Path(row["path"]).name: np.nan_to_num(np.asarray(row["features"], np.float64), nan=1e9).tolist() for row in rows
        }
    return results


if __name__ == "__main__":
    split = sys.argv.index("--")
    command, *arguments = sys.argv[1:split]
    run = sys.argv[split + 1 :]
    if command == "extract":
        result = extract(arguments[0], int(arguments[1]), run)
    else:
        result = data(arguments[0], arguments[1], run)
    print(json.dumps(result), flush=True)
    ray.shutdown()
    end()
