import { type AttentionSite, findAttention, hasAttention } from "./attention";
import { type Graph, isLayout } from "./graph";
import type { OnnxNode } from "./model";
import { normAt, type NormSite } from "./norms";
import { findProjections, findResiduals, isActivation, type Residual, sourcesOf } from "./residuals";
import { elementCount, readTensor } from "./tensor";

/** Block of a network: the residuals from one attention to the next; in a convolutional network, one residual. */
export interface BlockSite extends AttentionSite {
  index: number;
  /**
   * Number of the stage, 0-based. A new stage begins where the stream does not continue by addition (patch merging,
   * downsampling).
   */
  stage: number;
  /** Stream before the block. */
  input: string;
  /** Stream after the block. */
  residual: string;
}

/** Structure found in a graph. */
export interface Structure {
  blocks: BlockSite[];
  finalNorm: NormSite | null;
}

interface Step extends Residual {
  attends: boolean;
  /** Step whose output is this step's skip; null at the beginning of a stage. */
  previous: Step | null;
}

/** Finds blocks in depth order and the norm after the last, by structure alone. */
export function findStructure(graph: Graph): Structure {
  const norms = findNorms(graph);
  const residuals = findResiduals(graph);
  const attends = residuals.some((residual) => hasAttention(residual.region));
  const all = attends ? residuals : [...residuals, ...findProjections(graph, residuals)];
  const steps = chain(
    graph,
    all.sort((a, b) => a.node.index - b.node.index),
    norms,
  );
  const blocks = describeBlocks(graph, steps);
  const last = blocks[blocks.length - 1];
  return { blocks, finalNorm: last ? findFinalNorm(graph, last.residual, norms) : null };
}

function findNorms(graph: Graph): NormSite[] {
  const epsilonOf = (name: string): number | null => {
    const tensor = graph.constant(name);
    return tensor && tensor.dims.length <= 1 && elementCount(graph.model.fn, tensor) === 1
      ? (readTensor(graph.model, tensor)?.[0] ?? null)
      : null;
  };
  return graph.model.nodes.flatMap((node) => normAt(graph, node, epsilonOf) ?? []);
}

/**
 * Links each residual to the one whose output it adds to, directly or through a norm or activation (post-norm models).
 */
function chain(graph: Graph, residuals: Residual[], norms: NormSite[]): Step[] {
  const inputOf = new Map(norms.map((norm) => [norm.output, norm.input]));
  const made = new Map<string, Step>();
  return residuals.map((residual) => {
    const direct = sourcesOf(graph, residual.skip);
    const inputs = direct.flatMap((name) => inputOf.get(name) ?? []);
    const normed = inputs.flatMap((name) => graph.layoutChain(name));
    const bridged = bridge(graph, residual.skip, (name) => made.has(name));
    const previous = [...direct, ...normed, ...bridged].map((name) => made.get(name)).find((step) => step) ?? null;
    const step: Step = { ...residual, attends: hasAttention(residual.region), previous };
    made.set(residual.output, step);
    return step;
  });
}

/** Operators between attention and MLP: a real network has a handful. */
const LONGEST_BRIDGE = 64;

/**
 * Returns the tensor that `isMade` accepts, upstream through convolutions that keep the grid; TinyViT convolves the
 * stream between attention and MLP. Downsampling has a stride and patch merging other operators; both begin a stage.
 */
function bridge(graph: Graph, skip: string, isMade: (name: string) => boolean): string[] {
  let name = skip;
  let steps = 0;
  for (let node = graph.producer.get(name); node && !isMade(name); node = graph.producer.get(name)) {
    const isPlain =
      ++steps < LONGEST_BRIDGE &&
      (isLayout(node) || node.op === "BatchNormalization" || (node.op === "Conv" && keepsGrid(node)));
    if (!isPlain) return [];
    name = node.inputs[0];
  }
  return [name];
}

/** Tests for a depthwise convolution without stride. */
function keepsGrid(node: OnnxNode): boolean {
  const strides = node.attributes.get("strides")?.numbers ?? [];
  return strides.every((stride) => stride === 1) && (node.attributes.get("group")?.number ?? 1) > 1;
}

/** Groups steps into blocks: one per attention; in a network without attention, one per residual. */
function groupSteps(steps: Step[]): Step[][] {
  const attends = steps.some((step) => step.attends);
  const groups: Step[][] = [];
  const groupOf = new Map<Step, Step[]>();
  for (const step of steps) {
    const begins = step.attends || !attends;
    const group = begins ? [] : step.previous ? groupOf.get(step.previous) : undefined;
    if (!group) continue;
    if (begins) groups.push(group);
    group.push(step);
    groupOf.set(step, group);
  }
  return groups;
}

function describeBlocks(graph: Graph, steps: Step[]): BlockSite[] {
  const skips = new Map(steps.map((step) => [step.previous, step.skip]));
  let stage = -1;
  return groupSteps(steps).map((group, index) => {
    if (!group[0].previous) stage++;
    const last = group[group.length - 1];
    // In a post-norm model the stream is the tensor that the next block adds to, not the bare sum.
    const next = skips.get(last);
    const residual =
      next !== undefined && !graph.layoutChain(next).includes(last.output) ? next : activated(graph, last);
    return {
      index,
      stage: Math.max(0, stage),
      input: group[0].skip,
      residual,
      ...findAttention(graph, group[0].region),
    };
  });
}

/** Returns the activation of a sum that only an activation reads, which is the block's output (ResNet). */
function activated(graph: Graph, { output }: Step): string {
  const readers = graph.consumers.get(output) ?? [];
  return readers.length === 1 && isActivation(readers[0]) ? readers[0].outputs[0] : output;
}

const POOLS = new Set(["Slice", "Gather", "ReduceMean", "GlobalAveragePool", "Split"]);

/** Finds the first norm after the last block, also behind the choice of a token or a mean over tokens. */
function findFinalNorm(graph: Graph, stream: string, norms: NormSite[]): NormSite | null {
  const byInput = new Map(norms.map((norm) => [norm.input, norm]));
  const isPool = (node: OnnxNode): boolean => POOLS.has(node.op);
  for (const name of graph.forwardChain(stream, isPool)) {
    const norm = byInput.get(name);
    if (norm) return norm;
  }
  return null;
}
