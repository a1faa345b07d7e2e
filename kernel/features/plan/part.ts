import type { DeviceRequest } from "../../backend";
import type { Encoder } from "../../encoders/encoder";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { FileError, fileError } from "../../platform/file-error";
import { dirname } from "../../platform/path";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { FeatureError } from "../error";
import { defaultCopies, Extraction, type ExtractProgress, withCopies } from "../extraction";
import { checkLevels, type ExtractionOptions } from "../levels";
import { picturesOf } from "./archives";
import { keepFailure, PartAttempt, type PartRecord, setAside, stateOf } from "./part-folder";
import { type ExtractionPlan, loadEncoder, planOf, runOf } from "./plan";
import { openSink, type PartSink } from "./sinks";
import { namesOfPart } from "./source";
import type { ManifestLine } from "../intact";

/** Options of making a part that do not decide its content. */
export interface PartOptions {
  /**
   * Loaded encoder, which stays loaded; a function that loads one, called only where the part is not whole; or the place of the
   * plan's encoder on this machine. Default: the plan's source.
   */
  encoder?: Encoder | string | (() => Promise<Encoder>);
  /** Device of an encoder loaded here. Default `auto`. */
  device?: DeviceRequest;
  /** Copies of the model side by side on the processor. Default: as in {@link extract}. */
  copies?: number;
  /** Called after each batch with the pictures so far; `total` grows with them. Default: not called. */
  onProgress?: (progress: ExtractProgress) => void;
  /** Stops between two batches; the part is then missing, and nothing is left of it. Default: none. */
  signal?: AbortSignal;
}

/** A part that is whole. */
export interface PartResult extends PartRecord {
  /** True where the part was whole before, or another worker finished it first. */
  reused: boolean;
}

const PART = "features.extractPart";
const NAMES: OptionNames<PartOptions> = { encoder: true, device: true, copies: true, onProgress: true, signal: true };
const MOST_COPIES = 16;
/** Reasons that a record tells apart. */
const MOST_REASONS = 50;

/**
 * Makes one part of a plan. The part is a pure function of the plan and the number: its files are written beside their place
 * with their checksums and then moved there at once. A whole part is not made again, a damaged one is; of two workers at one
 * part the first to finish puts it in place. Pictures that fail are counted by reason and listed in the part's
 * `manifest.jsonl`.
 *
 * @param plan a plan, or the path of its file
 * @param part number of the part, from 0
 * @throws FeatureError for a number out of range, an encoder that is not the plan's, more failures than `maxErrors`, an archive
 *   that cannot be read, or a disk that is full; the part is then missing, and {@link status} tells why
 */
export async function extractPart(
  plan: ExtractionPlan | string,
  part: number,
  options: PartOptions = {},
): Promise<PartResult> {
  checkOptionNames(PART, options, NAMES, FeatureError);
  const own = await planOf(PART, plan);
  checkPart(own, part, options);
  const now = await stateOf(own, part);
  if (now.state === "whole") return { ...now.record, reused: true };
  try {
    if (now.state === "damaged") await setAside(own, part);
    return await withEncoder(own, options, (encoder) => make(own, part, encoder, options));
  } catch (error) {
    if (options.signal?.aborted) throw reportDisk(own, error);
    // Another worker may have finished the part and removed the folders of other tries.
    const found = await stateOf(own, part);
    if (found.state === "whole") return { ...found.record, reused: true };
    const failure = reportDisk(own, error);
    await keepFailure(own, part, (failure as Error).message);
    throw failure;
  }
}

function checkPart(plan: ExtractionPlan, part: number, { copies }: PartOptions): void {
  if (!Number.isInteger(part) || part < 0 || part >= plan.parts)
    throw new FeatureError(PART, `part must be a whole number of 0..${plan.parts - 1}`, part);
  if (copies !== undefined && !(Number.isInteger(copies) && copies >= 1 && copies <= MOST_COPIES))
    throw new FeatureError(PART, `copies must be a whole number of 1..${MOST_COPIES}`, copies);
}

async function withEncoder<T>(
  plan: ExtractionPlan,
  { encoder = plan.encoder.source, device, signal }: PartOptions,
  body: (encoder: Encoder) => Promise<T>,
): Promise<T> {
  if (typeof encoder === "function") return body(await encoder());
  if (typeof encoder !== "string") return body(encoder);
  const loaded = await loadEncoder({ ...plan.encoder, source: encoder }, { device, signal });
  try {
    return await body(loaded);
  } finally {
    await loaded.dispose();
  }
}

