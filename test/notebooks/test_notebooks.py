"""Every tutorial notebook is paired with its text form; the first two show what their text says, with and without our extension."""

import base64
import json
import re
import unittest

import jupytext
import nbformat
from nbconvert import HTMLExporter

import notebook_case
from notebook_case import ROOT, bundles

CORRESPONDENCE = "application/vnd.fovea.correspondence.v1+json"
ALIGNMENT = "application/vnd.fovea.alignment.v1+json"
VIEW_BYTES = 300_000


def sources(notebook):
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


class Pairing(unittest.TestCase):
    def test_text_form_says_the_same(self):
        notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
        self.assertTrue(notebooks, "there is no notebook")
        for path in notebooks:
            with self.subTest(path.name):
                text = jupytext.read(path.with_suffix(".md"))
                self.assertEqual(sources(nbformat.read(path, as_version=4)), sources(text))
                self.assertEqual(text.metadata.kernelspec["name"], "fovea")
                self.assertEqual(text.metadata.kernelspec["language"], "typescript")


def check_views(case, mime, description):
    """The views of a notebook carry a picture and a description, and stay small."""
    views = [data for data in bundles(case.notebook) if mime in data]
    case.assertGreaterEqual(len(views), 2)
    for data in views:
        case.assertLess(len(json.dumps(data[mime])), VIEW_BYTES)
        case.assertTrue(base64.b64decode(data["image/png"]).startswith(b"\x89PNG"))
        case.assertRegex(data["text/plain"], description)


class CorrespondenceNotebook(notebook_case.NotebookCase):
    name = "01-correspondence"

    def test_views_carry_a_picture_and_a_description_and_stay_small(self):
        check_views(self, CORRESPONDENCE, "PCK")

    def test_the_table_ranks_the_encoders_as_the_text_says(self):
        pck = {row["name"]: float(row["PCK@0.1"]) for row in self.table_with("name", "PCK@0.1", "95 % interval")}
        self.assertGreater(pck["zoo/parts-hybrid"], pck["oracle-box"])
        self.assertGreater(pck["zoo/parts-hybrid"], pck["zoo/clip-vit"])
        self.assertGreater(pck["zoo/clip-vit"], pck["zoo/untrained-hybrid"])
        self.assertLess(pck["zoo/untrained-hybrid"], pck["same-position"])

    def test_a_page_made_by_nbconvert_shows_pictures(self):
        body, _ = HTMLExporter().from_notebook_node(self.notebook)
        self.assertGreaterEqual(body.count("data:image/png;base64,"), 4)
        self.assertGreaterEqual(body.count("data:image/svg+xml;base64,"), 2)


class AlignmentNotebook(notebook_case.NotebookCase):
    name = "02-alignment"

    def test_views_carry_a_picture_and_a_description_and_stay_small(self):
        check_views(self, ALIGNMENT, "cosine")

    def test_captions_are_found_and_relations_are_not_as_the_text_says(self):
        rows = {row["question"]: row["right"] for row in self.table_with("question", "right", "chance")}
        shares = [int(a) / int(b) for a, b in re.findall(r"(\d+) of (\d+)", " ".join(rows.values()))]
        recall, category, colour, relation = shares
        self.assertGreater(recall, 0.3)
        self.assertGreater(category, colour)
        self.assertGreater(colour, relation + 0.1)

    def test_the_reference_agrees_with_itself_and_more_than_the_control(self):
        column = "A score against zoo/clip-vit"
        score = {row["encoder"]: float(row[column]) for row in self.table_with("encoder", column)}
        self.assertEqual(score["zoo/clip-vit"], 1)
        self.assertGreater(score["zoo/parts-hybrid"], score["zoo/untrained-hybrid"])


if __name__ == "__main__":
    unittest.main()
