import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import type { OnnxModelFile } from "../models/onnx/file";
import { toOnnx as writeOnnx } from "../models/onnx/to-onnx";
import type { FullVitConfig } from "../models/vit/config";
import { checkOptionNames } from "../rules/option-names";
import { SakError } from "./error";
import type { Sak } from "./model";

/** Options of {@link toOnnx}. */
export interface SakOnnxOptions {
  /**
   * Outputs of the graph. `stem`: `last_hidden_state`, an encoder like any other. `features`: without heads, the tokens of the stem
   * and of every open path at each level, `stem_0`, `dino_0`, … `tasks`: with routers and heads, each task by its name.
   * Default `tasks` where there are some, else `features`.
   */
  output?: "stem" | "features" | "tasks";
}

const FN = "sak.toOnnx";

/** Returns the shape of one picture as the stem takes it. */
export function inputShape({ imgSize, inChans }: FullVitConfig): [number, number, number, number] {
  const [height, width] = typeof imgSize === "number" ? [imgSize, imgSize] : imgSize;
  return [1, inChans, height, width];
}

/**
 * Writes a student as ONNX (arXiv 2410.14633): its input is `pixel_values` [batch, 3, H, W] of the stem's picture size. Routers
 * are in evaluation, without noise; bypassed paths are left out, aligners too.
 *
 *     await (await sak.toOnnx(model)).save("student/tasks.onnx");
 *
 * @throws SakError for tasks of a student without any, or weights set by hand, which belong to pictures
 * @throws ModelError as `models.toOnnx`
 */
export async function toOnnx(model: Sak, options: SakOnnxOptions = {}): Promise<OnnxModelFile> {
  checkArguments("sak.toOnnx", SakError, { model }, { model: "module" });
  checkOptionNames(FN, options, { output: true }, SakError);
  const { output = model.tasks.length ? "tasks" : "features" } = options;
  if (!["stem", "features", "tasks"].includes(output))
    throw new SakError(FN, "output must be stem, features or tasks", output);
  if (output === "tasks" && !model.tasks.length) throw new SakError(FN, "the student must have tasks", "none");
  if (output === "tasks" && model.routes.length)
    throw new SakError(FN, "weights set by hand are not written: setRoutes([]) first", model.routes);
  const inputs = { pixel_values: inputShape(model.config.stem) };
  const call = { stem: stemOf, features: featuresOf, tasks: tasksOf }[output];
  return writeOnnx(model, { inputs, dynamic: ["batch"], call: (x) => call(model, x), name: `Sak-${output}` });
}

function stemOf({ stem }: Sak, x: Tensor): Record<string, Tensor> {
  const { intermediates } = stem.forwardIntermediates(x, {
    indices: [stem.config.depth - 1],
    outputFmt: "NLC",
    intermediatesOnly: true,
  });
  return { last_hidden_state: intermediates[0] };
}

function featuresOf(model: Sak, x: Tensor): Record<string, Tensor> {
  const open = model.teachers.filter((name) => !model.bypassed.includes(name));
  const { stem, paths } = model.features(x, open);
  const named = (name: string, levels: readonly Tensor[]): [string, Tensor][] =>
    levels.map((tokens, level) => [`${name}_${level}`, tokens]);
  return Object.fromEntries([...named("stem", stem), ...open.flatMap((name) => named(name, paths[name]))]);
}

const tasksOf = (model: Sak, x: Tensor): Record<string, Tensor> => model.forward(x);
