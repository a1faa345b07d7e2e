"""Code that blocks of the documents take as given, by the first line of the block."""

TRAINING = """
import { lora, nn, train } from "fovea";
import * as tf from "fovea/tf";

await nn.start();
class Model extends nn.Module {
  readonly proj = new nn.Linear(8, 8);
}
const model = new Model();
const adapters = lora.attach(model, { r: 2, targetModules: ["proj"], peftType: "DUAL_LORA" });
const forward = (x: nn.Tensor) => model.proj.forward(x);
const input = tf.randomNormal([32, 8], 0, 1, "float32", 1);
const tasks = { copy: [input] };
const data = train.batches([input], { batchSize: 1 });
const loss = ([x]: nn.Tensor[]) => tf.mean(tf.square(tf.sub(forward(x), x)));
const stages = [{ name: "adapt", steps: 100, groups: [{ parameters: /lora/, learningRate: 1e-2 }] }];
const evaluate = async () => ({ error: (await loss([input]).data())[0] });
"""

PREPARATIONS = {'import { display, lora, train, view } from "fovea";': TRAINING}
