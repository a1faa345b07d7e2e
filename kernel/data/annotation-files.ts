/** Annotations of a data set on disk: JSON files below one folder, which come from outside. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "../platform/files";
import { platform } from "../platform";
import { join, relative, resolve } from "../platform/path";
import { isRecord } from "../rules/json-text";
import { describeValue, RuleError } from "../rules/rule-error";

/** Error for a file that does not follow the layout of a data set of pairs. */
export class SpairError extends RuleError {
  override readonly name = "SpairError";

  /**
   * @param file path relative to the root of the data set
   * @param key the offending key in the file, or `""`
   * @param rule the broken rule
   * @param value the value received
   * @param where public function that reads
   */
  constructor(
    readonly file: string,
    readonly key: string,
    rule: string,
    readonly value: unknown,
    where = "data.spair.read",
  ) {
    super(where, key ? `${key} ${rule}` : rule, value);
    this.message = `${where}: ${this.rule}, received ${show(value)} (${file})`;
  }
}

const show = (value: unknown): string => (value === undefined ? "nothing" : describeValue(value));

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Files below the root; image annotations are cached. */
export class Disk {
  readonly root: string;
  private readonly real: string;
  private readonly images = new Map<string, Json>();

  constructor(
    dir: string,
    private readonly where = "data.spair.read",
  ) {
    if (typeof dir !== "string" || dir === "") throw this.failure(".", "", "the data set must be given as a path", dir);
    this.root = resolve(dir);
    if (!existsSync(this.root)) throw this.failure(".", "", "the folder of the data set must exist", this.root);
    this.real = realpathSync(this.root);
  }

  /** Returns the error for a broken rule of a file. */
  failure(file: string, key: string, rule: string, value: unknown): SpairError {
    return new SpairError(file, key, rule, value, this.where);
  }

  /** Returns the relative path of a file, with forward slashes. */
  locate(...names: readonly string[]): string {
    return names.join("/");
  }

  has(file: string): boolean {
    return existsSync(join(this.root, file));
  }

  list(folder: string): string[] {
    const path = join(this.root, folder);
    if (!statSync(path).isDirectory()) throw this.failure(folder, "", "must be a folder", "a file");
    return readdirSync(path).sort();
  }

  text(file: string): string {
    const path = join(this.root, file);
    if (!existsSync(path)) throw this.failure(file, "", "the file must exist", undefined);
    const inside = relative(this.real, realpathSync(path));
    if (inside === ".." || inside.startsWith(`..${platform().path.sep}`)) {
      throw this.failure(file, "", "the file must lie inside the data set", inside);
    }
    if (!statSync(path).isFile()) throw this.failure(file, "", "must be a file", "a folder or device");
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  }

  json(file: string): Json {
    const text = this.text(file);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.failure(file, "", `the file must be JSON (${(error as Error).message})`, text.slice(0, 40));
    }
    if (isRecord(value)) return value;
    throw this.failure(file, "", "the file must hold a JSON object", value);
  }

  image(file: string): Json {
    const known = this.images.get(file);
    if (known) return known;
    const read = this.json(file);
    this.images.set(file, read);
    return read;
  }
}

/**
 * Checks the option `categories`: a text in place of a list would choose categories by a part of their names.
 *
 * @throws RuleError
 */
export function checkCategories(where: string, categories: unknown): void {
  const isList = Array.isArray(categories) && categories.every((one) => typeof one === "string");
  if (categories !== undefined && !isList) throw new RuleError(where, "categories must be a list of names", categories);
}

/** Checks for at least `count` finite numbers. */
export function numbers(value: unknown, key: string, file: string, count: number, where = "data.spair.read"): number[] {
  if (Array.isArray(value) && value.length >= count && value.every((entry) => Number.isFinite(entry)))
    return value as number[];
  throw new SpairError(file, key, `must be a list of ${count} or more finite numbers`, value, where);
}

/** Returns a field that must be the name of a file without folders. */
export function plainName(json: Json, key: string, file: string): string {
  const value = json[key];
  if (typeof value === "string" && isPlainName(value)) return value;
  throw new SpairError(file, key, "must be a plain file name", value);
}

/** Tells whether a name leads nowhere else. */
export function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
}
