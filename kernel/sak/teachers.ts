import type { Encoder } from "../encoders/encoder";
import type { EncoderInput, Geometry, Preprocess } from "../encoders/preprocess/preprocess";
import { type FeatureLevel, storedLayer, storedLayers } from "../features/levels";
import { type FeatureFolder, open } from "../features/read";
import { SakError } from "./error";
import type { PlainFeatureMap } from "../contracts/features";

/** Teacher whose levels `features.extract` wrote, so that it runs once and not in every step. */
export interface CachedTeacher {
  /** Folder of the features, a plan of many parts, or either opened. */
  folder: string | FeatureFolder;
  /** Its level for each level of the student. */
  indices: readonly FeatureLevel[];
  /** Hash of the run that must be in the folder, as `features.extract` returns it. Default: any run. */
  fingerprint?: string;
}

/** Teacher that runs in every step. */
export interface LiveTeacher {
  /** Loaded encoder, which stays loaded. */
  encoder: Encoder;
  /** Its level for each level of the student. */
  indices: readonly FeatureLevel[];
}

/** Teacher whose maps come from elsewhere, as from Theia's layout. */
export interface GivenTeacher {
  /** Returns the maps of some pictures by path, one for each level of the student. */
  maps(paths: readonly string[]): PlainFeatureMap[] | Promise<PlainFeatureMap[]>;
}

/** Teacher of a distillation: any encoder, from its stored features or live, or maps from elsewhere. */
export type TeacherSource = CachedTeacher | LiveTeacher | GivenTeacher;

/** Picture of a batch. */
export interface TeacherPicture {
  path: string;
  sha256: string;
  input: EncoderInput;
  /** Placement in the student's input. */
  geometry: Geometry;
}

/** Normalization of the pixels: one for student and teachers, as the release, or each teacher's. */
export type TeacherInput = "shared" | "own";

/** Teacher that is ready to be asked. */
export interface OpenTeacher {
  name: string;
  /** Paths with features; null for a live teacher, which takes any. */
  folder: FeatureFolder | null;
  maps(pictures: readonly TeacherPicture[]): Promise<PlainFeatureMap[]>;
}

const FN = "sak.batches";

/** Opens a teacher and checks its fingerprint, levels and input. */
export async function openTeacher(
  name: string,
  source: TeacherSource,
  input: { kind: TeacherInput; preprocess: Preprocess },
): Promise<OpenTeacher> {
  if ("encoder" in source) return liveTeacher(name, source, input);
  if ("maps" in source) return { name, folder: null, maps: async (all) => source.maps(all.map(({ path }) => path)) };
  const folder = typeof source.folder === "string" ? await open(source.folder) : source.folder;
  const { hash, encoder } = folder.run;
  if (source.fingerprint !== undefined && source.fingerprint !== hash)
    throw new SakError(FN, `${folder.folder} must hold the run ${source.fingerprint} of ${name}`, hash);
  const layers = storedLayers(source.indices);
  folder.checkLayers(FN, layers);
  if (input.kind === "shared") checkShared(name, folder.folder, encoder.preprocess, input.preprocess);
  const maps = async (pictures: readonly TeacherPicture[]): Promise<PlainFeatureMap[]> => {
    checkContent(name, folder, pictures);
    const found = await folder.maps(
      pictures.map(({ path }) => path),
      layers,
    );
    checkPlaces(name, found[0].geometry, pictures);
    return found;
  };
  return { name, folder, maps };
}

function liveTeacher(
  name: string,
  { encoder, indices }: LiveTeacher,
  { kind, preprocess }: { kind: TeacherInput; preprocess: Preprocess },
): OpenTeacher {
  if (kind === "shared") checkShared(name, encoder.name, encoder.info.preprocess, preprocess);
  const blocks = indices.filter((level): level is number => level !== "stem");
  const maps = async (pictures: readonly TeacherPicture[]): Promise<PlainFeatureMap[]> => {
    const { embeddings, intermediates } = await encoder.forwardIntermediates(
      pictures.map(({ input }) => input),
      {
        indices: blocks.length ? blocks : [0],
        outputFmt: "NLC",
        returnEmbeddings: indices.includes("stem"),
        intermediatesOnly: true,
        stopEarly: true,
        batchSize: pictures.length,
      },
    );
    checkPlaces(name, intermediates[0].geometry, pictures);
    const depth = encoder.info.depth;
    return indices.map((level) => {
      const layer = level === "stem" || level >= 0 ? storedLayer(level) : level + depth;
      return [...(embeddings ? [embeddings] : []), ...intermediates].find(
        (map) => map.layer === layer,
      ) as PlainFeatureMap;
    });
  };
  return { name, folder: null, maps };
}

function checkShared(name: string, where: string, teacher: Preprocess, student: Preprocess): void {
  const rows = ({ mean, std, rescale }: Preprocess): string => JSON.stringify({ mean, std, rescale });
  if (rows(teacher) === rows(student)) return;
  const rule = `teacherInput shared needs ${rows(student)} in ${where} of ${name}, given as preprocess where it is loaded`;
  throw new SakError(FN, rule, rows(teacher));
}

/** Checks that stored features are of the pictures that the student sees. */
function checkContent(name: string, folder: FeatureFolder, pictures: readonly TeacherPicture[]): void {
  const other = pictures.find(({ path, sha256 }) => folder.images.get(path)?.sha256 !== sha256);
  if (!other) return;
  const stored = folder.images.get(other.path)?.sha256 ?? "none";
  throw new SakError(
    FN,
    `${folder.folder} of ${name} must hold features of ${other.path} with ${other.sha256}`,
    stored,
  );
}

/** Largest difference between the parts of a picture that student and teacher see, as a share of the picture. */
const PLACE_TOLERANCE = 0.02;

/** Checks that student and teacher see the same part of each picture, because their grids are laid over each other. */
export function checkPlaces(
  name: string,
  geometry: readonly Geometry[],
  pictures: readonly Pick<TeacherPicture, "path" | "geometry">[],
): void {
  geometry.forEach((teacher, i) => {
    const [mine, theirs] = [shares(pictures[i].geometry), shares(teacher)];
    if (mine.every((edge, e) => Math.abs(edge - theirs[e]) <= PLACE_TOLERANCE)) return;
    const told = (edges: readonly number[]): string => edges.map((edge) => edge.toFixed(2)).join(", ");
    const rule = `${name} must see the student's part of ${pictures[i].path} (left, top, right, bottom ${told(mine)})`;
    throw new SakError(FN, rule, told(theirs));
  });
}

/** Returns the edges of the seen part in shares of the picture: left, top, right, bottom. */
function shares({ imageSize, modelSize, scaleX, scaleY, offsetX, offsetY }: Geometry): number[] {
  const [width, height] = imageSize;
  const along = (at: number, offset: number, scale: number, side: number): number => (at - offset) / scale / side;
  return [
    along(0, offsetX, scaleX, width),
    along(0, offsetY, scaleY, height),
    along(modelSize[0], offsetX, scaleX, width),
    along(modelSize[1], offsetY, scaleY, height),
  ];
}
