import { toFloat32 } from "../../nn/module/floats";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { ModelError } from "../error";
import type { FullVitConfig } from "./config";
import { FAMILIES, type Family, type Pairs, type VitNames } from "./families";
import { joinFloats } from "../../numeric";

type Tensors = ReadonlyMap<string, SafetensorsTensor>;

/** Tensors under timm's names, and the names of those that have no place in the model. */
export interface Converted {
  tensors: Map<string, SafetensorsTensor>;
  ignored: string[];
}

/** Makes a tensor in single precision. */
const floats = (shape: number[], data: Float32Array): SafetensorsTensor => ({ dtype: "F32", shape, data });

/** Returns the name with its first matching part replaced; undefined where no part matches. */
function replaced(name: string, pairs: Pairs, from: 0 | 1): string | undefined {
  const found = pairs.find((pair) => name === pair[from] || name.startsWith(`${pair[from]}.`));
  return found && `${found[1 - from]}${name.slice(found[from].length)}`;
}

/** Public function that reads tensors of any spelling. */
const READ = "models.loadVitState";

/** Converts tensors of any spelling to timm's names and shapes. Names without a meaning stay as they are. */
export function toTimm(tensors: Tensors, names: VitNames, config: FullVitConfig): Converted {
  if (names === "timm") return { tensors: new Map(tensors), ignored: [] };
  const reader = new Reader(FAMILIES[names]);
  for (const [name, tensor] of tensors) reader.read(name, tensor);
  finish(reader.tensors, config);
  return reader;
}

/** Collects tensors under timm's names. */
class Reader implements Converted {
  readonly tensors = new Map<string, SafetensorsTensor>();
  readonly ignored: string[] = [];
  private readonly thirds = new Map<string, (SafetensorsTensor | undefined)[]>();

  constructor(private readonly family: Family) {}

  read(original: string, tensor: SafetensorsTensor): void {
    const name = original.replace(this.family.prefix, "");
    if (this.family.ignored.test(name)) this.ignored.push(original);
    else if (/^head\.attention\.in_proj_(weight|bias)$/.test(name)) this.splitPool(name.slice(23), tensor);
    else if (!this.readThird(name, tensor)) this.tensors.set(this.nameOf(name) ?? original, tensor);
  }

  private nameOf(name: string): string | undefined {
    const layer = this.layerOf(name);
    if (!layer) return replaced(name, this.family.outside, 0);
    const inside = replaced(layer.rest, this.family.inside, 0);
    return inside && `blocks.${layer.index}.${inside}`;
  }

  private layerOf(name: string): { index: string; rest: string } | null {
    const prefix = this.family.layers.find((prefix) => name.startsWith(prefix));
    const match = prefix === undefined ? null : /^(\d+)\.(.+)$/.exec(name.slice(prefix.length));
    return match && { index: match[1], rest: match[2] };
  }

  /** Keeps one of query, key and value until all three are there. */
  private readThird(name: string, tensor: SafetensorsTensor): boolean {
    const layer = this.layerOf(name);
    const match = layer && /^(.+)\.(weight|bias)$/.exec(layer.rest);
    const at = this.family.qkv.map((three) => three.indexOf(match?.[1] ?? "")).find((at) => at >= 0);
    if (!layer || !match || at === undefined) return false;
    const target = `blocks.${layer.index}.attn.qkv.${match[2]}`;
    const thirds = this.thirds.get(target) ?? [undefined, undefined, undefined];
    thirds[at] = tensor;
    this.thirds.set(target, thirds);
    this.tensors.set(target, stacked(thirds));
    return true;
  }

  /** Splits the projections of SigLIP's pooling head into that of the query and that of the tokens. */
  private splitPool(kind: string, tensor: SafetensorsTensor): void {
    const [query, rest] = rows(tensor, [tensor.shape[0] / 3, (2 * tensor.shape[0]) / 3]);
    this.tensors.set(`attn_pool.q.${kind}`, query);
    this.tensors.set(`attn_pool.kv.${kind}`, rest);
  }
}

/** Stacks query, key and value; a bias that is missing, as that of DINOv3's keys, is zero. */
function stacked(thirds: (SafetensorsTensor | undefined)[]): SafetensorsTensor {
  const known = thirds.find((third) => third !== undefined) as SafetensorsTensor;
  const isBias = known.shape.length === 1;
  const parts = thirds.flatMap((third) =>
    third ? [toFloat32(READ, third)] : isBias ? [new Float32Array(known.shape[0])] : [],
  );
  return floats([parts.length * known.shape[0], ...known.shape.slice(1)], joinFloats(parts));
}

/** Splits a tensor along its first dimension. */
function rows(tensor: SafetensorsTensor, counts: readonly number[]): SafetensorsTensor[] {
  const data = toFloat32(READ, tensor);
  const size = data.length / tensor.shape[0];
  let at = 0;
  return counts.map((count) => {
    const part = data.slice(at * size, (at + count) * size);
    at += count;
    return floats([count, ...tensor.shape.slice(1)], part);
  });
}

