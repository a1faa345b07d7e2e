import { scene } from "../data/world/scenes/scene";
import { render } from "../data/world/draw/render";
import { writeSpair } from "../data/world/layouts/spair-writer";
import type { ImageInput } from "../data/image";
import * as spair from "../data/spair";
import { existsSync, readFileSync, rm } from "../platform/files";
import { dirname, resolve } from "../platform/path";
import { ReportError } from "./error";
import { counted } from "../protocol/core/words";

/** Picture with its caption. */
export interface CaptionedPicture {
  picture: ImageInput;
  caption: string;
}

/** Pictures, pairs and captions that encoders are measured on. */
export interface Materials {
  pairs: readonly spair.SpairPair[];
  /** Source of the pairs in words. */
  pairsName: string;
  captions: readonly CaptionedPicture[];
  /** Source of the captions in words. */
  captionsName: string;
  /** Encoder whose text tower reads the captions. */
  text: string;
  /** Removes the files that were written for the measurement. */
  dispose(): Promise<void>;
}

/** Places of a report's materials; absent ones are made from the synthetic world. */
export interface MaterialOptions {
  pairs?: string;
  split?: spair.SpairSplit;
  limit: number;
  captions?: string;
  text?: string;
  /** Folder for the pictures of the world, which does not exist yet. */
  scratch: string;
  signal?: AbortSignal;
}

const WHERE = "report.write";
const WORLD_IMAGES = 84;
const WORLD_CAPTIONS = 100;
/** Text tower of the zoo, which was trained on the world's words. */
const WORLD_TEXT = "zoo/clip-vit";

/** Reads the given materials and makes the others. */
export async function openMaterials(model: string, options: MaterialOptions): Promise<Materials> {
  const { pairs: folder, captions: file, limit, split = "test", scratch, signal } = options;
  const captions = file === undefined ? worldCaptions() : readCaptions(file);
  const text = options.text ?? (file === undefined ? WORLD_TEXT : model);
  const captionsName = file === undefined ? `${WORLD_CAPTIONS} pictures of the synthetic world` : file;
  const common = { captions, captionsName, text };
  if (folder !== undefined) {
    const { pairs } = spair.read(folder, { split, limit });
    if (pairs.length === 0) throw new ReportError(WHERE, `${folder} must hold pairs of the split ${split}`, 0);
    return {
      ...common,
      pairs,
      pairsName: `${counted(pairs.length, "pair")} of ${folder}, split ${split}`,
      dispose: async () => {},
    };
  }
  const dispose = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  try {
    await writeSpair(scratch, { split: "test", images: WORLD_IMAGES, pairs: limit, signal });
    const { pairs } = spair.read(scratch);
    return { ...common, pairs, pairsName: `${counted(pairs.length, "pair")} of the synthetic world`, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function worldCaptions(): CaptionedPicture[] {
  return Array.from({ length: WORLD_CAPTIONS }, (_, seed) => {
    const picture = render(scene(seed, { split: "test" }));
    return { picture, caption: picture.captions.full };
  });
}

/** Reads lines `picture<TAB>caption`; names are relative to the file's folder. */
function readCaptions(file: string): CaptionedPicture[] {
  if (!existsSync(file)) throw new ReportError(WHERE, "captions must be a file", file);
  const lines = readFileSync(file, "utf8").split(/\r?\n/);
  const found = lines.flatMap((line, i) => (line.trim() === "" ? [] : [captionOf(line, i + 1, file)]));
  if (found.length > 10) return found;
  throw new ReportError(WHERE, `${file} must hold more than 10 pictures with captions`, found.length);
}

function captionOf(line: string, number: number, file: string): CaptionedPicture {
  const tab = line.indexOf("\t");
  const [name, caption] = [line.slice(0, tab), line.slice(tab + 1).trim()];
  if (tab < 1 || caption === "")
    throw new ReportError(WHERE, `line ${number} of ${file} must be a picture, a tab and its caption`, line);
  const picture = resolve(dirname(file), name);
  if (existsSync(picture)) return { picture, caption };
  throw new ReportError(WHERE, `line ${number} of ${file} must name a picture`, name);
}
