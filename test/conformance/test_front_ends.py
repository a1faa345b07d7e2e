"""Front ends other than JupyterLab: the terminal, and those that know nothing of our extension (VS Code, nbconvert)."""

import base64
import sys
import time
import unittest
from pathlib import Path

import pexpect

from harness import TIMEOUT, Kernel, install_kernelspec

PAIR = Path(__file__).resolve().parents[1] / "view" / "synthetic.ts"


class ConsoleTests(unittest.TestCase):
    """`jupyter console` on a terminal of its own, typed at and read."""

    def setUp(self):
        install_kernelspec()
        program = Path(sys.executable).parent / "jupyter-console"
        # By itself it gives up `is_complete` after a second, and then asks for an empty line at the end of each cell.
        patience = [f"--ZMQTerminalInteractiveShell.{name}={TIMEOUT}" for name in ("kernel_timeout", "kernel_is_complete_timeout")]
        options = ["--kernel", "fovea", "--simple-prompt", *patience]
        self.console = pexpect.spawn(str(program), options, encoding="utf8", timeout=TIMEOUT, echo=False)
        self.addCleanup(self.console.close, force=True)
        self.console.expect(r"In \[1\]: ")

    def type(self, line, *shown):
        self.console.sendline(line)
        for text in (*shown, r"In \[\d+\]: "):
            self.console.expect(text)

    def test_cells_errors_questions_and_interrupts(self):
        self.type("const n: number = 6 * 7; n", r"Out\[1\]: 42")
        self.type("const wrong: string = n", "TypeScriptError")
        self.console.sendline("prompt('Name? ')")
        self.console.expect(r"Name\? ")
        self.type("Ada", "'Ada'")
        self.console.sendline("console.log('begun'); while (true);")
        self.console.expect("begun\r\n")
        # While it prints, the console takes a lock between its threads again and again; its handler of SIGINT takes the same one, and
        # waits for ever where it comes in between. A second later it only polls.
        time.sleep(1)
        self.console.sendintr()
        self.console.expect("KeyboardInterrupt")
        self.type("n + 1", "43")
        self.console.sendeof()
        self.console.expect("really want to exit")
        self.console.sendline("y")
        self.console.expect(pexpect.EOF)

    def test_exit_leaves_without_a_question(self):
        self.type("const left = 1; left", "1")
        self.console.sendline("exit")
        self.console.expect("Shutting down kernel")
        self.console.expect(pexpect.EOF)


class PlainFrontEndTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def test_kernel_info_names_the_language_for_editors(self):
        info = self.kernel.ask(self.kernel.client.kernel_info())["language_info"]
        self.assertEqual((info["name"], info["file_extension"]), ("typescript", ".ts"))
        self.assertEqual((info["mimetype"], info["pygments_lexer"]), ("text/x-typescript", "typescript"))
        from pygments.lexers import get_lexer_by_name

        self.assertIn("*" + info["file_extension"], get_lexer_by_name(info["pygments_lexer"]).filenames)

    def test_a_viewer_is_a_picture_and_a_text_where_our_types_are_unknown(self):
        self.kernel.run(PAIR.read_text().replace("export ", ""))
        result = self.kernel.run(
            'import { view } from "fovea";\nconst { source, target } = syntheticPair();\n'
            "await view.correspondence(source, target, syntheticEncoder)"
        )
        self.assertEqual(result.reply["status"], "ok", result.reply)
        (shown,) = result.of("execute_result", "display_data")
        known = {mime: content for mime, content in shown["data"].items() if "fovea" not in mime}
        self.assertTrue(base64.b64decode(known["image/png"]).startswith(b"\x89PNG"))
        self.assertRegex(known["text/plain"], r"\w{4}")

    def test_progress_is_one_output_that_is_replaced(self):
        result = self.kernel.run(
            'import { data, features } from "fovea";\n'
            'const set = await data.world.writeSpair("progress", { split: "test", images: 28, pairs: 28 });\n'
            'await features.extract({ encoder: "zoo/parts-hybrid", images: "progress/JPEGImages", out: "features", batchSize: 4, device: "cpu" })'
        )
        self.assertEqual(result.reply["status"], "ok", result.reply)
        # On a busy machine the drawing of the pictures takes long enough for a bar of its own.
        shown = result.of("display_data")
        (first,) = [content for content in shown if "Extracting" in content["data"].get("text/html", "")]
        *_, last = result.of("update_display_data")
        self.assertEqual(first["transient"], last["transient"])
        self.assertIn("0 of 28 images", first["data"]["text/plain"])
        self.assertIn("28 of 28 images", last["data"]["text/plain"])
        self.assertIn('<progress aria-label="Extracting" value="28" max="28">', last["data"]["text/html"])


if __name__ == "__main__":
    unittest.main()
