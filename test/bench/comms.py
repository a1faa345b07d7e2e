"""Comm messages of a kernel: small ones each way, and a large buffer there and back."""

import statistics
import sys
import threading
import time

from comm_cells import CELLS

COUNT = 10_000
BUFFER = 16 * 2**20
ROUND_TRIPS = 5
COMM = "bench-comm"

IN, OUT, BACK = "comm messages in, 1/s", "comm messages out, 1/s", "16 MB there and back, ms"


def comm_measures(client, name):
    """Rates; None for what the kernel cannot do. Its cells lie in `comm_cells.py`."""
    measures = {IN: None, OUT: None, BACK: None}
    opened = cell_of(name, "open")
    if opened:
        client.run(opened)
    if cell := cell_of(name, "out"):
        measures[OUT] = rate(lambda: sent_by_kernel(client, name, cell))
    if opened:
        client.until_idle(client.send("comm_open", {"comm_id": COMM, "target_name": "bench", "data": {}}))
        measures[IN] = rate(lambda: sent_by_front_end(client))
        measures[BACK] = 1e3 * statistics.median(round_trip(client) for _ in range(ROUND_TRIPS))
    return measures


def cell_of(name, what):
    cell = CELLS.get((name, what))
    return cell and cell.replace("COUNT", str(COUNT))


SILENCE_MS = 2_000


def rate(action):
    """Messages that arrived, a second until the last of them."""
    start = time.perf_counter()
    arrived, end = action()
    return arrived / (end - start)


def sent_by_kernel(client, name, cell):
    """One cell sends. Messages may come after the cell's idle (Deno), or be dropped where a socket's queue is full."""
    client.send("execute_request", {"code": cell, "silent": False})
    arrived, end = 0, time.perf_counter()
    while arrived < COUNT and client.iopub.poll(SILENCE_MS):
        if is_comm_message(client.iopub.recv_multipart()):
            arrived, end = arrived + 1, time.perf_counter()
    client.receive(client.shell)
    if arrived < COUNT:
        sys.stderr.write(f"{name} lost {COUNT - arrived} of {COUNT} comm messages\n")
    return arrived, end


def sent_by_front_end(client):
    """The kernel's handler counts, and answers the last."""
    messages = [
        client.message("comm_msg", {"comm_id": COMM, "data": {"i": i, "x": 0.5, "y": i / COUNT}}) for i in range(COUNT)
    ]
    sender = threading.Thread(target=lambda: [client.shell.send_multipart(frames) for frames in messages])
    sender.start()
    while not is_comm_message(client.receive(client.iopub)):
        pass
    end = time.perf_counter()
    sender.join()
    return COUNT, end


def round_trip(client):
    data = bytes(BUFFER)
    start = time.perf_counter()
    client.send("comm_msg", {"comm_id": COMM, "data": {}}, [data])
    while not is_comm_message(frames := client.receive(client.iopub)):
        pass
    elapsed = time.perf_counter() - start
    if frames[-1] != data:
        raise RuntimeError(f"the buffer must come back as it was sent, received {len(frames[-1])} bytes")
    return elapsed


def is_comm_message(frames):
    return b'comm_msg"' in frames[frames.index(b"<IDS|MSG>") + 2]
