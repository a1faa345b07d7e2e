import { joinBytes } from "../../numeric";
import { bytesField, doubleField, floatField, integerField, textField } from "../../onnx/encode";

/** Table of CRC-32C (Castagnoli) for one byte. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** Returns CRC-32C, rotated and shifted as TFRecord files store it. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  const value = ~crc >>> 0;
  return (((value >>> 15) | (value << 17)) + 0xa282ead8) >>> 0;
}

/** Frames a message as a TFRecord: its length, that one's checksum, the message, its checksum. */
function recordOf(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(message.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(message, 12);
  view.setUint32(12 + message.length, maskedCrc(message), true);
  return bytes;
}

/** Returns the first record of TensorBoard's event files, which names the format. @param time seconds since 1970 */
export function versionRecord(time: number): Uint8Array {
  return recordOf(joinBytes([doubleField(1, time), textField(3, "brain.Event:2")]));
}

/**
 * Returns the numbers of a step as a record of an `Event` (tensorboard/compat/proto/event.proto).
 *
 * @param time seconds since 1970
 */
export function scalarsRecord(time: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytesField(1, joinBytes([textField(1, tag), floatField(2, value)])),
  );
  const place = step === 0 ? [] : [integerField(2, step)];
  return recordOf(joinBytes([doubleField(1, time), ...place, bytesField(5, joinBytes(values))]));
}
