import type { BackendSession, HostTensor } from "../backend/types";
import type { Device } from "../backend";
import { onnxruntime } from "../backend/onnxruntime";
import { readModel } from "../onnx/parse";
import { existsSync } from "../platform/files";
import { basename, dirname, join } from "../platform/path";
import { EncoderError } from "./errors";
import { readJson } from "./locate";
import type { ForwardOptions } from "./options";
import { Tokenizer } from "./tokenizer";
import { patientBar } from "../display/progress";

/** Batches, progress and stop of an embedding. */
type EmbedOptions = Pick<ForwardOptions, "onProgress" | "signal"> & { batchSize: number };

const FN = "encoders.Encoder.embedText";
const OUTPUT = "text_embeds";
/** Longest plausible text length. A tokenizer without a limit stores 10^30. */
const LONGEST = 2 ** 16;

/**
 * Text half of a contrastive model: `text.onnx` or `text_model.onnx` (input_ids, attention_mask → text_embeds) with
 * `tokenizer.json` beside it or above its folder `onnx`.
 */
export class TextTower {
  private constructor(
    private readonly tokenizer: Tokenizer,
    private readonly session: BackendSession,
    private readonly inputs: string[],
  ) {}

  /**
   * Loads the tower at `path`.
   *
   * @throws EncoderError for another kind of model, or an unsupported or missing tokenizer
   */
  static async open(path: string, device: Device): Promise<TextTower> {
    const tokenizer = readTokenizer(dirname(path));
    const { inputs, outputs } = readModel(path, FN);
    const names = inputs.map((input) => input.name);
    const known = names.every((name) => name === "input_ids" || name === "attention_mask");
    if (!known || !outputs.some((output) => output.name === OUTPUT))
      throw new EncoderError(FN, `${basename(path)} must take input_ids and attention_mask and give ${OUTPUT}`, names);
    return new TextTower(tokenizer, await onnxruntime.create(path, { fn: FN, device }), names);
  }

  /** Embeds texts, `batchSize` at a time, and returns one array of rows per batch. */
  async embed(
    texts: readonly string[],
    { batchSize, onProgress = patientBar("Encoding", "texts"), signal }: EmbedOptions,
  ): Promise<Float32Array[]> {
    const parts: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += batchSize) {
      signal?.throwIfAborted();
      const { ids, mask, dims } = this.tokenizer.encode(texts.slice(start, start + batchSize));
      const feeds: Record<string, HostTensor> = {
        input_ids: { type: "int64", data: ids, dims },
        attention_mask: { type: "int64", data: mask, dims },
      };
      const wanted = Object.fromEntries(this.inputs.map((name) => [name, feeds[name]]));
      const results = await this.session.run(wanted, [OUTPUT]);
      parts.push(results[OUTPUT].data as Float32Array);
      onProgress({ done: Math.min(start + batchSize, texts.length), total: texts.length });
    }
    return parts;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

/**
 * Reads `tokenizer.json` beside the tower or above its folder `onnx`; `tokenizer_config.json` has the model's text
 * length.
 */
function readTokenizer(beside: string): Tokenizer {
  const folder = existsSync(join(beside, "tokenizer.json")) || basename(beside) !== "onnx" ? beside : dirname(beside);
  const json = readJson(join(folder, "tokenizer.json"), FN);
  if (!json) throw new EncoderError(FN, "tokenizer.json must lie beside the text tower", folder);
  const config = readJson(join(folder, "tokenizer_config.json"), FN) as { model_max_length?: unknown } | null;
  const longest = Number(config?.model_max_length);
  return Tokenizer.fromJson(json, FN, longest > 0 && longest <= LONGEST ? Math.floor(longest) : Infinity);
}
