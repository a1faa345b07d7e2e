"""The kernel of a machine without Node. It runs nothing: it is there so that the answer of every cell says what to
install, where a process that ends at once would only be "the kernel died"."""

import json
import os
import signal
from importlib.metadata import version
from typing import Any

import zmq
from jupyter_client.session import Session

KERNEL_INFO = {
    "status": "ok",
    "protocol_version": "5.3",
    "implementation": "fovea",
    "implementation_version": version("jupyterlab-fovea"),
    "language_info": {
        "name": "typescript",
        "version": "",
        "mimetype": "text/x-typescript",
        "file_extension": ".ts",
        "pygments_lexer": "typescript",
        "codemirror_mode": {"name": "javascript", "typescript": True},
    },
    "help_links": [],
}
IDLE_ANSWERS = {
    "complete_request": {"status": "ok", "matches": [], "cursor_start": 0, "cursor_end": 0, "metadata": {}},
    "inspect_request": {"status": "ok", "found": False, "data": {}, "metadata": {}},
    "history_request": {"status": "ok", "history": []},
    "is_complete_request": {"status": "unknown"},
    "comm_info_request": {"status": "ok", "comms": {}},
    "interrupt_request": {"status": "ok"},
}
PARENT_CHECK_MS = 1000


def serve(connection_file: str, message: str) -> None:
    """Answer as a kernel until a shutdown request or the death of the parent."""
    # An interrupt from a front end has nothing to stop here, and must not end the process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(connection_file, encoding="utf-8") as file:
        connection = json.load(file)
    KernelWithoutNode(connection, message).run()


class KernelWithoutNode:
    def __init__(self, connection: "dict[str, Any]", message: str):
        self.message = message
        self.count = 0
        self.stopped = False
        self.session = Session(
            key=connection.get("key", "").encode(), signature_scheme=connection.get("signature_scheme", "hmac-sha256")
        )
        self.context = zmq.Context()
        self.shell = self.bind(connection, "shell", zmq.ROUTER)
        self.control = self.bind(connection, "control", zmq.ROUTER)
        self.stdin = self.bind(connection, "stdin", zmq.ROUTER)
        self.heartbeat = self.bind(connection, "hb", zmq.REP)
        self.iopub = self.bind(connection, "iopub", zmq.PUB)

    def bind(self, connection: "dict[str, Any]", name: str, kind: int) -> zmq.Socket:
        socket = self.context.socket(kind)
        socket.linger = 1000
        separator = ":" if connection["transport"] == "tcp" else "-"
        socket.bind(f"{connection['transport']}://{connection['ip']}{separator}{connection[f'{name}_port']}")
        return socket

    def run(self) -> None:
        poller = zmq.Poller()
        for socket in (self.control, self.shell, self.heartbeat):
            poller.register(socket, zmq.POLLIN)
        parent = os.getppid()
        while not self.stopped and os.getppid() == parent:
            for socket, _ in poller.poll(PARENT_CHECK_MS):
                if socket is self.heartbeat:
                    socket.send_multipart(socket.recv_multipart())
                else:
                    self.receive(socket)
        self.context.destroy(linger=1000)

    def receive(self, socket: zmq.Socket) -> None:
        try:
            identities, request = self.session.recv(socket)
        except Exception:
            return  # Unsigned, replayed or broken: dropped without an answer.
        if request is None:
            return
        self.publish("status", {"execution_state": "busy"}, request)
        answer = self.answer(request)
        if answer is not None:
            kind = request["msg_type"].replace("_request", "_reply")
            self.session.send(socket, kind, answer, parent=request, ident=identities)
        self.publish("status", {"execution_state": "idle"}, request)

    def answer(self, request: "dict[str, Any]") -> "dict[str, Any] | None":
        kind, content = request["msg_type"], request["content"]
        if kind == "kernel_info_request":
            return {**KERNEL_INFO, "banner": self.message}
        if kind == "execute_request":
            return self.execute(request, content)
        if kind == "shutdown_request":
            self.stopped = True
            return {"status": "ok", "restart": bool(content.get("restart"))}
        return IDLE_ANSWERS.get(kind)

    def execute(self, request: "dict[str, Any]", content: "dict[str, Any]") -> "dict[str, Any]":
        if not content.get("silent"):
            self.count += 1
            self.publish("execute_input", {"code": content.get("code", ""), "execution_count": self.count}, request)
        error = {"ename": "NodeMissing", "evalue": self.message.splitlines()[0], "traceback": self.message.splitlines()}
        self.publish("error", error, request)
        return {"status": "error", "execution_count": self.count, **error}

    def publish(self, kind: str, content: "dict[str, Any]", request: "dict[str, Any]") -> None:
        self.session.send(self.iopub, kind, content, parent=request, ident=kind.encode())
