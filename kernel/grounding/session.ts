import type { DeviceRequest } from "../backend";
import { resolveDevice } from "../backend/node";
import { onnxruntime } from "../backend/onnxruntime";
import type { BackendSession, HostTensor } from "../backend/types";
import type { Box } from "../contracts/geometry";
import { decodeImage, type ImageInput } from "../data/image";
import { readJson } from "../encoders/locate";
import { preprocess } from "../encoders/preprocess/batch";
import { readPreprocess } from "../encoders/preprocess/config";
import type { Preprocess } from "../encoders/preprocess/preprocess";
import { Tokenizer } from "../encoders/tokenizer/tokenizer";
import { DataType, type OnnxModel, type ValueInfo } from "../onnx/model";
import { readModel } from "../onnx/parse";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { isFile } from "../platform/files";
import { dirname, join } from "../platform/path";
import type { ScoredBox } from "../tasks/boxes/generalized";
import { GroundingError } from "./error";
import type { Detections } from "./model";
import { cleanPhrase, encodePhrases } from "./phrases";
import { stretchTo } from "./preprocess";

/** Options of {@link loadOnnx}. */
export interface LoadGroundingOnnxOptions {
  /** Device of onnxruntime; an explicit one that does not start is an error. Default `auto`: the best one that starts. */
  device?: DeviceRequest;
}

/** Options of {@link GroundingSession.ground}. */
export interface GroundOptions {
  /** Bring phrases to lower case without marks, as the release. Default true. */
  clean?: boolean;
  /** Stops before the model runs: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

const [LOAD, GROUND] = ["grounding.loadOnnx", "grounding.GroundingSession.ground"];
const INPUTS = ["pixel_values", "input_ids", "attention_mask"] as const;
const OUTPUTS = ["boxes", "scores"] as const;
const GROUND_NAMES: OptionNames<GroundOptions> = { clean: true, signal: true };

/** Largest plausible side of a picture and number of ids. */
const LARGEST = 2 ** 14;

/** Facts about a model's inputs. */
interface Facts {
  size: [height: number, width: number];
  length: number;
  /** Element type of ids and mask. */
  words: "int32" | "int64";
}

/**
 * Loads a model that {@link saveOnnx} wrote, with the `tokenizer.json` beside it. Pictures are prepared as `preprocessor_config.json`
 * beside it says, without one stretched with ImageNet's statistics (arXiv 2409.17531, section 4.1). It runs on onnxruntime and needs no
 * training device.
 *
 *     const boats = await grounding.loadOnnx("boats/model.onnx");
 *     const [[best]] = await boats.ground("harbor.jpg", ["the small red boat"]);
 *
 * @throws GroundingError for a missing file, a model of another kind, or no tokenizer beside it
 * @throws EncoderError for a tokenizer or a preparation that cannot be read, or of another size than the model's
 * @throws OnnxError for a damaged file
 * @throws DeviceError for a model that the device refuses, or an explicit device that does not start
 */
export async function loadOnnx(path: string, options: LoadGroundingOnnxOptions = {}): Promise<GroundingSession> {
  checkOptionNames(LOAD, options, { device: true }, GroundingError);
  if (typeof path !== "string" || !isFile(path)) throw new GroundingError(LOAD, "the file must exist", path);
  const facts = factsOf(path, readModel(path, LOAD));
  const json = readJson(join(dirname(path), "tokenizer.json"), LOAD);
  if (!json) throw new GroundingError(LOAD, "tokenizer.json must lie beside the model", path);
  const tokenizer = Tokenizer.fromJson(json, LOAD);
  const config = readJson(join(dirname(path), "preprocessor_config.json"), LOAD);
  const plan = config ? readPreprocess(config, facts.size, LOAD) : stretchTo(facts.size, {});
  if (plan.resize !== "stretch")
    throw new GroundingError(
      LOAD,
      "preprocessor_config.json must stretch pictures, whose boxes are shares of them",
      plan.resize,
    );
  const device = await resolveDevice(options.device ?? "auto", LOAD);
  const session = await onnxruntime.create(path, { fn: LOAD, device });
  return new GroundingSession(session, { facts, tokenizer, plan });
}

function factsOf(path: string, { inputs, outputs }: OnnxModel): Facts {
  const names = inputs.map(({ name }) => name);
  const isComplete = INPUTS.every((name) => names.includes(name)) && names.length === INPUTS.length;
  if (!isComplete || !OUTPUTS.every((name) => outputs.some((one) => one.name === name)))
    throw new GroundingError(LOAD, `${path} must take ${INPUTS.join(", ")} and give ${OUTPUTS.join(", ")}`, names);
  const [pixels, ids] = INPUTS.map((name) => inputs.find((one) => one.name === name) as ValueInfo);
  const [height, width, length] = [pixels.dims?.[2], pixels.dims?.[3], ids.dims?.[1]];
  if (![height, width, length].every((size) => typeof size === "number" && size >= 1 && size <= LARGEST))
    throw new GroundingError(LOAD, `${path} must fix the sizes of pictures and phrases, 1..${LARGEST}`, [
      height,
      width,
      length,
    ]);
  const words = ids.dataType === DataType.int64 ? "int64" : "int32";
  return { size: [height as number, width as number], length: length as number, words };
}

interface Parts {
  facts: Facts;
  tokenizer: Tokenizer;
  plan: Preprocess;
}

/** Model on onnxruntime that finds boxes of phrases (arXiv 2409.17531, section 3), made by {@link loadOnnx}; the caller disposes of it. */
export class GroundingSession {
  /** Height and width to which pictures are stretched. */
  readonly size: readonly [height: number, width: number];
  /** Largest number of ids of a phrase, its frame included. */
  readonly length: number;

