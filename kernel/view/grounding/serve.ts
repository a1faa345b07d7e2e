import type { RawImage } from "../../data/image";
import { encodeFloat16, joinFloats } from "../../numeric";
import { checkBelow } from "../../protocol/core/check";
import { REQUEST } from "../../protocol/core/messages";
import {
  type AttendRequest,
  type GroundRequest,
  type GroundingReply,
  readGroundingRequest,
} from "../../protocol/grounding/messages";
import type { GroundingPayload } from "../../protocol/grounding/payload";
import { latestOfEach } from "../latest";
import type { Channel, LiveView } from "../live";
import { groundPhrase, knownTruth } from "./answers";
import type { GroundingExplorerLike } from "./input";

interface Asked<R> {
  request: R;
  channel: Channel;
}

/** Serves boxes and attention of any phrase: one question of each kind and viewer at a time, of those that wait the last one. */
export function serveGrounding(
  payload: GroundingPayload,
  explorer: GroundingExplorerLike,
  images: readonly RawImage[],
): LiveView {
  const ground = latestOfEach(async ({ request, channel }: Asked<GroundRequest>) => {
    const { serial, picture, phrase } = request;
    const asked = { phrase, picture, ...knownTruth(payload, picture, phrase) };
    const reply: GroundingReply = {
      type: "ground",
      serial,
      answer: await groundPhrase(explorer, images[picture], asked),
    };
    channel.send(reply);
  });
  const attend = latestOfEach(async ({ request, channel }: Asked<AttendRequest>) => {
    const { serial, picture, phrase } = request;
    const { words, toPatches, toWords } = await explorer.attend(images[picture], phrase);
    const reply: GroundingReply = { type: "attend", serial, picture, phrase, words: [...words] };
    channel.send(reply, [encodeFloat16(joinFloats([toPatches, toWords]))]);
  });
  const bytes = images.reduce((sum, { data }) => sum + data.byteLength, 0);
  return {
    id: payload.view,
    bytes,
    serve: (message, channel) => {
      const request = readGroundingRequest(message);
      checkBelow(REQUEST, "picture", request.picture, images.length);
      if (request.type === "attend") return attend({ request, channel });
      // A word that is half typed must not displace the question before it, whose words are whole.
      const words = explorer.unknown(request.phrase);
      if (!words.length) return ground({ request, channel });
      const reply: GroundingReply = { type: "unknown", serial: request.serial, words: [...words] };
      channel.send(reply);
    },
  };
}
