"""
Brings `notebooks/*.ipynb` and their text form to the same state and runs those whose outputs are not of their present code.

    python run_notebooks.py [--all] [NAME ...]    names without folder and ending; --all runs also what is up to date
"""

import argparse
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import get_kernel_spec
from jupytext.cli import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from notebook_noise import without_noise
from notebook_record import MAX_BYTES, largest_outputs, mark, problems

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
KERNEL = "fovea"
CELL_SECONDS = 3600  # They only bound a failure.
START_SECONDS = 300


def main():
    options = arguments()
    failed = [name for name in options.names or names() if not bring_up_to_date(name, options.all)]
    if failed:
        sys.exit(f"not written: {', '.join(failed)}")


def arguments():
    parser = argparse.ArgumentParser(prog="npm run notebooks --", description="Runs the tutorial notebooks and stores outputs.")
    parser.add_argument("names", metavar="NAME", nargs="*", help="notebooks without folder and ending (default: each)")
    parser.add_argument("--all", action="store_true", help="run also those whose outputs are of their present code")
    options = parser.parse_args()
    unknown = set(options.names) - set(names())
    if unknown:
        parser.error(f"no notebook {', '.join(sorted(unknown))}, there are {', '.join(names())}")
    return options


def names():
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def bring_up_to_date(name, always):
    """Brings a notebook up to date; returns False where that failed."""
    path = FOLDER / f"{name}.ipynb"
    synchronise(path)
    notebook = nbformat.read(path, as_version=4)
    if not always and not problems(notebook):
        return say(f"{name}: up to date")
    say(f"{name}: running ...")
    try:
        text = nbformat.writes(run(notebook, name)) + "\n"
    except CellExecutionError as error:
        return say(f"{name}: {error}", succeeded=False)
    if len(text.encode()) > MAX_BYTES:
        largest = "\n  ".join(largest_outputs(nbformat.reads(text, as_version=4)))
        return say(f"{name}: {len(text.encode()):,} bytes are more than {MAX_BYTES:,}; largest:\n  {largest}", succeeded=False)
    path.write_text(text, encoding="utf8", newline="\n")
    synchronise(path)
    return say(f"{name}: {len(text.encode()):,} bytes")


def synchronise(path):
    """The later one of notebook and text form wins; outputs stay with the cells that did not change."""
    jupytext(["--quiet", "--sync", str(path)])


def run(notebook, name):
    """Outputs of an empty folder, so that what earlier runs left changes none."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    with tempfile.TemporaryDirectory(prefix="fovea-notebook-", ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            notebook,
            kernel_name=KERNEL,
            timeout=CELL_SECONDS,
            startup_timeout=START_SECONDS,
            record_timing=False,
            coalesce_streams=True,  # As JupyterLab writes them.
            resources={"metadata": {"path": folder}},
        )
        client.execute()
    name_kernel(notebook)
    mark(notebook)
    return without_noise(notebook, name)


def name_kernel(notebook):
    """As JupyterLab writes it when it opens the notebook; the client has put the kernel's language there."""
    spec = get_kernel_spec(KERNEL)
    notebook.metadata["kernelspec"] = {"display_name": spec.display_name, "language": spec.language, "name": KERNEL}


def say(text, succeeded=True):
    print(text, flush=True)
    return succeeded


if __name__ == "__main__":
    main()
