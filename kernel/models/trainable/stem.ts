import { append } from "../../numeric/order";
import type { Graph } from "../../onnx/graph";
import type { OnnxNode } from "../../onnx/model";
import type { NormSite } from "../../onnx/norms";
import type { StemStep, VitConfig } from "../vit/config";
import { type GraphNorm, normsOf, readGraphNorm, valuesOf, vectorOf } from "./linears";
import { Unreadable } from "./unreadable";

/** Convolution with its weights. */
interface GraphConv {
  node: OnnxNode;
  weight: Float32Array;
  bias: Float32Array | null;
  channels: number;
  kernel: number;
  stride: number;
  padding: number;
}

/** Layers between the picture and the tokens, and the norms there. */
export interface GraphStem {
  weights: Map<string, { values: Float32Array; rows: number }>;
  config: VitConfig;
  /** Tensor that enters the norm before the blocks, or the stream where there is none. */
  embedded: string;
  preNorm: GraphNorm | null;
}

/** Reads the convolutions and norms before the first block. */
export function readStem(graph: Graph, stream: string, features: number): GraphStem {
  const nodes = upstream(graph, stream);
  const convs = nodes.filter(({ op }) => op === "Conv").map((node) => readConv(graph, node));
  const patch = convs[convs.length - 1] as GraphConv | undefined;
  if (!patch || patch.padding !== 0 || patch.channels !== features)
    throw new Unreadable("patches are not made by a convolution without padding");
  const steps = stepsOf(graph, nodes, convs.slice(0, -1));
  const weights: GraphStem["weights"] = new Map();
  putConv(weights, "patch_embed.proj", patch);
  steps.forEach(({ convs }, i) =>
    convs.forEach((conv, k) => putConv(weights, `patch_embed.stem.${i}.conv${k ? 2 : ""}`, conv)),
  );
  const norms = normsOf(graph, nodes, features);
  const chain = graph.layoutChain(stream);
  const last = norms.find(({ output }) => chain.includes(output));
  const early = norms.find((site) => site !== last);
  if (early) putNormOf(weights, "patch_embed.norm", graph, early, features);
  const config = {
    patchSize: patch.kernel,
    patchStride: patch.stride,
    patchBias: patch.bias !== null,
    embedNorm: early !== undefined,
    preNorm: last !== undefined,
    stem: steps.map(({ step }) => step),
  };
  const preNorm = last ? readGraphNorm(graph, last, features) : null;
  return { weights, config, embedded: last?.input ?? stream, preNorm };
}

function putNormOf(weights: GraphStem["weights"], name: string, graph: Graph, site: NormSite, features: number): void {
  const { weight, bias } = readGraphNorm(graph, site, features);
  weights.set(`${name}.weight`, { values: weight, rows: features });
  if (bias) weights.set(`${name}.bias`, { values: bias, rows: features });
}

/** Returns the nodes between the picture and a tensor, in the graph's order. */
function upstream(graph: Graph, name: string): OnnxNode[] {
  const found = new Set<OnnxNode>();
  const open = [name];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const node = graph.producer.get(at);
    if (!node || found.has(node)) continue;
    found.add(node);
    append(open, graph.dataInputs(node));
  }
  return [...found].sort((a, b) => a.index - b.index);
}

function readConv(graph: Graph, node: OnnxNode): GraphConv {
  const tensor = graph.constant(node.inputs[1]);
  if (!tensor || tensor.dims.length !== 4) throw new Unreadable(`the weight of ${node.name} is no constant`);
  const [channels, , rows, columns] = tensor.dims;
  const list = (name: string, absent: number[]): number[] => node.attributes.get(name)?.numbers ?? absent;
  const strides = list("strides", [1, 1]);
  const pads = list("pads", [0, 0, 0, 0]);
  const isPlain =
    rows === columns &&
    strides[0] === strides[1] &&
    pads.every((pad) => pad === pads[0]) &&
    (node.attributes.get("group")?.number ?? 1) === 1 &&
    list("dilations", [1, 1]).every((one) => one === 1);
  if (!isPlain) throw new Unreadable(`${node.name} is no square convolution without groups and dilation`);
  const bias = node.inputs[2] ? vectorOf(graph, node.inputs[2], channels) : null;
  return { node, weight: valuesOf(graph, tensor), bias, channels, kernel: rows, stride: strides[0], padding: pads[0] };
}

/** Groups the convolutions of a stem into steps: two whose result is added to what they read are one. */
function stepsOf(
  graph: Graph,
  nodes: readonly OnnxNode[],
  convs: readonly GraphConv[],
): { step: StemStep; convs: GraphConv[] }[] {
  const sums = nodes.filter((node) => node.op === "Add" && node.inputs.every((name) => graph.data.has(name)));
  const isEnd = (conv: GraphConv): boolean => sums.some(({ inputs }) => inputs.includes(conv.node.outputs[0]));
  const steps: { step: StemStep; convs: GraphConv[] }[] = [];
  for (const conv of convs) {
    if (conv.kernel !== 3 || conv.padding !== 1)
      throw new Unreadable(`${conv.node.name} is no convolution of 3 x 3 pixels`);
    const last = steps[steps.length - 1];
    if (isEnd(conv) && last) {
      last.convs.push(conv);
      last.step.residual = true;
    } else steps.push({ step: { channels: conv.channels, stride: conv.stride }, convs: [conv] });
  }
  return steps;
}

function putConv(weights: GraphStem["weights"], name: string, { weight, bias, channels }: GraphConv): void {
  weights.set(`${name}.weight`, { values: weight, rows: channels });
  if (bias) weights.set(`${name}.bias`, { values: bias, rows: channels });
}
