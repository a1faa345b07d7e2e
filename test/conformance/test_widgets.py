"""Widgets on real sockets: what a front end of the `jupyter.widget` protocol 2.1 says and hears."""

import time
import unittest
import uuid

from harness import TIMEOUT, Kernel

CONTROL = "jupyter.widget.control"
WIDGET = "jupyter.widget"


class WidgetTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.kernel.run('import { widgets } from "fovea";')

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def tearDown(self):
        self.kernel.run("widgets.closeAll()")
        self.kernel.drain()

    def run_cell(self, code):
        result = self.kernel.run(code)
        self.assertEqual(result.reply["status"], "ok", result.reply)
        return result

    def opened(self, result, model):
        """The content of the comm_open of a model, with its buffers and metadata."""
        for message in result.messages:
            if message["msg_type"] == "comm_open" and message["content"]["data"]["state"]["_model_name"] == model:
                return message
        self.fail(f"no {model} was opened")

    def say(self, comm_id, data, buffers=None):
        """Send a message on a comm; all that follows from it until idle."""
        return self.until_idle(self.kernel.send("comm_msg", {"comm_id": comm_id, "data": data}, buffers))

    def until_idle(self, msg_id):
        messages = []
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return messages

    def answers(self, messages):
        return [message["content"]["data"] for message in messages if message["msg_type"] == "comm_msg"]

    def update(self, state, buffer_paths=()):
        return {"method": "update", "state": state, "buffer_paths": list(buffer_paths)}

    def comms(self):
        return self.kernel.ask(self.kernel.client.comm_info(WIDGET))["comms"]

    def request_states(self):
        comm_id = str(uuid.uuid4())
        metadata = {"version": "1.0.0"}
        message = self.kernel.client.session.msg("comm_open", {"comm_id": comm_id, "target_name": CONTROL, "data": {}}, metadata=metadata)
        self.kernel.client.session.send(self.kernel.client.shell_channel.socket, message)
        self.until_idle(message["header"]["msg_id"])
        messages = self.say(comm_id, {"method": "request_states"})
        self.until_idle(self.kernel.send("comm_close", {"comm_id": comm_id, "data": {}}))
        return next(each for each in messages if each["msg_type"] in ("comm_msg", "comm_close"))

    def test_a_slider_opens_three_comms_and_shows_itself(self):
        result = self.run_cell('const shown = widgets.intSlider({ value: 40, max: 255, description: "Threshold" }); shown')
        message = self.opened(result, "IntSliderModel")
        self.assertEqual(message["metadata"], {"version": "2.1.0"})
        self.assertEqual(message["content"]["target_name"], WIDGET)
        state = message["content"]["data"]["state"]
        self.assertEqual((state["value"], state["max"], state["description"]), (40, 255, "Threshold"))
        ids = [m["content"]["comm_id"] for m in result.messages if m["msg_type"] == "comm_open"]
        self.assertEqual(ids, [state["layout"][10:], state["style"][10:], message["content"]["comm_id"]])
        data = result.of("execute_result")[0]["data"]
        view = {"version_major": 2, "version_minor": 0, "model_id": ids[2]}
        self.assertEqual(data["application/vnd.jupyter.widget-view+json"], view)
        self.assertEqual(data["text/plain"], 'IntSlider(description: "Threshold", max: 255, value: 40)')
        self.assertEqual(self.comms(), {each: {"target_name": WIDGET} for each in ids})

    def test_a_value_goes_both_ways_and_is_echoed_to_the_other_views(self):
        result = self.run_cell("const slider = widgets.intSlider(); slider.on('change:value', (_, value) => console.log('now', value));")
        comm_id = self.opened(result, "IntSliderModel")["content"]["comm_id"]
        messages = self.say(comm_id, self.update({"value": 30}))
        self.assertEqual(self.answers(messages), [{**self.update({"value": 30}), "method": "echo_update"}])
        self.assertEqual(self.run_cell("slider.get('value')").value, "30")
        result = self.run_cell("slider.set('value', 31); slider.set('max', 200); slider.save_changes();")
        self.assertEqual(result.of("comm_msg"), [{"comm_id": comm_id, "data": self.update({"max": 200, "value": 31})}])

    def test_what_a_handler_prints_is_seen_below_the_cell_of_the_widget(self):
        result = self.run_cell("const talker = widgets.text(); talker.on('change:value', (_, value) => console.log('now', value));")
        comm_id = self.opened(result, "TextModel")["content"]["comm_id"]
        self.kernel.send("comm_msg", {"comm_id": comm_id, "data": self.update({"value": "x"})})
        stream = self.kernel.next_of("stream")
        self.assertEqual(stream["content"]["text"], "now x\n")
        self.assertEqual(stream["parent_header"]["msg_id"], result.messages[0]["parent_header"]["msg_id"])

    def test_buffers_both_ways(self):
        result = self.run_cell("const pixels = widgets.anywidget({ esm: 'export default {}', state: { image: { data: Float32Array.of(1, 2), width: 2 } } })")
        message = self.opened(result, "AnyModel")
        self.assertEqual(message["content"]["data"]["buffer_paths"], [["image", "data"]])
        self.assertEqual(message["content"]["data"]["state"]["image"], {"width": 2})
        self.assertEqual(bytes(message["buffers"][0]), b"\x00\x00\x80\x3f\x00\x00\x00\x40")
        comm_id = message["content"]["comm_id"]
        large = bytes(4) * 250_000  # 1 MB
        messages = self.say(comm_id, self.update({"image": {"width": 500}}, [["image", "data"]]), [large])
        (echoed,) = [m for m in messages if m["msg_type"] == "comm_msg"]
        self.assertEqual(echoed["content"]["data"], {"method": "echo_update", "state": {"image": {"width": 500}}, "buffer_paths": [["image", "data"]]})
        self.assertEqual(bytes(echoed["buffers"][0]), large)
        self.assertEqual(self.run_cell("const { data } = pixels.get('image'); [data.constructor.name, data.length]").value, "[ 'Float32Array', 250000 ]")

    def test_custom_messages_with_buffers(self):
        result = self.run_cell("const talk = widgets.anywidget({ esm: 'export default {}' }); talk.on('msg:custom', (content, [bytes]) => talk.send({ got: content }, undefined, [new Uint8Array(bytes.buffer).reverse()]));")
        comm_id = self.opened(result, "AnyModel")["content"]["comm_id"]
        messages = self.say(comm_id, {"method": "custom", "content": {"q": [1]}}, [b"\x01\x02\x03"])
        self.assertEqual(self.answers(messages), [{"method": "custom", "content": {"got": {"q": [1]}}}])
        self.assertEqual(bytes(messages[1]["buffers"][0]), b"\x03\x02\x01")

    def test_a_late_front_end_gets_all_states_then_each_by_itself(self):
        result = self.run_cell("const picture = widgets.image({ value: Uint8Array.of(137, 80) }); const row = widgets.hbox([picture]);")
        image_id = self.opened(result, "ImageModel")["content"]["comm_id"]
        reply = self.request_states()
        data = reply["content"]["data"]
        self.assertEqual((data["method"], sorted(data["states"])), ("update_states", sorted(self.comms())))
        self.assertEqual(data["buffer_paths"], [[image_id, "state", "value"]])
        self.assertEqual(bytes(reply["buffers"][0]), b"\x89P")
        self.assertEqual(data["states"][image_id]["model_name"], "ImageModel")
        (state,) = self.answers(self.say(image_id, {"method": "request_state"}))
        self.assertEqual(state["method"], "update")
        self.assertEqual({**data["states"][image_id]["state"]}, state["state"])

    def test_states_too_large_for_one_message_are_asked_for_one_by_one(self):
        result = self.run_cell("const large = widgets.image({ value: new Uint8Array(9 * 1024 * 1024) });")
        self.assertEqual(self.request_states()["msg_type"], "comm_close")
        comm_id = self.opened(result, "ImageModel")["content"]["comm_id"]
        messages = self.say(comm_id, {"method": "request_state"})
        self.assertEqual(len(bytes(messages[1]["buffers"][0])), 9 * 1024 * 1024)

    def test_a_cell_awaits_a_value_that_the_front_end_sets_meanwhile(self):
        result = self.run_cell("const dial = widgets.intSlider();")
        comm_id = self.opened(result, "IntSliderModel")["content"]["comm_id"]
        cell = self.kernel.client.execute("await widgets.until(dial, 'value', (value) => value > 10)")
        self.kernel.next_of("execute_input")
        self.say(comm_id, self.update({"value": 5}))
        self.kernel.send("comm_msg", {"comm_id": comm_id, "data": self.update({"value": 50})})
        self.assertEqual(self.kernel.finish(cell).value, "50")

    def test_a_cell_that_waits_is_interrupted_and_the_widget_lives(self):
        result = self.run_cell("const patient = widgets.intSlider();")
        comm_id = self.opened(result, "IntSliderModel")["content"]["comm_id"]
        cell = self.kernel.client.execute("console.log('begun'); await widgets.until(patient, 'value')")
        self.kernel.next_of("stream")
        time.sleep(0.1)  # Until it waits.
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.kernel.finish(cell).reply["ename"], "KeyboardInterrupt")
        self.assertEqual(len(self.answers(self.say(comm_id, self.update({"value": 5})))), 1)
        self.assertEqual(self.run_cell("patient.get('value')").value, "5")

    def test_broken_messages_are_reported_and_harm_nothing(self):
        result = self.run_cell("const victim = widgets.anywidget({ esm: 'export default {}', state: { count: 1, any: null as unknown } });")
        comm_id = self.opened(result, "AnyModel")["content"]["comm_id"]
        cases = [
            ("nonsense", [], "the data must be an object"),
            ({"method": "exec"}, [], "method must be update, request_state or custom"),
            (self.update({"count": "2"}), [], "count must be a number"),
            (self.update({"cuont": 2}), [], "the state does not have"),
            (self.update({"any": {"__proto__": {"polluted": 1}}}), [], "must not name __proto__"),
            (self.update({}, [["__proto__", "polluted"]]), [b"1"], "list of keys and indices"),
            (self.update({}, [["any"]]), [], "buffer_paths must name a place for each of the 0 buffers"),
        ]
        for data, buffers, words in cases:
            with self.subTest(words):
                self.kernel.send("comm_msg", {"comm_id": comm_id, "data": data}, buffers)
                stream = self.kernel.next_of("stream")
                self.assertEqual(stream["content"]["name"], "stderr")
                self.assertIn(words, stream["content"]["text"])
                self.assertIn("WidgetError", stream["content"]["text"])
        self.assertEqual(self.run_cell("[victim.get('count'), ({} as any).polluted]").value, "[ 1, undefined ]")

    def test_a_hundred_widgets_and_a_close_that_crosses_an_update(self):
        result = self.run_cell("const many = Array.from({ length: 100 }, (_, value) => widgets.intSlider({ value })); many.map(({ id }) => id).join()")
        ids = result.value.strip("'").split(",")
        for index, comm_id in enumerate(ids):
            self.kernel.send("comm_msg", {"comm_id": comm_id, "data": self.update({"value": 100 - index})})
        self.assertEqual(self.run_cell("many.every((each, index) => each.get('value') === 100 - index)").value, "true")
        # The kernel closes while an update is on its way, and the front end while the kernel's is.
        self.kernel.client.execute("many[0].close()")
        self.kernel.send("comm_msg", {"comm_id": ids[0], "data": self.update({"value": 3})})
        self.kernel.send("comm_close", {"comm_id": ids[1], "data": {}})
        self.assertEqual(self.run_cell("many[1].update({ value: 4 }); many.filter(({ closed }) => closed).length").value, "2")
        self.assertEqual(len(self.comms()), 98 * 3)

    def test_an_output_takes_what_a_cell_says_meanwhile(self):
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell, new_notebook

        cells = [
            'import { clearOutput, display, widgets } from "fovea";\nconst log = widgets.output(); log',
            'console.log("before");\n'
            'log.capture(() => { console.log("gone"); clearOutput(); console.log("in"); display({ "text/html": "<b>" }); });\n'
            'console.log("between");\n'
            "await log.capture(async () => { await null; console.error('late'); });\n"
            'console.log("after");',
            "await widgets.until(log, 'outputs', (outputs) => outputs.length === 3);\nlog.get('outputs').map((one) => one.text ?? one.data)",
        ]
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        NotebookClient(notebook, kernel_name="fovea", timeout=TIMEOUT, startup_timeout=TIMEOUT).execute()
        said, known = notebook.cells[1].outputs, notebook.cells[2].outputs
        self.assertEqual("".join(output["text"] for output in said), "before\nbetween\nafter\n")
        self.assertEqual(known[0]["data"]["text/plain"], "[ 'in\\n', { 'text/html': '<b>' }, 'late\\n' ]")

    def test_an_interrupt_ends_a_capture_before_the_front_end_is_told(self):
        """Otherwise the error would be shown in the output, and so would all that the front end still hears of the cell."""
        result = self.run_cell("const taker = widgets.output(); let turns = 0;")
        comm_id = self.opened(result, "OutputModel")["content"]["comm_id"]
        bodies = [
            "() => { console.log('begun'); while (true) turns++; }",
            "async () => { console.log('begun'); await new Promise(() => {}); }",
            "async () => { await null; console.log('begun'); while (true) turns++; }",
            "async () => { while (true) { console.log('begun'); await new Promise((r) => setTimeout(r, 5)); } }",
        ]
        for body in bodies:
            with self.subTest(body=body):
                cell = self.kernel.client.execute(f"await taker.capture(() => taker.capture({body}));")
                self.kernel.next_of("stream")
                self.kernel.manager.interrupt_kernel()
                result = self.kernel.finish(cell)
                self.assertEqual(result.reply["ename"], "KeyboardInterrupt")
                said = [m for m in result.messages if m["msg_type"] in ("comm_msg", "error")]
                self.assertEqual([m["msg_type"] for m in said], ["comm_msg", "error"])
                self.assertEqual(said[0]["content"], {"comm_id": comm_id, "data": self.update({"msg_id": ""})})
                after = self.run_cell("taker.capture(() => console.log('in'))")
                states = [data["state"]["msg_id"] for data in self.answers(after.messages)]
                self.assertEqual(states, [after.messages[0]["parent_header"]["msg_id"], ""])

    def test_types_are_checked_in_cells(self):
        refused = self.kernel.run("widgets.intSlider({ value: 'forty' })")
        self.assertEqual(refused.error["ename"], "TypeScriptError")
        refused = self.kernel.run("const typed = widgets.anywidget({ esm: 'x', state: { count: 0 } }); typed.set('cuont', 1)")
        self.assertEqual(refused.error["ename"], "TypeScriptError")
        carried = "const later = widgets.dropdown({ options: [1, 2] }); const button = widgets.button();"
        self.run_cell(carried)
        self.assertEqual(self.run_cell("const one: number = later.get('value'); button.onClick(() => 1); one").value, "1")


if __name__ == "__main__":
    unittest.main()
