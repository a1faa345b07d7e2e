"""Memory of a process and all below it."""

import re
from collections import namedtuple
from pathlib import Path

Memory = namedtuple("Memory", ["resident", "once"])
MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ (\S+) (\S+) (\d+)")
RESIDENT = re.compile(r"^Rss:\s+(\d+) kB")


def memory_of(pid):
    """`resident`: the sum of what `ps` shows, where a program that runs twice counts twice. `once`: pages of a mapped file counted once."""
    resident, anonymous, files = 0, 0, {}
    for process in family(pid):
        for file, size in mappings(process):
            resident += size
            if file is None:
                anonymous += size
            else:
                files[file] = max(files.get(file, 0), size)
    return Memory(resident, anonymous + sum(files.values()))


def family(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def mappings(pid):
    """(file and place in it, or None for memory of no file; resident bytes), a mapping each."""
    file = None
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if mapping := MAPPING.match(line):
            offset, device, inode = mapping.groups()
            file = None if inode == "0" else (device, inode, offset)
        elif size := RESIDENT.match(line):
            yield file, 1024 * int(size[1])