/** Checks that an encoder computes what the plan says. */
async function checkEncoder(plan: ExtractionPlan, encoder: Encoder, signal?: AbortSignal): Promise<ExtractionOptions> {
  const { options, run } = plan;
  const checked = checkLevels(PART, encoder, { ...options, signal, indices: options.indices });
  const found = await runOf(PART, encoder, checked, { dtype: run.dtype, pool: run.pool ?? 1 });
  if (found.hash !== run.hash)
    throw new FeatureError(PART, `encoder must be the plan's, ${run.encoder.name} of the same weights`, encoder.name);
  return checked;
}

async function make(plan: ExtractionPlan, part: number, encoder: Encoder, options: PartOptions): Promise<PartResult> {
  const start = performance.now();
  const checked = await checkEncoder(plan, encoder, options.signal);
  const names = await namesOfPart(PART, plan.source, dirname(plan.path), part);
  const attempt = await PartAttempt.begin(plan, part);
  try {
    const sink = await openSink(PART, plan, part, attempt.folder);
    const counted = new CountingSink(sink, plan);
    try {
      const report = options.onProgress ?? (() => {});
      const onProgress = (now: ExtractProgress): void => report({ ...now, total: now.done });
      const job = new Extraction(PART, encoder, checked, counted, sink.form, 0, onProgress);
      const pictures = picturesOf(PART, plan.source, names, options.signal);
      await withCopies(encoder, options.copies ?? defaultCopies(encoder, Infinity), (copies) =>
        job.run(pictures, sink.perFile, copies),
      );
      const files = await sink.end();
      const took = {
        seconds: (performance.now() - start) / 1000,
        waited: job.waited / 1000,
        host: platform().process.host,
      };
      const record: PartRecord = { version: 1, plan: plan.hash, part, ...counted.counts, files, took };
      options.signal?.throwIfAborted();
      if (await attempt.commit(record)) return { ...record, reused: false };
      const now = await stateOf(plan, part);
      return { ...(now.state === "whole" ? now.record : record), reused: true };
    } finally {
      await sink.close();
    }
  } catch (error) {
    await attempt.abandon().catch(() => {});
    throw error;
  }
}

/** Counts the pictures that go into a sink, and ends a part with too many failures before more work is done. */
class CountingSink {
  readonly counts: Pick<PartRecord, "pictures" | "ok" | "skipped" | "reasons"> = {
    pictures: 0,
    ok: 0,
    skipped: 0,
    reasons: {},
  };

  constructor(
    private readonly sink: PartSink,
    private readonly plan: ExtractionPlan,
  ) {}

  get nextShard(): string {
    return this.sink.nextShard;
  }

  get bySha(): ReadonlyMap<string, ManifestLine> {
    return this.sink.bySha;
  }

  async commit(tensors: ReadonlyMap<string, SafetensorsTensor>, lines: readonly ManifestLine[]): Promise<void> {
    const { counts } = this;
    for (const { status, reason = "" } of lines) {
      counts.pictures++;
      if (status === "ok") counts.ok++;
      else this.fail(reason);
    }
    const { maxErrors } = this.plan;
    if (maxErrors !== null && counts.skipped > maxErrors) {
      const [worst] = Object.entries(counts.reasons).sort(([, a], [, b]) => b - a)[0];
      throw new FeatureError(
        PART,
        `at most ${maxErrors} pictures of a part may fail (mostly: ${worst})`,
        counts.skipped,
      );
    }
    await this.sink.commit(tensors, lines);
  }

  private fail(reason: string): void {
    const { reasons } = this.counts;
    this.counts.skipped++;
    const isKnown = Object.hasOwn(reasons, reason) || Object.keys(reasons).length < MOST_REASONS;
    const kind = isKnown ? reason : "other reasons";
    reasons[kind] = (reasons[kind] ?? 0) + 1;
  }
}

/** Returns the error for a full or read-only disk, with the remedy; another error as it is. */
function reportDisk(plan: ExtractionPlan, error: unknown): unknown {
  const failure = fileError(PART, error, plan.folder);
  if (!(failure instanceof FileError)) return error;
  const rule = failure.isFull
    ? `the plan's folder must have room for more features (${failure.code}); free some and run the part again`
    : `the plan's folder must be one that can be written (${failure.code})`;
  return new FeatureError(PART, rule, plan.folder);
}
