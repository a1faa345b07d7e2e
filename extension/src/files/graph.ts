import { inspect, type BlockInfo, type TensorShape } from "fovea/inspect";
import type { Translate } from "fovea/protocol";
import { element } from "../dom";
import { bytesText, facts, fold } from "../parts/facts";
import { Listing } from "./listing";
import { readByRanges } from "./ranges";
import type { RemoteFile } from "./remote-file";

const shapeText = ({ name, dims }: TensorShape): string =>
  `${name} [${dims?.map((dim) => dim ?? "?").join(", ") ?? "?"}]`;

/** An ONNX model: inputs, outputs, and the transformer blocks that are found by structure. Its weights are not fetched. */
export async function showGraph(file: RemoteFile, trans: Translate): Promise<Node[]> {
  const found = await readByRanges(file, inspect);
  const head = facts([
    [trans.__("parameters"), found.parameters.toLocaleString("en")],
    [trans.__("blocks"), String(found.blocks.length)],
    [trans.__("operator set"), String(found.opset)],
    [trans.__("written by"), found.producer || "-"],
    [trans.__("size"), bytesText(file.size)],
    [trans.__("inputs"), found.inputs.map(shapeText).join("; ")],
    [trans.__("outputs"), found.outputs.map(shapeText).join("; ")],
  ]);
  if (found.refusal) return [head, refusal(trans.__("No features can be taken out: %1.", found.refusal))];
  return [head, ...loading(file.path, trans), blocksOf(found.blocks, trans).node];
}

const refusal = (text: string): HTMLElement => element("p", { class: "jp-FoveaFile-error", text });

/** The cell that takes features out of the model. */
function loading(path: string, trans: Translate): Node[] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const code = [
    'import { encoders, view } from "fovea";',
    `// ${trans.__("A path from the notebook. Leave preprocess out where a configuration lies beside the model.")}`,
    `const encoder = await encoders.load(${JSON.stringify(name)}, { preprocess: "imagenet" });`,
    'await view.pca(["picture.jpg"], encoder);',
  ].join("\n");
  return [fold(trans.__("Code"), element("pre", {}, element("code", { text: code })))];
}

function blocksOf(blocks: readonly BlockInfo[], trans: Translate): Listing<BlockInfo> {
  const tensor = (title: string, key: "attention" | "query" | "key" | "value") => ({
    title,
    text: (block: BlockInfo) => block[key] ?? "-",
  });
  return new Listing<BlockInfo>(trans, trans.__("Blocks and the tensors that can be taken out of them"), blocks, [
    { title: trans.__("block"), text: ({ index }) => String(index), order: ({ index }) => index },
    { title: trans.__("stage"), text: ({ stage }) => String(stage), order: ({ stage }) => stage },
    { title: trans.__("stream"), text: ({ residual }) => residual },
    tensor(trans.__("attention"), "attention"),
    tensor(trans.__("query"), "query"),
    tensor(trans.__("key"), "key"),
    tensor(trans.__("value"), "value"),
  ]);
}
