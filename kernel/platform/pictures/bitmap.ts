/** Formats that the image library does not read: BMP and the portable maps, PBM, PGM and PPM. */
import type { RawImage } from "../../contracts/pixels";

/** Reads a BMP or a portable map; null for anything else. Throws a plain `Error` that says what is wrong with one. */
export function readBitmap(bytes: Uint8Array, maxPixels: number): RawImage | null {
  const magic = String.fromCharCode(bytes[0] ?? 0, bytes[1] ?? 0);
  if (magic === "BM") return readBmp(bytes, maxPixels);
  return /^P[1-6]$/.test(magic) ? readPortableMap(bytes, maxPixels) : null;
}

function allocate(width: number, height: number, maxPixels: number): RawImage {
  if (!(width > 0 && height > 0 && width * height <= maxPixels))
    throw new Error(`a size of ${width} x ${height}, at most ${maxPixels} pixels are read`);
  return { data: new Uint8Array(3 * width * height), width, height, channels: 3 };
}

/** Compressions of a BMP that only say where its colours lie. */
const [PLAIN, FIELDS, ALPHA_FIELDS] = [0, 3, 6];

/** Microsoft's device-independent bitmap: a row is padded to four bytes, the last one comes first. */
function readBmp(bytes: Uint8Array, maxPixels: number): RawImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = view.getUint32(14, true);
  const isOld = header === 12;
  if (!isOld && header < 40) throw new Error(`a header of ${header} bytes`);
  const [width, signed] = isOld
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [view.getInt32(18, true), view.getInt32(22, true)];
  const bits = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? PLAIN : view.getUint32(30, true);
  if (![PLAIN, FIELDS, ALPHA_FIELDS].includes(compression)) throw new Error(`a BMP of compression ${compression}`);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`a BMP of ${bits} bits a pixel`);
  const image = allocate(width, Math.abs(signed), maxPixels);
  const step = Math.ceil((bits * width) / 32) * 4;
  const start = view.getUint32(10, true);
  if (start + step * image.height > bytes.length) throw new Error("the file ends inside its pixels");
  const colorAt = bits <= 8 ? paletteOf(view, bits, header, isOld) : fieldsOf(view, bits, header, compression);
  for (let y = 0; y < image.height; y++) {
    const row = start + step * (signed < 0 ? y : image.height - 1 - y);
    for (let x = 0; x < width; x++) image.data.set(colorAt(row, x), 3 * (y * width + x));
  }
  return image;
}

type Pixel = (row: number, x: number) => readonly [red: number, green: number, blue: number];

function paletteOf(view: DataView, bits: number, header: number, isOld: boolean): Pixel {
  const size = isOld ? 3 : 4;
  return (row, x) => {
    const byte = view.getUint8(row + Math.floor((x * bits) / 8));
    const index = (byte >> (8 - bits - ((x * bits) % 8))) & ((1 << bits) - 1);
    const at = 14 + header + size * index;
    return [view.getUint8(at + 2), view.getUint8(at + 1), view.getUint8(at)];
  };
}

function fieldsOf(view: DataView, bits: number, header: number, compression: number): Pixel {
  if (bits === 24) {
    return (row, x) => {
      const at = row + 3 * x;
      return [view.getUint8(at + 2), view.getUint8(at + 1), view.getUint8(at)];
    };
  }
  const usual = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const isNamed = compression !== PLAIN && header >= 40;
  const masks = isNamed ? [0, 4, 8].map((at) => view.getUint32(54 + at, true)) : usual;
  const [red, green, blue] = masks.map(levelOf);
  return (row, x) => {
    const value = bits === 16 ? view.getUint16(row + 2 * x, true) : view.getUint32(row + 4 * x, true);
    return [red(value), green(value), blue(value)];
  };
}

/** The level 0..255 in the bits of a mask. */
function levelOf(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (value) => Math.floor((((value & mask) >>> shift) * 255) / most);
}

/** Netpbm's formats: a head of words, with comments from `#` to the line's end, then levels as text or bytes. */
function readPortableMap(bytes: Uint8Array, maxPixels: number): RawImage {
  const kind = bytes[1] - 0x30;
  const words = new Words(bytes, 2);
  const [width, height] = [words.number(), words.number()];
  const isBits = kind === 1 || kind === 4;
  const most = isBits ? 1 : words.number();
  if (most < 1 || most > 65535) throw new Error(`levels up to ${most}`);
  const image = allocate(width, height, maxPixels);
  const channels = kind % 3 === 0 ? 3 : 1;
  const next = kind <= 3 ? textLevels(words, isBits) : byteLevels(bytes, words.at + 1, most, isBits ? width : 0);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) {
      if (c < channels) {
        const level = next();
        image.data[3 * i + c] = isBits ? 255 * (1 - level) : Math.min(255, Math.floor((level * 255) / most + 0.5));
      } else image.data[3 * i + c] = image.data[3 * i];
    }
  return image;
}

class Words {
  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  /** The next whole number, of at most `digits` digits. */
  number(digits = 10): number {
    const { bytes } = this;
    for (; this.at < bytes.length && !isDigit(bytes[this.at]); this.at++)
      if (bytes[this.at] === 0x23) while (this.at < bytes.length && bytes[this.at] !== 0x0a) this.at++;
    let value = 0;
    let count = 0;
    for (; count < digits && isDigit(bytes[this.at]); this.at++, count++) value = 10 * value + bytes[this.at] - 0x30;
    if (count === 0) throw new Error("the file ends inside its numbers");
    return value;
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

const textLevels = (words: Words, isBits: boolean) => (): number => words.number(isBits ? 1 : 5);

/** Levels of one or two bytes; with `width`, of one bit, rows padded to bytes. */
function byteLevels(bytes: Uint8Array, start: number, most: number, width: number): () => number {
  let at = 0;
  return () => {
    const [x, y] = width ? [at % width, Math.floor(at / width)] : [0, 0];
    const size = most > 255 ? 2 : 1;
    const place = start + (width ? y * Math.ceil(width / 8) + (x >> 3) : at * size);
    at++;
    if (place + size > bytes.length) throw new Error("the file ends inside its pixels");
    if (width) return (bytes[place] >> (7 - (x & 7))) & 1;
    return size === 2 ? 256 * bytes[place] + bytes[place + 1] : bytes[place];
  };
}
