import { decodeCells, type RunRecord, type TrainingPayload } from "fovea/protocol";
import { call, Raw } from "../export";

/** Every run with its points as they are kept, and the pictures of every evaluation that is. */
export function exportData({ title }: TrainingPayload, runs: readonly RunRecord[]): object {
  return {
    title,
    runs: runs.map(({ name, state, message, plan, progress, curves, matrices }) => ({
      ...{ name, state, message, plan, progress },
      curves: curves.map((one) => ({ kind: one.kind, name: one.name, points: one.curve.points() })),
      pictures: matrices.map(({ title: of, rows, columns, axes, frames }) => ({
        ...{ title: of, rows, columns, axes },
        evaluations: frames.map((frame) => ({ step: frame.step, values: decodeCells(frame) })),
      })),
    })),
  };
}

/** The lines that show such a training; what is trained is the reader's. */
export function exportCode({ title }: TrainingPayload, runs: readonly RunRecord[]): string {
  const names = runs.map(({ name }) => `new train.TrainingControl(${name ? JSON.stringify(name) : ""})`);
  const single = runs.length === 1;
  const made = single
    ? `const control = ${names[0]};`
    : `const controls = [\n${names.map((one) => `  ${one},\n`).join("")}];`;
  const shown = call("view.training", [new Raw(single ? "control" : "controls")], { title: title || undefined });
  const fit = single
    ? "await train.fit({ ...options, control });"
    : "for (const control of controls) await train.fit({ ...options, control });";
  return `${made}\ndisplay(${shown});\n${fit}`;
}
