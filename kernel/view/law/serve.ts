import { checkBelow, ProtocolError } from "../../protocol/core/check";
import { REQUEST, type Message } from "../../protocol/core/messages";
import { readLawRequest, type FitReply, type FitRequest, type SelectRequest } from "../../protocol/law/messages";
import type { FitChoice, SavedFit } from "../../protocol/law/payload";
import { latest } from "../latest";
import type { Channel, LiveView } from "../live";

/** The parts of a law view that answer its viewers. */
export interface LawService {
  id: string;
  encoders: readonly string[];
  /** Fits the table again; missing where the fit is a finished one. */
  refit?: (choice: FitChoice) => SavedFit;
  onSelect?: (encoder: string | null) => unknown;
}

/** Serves fits of other choices, and tells selections to `onSelect`: one call at a time, the last one always. */
export function serveLaw(service: LawService): LiveView {
  const { onSelect } = service;
  const select = onSelect && latest(onSelect);
  return {
    id: service.id,
    serve: (message: Message, channel: Channel) => {
      const request = readLawRequest(message);
      if (request.type === "fit") return channel.send(fitReply(service, request));
      if (!select) throw new ProtocolError(REQUEST, "type", "fit: nobody listens to selections", request.type);
      return select(encoderName(service.encoders, request));
    },
  };
}

function fitReply({ refit }: LawService, { serial, choice }: FitRequest): FitReply {
  if (!refit) throw new ProtocolError(REQUEST, "type", "select: this view cannot fit", "fit");
  const start = performance.now();
  const fit = refit(choice);
  return { type: "fit", serial, milliseconds: performance.now() - start, fit };
}

function encoderName(encoders: readonly string[], { encoder }: SelectRequest): string | null {
  if (encoder === null) return null;
  checkBelow(REQUEST, "encoder", encoder, encoders.length);
  return encoders[encoder];
}
