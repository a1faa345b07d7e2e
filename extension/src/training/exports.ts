import { decodeCells, type RunRecord, type TrainingPayload } from "fovea/protocol";
import { call, cell, comment, declare, Raw } from "../export";

/** Every run with its points as they are kept, and the pictures of every evaluation that is. */
export function exportData({ title }: TrainingPayload, runs: readonly RunRecord[]): object {
  return {
    title,
    runs: runs.map(({ name, state, message, plan, progress, curves, matrices }) => ({
      name,
      state,
      message,
      plan,
      progress,
      curves: curves.map((one) => ({ kind: one.kind, name: one.name, points: one.curve.points() })),
      pictures: matrices.map(({ title: of, rows, columns, axes, frames }) => ({
        title: of,
        rows,
        columns,
        axes,
        evaluations: frames.map((frame) => ({ step: frame.step, values: decodeCells(frame) })),
      })),
    })),
  };
}

/** A cell that shows a training by such a view. The model and its data are the notebook's: where they go, a comment says. */
export function exportCode({ title }: TrainingPayload, runs: readonly RunRecord[]): string {
  const made = runs.map(({ name }) => new Raw(call("new train.TrainingControl", name ? [name] : [], {})));
  const single = made.length === 1;
  const control = single ? "control" : "controls";
  const shown = call("view.training", [new Raw(control)], { title: title || undefined });
  return cell(
    ["display", "train", "view"],
    [
      declare(control, single ? made[0] : made),
      `display(${shown});`,
      comment(
        single
          ? "The model, its data, loss and stages cannot be written here. Pass the control to their training:"
          : "The models, their data, losses and stages cannot be written here. Pass each training its control:",
      ),
      comment(`await train.fit({ model, data, loss, stages, control${single ? "" : ": controls[0]"} });`),
    ],
  );
}
