import { mdetrDocument } from "../../data/refer/mdetr";
import type { ReferExpression, ReferImage } from "../../data/refer/expression";
import { parseJson } from "../../rules/json-text";
import { isFile, mkdir, readFileSync, replaceFile, existsSync, writeFile } from "../../platform/files";
import { dirname, resolve } from "../../platform/path";
import { list, number, object, oneOf, ProtocolError, type Reader, text } from "../../protocol/core/check";
import { ViewError } from "../../protocol/core/error";
import { type ReviewDecision, reviewDecision } from "../../protocol/review/payload";

/** The part of an expression that a decision keeps. */
export type ReviewedExpression = Pick<ReferExpression, "id" | "split" | "phrase" | "image">;

interface Entry extends ReviewedExpression {
  decision: ReviewDecision;
  score: number;
}

const side = number({ min: 1, max: 1 << 17, integer: true });

/** Accepts the names of files that `data.refer.read` accepts. */
const fileName: Reader<string> = (value, path, where) => {
  const name = text(1000)(value, path, where);
  if (/^[^/\\\0]+$/.test(name) && !/^\.\.?$/.test(name)) return name;
  throw new ProtocolError(where, path, "a name without a folder", name);
};

const image = object<ReferImage>({ id: number({ integer: true }), fileName, width: side, height: side });

const reviewOf = object<{ version: 1; decisions: Entry[] }>({
  version: oneOf<1>([1]),
  decisions: list(
    object<Entry>({
      id: text(1000),
      split: text(100),
      phrase: text(2000),
      image,
      decision: reviewDecision,
      score: number({ min: 0, max: 1 }),
    }),
    0,
    1_000_000,
  ),
});

const keyOf = ({ id, split, phrase, image: { fileName: name } }: ReviewedExpression): string =>
  JSON.stringify([split, id, name, phrase]);

/**
 * Decisions of a review in one file: MDETR's document of one split, which `data.refer.read` reads, with every decision beside it under
 * the key `review`. A rejected prediction is no annotation and is not asked again.
 */
export class ReviewFile {
  private readonly entries = new Map<string, Entry>();
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly where: string,
    private readonly path: string,
  ) {}

  /**
   * Reads the decisions of earlier rounds, if there are any.
   *
   * @throws ViewError for a path that is no file of a review, whose content would be lost
   */
  static open(where: string, given: string): ReviewFile {
    if (typeof given !== "string" || !/[A-Za-z]+\.json$/.test(given))
      throw new ViewError(where, "file must be a path that ends in a word and .json", given);
    const file = new ReviewFile(where, resolve(given));
    if (existsSync(file.path)) file.read();
    return file;
  }

  /** Numbers of annotations and of rejected predictions. */
  get counts(): { annotations: number; rejected: number } {
    const rejected = [...this.entries.values()].filter(({ decision }) => decision.box === null).length;
    return { annotations: this.entries.size - rejected, rejected };
  }

  decision(expression: ReviewedExpression): ReviewDecision | undefined {
    return this.entries.get(keyOf(expression))?.decision;
  }

  /**
   * Writes a decision down, or takes it back with null. Decisions are written one after another, each with a whole file; one that cannot
   * be written does not count.
   *
   * @throws FileError where the disk refuses
   */
  decide(expression: ReviewedExpression, decision: ReviewDecision | null, score: number): Promise<void> {
    const written = this.writing.then(() => this.change(expression, decision, score));
    this.writing = written.catch(() => undefined);
    return written;
  }

  private async change(one: ReviewedExpression, decision: ReviewDecision | null, score: number): Promise<void> {
    const key = keyOf(one);
    const before = this.entries.get(key);
    this.put(key, decision ? entryOf(one, decision, score) : undefined);
    try {
      await this.write();
    } catch (error) {
      this.put(key, before);
      throw error;
    }
  }

  private put(key: string, entry: Entry | undefined): void {
    if (entry) this.entries.set(key, entry);
    else this.entries.delete(key);
  }

  private async write(): Promise<void> {
    const decisions = [...this.entries.values()];
    const expressions = decisions.flatMap(({ id, split, phrase, image: picture, decision: { box } }) =>
      box ? [{ id, split, phrase, image: picture, boxes: [box] }] : [],
    );
    const content = { ...mdetrDocument(expressions), review: { version: 1, decisions } };
    await mkdir(dirname(this.path), { recursive: true });
    await replaceFile(this.path, (beside) => writeFile(beside, `${JSON.stringify(content)}\n`));
  }

  private read(): void {
    const where = `${this.where}: ${this.path}`;
    if (!isFile(this.path)) throw new ViewError(this.where, "file must be a plain file", this.path);
    let document: unknown;
    try {
      document = parseJson(readFileSync(this.path, "utf8"));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new ViewError(where, "the file must hold JSON", error.message);
    }
    const { review } = Object(document) as { review?: unknown };
    if (review === undefined)
      throw new ViewError(where, "the file must be one that view.review wrote, as it would be replaced", document);
    for (const entry of reviewOf(review, "review", where).decisions) this.entries.set(keyOf(entry), entry);
  }
}

function entryOf(
  { id, split, phrase, image: picture }: ReviewedExpression,
  decision: ReviewDecision,
  score: number,
): Entry {
  const { id: number, fileName: name, width, height } = picture;
  return { id, split, phrase, image: { id: number, fileName: name, width, height }, decision, score };
}
