import { closeSync, fstatSync, openSync, readSync } from "../platform/files";
import { join } from "../platform/path";
import { fromHalf, halfToFloat, product } from "../numeric";
import { OnnxError } from "./errors";
import { DataType, type OnnxModel, type TensorInfo } from "./model";
import { WeightFiles } from "./weight-files";

const BYTES: Record<number, number> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

/** Largest tensor read on the host: norm parameters and constants, never weight matrices. */
const MAX_ELEMENTS = 1 << 20;

/** Returns the number of elements of a tensor; throws for an invalid shape, with the name of the public function. */
export function elementCount(fn: string, tensor: TensorInfo): number {
  const count = product(tensor.dims);
  if (tensor.dims.some((dim) => dim < 0) || !Number.isSafeInteger(count))
    throw new OnnxError(fn, `initializer ${tensor.name} has an impossible shape`, `[${tensor.dims}]`);
  return count;
}

/**
 * Reads a small initialiser as numbers.
 *
 * @returns `null` where the type is not numeric or the tensor has over a million elements
 * @throws OnnxError when bytes are missing
 */
export function readTensor(model: OnnxModel, tensor: TensorInfo): Float64Array | null {
  const count = elementCount(model.fn, tensor);
  const size = BYTES[tensor.dataType];
  if (!size || count > MAX_ELEMENTS) return null;
  if (tensor.external) return decode(tensor, readExternal(model, tensor, count * size), count);
  const range = tensor.raw ?? tensor.typed.at(0);
  if (!range) return count > 0 ? null : new Float64Array(0);
  const { start, end } = range;
  const isTyped = !tensor.raw && tensor.dataType !== DataType.float;
  if (isTyped) return null;
  if (end - start !== count * size)
    throw new OnnxError(
      model.fn,
      `initializer ${tensor.name} of shape [${tensor.dims}] needs ${count * size} bytes`,
      end - start,
    );
  return decode(tensor, copyOf(model, start, end - start), count);
}

/**
 * Copies a float32 or float16 initialiser of any size.
 *
 * @returns `null` where its values are not stored as plain bytes
 */
export function readFloats(model: OnnxModel, tensor: TensorInfo): Float32Array | null {
  const isHalf = tensor.dataType === DataType.float16;
  const size = elementCount(model.fn, tensor) * (isHalf ? 2 : 4);
  const range = tensor.raw ?? (isHalf ? undefined : tensor.typed[0]);
  if (!tensor.external && !range) return null;
  if (range && range.end - range.start !== size)
    throw new OnnxError(model.fn, `initializer ${tensor.name} needs ${size} bytes`, range.end - range.start);
  // A copy, because numbers must begin at a multiple of their size.
  const { buffer } = range ? copyOf(model, range.start, size) : readExternal(model, tensor, size);
  return isHalf ? halfToFloat(new Uint16Array(buffer)) : new Float32Array(buffer);
}

function copyOf({ memory, path, fn }: OnnxModel, start: number, length: number): Uint8Array<ArrayBuffer> {
  return memory ? Uint8Array.from(memory.view(start, length)) : readFile(fn, path ?? "", start, length);
}

function readExternal(model: OnnxModel, tensor: TensorInfo, length: number): Uint8Array<ArrayBuffer> {
  const { location, offset } = tensor.external ?? { location: "", offset: 0 };
  if (model.path === null) throw new OnnxError(model.fn, "external data needs a model on disk", tensor.name);
  // Through links that leave the folder no file is read.
  const files = new WeightFiles(model.path, model.fn);
  return readFile(model.fn, join(files.folder, files.locate(location)), offset, length);
}

function readFile(fn: string, path: string, start: number, length: number): Uint8Array<ArrayBuffer> {
  const handle = openSync(path, "r");
  try {
    // Before memory is taken for what a damaged shape promises.
    if (start + length > fstatSync(handle).size)
      throw new OnnxError(fn, `the file ends inside an initializer, ${length} bytes wanted`, path);
    const bytes = new Uint8Array(length);
    const count = readSync(handle, bytes, 0, length, start);
    if (count !== length) throw new OnnxError(fn, `the file ends inside an initializer, ${length} bytes wanted`, path);
    return bytes;
  } finally {
    closeSync(handle);
  }
}

function decode(tensor: TensorInfo, bytes: Uint8Array, count: number): Float64Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = reader(tensor.dataType, view);
  return at ? Float64Array.from({ length: count }, (_, i) => at(i)) : null;
}

function reader(type: number, view: DataView): ((index: number) => number) | null {
  switch (type) {
    case DataType.float:
      return (i) => view.getFloat32(4 * i, true);
    case DataType.double:
      return (i) => view.getFloat64(8 * i, true);
    case DataType.int64:
      return (i) => Number(view.getBigInt64(8 * i, true));
    case DataType.int32:
      return (i) => view.getInt32(4 * i, true);
    case DataType.float16:
      return (i) => fromHalf(view.getUint16(2 * i, true));
    case DataType.int8:
      return (i) => view.getInt8(i);
    case DataType.uint8:
    case DataType.bool:
      return (i) => view.getUint8(i);
    default:
      return null;
  }
}
