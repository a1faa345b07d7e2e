import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { append, least, mean, most } from "../numeric";
import type { MatrixPicture } from "../contracts/picture";
import type { Adapters } from "./adapters";
import type { GatedBranch } from "./branches/branch";
import { LoraError } from "./error";
import { checkOptionNames } from "../rules/option-names";
import { patientBar } from "../display/progress";

/** Openings of one layer's gates over the inputs of one task. */
export interface GateUse {
  task: string;
  /** The layer's name in the model. */
  layer: string;
  /** Number of inputs of the layer: tokens of all batches. */
  inputs: number;
  /** Mean opening of each unit or expert, [r]. */
  mean: Float32Array;
  /** Share of the inputs for which each unit is active, [r]. */
  active: Float32Array;
}

/** Gate activity task by task. */
export interface GateActivity {
  tasks: string[];
  layers: string[];
  /** Uses task by task, then layer by layer. */
  uses: GateUse[];
  /** Matrices of tasks against layers and tasks against units, for a validation to return. */
  pictures: MatrixPicture[];
}

/** Options of `lora.gateActivity`. */
export interface GateActivityOptions {
  /** Name of the adapter. Default `default`. */
  name?: string;
  /** Called after each batch. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** Beyond this number of units, only one layer's units are shown. */
const MOST_UNITS = 512;

/**
 * Measures the gates of Dual-LoRA for several tasks: mean opening and share of active units per layer. A ReLU gate is
 * active above 0, a sigmoid above ½, a softmax (and a mixture's router) above an even share.
 *
 * @param tasks batches of each task, by its name
 * @param forward computes the model on a batch; its tensors are freed
 * @throws LoraError where the adapter is not active or has no gates
 */
export async function gateActivity<B>(
  adapters: Adapters,
  tasks: Readonly<Record<string, readonly B[]>>,
  forward: (batch: B) => unknown,
  options: GateActivityOptions = {},
): Promise<GateActivity> {
  checkArguments(
    "lora.gateActivity",
    LoraError,
    { adapters, tasks, forward },
    { adapters: { gates: "function" }, tasks: "object", forward: "function" },
  );
  checkOptionNames("lora.gateActivity", options, { name: true, onProgress: true, signal: true }, LoraError);
  const { name = "default", onProgress = patientBar("Measuring", "batches"), signal } = options;
  const total = Object.values(tasks).reduce((sum, batches) => sum + batches.length, 0);
  let done = 0;
  const step = (batch: B): void => {
    signal?.throwIfAborted();
    tf.tidy(() => void forward(batch));
    onProgress({ done: ++done, total });
  };
  const gates = adapters.gates(name);
  const uses: GateUse[] = [];
  for (const [task, batches] of Object.entries(tasks)) append(uses, await usesOf(task, batches, step, gates));
  const [names, layers] = [Object.keys(tasks), [...gates.keys()]];
  if (!names.length) throw new LoraError("lora.gateActivity", "there must be a task", []);
  return { tasks: names, layers, uses, pictures: picturesOf(names, layers, uses) };
}

async function usesOf<B>(
  task: string,
  batches: readonly B[],
  step: (batch: B) => void,
  gates: ReadonlyMap<string, GatedBranch>,
): Promise<GateUse[]> {
  const sums = new Map([...gates].map(([layer, gate]) => [layer, new Sums(gate)]));
  try {
    for (const batch of batches) step(batch);
    return await Promise.all([...sums].map(async ([layer, sum]) => ({ task, layer, ...(await sum.read()) })));
  } finally {
    for (const sum of sums.values()) sum.dispose();
  }
}

/** Sums of one gate's openings while the model computes. */
class Sums {
  private inputs = 0;
  private sums: Tensor | null = null;

  constructor(private readonly gate: GatedBranch) {
    gate.watch = (open) => this.add(open);
  }

