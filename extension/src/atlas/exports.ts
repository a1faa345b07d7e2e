import { type AtlasPayload, meanWeights } from "fovea/protocol";
import { call, cell, comment, Raw } from "../export";
import { type AtlasState, weightsOf } from "./state";

/** The weights on screen, and those of the routers. */
export function exportData(payload: AtlasPayload, state: AtlasState): object {
  const { experts, levels, tasks } = payload;
  return {
    experts,
    levels,
    task: tasks[state.task].name,
    byHand: state.weights !== undefined,
    closed: experts.filter((_, e) => state.closed[e]),
    weights: Object.fromEntries(tasks.map(({ name }, t) => [name, weightsOf(payload, state, t)])),
    routers: Object.fromEntries(tasks.map((task) => [task.name, meanWeights(task, experts.length)])),
    gains: tasks[state.task].gains ?? null,
  };
}

/** A cell that shows the view again, and sets the weights on screen in the student. */
export function exportCode(payload: AtlasPayload, state: AtlasState): string {
  const { tasks, experts, title } = payload;
  const name = tasks[state.task].name;
  const shown = call("view.atlas", [new Raw("source")], { title: title || undefined, task: name });
  const routes = state.weights && `student.setRoutes([{ weights: ${JSON.stringify(weightsOf(payload, state))} }])`;
  const closed = experts.filter((_, e) => state.closed[e]).map((teacher) => call("student.bypass", [teacher], {}));
  return cell(
    ["view"],
    [
      comment("student and source come from the notebook: source = await sak.atlasOf(student, …)"),
      routes || undefined,
      ...closed,
      `await ${shown}`,
    ],
  );
}