  /** @internal */
  constructor(
    private readonly session: BackendSession,
    private readonly parts: Parts,
  ) {
    this.size = parts.facts.size;
    this.length = parts.facts.length;
  }

  /**
   * Returns boxes of each phrase, corners in pixels of the picture, with the highest score first.
   *
   * @param image path, encoded bytes, or pixels
   * @throws GroundingError for a phrase that is empty, too long, or has pieces that the tokenizer does not know
   * @throws ImageError for a picture that cannot be read
   */
  async ground(image: ImageInput, phrases: readonly string[], options: GroundOptions = {}): Promise<Detections> {
    checkOptionNames(GROUND, options, GROUND_NAMES, GroundingError);
    const { clean = true, signal } = options;
    const { facts, tokenizer, plan } = this.parts;
    const { unknownId } = tokenizer;
    if (!Array.isArray(phrases) || !phrases.length)
      throw new GroundingError(GROUND, "phrases must be an array of at least one", phrases);
    const texts = phrases.map((phrase: unknown) =>
      clean && typeof phrase === "string" ? cleanPhrase(phrase) : phrase,
    );
    const { ids, mask } = encodePhrases(tokenizer, texts as string[], { length: facts.length, unknownId });
    const picture = await decodeImage(image, { fn: GROUND });
    const { pixelValues } = await preprocess([picture], plan, GROUND);
    signal?.throwIfAborted();
    const dims = [phrases.length, facts.length];
    const { boxes, scores } = await this.session.run(
      {
        pixel_values: {
          type: "float32",
          data: repeated(pixelValues, phrases.length),
          dims: [phrases.length, 3, ...facts.size],
        },
        input_ids: wordsOf(ids, facts.words, dims),
        attention_mask: wordsOf(mask, facts.words, dims),
      },
      [...OUTPUTS],
      { fn: GROUND },
    );
    checkOutputs(boxes, scores, phrases.length);
    return detections(boxes, scores, [picture.width, picture.height]);
  }

  /** Frees the model's memory; a second call does nothing. */
  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

function repeated(values: Float32Array, times: number): Float32Array {
  const all = new Float32Array(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return all;
}

const wordsOf = (values: Int32Array, type: Facts["words"], dims: number[]): HostTensor =>
  type === "int32" ? { type, data: values, dims } : { type, data: BigInt64Array.from(values, BigInt), dims };

function checkOutputs(boxes: HostTensor, scores: HostTensor, phrases: number): void {
  const [B, Q] = scores.dims;
  const fits = B === phrases && scores.dims.length === 2 && boxes.dims.join() === [B, Q, 4].join();
  if (!fits || boxes.type !== "float32" || scores.type !== "float32")
    throw new GroundingError(GROUND, `the model must give boxes [${phrases}, Q, 4] and scores [${phrases}, Q]`, [
      boxes.dims,
      scores.dims,
    ]);
}

function detections(boxes: HostTensor, scores: HostTensor, [width, height]: readonly [number, number]): Detections {
  const [B, Q] = scores.dims;
  const edges = boxes.data as Float32Array;
  const found = (at: number): ScoredBox => {
    const [left, top, right, bottom] = edges.subarray(4 * at, 4 * at + 4);
    const box: Box = [left * width, top * height, right * width, bottom * height];
    return { box, score: Number(scores.data[at]) };
  };
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: Q }, (_, q) => found(b * Q + q)).sort((one, other) => other.score - one.score),
  );
}
