"""A front end on bare sockets: it costs little beside the kernel, and reconnects fast enough to time a start.

jupyter_client's own client waits 200 ms in silence before it calls a kernel ready, and zeromq tries to connect every 100 ms.
"""

import json

import zmq
from jupyter_client.session import Session

TIMEOUT_MS = 60_000
DELIMITER = b"<IDS|MSG>"


class FrontEnd:
    def __init__(self, manager):
        info = manager.get_connection_info()
        self.session = Session(key=info["key"], signature_scheme=info["signature_scheme"])
        self.context = zmq.Context()
        self.shell = self.connect(zmq.DEALER, info, "shell_port")
        self.iopub = self.connect(zmq.SUB, info, "iopub_port")
        self.iopub.subscribe(b"")

    def connect(self, kind, info, port):
        socket = self.context.socket(kind)
        socket.set(zmq.RECONNECT_IVL, 5)
        socket.set_hwm(0)  # A message dropped here would be the front end's fault.
        socket.set(zmq.LINGER, 0)
        socket.connect(f"tcp://{info['ip']}:{info[port]}")
        return socket

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shell.close()
        self.iopub.close()
        self.context.term()

    def message(self, kind, content, buffers=()):
        """The frames of a message, ready to send."""
        return [*self.session.serialize(self.session.msg(kind, content)), *buffers]

    def send(self, kind, content, buffers=()):
        frames = self.message(kind, content, buffers)
        self.shell.send_multipart(frames)
        return json.loads(frames[2])["msg_id"]

    def ask(self, kind, content):
        """The content of the reply on the shell channel."""
        msg_id = self.send(kind, content)
        while True:
            frames = self.receive(self.shell)
            if self.header(frames, 1).get("msg_id") == msg_id:
                return json.loads(frames[frames.index(DELIMITER) + 5])

    def execute(self, code):
        self.check(code, self.ask("execute_request", execution(code)))

    def check(self, code, reply):
        if reply["status"] != "ok":
            raise RuntimeError(f"{code!r} failed: {reply}")

    def subscribe(self):
        """Waits until messages on iopub arrive: a kernel publishes to nobody at first."""
        while True:
            self.execute("1")
            if self.iopub.poll(50):
                break
        while self.iopub.poll(200):
            self.iopub.recv_multipart()

    def run(self, code):
        """A cell as a front end sees it: until its reply and its idle are there."""
        msg_id = self.send("execute_request", execution(code))
        self.until_idle(msg_id)
        frames = self.receive(self.shell)
        self.check(code, json.loads(frames[frames.index(DELIMITER) + 5]))

    def until_idle(self, msg_id):
        while not self.is_idle(self.receive(self.iopub), msg_id):
            pass

    @staticmethod
    def is_idle(frames, msg_id):
        return b'"idle"' in frames[-1] and msg_id.encode() in frames[frames.index(DELIMITER) + 3]

    def receive(self, socket):
        if not socket.poll(TIMEOUT_MS):
            raise RuntimeError(f"no message for {TIMEOUT_MS} ms")
        return socket.recv_multipart()

    @staticmethod
    def header(frames, which):
        """Header (0) or parent header (1)."""
        return json.loads(frames[frames.index(DELIMITER) + 2 + which])


def execution(code):
    return {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
