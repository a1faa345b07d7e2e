import { type AtlasPayload, meanWeights } from "../../protocol/atlas/payload";
import { counted } from "../../protocol/core/words";

/** Describes the view in words: levels, experts, and the routers' weights. */
export function describeAtlas({ title, experts, levels, grid, tasks }: AtlasPayload): string {
  const lines = tasks.map((task) => {
    const weights = meanWeights(task, experts.length).map((weight, e) => `${experts[e]} ${Math.round(100 * weight)} %`);
    return `  ${task.name}: ${weights.join(", ")}`;
  });
  const about = `${counted(levels.length, "level")} (${levels.join(", ")}) of ${experts.join(", ")}, ${grid.join(" x ")} tokens`;
  return [
    `${title ? `${title}: ` : ""}bias atlas, ${about}`,
    "weights of the routers, mean over the levels:",
    ...lines,
  ].join("\n");
}
