import { EigenvalueDecomposition } from "ml-matrix";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { linear } from "../nn";
import { sum } from "../numeric";
import { readSafetensors, writeSafetensors } from "../safetensors/safetensors";
import type { SafetensorsTensor } from "../safetensors/tensor";
import type { PlainFeatureMap } from "../contracts/features";
import { SakError } from "./error";
import { hadamard } from "./hadamard";
import { Moments } from "./moments";

/**
 * Normalization of a teacher's features: raw as in the paper, mean 0 and variance 1 in each channel, or PHI-S, a rotation
 * after which all channels have one variance (arXiv 2410.01680).
 */
export type TeacherNormKind = "none" | "standardize" | "phi-s";

/** Change of one level: (x - mean) scale, or W (x - mean). */
interface LevelNorm {
  mean: Float32Array;
  /** Factors of the channels, or a matrix [C, C] by rows. */
  weight: Float32Array;
}

const KINDS: readonly TeacherNormKind[] = ["none", "standardize", "phi-s"];

/** Normalization of a teacher's levels, measured once and fixed from then on. */
export class TeacherNorm {
  private constructor(
    readonly kind: TeacherNormKind,
    private readonly levels: readonly LevelNorm[],
  ) {}

  /**
   * Measures a teacher's features.
   *
   *     const some = await sak.batches({ images, preprocess, teachers });
   *     const norm = await sak.TeacherNorm.fit("standardize", async function* () {
   *       for (let i = 0; i < some.length; i++) yield (await some.batch(0, i)).teachers.dino;
   *     });
   *
   * @param kind default `standardize`
   * @param maps batches of the teacher's levels; as many as suffice for a good mean and covariance
   * @throws SakError for no features, values that are not finite, or a width without a known Hadamard matrix
   */
  static async fit(
    kind: TeacherNormKind,
    maps: () => AsyncIterable<readonly PlainFeatureMap[]> | Iterable<readonly PlainFeatureMap[]>,
  ): Promise<TeacherNorm> {
    const fn = "sak.TeacherNorm.fit";
    if (!KINDS.includes(kind)) throw new SakError(fn, `kind must be ${KINDS.join(", ")}`, kind);
    if (kind === "none") return new TeacherNorm(kind, []);
    const moments: Moments[] = [];
    for await (const levels of maps()) {
      if (moments.length && levels.length !== moments.length)
        throw new SakError(fn, `every batch must have ${moments.length} levels`, levels.length);
      levels.forEach(({ data, channels }, i) => {
        moments[i] ??= new Moments(channels, kind === "phi-s");
        if (channels !== moments[i].channels)
          throw new SakError(fn, `level ${i} must have ${moments[i].channels} channels in every batch`, channels);
        moments[i].add(data);
      });
    }
    if (!moments.length) throw new SakError(fn, "there must be features", 0);
    return new TeacherNorm(
      kind,
      moments.map((one) => levelNorm(fn, kind, one)),
    );
  }

  /** Makes the normalization of a teacher's one level from a mean and deviation that are known, [C] each. */
  static given(mean: Float32Array, deviation: Float32Array): TeacherNorm {
    return new TeacherNorm("standardize", [{ mean, weight: deviation.map((one) => inverseRoot(one * one)) }]);
  }

  /**
   * Applies the normalization of one level.
   *
   * @param tokens [B, N, C]
   * @param level place among the teacher's levels
   * @returns [B, N, C]
   * @throws SakError for a level or width that was not measured
   */
  apply(tokens: Tensor, level: number): Tensor {
    if (this.kind === "none") return tokens;
    const found = this.levels.at(level);
    const C = tokens.shape[tokens.shape.length - 1] as number;
    if (found?.mean.length !== C)
      throw new SakError("sak.TeacherNorm.apply", `level ${level} must have the measured width`, C);
    return tf.tidy(() => {
      const centered = tf.sub(tokens, tf.tensor(found.mean));
      return this.kind === "standardize"
        ? tf.mul(centered, tf.tensor(found.weight))
        : linear(centered, tf.tensor(found.weight, [C, C]));
    });
  }

  /** Writes the measured numbers to a safetensors file. */
  async save(path: string): Promise<void> {
    const tensors = new Map<string, SafetensorsTensor>();
    this.levels.forEach(({ mean, weight }, i) => {
      const C = mean.length;
      tensors.set(`${i}.mean`, { dtype: "F32", shape: [C], data: mean });
      tensors.set(`${i}.weight`, { dtype: "F32", shape: weight.length === C ? [C] : [C, C], data: weight });
    });
    await writeSafetensors(path, tensors, { format: FORMAT, kind: this.kind });
  }

  /**
   * Reads what {@link save} wrote.
   *
   * @throws SakError for another file
   */
  static async load(path: string): Promise<TeacherNorm> {
    const { tensors, metadata } = await readSafetensors(path);
    // Files of earlier versions have the British spelling.
    const kind = (metadata.kind === "standardise" ? "standardize" : metadata.kind) as TeacherNormKind;
    const count = tensors.size / 2;
    const levels = Array.from({ length: Math.ceil(count) }, (_, i) => readLevel(tensors, i, kind));
    const found = levels.flatMap((level) => level ?? []);
    if (metadata.format !== FORMAT || !KINDS.includes(kind) || found.length !== count)
      throw new SakError("sak.TeacherNorm.load", `${path} must be written by sak.TeacherNorm.save`, metadata.format);
    return new TeacherNorm(kind, found);
  }
}

const FORMAT = "fovea-teacher-norm-1";

function readLevel(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  level: number,
  kind: TeacherNormKind,
): LevelNorm | null {
  const [mean, weight] = [tensors.get(`${level}.mean`)?.data, tensors.get(`${level}.weight`)?.data];
  if (!(mean instanceof Float32Array) || !(weight instanceof Float32Array)) return null;
  const size = kind === "phi-s" ? mean.length ** 2 : mean.length;
  return weight.length === size ? { mean, weight } : null;
}

function levelNorm(fn: string, kind: TeacherNormKind, moments: Moments): LevelNorm {
  const mean = moments.mean();
  const variance = moments.variance();
  if (![...mean, ...variance].every(Number.isFinite))
    throw new SakError(fn, "features must be finite", `${moments.tokens} tokens`);
  const weight = kind === "phi-s" ? rotation(fn, moments, variance) : variance.map((one) => inverseRoot(one));
  return { mean: Float32Array.from(mean), weight: Float32Array.from(weight) };
}

/** Returns 1 / √x, and 0 for a channel that never changes. */
const inverseRoot = (variance: number): number => (variance > 1e-20 ? 1 / Math.sqrt(variance) : 0);

/** Returns W = (mean eigenvalue)^-1/2 H Uᵀ with an orthonormal Hadamard matrix H and the eigenvectors U, by rows. */
function rotation(fn: string, moments: Moments, variance: Float64Array): Float64Array {
  const C = moments.channels;
  const H = hadamard(fn, C);
  const U = new EigenvalueDecomposition(moments.covariance(), { assumeSymmetric: true }).eigenvectorMatrix;
  const trace = sum(variance);
  const scale = inverseRoot(trace / C) / Math.sqrt(C);
  const weight = new Float64Array(C * C);
  for (let i = 0; i < C; i++)
    for (let k = 0; k < C; k++) {
      const sign = H[i * C + k] * scale;
      for (let j = 0; j < C; j++) weight[i * C + j] += sign * U.get(j, k);
    }
  return weight;
}
