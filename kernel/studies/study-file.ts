import { checkArguments } from "../rules/arguments";
import { existsSync, mkdir, readFileSync, replaceFileSync } from "../platform/files";
import { join } from "../platform/path";
import { sha256Of } from "../platform";
import { parseJson } from "../rules/json-text";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { StudyError } from "./error";

/** Options of a {@link StudyFile}. */
export interface StudyFileOptions<Place extends object> {
  /** Folder of studies, in which each has a folder by its identity. */
  folder: string;
  /** Everything that the results depend on, in plain data. More seeds continue a study, so their number must not be part of it. */
  identity: object;
  /** Places of the runs that are asked for, in their order: the values by which runs differ, as `{ method, seed }`. */
  asked: readonly Place[];
  /** First part of the name of the study's folder. Default: `study-`. */
  prefix?: string;
}

const FN = "studies.StudyFile";
const NAMES: OptionNames<StudyFileOptions<object>> = { folder: true, identity: true, asked: true, prefix: true };
/** Name of the file, and that of earlier files, which are a list of runs without anything else. */
const [FILE, LIST] = ["study.json", "runs.json"];

/** Content of a study's file. */
interface Stored<Run> {
  runs: readonly Run[];
  /** Facts of the study beside its runs. */
  facts: Readonly<Record<string, unknown>>;
}

/**
 * Finished runs of a study in a file, which is written again after each run, so that a study that was stopped goes on with the runs
 * that are missing. The file may hold more runs than are asked for: those of more seeds.
 *
 * @throws StudyError for a file that holds no runs, or those of another study
 */
export class StudyFile<Place extends object, Run extends Place> {
  /** Hash of everything that the results depend on, equal for equal studies. */
  readonly identity: string;
  /** Folder of the study, for its file and its checkpoints. */
  readonly folder: string;
  private readonly asked: readonly Place[];
  private stored: Stored<Run>;

  constructor(options: StudyFileOptions<Place>) {
    checkOptionNames(FN, options, NAMES, StudyError);
    const { folder, identity, asked, prefix = "study-" } = options;
    checkArguments(FN, StudyError, { folder, asked }, { folder: "string", asked: "array" });
    if (!asked.length) throw new StudyError(FN, "a run must be asked for", "none");
    this.identity = hashOf(identity);
    this.folder = join(folder, `${prefix}${this.identity}`);
    this.asked = asked;
    this.stored = this.read();
  }

  /** Runs that are asked for, in the order in which they were made. */
  get runs(): Run[] {
    return this.stored.runs.filter((run) => this.asked.some((place) => this.isAt(run, place)));
  }

  /** Places that are asked for and have no run yet, in their order. */
  get missing(): Place[] {
    return this.asked.filter((place) => !this.has(place));
  }

  /** True when all runs that are asked for are present. */
  get finished(): boolean {
    return !this.missing.length;
  }

  /** Facts that were written beside the runs, in plain data. */
  get facts(): Readonly<Record<string, unknown>> {
    return this.stored.facts;
  }

  /** Tells whether a place has its run. */
  has(place: Place): boolean {
    return this.stored.runs.some((run) => this.isAt(run, place));
  }

  /**
   * Adds a run and writes the file, beside its place and then moved. Runs that another call wrote meanwhile stay.
   *
   * @param facts plain data to be written beside the runs; default nothing
   */
  async add(run: Run, facts: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    this.stored = { facts, runs: [...this.read().runs.filter((one) => !this.isAt(one, run)), run] };
    const { runs } = this.stored;
    const content = { ...facts, identity: this.identity, runs, finished: this.finished };
    replaceFileSync(join(this.folder, FILE), `${JSON.stringify(content, null, 1)}\n`);
  }

  private isAt(run: Place, place: Place): boolean {
    return this.keys.every((key) => run[key] === place[key]);
  }

  private get keys(): (keyof Place)[] {
    return Object.keys(this.asked[0]) as (keyof Place)[];
  }

  private read(): Stored<Run> {
    const path = [FILE, LIST].map((name) => join(this.folder, name)).find((one) => existsSync(one));
    return path === undefined ? { runs: [], facts: {} } : this.contentOf(path);
  }

  private contentOf(path: string): Stored<Run> {
    const content = jsonIn(path);
    const { runs, identity = this.identity, ...facts } = Array.isArray(content) ? { runs: content } : content;
    if (identity !== this.identity) throw new StudyError(FN, `${path} must be of the study ${this.identity}`, identity);
    if (!Array.isArray(runs)) throw new StudyError(FN, `${path} must hold a list of runs`, runs);
    for (const run of runs) this.checkRun(path, run);
    return { runs: runs as Run[], facts };
  }

  private checkRun(path: string, run: unknown): void {
    const [model] = this.asked;
    const values = Object(run) as Place;
    const wrong = this.keys.find((key) => typeof values[key] !== typeof model[key]);
    if (wrong !== undefined)
      throw new StudyError(FN, `each run of ${path} must have its ${this.keys.join(", ")}`, values[wrong]);
  }
}

/** Returns the object or the list in a file. */
function jsonIn(path: string): Record<string, unknown> | unknown[] {
  try {
    const content = parseJson(readFileSync(path, "utf8"));
    if (typeof content === "object" && content !== null) return content as Record<string, unknown> | unknown[];
    throw new StudyError(FN, `${path} must hold a study`, content);
  } catch (error) {
    if (error instanceof SyntaxError) throw new StudyError(FN, `${path} must be JSON`, error.message);
    throw error;
  }
}

/** Returns the places of a study with the same runs from every seed, seed by seed. */
export function fromSeeds<Place extends object>(seeds: number, places: readonly Place[]): (Place & { seed: number })[] {
  return Array.from({ length: seeds }, (_, i) => places.map((place) => ({ ...place, seed: i + 1 }))).flat();
}

/** Short hash for names of folders. */
export const hashOf = (value: unknown): string => sha256Of(JSON.stringify(value)).slice(0, 12);
