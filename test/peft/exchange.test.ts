/**
 * The real PEFT and transformers beside us: what they write now we read, what we write they read. Needs the Python
 * environment of the benchmark's peers (torch, transformers, peft), which `npm test -- peft` makes.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { baseTree, type Case, checkOutputs, readCase } from "../lora/exchange.ts";
import { lora } from "../lora/names.ts";
import { nn } from "../nn/names.ts";
import * as safetensors from "../../kernel/safetensors";
import { sharedRandom } from "../../kernel/nn/module/random.ts";

const CLI = join(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const python = process.env.FOVEA_PEERS_PYTHON;

/** `reference.py`, asked line by line: starting torch and PEFT takes longer than all that they do here. */
class Reference {
  private readonly child = spawn(python!, [join(import.meta.dirname, "reference.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  private readonly lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();

  async ask<T>(command: string, folder: string): Promise<T> {
    this.child.stdin.write(`${command} ${folder}\n`);
    const { value, done } = (await this.lines.next()) as IteratorResult<string, undefined>;
    if (done) throw new Error(`reference.py ended at ${command}`);
    return JSON.parse(value) as T;
  }

  end(): void {
    this.child.stdin.end();
  }
}

/** A merged model in transformers: its logits beside those of PEFT's model, and the token of a word. */
interface Loaded {
  difference: number;
  scale: number;
  words: number[];
}

interface Outcome {
  missing: string[];
  unexpected: string[];
  layers: string[];
}

const skip = python ? false : "FOVEA_PEERS_PYTHON names no Python with torch, transformers and peft";

describe("exchange with the real PEFT", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-peft-"));
  let peft: Reference;
  before(async () => {
    await nn.start("native");
    peft = new Reference();
    await peft.ask("write", folder);
  });
  after(() => {
    peft.end();
    rmSync(folder, { recursive: true });
  });

  it("its adapters are ours, and ours are its, on every model and option", async () => {
    const names = readdirSync(folder);
    assert.ok(names.length >= 13);
    const written = new Map<string, nn.Module>();
    for (const name of names) written.set(name, await writeOurs(readCase(join(folder, name))));
    const outcomes = await peft.ask<Record<string, Outcome>>("read", folder);
    assert.deepEqual(Object.keys(outcomes).sort(), names.sort());
    for (const [name, model] of written) {
      const { missing, unexpected, layers } = outcomes[name];
      assert.deepEqual({ missing, unexpected }, { missing: [], unexpected: [] }, `${name}: keys`);
      const one = readCase(join(folder, name));
      assert.deepEqual(layers, one.layers[one.adapters[0]], `${name}: layers`);
      const read = safetensors.parse(readFileSync(join(folder, name, "ours", "read.safetensors")));
      checkOutputs(model, read.tensors, `${name}, as PEFT computes our file`);
      model.dispose();
    }
  });

  it("a base that the command line merged loads in transformers as it is, whole and in shards", async () => {
    const place = mkdtempSync(join(tmpdir(), "fovea-merged-"));
    try {
      const saved = await peft.ask<Record<string, string[]>>("base", place);
      assert.ok(saved.shards.length > saved.whole.length + 2, `shards: ${saved.shards.join(", ")}`);
      for (const [form, names] of Object.entries(saved)) {
        const out = join(place, `merged-${form}`);
        const args = ["adapter", "merge", join(place, "adapter"), "--base", join(place, form), "--out", out];
        const { status, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8" });
        assert.equal(status, 0, stderr);
        assert.deepEqual(readdirSync(out).sort(), names);
      }
      const loaded = await peft.ask<Record<string, Loaded>>("load", place);
      assert.deepEqual(Object.keys(loaded), Object.keys(saved));
      for (const [form, { difference, scale, words }] of Object.entries(loaded)) {
        assert.ok(difference <= 1e-5 * scale, `${form}: logits differ by ${difference} of ${scale}`);
        assert.deepEqual(words, [7], form);
      }
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it("PEFT refuses a Dual-LoRA by its type", async () => {
    assert.match(await peft.ask("refuse", await writeDual(folder)), /DUAL_LORA/);
  });
});

/** Checks what PEFT wrote, then writes an adapter of the same configuration with other values; the model has that one. */
async function writeOurs(one: Case): Promise<nn.Module> {
  const model = baseTree(one);
  const [adapter] = one.adapters;
  const { adapters } = await lora.load(model, one.folder, { adapter, name: "theirs" });
  const recorded = one.adapters.length > 1 ? prefixed(one, `${adapter}/`) : one.tensors;
  checkOutputs(model, recorded, `${one.folder}, as PEFT computed it`);
  const { other, ...config } = adapters.config("theirs");
  adapters.add("default", { ...config, other: { task_type: other.task_type } } as lora.AdapterOptions);
  adapters.activate("default");
  nn.manualSeed(11);
  for (const parameter of adapters.parameters("default").values())
    parameter.assign(nn.normal(0.2, 0.3)(parameter.shape, sharedRandom()));
  await adapters.save(join(one.folder, "ours"));
  return model;
}

const prefixed = ({ tensors }: Case, prefix: string): Map<string, safetensors.SafetensorsTensor> =>
  new Map([...tensors].flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])));

class Model extends nn.Module {
  proj = new nn.Linear(4, 4);
}

async function writeDual(folder: string): Promise<string> {
  const model = new Model();
  const adapters = lora.attach(model, { peftType: "DUAL_LORA", r: 2, targetModules: ["proj"] });
  const place = await adapters.save(join(folder, "dual"));
  model.dispose();
  return place;
}
