import { encodeFloat16, joinFloats } from "../../numeric";
import { decodeTask } from "../../protocol/atlas/arithmetic";
import { type AtlasReply, type AtlasRequest, readAtlasRequest } from "../../protocol/atlas/messages";
import type { AtlasPayload } from "../../protocol/atlas/payload";
import { ProtocolError } from "../../protocol/core/check";
import { type Message, REQUEST } from "../../protocol/core/messages";
import { latestOfEach } from "../latest";
import type { Channel, LiveView } from "../live";
import type { AtlasSourceLike } from "./input";

/** Serves predictions at full size: one at a time for each viewer, of those that wait the last one. */
export function serveAtlas({ view, experts, tasks }: AtlasPayload, source: AtlasSourceLike): LiveView {
  const answer = latestOfEach(async ({ request, channel }: { request: AtlasRequest; channel: Channel }) => {
    const start = performance.now();
    const found = await source.predict(request.weights, request.closed);
    const values = tasks.map(({ name, kind, outputs }) => decodeTask(kind, found[name], outputs));
    const reply: AtlasReply = { type: "predict", serial: request.serial, milliseconds: performance.now() - start };
    channel.send(reply, [encodeFloat16(joinFloats(values))]);
  });
  const bytes = source.maps.flat().reduce((sum, map) => sum + map.byteLength, 0);
  const serve = (message: Message, channel: Channel): Promise<void> => {
    const request = readAtlasRequest(message);
    const { weights, closed } = request;
    if (weights && weights.length !== experts.length)
      throw new ProtocolError(REQUEST, "weights", `${experts.length} weights`, weights.length);
    const wrong = closed.find((place) => place >= experts.length);
    if (wrong !== undefined) throw new ProtocolError(REQUEST, "closed", `below ${experts.length}`, wrong);
    return answer({ request, channel });
  };
  return { id: view, bytes, serve };
}
