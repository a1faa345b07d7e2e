/** Facts in the head of a JPEG or PNG: its size, its orientation, and how its colors are stored. */

export interface Head {
  width: number;
  height: number;
  /** EXIF orientation, 1..8. */
  orientation: number;
  /** Color channels of a JPEG. */
  components: number;
  hasProfile: boolean;
}

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
export const isPng = (bytes: Uint8Array): boolean =>
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => bytes[i] === byte);

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  Array.from(bytes.subarray(at, at + length), (byte) => String.fromCharCode(byte)).join("");

/** Markers of frames: 192..207 without those of tables and arithmetic conditioning. */
const isFrame = (marker: number): boolean => (marker & 0xf0) === 0xc0 && ![0xc4, 0xc8, 0xcc].includes(marker);

/** The head of a JPEG; `null` where it ends too early. */
export function jpegHead(bytes: Uint8Array): Head | null {
  const view = viewOf(bytes);
  const head: Head = { width: 0, height: 0, orientation: 1, components: 0, hasProfile: false };
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = view.getUint16(at + 2);
    const end = at + 2 + length;
    if (end > bytes.length) return null;
    if (marker === 0xe1 && textAt(bytes, at + 4, 6) === "Exif\0\0")
      head.orientation = orientationOf(bytes.subarray(at + 10, end));
    if (marker === 0xe2 && textAt(bytes, at + 4, 11) === "ICC_PROFILE") head.hasProfile = true;
    if (isFrame(marker) && length >= 8) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { ...head, width, height, components: bytes[at + 9] };
    }
    if (marker === 0xda) return null;
    at = end;
  }
  return null;
}

/** The head of a PNG; `null` where it ends too early. */
export function pngHead(bytes: Uint8Array): Head | null {
  if (bytes.length < 33) return null;
  const view = viewOf(bytes);
  const head: Head = {
    width: view.getUint32(16),
    height: view.getUint32(20),
    orientation: 1,
    components: 0,
    hasProfile: false,
  };
  for (let at = 8; at + 12 <= bytes.length;) {
    const [length, name] = [view.getUint32(at), textAt(bytes, at + 4, 4)];
    if (name === "iCCP") head.hasProfile = true;
    if (name === "eXIf") head.orientation = orientationOf(bytes.subarray(at + 8, at + 8 + length));
    if (name === "IEND") break;
    at += 12 + length;
  }
  return head;
}

const ORIENTATION = 0x0112;

/** Orientation in the first directory of EXIF, a TIFF without pixels; 1 where it does not say. */
function orientationOf(exif: Uint8Array): number {
  const order = textAt(exif, 0, 2);
  if (exif.length < 14 || (order !== "II" && order !== "MM")) return 1;
  const [view, isLittle] = [viewOf(exif), order === "II"];
  const start = view.getUint32(4, isLittle);
  if (start + 2 > exif.length) return 1;
  const count = view.getUint16(start, isLittle);
  for (let i = 0; i < count && start + 14 + 12 * i <= exif.length; i++) {
    const entry = start + 2 + 12 * i;
    if (view.getUint16(entry, isLittle) !== ORIENTATION) continue;
    const value = view.getUint16(entry + 8, isLittle);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
