import { describe, type DisplayBundle, thousands } from "../display/describe";
import { OnnxError } from "./errors";
import { checkArguments } from "../rules/arguments";

/** Graph input or output: dimensions are numbers, names of symbols, or null. */
export interface TensorShape {
  name: string;
  dims: (number | string | null)[] | null;
}

/** Names of one block's inner tensors; null for a tensor that the graph lacks. */
export interface BlockInfo {
  index: number;
  /** Number of the stage, 0-based; hierarchical models have several. */
  stage: number;
  /** Residual stream after the block, `[B, N, C]`. */
  residual: string;
  /** Attention probabilities, `[B, heads, N, N]`. */
  attention: string | null;
  query: string | null;
  key: string | null;
  value: string | null;
}

/** Content of a model and the tensors that can be taken out of it. */
export interface Inspection {
  path: string | null;
  /** Version of the default operator set. */
  opset: number;
  producer: string;
  inputs: TensorShape[];
  outputs: TensorShape[];
  /** Image input, `[B, 3, H, W]`. */
  imageInput: string | null;
  /** Residual stream before the first block. */
  stem: string | null;
  blocks: BlockInfo[];
  /** Output of the norm after the last block. */
  finalNorm: string | null;
  /** Number of elements of all weights. */
  parameters: number;
  /** Reason why no features can be taken; null where they can. */
  refusal: string | null;
}

const shape = ({ name, dims }: TensorShape): string => `${name} [${dims?.map((dim) => dim ?? "?").join(", ") ?? "?"}]`;

const TENSORS = [{ name: "string" }] as const;
const SEEN_KIND = { parameters: "number", inputs: TENSORS, outputs: TENSORS, blocks: ["object"] } as const;

/**
 * Formats an inspection for a terminal: the model in four lines, then one line per block; `-` marks an absent tensor.
 */
export function formatInspection(seen: Inspection): string {
  checkArguments("onnx.format", OnnxError, { seen }, { seen: SEEN_KIND });
  const head = [
    `${seen.path ?? "model"}: opset ${seen.opset}${seen.producer && `, by ${seen.producer}`}, ${seen.parameters.toLocaleString("en-US")} parameters`,
    `inputs   ${seen.inputs.map(shape).join(", ")}`,
    `outputs  ${seen.outputs.map(shape).join(", ")}`,
  ];
  if (seen.refusal) return [...head, `no blocks: ${seen.refusal}`].join("\n");
  const blocks = seen.blocks.map((block) => {
    const parts = (["attention", "query", "key", "value"] as const).map((part) => `${part} ${block[part] ?? "-"}`);
    return [`block ${block.index} (stage ${block.stage})  ${block.residual}`, ...parts.map((part) => `  ${part}`)].join(
      "\n",
    );
  });
  return [...head, `stream   ${seen.stem}`, ...blocks, `norm     ${seen.finalNorm ?? "-"}`].join("\n");
}

/** Shows an inspection in a notebook: the text of the terminal, and a table of the same. */
export function inspectionBundle(seen: Inspection): DisplayBundle {
  const { path, opset, parameters, inputs, outputs, stem, blocks, finalNorm, refusal } = seen;
  const found: [string, string][] = refusal
    ? [["no blocks", refusal]]
    : [
        ["stream", stem ?? "-"],
        ...blocks.map(({ index, stage, residual }): [string, string] => [`block ${index} (stage ${stage})`, residual]),
        ["norm", finalNorm ?? "-"],
      ];
  const table = describe(`${path ?? "model"}: opset ${opset}, ${thousands(parameters)} parameters`, [
    ["inputs", inputs.map(shape).join(", ")],
    ["outputs", outputs.map(shape).join(", ")],
    ...found,
  ]);
  return { "text/plain": formatInspection(seen), "text/html": table["text/html"] };
}
