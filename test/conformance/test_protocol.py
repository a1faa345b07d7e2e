"""Promises of the protocol, on real sockets, as a front end sees them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

from harness import ROOT, TIMEOUT, Kernel, alive, is_idle, wait_until

# A front end that dies in the middle of a cell.
STARTER = """
import sys; sys.path[:0] = ['test/conformance']
from harness import Kernel
kernel = Kernel()
session = kernel.run("process.pid").value
kernel.client.execute("while (true);")
print(kernel.pid, session, flush=True)
import time; time.sleep(600)
"""
HOST = 'const host = (globalThis as any)[Symbol.for("fovea.session.host")];'


class ExecutionTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def run_cell(self, code, **options):
        return self.kernel.run(code, **options)

    def test_order_of_messages(self):
        result = self.run_cell('console.log("a"); 5')
        self.assertEqual(result.types(), ["status", "execute_input", "stream", "execute_result", "status"])
        self.assertEqual(result.reply["status"], "ok")
        self.assertEqual(result.of("execute_input")[0]["code"], 'console.log("a"); 5')
        self.assertEqual(result.of("execute_result")[0]["execution_count"], result.reply["execution_count"])

    def test_a_type_error_is_refused_before_the_cell_runs_and_shown_by_line(self):
        result = self.run_cell('console.log("ran");\nconst wrong: string = 4;')
        self.assertEqual(result.reply["status"], "error")
        self.assertEqual(result.text(), "")
        self.assertEqual(result.error["ename"], "TypeScriptError")
        self.assertIn("2:7", result.error["evalue"])
        self.assertIn("const wrong: string = 4;", "\n".join(result.error["traceback"]))

    def test_a_traceback_points_into_each_cell_by_its_own_line(self):
        # Types and comments vanish from the JavaScript that runs, so its lines are not the cell's.
        definition = self.run_cell("interface Q { a: number }\n\nfunction fails(q: Q): never {\n  throw new RangeError('bad ' + q.a);\n}")
        result = self.run_cell("// a comment\ntype Z = number;\n\nfails({ a: 3 })")
        trace = "\n".join(result.error["traceback"])
        self.assertEqual((result.error["ename"], result.error["evalue"]), ("RangeError", "bad 3"))
        self.assertIn(f"cell {definition.reply['execution_count']}, line 4:", trace)
        self.assertTrue(trace.endswith(f"cell {result.reply['execution_count']}, line 4:1"), trace)
        self.assertIn("throw new RangeError", trace)
        self.assertNotIn("session", trace)

    def test_a_traceback_points_at_the_very_call(self):
        for code, column in [("JSON.parse('[')", 6), ("await 1; JSON.parse('[')", 15), ("let o: any = 1; o.b.c", 21), ("if (true) {\n  o.b.c }", 7)]:
            trace = self.run_cell(code).error["traceback"]
            self.assertTrue(trace[-1].endswith(f":{column}"), trace)
            frame = trace[1].replace("\x1b[31m", "").replace("\x1b[0m", "").splitlines()
            self.assertIn("    | " + " " * (column - 1) + "^", frame)

    def test_an_error_speaks_of_cells_wherever_it_is_printed(self):
        count = self.run_cell("const made = () => new Error('made')").reply["execution_count"]
        place = f"    at made (cell {count}, line 1:20)\n    at cell {{}}, line 1:{{}}"
        printed = self.run_cell("console.log(made())")
        self.assertEqual(printed.text(), "Error: made\n" + place.format(count + 1, 13) + "\n")
        self.assertEqual(self.run_cell("made()").value, "Error: made\n" + place.format(count + 2, 1))
        trace = self.run_cell("throw new Error('outer', { cause: made() })").error["traceback"]
        self.assertIn("caused by", trace[-1])
        self.assertIn(place.format(count + 3, 35), trace[-1])
        self.run_cell("let three: any = 3")
        self.assertEqual(self.run_cell("three()").error["evalue"], "three is not a function")
        several = self.run_cell("await Promise.any([made(), new TypeError('other')].map((error) => Promise.reject(error)))")
        self.assertEqual([line.split()[-1] for line in several.error["traceback"][-2:] for line in line.splitlines()[:1]], ["made", "other"])

    def test_an_error_that_is_no_error_object(self):
        result = self.run_cell("throw { code: 7 }")
        self.assertEqual(result.error["evalue"], "{ code: 7 }")

    def test_what_ran_before_an_error_stays(self):
        self.run_cell("const kept = 11; let later = 1; throw new Error('x'); later = 2")
        self.assertEqual(self.run_cell("[kept, later]").value, "[ 11, 1 ]")

    def test_a_function_sees_what_a_later_cell_assigns(self):
        self.run_cell("let level = 1; const read = () => level; const raise = () => { level++ }")
        self.assertEqual(self.run_cell("level = 5; read()").value, "5")
        self.assertEqual(self.run_cell("raise(); level").value, "6")

    def test_names_can_be_declared_again_with_another_type(self):
        self.run_cell("const again = 1")
        self.assertEqual(self.run_cell("const again = 'text'; again.length").value, "4")

    def test_falsy_values_are_results_and_undefined_is_none(self):
        for code, shown in [("0", "0"), ("''", "''"), ("false", "false"), ("null", "null")]:
            self.assertEqual(self.run_cell(code).value, shown)
        self.assertEqual(self.run_cell("undefined").of("execute_result"), [])

    def test_silent_and_store_history(self):
        before = self.run_cell("1").reply["execution_count"]
        silent = self.run_cell("2", silent=True)
        self.assertEqual(silent.types(), ["status", "status"])
        self.run_cell("3", store_history=False)
        self.assertEqual(self.run_cell("4").reply["execution_count"], before + 1)
        history = self.kernel.ask(self.kernel.client.history(hist_access_type="tail", n=2))
        self.assertEqual([entry[2] for entry in history["history"]], ["1", "4"])

    def test_user_expressions(self):
        reply = self.run_cell("const u = 20", user_expressions={"double": "u * 2", "bad": "nothing.here"}).reply
        self.assertEqual(reply["user_expressions"]["double"]["data"]["text/plain"], "40")
        self.assertEqual(reply["user_expressions"]["bad"]["status"], "error")

    def test_requests_waiting_behind_an_error_are_aborted_and_later_ones_run(self):
        client = self.kernel.client
        self.run_cell(f"{HOST} let go = (): void => undefined; host.registerCommTarget('go', () => go());")
        failing = client.execute("await new Promise<void>((r) => (go = r)); throw new Error('first')")
        self.kernel.next_of("execute_input", accept=lambda m: m["parent_header"]["msg_id"] == failing)
        waiting = [client.execute("'never'"), client.execute("'never'")]
        # On the same socket behind them: the cell fails when they are there.
        self.kernel.send("comm_open", {"comm_id": "go", "target_name": "go", "data": {}})
        self.assertEqual(self.kernel.finish(failing).reply["status"], "error")
        for msg_id in waiting:
            result = self.kernel.finish(msg_id)
            # A count, even an old one, would stand beside a cell that did not run.
            self.assertEqual(result.reply, {"status": "aborted"})
            self.assertEqual(result.types(), ["status", "status"])
        self.assertEqual(self.run_cell("'runs'").value, "'runs'")

    def test_requests_behind_an_error_run_without_stop_on_error(self):
        client = self.kernel.client
        failing = client.execute("await null; throw new Error('first')", stop_on_error=False)
        behind = client.execute("'still'")
        self.kernel.finish(failing)
        self.assertEqual(self.kernel.finish(behind).value, "'still'")

    def test_prompt_asks_the_front_end(self):
        client = self.kernel.client
        msg_id = client.execute("const given = prompt('Name? ') + promptPassword('Word? '); given", allow_stdin=True)
        first = client.get_stdin_msg(timeout=TIMEOUT)
        self.assertEqual(first["content"], {"prompt": "Name? ", "password": False})
        client.input("Zoë ")
        second = client.get_stdin_msg(timeout=TIMEOUT)
        self.assertEqual(second["content"], {"prompt": "Word? ", "password": True})
        client.input("sésame")
        self.assertEqual(self.kernel.finish(msg_id).value, "'Zoë sésame'")

    def test_prompt_without_a_front_end_that_takes_input_is_an_error(self):
        self.assertEqual(self.run_cell("prompt('x')", allow_stdin=False).error["ename"], "StdinNotAllowed")

    def test_is_complete(self):
        for code, status in [("1 +", "incomplete"), ("1", "complete"), ("1 1 1", "invalid"), ("/* a", "incomplete")]:
            self.assertEqual(self.kernel.ask(self.kernel.client.is_complete(code))["status"], status, code)

    def test_conveniences(self):
        shell = self.run_cell("!printf out; printf err >&2")
        self.assertEqual((shell.text(), shell.text("stderr")), ("out", "err"))
        self.assertIn("exit code 3", self.run_cell("!exit 3").error["evalue"])
        timed = self.run_cell("%time\n6 * 7")
        self.assertEqual(timed.value, "42")
        self.assertIn("Wall time:", timed.text())
        self.assertIn("no command of this kernel", self.run_cell("%magic").error["evalue"])
        kernel = Kernel()
        self.addCleanup(kernel.stop)
        kernel.run("const pixels = new Uint8Array(10); let word = 'four'")
        self.assertEqual(kernel.run("%who").value, "pixels  Uint8Array  10 B\nword    string      4 characters")
        kernel.run("%reset")
        self.assertEqual(kernel.run("pixels").error["ename"], "TypeScriptError")

    def test_exit_asks_the_front_end_unless_it_is_a_variable(self):
        ask = [{"source": "ask_exit", "keepkernel": False}]
        for code in ("exit", "quit()"):
            self.assertEqual(self.run_cell(code).reply["payload"], ask)
        kernel = Kernel()
        self.addCleanup(kernel.stop)
        kernel.run("const exit = 5; function quit() { return 6 }")
        for code, value in (("exit", "5"), ("quit()", "6")):
            result = kernel.run(code)
            self.assertEqual((result.value, result.reply["payload"]), (value, []))

    def test_debug_is_refused(self):
        client = self.kernel.client
        message = client.session.msg("debug_request", {"type": "request", "seq": 1, "command": "attach"})
        client.control_channel.send(message)
        reply = client.get_control_msg(timeout=TIMEOUT)
        self.assertEqual(reply["msg_type"], "debug_reply")
        self.assertFalse(reply["content"]["success"])


class StreamTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def test_no_line_of_many_is_lost_or_moved(self):
        for count in (5_000, 50_000):
            result = self.kernel.run(f"for (let i = 0; i < {count}; i++) console.log('line ' + i);")
            self.assertEqual(result.text(), "".join(f"line {i}\n" for i in range(count)))
            self.assertEqual(result.types()[-1], "status")

    def test_no_line_of_many_is_lost_by_nbclient(self):
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell, new_notebook

        notebook = new_notebook(cells=[new_code_cell("for (let i = 0; i < 50000; i++) console.log('line ' + i);")])
        NotebookClient(notebook, kernel_name="fovea", timeout=TIMEOUT, startup_timeout=TIMEOUT).execute()
        text = "".join(output["text"] for output in notebook.cells[0].outputs)
        self.assertEqual(text, "".join(f"line {i}\n" for i in range(50_000)))

    def test_lines_are_gathered_into_few_messages_of_less_than_a_megabyte(self):
        result = self.kernel.run("for (let i = 0; i < 50000; i++) console.log('x'.repeat(60));")
        streams = result.of("stream")
        self.assertLess(len(streams), 500)
        self.assertTrue(all(len(json.dumps(content)) < 1_000_000 for content in streams))

    def test_a_string_of_100_mb_is_cut_with_a_notice(self):
        result = self.kernel.run("console.log('x'.repeat(100e6)); console.log('after')")
        self.assertLess(len(result.text()), 3e6)
        self.assertIn("is cut after", result.text())
        self.assertTrue(result.text().endswith("after\n"))
        self.assertTrue(all(len(json.dumps(content)) < 1_000_000 for content in result.of("stream")))

    def test_every_way_of_writing(self):
        result = self.kernel.run(
            "import { execSync } from 'node:child_process';\n"
            "process.stdout.write('a'); process.stdout.write(new Uint8Array([98]));\n"
            "console.error('warned'); console.table([{ x: 1 }]);\n"
            "execSync('printf child; printf failing >&2', { stdio: 'inherit' });"
        )
        self.assertTrue(result.text().startswith("ab"))
        self.assertIn("child", result.text())
        self.assertIn("warned", result.text("stderr"))
        self.assertIn("failing", result.text("stderr"))

    def test_output_of_a_timer_goes_to_the_cell_that_started_it(self):
        self.kernel.run("let begun = false; let told = (): void => undefined;")
        wait = "const timer = setInterval(() => { if (!begun) return; clearInterval(timer); console.log('from the first'); told(); }, 10);"
        first = self.kernel.client.execute(wait)
        self.kernel.finish(first)
        second = self.kernel.run("console.log('in the second'); begun = true; await new Promise<void>((r) => (told = r));")
        self.assertEqual(second.text(), "in the second\n")
        late = [m for m in second.others if m["msg_type"] == "stream"]
        self.assertEqual([m["content"]["text"] for m in late], ["from the first\n"])
        self.assertEqual(late[0]["parent_header"]["msg_id"], first)

    def test_a_late_error_is_shown_in_the_cell_that_caused_it(self):
        first = self.kernel.client.execute("setTimeout(() => { throw new Error('late') }, 50); void Promise.reject(new Error('lost'));")
        self.kernel.finish(first)
        shown = ""
        while "late" not in shown or "lost" not in shown:
            message = self.kernel.next_of("stream")
            self.assertEqual(message["parent_header"]["msg_id"], first)
            shown += message["content"]["text"]
        self.assertEqual(self.kernel.run("1").value, "1")


class DisplayTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.kernel.run(HOST)

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def test_display_several_types_with_json_and_bytes(self):
        result = self.kernel.run(
            'host.display({ "text/plain": "t", "application/vnd.x+json": { a: [1, { b: null }] }, "audio/wav": new Uint8Array([1, 2]) },'
            ' { metadata: { m: 1 } })'
        )
        (content,) = result.of("display_data")
        self.assertEqual(content["data"], {"text/plain": "t", "application/vnd.x+json": {"a": [1, {"b": None}]}, "audio/wav": "AQI="})
        self.assertEqual(content["metadata"], {"m": 1})

    def test_update_display(self):
        result = self.kernel.run('host.display({ "text/plain": "1" }, { displayId: "d" }); host.display({ "text/plain": "2" }, { displayId: "d", update: true })')
        self.assertEqual(result.of("display_data")[0]["transient"], {"display_id": "d"})
        self.assertEqual(result.of("update_display_data")[0]["data"], {"text/plain": "2"})
        self.assertEqual(result.of("update_display_data")[0]["transient"], {"display_id": "d"})

    def test_order_between_streams_and_displays(self):
        result = self.kernel.run('console.log(1); host.display({ "text/plain": "2" }); console.log(3); host.clearOutput(true)')
        self.assertEqual(result.types()[2:-1], ["stream", "display_data", "stream", "clear_output"])

    def test_a_value_shows_itself_also_asynchronously(self):
        for method in ("() => ({ 'text/html': '<i>' })", "async () => ({ 'text/html': '<i>' })"):
            result = self.kernel.run(f"({{ [Symbol.for('Jupyter.display')]: {method} }})")
            data = result.of("execute_result")[0]["data"]
            self.assertEqual(data["text/html"], "<i>")
            self.assertIn("text/plain", data)

    def test_a_display_method_that_fails_is_an_error_of_the_cell(self):
        result = self.kernel.run("({ [Symbol.for('Jupyter.display')]() { throw new Error('no picture') } })")
        self.assertEqual(result.error["evalue"], "no picture")
        result = self.kernel.run("({ [Symbol.for('Jupyter.display')]: () => 4 })")
        self.assertIn("must give an object of mime types, received number", result.error["evalue"])

    def test_what_json_cannot_say_is_refused_by_name(self):
        result = self.kernel.run('host.display({ "application/x+json": { deep: [1n] } })')
        self.assertIn("display application/x+json.deep[0]: a bigint is no JSON value, received 1n", result.error["evalue"])
        result = self.kernel.run('const loop: any = {}; loop.self = loop; host.display({ "application/x+json": loop })')
        self.assertIn("must not contain itself", result.error["evalue"])
        self.assertEqual(self.kernel.run("1").value, "1")


class CommTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.kernel.run(HOST)
        cls.kernel.run(
            "const seen: any[] = []; host.registerCommTarget('echo', (comm: any, open: any) => {\n"
            "  comm.send({ opened: open.data }, { buffers: open.buffers });\n"
            "  comm.onMessage((m: any) => comm.send({ got: m.data }, { metadata: m.metadata, buffers: m.buffers.map((b: Uint8Array) => b.map((x) => x + 1)) }));\n"
            "  comm.onClose((m: any) => { seen.push(m.data) });\n"
            "});"
        )

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def comm(self, kind, comm_id, data=None, buffers=None, **content):
        return self.kernel.send(f"comm_{kind}", {"comm_id": comm_id, "data": {} if data is None else data, **content}, buffers)

    def until_idle(self, msg_id):
        messages = []
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") == msg_id:
                messages.append(message)
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    return messages

    def test_round_trip_with_buffers_and_status(self):
        buffer = bytes(range(256)) * 4096  # 1 MiB
        opened = self.until_idle(self.comm("open", "c1", {"n": 1}, [b"\x05"], target_name="echo"))
        self.assertEqual([m["msg_type"] for m in opened], ["status", "comm_msg", "status"])
        self.assertEqual(opened[1]["content"]["data"], {"opened": {"n": 1}})
        self.assertEqual(bytes(opened[1]["buffers"][0]), b"\x05")
        answered = self.until_idle(self.comm("msg", "c1", {"q": [1, 2]}, [buffer, b""]))
        self.assertEqual(answered[1]["content"], {"comm_id": "c1", "data": {"got": {"q": [1, 2]}}})
        self.assertEqual(bytes(answered[1]["buffers"][0]), bytes((x + 1) % 256 for x in buffer))
        self.assertEqual(len(answered[1]["buffers"]), 2)

    def test_large_buffers_at_once(self):
        # Some find room in the memory that the processes share, others go over the socket.
        self.until_idle(self.comm("open", "large", target_name="echo"))
        buffers = [bytes([i]) * size for i, size in enumerate([2**24, 2**24, 3, 2**25, 2**20, 2**23])]
        for i, buffer in enumerate(buffers):
            self.comm("msg", "large", {"i": i}, [buffer])
        for i, buffer in enumerate(buffers):
            answer = self.kernel.next_of("comm_msg")
            self.assertEqual(answer["content"]["data"], {"got": {"i": i}})
            self.assertTrue(bytes(answer["buffers"][0]) == bytes([i + 1]) * len(buffer), i)

    def test_comm_info_follows_open_and_close(self):
        client = self.kernel.client
        self.until_idle(self.comm("open", "c2", target_name="echo"))
        self.assertEqual(self.kernel.ask(client.comm_info("echo"))["comms"]["c2"], {"target_name": "echo"})
        self.assertEqual(self.kernel.ask(client.comm_info("other"))["comms"], {})
        self.until_idle(self.comm("close", "c2", {"bye": 1}))
        self.assertNotIn("c2", self.kernel.ask(client.comm_info())["comms"])
        self.assertEqual(self.kernel.run("seen.at(-1)").value, "{ bye: 1 }")

    def test_an_unknown_target_is_closed(self):
        messages = self.until_idle(self.comm("open", "c3", target_name="nobody"))
        self.assertEqual(messages[1]["msg_type"], "comm_close")
        self.assertEqual(messages[1]["content"]["comm_id"], "c3")
        self.assertNotIn("c3", self.kernel.ask(self.kernel.client.comm_info())["comms"])

    def test_opened_from_the_kernel(self):
        result = self.kernel.run("const mine = host.openComm('front', { data: { a: 1 }, buffers: [new Float32Array([1.5])] }); mine.onMessage((m: any) => { console.log('heard', m.data); mine.close({ end: true }) }); mine.id")
        (opened,) = result.of("comm_open")
        self.assertEqual((opened["target_name"], opened["data"]), ("front", {"a": 1}))
        self.assertEqual(opened["comm_id"], result.value.strip("'"))
        message_id = self.comm("msg", opened["comm_id"], "hello")
        # Text that a handler prints appears in the cell that made the comm; messages that it sends have the comm message as parent.
        heard = self.kernel.next_of("stream")
        self.assertEqual(heard["content"]["text"], "heard hello\n")
        self.assertEqual(heard["parent_header"]["msg_id"], result.messages[0]["parent_header"]["msg_id"])
        closed = self.kernel.next_of("comm_close")
        self.assertEqual(closed["parent_header"]["msg_id"], message_id)
        self.assertEqual(closed["content"]["data"], {"end": True})

    def test_messages_are_handled_while_a_cell_awaits(self):
        self.until_idle(self.comm("open", "c4", target_name="echo"))
        self.kernel.run("let end = (): void => undefined; host.registerCommTarget('end', () => end());")
        cell = self.kernel.client.execute("await new Promise<void>((r) => (end = r)); 'end'")
        self.kernel.next_of("execute_input")
        answered = self.until_idle(self.comm("msg", "c4", {"live": True}))
        self.assertEqual(answered[1]["content"]["data"], {"got": {"live": True}})
        # The cell still runs, and a front end shows the last status it saw.
        status = self.kernel.next_of("status")
        self.assertEqual((status["content"]["execution_state"], status["parent_header"]["msg_id"]), ("busy", cell))
        self.comm("open", "end", target_name="end")
        self.assertEqual(self.kernel.finish(cell).value, "'end'")

    def test_a_hundred_open_comms_answer_each_for_itself(self):
        for index in range(100):
            self.comm("open", f"many-{index}", target_name="echo")
        for index in range(100):
            self.comm("msg", f"many-{index}", index)
        answers = {}
        while len(answers) < 100:
            content = self.kernel.next_of("comm_msg")["content"]
            if isinstance(content["data"], dict) and "got" in content["data"]:
                answers[content["comm_id"]] = content["data"]["got"]
        self.assertEqual(answers, {f"many-{index}": index for index in range(100)})

    def test_an_error_in_a_handler_and_malformed_messages_harm_nothing(self):
        self.kernel.run("host.registerCommTarget('bad', (comm: any) => { comm.onMessage(() => { throw new Error('in handler') }) })")
        self.until_idle(self.comm("open", "c5", target_name="bad"))
        self.until_idle(self.comm("msg", "c5"))
        for content in ({}, {"comm_id": 4}, {"comm_id": "unknown"}, {"comm_id": "c5", "data": None}):
            self.until_idle(self.kernel.send("comm_msg", content))
        self.until_idle(self.kernel.send("comm_open", {"comm_id": "c6"}))
        self.assertEqual(self.kernel.run("1").value, "1")


class InterruptTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.kernel.run("let turns = 0; const state = 'kept'; let waiting = false;")

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def interrupted(self, code, interrupt):
        msg_id = self.kernel.client.execute("console.log('begun'); " + code)
        self.kernel.next_of("stream", accept=lambda m: "begun" in m["content"]["text"])
        time.sleep(0.1)
        interrupt()
        reply = self.kernel.reply(msg_id)
        self.assertEqual((reply["status"], reply["ename"]), ("error", "KeyboardInterrupt"))
        self.assertEqual([line for line in reply["traceback"] if ".js" in line], [], "no frame of the kernel's own")
        self.assertEqual(self.kernel.run("state").value, "'kept'")

    def by_message(self):
        self.kernel.manager.interrupt_kernel()

    def by_signal(self):
        os.kill(self.kernel.pid, signal.SIGINT)

    def by_group_signal(self):
        os.killpg(self.kernel.pid, signal.SIGINT)

    def test_sync_loop_by_message(self):
        self.interrupted("while (true) turns++;", self.by_message)

    def test_sync_loop_by_signal(self):
        self.interrupted("while (true) turns++;", self.by_signal)
        self.interrupted("while (true) turns++;", self.by_group_signal)

    def test_pending_promise_by_message(self):
        self.interrupted("await new Promise(() => {});", self.by_message)

    def test_pending_promise_by_signal(self):
        self.interrupted("await new Promise(() => {});", self.by_signal)
        self.interrupted("await new Promise(() => {});", self.by_group_signal)

    def test_sync_loop_behind_an_await(self):
        self.interrupted("await new Promise((r) => setTimeout(r, 20)); try { while (true) turns++; } finally { state.length }", self.by_message)

    def test_an_interrupted_loop_stops_at_its_next_timer(self):
        self.interrupted("while (true) { turns++; await new Promise((r) => setTimeout(r, 10)); }", self.by_message)
        counts = "const from = turns; await new Promise((r) => setTimeout(r, 300)); turns - from"
        self.kernel.run("await new Promise((r) => setTimeout(r, 100))")
        self.assertEqual(self.kernel.run(counts).value, "0")

    def test_at_any_moment_after_the_cell_was_sent(self):
        """Between the front end's message and the cell's first line the signal meets a session that runs nothing yet."""
        for code in ("await new Promise(() => {});", "while (true) turns++;"):
            for pause in (0, 0.002, 0.004, 0.008, 0.016, 0.03):
                for interrupt in (self.by_message, self.by_signal):
                    with self.subTest(code=code, pause=pause, interrupt=interrupt.__name__):
                        self.kernel.drain()
                        msg_id = self.kernel.client.execute(code)
                        self.kernel.next_of("execute_input")
                        time.sleep(pause)
                        interrupt()
                        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assertEqual(self.kernel.run("let after = 0; for (let i = 0; i < 1e6; i++) after++; after").value, "1000000")

    def test_before_a_session_that_is_not_listening_has_read_the_cell(self):
        """A native call holds its thread: whatever it finds afterwards, cell or signal, the cell is stopped."""
        for pause in (0, 0.3):
            with self.subTest(pause=pause):
                self.kernel.run("setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700), 0)")
                msg_id = self.kernel.client.execute("while (true) turns++;")
                self.kernel.next_of("execute_input")
                time.sleep(pause)
                self.by_message()
                self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assertEqual(self.kernel.run("let next = 0; for (let i = 0; i < 1e6; i++) next++; next").value, "1000000")

    def test_behind_an_earlier_interrupt_that_was_not_heard_yet(self):
        """A session that reads an interrupt, a cell and an interrupt at once has not answered the second with the first."""
        def asked():
            self.by_message()
            self.kernel.next_of("status", accept=lambda m: m["parent_header"]["msg_type"] == "interrupt_request" and is_idle(m))

        for code in ("while (true) turns++;", "await new Promise(() => {});", "await 1; while (true) turns++;"):
            with self.subTest(code=code):
                self.kernel.run("setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700), 0)")
                self.kernel.drain()
                asked()
                msg_id = self.kernel.client.execute(code)
                self.kernel.next_of("execute_input")
                asked()
                self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assertEqual(self.kernel.run("let behind = 0; for (let i = 0; i < 1e6; i++) behind++; behind").value, "1000000")

    def test_every_loop_before_the_interrupt_is_stopped(self):
        """A timer's endless loop holds the thread, and behind it waits a cell with another one."""
        self.kernel.drain()
        # Written past the session's streams, which a loop would hold back.
        self.kernel.client.execute("setTimeout(() => { require('fs').writeSync(1, 'begun'); while (true) turns++; }, 0)")
        self.kernel.next_of("stream")
        msg_id = self.kernel.client.execute("while (true) turns++;")
        self.kernel.next_of("execute_input")
        self.by_message()
        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assertEqual(self.kernel.run("state").value, "'kept'")

    def test_an_interrupt_of_an_idle_kernel_does_nothing(self):
        """Not to the cell that follows either, however soon: here the session is not even listening when it is asked."""
        for n in range(5):
            self.kernel.run("setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400), 0)")
            self.kernel.drain()
            self.by_message()
            self.kernel.next_of("status", accept=lambda m: m["parent_header"]["msg_type"] == "interrupt_request" and is_idle(m))
            self.by_signal()
            # Signals have no place among messages: the kernel process looks at them when it waits for the next one.
            for _ in range(5):
                self.kernel.drain()
            self.assertEqual(self.kernel.run(f"let n{n} = 0; for (let i = 0; i < 1e6; i++) n{n}++; n{n}").value, "1000000")

    def test_a_shell_command(self):
        self.kernel.drain()
        msg_id = self.kernel.client.execute("!echo begun; sleep 100")
        self.kernel.next_of("stream")
        self.by_message()
        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assertEqual(self.kernel.run("state").value, "'kept'")

    def test_a_blocked_prompt(self):
        msg_id = self.kernel.client.execute("prompt('?')", allow_stdin=True)
        self.kernel.client.get_stdin_msg(timeout=TIMEOUT)
        self.by_message()
        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assertEqual(self.kernel.run("state").value, "'kept'")

    def test_a_loop_of_prompts_that_catches_the_interrupt(self):
        for asked in ("prompt('?')", "await prompt('?')", "await 0; promptPassword('?')"):
            msg_id = self.kernel.client.execute(f"for (;;) {{ try {{ {asked} }} catch {{}} }}", allow_stdin=True)
            self.kernel.client.get_stdin_msg(timeout=TIMEOUT)
            self.by_message()
            self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
            self.assertEqual(self.kernel.run("state").value, "'kept'")


