"""Terminals as programs see them: colors of the output, and lines read from the user."""

import os
import unittest
from unittest import mock

from harness import TIMEOUT, Kernel

PICOCOLORS = """
const { env, stdout } = process;
const isColorSupported = !env.NO_COLOR && (!!env.FORCE_COLOR || (stdout.isTTY && env.TERM !== "dumb") || !!env.CI);
"""


class ColorTests(unittest.TestCase):
    def start(self, **env):
        removed = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS")}
        with mock.patch.dict(os.environ, removed, clear=True):
            kernel = Kernel(**env)
        self.addCleanup(kernel.stop)
        return kernel

    def test_libraries_color_and_results_and_console_stay_plain(self):
        kernel = self.start()
        # The rules of chalk's supports-color and of picocolors.
        self.assertEqual(kernel.run(f"{PICOCOLORS} [isColorSupported, Number(env.FORCE_COLOR)]").value, "[ true, 3 ]")
        result = kernel.run("import { styleText } from 'node:util'; console.log(styleText('red', 'x'), { a: 1 }); console.error([1]); ({ b: 2 })")
        self.assertEqual((result.text(), result.text("stderr"), result.value), ("\x1b[31mx\x1b[39m { a: 1 }\n", "[ 1 ]\n", "{ b: 2 }"))
        self.assertEqual(kernel.run("process.stdout.isTTY ?? false").value, "false")
        self.assertEqual(kernel.run("!echo $FORCE_COLOR").text(), "3\n")

    def test_the_users_environment_decides(self):
        self.assertEqual(self.start(NO_COLOR="1").run(f"{PICOCOLORS} [isColorSupported, env.FORCE_COLOR]").value, "[ false, undefined ]")
        self.assertEqual(self.start(FORCE_COLOR="0").run("process.env.FORCE_COLOR").value, "'0'")


class ReadlineTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def setUp(self):
        self.kernel.run("%reset")

    def asked(self, code, *answers):
        """Runs a cell, giving an answer to each question; the questions and the result."""
        questions = []
        cell = self.kernel.client.execute(code, allow_stdin=True)
        for answer in answers:
            questions.append(self.kernel.client.get_stdin_msg(timeout=TIMEOUT)["content"]["prompt"])
            self.kernel.client.input(answer)
        return questions, self.kernel.finish(cell)

    def test_question_asks_in_the_notebook(self):
        make = "const rl = createInterface({ input: process.stdin, output: process.stdout });"
        code = f"import {{ createInterface }} from 'node:readline/promises'; {make} const all = [await rl.question('Name? '), await rl.question('Age? ')]; rl.close(); all"
        questions, result = self.asked(code, "Ann", "5")
        self.assertEqual((questions, result.value, result.text()), (["Name? ", "Age? "], "[ 'Ann', '5' ]", ""))
        self.assertIn("closed", self.kernel.run("await rl.question('x')").error["evalue"])
        code = "import readline from 'readline'; const old = readline.createInterface(process.stdin, process.stdout); await new Promise((done) => old.question('Q', done))"
        self.assertEqual(self.asked(code, "yes")[1].value, "'yes'")
        code = "import { promisify } from 'node:util'; await promisify(old.question).call(old, 'P')"
        self.assertEqual(self.asked(code, "p")[1].value, "'p'")

    def test_a_question_without_a_front_end_or_interrupted_ends_the_cell(self):
        code = "import { createInterface } from 'node:readline/promises'; const rl = createInterface(process.stdin); await rl.question('x')"
        result = self.kernel.finish(self.kernel.client.execute(code, allow_stdin=False))
        self.assertEqual(result.error["ename"], "StdinNotAllowed")
        cell = self.kernel.client.execute(code, allow_stdin=True)
        self.kernel.client.get_stdin_msg(timeout=TIMEOUT)
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.kernel.finish(cell).error["ename"], "KeyboardInterrupt")
        self.assertEqual(self.asked("await rl.question('x')", "on")[1].value, "'on'")

    def test_other_ways_to_read_name_prompt_and_hang_nothing(self):
        self.kernel.run("import readline from 'node:readline'; const lines = readline.createInterface({ input: process.stdin });")
        wait = "await new Promise(() => {})"
        for code in ("for await (const line of lines) line", "lines.on('line', () => {})", "lines.once('line', () => {})", "for await (const part of process.stdin) part", f"process.stdin.on('data', () => {{}}); {wait}", f"process.stdin.pipe(process.stdout); {wait}"):
            error = self.kernel.run(code).error
            self.assertEqual(error["ename"], "NoStandardInput", code)
            self.assertIn("prompt(", error["evalue"])

    def test_what_reads_the_descriptor_itself_finds_it_empty(self):
        self.kernel.run("import { readFileSync, readSync } from 'node:fs'; import { execSync } from 'node:child_process';")
        for code in ("readFileSync(0, 'utf8').length", "readSync(0, new Uint8Array(8))", "readFileSync('/dev/stdin', 'utf8').length", "execSync('cat', { stdio: ['inherit', 'pipe', 'pipe'] }).length"):
            self.assertEqual(self.kernel.run(code).value, "0", code)

    def test_lines_of_other_streams_are_read_as_ever(self):
        code = "import { Readable } from 'node:stream'; import readline from 'node:readline'; const seen = []; for await (const line of readline.createInterface({ input: Readable.from(['a\\nb']) })) seen.push(line); seen"
        self.assertEqual(self.kernel.run(code).value, "[ 'a', 'b' ]")


if __name__ == "__main__":
    unittest.main()
