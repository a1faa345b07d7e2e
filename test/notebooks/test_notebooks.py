"""Every tutorial notebook runs from top to bottom, is paired with its text form and shows something without our extension."""

import base64
import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parents[2]
CORRESPONDENCE = "application/vnd.fovea.correspondence.v1+json"
PLOTLY = "application/vnd.plotly.v1+json"
CELL_SECONDS = 300
VIEW_BYTES = 300_000


def notebooks():
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def sources(notebook):
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


def bundles(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                yield output["data"]


class Pairing(unittest.TestCase):
    def test_text_form_says_the_same(self):
        self.assertTrue(notebooks(), "there is no notebook")
        for path in notebooks():
            with self.subTest(path.name):
                text = jupytext.read(path.with_suffix(".md"))
                self.assertEqual(sources(nbformat.read(path, as_version=4)), sources(text))
                self.assertEqual(text.metadata.kernelspec["name"], "fovea")
                self.assertEqual(text.metadata.kernelspec["language"], "typescript")


class FirstNotebook(unittest.TestCase):
    """01-correspondence, run once in a folder of its own; each test looks at what it left."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="fovea-notebook-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        notebook = nbformat.read(ROOT / "notebooks" / "01-correspondence.ipynb", as_version=4)
        client = NotebookClient(
            notebook, timeout=CELL_SECONDS, kernel_name="fovea", resources={"metadata": {"path": folder}}
        )
        cls.notebook = client.execute()

    def test_no_cell_fails_and_none_writes_to_stderr(self):
        for cell in self.notebook.cells:
            for output in cell.get("outputs", []):
                self.assertNotEqual(output.output_type, "error", cell.source)
                self.assertNotEqual(output.get("name"), "stderr", output.get("text"))

    def test_views_carry_a_picture_and_a_description_and_stay_small(self):
        views = [data for data in bundles(self.notebook) if CORRESPONDENCE in data]
        self.assertGreaterEqual(len(views), 2)
        for data in views:
            self.assertLess(len(json.dumps(data[CORRESPONDENCE])), VIEW_BYTES)
            self.assertTrue(base64.b64decode(data["image/png"]).startswith(b"\x89PNG"))
            self.assertRegex(data["text/plain"], r"PCK")

    def test_figures_have_a_picture_for_readers_without_plotly(self):
        figures = [data for data in bundles(self.notebook) if PLOTLY in data]
        self.assertTrue(figures)
        for data in figures:
            self.assertTrue("image/svg+xml" in data or "image/png" in data, list(data))

    def test_the_table_ranks_the_encoders_as_the_text_says(self):
        rows = self.table()
        parts, contrastive, control = (rows[name] for name in ("zoo/parts-hybrid", "zoo/clip-vit", "zoo/untrained-hybrid"))
        self.assertGreater(parts, rows["oracle-box"])
        self.assertGreater(parts, contrastive)
        self.assertGreater(contrastive, control - 3)

    def table(self):
        """PCK by row name, out of the table that the notebook shows."""
        for data in bundles(self.notebook):
            rows = re.findall(r"<tr>(.*?)</tr>", data.get("text/html", ""), re.S)
            cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in rows]
            found = {row[0]: float(row[2]) for row in cells if len(row) == 4}
            if "oracle-box" in found:
                return found
        self.fail("the notebook shows no PCK table")

    def test_a_page_made_by_nbconvert_shows_pictures(self):
        body, _ = HTMLExporter().from_notebook_node(self.notebook)
        self.assertGreaterEqual(body.count("data:image/png;base64,"), 4)
        self.assertGreaterEqual(body.count("data:image/svg+xml;base64,"), 2)


if __name__ == "__main__":
    unittest.main()
