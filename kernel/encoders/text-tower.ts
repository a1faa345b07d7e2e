import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BackendSession, type Device, type HostTensor, onnxruntime } from "../backend";
import { readModel } from "../onnx";
import { EncoderError } from "./errors";
import { readJson } from "./locate";
import { Tokenizer } from "./tokenizer";

const FN = "encoders.embedText";
const OUTPUT = "text_embeds";

/** The text half of a contrastive model: `text.onnx` (input_ids, attention_mask → text_embeds) and `tokenizer.json`. */
export class TextTower {
  private constructor(
    private readonly tokenizer: Tokenizer,
    private readonly session: BackendSession,
    private readonly inputs: string[],
  ) {}

  /** Loads the tower that lies in `folder`. Throws `EncoderError` where there is none. */
  static async open(folder: string, device: Device): Promise<TextTower> {
    const path = join(folder, "text.onnx");
    if (!existsSync(path))
      throw new EncoderError(FN, "the encoder's folder must hold text.onnx and tokenizer.json", folder);
    const json = readJson(join(folder, "tokenizer.json"), FN);
    if (!json) throw new EncoderError(FN, "tokenizer.json must lie beside text.onnx", folder);
    const { inputs, outputs } = readModel(path, FN);
    const names = inputs.map((input) => input.name);
    const known = names.every((name) => name === "input_ids" || name === "attention_mask");
    if (!known || !outputs.some((output) => output.name === OUTPUT))
      throw new EncoderError(FN, `text.onnx must take input_ids and attention_mask and give ${OUTPUT}`, names);
    return new TextTower(Tokenizer.fromJson(json, FN), await onnxruntime.create(path, { device }), names);
  }

  /** Embeds texts, `batchSize` at a time: one array of rows a batch. */
  async embed(texts: readonly string[], batchSize: number): Promise<Float32Array[]> {
    const parts: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += batchSize) {
      const { ids, mask, dims } = this.tokenizer.encode(texts.slice(start, start + batchSize));
      const feeds: Record<string, HostTensor> = {
        input_ids: { type: "int64", data: ids, dims },
        attention_mask: { type: "int64", data: mask, dims },
      };
      const wanted = Object.fromEntries(this.inputs.map((name) => [name, feeds[name]]));
      const results = await this.session.run(wanted, [OUTPUT]);
      parts.push(results[OUTPUT].data as Float32Array);
    }
    return parts;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}
