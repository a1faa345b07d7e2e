import { checkBelow } from "../../protocol/core/check";
import { REQUEST, type Message } from "../../protocol/core/messages";
import {
  readGalleryRequest,
  type NearReply,
  type NearRequest,
  type PictureReply,
  type ThumbItem,
  type ThumbsReply,
} from "../../protocol/gallery/messages";
import type { Channel, LiveView } from "../live";
import type { GalleryFeatures } from "./features";
import type { GalleryPictures } from "./pictures";
import { joinBytes } from "../../numeric";

/** Neighbors of an answer. */
export const NEIGHBORS = 24;

/** The parts of a gallery that answer its viewers. */
export interface GalleryService {
  id: string;
  features: GalleryFeatures;
  pictures: GalleryPictures;
}

/** Serves small pictures, larger ones and neighbors; of several questions for neighbors only the latest is answered. */
export function serveGallery({ id, features, pictures }: GalleryService): LiveView {
  const latest = new WeakMap<Channel, number>();
  const { paths } = features;
  const checked = (index: number): number => {
    checkBelow(REQUEST, "index", index, paths.length);
    return index;
  };
  const serve = async (message: Message, channel: Channel): Promise<void> => {
    const request = readGalleryRequest(message);
    if (request.type === "thumbs") return sendThumbs(request.indices.map(checked), features, pictures, channel);
    checked(request.index);
    if (request.type === "picture") return sendPicture(request.index, features, pictures, channel);
    latest.set(channel, request.serial);
    const reply = await near(request, features, () => latest.get(channel) === request.serial);
    if (reply) channel.send(reply);
  };
  return { id, bytes: features.bytes, serve };
}

async function sendThumbs(
  indices: readonly number[],
  { paths }: GalleryFeatures,
  pictures: GalleryPictures,
  channel: Channel,
): Promise<void> {
  const small = await pictures.thumbs(indices);
  const items = small.map((one, i): ThumbItem => {
    const item = { index: indices[i], name: paths[indices[i]] };
    return "file" in one ? { ...item, bytes: one.file.length } : { ...item, bytes: 0, reason: one.reason };
  });
  const buffer = joinBytes(small.flatMap((one) => ("file" in one ? [one.file] : [])));
  const reply: ThumbsReply = { type: "thumbs", items };
  channel.send(reply, buffer.length ? [buffer] : []);
}

async function sendPicture(
  index: number,
  features: GalleryFeatures,
  pictures: GalleryPictures,
  channel: Channel,
): Promise<void> {
  const { region } = await features.patches(index);
  const large = await pictures.large(index);
  const head = { type: "picture" as const, index, name: features.paths[index], region };
  if (!("file" in large)) {
    const reply: PictureReply = { ...head, ...features.sizeOf(index), bytes: 0, reason: large.reason };
    return channel.send(reply, []);
  }
  const reply: PictureReply = { ...head, ...features.sizeOf(index), bytes: large.file.length };
  channel.send(reply, [large.file]);
}

async function near(
  { serial, index, patch }: NearRequest,
  features: GalleryFeatures,
  isWanted: () => boolean,
): Promise<NearReply | undefined> {
  const [rows, columns] = features.layer.grid;
  if (patch !== null) checkBelow(REQUEST, "patch", patch, rows * columns);
  const start = performance.now();
  const neighbors =
    patch === null
      ? features.nearPicture(index, NEIGHBORS)
      : await features.nearPatch(index, patch, NEIGHBORS, isWanted);
  return neighbors && { type: "near", serial, index, patch, neighbors, milliseconds: performance.now() - start };
}
