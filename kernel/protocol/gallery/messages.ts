import { count, index, list, nullable, number, object, oneOf, optional, text, type Reader } from "../core/check";
import type { Box } from "../core/geometry";
import { ProtocolError } from "../core/check";
import { REPLY, REQUEST, messageReader, oneBuffer, type Buffers } from "../core/messages";
import { MAX_GALLERY } from "./payload";

/** Most small pictures of one message. */
export const MAX_THUMBS = 64;
/** Most neighbors of one answer. */
export const MAX_NEIGHBORS = 60;

/** Browser to kernel: send small pictures and names. */
export interface ThumbsRequest {
  type: "thumbs";
  indices: number[];
}

/** Browser to kernel: find the pictures nearest to a picture, or those with the patch nearest to one of its patches. */
export interface NearRequest {
  type: "near";
  /** Number of the question, repeated in the answer: only the latest one is answered. */
  serial: number;
  index: number;
  patch: number | null;
}

/** Browser to kernel: send a picture large enough to point at its patches. */
export interface PictureRequest {
  type: "picture";
  index: number;
}

export type GalleryRequest = ThumbsRequest | NearRequest | PictureRequest;

/** A small picture, or the reason why there is none. */
export interface ThumbItem {
  index: number;
  name: string;
  /** Bytes of its JPEG in the buffer; 0 where it cannot be read. */
  bytes: number;
  reason?: string;
}

/** Kernel to browser: the JPEGs one after the other in one buffer. */
export interface ThumbsReply {
  type: "thumbs";
  items: ThumbItem[];
}

export interface Neighbor {
  index: number;
  /** Cosine of the pictures' mean features, or of the patches. */
  score: number;
  /** Place of the nearest patch, in shares of the picture. */
  box?: Box;
}

/** Kernel to browser: the nearest first. */
export interface NearReply {
  type: "near";
  serial: number;
  index: number;
  patch: number | null;
  neighbors: Neighbor[];
  milliseconds: number;
}

/** Kernel to browser: a JPEG in one buffer, and the place of the patches in pixels of the picture. */
export interface PictureReply {
  type: "picture";
  index: number;
  name: string;
  width: number;
  height: number;
  region: Box;
  bytes: number;
  reason?: string;
}

export type GalleryReply = ThumbsReply | NearReply | PictureReply;

const real = number({ min: -1e6, max: 1e6 });
const box = list(real, 4, 4) as Reader<readonly number[]> as Reader<Box>;
const bytes = number({ min: 0, max: 1 << 23, integer: true });
const position = number({ min: 0, max: MAX_GALLERY, integer: true });
const name = text(1000);

/** @throws ProtocolError */
export const readGalleryRequest: (value: unknown) => GalleryRequest = messageReader<GalleryRequest>(REQUEST, {
  thumbs: object<ThumbsRequest>({ type: oneOf(["thumbs"]), indices: list(position, 1, MAX_THUMBS) }),
  near: object<NearRequest>({ type: oneOf(["near"]), serial: index, index: position, patch: nullable(index) }),
  picture: object<PictureRequest>({ type: oneOf(["picture"]), index: position }),
});

/** @throws ProtocolError */
export const readGalleryReply: (value: unknown) => GalleryReply = messageReader<GalleryReply>(REPLY, {
  thumbs: object<ThumbsReply>({
    type: oneOf(["thumbs"]),
    items: list(object<ThumbItem>({ index: position, name, bytes, reason: optional(name) }), 0, MAX_THUMBS),
  }),
  near: object<NearReply>({
    type: oneOf(["near"]),
    serial: index,
    index: position,
    patch: nullable(index),
    neighbors: list(object<Neighbor>({ index: position, score: real, box: optional(box) }), 0, MAX_NEIGHBORS),
    milliseconds: number({ min: 0, max: 1e9 }),
  }),
  picture: object<PictureReply>({
    type: oneOf(["picture"]),
    index: position,
    name,
    width: count,
    height: count,
    region: box,
    bytes,
    reason: optional(name),
  }),
});

/** The JPEGs of a {@link ThumbsReply}, `undefined` where there is none. @throws ProtocolError on a wrong length */
export function splitThumbs({ items }: ThumbsReply, buffers: Buffers): (Uint8Array | undefined)[] {
  const total = items.reduce((sum, item) => sum + item.bytes, 0);
  const all = total ? oneBuffer(buffers, total, REPLY) : new Uint8Array(0);
  let at = 0;
  return items.map((item) => {
    at += item.bytes;
    return item.bytes ? all.subarray(at - item.bytes, at) : undefined;
  });
}

/** The JPEG of a {@link PictureReply}. @throws ProtocolError on a wrong length */
export function pictureBytes(reply: PictureReply, buffers: Buffers): Uint8Array | undefined {
  if (reply.bytes === 0 && buffers.length > 1) throw new ProtocolError(REPLY, "buffers", "one buffer", buffers.length);
  return reply.bytes ? oneBuffer(buffers, reply.bytes, REPLY) : undefined;
}
