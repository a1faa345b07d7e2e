import { mdetrDocument } from "../../data/refer/mdetr";
import type { ReferExpression, ReferImage } from "../../data/refer/expression";
import { parseJson } from "../../rules/json-text";
import { isFile, mkdir, readFileSync, replaceFile, existsSync, writeFile } from "../../platform/files";
import { type Busy, lockFolder } from "../../platform/folder-lock";
import { dirname, resolve } from "../../platform/path";
import { sleep } from "../../platform/sleep";
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

const whole = number({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, integer: true });
const image = object<ReferImage>({ id: whole, fileName, width: side, height: side });

/** Accepts the phrases that `data.refer.read` accepts. */
const phrase: Reader<string> = (value, path, where) => {
  const read = text(2000)(value, path, where);
  if (read.trim() !== "") return read;
  throw new ProtocolError(where, path, "a text that is not empty", read);
};

const expressionShape = { id: text(1000), split: text(100), phrase, image };

/** Reads the part of an expression that a decision keeps; nothing else is written, so that every file can be read again. */
export const reviewedExpression: Reader<ReviewedExpression> = object<ReviewedExpression>(expressionShape);

const reviewOf = object<{ version: 1; decisions: Entry[] }>({
  version: oneOf<1>([1]),
  decisions: list(
    object<Entry>({
      ...expressionShape,
      decision: reviewDecision,
      score: number({ min: 0, max: 1 }),
    }),
    0,
    1_000_000,
  ),
});

const keyOf = ({ id, split, phrase, image: { fileName: name } }: ReviewedExpression): string =>
  JSON.stringify([split, id, name, phrase]);

type Entries = Map<string, Entry>;

/** Milliseconds between two tries to lock the folder, and number of tries. */
const [PAUSE, TRIES] = [100, 50];

/** Last change of a file in each folder. Every view has its own {@link ReviewFile}, and several views may have one file. */
const changes = new Map<string, Promise<void>>();

/** Runs a change of a file in a folder once the earlier ones of this process are done. */
function inTurn(folder: string, change: () => Promise<void>): Promise<void> {
  const done = (changes.get(folder) ?? Promise.resolve()).then(change);
  const settled = done.catch(() => undefined);
  changes.set(folder, settled);
  void settled.then(() => changes.get(folder) === settled && changes.delete(folder));
  return done;
}

/** Runs a change while no other process changes files in the folder; waits for one that does. */
async function locked(folder: string, busy: Busy, change: () => Promise<void>): Promise<void> {
  const release = await lockOf(folder, busy);
  try {
    await change();
  } finally {
    await release();
  }
}

async function lockOf(folder: string, busy: Busy): Promise<() => Promise<void>> {
  for (let rest = TRIES; ; rest--) {
    try {
      return await lockFolder(folder, busy);
    } catch (error) {
      if (!(error instanceof ViewError) || rest === 1) throw error;
      await sleep(PAUSE);
    }
  }
}

/**
 * Decisions of a review in one file: MDETR's document of one split, which `data.refer.read` reads, with every decision beside it under
 * the key `review`. A rejected prediction is no annotation and is not asked again.
 */
export class ReviewFile {
  private entries: Entries = new Map();

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
    file.entries = file.read();
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
   * Writes a decision down, or takes it back with null. Decisions are written one after another, each with a whole file that keeps those
   * of other views and other kernels; one that cannot be written does not count.
   *
   * @throws FileError where the disk refuses
   * @throws ViewError for a file that meanwhile is no file of a review, or one that another process does not let go
   */
  decide(expression: ReviewedExpression, decision: ReviewDecision | null, score: number): Promise<void> {
    const folder = dirname(this.path);
    const busy: Busy = (who) => new ViewError(this.where, `${this.path} must not be in use`, who);
    return inTurn(folder, async () => {
      await mkdir(folder, { recursive: true });
      await locked(folder, busy, () => this.change(expression, decision, score));
    });
  }

  private async change(one: ReviewedExpression, decision: ReviewDecision | null, score: number): Promise<void> {
    const entries = this.read();
    if (decision) entries.set(keyOf(one), { ...reviewedExpression(one, "expression", this.where), decision, score });
    else entries.delete(keyOf(one));
    await this.write(entries);
    this.entries = entries;
  }

  private async write(entries: Entries): Promise<void> {
    const decisions = [...entries.values()];
    const expressions = decisions.flatMap(({ id, split, phrase, image: picture, decision: { box } }) =>
      box ? [{ id, split, phrase, image: picture, boxes: [box] }] : [],
    );
    const content = { ...mdetrDocument(expressions), review: { version: 1, decisions } };
    await replaceFile(this.path, (beside) => writeFile(beside, `${JSON.stringify(content)}\n`));
  }

  /** Returns the decisions in the file; those known before, where there is none. */
  private read(): Entries {
    if (!existsSync(this.path)) return new Map(this.entries);
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
    return new Map(reviewOf(review, "review", where).decisions.map((entry) => [keyOf(entry), entry]));
  }
}
