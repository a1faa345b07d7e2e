import { checkBelow, ProtocolError } from "../../protocol/core/check";
import { REQUEST } from "../../protocol/core/messages";
import { type DecisionsReply, readReviewRequest } from "../../protocol/review/messages";
import { boxWithin, type ReviewDecision, type ReviewPayload } from "../../protocol/review/payload";
import type { Channel, LiveView } from "../live";
import type { ReviewFile, ReviewedExpression } from "./file";

/** Serves a review: each decision is written to the file, then sent to every open viewer. */
export function serveReview(
  { view, items, pictures }: ReviewPayload,
  file: ReviewFile,
  expressions: readonly ReviewedExpression[],
): LiveView {
  const channels = new Set<Channel>();
  const decisions = (): DecisionsReply => ({
    type: "decisions",
    decisions: expressions.map((one) => file.decision(one) ?? null),
    ...file.counts,
  });
  return {
    id: view,
    open: (channel) => {
      channels.add(channel);
      channel.onClose(() => channels.delete(channel));
      channel.send(decisions());
    },
    serve: async (message) => {
      const { item, decision } = readReviewRequest(message);
      checkBelow(REQUEST, "item", item, items.length);
      checkBox(decision, pictures[items[item].picture]);
      await file.decide(expressions[item], decision, items[item].score);
      for (const channel of channels) channel.send(decisions());
    },
  };
}

/** Refuses a box that is not in its picture, or of no area. @throws ProtocolError */
function checkBox(decision: ReviewDecision | null, { width, height }: { width: number; height: number }): void {
  const box = decision?.box;
  if (!box) return;
  const within = boxWithin(box, { width, height });
  if (box.some((edge, i) => Math.abs(edge - within[i]) > 1e-6))
    throw new ProtocolError(REQUEST, "decision.box", `a box of an area in ${width} x ${height}`, box);
}
