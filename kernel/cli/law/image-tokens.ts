import { append } from "../../numeric";
import type { DeviceRequest } from "../../backend";
import * as encoders from "../../encoders";
import { listImages } from "../../features";
import type { TokenSet } from "../../law";
import { preprocessOf } from "../preprocess";
import { countOf, numberOf, progress, stopSignal } from "./values";

/** Returns the paths of a folder's or list's pictures, the first `limit` by name. */
export async function imagesOf(images: string, limit: number | undefined): Promise<string[]> {
  const files = (await listImages("law a-score", images)).map(({ file }) => file);
  if (files.length === 0) throw new Error(`law a-score: --images must hold pictures, received ${images}`);
  return files.slice(0, limit);
}

const BATCH = 16;

/** Returns the features of every picture at one layer of an encoder loaded for it. */
export async function tokensOfImages(
  name: string,
  files: readonly string[],
  values: { layer?: string; device?: string; "batch-size"?: string; preprocess?: string },
): Promise<TokenSet[]> {
  const encoder = await encoders.load(name, {
    device: values.device as DeviceRequest | undefined,
    preprocess: preprocessOf("law a-score", values.preprocess),
  });
  const signal = stopSignal("law a-score: stopped");
  const [batch, layer] = [countOf("batch-size", values["batch-size"]) ?? BATCH, numberOf("layer", values.layer) ?? -2];
  const sets: TokenSet[] = [];
  try {
    for (let start = 0; start < files.length; start += batch) {
      signal.throwIfAborted();
      const some = files.slice(start, start + batch);
      const options = { indices: [layer], outputFmt: "NLC", intermediatesOnly: true, stopEarly: true } as const;
      const [map] = (await encoder.forwardIntermediates(some, options)).intermediates;
      append(
        sets,
        some.map((_, i) => ({ data: map.tokens(i), width: map.channels })),
      );
      progress({ done: sets.length, total: files.length });
    }
  } finally {
    await encoder.dispose();
  }
  return sets;
}
