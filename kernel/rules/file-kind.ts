/** Kind of a file by its first bytes, so that a reader can tell a wrong file from a damaged one. */

/** Number of first bytes that {@link fileKind} looks at. */
export const KIND_BYTES = 64;

/** Bytes at an offset, or text for ASCII, and the words for files that have them. */
const SIGNATURES: readonly (readonly [at: number, bytes: string, words: string])[] = [
  [0, "\x93NUMPY", "a NumPy array (.npy)"],
  [0, "PK\x03\x04", "a ZIP archive, as PyTorch's .pt and .pth or NumPy's .npz are"],
  [0, "version https://git-lfs", "a pointer of Git LFS in place of the file: `git lfs pull` fetches it"],
  [0, "GGUF", "a GGUF model of llama.cpp"],
  [0, "\x89HDF\r\n", "an HDF5 file, as Keras writes it"],
  [0, "\x1f\x8b", "a gzip archive"],
  [0, "\x89PNG", "a PNG picture"],
  [0, "\xff\xd8\xff", "a JPEG picture"],
  [0, "GIF8", "a GIF picture"],
  [0, "%PDF", "a PDF document"],
  [4, "TFL3", "a TensorFlow Lite model"],
  [8, "WEBP", "a WebP picture"],
];

/**
 * Returns what a file looks like, in words that complete `this is …`.
 *
 * @param first the file's first bytes, up to {@link KIND_BYTES}; all of a shorter file
 * @returns undefined for bytes that look like nothing known
 */
export function fileKind(first: Uint8Array): string | undefined {
  if (first.length === 0) return "an empty file";
  const text = Array.from(first.subarray(0, KIND_BYTES), (byte) => String.fromCharCode(byte)).join("");
  const found = SIGNATURES.find(([at, bytes]) => text.startsWith(bytes, at));
  if (found) return found[2];
  if (isSafetensors(first)) return "a safetensors file";
  if (/^\x80[\x02-\x05]/.test(text)) return "a Python pickle, as old PyTorch files are";
  // The version of the format, then the producer, the opset or the graph.
  if (/^\x08[\x01-\x20][\x12\x1a\x22\x2a\x32\x3a\x42]/.test(text)) return "an ONNX model";
  return textKind(text);
}

/** Eight bytes of a length below 2^32, then JSON. */
function isSafetensors(first: Uint8Array): boolean {
  return first.length > 8 && first[8] === 0x7b && first.subarray(4, 8).every((byte) => byte === 0);
}

function textKind(text: string): string | undefined {
  const start = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype html|html|head)/i.test(start))
    return "an HTML page, as a download gives that needs a login or failed";
  if (start.startsWith("<?xml")) return "an XML document";
  if (!/^[\t\n\r\x20-\x7e]+$/.test(start)) return undefined;
  if (/^[{[]/.test(start)) return "JSON text";
  return `text that begins ${JSON.stringify(start.split("\n")[0].trimEnd().slice(0, 40))}`;
}
