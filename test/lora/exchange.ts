/** A case of `test/peft/reference.py`: the model's tree by PEFT's account, with the base weights that matter. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assertClose, below, tensorOf } from "../nn/golden.ts";
import { nn, type Tensor, tf } from "../nn/names.ts";
import * as safetensors from "../../kernel/safetensors";

type Stored = safetensors.SafetensorsTensor;

export interface Case {
  folder: string;
  modules: Record<string, string>;
  parameters: Record<string, number[]>;
  adapters: string[];
  /** Adapted layers and copied modules by adapter. */
  layers: Record<string, string[]>;
  trainable: number;
  all: number;
  tensors: Map<string, Stored>;
}

export function readCase(folder: string): Case {
  const meta = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as Omit<Case, "folder" | "tensors">;
  const { tensors } = safetensors.parse(readFileSync(join(folder, "base.safetensors")));
  return { ...meta, folder, tensors };
}

/** A part of a tree that computes nothing. */
class Holder extends nn.Module {}

type Layered = nn.Module & { forward(x: Tensor): Tensor };

/** The base model's tree: same names, kinds and sizes; the layers that matter have their values. */
export function baseTree({ modules, parameters, tensors }: Case): nn.Module {
  const root = new Holder();
  const made = new Map<string, nn.Module>([["", root]]);
  for (const [path, kind] of Object.entries(modules)) {
    const module = layerOf(kind, path, parameters);
    const at = path.lastIndexOf(".");
    Object.assign(made.get(path.slice(0, Math.max(at, 0)))!, { [path.slice(at + 1)]: module });
    made.set(path, module);
  }
  for (const [path, shape] of Object.entries(parameters)) {
    const at = path.lastIndexOf(".");
    const owner = made.get(path.slice(0, Math.max(at, 0)))!;
    if (owner instanceof Holder) Object.assign(owner, { [path.slice(at + 1)]: new nn.Parameter(shape, nn.zeros) });
  }
  const values = root.namedParameters();
  for (const [path, { data }] of below(tensors, "base/")) values.get(path)!.assign(data as Float32Array);
  return root;
}

function layerOf(kind: string, path: string, parameters: Record<string, number[]>): nn.Module {
  const weight = parameters[`${path}.weight`];
  const [first, second] = weight ?? [];
  if (weight && kind === "Linear") return new nn.Linear(second, first, { bias: `${path}.bias` in parameters });
  if (weight && kind === "Conv1D") return new nn.Conv1D(first, second);
  if (weight && kind === "Embedding") return new nn.Embedding(first, second);
  return new Holder();
}

/** Runs every recorded layer on its recorded input and compares what comes out. */
export function checkOutputs(model: nn.Module, recorded: ReadonlyMap<string, Stored>, what: string): void {
  const modules = model.namedModules();
  const inputs = [...below(recorded, "x/")];
  assert.ok(inputs.length, `${what} has recorded inputs`);
  for (const [path, stored] of inputs)
    tf.tidy(() => {
      const y = (modules.get(path) as Layered).forward(inputOf(stored));
      assertClose(y, recorded.get(`y/${path}`)!, 1e-5, `${what}, ${path}`);
    });
}

function inputOf(stored: Stored): Tensor {
  if (stored.dtype !== "I64") return tensorOf(stored);
  return tensorOf({ ...stored, dtype: "I32", data: Int32Array.from(stored.data as BigInt64Array, Number) });
}
