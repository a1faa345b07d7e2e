import type { Grid } from "../contracts/geometry";
import type { Device } from "../backend";
import { blockInfo, countParameters } from "../onnx/inspect";
import type { BlockInfo } from "../onnx";
import type { TokenLayout } from "./layout";
import type { Network } from "./network";
import type { Precision } from "./precision";
import type { Preprocess } from "./preprocess/preprocess";

/** One block of an encoder, with the fields of timm's `feature_info`. */
export interface LayerInfo {
  layer: number;
  channels: number;
  /** Input pixels per step of the grid. */
  reduction: number;
}

/** Properties of an encoder. */
export interface EncoderInfo {
  name: string;
  path: string | null;
  device: Device;
  precision: Precision;
  /** `[height, width]` in pixels. */
  inputSize: readonly [number, number];
  /** Pixels between neighbouring tokens of the first block; `featureInfo` has those of each block. */
  patchSize: number;
  /** Same value under the name of convolutional networks. */
  stride: number;
  grid: Grid;
  prefixTokens: number;
  /** Channels of the last block. */
  channels: number;
  /** Number of blocks. */
  depth: number;
  parameters: number;
  opset: number;
  blocks: readonly BlockInfo[];
  /** True when `norm: true` is supported. */
  hasFinalNorm: boolean;
  /** True when `embed` is supported. */
  hasEmbedding: boolean;
  preprocess: Readonly<Preprocess>;
}

/** Arguments of `encoders.load` that load the same encoder again. */
export interface EncoderSource {
  model: string;
  /** Options that change features; empty for the defaults. */
  options: Readonly<Record<string, unknown>>;
}

/** Parts of an encoder, made by `encoders.load`. */
export interface EncoderParts {
  name: string;
  source: EncoderSource;
  network: Network;
  /** One layout per block. */
  layouts: TokenLayout[];
  plan: Preprocess;
  embedding: string | null;
  /** Finds the text tower, locally or on the hub. */
  text(): Promise<string>;
}

/** Returns the properties of an encoder with these parts. */
export function infoOf({ name, network, layouts, plan, embedding }: EncoderParts): EncoderInfo {
  const { model, structure, norm } = network.analysis;
  const { grid, stride, prefixTokens } = layouts[0];
  const { channels } = layouts[layouts.length - 1];
  return {
    name,
    path: model.path,
    device: network.device,
    precision: network.isQuantized ? "int8" : "fp32",
    inputSize: plan.inputSize,
    patchSize: stride[0],
    stride: stride[0],
    grid,
    prefixTokens,
    channels,
    depth: structure.blocks.length,
    parameters: countParameters(model),
    opset: model.opsets.get("") ?? 0,
    preprocess: plan,
    blocks: structure.blocks.map(blockInfo),
    hasFinalNorm: norm !== null,
    hasEmbedding: embedding !== null,
  };
}
