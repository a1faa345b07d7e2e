import { thousands } from "../display/describe";
import { registry, type RegistryEntry } from "../encoders/registry";
import { inspect } from "../onnx/inspect";
import { dirname, join } from "../platform/path";
import type { CardReply } from "../protocol/overview";
import { readObject } from "./shelf";

type Rows = CardReply["rows"];

const LONGEST = 2000;

/** Facts of an encoder: of its graph, of the card that ships beside it, and of the registry of public encoders. */
export async function cardOf(source: string, file: string | undefined, graph: string): Promise<CardReply> {
  const all = [...(await shippedRows(graph)), ...registryRows(source), ...readRows(graph)];
  const rows = all.map(([name, value]): Rows[number] => [name, value.slice(0, LONGEST)]);
  return file === undefined ? { type: "card", source, rows } : { type: "card", source, file, rows };
}

/** The objective of the training, from the zoo's card. */
async function shippedRows(graph: string): Promise<Rows> {
  const { objective } = (await readObject(join(dirname(graph), "card.json"))) ?? {};
  return typeof objective === "string" ? [["trained for", objective]] : [];
}

function registryRows(source: string): Rows {
  const known = registry.find(({ onnx, weights }) => [onnx?.source, weights && `hf:${weights}`].includes(source));
  return known ? publishedRows(known) : [];
}

function publishedRows({ family, license, weights, note }: RegistryEntry): Rows {
  const rows: [string, string | null][] = [
    ["family", family],
    ["license", license],
    ["weights", weights],
    ["note", note],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null);
}

/** A graph that cannot be read has a card that says so: an error would not tell whose card it concerns. */
function readRows(graph: string): Rows {
  try {
    return graphRows(graph);
  } catch (error) {
    return [["features", `none can be taken out: ${error instanceof Error ? error.message : String(error)}`]];
  }
}

function graphRows(graph: string): Rows {
  const { parameters, blocks, inputs, opset, producer, refusal } = inspect(graph);
  const input = inputs.map(({ name, dims }) => `${name} [${dims?.map((dim) => dim ?? "?").join(", ") ?? "?"}]`);
  const rows: Rows = [
    ["parameters", thousands(parameters)],
    ["blocks", String(blocks.length)],
    ["input", input.join("; ")],
    ["operator set", `${opset}${producer ? `, written by ${producer}` : ""}`],
  ];
  return refusal === null ? rows : [...rows, ["features", `none can be taken out: ${refusal}`]];
}
