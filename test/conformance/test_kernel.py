"""jupyter_kernel_test, all of it configured. Run by unittest: under pytest a test passes though its subtests failed."""

import unittest

import jupyter_kernel_test
from jupyter_kernel_test.msgspec_v5 import validate_message

from harness import TIMEOUT, install_kernelspec, is_idle


class FoveaKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "fovea"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = 'console.log("hello, world");'
    code_stderr = 'console.error("oops");'
    completion_samples = [
        {"text": "Math.flo", "matches": ["floor"]},
        {"text": "const ab = { width: 1, height: 2 }; ab.hei", "matches": ["height"]},
        {"text": "process.pla", "matches": ["platform"]},
    ]
    complete_code_samples = ["1 + 1", "const a = 5;", "function f() { return 1 }", "// note", "interface A { x: number }"]
    incomplete_code_samples = ["function f() {", "const a = [1,", "foo(", "`abc", "if (true) {\n  x"]
    invalid_code_samples = ["const = 5;", "let 1a = 3", "foo)", "a b c d"]
    code_page_something = "?Math.max"
    code_generate_error = "throw new Error('broken');"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "`a${1 + 1}`", "result": "'a2'"},
        {"code": "[1, 2].map((x) => x + 1)", "result": "[ 2, 3 ]"},
        {"code": "await Promise.resolve({ a: 1 })", "result": "{ a: 1 }"},
    ]
    code_display_data = [
        {"code": 'import { display } from "fovea"; display({ "text/html": "<b>x</b>" })', "mime": "text/html"},
        {"code": 'display({ "application/geo+json": { type: "Point" } })', "mime": "application/geo+json"},
    ]
    code_history_pattern = "6*7"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.max"
    code_clear_output = 'import { clearOutput } from "fovea"; clearOutput()'

    @classmethod
    def setUpClass(cls):
        install_kernelspec()
        super().setUpClass()
        for channel in (cls.kc.shell_channel, cls.kc.iopub_channel):
            patiently(channel)

    def flush_channels(self):
        """Up to the idle of a request of our own; the base class takes a silence of 0.1 s for the end."""
        msg_id = self.kc.kernel_info()
        while (reply := self.kc.get_shell_msg())["parent_header"]["msg_id"] != msg_id:
            validate_message(reply)
        validate_message(reply, "kernel_info_reply", msg_id)
        while True:
            message = self.kc.get_iopub_msg()
            validate_message(message)
            if message["parent_header"].get("msg_id") == msg_id and is_idle(message):
                return


def patiently(channel):
    """The base class waits 0.1 s for the next message, which a busy machine may take longer to bring."""
    get_msg = channel.get_msg
    channel.get_msg = lambda timeout=None: get_msg(timeout=TIMEOUT)


class FoveaWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "fovea"
    support_iopub_welcome = True

    @classmethod
    def setUpClass(cls):
        install_kernelspec()
        super().setUpClass()


# The imported base classes would be collected too, and skip everything.
del jupyter_kernel_test


if __name__ == "__main__":
    unittest.main()
