"""
Follows README.md and 00-start word by word, in an environment that has nothing but what they ask for. Runs in the clone that it follows,
with the environment's Python; prints a line a step and ends with an error at the first one that does not do what its document says.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path.cwd()
sys.path.insert(0, str(ROOT / "test" / "notebooks"))

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

from documents import blocks, commands  # noqa: E402

WORK = Path(sys.argv[1])
ZOO = ROOT / "kernel" / "zoo"
SECONDS = {"timeout": 1500, "startup_timeout": 600}
FIGURE = re.compile(r"-?\d+(?:\.\d+)?")
# A bar of progress, which comes only on a machine that needs patience.
BAR = re.compile(r"[A-Z]\w+ +\[[# ]*\] \d+ of \d+ ")
# Another processor rounds otherwise: points of percent that a printed figure may differ by.
NEAR = 1.0

# Commands that another test of this suite runs in an environment of its own.
ELSEWHERE = {"npm test", "npm run package", "pip install .fovea/wheel/dist/*.whl"}
# Commands that need a trained model of the reader: their help is asked for.
OWN_MODEL = ("ground", "adapter")
# A mention by its name alone, and the shortest whole call of it.
WHOLE = {"extract": "extract --encoder zoo/parts-hybrid --images pairs/JPEGImages/bird --out features"}
# Figures that the README names beside a command.
CLAIMS = {"law fit": r"mean of vision +0\.9572", "doctor": r"cpu", "check": r"no type errors|0 errors|ok"}


def step(place, words):
    print(f"{place}: {words}", flush=True)


def files():
    """The files that the README's commands name."""
    shutil.copy(ROOT / "notebooks" / "00-start.ipynb", WORK / "notebook.ipynb")
    shutil.copytree(ZOO / "parts-hybrid", WORK / "model", dirs_exist_ok=True)
    shutil.copy(ZOO / "parts-hybrid" / "model.onnx", WORK / "model.onnx")
    (WORK / "DIR").mkdir()


def run(words, cwd):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def command(place, words):
    """One `fovea …` of the README."""
    line = " ".join(words)
    if words[0] in OWN_MODEL:
        words = [*words[: 2 if words[0] == "adapter" else 1], "--help"]
    elif line in WHOLE:
        words = WHOLE[line].split()
    elif words[0] == "dense":
        boundaries()
    step(place, f"fovea {' '.join(words)}")
    told = run(["fovea", *(word.strip('"') for word in words)], WORK)
    claim = CLAIMS.get(line) or CLAIMS.get(words[0])
    if claim and "--help" not in words and not re.search(claim, told):
        raise AssertionError(f"{place}: fovea {line} must print {claim}, printed\n{told}")


