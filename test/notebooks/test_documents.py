"""Examples of the documents do what they say: TypeScript runs in the real kernel, commands and their options exist."""

import functools
import json
import re
import subprocess
import tempfile
import unittest

import nbformat
from nbclient import NotebookClient

from documents import alternatives, blocks, commands, documents
from notebook_case import CELL_SECONDS, ROOT, START_SECONDS

CLI = ROOT / "kernel" / "dist" / "cli.js"
CORRESPONDENCE = "application/vnd.fovea.correspondence.v1+json"
PATHS = documents()


@functools.cache
def execute(document):
    """The TypeScript blocks of a document, run in their order in one session, and the cells that they became."""
    found = list(blocks(document, "ts", "typescript"))
    notebook = nbformat.v4.new_notebook()
    notebook.cells.extend(nbformat.v4.new_code_cell(block.code) for block in found)
    options = {"timeout": CELL_SECONDS, "startup_timeout": START_SECONDS, "allow_errors": True}
    with tempfile.TemporaryDirectory(prefix="fovea-document-", ignore_cleanup_errors=True) as folder:
        NotebookClient(notebook, kernel_name="fovea", resources={"metadata": {"path": folder}}, **options).execute()
    return found, notebook.cells


class Snippets(unittest.TestCase):
    def test_each_runs(self):
        for document in PATHS:
            # Notebooks have other tests.
            if document.startswith("notebooks/") or not any(blocks(document, "ts", "typescript")):
                continue
            with self.subTest(document):
                found, cells = execute(document)
                places = {block.code: block.place for block in found}
                for cell in cells:
                    errors = [output for output in cell.outputs if output.output_type == "error"]
                    self.assertFalse(errors, f"{places[cell.source]}: {plain(errors[0].traceback) if errors else None}")

    def test_the_first_of_the_readme_shows_a_viewer(self):
        _, cells = execute("README.md")
        shown = [output.data for output in cells[0].outputs if output.output_type == "execute_result"]
        self.assertIn(CORRESPONDENCE, shown[0])


def plain(traceback):
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(traceback))


@functools.cache
def usage(words):
    """Help text of a command."""
    run = subprocess.run(["node", str(CLI), *words, "--help"], check=True, capture_output=True, text=True)
    return run.stdout


def complaint(words):
    """Returns the reason why `fovea <words>` cannot be a command, or nothing."""
    names = [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)][:2]
    text = usage(tuple(names))
    known = set(re.findall(r"^(?:usage: | {7})fovea ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", text, re.M))
    is_group = any(command.startswith(f"{' '.join(names)} ") for command in known)
    if not is_group and not known & {" ".join(names), names[0]}:
        return f"there is no command fovea {' '.join(words)}"
    given = {word.split("=")[0] for word in words if word.startswith("--")}
    unknown = given - set(re.findall(r"--[\w-]+", text))
    return f"fovea {' '.join(names)} has no option {', '.join(sorted(unknown))}" if unknown else None


class Commands(unittest.TestCase):
    def test_each_exists_with_its_options(self):
        checked = 0
        for document in PATHS:
            for place, words in commands(document):
                checked += 1
                with self.subTest(place):
                    self.assertIsNone(complaint(words), place)
        self.assertGreater(checked, 10)

    def test_what_does_not_exist_is_noticed(self):
        for line in ("world paint", "nonsense", "extract --quickly", "law fitting"):
            self.assertIsNotNone(complaint(line.split()), line)
        for line in ("world write --count 3", "backend install cuda", "extract", "law fit --json"):
            self.assertIsNone(complaint(line.split()), line)

    def test_a_bar_gives_alternatives(self):
        expected = [["adapter", "inspect"], ["adapter", "merge"]]
        self.assertEqual(list(alternatives("adapter inspect | merge".split())), expected)

    def test_each_npm_script_exists(self):
        scripts = json.loads((ROOT / "package.json").read_text("utf8"))["scripts"]
        for document in PATHS:
            for name in re.findall(r"\bnpm run ([\w:-]+)", (ROOT / document).read_text("utf8")):
                self.assertIn(name, scripts, document)


if __name__ == "__main__":
    unittest.main()
