import { index, list, nullable, object, oneOf } from "../core/check";
import { messageReader, REPLY, REQUEST } from "../core/messages";
import { MAX_ITEMS, type ReviewDecision, reviewDecision } from "./payload";

/** Browser to kernel: write a decision down; null takes it back. */
export interface DecideRequest {
  type: "decide";
  item: number;
  decision: ReviewDecision | null;
}

/** Kernel to browser: all decisions as the file holds them, after opening and after each change. */
export interface DecisionsReply {
  type: "decisions";
  /** By item; null where there is none. */
  decisions: (ReviewDecision | null)[];
  /** Annotations in the file, those of earlier rounds included, and what was rejected. */
  annotations: number;
  rejected: number;
}

/** @throws ProtocolError */
export const readReviewRequest: (value: unknown) => DecideRequest = messageReader<DecideRequest>(REQUEST, {
  decide: object<DecideRequest>({ type: oneOf(["decide"]), item: index, decision: nullable(reviewDecision) }),
});

/** @throws ProtocolError */
export const readReviewReply: (value: unknown) => DecisionsReply = messageReader<DecisionsReply>(REPLY, {
  decisions: object<DecisionsReply>({
    type: oneOf(["decisions"]),
    decisions: list(nullable(reviewDecision), 0, MAX_ITEMS),
    annotations: index,
    rejected: index,
  }),
});