def boundaries():
    """A boundary in each folder that `dense score` compares."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(255 if x == 16 else 0 for x in range(32)) for _ in range(32))
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0))
    picture += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    for folder in ("predictions", "labels"):
        (WORK / folder).mkdir()
        (WORK / folder / "one.png").write_bytes(picture)


def shell(place, line):
    """One line of a shell block."""
    words = re.sub(r"(^|\s)#.*", "", line).strip()
    if words in ELSEWHERE:
        return step(place, f"{words} (run by another test of this suite)")
    if words != "npm run lab":
        raise AssertionError(f"{place}: nobody follows {words!r}: tell test/install/first_hour.py how")
    step(place, words)
    lab()


def lab():
    """JupyterLab comes up and serves the first notebook."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=first", f"--port={port}"]
    server = subprocess.Popen(
        ["node", str(ROOT / "binder" / "lab.mjs"), *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        # The folder of the notebook that it opens is the root of its files.
        address = f"http://127.0.0.1:{port}/api/contents/00-start.ipynb?content=0&token=first"
        while True:
            try:
                return json.load(urllib.request.urlopen(address))
            except urllib.error.HTTPError as error:
                raise AssertionError(f"npm run lab must serve 00-start, answered {error.code}") from None
            except OSError:
                if server.poll() is not None:
                    raise AssertionError(f"npm run lab ended with {server.returncode}") from None
                time.sleep(0.2)
    finally:
        server.terminate()
        server.wait()


def typescript(document):
    """The blocks of a document as cells of one notebook, in a folder that they may write to."""
    found = list(blocks(document, "ts", "typescript"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(block.code) for block in found])
    step(document, f"{len(found)} blocks in a notebook")
    execute(notebook, WORK)
    return notebook


def execute(notebook, folder):
    client = NotebookClient(notebook, kernel_name="fovea", resources={"metadata": {"path": str(folder)}}, **SECONDS)
    client.execute()


def readme():
    """Commands and lines of the README in its order; TypeScript first, which writes the pictures that commands read."""
    notebook = typescript("README.md")
    printed = "".join(output.text for output in notebook.cells[0].outputs if output.output_type == "stream")
    # "PCK at three thresholds, in percent"
    shares = [float(figure) for figure in FIGURE.findall(printed)]
    if len(shares) != 3 or not all(0 <= share <= 100 for share in shares):
        raise AssertionError(f"README.md must print PCK at three thresholds, printed {printed!r}")
    for block in blocks("README.md", "sh", "bash"):
        for i, line in enumerate(block.code.splitlines()):
            shell(f"README.md:{block.line + i}", line)
    for place, words in commands("README.md"):
        command(place, words)


def words_of(cell):
    """All text that the outputs of a cell show. A stream may come in one piece or in several, which may end with a line or not."""
    texts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(text for text in texts if not BAR.match(text))


def plain(text):
    """Words in their order, whatever stands between them."""
    return " ".join(text.split())


def compare(cell, committed):
    """The words of a cell's outputs are those of the committed notebook, its figures near them."""
    told, claimed = plain(words_of(cell)), plain(words_of(committed))
    if FIGURE.sub("#", told) != FIGURE.sub("#", claimed):
        raise AssertionError(f"a cell of 00-start must show\n{claimed}\nshowed\n{told}")
    pairs = zip(FIGURE.findall(told), FIGURE.findall(claimed))
    far = [pair for pair in pairs if abs(float(pair[0]) - float(pair[1])) > NEAR]
    if far:
        raise AssertionError(f"figures of 00-start must be near the committed ones, received {far}")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def first_notebook():
    """00-start as a reader runs it, in the clone, and then its exercise by the folded solution."""
    folder = ROOT / "notebooks"
    committed = nbformat.read(folder / "00-start.ipynb", as_version=4)
    notebook = nbformat.read(folder / "00-start.ipynb", as_version=4)
    step("00-start", "all cells")
    execute(notebook, folder)
    for cell, before in zip(code_cells(notebook), code_cells(committed), strict=True):
        compare(cell, before)
    solution = next(cell.source for cell in notebook.cells if "<summary>Solution</summary>" in cell.source)
    replaced = re.search(r'`"(\w+)"` in place of `"(\w+)"`, and `"(\w+)"` in place of both `"(\w+)"`', solution)
    if not replaced:
        raise AssertionError("00-start: nobody follows the solution of its exercise: tell test/install/first_hour.py how")
    step("00-start", replaced[0])
    new, old, new_folder, old_folder = replaced.groups()
    first = code_cells(notebook)[0]
    if first.source.count(f'"{old_folder}"') != 2:
        raise AssertionError(f"00-start: the first cell must name {old_folder} twice")
    first.source = first.source.replace(f'"{old_folder}"', f'"{new_folder}"').replace(f'"{old}"', f'"{new}"')
    execute(notebook, folder)
    # "a number needs a baseline beside it": the trained encoder is in place more often than the one without training.
    table = next(words for words in map(words_of, code_cells(notebook)) if "untrained" in words)
    shares = [float(re.search(r"(\d+\.\d)", line)[1]) for line in table.splitlines() if "zoo/" in line]
    if len(shares) != 2 or shares[0] <= shares[1]:
        raise AssertionError(f"00-start: the encoder must be better than the untrained one, received\n{table}")


if __name__ == "__main__":
    os.chdir(ROOT)
    files()
    readme()
    first_notebook()
