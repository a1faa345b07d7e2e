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
WIDGET = "application/vnd.jupyter.widget-view+json"
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


class WidgetsNotebook(notebook_case.NotebookCase):
    name = "widgets"
    test_figures_have_a_picture_for_readers_without_plotly = None  # It has none.

    def models(self):
        states = self.notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
        return {state["model_name"]: state for state in states}

    def test_widgets_say_in_words_what_they_are(self):
        shown = [data["text/plain"] for data in bundles(self.notebook) if WIDGET in data]
        self.assertRegex(shown[0], r"^VBox\(.*FloatSlider\(description: \"At least\".*Label\(value: \"\d+ of 256 patches\"\)")
        self.assertRegex(shown[1], r"^anywidget\(grid: \[16, 16\], source: Uint8Array of \d+ bytes,")

    def test_a_value_set_in_the_kernel_reached_the_handlers_and_the_front_end(self):
        models = self.models()
        self.assertEqual(models["FloatSliderModel"]["state"]["value"], 0.4)
        (counted,) = [data["text/plain"] for data in bundles(self.notebook) if "of 256 patches" in data.get("text/plain", "")][1:]
        self.assertEqual(counted.strip("'"), models["LabelModel"]["state"]["value"])
        self.assertGreater(int(counted.strip("'").split()[0]), 0)
        (output,) = models["OutputModel"]["state"]["outputs"]
        self.assertTrue(base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG"))

    def test_binary_values_are_saved_as_bytes(self):
        buffers = {tuple(each["path"]): base64.b64decode(each["data"]) for each in self.models()["AnyModel"]["buffers"]}
        self.assertEqual(len(buffers[("cosines",)]), 4 * 256)
        self.assertTrue(buffers[("source",)].startswith(b"\xff\xd8") or buffers[("source",)].startswith(b"\x89PNG"))


if __name__ == "__main__":
    unittest.main()
