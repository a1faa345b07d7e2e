import { shortNames } from "../../protocol/core/figure";
import { textWidth } from "../../protocol/core/text-width";
import { counted, ENGLISH } from "../../protocol/core/words";
import { planeFigure, scatterFigure, type LawFigureInput } from "../../protocol/law/figures";
import { figure } from "../../protocol/law/model";
import type { LawPayload } from "../../protocol/law/payload";
import { drawRows, figureOf, wordsOf } from "../draw/figure/rows";
import { type Drawn, label } from "../draw/figure/svg";

/** Pixels of the two panels; the second has a color bar beside it. */
const [SCATTER, PLANE] = [380, 440];
const [COLUMNS, ROW, SIZE] = [3, 17, 12];
/** Average width of a letter of a name, as a share of its size. */
const LETTER = 0.62;

/** Predicted against measured, the fitted surface, and the names of the numbers: the live figures of a view that cannot run, as SVG. */
export function drawLaw(payload: LawPayload): string {
  const { current: benchmark, leaveOneOut, residuals, fits } = payload;
  const state = { benchmark, leaveOneOut, residuals };
  const input: LawFigureInput = { trans: ENGLISH, payload, fit: fits[0], state, colormap: "viridis" };
  const plane = planeFigure({ ...input, width: PLANE });
  const panels = [
    figureOf(scatterFigure({ ...input, width: SCATTER }), SCATTER),
    ...(plane ? [figureOf(plane, PLANE)] : []),
  ];
  const width = plane ? SCATTER + PLANE : SCATTER;
  const title = payload.title ? [{ text: payload.title, size: 15, weight: "bold" as const }] : [];
  return drawRows([[wordsOf([...title, { text: caption(payload) }], width)], panels, [names(payload, width)]]).svg;
}

function caption({ fits, benchmarks, current }: LawPayload): string {
  const { r2, looQ2, n, coefficients } = fits[0].benchmarks[current];
  return `${benchmarks[current]}: R² ${figure(r2)} in sample, leave-one-out Q² ${figure(looQ2)}, n = ${n}, ${counted(coefficients.length, "coefficient")}`;
}

/** The encoders by number, in columns. */
function names({ encoders }: LawPayload, width: number): Drawn {
  const rows = Math.ceil(encoders.length / COLUMNS);
  const column = width / COLUMNS;
  const number = textWidth(`${encoders.length}`, SIZE, true) + 6;
  const short = shortNames(encoders, Math.floor((column - number - 12) / (LETTER * SIZE)));
  const parts = short.flatMap((name, i) => {
    const [left, y] = [Math.floor(i / rows) * column, (i % rows) * ROW + SIZE];
    const at = label(String(i + 1), left + number - 6, y, { size: SIZE, weight: "bold", anchor: "end" });
    return [at, label(name, left + number, y, { size: SIZE })];
  });
  return { width, height: rows * ROW + 4, parts };
}
