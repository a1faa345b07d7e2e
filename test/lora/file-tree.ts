/** A model's tree by the names and shapes in a file of weights; it computes nothing but its linear layers. */
import { nn } from "../nn/names.ts";
import type * as safetensors from "../../kernel/safetensors/index.ts";

class Holder extends nn.Module {}

type Stored = safetensors.SafetensorsTensor;

export function treeOf(tensors: ReadonlyMap<string, Stored>): nn.Module {
  const root = new Holder();
  const made = new Map<string, nn.Module>([["", root]]);
  for (const [name, stored] of tensors) {
    const at = name.lastIndexOf(".");
    const owner = moduleAt(made, name.slice(0, at), tensors);
    const part = name.slice(at + 1);
    if (owner instanceof Holder) Object.assign(owner, { [part]: new nn.Parameter(stored.shape, nn.zeros) });
    const parameter = (owner as unknown as Record<string, nn.Parameter>)[part];
    parameter.assign(Float32Array.from(stored.data as Float32Array));
  }
  return root;
}

function moduleAt(made: Map<string, nn.Module>, path: string, tensors: ReadonlyMap<string, Stored>): nn.Module {
  const known = made.get(path);
  if (known) return known;
  const at = path.lastIndexOf(".");
  const owner = moduleAt(made, path.slice(0, Math.max(at, 0)), tensors);
  const module = layerOf(path, tensors);
  Object.assign(owner, { [path.slice(at + 1)]: module });
  made.set(path, module);
  return module;
}

function layerOf(path: string, tensors: ReadonlyMap<string, Stored>): nn.Module {
  const shape = tensors.get(`${path}.weight`)?.shape;
  if (shape?.length !== 2) return new Holder();
  if (/embed_tokens$/.test(path)) return new nn.Embedding(shape[0], shape[1]);
  return new nn.Linear(shape[1], shape[0], { bias: tensors.has(`${path}.bias`) });
}