  async read(): Promise<Pick<GateUse, "inputs" | "mean" | "active">> {
    const { inputs, sums, gate } = this;
    const values = sums ? Float32Array.from(await sums.data()) : new Float32Array(2 * gate.units);
    const shares = values.map((value) => value / inputs);
    return { inputs, mean: shares.slice(0, gate.units), active: shares.slice(gate.units) };
  }

  dispose(): void {
    this.gate.watch = null;
    this.sums?.dispose();
  }

  private add(open: Tensor): void {
    this.inputs += open.shape[0];
    const before = this.sums;
    this.sums = tf.tidy(() => {
      const active = tf.cast(tf.greater(open, this.gate.activeAbove), "float32");
      const both = tf.stack([tf.sum(open, 0), tf.sum(active, 0)]);
      return tf.keep(before ? tf.add(before, both) : both);
    });
    before?.dispose();
  }
}

function picturesOf(tasks: readonly string[], layers: readonly string[], uses: readonly GateUse[]): MatrixPicture[] {
  const byLayer = layers.length > 1 ? layerPictures(tasks, layers, uses) : [];
  return [...byLayer, ...unitPictures(tasks, shownLayers(layers, uses), uses)];
}

const ACTIVE = { title: "Active units", note: "Share of inputs for which the gate is open", range: [0, 1] as const };
const MEAN = { title: "Mean gate", note: "Mean opening of the gate" };

function layerPictures(tasks: readonly string[], layers: readonly string[], uses: readonly GateUse[]): MatrixPicture[] {
  const axes = ["task", "layer"] as const;
  const values = (of: (use: GateUse) => Float32Array): number[] => uses.map((use) => mean(of(use)));
  const labels = { rows: tasks, columns: layers, axes };
  return [
    { ...ACTIVE, ...labels, title: `${ACTIVE.title} by layer`, values: values(({ active }) => active) },
    { ...MEAN, ...labels, title: `${MEAN.title} by layer`, values: values(({ mean }) => mean) },
  ];
}

function unitPictures(tasks: readonly string[], layers: readonly string[], uses: readonly GateUse[]): MatrixPicture[] {
  const of = (task: string): GateUse[] => uses.filter((use) => use.task === task && layers.includes(use.layer));
  const single = layers.length === 1;
  const columns = of(tasks[0]).flatMap(({ layer, mean }) =>
    Array.from(mean, (_, unit) => (single ? `${unit + 1}` : `${layer} ${unit + 1}`)),
  );
  const labels = { rows: tasks, columns, axes: ["task", "unit"] as const };
  const where = single ? `, ${layers[0]}` : "";
  const values = (part: "active" | "mean"): number[] =>
    tasks.flatMap((task) => of(task).flatMap((use) => [...use[part]]));
  return [
    { ...ACTIVE, ...labels, title: `${ACTIVE.title}${where}`, values: values("active") },
    { ...MEAN, ...labels, title: `${MEAN.title}${where}`, values: values("mean") },
  ];
}

/** Returns every layer, or only the one whose tasks differ most when there are too many units to show. */
function shownLayers(layers: readonly string[], uses: readonly GateUse[]): readonly string[] {
  const units = layers.reduce((sum, layer) => sum + unitsOf(uses, layer), 0);
  if (units <= MOST_UNITS) return layers;
  const spread = (layer: string): number => differenceOf(uses.filter((use) => use.layer === layer));
  return [layers.reduce((best, layer) => (spread(layer) > spread(best) ? layer : best))];
}

const unitsOf = (uses: readonly GateUse[], layer: string): number =>
  uses.find((use) => use.layer === layer)?.mean.length ?? 0;

/** Returns the mean over units of the gap between the tasks with most and fewest active inputs. */
function differenceOf(uses: readonly GateUse[]): number {
  return mean(
    uses[0].active.map((_, unit) => {
      const shares = uses.map(({ active }) => active[unit]).filter(Number.isFinite);
      return shares.length ? most(shares) - least(shares) : 0;
    }),
  );
}
