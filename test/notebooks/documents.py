"""Reads the repository's documents: fenced blocks with their lines, and commands of `fovea` wherever they stand."""

import re
import subprocess
from dataclasses import dataclass

from notebook_case import ROOT

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<code>.*?)^(?P=indent)```$", re.M | re.S)
INLINE = re.compile(r"`(fovea [^`]+)`")
HISTORY = {"CHANGELOG.md"}  # It names commands as they were.


@dataclass
class Block:
    document: str
    line: int
    language: str
    code: str

    @property
    def place(self):
        return f"{self.document}:{self.line}"


def documents():
    """Paths of the Markdown files in git that describe the present."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.splitlines() if name not in HISTORY and (ROOT / name).exists()]


def blocks(document, *languages):
    text = (ROOT / document).read_text("utf8")
    for match in FENCE.finditer(text):
        if match["language"] in languages:
            indent = len(match["indent"])
            code = "".join(line[indent:] or "\n" for line in match["code"].splitlines(True))
            yield Block(document, text.count("\n", 0, match.start("code")) + 1, match["language"], code)


def commands(document):
    """Each `fovea …` of shell blocks and of the text, as (place, words)."""
    for block in blocks(document, "sh", "bash"):
        code = block.code.replace("\\\n", "  ")
        for i, line in enumerate(code.splitlines()):
            for part in re.split(r"[;&|]+", re.sub(r"(^|\s)#.*", "", line)):
                words = part.split()
                if words[:1] == ["npx"]:
                    words = words[1:]
                if words[:1] == ["fovea"]:
                    yield f"{document}:{block.line + i}", words[1:]
    text = (ROOT / document).read_text("utf8")
    for match in INLINE.finditer(text):
        place = f"{document}:{text.count(chr(10), 0, match.start()) + 1}"
        for words in alternatives(match[1].split()[1:]):
            yield place, words


def alternatives(words):
    """`adapter inspect | convert` are two commands: what follows a bar stands in the place of the word before it."""
    head, *others = " ".join(words).split(" | ")
    yield head.split()
    for other in others:
        yield head.split()[:-1] + other.split()
