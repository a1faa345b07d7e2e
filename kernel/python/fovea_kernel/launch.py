"""Starting Node with what this package carries."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from .node import NodeMissing, find_node

FOVEA = Path(__file__).parent / "node_modules" / "fovea"
KERNEL = FOVEA / "dist" / "jupyter" / "main.js"
CLI = FOVEA / "dist" / "cli.js"


def hand_over(node: str, script: Path, *args: str) -> NoReturn:
    """Become Node, so that the process Jupyter started is the kernel itself: its pid, its signals, its parent."""
    argv = [node, str(script), *args]
    if os.name == "nt":
        # There `execv` starts another process and ends this one, which Jupyter would take for the kernel's death.
        sys.exit(subprocess.run(argv).returncode)
    os.execv(node, argv)


def command() -> NoReturn:
    """The program `fovea`."""
    try:
        node = find_node()
    except NodeMissing as missing:
        sys.exit(str(missing))
    hand_over(node, CLI, *sys.argv[1:])
