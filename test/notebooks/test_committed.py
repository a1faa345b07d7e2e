"""Committed notebooks are run, small, and as JupyterLab and jupytext would write them: to open one changes no file."""

import copy
import unittest
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.kernelspec import get_kernel_spec
from jupyter_client.manager import start_new_kernel

from notebook_case import ROOT, START_SECONDS
from notebook_noise import without_noise
from notebook_record import MAX_BYTES, code_cells, largest_outputs, mark, problems

PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REMEDY = "run npm run notebooks"


def read(path):
    return nbformat.read(path, as_version=4)


def kernel_language():
    """The installed kernel's description of its language, which JupyterLab writes into a notebook that it opens."""
    manager, client = start_new_kernel(kernel_name="fovea", startup_timeout=START_SECONDS)
    try:
        return client.kernel_info(reply=True, timeout=START_SECONDS)["content"]["language_info"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


class Committed(unittest.TestCase):
    def test_there_are_notebooks(self):
        self.assertTrue(PATHS)

    def test_every_code_cell_has_the_outputs_of_its_present_code(self):
        for path in PATHS:
            with self.subTest(path.name):
                found = problems(read(path))
                self.assertFalse(found, "\n".join([f"{path.name}: {REMEDY}", *found]))

    def test_a_translation_has_the_code_of_its_original(self):
        translations = [path for path in PATHS if "." in path.stem]
        self.assertTrue(translations)
        for path in translations:
            original = path.with_name(f"{path.stem.split('.')[0]}.ipynb")
            with self.subTest(path.name):
                codes = [[cell.source for cell in code_cells(read(each))] for each in (path, original)]
                self.assertEqual(*codes)

    def test_none_is_too_large_for_a_reader_on_the_web(self):
        for path in PATHS:
            with self.subTest(path.name):
                self.assertLessEqual(path.stat().st_size, MAX_BYTES, largest_outputs(read(path)))

    def test_the_kernel_says_the_same_of_itself(self):
        language = kernel_language()
        spec = get_kernel_spec("fovea")
        named = {"display_name": spec.display_name, "language": spec.language, "name": "fovea"}
        for path in PATHS:
            with self.subTest(path.name):
                metadata = read(path).metadata
                self.assertEqual(metadata.language_info, language, REMEDY)
                self.assertEqual(metadata.kernelspec, named, REMEDY)

    def test_saving_would_write_the_same_bytes(self):
        for path in PATHS:
            with self.subTest(path.name):
                notebook = read(path)
                self.assertEqual(path.read_text("utf8"), nbformat.writes(notebook) + "\n", REMEDY)
                text = jupytext.writes(notebook, fmt="md")
                self.assertEqual(path.with_suffix(".md").read_text("utf8"), text, REMEDY)

    def test_no_output_names_a_folder_of_the_machine_that_made_it(self):
        for path in PATHS:
            with self.subTest(path.name):
                text = path.read_text("utf8")
                for folder in (f"{ROOT}/", f"{Path.home()}/", "fovea-notebook-"):
                    self.assertNotIn(folder, text)


def executed(*sources):
    """A notebook whose cells printed something, marked as up to date."""
    notebook = nbformat.v4.new_notebook()
    for i, source in enumerate(sources, 1):
        output = nbformat.v4.new_output("stream", text=f"{i}\n" * i)
        notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"cell-{i}", execution_count=i, outputs=[output]))
    mark(notebook)
    return notebook


class Record(unittest.TestCase):
    def test_an_executed_notebook_is_up_to_date_and_text_may_change(self):
        notebook = executed("1", "2")
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell("new words"))
        self.assertEqual(problems(notebook), [])

    def test_changed_moved_and_removed_code_is_stale(self):
        for change in (
            lambda cells: cells[0].update(source="1 + 1"),
            lambda cells: cells.reverse(),
            lambda cells: cells.pop(),
        ):
            notebook = executed("1", "2")
            change(notebook.cells)
            self.assertEqual(problems(notebook), ["its outputs are of other code cells"])

    def test_a_cell_that_was_not_run_or_failed_is_named(self):
        notebook = executed("const a = 1;\na", "2")
        notebook.cells[0].execution_count = None
        notebook.cells[1].outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
        self.assertEqual(problems(notebook), ["code cell 1 has no recorded run: const a = 1;", "code cell 2 failed: 2"])

    def test_a_notebook_without_a_digest_says_so(self):
        notebook = executed("1")
        del notebook.metadata["fovea"]
        self.assertEqual(problems(notebook), ["it does not say which code its outputs are of"])

    def test_the_largest_outputs_come_first(self):
        self.assertEqual(largest_outputs(executed("1", "2"), 1), ["code cell 2, stream: 8 bytes"])


class Noise(unittest.TestCase):
    def with_widget(self, model_id):
        notebook = executed("slider")
        data = {"application/vnd.jupyter.widget-view+json": {"model_id": model_id}}
        code_cells(notebook)[0].outputs = [nbformat.v4.new_output("execute_result", data=data, execution_count=1)]
        state = {model_id: {"model_name": "SliderModel", "state": {"layout": f"IPY_MODEL_{model_id}"}}}
        notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": state}}
        return notebook

    def test_two_runs_give_the_same_names_to_widgets(self):
        first, second = (without_noise(self.with_widget(name), "n") for name in ("a" * 32, "b" * 32))
        self.assertEqual(first, second)
        self.assertNotIn("a" * 32, nbformat.writes(first))

    def test_a_notebook_without_widgets_stays_as_it_is(self):
        notebook = executed("1")
        self.assertEqual(without_noise(copy.deepcopy(notebook), "n"), notebook)


if __name__ == "__main__":
    unittest.main()
