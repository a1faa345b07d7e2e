import { argmax } from "../../numeric";
import { counted } from "../../protocol/core/words";
import { matchIn, similaritySpace } from "../../protocol/correspondence/match";
import type { PairPCK } from "../../protocol/correspondence/truth";
import { fallbackQueries, mainLayers, type LayerModel, type ViewModel } from "./model";

/** The picture in words, which a plain terminal shows too. */
export function describeView(model: ViewModel, pck: readonly ReadonlyMap<number, PairPCK>[]): string {
  const [source, ...targets] = model.labels.map(
    (label, i) => `${label} (${model.images[i].width} x ${model.images[i].height})`,
  );
  const title = model.title ? `${model.title}: ` : "";
  const encoders = model.encoders.flatMap((_, encoder) => describeEncoder(model, encoder, pck[encoder]));
  return [`${title}correspondence of ${source} and ${targets.join(", ")}`, ...encoders].join("\n");
}

/** The first encoder is described at the layer that is shown, others at their last. */
function describeEncoder(model: ViewModel, encoder: number, pck: ReadonlyMap<number, PairPCK> | undefined): string[] {
  const { name, device } = model.encoders[encoder];
  const own = mainLayers(model.layers, encoder);
  const shown = encoder === 0 ? model.layers[model.current] : own[own.length - 1];
  const { layer, placements, set } = shown;
  const facets = [...new Set(model.layers.map(({ facet }) => facet))].filter((facet) => facet !== "token");
  return [
    `encoder ${name} on ${device}, layer ${layer} of [${own.map((one) => one.layer).join(", ")}], ` +
      `${placements[0].grid.join(" x ")} patches, ${set.channels} channels` +
      (facets.length > 0 ? `, also ${facets.join(", ")}` : ""),
    ...describeMatches(model, shown, pck?.get(layer)),
  ];
}

function describeMatches(model: ViewModel, { set, placements }: LayerModel, pck: PairPCK | undefined): string[] {
  if (pck && model.truth) {
    const share = ((100 * pck.correct) / pck.total).toFixed(1);
    return [
      `PCK@${model.truth.alpha.toFixed(2)} on ${counted(pck.total, "keypoint")} (${model.similarity}): ${pck.correct} correct, ${share} %`,
    ];
  }
  const space = similaritySpace(set, model.similarity);
  const targets = model.images.slice(1);
  return fallbackQueries(model, placements[0]).flatMap(({ patch }) =>
    targets.map((_, i) => {
      const { best, scores } = matchIn(space, 0, i + 1, patch);
      const where = targets.length > 1 ? ` of ${model.labels[i + 1]}` : "";
      const [from, to] = [cellName(patch, placements[0].grid[1]), cellName(best, placements[i + 1].grid[1])];
      return `${from} matches ${to}${where}, similarity ${scores[argmax(scores)].toFixed(2)}`;
    }),
  );
}

function cellName(patch: number, columns: number): string {
  return `row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}`;
}
