/** Files of a part in each format, written into the folder of one try. */
import { npyHeader } from "../../data/npy";
import { append, floatToHalf, joinBytes, mergeMoments, noMoments } from "../../numeric";
import { writeFile } from "../../platform/files";
import { join } from "../../platform/path";
import { writeSafetensors } from "../../safetensors/safetensors";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { FeatureError } from "../error";
import { type FeatureForm, type FeatureSink, imagesPerFile } from "../extraction";
import { type FileSum, type ManifestLine, sumOf } from "../intact";
import type { ExtractedLayer, FeatureDtype } from "../run-identity";
import { type TarPlace, TarWriter } from "../tar";
import { quantize } from "../tensors";
import { encodeSample, plainModel, sampleMoments, shardName } from "../theia-sample";
import { partName } from "./part-folder";
import type { ExtractionPlan } from "./plan";

/** Names of a part's files in the formats that a merge links by name. */
export const MANIFEST_NAME = "manifest.jsonl";
/** Moments of a part's maps, from which a merge has those of all. */
export const MOMENTS_NAME = "moments.json";
export const vectorsName = (part: number): string => `img_emb_${partName(part)}.npy`;
export const picturesName = (part: number): string => `metadata_${partName(part)}.parquet`;
/** Name of a part's file of tensors by its place in the part; names of all parts differ, so that they can lie in one folder. */
const shardOfPart = (part: number, file: number): string =>
  `features-${partName(part)}${String(file).padStart(6, "0")}.safetensors`;
/** Returns the part of such a name. */
export const partOfShard = (name: string): number => Number(/^features-(\d{9})\d{6}\.safetensors$/.exec(name)?.[1]);
export const mapsName = (plan: ExtractionPlan, part: number): string => shardName(plan.dataset, "train", part);

/** Sink of a part: takes features file by file, and ends with the sizes and checksums of its files. */
export interface PartSink extends FeatureSink {
  /** Form in which it takes numbers. */
  readonly form: FeatureForm;
  /** Number of pictures that it takes at a time. */
  readonly perFile: number;
  /** Ends the files. */
  end(): Promise<Record<string, FileSum>>;
  /** Closes open files after a failure. */
  close(): Promise<void>;
}

/** Makes the sink of a plan's format. */
export async function openSink(fn: string, plan: ExtractionPlan, part: number, folder: string): Promise<PartSink> {
  if (plan.format === "safetensors") return new TensorSink(plan, part, folder);
  if (plan.format === "embeddings") return new VectorSink(plan, part, folder);
  const path = join(folder, mapsName(plan, part));
  return new MapSink(fn, plan, part, folder, await TarWriter.create(path));
}

/** Base of the sinks: the lines so far, and their file. */
abstract class LineSink {
  readonly bySha = new Map<string, ManifestLine>();
  protected readonly lines: string[] = [];
  private readonly sums: Record<string, FileSum> = {};

  constructor(
    protected readonly plan: ExtractionPlan,
    protected readonly part: number,
    protected readonly folder: string,
  ) {}

  /** Number of images prepared together; formats without separate files take them as they come. */
  get perFile(): number {
    return imagesPerFile(this.plan.run.layers, "f32");
  }

  protected remember(line: ManifestLine): void {
    if (line.status === "ok" && line.sha256 !== null && !this.bySha.has(line.sha256)) this.bySha.set(line.sha256, line);
  }

  protected async sum(name: string): Promise<FileSum> {
    return (this.sums[name] = await sumOf(join(this.folder, name)));
  }

  /** Writes a small file whole. */
  protected async put(name: string, content: Uint8Array | string): Promise<void> {
    await writeFile(join(this.folder, name), content, { flag: "wx", flush: true });
    await this.sum(name);
  }

