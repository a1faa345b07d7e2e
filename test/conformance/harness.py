"""A kernel for a test: the kernelspec is installed into a temporary prefix, so nothing need be installed before."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = float(os.environ.get("FOVEA_TEST_TIMEOUT", "240"))  # Generous: it only bounds a failure.
NODE = os.environ.get("FOVEA_NODE", "node")
_prefix: str | None = None


def install_kernelspec() -> str:
    """Install once for the process, and let Jupyter find it by JUPYTER_PATH."""
    global _prefix
    if _prefix is None:
        _prefix = tempfile.mkdtemp(prefix="fovea-test-")
        atexit.register(shutil.rmtree, _prefix, ignore_errors=True)
        cli = ROOT / "kernel" / "dist" / "cli.js"
        subprocess.run([NODE, str(cli), "install", "--prefix", _prefix], check=True, stdout=subprocess.DEVNULL)
        share = os.path.join(_prefix, "share", "jupyter")
        os.environ["FOVEA_HISTORY"] = os.path.join(_prefix, "history.jsonl")  # Not the user's own.
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [share, os.environ.get("JUPYTER_PATH")]))
    return _prefix


class Kernel:
    """A running kernel in a folder of its own, which has no node_modules above it."""

    def __init__(self, **env: str) -> None:
        install_kernelspec()
        self.cwd = Path(tempfile.mkdtemp(prefix="fovea-cwd-"))
        self.manager = KernelManager(kernel_name="fovea")
        self.manager.start_kernel(cwd=str(self.cwd), env={**os.environ, **env})
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    def stop(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        shutil.rmtree(self.cwd, ignore_errors=True)

    def run(self, code: str, **options: Any) -> "Result":
        return self.finish(self.client.execute(code, **options))

    def finish(self, msg_id: str) -> "Result":
        """Everything on iopub until this request's idle, then its reply."""
        result = Result()
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") != msg_id:
                result.others.append(message)
                continue
            result.messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        result.reply = self.reply(msg_id)
        return result

    def reply(self, msg_id: str) -> dict[str, Any]:
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply["content"]

    def ask(self, msg_id: str) -> dict[str, Any]:
        """The reply to a request of no interest on iopub."""
        return self.reply(msg_id)

    def next_of(self, *types: str, accept: Callable[[dict], bool] = lambda message: True) -> dict[str, Any]:
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] in types and accept(message):
                return message

    def send(self, msg_type: str, content: dict[str, Any], buffers: list[bytes] | None = None) -> str:
        message = self.client.session.msg(msg_type, content)
        self.client.session.send(self.client.shell_channel.socket, message, buffers=buffers)
        return message["header"]["msg_id"]

    def drain(self) -> None:
        """Read iopub up to the idle of a request of our own: all that was published before has come then."""
        msg_id = self.client.kernel_info()
        self.ask(msg_id)
        self.next_of("status", accept=lambda m: m["parent_header"].get("msg_id") == msg_id and is_idle(m))


class Result:
    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self.reply: dict[str, Any] = {}

    def of(self, *types: str) -> list[dict[str, Any]]:
        return [message["content"] for message in self.messages if message["msg_type"] in types]

    def types(self) -> list[str]:
        return [message["msg_type"] for message in self.messages]

    def text(self, name: str = "stdout") -> str:
        return "".join(content["text"] for content in self.of("stream") if content["name"] == name)

    @property
    def value(self) -> str:
        results = self.of("execute_result")
        if not results:
            raise AssertionError(f"no execute_result: {self.reply}")
        return results[0]["data"]["text/plain"]

    @property
    def error(self) -> dict[str, Any]:
        return self.of("error")[0]


def is_idle(message: dict[str, Any]) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll, up to the generous timeout."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {TIMEOUT} s: {what}")
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
