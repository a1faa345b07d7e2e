"""Interrupts that come while a cell is within code of the session or of Node."""

import unittest
from pathlib import Path

from harness import Kernel

SLOW_LINK = Path(__file__).with_name("slow_link.cjs")


class InterruptTests(unittest.TestCase):
    def test_an_interrupt_during_a_write_to_the_kernel_breaks_no_link(self):
        """Its output is seen before the session has noted that it is written; stopped there, the session would say nothing more."""
        kernel = Kernel(NODE_OPTIONS=f"--require {SLOW_LINK}")
        self.addCleanup(kernel.stop)
        for loop in ("while (true) turns++;", "for (;;) setTimeout(() => {}, 1e6);"):
            kernel.run("var turns = 0;")
            cell = kernel.client.execute(f"await (() => {{ console.log('begun'); {loop} }})()")
            kernel.next_of("stream")
            kernel.manager.interrupt_kernel()
            self.assertEqual(kernel.finish(cell).reply["ename"], "KeyboardInterrupt")
            self.assertEqual(kernel.run("console.log('on'); 1 + 1").value, "2")

    def test_interrupts_one_after_another_each_stop_their_cell_and_no_other(self):
        kernel = Kernel()
        self.addCleanup(kernel.stop)
        bodies = ("while (true) turns++;", "await new Promise(() => {});", "await null; while (true) turns++;")
        kernel.run("let turns = 0;")
        for turn in range(60):
            cell = kernel.client.execute(f"console.log('begun'); {bodies[turn % 3]}")
            kernel.next_of("stream")
            kernel.manager.interrupt_kernel()
            self.assertEqual(kernel.finish(cell).reply["ename"], "KeyboardInterrupt")
            self.assertEqual(kernel.run("await null; let n = 0; for (let i = 0; i < 1e4; i++) n++; n").value, "10000")

    def test_an_interrupt_within_work_that_node_counts_leaves_the_session(self):
        kernel = Kernel()
        self.addCleanup(kernel.stop)
        session = kernel.run("import { AsyncResource } from 'node:async_hooks'; const work = new AsyncResource('work'); const session = process.pid; session").value
        nested = "work.runInAsyncScope(() => work.runInAsyncScope(() => { console.log('begun'); for (;;); }))"
        for code in (nested, f"await null; {nested}", f"const run = async () => {{ {nested} }}; await run()"):
            cell = kernel.client.execute(code)
            kernel.next_of("stream", accept=lambda m: "begun" in m["content"]["text"])
            kernel.manager.interrupt_kernel()
            self.assertEqual(kernel.finish(cell).reply["ename"], "KeyboardInterrupt")
            self.assertEqual(kernel.run("await null; session").value, session)
        self.assertEqual(kernel.run("setTimeout(() => console.log('timer'), 5); await new Promise((r) => setTimeout(r, 50))").text(), "timer\n")

    def test_a_session_survives_the_removal_of_all_listeners(self):
        kernel = Kernel()
        self.addCleanup(kernel.stop)
        session = kernel.run("const session = process.pid; session").value
        kernel.run("process.removeAllListeners(); setTimeout(() => { throw new Error('late') }); Promise.reject(1)")
        self.assertEqual(kernel.run("await new Promise((r) => setTimeout(r, 50)); session").value, session)
        for code in ("for (;;);", "await new Promise(() => {})"):
            cell = kernel.client.execute(code)
            kernel.next_of("execute_input", accept=lambda m: m["content"]["code"] == code)
            kernel.manager.interrupt_kernel()
            self.assertEqual(kernel.finish(cell).reply["ename"], "KeyboardInterrupt")
        self.assertEqual(kernel.run("session").value, session)


if __name__ == "__main__":
    unittest.main()