/** Gives class token and positions timm's dimensions; DINOv2 with registers has its first position in the class token. */
function finish(tensors: Map<string, SafetensorsTensor>, config: FullVitConfig): void {
  for (const name of ["cls_token", "pos_embed"]) {
    const tensor = tensors.get(name);
    if (tensor) tensors.set(name, { ...tensor, shape: [...[1, 1, 1].slice(tensor.shape.length), ...tensor.shape] });
  }
  const [token, positions] = [tensors.get("cls_token"), tensors.get("pos_embed")];
  if (!config.noEmbedClass || !token || !positions) return;
  const features = token.shape[2];
  const table = toFloat32(READ, positions);
  const first = toFloat32(READ, token).map((value, i) => value + table[i]);
  tensors.set("cls_token", floats([1, 1, features], first));
  tensors.set("pos_embed", floats([1, positions.shape[1] - 1, features], table.slice(features)));
}

/**
 * Converts tensors under timm's names to another spelling.
 *
 * @throws ModelError naming the tensors that the spelling has no place for
 */
export function fromTimm(tensors: Tensors, names: VitNames, config: FullVitConfig): Map<string, SafetensorsTensor> {
  if (names === "timm") return new Map(tensors);
  const family = FAMILIES[names];
  const written = new Map<string, SafetensorsTensor>();
  const homeless: string[] = [];
  for (const [name, tensor] of tensors) {
    const parts = spelled(name, tensor, family, config);
    if (!parts) homeless.push(name);
    for (const [part, value] of parts ?? []) written.set(part, value);
  }
  if (homeless.length)
    throw new ModelError("models.vitState", `${names} has no place for every tensor`, homeless.join(", "));
  return withExtras(written, names, family, config);
}

type Named = [name: string, tensor: SafetensorsTensor];

function spelled(name: string, tensor: SafetensorsTensor, family: Family, config: FullVitConfig): Named[] | null {
  const prefix = family.written;
  const pool = /^attn_pool\.(q|kv)\.(weight|bias)$/.exec(name);
  if (pool) return [[`pool ${pool[1]} ${pool[2]}`, tensor]];
  const block = /^blocks\.(\d+)\.(.+)$/.exec(name);
  if (!block) {
    const other = replaced(name, family.outside, 1);
    const flat = isFlat(other) ? { ...tensor, shape: tensor.shape.slice(other?.endsWith("weight") ? 1 : 2) } : tensor;
    return other === undefined ? null : [[`${other.startsWith("visual_") ? "" : prefix}${other}`, flat]];
  }
  const layer = `${prefix}${family.layers[0]}${block[1]}.`;
  const third = /^attn\.qkv\.(weight|bias)$/.exec(block[2]);
  if (third && family.qkv.length)
    return thirdsOf(tensor).map((one, i) => [`${layer}${family.qkv[0][i]}.${third[1]}`, one]);
  const packed = config.mlpLayer === "swiglu-packed";
  const inside = family.inside.filter(([theirs]) => packed || !theirs.startsWith("mlp.weights_"));
  const other = replaced(block[2], inside, 1);
  return other === undefined ? null : [[`${layer}${other}`, tensor]];
}

/** Tests for class token and positions of CLIP's kind, which have fewer dimensions than timm's. */
const isFlat = (name: string | undefined): boolean =>
  name === "embeddings.class_embedding" || name === "embeddings.position_embedding.weight";

const thirdsOf = (tensor: SafetensorsTensor): SafetensorsTensor[] =>
  rows(tensor, Array<number>(3).fill(tensor.shape[0] / 3));

/** Adds what the spelling has beside the model's tensors: the joint projections of a pooling head, mask tokens, a first position. */
function withExtras(
  written: Map<string, SafetensorsTensor>,
  names: VitNames,
  family: Family,
  config: FullVitConfig,
): Map<string, SafetensorsTensor> {
  for (const kind of ["weight", "bias"]) {
    const [q, kv] = ["q", "kv"].map((part) => written.get(`pool ${part} ${kind}`));
    if (!q || !kv) continue;
    written.delete(`pool q ${kind}`);
    written.delete(`pool kv ${kind}`);
    written.set(`${family.written}head.attention.in_proj_${kind}`, stacked([q, ...rows(kv, [q.shape[0], q.shape[0]])]));
  }
  if (names === "dinov2" || names === "dinov3") {
    const shape = names === "dinov2" ? [1, config.embedDim] : [1, 1, config.embedDim];
    written.set("embeddings.mask_token", floats(shape, new Float32Array(config.embedDim)));
  }
  const positions = written.get("embeddings.position_embeddings");
  if (config.noEmbedClass && positions) written.set("embeddings.position_embeddings", withFirst(positions));
  return written;
}

/** Adds a first position of zeros, that of the class token. */
function withFirst(positions: SafetensorsTensor): SafetensorsTensor {
  const [, count, features] = positions.shape;
  const data = new Float32Array((count + 1) * features);
  data.set(toFloat32("models.vitState", positions), features);
  return floats([1, count + 1, features], data);
}
