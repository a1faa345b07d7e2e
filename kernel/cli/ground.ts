/** `fovea ground`. */
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../backend";
import { decodeImage, type RawImage } from "../data/image";
import { type GroundingSession, loadOnnx } from "../grounding";
import { platform } from "../platform";
import { replaceFile, writeFile } from "../platform/files";
import type { ScoredBox } from "../tasks/boxes";
import { drawMarks } from "../view/image/marks";
import { USAGE } from "./usage";

const OPTIONS = {
  output: { type: "string" },
  threshold: { type: "string" },
  device: { type: "string" },
  json: { type: "boolean" },
} as const;

/** Score from which a box of several is shown, as SimVG's release counts them. */
const THRESHOLD = 0.7;

/** Boxes of a phrase that are shown, the best first. */
interface Found {
  phrase: string;
  boxes: readonly ScoredBox[];
}

/**
 * Runs `fovea ground`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [model, picture, ...phrases] = positionals;
  if (!model || !picture || !phrases.length)
    throw new Error(`ground: a model, a picture and a phrase are needed\n\n${USAGE.ground}`);
  const { output } = values;
  if (output !== undefined && !output.endsWith(".png"))
    throw new Error(`ground: --output must end in .png, received ${JSON.stringify(output)}`);
  const threshold = thresholdOf(values.threshold);
  // Checked on use, where the error lists the legal values.
  const session = await loadOnnx(model, { device: values.device as DeviceRequest | undefined });
  try {
    const image = await decodeImage(picture, { fn: "ground" });
    const found = await findAll(session, image, phrases, threshold);
    if (output !== undefined) await draw(image, found, output);
    const lines = found.map((one, i) => lineOf(one, output === undefined ? undefined : colorOf(i).name));
    process.stdout.write(values.json ? `${JSON.stringify(found, null, 2)}\n` : `${lines.join("\n")}\n`);
  } finally {
    await session.dispose();
  }
}

function thresholdOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new Error(`ground: --threshold must lie in 0..1, received ${JSON.stringify(text)}`);
}

/** Keeps boxes at or above the threshold; without one, the box of a model with a single query. */
async function findAll(
  session: GroundingSession,
  image: RawImage,
  phrases: readonly string[],
  threshold: number | undefined,
): Promise<Found[]> {
  const all = await session.ground(image, phrases);
  return all.map((boxes, i) => {
    const least = threshold ?? (boxes.length > 1 ? THRESHOLD : 0);
    return { phrase: phrases[i], boxes: boxes.filter(({ score }) => score >= least) };
  });
}

/** @param color name of the color in which the boxes are drawn, where they are */
function lineOf({ phrase, boxes }: Found, color: string | undefined): string {
  const texts = boxes.map(
    ({ box, score }) => `score ${score.toFixed(3)}, box ${box.map((edge) => edge.toFixed(1)).join(" ")}`,
  );
  const drawn = color !== undefined && boxes.length ? ` (${color})` : "";
  return `${phrase}${drawn}: ${texts.join("; ") || "no box"}`;
}

/** Colors of phrases, in their order: Okabe and Ito's palette, which color-blind people tell apart. */
const COLORS = [
  { name: "orange", code: "#e69f00" },
  { name: "sky blue", code: "#56b4e9" },
  { name: "green", code: "#009e73" },
  { name: "yellow", code: "#f0e442" },
  { name: "blue", code: "#0072b2" },
  { name: "red", code: "#d55e00" },
  { name: "purple", code: "#cc79a7" },
] as const;

const colorOf = (phrase: number): (typeof COLORS)[number] => COLORS[phrase % COLORS.length];

async function draw(image: RawImage, found: readonly Found[], path: string): Promise<void> {
  const boxes = found.flatMap((one, i) => one.boxes.map(({ box }) => ({ box, color: colorOf(i).code })));
  const visible = boxes.filter(({ box: [left, top, right, bottom] }) => right > left && bottom > top);
  const { data, width, height } = drawMarks("ground", image, 1, { boxes: visible });
  const png = await platform().codec.png({ data, width, height, channels: 3 });
  await replaceFile(path, (beside) => writeFile(beside, png));
}
