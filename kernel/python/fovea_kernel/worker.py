"""A `fovea extract serve` process that Python keeps and asks over its pipes."""

import json
import struct
import subprocess
from typing import Any, Optional, Sequence

from .launch import CLI
from .node import find_node


class WorkerLost(Exception):
    """The process ended before it answered."""


class WorkerRefused(Exception):
    """The process answered with an error; it goes on."""


def default_program() -> "list[str]":
    """The command `fovea` of this package. Raises `NodeMissing`."""
    return [find_node(), str(CLI)]


class Worker:
    """One process with one encoder. Answers come in the order of the questions."""

    def __init__(self, arguments: Sequence[str], program: Optional[Sequence[str]] = None):
        line = [*(program or default_program()), "extract", "serve", *arguments]
        self._process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._asked = 0
        self._read()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, header: "dict[str, Any]", body: bytes = b"") -> "tuple[dict[str, Any], bytes]":
        """Send a question and wait for its answer. Raises `WorkerLost`, or `WorkerRefused` with the process's words."""
        self._asked += 1
        text = json.dumps({**header, "id": self._asked, "bytes": len(body)}).encode()
        try:
            self._process.stdin.write(struct.pack("<I", len(text)) + text)
            self._process.stdin.write(body)
            self._process.stdin.flush()
        except OSError as error:
            raise WorkerLost(f"fovea ended with code {self._process.wait()}") from error
        answer, content = self._read()
        if "error" in answer:
            raise WorkerRefused(answer["error"])
        return answer, content

    def close(self) -> None:
        """End the process and wait for it."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _read(self) -> "tuple[dict[str, Any], bytes]":
        (length,) = struct.unpack("<I", self._take(4))
        header = json.loads(self._take(length))
        return header, self._take(header["bytes"])

    def _take(self, count: int) -> bytes:
        content = self._process.stdout.read(count)
        if len(content) < count:
            raise WorkerLost(f"fovea ended with code {self._process.wait()}")
        return content
