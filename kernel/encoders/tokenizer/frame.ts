import { readId, refuse, type Step, stepsOf } from "./json";

/** Ids around those of a text. */
export interface Frame {
  before: readonly number[];
  after: readonly number[];
}

/** Reads the ids that a post-processor puts around one text. */
export function readFrame(fn: string, step: Step | null | undefined): Frame {
  let frame: Frame = { before: [], after: [] };
  for (const one of stepsOf(fn, step, "processors")) {
    const { before, after } = readStep(fn, one);
    frame = { before: [...before, ...frame.before], after: [...frame.after, ...after] };
  }
  return frame;
}

function readStep(fn: string, step: Step): Frame {
  if (step.type === "ByteLevel") return { before: [], after: [] };
  if (step.type === "RobertaProcessing" || step.type === "BertProcessing")
    return { before: [pairId(fn, step.cls)], after: [pairId(fn, step.sep)] };
  if (step.type === "TemplateProcessing") return readTemplate(fn, step);
  return refuse(fn, "must frame texts by RobertaProcessing, BertProcessing or TemplateProcessing", step.type);
}

/** Returns the id of `["<s>", 0]`. */
function pairId(fn: string, pair: unknown): number {
  return readId(fn, Array.isArray(pair) ? pair[1] : pair);
}

type Part = { Sequence?: unknown; SpecialToken?: { id?: unknown } | null } | null;

function readTemplate(fn: string, { single, special_tokens: tokens }: Step): Frame {
  const parts = Array.isArray(single) ? (single as Part[]) : [];
  const at = parts.findIndex((part) => part?.Sequence !== undefined);
  if (at < 0) refuse(fn, "must have a template with a place for the text", single);
  const known = (tokens ?? {}) as Record<string, { ids?: unknown } | undefined>;
  const idsOf = (some: Part[]): number[] =>
    some.flatMap((part) => {
      const name = part?.SpecialToken?.id;
      const ids = typeof name === "string" && Object.hasOwn(known, name) ? known[name]?.ids : undefined;
      if (!Array.isArray(ids)) return refuse(fn, "must say which ids a token of its template has", name);
      return ids.map((id: unknown) => readId(fn, id));
    });
  return { before: idsOf(parts.slice(0, at)), after: idsOf(parts.slice(at + 1)) };
}
