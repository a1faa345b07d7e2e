import { index, nullable, number, object, oneOf } from "../core/check";
import { REPLY, REQUEST, messageReader } from "../core/messages";
import { fitChoice, type FitChoice, type SavedFit } from "./payload";

/** Browser to kernel: fit the table of the view again. */
export interface FitRequest {
  type: "fit";
  /** Number of the question, repeated in the answer: an answer to an older question is dropped. */
  serial: number;
  choice: FitChoice;
}

/** Browser to kernel: an encoder was selected, or none. */
export interface SelectRequest {
  type: "select";
  /** Position in the payload's `encoders`. */
  encoder: number | null;
}

export type LawRequest = FitRequest | SelectRequest;

/** Kernel to browser: the fit asked for, and how long it took. */
export interface FitReply {
  type: "fit";
  serial: number;
  milliseconds: number;
  fit: SavedFit;
}

/** A fit as it came. Read it with `readFit`, which knows the view's table. */
export type UncheckedFitReply = Omit<FitReply, "fit"> & { fit: unknown };

/** @throws ProtocolError */
export const readLawRequest: (value: unknown) => LawRequest = messageReader<LawRequest>(REQUEST, {
  fit: object<FitRequest>({ type: oneOf(["fit"]), serial: index, choice: fitChoice }),
  select: object<SelectRequest>({ type: oneOf(["select"]), encoder: nullable(index) }),
});

/** @throws ProtocolError */
export const readLawReply: (value: unknown) => UncheckedFitReply = messageReader<UncheckedFitReply>(REPLY, {
  fit: object<UncheckedFitReply>({
    type: oneOf(["fit"]),
    serial: index,
    milliseconds: number({ min: 0, max: 1e9 }),
    fit: (value) => value,
  }),
});
