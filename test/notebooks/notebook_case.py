"""Common part of the notebook tests: one run of a notebook in a folder of its own, and its outputs by kind."""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "binder"))
PLOTLY = "application/vnd.plotly.v1+json"
CELL_SECONDS = 1500  # They only bound a failure.
START_SECONDS = 300


def checkout(test_class):
    """A repository with the notebooks and what git is told to ignore, which goes when the test class is done."""
    folder = Path(tempfile.mkdtemp(prefix="fovea-notebook-"))
    test_class.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
    shutil.copy(ROOT / ".gitignore", folder)
    (folder / "notebooks").mkdir()
    for path in (ROOT / "notebooks").iterdir():
        if path.is_file():
            shutil.copy(path, folder / "notebooks")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message=as it was")
    return folder


def git(folder, *words):
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout


def run(name, repository):
    """Executes notebooks/<name>.ipynb of a repository where it lies, as JupyterLab does. The file stays as it is."""
    folder = repository / "notebooks"
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    seconds = {"timeout": CELL_SECONDS, "startup_timeout": START_SECONDS}
    return NotebookClient(notebook, **seconds, kernel_name="fovea", resources=resources).execute()


def outputs(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell, output


def bundles(notebook):
    return [output["data"] for _, output in outputs(notebook) if "data" in output]


def printed(notebook):
    return "".join(output["text"] for _, output in outputs(notebook) if output.output_type == "stream")


def tables(notebook):
    """Each HTML table as a list of rows by column name, all text."""
    found = []
    for data in bundles(notebook):
        page = data.get("text/html", "")
        names = [strip(text) for text in re.findall(r"<th[^>]*>(.*?)</th>", page, re.S)]
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.S)]
        cells = [dict(zip(names, map(strip, row))) for row in rows if len(row) == len(names)]
        if names and cells:
            found.append(cells)
    return found


def strip(text):
    return re.sub(r"<[^>]+>", "", text).strip()


class NotebookCase(unittest.TestCase):
    """A notebook named by `name`, run once for the class; the tests here hold for any notebook."""

    name = None

    @classmethod
    def setUpClass(cls):
        if cls.name is None:
            raise unittest.SkipTest("a base class")
        cls.repository = checkout(cls)
        cls.notebook = run(cls.name, cls.repository)

    def test_it_leaves_nothing_that_git_would_see(self):
        self.assertEqual(git(self.repository, "status", "--porcelain", "--untracked-files=all"), "")

    def test_no_cell_fails_and_none_writes_to_stderr(self):
        for cell, output in outputs(self.notebook):
            self.assertNotEqual(output.output_type, "error", cell.source)
            self.assertNotEqual(output.get("name"), "stderr", output.get("text"))

    def test_figures_have_a_picture_for_readers_without_plotly(self):
        figures = [data for data in bundles(self.notebook) if PLOTLY in data]
        self.assertTrue(figures)
        for data in figures:
            self.assertTrue("image/svg+xml" in data or "image/png" in data, list(data))

    def test_lines_of_code_fit_beside_the_text(self):
        for cell in self.notebook.cells:
            if cell.cell_type == "code":
                for line in cell.source.split("\n"):
                    self.assertLessEqual(len(line), 100, line)

    def table_with(self, *columns):
        for rows in tables(self.notebook):
            if set(columns) <= set(rows[0]):
                return rows
        self.fail(f"no table has the columns {columns}")
