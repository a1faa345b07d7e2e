"""Digest in a notebook's metadata, by which committed outputs are known to come from the present code."""

import hashlib
import json

KEY = "fovea"
MAX_BYTES = 1_500_000


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def digest(notebook):
    """Digest of the code cells in their order. Text between them changes no output."""
    sources = [cell.source.strip() for cell in code_cells(notebook)]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def mark(notebook):
    """Notes that the outputs are those of the present cells."""
    notebook.metadata[KEY] = {"outputs_of": digest(notebook)}


def problems(notebook):
    """Reasons why the outputs are not what a run of the notebook would give, as far as the file tells; empty when it is up to date."""
    found = []
    for i, cell in enumerate(code_cells(notebook), 1):
        if cell.execution_count is None:
            found.append(f"code cell {i} has no recorded run: {first_line(cell)}")
        if any(output.output_type == "error" for output in cell.outputs):
            found.append(f"code cell {i} failed: {first_line(cell)}")
    recorded = notebook.metadata.get(KEY, {}).get("outputs_of")
    if recorded != digest(notebook):
        found.append("its outputs are of other code cells" if recorded else "it does not say which code its outputs are of")
    return found


def first_line(cell):
    return cell.source.strip().split("\n")[0]


def largest_outputs(notebook, count=5):
    """The parts of the outputs that take most of a file: lines with cell, kind and size."""
    sizes = []
    for i, cell in enumerate(code_cells(notebook), 1):
        for output in cell.outputs:
            parts = output.get("data") or {output.output_type: output.get("text", "")}
            sizes.extend((len(json.dumps(content)), f"code cell {i}, {kind}") for kind, content in parts.items())
    widgets = notebook.metadata.get("widgets")
    if widgets:
        sizes.append((len(json.dumps(widgets)), "state of widgets"))
    return [f"{name}: {size:,} bytes" for size, name in sorted(sizes, reverse=True)[:count]]
