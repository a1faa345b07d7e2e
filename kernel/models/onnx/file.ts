import { Described, describe, DISPLAY, type DisplayBundle, thousands } from "../../display/describe";
import { append, joinBytes } from "../../numeric";
import type { Parameter } from "../../nn/module/parameter";
import { bytesField, integerField, messageField, textField } from "../../onnx/encode";
import { writeParts } from "../../platform/files";
import { basename } from "../../platform/path";
import { ModelError } from "../error";
import type { OnnxGraph } from "./graph";

import { constantMessage, externalMessage, operatorMessage, valueMessage } from "./proto";
import type { OnnxOperator } from "./types";
import { checkOptionNames } from "../../rules/option-names";

/** Version of ONNX's default operator set that is written. */
const OPSET = 20;
const IR_VERSION = 9;

/** Largest model that protobuf's readers take, less some room for the graph. */
const MOST_BYTES = 2 ** 31 - 2 ** 24;
/** Weights below this size stay in the model. */
const INLINE_BYTES = 1024;
/** Weights begin at multiples of this, so that they can be mapped into memory. */
const ALIGNMENT = 64;

/** Input or output of a written model. */
export interface OnnxValue {
  name: string;
  /** ONNX's number of the element type. */
  type: number;
  /** Sizes: numbers, names of dynamic dimensions, or null where a size follows from others. */
  dims: readonly (number | string | null)[];
}

/** Parts of a model that is written. */
export interface OnnxParts {
  graph: OnnxGraph;
  operators: readonly OnnxOperator[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  parameters: ReadonlyMap<string, Parameter>;
  name: string;
}

/** Options of {@link OnnxModelFile.save}. */
export interface SaveOnnxOptions {
  /** Write the weights to a file beside the model, `<name>.data`. Default: above 2 GB, where they must lie there. */
  externalData?: boolean;
}

/** Place of a parameter in the file of weights. */
interface Place {
  offset: number;
  length: number;
}

/** Model as ONNX operators. Weights are read when it is saved: they are those of that moment. */
export class OnnxModelFile extends Described {
  /** Version of the default operator set. */
  readonly opset = OPSET;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  private readonly parts: OnnxParts;

  constructor(parts: OnnxParts) {
    super();
    this.parts = parts;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
  }

  /** Number of operators by their kind. */
  get operators(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { op } of this.parts.operators) counts[op] = (counts[op] ?? 0) + 1;
    return counts;
  }

  /**
   * Returns the bytes of the model, weights inside.
   *
   * @throws ModelError above 2 GB, where only {@link save} can write it
   */
  async bytes(): Promise<Uint8Array> {
    if (this.weightBytes() > MOST_BYTES)
      throw new ModelError(
        "models.OnnxModelFile.bytes",
        "above 2 GB a model is saved with external data",
        this.weightBytes(),
      );
    return joinBytes(await this.message(new Map(), ""));
  }

  /**
   * Writes the model. Each file is written beside its place and then moved, so that a half-written one never stands there.
   *
   * @param path file that ends in `.onnx`
   * @throws ModelError for another ending
   */
  async save(path: string, options: SaveOnnxOptions = {}): Promise<void> {
    checkOptionNames("models.OnnxModelFile.save", options, { externalData: true }, ModelError);
    const { externalData = this.weightBytes() > MOST_BYTES } = options;
    if (!path.endsWith(".onnx")) throw new ModelError("models.OnnxModelFile.save", "the path must end in .onnx", path);
    const location = `${basename(path)}.data`;
    const places = externalData ? this.places() : new Map<string, Place>();
    if (places.size) await writeParts(`${path}.data`, this.weights(places));
    await writeParts(path, await this.message(places, location));
  }

  [DISPLAY](): DisplayBundle {
    const shape = ({ name, dims }: OnnxValue): string => `${name} [${dims.map((dim) => dim ?? "?").join(", ")}]`;
    return describe(`ONNX model ${this.parts.name}`, [
      ["opset", String(this.opset)],
      ["inputs", this.inputs.map(shape).join(", ")],
      ["outputs", this.outputs.map(shape).join(", ")],
      ["operators", thousands(this.parts.operators.length)],
      ["parameters", thousands(this.weightBytes() / 4)],
    ]);
  }

  private *used(): Generator<[name: string, parameter: Parameter]> {
    for (const [name, parameter] of this.parts.parameters)
      if (this.parts.graph.parameters.has(name)) yield [name, parameter];
  }

  private weightBytes(): number {
    let bytes = 0;
    for (const [, parameter] of this.used()) bytes += 4 * parameter.size;
    return bytes;
  }

  private places(): Map<string, Place> {
    const places = new Map<string, Place>();
    let at = 0;
    for (const [name, { size }] of this.used()) {
      if (4 * size < INLINE_BYTES) continue;
      places.set(name, { offset: at, length: 4 * size });
      at += Math.ceil((4 * size) / ALIGNMENT) * ALIGNMENT;
    }
    return places;
  }

  private async *weights(places: ReadonlyMap<string, Place>): AsyncGenerator<Uint8Array> {
    for (const [name, { length }] of places) {
      const values = await (this.parts.parameters.get(name) as Parameter).read();
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      yield new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
    }
  }

  /** Encodes the model in parts. Parameters without a place in another file are inside. */
  private async message(places: ReadonlyMap<string, Place>, location: string): Promise<Uint8Array[]> {
    const { graph, operators, name } = this.parts;
    const weights: Uint8Array[] = [];
    for (const [key, parameter] of this.used()) {
      const place = places.get(key);
      const dims = parameter.shape;
      const tensor = place
        ? externalMessage(key, dims, { location, ...place })
        : constantMessage(key, { dims, data: await parameter.read() });
      append(weights, messageField(5, [tensor]));
    }
    const body = [
      ...operators.map((operator) => bytesField(1, operatorMessage(operator))),
      textField(2, name),
      ...weights,
      ...[...graph.constants].map(([key, value]) => bytesField(5, constantMessage(key, value))),
      ...this.inputs.map((value) => bytesField(11, valueMessage(value.name, value.type, value.dims))),
      ...this.outputs.map((value) => bytesField(12, valueMessage(value.name, value.type, value.dims))),
    ];
    const opset = joinBytes([textField(1, ""), integerField(2, OPSET)]);
    return [integerField(1, IR_VERSION), textField(2, "fovea"), ...messageField(7, body), bytesField(8, opset)];
  }
}
