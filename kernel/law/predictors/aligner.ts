import { resolveDevice } from "../../backend/node";
import type { Device, DeviceRequest } from "../../backend";
import type { TokenSet } from "../../similarity/token-set";
import { alignmentGraph, type Direction } from "../cosines/cosine-graphs";
import { Lanes } from "../cosines/cosines";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { LawError } from "../error";

/** Engine for the costly part of the A score (arXiv 2408.16357). */
export interface Aligner {
  /**
   * Returns for each reference the best cosine of each token of one side with any token of the other, averaged over the
   * tokens. `direction` names the side that looks. All sets have one width.
   */
  align(target: TokenSet, references: readonly TokenSet[], direction: Direction): Promise<number[]>;
  /** Frees the aligner's resources. */
  dispose(): Promise<void>;
}

/** Options of {@link aligner}. */
export interface AlignerOptions {
  /** Device of the graphs; `auto` takes the best one that starts. Default `cpu`. */
  device?: DeviceRequest;
}

const FN = "law.aligner";
const NAMES: OptionNames<AlignerOptions> = { device: true };

/**
 * Returns an aligner that runs in onnxruntime, for token sets as large as those of language models. It computes in
 * float32; the score agrees with the exact one to about 1e-6.
 *
 * @throws LawError for an unknown option, DeviceError when the device does not start
 */
export async function aligner(options: AlignerOptions = {}): Promise<Aligner> {
  checkOptionNames(FN, options, NAMES, LawError);
  return new RuntimeAligner(await resolveDevice(options.device ?? "cpu", FN));
}

/** Aligner with one graph per number of references and direction, made on first need. */
class RuntimeAligner implements Aligner {
  private readonly graphs = new Map<string, Lanes>();

  constructor(private readonly device: Device) {}

  async align(target: TokenSet, references: readonly TokenSet[], direction: Direction): Promise<number[]> {
    const graph = this.graph(references.length, direction);
    const named = references.map((set, i): [string, TokenSet] => [`reference${i}`, set]);
    // Copies, because a session transfers its inputs while it works and the tokens belong to the caller.
    const feeds = [["target", target] as const, ...named].map(
      ([name, { data, width }]) => [name, graph.staging.copy(data, width)] as const,
    );
    const names = references.map((_, i) => `score${i}`);
    const results = await graph.run(Object.fromEntries(feeds), names);
    return names.map((name) => results[name].data[0] as number);
  }

  async dispose(): Promise<void> {
    const graphs = [...this.graphs.values()];
    this.graphs.clear();
    await Promise.all(graphs.map((graph) => graph.dispose()));
  }

  private graph(references: number, direction: Direction): Lanes {
    const key = `${references} ${direction}`;
    const known = this.graphs.get(key);
    if (known) return known;
    const made = new Lanes(FN, alignmentGraph(references, direction), this.device);
    this.graphs.set(key, made);
    return made;
  }
}