class SurvivalTests(unittest.TestCase):
    def setUp(self):
        self.kernel = Kernel()
        self.addCleanup(self.kernel.stop)

    def session_pid(self):
        return int(self.kernel.run("process.pid").value)

    def assert_crash(self, result, *words):
        self.assertEqual(result.reply["status"], "error")
        self.assertEqual(result.error["ename"], "SessionCrashed")
        for word in words:
            self.assertIn(word, result.error["evalue"])
        self.assertEqual(self.kernel.run("6 * 7").value, "42")

    def test_each_way_to_die_is_named_and_survived(self):
        self.assert_crash(self.kernel.run("process.abort()"), "SIGABRT")
        self.assert_crash(self.kernel.run("process.kill(process.pid, 'SIGKILL'); while (true);"), "SIGKILL")
        self.assert_crash(self.kernel.run("process.exit(3)"), "exit code 3")
        self.assert_crash(self.kernel.run("process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {});"), "SIGSEGV")

    def test_out_of_memory(self):
        kernel = Kernel(NODE_OPTIONS="--max-old-space-size=200")
        self.addCleanup(kernel.stop)
        result = kernel.run("const all: number[][] = []; while (true) all.push(new Array(1e5).fill(1.5));")
        self.assertIn("ran out of JavaScript heap memory", result.error["evalue"])
        self.assertEqual(kernel.run("6 * 7").value, "42")

    def test_comms_of_a_dead_session_are_closed(self):
        self.kernel.run(HOST)
        comm_id = self.kernel.run("host.openComm('t').id").value.strip("'")
        result = self.kernel.run("process.abort()")
        self.assertEqual([content["comm_id"] for content in result.of("comm_close")], [comm_id])
        self.assertEqual(self.kernel.ask(self.kernel.client.comm_info())["comms"], {})

    def test_the_heartbeat_answers_during_a_sync_loop(self):
        msg_id = self.kernel.client.execute("console.log('begun'); while (true);")
        self.kernel.next_of("stream")
        import zmq

        info = self.kernel.manager.get_connection_info()
        with zmq.Context() as context, context.socket(zmq.REQ) as socket:
            socket.linger = 0
            socket.connect(f"tcp://{info['ip']}:{info['hb_port']}")
            for beat in (b"one", b"two"):
                socket.send(beat)
                self.assertTrue(socket.poll(TIMEOUT * 1000))
                self.assertEqual(socket.recv(), beat)
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.kernel.reply(msg_id)["status"], "error")

    def test_shutdown_echoes_restart_and_leaves_no_process(self):
        session = self.session_pid()
        client = self.kernel.client
        client.execute("while (true);")
        message = client.session.msg("shutdown_request", {"restart": True})
        client.control_channel.send(message)
        self.assertEqual(client.get_control_msg(timeout=TIMEOUT)["content"], {"status": "ok", "restart": True})
        wait_until(lambda: not alive(self.kernel.pid), "the kernel process is gone")
        wait_until(lambda: not alive(session), "the session process is gone")

    def test_sigterm_and_sigkill_of_the_kernel_process_leave_no_session(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            kernel = Kernel()
            self.addCleanup(kernel.stop)
            session = int(kernel.run("process.pid").value)
            kernel.client.execute("while (true);")
            time.sleep(0.3)
            os.kill(kernel.pid, sign)
            wait_until(lambda: not alive(session), f"the session is gone after {sign.name}")

    def test_nothing_outlives_the_process_that_started_the_kernel(self):
        starter = subprocess.Popen([sys.executable, "-c", STARTER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        kernel, session = map(int, starter.stdout.readline().split())
        starter.kill()
        starter.wait()
        starter.stdout.close()
        wait_until(lambda: not alive(kernel), "the kernel process is gone")
        wait_until(lambda: not alive(session), "the session process is gone")

    def test_a_restart_gives_a_fresh_session(self):
        before = self.session_pid()
        self.addCleanup(lambda: wait_until(lambda: not alive(before), "the old session is gone"))
        self.kernel.run("const before = 1")
        self.kernel.manager.restart_kernel()
        self.kernel.client.wait_for_ready(timeout=TIMEOUT)
        self.assertEqual(self.kernel.run("typeof (globalThis as any).before").value, "'undefined'")
        self.assertEqual(self.kernel.run("before").reply["status"], "error")


class LanguageTests(unittest.TestCase):
    """Completion, inspection and imports, in a folder with nothing of ours above it."""

    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def complete(self, code, cursor=None):
        return self.kernel.ask(self.kernel.client.complete(code, cursor))

    def test_completion_counts_code_points(self):
        code = "const s = '😀😀'; Math.flo"
        reply = self.complete(code, len(code))
        self.assertEqual(reply["matches"], ["floor"])
        self.assertEqual(code[reply["cursor_start"] : reply["cursor_end"]], "flo")

    def test_completion_in_the_middle_of_a_name(self):
        code = "/* 🧿 */ process.plaxx; 1"
        reply = self.complete(code, code.index("plaxx") + 3)
        self.assertEqual(code[reply["cursor_start"] : reply["cursor_end"]], "plaxx")

    def test_completion_knows_earlier_cells(self):
        self.kernel.run("const camera = { focalLength: 35, aperture: 2.8 }")
        self.assertEqual(self.complete("camera.foc")["matches"], ["focalLength"])

    def test_completion_behind_a_dot(self):
        self.kernel.run('import { encoders, law } from "fovea";\nconst lens = { aperture: 2.8, shutter: { speed: 60 } };')
        for code, names in [("lens.", ["aperture", "shutter"]), ("console.log(`${lens.shutter.", ["speed"])]:
            reply = self.complete(code)
            self.assertEqual((reply["matches"], reply["cursor_start"], reply["cursor_end"]), (names, len(code), len(code)))
            shown = reply["metadata"]["_jupyter_types_experimental"]
            self.assertEqual([each["text"] for each in shown], names)
        self.assertLessEqual({"load", "list", "concatenate"}, set(self.complete("encoders.")["matches"]))
        self.assertLessEqual({"fit", "cScore"}, set(self.complete("law.")["matches"]))

    def test_completion_of_the_zoo_replaces_the_string(self):
        listed = self.kernel.run('import { encoders } from "fovea"; encoders.list().join()').value.strip("'").split(",")
        for code, typed in [('/* 😀 */ await encoders.load("zoo/', "zoo/"), ('encoders.load("', ""), ("encoders.load('zoo/cl', { device: 'cpu' })", "zoo/cl")]:
            cursor = code.index(typed, code.index("load") + 6) + len(typed)
            reply = self.complete(code, cursor)
            self.assertEqual(reply["matches"], [name for name in listed if name.startswith(typed)], code)
            self.assertEqual(code[reply["cursor_start"] : reply["cursor_end"]], typed, code)

    def test_completion_of_options(self):
        self.kernel.run('import { encoders } from "fovea"; declare const encoder: Awaited<ReturnType<typeof encoders.load>>;')
        reply = self.complete("await encoder.forwardIntermediates([], { ")
        self.assertIn("outputFmt", reply["matches"])
        self.assertNotIn("Array", reply["matches"])
        self.assertEqual(self.complete('encoder.forwardIntermediates([], { outputFmt: "N')["matches"], ["NCHW", "NLC"])

    def test_completion_and_inspection_while_a_cell_awaits(self):
        cell = self.kernel.client.execute("await new Promise((r) => setTimeout(r, 1500))")
        self.assertEqual(self.complete("Math.flo")["matches"], ["floor"])
        self.kernel.finish(cell)

    def test_inspection_shows_signature_document_and_value(self):
        self.kernel.run("/** Doubles a number. */\nfunction double(x: number): number { return 2 * x }\nconst answer = { deep: 42 };")
        shown = self.kernel.ask(self.kernel.client.inspect("/* 😀 */ double(4)", 11))
        self.assertTrue(shown["found"])
        self.assertIn("function double(x: number): number", shown["data"]["text/plain"])
        self.assertIn("Value: { deep: 42 }", self.kernel.ask(self.kernel.client.inspect("answer"))["data"]["text/plain"])
        self.assertFalse(self.kernel.ask(self.kernel.client.inspect("   ", 1))["found"])

    def test_inspection_inside_of_arguments_shows_the_function(self):
        self.kernel.run('import { encoders, law } from "fovea";')
        for code, signature, words in [("law.fit(", "fit(table:", "ordinary least squares"), ('encoders.load("x", {', "load(source:", "Loads a frozen encoder")]:
            shown = self.kernel.ask(self.kernel.client.inspect(code, len(code)))
            self.assertTrue(shown["found"], code)
            self.assertIn(signature, shown["data"]["text/plain"])
            self.assertIn(words, shown["data"]["text/plain"])

    def test_the_library_is_found_with_types_and_completion(self):
        result = self.kernel.run('import { display } from "fovea";\nimport * as fovea from "fovea";\ndisplay({ "text/html": "<b>" }); typeof fovea.displayHandle')
        self.assertEqual(result.reply["status"], "ok", result.reply)
        self.assertEqual(result.of("display_data")[0]["data"]["text/html"], "<b>")
        self.assertEqual(result.value, "'function'")
        self.assertIn("display", self.complete("fovea.disp")["matches"])
        self.assertEqual(self.complete('import { displa } from "fovea"', 15)["matches"][0], "display")
        refused = self.kernel.run('import { noSuchThing } from "fovea"; 1')
        self.assertIn("noSuchThing", refused.error["evalue"])
        self.assertEqual(self.kernel.run("display(1 as never, 2 as unknown as string)").reply["status"], "error")

    def test_node_has_types(self):
        self.assertEqual(self.kernel.run("import * as path from 'node:path'; const timer = setTimeout(() => {}, 1); clearTimeout(timer); path.basename(process.cwd())").value, f"'{self.kernel.cwd.name}'")
        self.assertEqual(self.kernel.run("const wrong: string = process.uptime()").error["ename"], "TypeScriptError")

    def write(self, path, text):
        target = self.kernel.cwd / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def test_local_files_with_and_without_extension_and_their_changes(self):
        self.write("lib/base.ts", "export const base: number = 1;")
        self.write("lib/top.ts", "import { base } from './base';\nexport const top = (): number => base + 1;")
        self.assertEqual(self.kernel.run("import { top } from './lib/top'; top()").value, "2")
        self.assertEqual(self.kernel.run("import { base } from './lib/base.ts'; base").value, "1")
        self.write("data.json", '{ "a": [1] }')
        self.assertEqual(self.kernel.run("import data from './data.json'; data.a[0]").value, "1")
        refused = self.kernel.run("import { top as t2 } from './lib/top'; const s: string = t2();")
        self.assertEqual(refused.error["ename"], "TypeScriptError")

    def test_packages_of_the_folder(self):
        exports = {"types": "./t.d.ts", "import": "./m.mjs", "require": "./c.cjs"}
        self.write("node_modules/mapped/package.json", json.dumps({"name": "mapped", "version": "1.0.0", "exports": {".": exports}}))
        self.write("node_modules/mapped/t.d.ts", "export declare const kind: string;")
        self.write("node_modules/mapped/c.cjs", "exports.kind = 'required';")
        self.write("node_modules/mapped/m.mjs", "export const kind = 'imported';")
        self.assertIn(self.kernel.run("import { kind } from 'mapped'; kind").value, ("'required'", "'imported'"))
        self.write("node_modules/modern/package.json", json.dumps({"name": "modern", "version": "1.0.0", "type": "module", "exports": "./m.js", "types": "./m.d.ts"}))
        self.write("node_modules/modern/m.d.ts", "export declare const late: number;\nexport default function hello(): string;")
        self.write("node_modules/modern/m.js", "export const late = await Promise.resolve(9);\nexport default function hello() { return 'hi' }")
        self.assertEqual(self.kernel.run("import hello, { late } from 'modern'; [late, hello()]").value, "[ 9, 'hi' ]")
        self.assertEqual(self.kernel.run("const modern = await import('modern'); modern.late").value, "9")

    def test_what_node_has_and_cells_are_pasted_with(self):
        self.assertEqual(self.kernel.run("export const shown = [3, 1].toSorted();\nexport function f() { return shown }\nf()").value, "[ 1, 3 ]")
        self.assertEqual(self.kernel.run("shown.length").value, "2")
        self.assertEqual(self.kernel.run("Promise.resolve(3)").value.splitlines()[0], "Promise { 3 }")
        self.assertEqual(self.kernel.run("__dirname === process.cwd()").value, "true")
        self.assertNotIn("msg_id", self.kernel.run("setTimeout(() => {}, 1)").value)

    def test_top_level_for_await(self):
        code = "async function* numbers() { yield 1; yield 2 }\nlet total = 0;\nfor await (const n of numbers()) total += n;\ntotal"
        self.assertEqual(self.kernel.run(code).value, "3")

    def test_a_type_that_cannot_be_written_is_not_fatal(self):
        self.write("node_modules/hidden/package.json", json.dumps({"name": "hidden", "version": "1.0.0", "types": "i.d.ts", "main": "i.js"}))
        self.write("node_modules/hidden/i.js", "exports.make = () => ({ secret: 5 });")
        self.write("node_modules/hidden/i.d.ts", "import { Inner } from 'inner';\nexport declare function make(): Inner;")
        self.write("node_modules/hidden/node_modules/inner/package.json", json.dumps({"name": "inner", "version": "1.0.0", "types": "i.d.ts"}))
        self.write("node_modules/hidden/node_modules/inner/i.d.ts", "export interface Inner { secret: number }")
        result = self.kernel.run("import { make } from 'hidden';\nconst made = make();\nmade.secret")
        self.assertEqual(result.reply["status"], "ok", result.reply)
        self.assertEqual(result.value, "5")
        self.assertEqual(self.kernel.run("made.secret + 1").value, "6")
        self.assertEqual(self.kernel.run("made.secrets").error["ename"], "TypeScriptError")

    def test_using_disposes_at_the_end_of_the_cell_also_after_an_error(self):
        self.kernel.run("const resource = (name: string) => ({ name, [Symbol.dispose]() { console.log('closed', name) } });")
        result = self.kernel.run("using file = resource('file');\nconsole.log('open', file.name);\n6 * 7")
        self.assertEqual((result.text(), result.value), ("open file\nclosed file\n", "42"))
        failed = self.kernel.run("using file = resource('file');\n\nthrow new RangeError('in between');")
        self.assertEqual((failed.text(), failed.error["ename"]), ("closed file\n", "RangeError"))
        self.assertIn("line 3:", "\n".join(failed.error["traceback"]))
        slow = "await using slow = { async [Symbol.asyncDispose]() { await null; console.log('closed slowly') } };"
        self.assertEqual(self.kernel.run(slow).text(), "closed slowly\n")

    def test_what_modules_may_write(self):
        self.write("where/here.ts", "export const here: string = import.meta.dirname;")
        self.write("where/there.mts", "export { here } from './here.js';")
        self.assertEqual(self.kernel.run("import { here } from './where/there.mjs'; here.endsWith('where')").value, "true")
        self.assertEqual(self.kernel.run("import.meta.url.startsWith('file://') && import.meta.dirname === process.cwd()").value, "true")
        self.write("waits.ts", "export const late = 1;\nawait Promise.resolve(late);")
        self.assertIn("waits.ts:2:1: a local file cannot await", self.kernel.run("import { late } from './waits'; late").error["evalue"])
        self.write("node_modules/untyped/package.json", json.dumps({"name": "untyped", "version": "1.0.0", "type": "module", "exports": "./i.js"}))
        self.write("node_modules/untyped/i.js", "export const answer = await Promise.resolve(42);")
        self.assertEqual(self.kernel.run("import { answer } from 'untyped'; answer.toFixed(1)").value, "'42.0'")
        self.kernel.run("declare global { var shared: number }\nglobalThis.shared = 5; export default class Kept {}")
        self.assertEqual(self.kernel.run("new Kept() && shared").value, "5")
        decorated = "const seen: string[] = [];\nconst note = (_: unknown, context: DecoratorContext) => void seen.push(context.kind);\n@note class Marked { @note run() {} }\nseen"
        self.assertEqual(self.kernel.run(decorated).value, "[ 'method', 'class' ]")


class SecurityTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def test_forged_replayed_truncated_and_broken_messages_are_dropped(self):
        import random

        random.seed(11)
        client = self.kernel.client
        session, socket = client.session, client.shell_channel.socket
        self.kernel.run("let harm = 0;")
        good = session.serialize(session.msg("execute_request", {"code": "harm++", "silent": True}))
        socket.send_multipart(good)  # Runs once.
        self.assertEqual(client.get_shell_msg(timeout=TIMEOUT)["content"]["status"], "ok")
        for index in range(10_000):
            frames = [bytes(frame) for frame in good]
            kind = index % 5
            if kind == 0:  # Forged: another body, the old signature.
                frames[-1] = frames[-1].replace(b"harm", b"hurt")
            elif kind == 1:  # Another signature.
                frames[1] = bytes(random.choices(b"0123456789abcdef", k=64))
            elif kind == 2:  # Truncated.
                frames = frames[: random.randrange(1, len(frames))]
            elif kind == 3:  # Signed, but not JSON.
                body = [random.randbytes(random.randrange(40)) for _ in range(4)]
                frames = [frames[0], session.sign(body), *body]
            # Kind 4 is the good message again: a replay.
            socket.send_multipart(frames)
        body = [b"{}", b"{}", b"{}", b"[" * 100_000]
        socket.send_multipart([good[0], session.sign(body), *body])
        self.assertEqual(self.kernel.run("harm").value, "1")

    def test_binds_the_address_of_the_connection_file_only(self):
        info = self.kernel.manager.get_connection_info()
        ports = {info[name] for name in ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")}
        listening = set()
        with open("/proc/net/tcp") as table:
            for line in list(table)[1:]:
                address, state = line.split()[1], line.split()[3]
                host, port = address.split(":")
                if state == "0A" and int(port, 16) in ports:
                    listening.add((host, int(port, 16)))
        self.assertEqual(listening, {("0100007F", port) for port in ports})


if __name__ == "__main__":
    unittest.main()
