"""Layers and training in cells: their types reach later cells, and an interrupt stops a training and leaves no tensor."""

import unittest

from harness import Kernel

SETUP = """
import { nn, train } from "fovea";
import * as tf from "fovea/tf";

nn.manualSeed(1);
class Model extends nn.Module {
  readonly fc1 = new nn.Linear(2, 8);
  readonly fc2 = new nn.Linear(8, 2);
  forward(x: tf.Tensor): tf.Tensor { return this.fc2.forward(nn.gelu(this.fc1.forward(x))); }
}
const model = new Model();
const data = train.batches([0, 1, 2, 3], { batchSize: 2 });
const loss = (batch: number[]) =>
  nn.crossEntropy(model.forward(tf.tensor2d(batch.map((i) => [i, 1]))), tf.tensor1d(batch.map((i) => i % 2), "int32"));
const stages = [{ name: "head", groups: [{ parameters: "fc2", learningRate: 0.1 }], steps: 1e6 }];
const reports: train.StepReport[] = [];
const tensors = tf.memory().numTensors;
"""

TRAIN = """
const running = train.fit({ model, data, loss, stages }, (report) => {
  reports.push(report);
  if (report.step === 3) console.log("begun");
});
await running;
"""

# Says so when the training waits in its pause.
WAITS = """
const timer = setInterval(() => {
  if (control.state !== "paused") return;
  clearInterval(timer);
  console.log("paused");
}, 5);
"""

ENDED = "await running.then(() => 'finished', (error) => error.name)"


class TrainingTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def value(self, code):
        return self.kernel.run(code).value

    def test_a_long_training_shows_a_bar_and_a_short_one_or_one_with_a_control_none(self):
        self.assertEqual(self.kernel.run(SETUP).reply["status"], "ok")
        fit = "await train.fit({ model, data: slow(%d), loss, stages: [{ ...stages[0], steps: 8 }], %s }); 1"
        slow = "const slow = (ms: number) => ({ length: 2, batch: async (epoch: number, i: number) => { await new Promise((r) => setTimeout(r, ms)); return data.batch(epoch, i); } });"
        self.kernel.run(slow)
        shown = self.kernel.run(fit % (400, "")).of("display_data", "update_display_data")
        self.assertRegex(shown[-1]["data"]["text/plain"], r"^Training \[#{30}\] 8 of 8 updates, ")
        self.assertEqual(len({one["transient"]["display_id"] for one in shown}), 1)
        for ms, option in ((0, ""), (400, "progress: false"), (400, "control: new train.TrainingControl('x')")):
            self.assertEqual(self.kernel.run(fit % (ms, option)).of("display_data", "update_display_data"), [], option)

    def test_an_interrupt_stops_a_training_where_the_next_one_can_begin(self):
        self.assertEqual(self.kernel.run(SETUP).reply["status"], "ok")
        msg_id = self.kernel.client.execute(TRAIN)
        self.kernel.next_of("stream", accept=lambda m: "begun" in m["content"]["text"])
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        # The cell has ended; its training ends with the update that was under way.
        self.assertEqual(self.value(ENDED), "'KeyboardInterrupt'")
        self.assertEqual(self.value("reports.length > 2"), "true")
        self.assertEqual(self.value("tf.memory().numTensors - tensors"), "0")
        self.assertEqual(self.value("[...model.namedParameters().values()].every((one) => one.trainable)"), "true")
        # The types of this cell's names come from the cells before.
        self.kernel.run("const weight = model.fc1.weight.value; const optimiser = new train.AdamW([]);")
        self.assertEqual(self.value("const shape: number[] = weight.shape; shape"), "[ 8, 2 ]")
        self.assertIn("not assignable", str(self.kernel.run("const wrong: string = model.fc1.inFeatures;").reply))
        # A pause is no shelter: an interrupt ends a training that waits.
        paused = TRAIN.replace("stages }", "stages, control }").replace('console.log("begun");', "control.pause();")
        paused = paused.replace("await running;", WAITS + "await running;")
        self.kernel.run("const control = new train.TrainingControl();")
        msg_id = self.kernel.client.execute(paused)
        self.kernel.next_of("stream", accept=lambda m: "paused" in m["content"]["text"])
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assertEqual(self.value(ENDED), "'KeyboardInterrupt'")
        self.assertEqual(self.value("control.state"), "'interrupted'")
        short = "(await train.fit({ model, data, loss, stages: [{ ...stages[0], steps: 5 }] })).stages[0].trained.join()"
        self.assertEqual(self.value(short), "'fc2.weight,fc2.bias'")


if __name__ == "__main__":
    unittest.main()
