import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deviceReadout, parseNvidia } from "../../kernel/backend/usage.ts";
import { DISPLAY } from "../../kernel/display/describe.ts";
import { readStatus } from "../../kernel/protocol/status.ts";
import { nn, tf, train } from "../nn/names.ts";

const MIB = 2 ** 20;
const card = (name: string, used: number, total: number) => ({
  name,
  usedBytes: used * MIB,
  totalBytes: total * MIB,
});

describe("what nvidia-smi says of a card's memory", () => {
  const READ: [what: string, text: string, expected: ReturnType<typeof card>][] = [
    ["one card", "NVIDIA H200, 1234, 143771\n", card("NVIDIA H200", 1234, 143771)],
    ["nothing in use, no newline", "Tesla T4, 0, 15360", card("Tesla T4", 0, 15360)],
    ["lines that end as on Windows", "NVIDIA RTX 4090, 800, 24564\r\n", card("NVIDIA RTX 4090", 800, 24564)],
    ["the first of several", "A, 1, 10\nB, 2, 20\n", card("A", 1, 10)],
    ["a name with commas", "Quadro, Rev 2, B, 5, 50\n", card("Quadro, Rev 2, B", 5, 50)],
    ["no spaces", "A,1,10", card("A", 1, 10)],
    ["many spaces", "  A  ,  1  ,  10  \n", card("A", 1, 10)],
    ["a warning before it", "WARNING: infoROM is corrupted, gpu 0\nA, 1, 10\n", card("A", 1, 10)],
    ["a card that does not say", "NVIDIA GB10, [N/A], [N/A]\nA, 1, 10\n", card("A", 1, 10)],
  ];
  for (const [what, text, expected] of READ) it(`reads ${what}`, () => assert.deepEqual(parseNvidia(text), expected));

  const NOTHING: [what: string, text: string][] = [
    ["nothing", ""],
    ["no devices", "No devices were found\n"],
    ["a driver that does not answer", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
    ["a card without memory of its own", "NVIDIA GB10, [N/A], [N/A]\n"],
    ["unsupported queries", "Tesla K80, [Not Supported], 11441\n"],
    ["an empty figure", "A, , 10\n"],
    ["no name", ", 1, 10\n"],
    ["too few figures", "A, 10\n"],
    ["a total of nothing", "A, 0, 0\n"],
    ["figures below nothing", "A, -1, 10\n"],
    ["units", "A, 1 MiB, 10 MiB\n"],
    ["other number forms", "A, 0x10, 1e9\n"],
    ["a figure that no card has", `A, 1, ${"9".repeat(400)}\n`],
    ["figures on different lines", "A, 1,\n10\n"],
  ];
  for (const [what, text] of NOTHING) it(`makes nothing of ${what}`, () => assert.equal(parseNvidia(text), undefined));

  it("gives what the status bar takes, however long the line", () => {
    const gpu = parseNvidia(`${"A, ".repeat(50_000)}1, 10\n`)!;
    const rest = { device: "cuda", runtime: "r", threads: 1, lastRunMs: 1, runs: 1, rssBytes: 1 };
    assert.deepEqual(readStatus({ ...rest, gpu }).gpu, gpu);
  });
});

describe("the read-out of a session that trains", () => {
  it("counts updates, and says what the tensors take", async () => {
    await nn.start("cpu");
    const before = await deviceReadout();
    const model = new nn.Linear(4, 2);
    const data = train.batches([1, 2, 3, 4], { batchSize: 2 });
    const loss = () => tf.mean(tf.square(model.forward(tf.ones([1, 4]))));
    await train.fit({
      model,
      data,
      loss,
      stages: [{ name: "all", groups: [{ parameters: "weight", learningRate: 0.1 }], steps: 3 }],
    });
    const after = await deviceReadout();
    assert.deepEqual([after.runs - before.runs, after.device, after.threads], [3, "cpu", 1]);
    assert.match(after.runtime, /^tfjs \d+\.\d+\.\d+$/);
    assert.ok(after.tensorBytes! >= 4 * (4 * 2 + 2), "its parameters at least");
    assert.ok(after.lastRunMs > 0);
    assert.match(after[DISPLAY]()["text/plain"] as string, /tensors +\d+ MB/);
    assert.deepEqual(readStatus(JSON.parse(JSON.stringify(after))).tensorBytes, after.tensorBytes);
    model.dispose();
  });
});
