/**
 * `fovea extract serve`: a worker that another program keeps, as an actor of Ray does. Messages go over standard input and output
 * in frames: the length of a header of JSON (4 bytes, lowest first), the header, and as many bytes as its `bytes` says.
 */
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../../backend";
import { type Encoder, load } from "../../encoders";
import { ImageError } from "../../data/image";
import * as features from "../../features";
import { checkLevels, layersOf } from "../../features/levels";
import { loadEncoder } from "../../features/plan/plan";
import { pooledTokens, poolOf as checkPool } from "../../features/pool";
import { prepareInput } from "../../encoders/preprocess/batch";
import type { PreparedImage } from "../../encoders/preprocess/preprocess";
import { inputSizeOf, joinNegatives, preprocessOf } from "../arguments";
import { indicesOf, poolOf } from "./words";

const OPTIONS = {
  plan: { type: "string" },
  encoder: { type: "string" },
  file: { type: "string" },
  preprocess: { type: "string" },
  "input-size": { type: "string" },
  device: { type: "string" },
  indices: { type: "string" },
  pool: { type: "string" },
  norm: { type: "boolean" },
} as const;

/** Question of the other program: a part of the plan, or pictures whose sizes follow each other in the bytes. */
interface Question {
  id: number;
  bytes?: number;
  part?: number;
  sizes?: number[];
}

type Answer = { header: Record<string, unknown>; body?: Uint8Array };
type Answering = (question: Question, body: Uint8Array) => Promise<Answer>;

/**
 * Runs `fovea extract serve` until its input ends.
 *
 * @throws Error for arguments that the usage does not allow, or a frame that is too large
 */
export async function serve(args: string[]): Promise<void> {
  const { values } = parseArgs({ args: joinNegatives(args), options: OPTIONS });
  if (!values.plan && !values.encoder) throw new Error("extract serve: --plan or --encoder is needed");
  const { answer, encoder } = values.plan ? await partsOf(values.plan, values) : await picturesOf(values);
  try {
    write({ ready: true });
    for await (const { header, body } of frames(process.stdin)) {
      const found = await answer(header, body).catch((error: unknown) => ({
        header: { error: (error as Error).message },
        body: undefined,
      }));
      write({ id: header.id, ...found.header }, found.body);
    }
  } finally {
    await encoder.dispose();
  }
}

type Values = Partial<Record<Exclude<keyof typeof OPTIONS, "norm">, string>> & { norm?: boolean };

async function partsOf(
  path: string,
  { encoder: source, device }: Values,
): Promise<{ answer: Answering; encoder: Encoder }> {
  const plan = await features.openPlan(path);
  const own = { ...plan.encoder, source: source ?? plan.encoder.source };
  const encoder = await loadEncoder(own, { device: device as DeviceRequest | undefined });
  const answer: Answering = async ({ part }) => {
    const { files, ...record } = await features.extractPart(plan, part as number, { encoder });
    return { header: { ...record, files: Object.keys(files) } };
  };
  return { answer, encoder };
}

async function picturesOf(values: Values): Promise<{ answer: Answering; encoder: Encoder }> {
  const encoder = await load(values.encoder as string, {
    file: values.file,
    preprocess: preprocessOf("extract", values.preprocess),
    inputSize: inputSizeOf("extract", values["input-size"]),
    device: values.device as DeviceRequest | undefined,
  });
  const fn = "extract serve";
  const checked = checkLevels(fn, encoder, { indices: indicesOf(values.indices) ?? [-1], norm: values.norm });
  if (checked.stored.length !== 1 || checked.returnEmbeddings) throw new Error(`${fn}: --indices must name one block`);
  const pool = checkPool(fn, encoder, checked.stored, (poolOf(values.pool) ?? "mean") as features.PoolOption);
  const [{ grid, channels }] = layersOf(encoder, checked.stored, pool);
  const width = grid[0] * grid[1] * channels;
  const answer: Answering = async ({ sizes = [] }, body) => {
    const { prepared, errors } = await prepare(encoder, sizes, body);
    const fresh = prepared.filter((one) => one !== null);
    // Pictures that fail have a row of NaN, so that rows stay beside their pictures.
    const data = new Float32Array(prepared.length * width).fill(NaN);
    if (fresh.length) {
      const { intermediates } = await encoder.forwardIntermediates(fresh, {
        indices: checked.layers,
        norm: checked.norm,
        outputFmt: "NLC",
        intermediatesOnly: true,
        stopEarly: true,
        returnPrefixTokens: pool === "cls",
      });
      let next = 0;
      prepared.forEach((one, i) => one && data.set(pooledTokens(intermediates[0], next++, pool), i * width));
    }
    const header = { shape: [prepared.length, width / channels, channels], errors };
    return { header, body: new Uint8Array(data.buffer) };
  };
  return { answer, encoder };
}

async function prepare(
  encoder: Encoder,
  sizes: readonly number[],
  body: Uint8Array,
): Promise<{ prepared: (PreparedImage | null)[]; errors: Record<number, string> }> {
  const errors: Record<number, string> = {};
  const starts = sizes.map(
    (
      (at) => (size: number) =>
        (at += size) - size
    )(0),
  );
  const prepared = await Promise.all(
    sizes.map((size, i) =>
      prepareInput(body.slice(starts[i], starts[i] + size), encoder.info.preprocess, "extract serve").catch(
        (error: unknown) => {
          if (!(error instanceof ImageError)) throw error;
          errors[i] = error.rule;
          return null;
        },
      ),
    ),
  );
  return { prepared, errors };
}

/** Largest header and body of a frame. */
const MOST_HEADER = 2 ** 24;
const MOST_BODY = 2 ** 31 - 1;

/** Yields frames; ends with the input. */
async function* frames(input: AsyncIterable<Buffer>): AsyncGenerator<{ header: Question; body: Uint8Array }> {
  const pieces = input[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let size = 0;
  const take = async (count: number): Promise<Buffer | null> => {
    while (size < count) {
      const { value, done } = await pieces.next();
      if (done) return null;
      held.push(value);
      size += value.length;
    }
    const all = held.length === 1 ? held[0] : Buffer.concat(held, size);
    held = [all.subarray(count)];
    size -= count;
    return all.subarray(0, count);
  };
  for (;;) {
    const length = (await take(4))?.readUInt32LE(0);
    if (length === undefined) return;
    if (length > MOST_HEADER)
      throw new Error(`extract serve: a header has at most ${MOST_HEADER} bytes, not ${length}`);
    const text = await take(length);
    if (!text) return;
    const header = JSON.parse(text.toString("utf8")) as Question;
    const bytes = header.bytes ?? 0;
    if (!(Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= MOST_BODY))
      throw new Error(`extract serve: bytes must be a number up to ${MOST_BODY}, received ${String(bytes)}`);
    const body = await take(bytes);
    if (!body) return;
    yield { header, body };
  }
}

function write(header: Record<string, unknown>, body = new Uint8Array(0)): void {
  const text = Buffer.from(JSON.stringify({ ...header, bytes: body.length }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  process.stdout.write(Buffer.concat([length, text, body]));
}
