import { joinBytes } from "../../numeric";

/** Values of a PNG file as they are stored: indices into a palette stay indices. */
export interface StoredPng {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Largest value that the file can hold. */
  readonly most: number;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const MOST_PIXELS = 100_000_000;
/** Chunks that hold the values; others may hold compressed text of any length. */
const KEPT = ["IHDR", "PLTE", "IDAT", "IEND"];
/** Bytes around a chunk's content: length and name before it, checksum after it. */
const AROUND = 12;
const DEPTHS = [1, 2, 4, 8, 16];

interface Chunk {
  readonly type: string;
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

/** Reads a PNG file without interpreting its values. Throws plain errors that say what is wrong. */
export async function parsePng(bytes: Uint8Array): Promise<StoredPng> {
  const chunks = chunksOf(bytes).filter(({ type }) => KEPT.includes(type));
  const rowBytes = checkHeader(chunks[0]);
  await checkInflated(chunks, rowBytes);
  // Loaded when the first map needs it.
  const { decode } = await import("fast-png");
  const { data, width, height, depth, channels } = decode(join(chunks));
  if (data instanceof Uint8ClampedArray) throw new Error("values must have 1 to 16 bits");
  const values = depth < 8 ? unpack(data, width * channels, height, depth) : data;
  return { data: values, width, height, channels, most: 2 ** depth - 1 };
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw new Error("it must begin as PNG files do");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; at + AROUND <= bytes.length;) {
    const end = at + AROUND + view.getUint32(at);
    if (end > bytes.length) throw new Error("the file ends within a chunk");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, whole: bytes.subarray(at, end), content: bytes.subarray(at + 8, end - 4) });
    if (type === "IEND") return chunks;
    at = end;
  }
  throw new Error("the file ends before its last chunk");
}

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Checks the size and returns the largest number of bytes that the picture inflates to. */
function checkHeader(header: Chunk | undefined): number {
  if (header?.type !== "IHDR" || header.content.length !== 13) throw new Error("its first chunk must be the header");
  const view = new DataView(header.content.buffer, header.content.byteOffset, 13);
  const [width, height, depth] = [view.getUint32(0), view.getUint32(4), view.getUint8(8)];
  const channels = CHANNELS[view.getUint8(9)] ?? 0;
  if (width < 1 || height < 1 || channels < 1 || !DEPTHS.includes(depth))
    throw new Error("its header has no legal size");
  if (width * height > MOST_PIXELS)
    throw new Error(`a map has at most ${MOST_PIXELS} pixels, this one ${width} x ${height}`);
  // Interlaced rows have up to twice as many filter bytes, and each of 7 passes rounds its rows up.
  return 2 * height * (Math.ceil((width * channels * depth) / 8) + 8) + 1024;
}

/** Refuses pixels that inflate to more than the header promises, before they fill the memory. */
async function checkInflated(chunks: readonly Chunk[], most: number): Promise<void> {
  const parts = chunks.filter(({ type }) => type === "IDAT").map(({ content }) => Uint8Array.from(content));
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  for (let total = 0; ;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done) return;
    total += value?.length ?? 0;
    if (total <= most) continue;
    await reader.cancel();
    throw new Error("it holds more pixels than its header says");
  }
}

function join(chunks: readonly Chunk[]): Uint8Array {
  return joinBytes([Uint8Array.from(SIGNATURE), ...chunks.map(({ whole }) => whole)]);
}

/** Spreads values of less than a byte, of which each row begins a new byte. */
function unpack(packed: Uint8Array | Uint16Array, perRow: number, rows: number, depth: number): Uint8Array {
  const values = new Uint8Array(perRow * rows);
  const rowBytes = Math.ceil((perRow * depth) / 8);
  const perByte = 8 / depth;
  values.forEach((_, i) => {
    const [row, column] = [Math.floor(i / perRow), i % perRow];
    const byte = packed[row * rowBytes + Math.floor(column / perByte)];
    values[i] = (byte >> (8 - depth * ((column % perByte) + 1))) & (2 ** depth - 1);
  });
  return values;
}
