/** Plans which tensors of a base an adapter changes, and how. */
import { toFloat32 } from "../../nn/module/floats";
import type { SafetensorsTensor } from "../../safetensors";
import { LoraError } from "../error";
import type { Addition, BaseModel, Changes } from "./base-model";
import { storedName } from "./base-names";
import { BASE_DTYPES, isBaseDtype } from "./base-values";
import { describeFile } from "./describe";
import type { AdapterFile } from "./file";
import { keyOf, PREFIX } from "./keys";
import { isHead, type Tie, tieOf, untoldTie } from "./tied";
import { TOKENS, trainedRows } from "./token-rows";
import { BiasUpdate, encoded, LoraUpdate, RowsUpdate, type Update, updated } from "./updates";

export interface MergePlan {
  changes: Changes;
  merged: string[];
  replaced: string[];
  warnings: string[];
}

const COPY_OF_BASE = ".base_layer.weight";
const BASE_BIAS = /\.base_layer(?=\.bias$)/;

/** Plans a merge and checks every name, shape and type. @throws LoraError before anything is written */
export function planMerge(fn: string, file: AdapterFile, source: BaseModel): MergePlan {
  return new Planner(fn, file, source).plan();
}

class Planner {
  private readonly updates = new Map<string, Update[]>();
  private readonly copies = new Map<string, SafetensorsTensor>();
  private readonly warnings: string[] = [];
  private readonly tie: Tie | null;

  constructor(
    private readonly fn: string,
    private readonly file: AdapterFile,
    private readonly source: BaseModel,
  ) {
    this.tie = tieOf(source);
  }

  plan(): MergePlan {
    const { layers, saved } = describeFile(this.fn, this.file.config, this.file.tensors);
    for (const path of saved.filter((path) => !path.endsWith(COPY_OF_BASE))) this.addSaved(path);
    for (const [module, layer] of layers) {
      const update = new LoraUpdate(this.fn, this.file, module, layer);
      this.addUpdate(this.weightOf(module), update);
      const bias = this.file.tensors.get(keyOf(module, "lora_B.bias"));
      if (bias) this.addUpdate(this.nameOf(module, "bias"), new BiasUpdate(toFloat32(this.fn, bias), layer.scaling));
    }
    const changes = this.changes();
    const replaced = [...this.copies.keys()];
    const untold = untoldTie(this.source, replaced);
    if (untold)
      this.warnings.push(`${untold} was replaced: no config.json tells whether the output layer is tied to it`);
    return { changes, merged: [...this.updates.keys()], replaced, warnings: this.warnings };
  }

  /** A whole copy, a bias that was trained, or rows of an embedding. */
  private addSaved(path: string): void {
    const stored = this.file.tensors.get(`${PREFIX}${path}`) as SafetensorsTensor;
    if (path.endsWith(TOKENS)) return this.addRows(path.slice(0, -TOKENS.length), stored);
    const name = path.replace(BASE_BIAS, "");
    const at = name.lastIndexOf(".");
    const [module, part] = [name.slice(0, at), name.slice(at + 1)];
    this.copies.set(this.isTiedHead(module, part) ? this.tie!.head : this.nameOf(module, part), stored);
  }

  private addRows(module: string, stored: SafetensorsTensor): void {
    // PEFT trains the rows of a tied embedding for both layers.
    const name = this.isTiedHead(module, "weight") ? this.weightOf(module) : this.nameOf(module, "weight");
    const [count = 0, ...columns] = this.source.tensors.get(name)?.shape ?? [];
    const indices = trainedRows(this.fn, this.file.config, module, stored.shape, [count, ...columns]);
    this.addUpdate(name, new RowsUpdate([count, ...columns], indices, toFloat32(this.fn, stored)));
  }

  private addUpdate(name: string, update: Update): void {
    this.check(name, update.shape);
    const others = this.updates.get(name) ?? [];
    if (this.copies.has(name)) throw new LoraError(this.fn, "a tensor must be copied or updated, not both", name);
    if (others.some((other) => this.isTwin(name, other, update))) return;
    this.updates.set(name, [...others, update]);
  }