  protected async settle(): Promise<Record<string, FileSum>> {
    await this.put(MANIFEST_NAME, this.lines.map((line) => `${line}\n`).join(""));
    return this.sums;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Tensors by picture. */
class TensorSink extends LineSink implements PartSink {
  private files = 0;

  get form(): FeatureForm {
    const { dtype, pool = 1 } = this.plan.run;
    return { dtype, pool };
  }

  override get perFile(): number {
    return imagesPerFile(this.plan.run.layers, this.plan.run.dtype);
  }

  get nextShard(): string {
    return shardOfPart(this.part, this.files);
  }

  async commit(tensors: ReadonlyMap<string, SafetensorsTensor>, lines: readonly ManifestLine[]): Promise<void> {
    const name = this.nextShard;
    if (tensors.size) {
      await writeSafetensors(join(this.folder, name), tensors, { format: "pt", run: this.plan.run.hash });
      const file = await this.sum(name);
      for (const line of lines) if (line.shard === name) line.file = file;
      this.files++;
    }
    for (const line of lines) this.remember(line);
    append(
      this.lines,
      lines.map((line) => JSON.stringify(line)),
    );
  }

  end(): Promise<Record<string, FileSum>> {
    return this.settle();
  }
}

/** Returns a picture's one tensor as numbers. */
function valuesOf(line: ManifestLine, tensors: ReadonlyMap<string, SafetensorsTensor>): Float32Array | null {
  const [stored] = Object.values(line.tensors);
  return (tensors.get(stored.name)?.data as Float32Array | undefined) ?? null;
}

/** Line of a picture without tensors, for the formats that keep them elsewhere. */
const plainLine = ({ path, sha256, status, reason, size, note }: ManifestLine, key?: string): string =>
  JSON.stringify({ path, sha256, status, reason, size, key, note });

/** Vectors in clip-retrieval's layout. Equal pictures have a row each. */
class VectorSink extends LineSink implements PartSink {
  readonly form = { dtype: "f32", pool: this.plan.run.pool ?? 1 } as const;
  readonly nextShard = vectorsName(this.part);
  private readonly vectors: Float32Array[] = [];
  private readonly rows = new Map<string, Float32Array>();
  private readonly pictures: ManifestLine[] = [];

  commit(tensors: ReadonlyMap<string, SafetensorsTensor>, lines: readonly ManifestLine[]): Promise<void> {
    for (const line of lines) {
      this.lines.push(plainLine(line));
      if (line.status !== "ok" || line.sha256 === null) continue;
      const vector = this.rows.get(line.sha256) ?? (valuesOf(line, tensors) as Float32Array);
      this.rows.set(line.sha256, vector);
      this.remember(line);
      this.vectors.push(vector);
      this.pictures.push(line);
    }
    return Promise.resolve();
  }

  async end(): Promise<Record<string, FileSum>> {
    const { dtype, layers } = this.plan.run;
    const header = npyHeader(dtype, [this.vectors.length, layers[0].channels]);
    const coded = this.vectors.map((vector) => encodeVector(vector, dtype));
    await this.put(this.nextShard, joinBytes([header, ...coded.map(({ bytes }) => bytes)]));
    const scales = dtype === "int8" ? coded.map(({ scale }) => scale) : null;
    await this.put(picturesName(this.part), await this.table(scales));
    return this.settle();
  }

  /** Pictures in the order of the vectors, with clip-retrieval's names of columns. */
  private async table(scales: readonly number[] | null): Promise<Uint8Array> {
    const { parquetWriteBuffer } = await import("hyparquet-writer");
    const notes = this.pictures.map(({ note }) => Object(note) as { caption?: unknown; metadata?: unknown });
    const text = (value: unknown): string | null =>
      value === undefined ? null : typeof value === "string" ? value : JSON.stringify(value);
    const columnData = [
      { name: "image_path", data: this.pictures.map(({ path }) => path), type: "STRING" as const },
      { name: "sha256", data: this.pictures.map((line) => line.sha256), type: "STRING" as const },
      { name: "width", data: this.pictures.map(({ size }) => size?.[0] ?? 0), type: "INT32" as const },
      { name: "height", data: this.pictures.map(({ size }) => size?.[1] ?? 0), type: "INT32" as const },
      { name: "caption", data: notes.map(({ caption }) => text(caption)), type: "STRING" as const, nullable: true },
      { name: "metadata", data: notes.map(({ metadata }) => text(metadata)), type: "STRING" as const, nullable: true },
      ...(scales ? [{ name: "scale", data: [...scales], type: "FLOAT" as const }] : []),
    ];
    return new Uint8Array(parquetWriteBuffer({ columnData }));
  }
}

/** Bytes of a vector, and the scale by which levels of `int8` are multiplied. */
function encodeVector(vector: Float32Array, dtype: FeatureDtype): { bytes: Uint8Array; scale: number } {
  if (dtype === "int8") {
    const { levels, scales } = quantize(vector, vector.length);
    return { bytes: bytesOf(levels), scale: scales[0] };
  }
  return { bytes: bytesOf(dtype === "f16" ? floatToHalf(vector) : vector), scale: 1 };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** Maps in Theia's layout. Equal pictures have a sample each. */
class MapSink extends LineSink implements PartSink {
  readonly form = { dtype: "f32", pool: this.plan.run.pool ?? 1 } as const;
  readonly nextShard = mapsName(this.plan, this.part);
  private readonly places = new Map<string, TarPlace>();
  private readonly keys = new Set<string>();
  private moments = noMoments(this.plan.run.layers[0].channels);

  constructor(
    private readonly fn: string,
    plan: ExtractionPlan,
    part: number,
    folder: string,
    private readonly tar: TarWriter,
  ) {
    super(plan, part, folder);
  }

  async commit(tensors: ReadonlyMap<string, SafetensorsTensor>, lines: readonly ManifestLine[]): Promise<void> {
    const { layers, encoder } = this.plan.run;
    for (const line of lines) {
      if (line.status !== "ok" || line.sha256 === null) {
        this.lines.push(plainLine(line));
        continue;
      }
      const key = this.keyOf(line.path);
      const name = `${key}.${plainModel(encoder.name)}.safetensors`;
      const sample = await this.sampleOf(line, layers[0], tensors);
      this.moments = mergeMoments(this.moments, sampleMoments(sample));
      const place = await this.tar.add(name, sample);
      if (!this.places.has(line.sha256)) this.places.set(line.sha256, place);
      this.remember(line);
      this.lines.push(plainLine(line, key));
    }
  }

  private async sampleOf(
    line: ManifestLine,
    { grid, channels }: ExtractedLayer,
    tensors: ReadonlyMap<string, SafetensorsTensor>,
  ): Promise<Uint8Array> {
    const earlier = this.places.get(line.sha256 as string);
    if (earlier) return this.tar.read(earlier);
    const data = valuesOf(line, tensors);
    if (!data) throw new FeatureError(this.fn, "a picture must have a map", line.path);
    return encodeSample({ data, grid, channels }, this.plan.run.dtype === "f16" ? "f16" : "f32");
  }

  /** Returns a picture's key. webdataset ends a key at the first dot; two pictures of a part get different ones. */
  private keyOf(path: string): string {
    const plain = path
      .replace(/\.[A-Za-z]+$/, "")
      .replace(/^\/+/, "")
      .replaceAll(".", "_");
    let key = plain;
    for (let i = 2; this.keys.has(key); i++) key = `${plain}_${i}`;
    this.keys.add(key);
    return key;
  }

  async end(): Promise<Record<string, FileSum>> {
    await this.tar.end();
    await this.sum(this.nextShard);
    const { count, mean, squares } = this.moments;
    await this.put(MOMENTS_NAME, `${JSON.stringify({ count, mean: [...mean], squares: [...squares] })}\n`);
    return this.settle();
  }

  override close(): Promise<void> {
    return this.tar.close().catch(() => {});
  }
}
