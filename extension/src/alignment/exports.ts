import { tokenRow, type AlignmentPayload, type SavedImage } from "fovea/protocol";
import { call, cell, comment, declareImage, Raw } from "../export";
import type { AlignmentState } from "./state";
import type { AlignmentAnswer } from "./values";

/** The values on screen: those of the token, and of the patch, under the chosen normalisation. */
export function exportData(payload: AlignmentPayload, state: AlignmentState, answer: AlignmentAnswer): object {
  const { labels } = payload.tokens;
  const { normalization, temperature } = state;
  const matrix = labels.map((_, t) => [...tokenRow(answer.matrix, t)].map((value) => Number(value.toPrecision(6))));
  return {
    encoder: payload.encoder,
    values: { normalization, ...(normalization === "cosine" ? {} : { temperature }) },
    approximate: payload.reduced !== undefined,
    grid: payload.placement.grid,
    token: state.token,
    patch: state.patch,
    best: payload.best,
    tokens: labels,
    matrix,
  };
}

/**
 * A cell that makes the view again from features of the notebook: there are too many of them to be written. They go by the names of
 * the documentation, and the cell says what they are.
 */
export function exportCode(payload: AlignmentPayload, state: AlignmentState): string {
  const { image, placement, channels, tokens } = payload;
  const [rows, columns] = placement.grid;
  const of = payload.encoder ? ` of ${payload.encoder}` : "";
  const shown = call(
    "view.alignment",
    [{ image: new Raw("image"), patches: new Raw("patches"), tokens: tokensCode(payload) }],
    {
      title: payload.title || undefined,
      encoder: payload.encoder || undefined,
      token: state.token,
      normalization: state.normalization,
      temperature: state.normalization === "cosine" ? undefined : state.temperature,
      scale: state.scale,
      colormap: state.colormap,
      opacity: state.opacity,
    },
  );
  return cell(
    ["view"],
    [
      declareGiven("image", image),
      tokens.image && declareGiven("reference", tokens.image),
      comment("Features are too many to be written here: they come from the notebook, by these names."),
      comment(`patches: feature map${of} for the image, ${rows} x ${columns} patches, ${channels} channels`),
      comment(
        tokens.image
          ? `map: feature map for the reference image, ${tokens.labels.length} tokens, ${channels} channels`
          : `data: Float32Array, ${tokens.labels.length} tokens x ${channels} channels`,
      ),
      `await ${shown}`,
    ],
  );
}

/** A picture by its file, else by its name in the notebook. */
function declareGiven(name: string, image: SavedImage): string {
  if (image.path !== undefined) return declareImage(name, image);
  return comment(`${name}: the picture, ${image.width} x ${image.height}, which was given as pixels`);
}

function tokensCode({ tokens }: AlignmentPayload): object {
  if (tokens.image) return { image: new Raw("reference"), map: new Raw("map") };
  return { labels: tokens.labels, data: new Raw("data") };
}