  /** True if the LoRA of a tied embedding equals its output layer's, as `ensure_weight_tying` makes them; throws otherwise. */
  private isTwin(name: string, one: Update, other: Update): boolean {
    if (one instanceof LoraUpdate && other instanceof LoraUpdate && one.isSameAs(other)) return true;
    throw new LoraError(this.fn, "a tensor must have one update, or the same of both layers that it ties", name);
  }

  /** The base's tensor of a module's weight: the embedding's, for an output layer that is tied to it. */
  private weightOf(module: string): string {
    const { tie } = this;
    const name = this.isTiedHead(module, "weight") ? tie!.embedding : this.nameOf(module, "weight");
    if (tie && name === tie.embedding && !this.copies.has(tie.head)) this.warn(module, tie);
    return name;
  }

  private warn(module: string, { embedding }: Tie): void {
    this.warnings.push(
      `${module}: embedding and output layer are tied, so merging into ${embedding} changes both, as PEFT's merge does`,
    );
  }

  private isTiedHead(module: string, part: string): boolean {
    return this.tie !== null && part === "weight" && isHead(module);
  }

  private nameOf(module: string, part: string): string {
    const { tensors } = this.source;
    const name = storedName(module, part, (one) => tensors.has(one));
    if (name !== null) return name;
    const known = [...tensors.keys()].slice(0, 6).join(", ");
    const rule = `the base file must hold the adapter's layers; it holds ${known}, …`;
    throw new LoraError(this.fn, rule, `${module}.${part}`);
  }

  private check(name: string, shape: readonly number[]): void {
    const entry = this.source.tensors.get(name)!;
    if (entry.shape.join() !== shape.join())
      throw new LoraError(this.fn, `${name} of the base must be [${shape.join(", ")}] for this adapter`, entry.shape);
    if (!isBaseDtype(entry.dtype))
      throw new LoraError(this.fn, `${name} of the base must be ${BASE_DTYPES}`, entry.dtype);
    const scale = [`${name}_scale_inv`, `${name}_scale`].find((one) => this.source.tensors.has(one));
    if (scale) throw new LoraError(this.fn, `${name} of the base must be no quantized weight with a scale`, scale);
  }

  private changes(): Changes {
    const { fn, source } = this;
    const { addition, isUntied } = this.untie();
    const tensors = new Map<string, () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>>();
    for (const [name, updates] of this.updates) tensors.set(name, () => updated(fn, source, name, updates));
    for (const [name, copy] of this.copies) {
      if (name === addition?.name) continue;
      this.check(name, copy.shape);
      tensors.set(name, () => [encoded(fn, source, name, toFloat32(fn, copy))]);
    }
    return { tensors, addition, config: isUntied ? this.tie!.untied : null };
  }

  /** A whole copy of a tied embedding or output layer parts the two, but for copies of both with the same values. */
  private untie(): { addition: Addition | null; isUntied: boolean } {
    const { tie, copies, source, fn } = this;
    if (!tie) return { addition: null, isUntied: false };
    const { embedding, head } = tie;
    const [own, output] = [copies.get(embedding), copies.get(head)];
    if ((!own && !output) || (own && output && isSame(fn, own, output))) {
      if (!source.tensors.has(head)) copies.delete(head);
      return { addition: null, isUntied: false };
    }
    this.warnings.push(`embedding and output layer are no longer tied: ${this.untiedWhere(tie)}`);
    if (source.tensors.has(head)) return { addition: null, isUntied: true };
    if (output) this.check(embedding, output.shape);
    const bytes = () => (output ? [encoded(fn, source, embedding, toFloat32(fn, output))] : source.chunks(embedding));
    return { addition: { name: head, like: embedding, bytes }, isUntied: true };
  }

  private untiedWhere({ head }: Tie): string {
    const config = this.source.isFolder ? "config.json says so" : "set tie_word_embeddings to false in its config.json";
    return `${head} has weights of its own, ${config}`;
  }
}

function isSame(fn: string, a: SafetensorsTensor, b: SafetensorsTensor): boolean {
  const [one, other] = [toFloat32(fn, a), toFloat32(fn, b)];
  return one.length === other.length && one.every((value, i) => value === other[i]);
}
