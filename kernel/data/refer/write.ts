import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { mkdir, replaceFile, statSync, writeFile } from "../../platform/files";
import { join, resolve } from "../../platform/path";
import { ReferChecker } from "./check";
import { ReferError } from "./error";
import { LAYOUTS, type ReferExpression, type ReferLayout } from "./expression";
import { mdetrDocument } from "./mdetr";
import { writePickle } from "./pickle/write";
import { seqtrDocument } from "./seqtr";
import { toolkitDocuments } from "./toolkit";

/** Options of {@link write}. */
export interface ReferWriteOptions {
  /** Layout of the files, as `data.refer.read` names them. */
  layout: ReferLayout;
  /** Edition in the names of references. Default `unc`. */
  edition?: string;
}

const FN = "data.refer.write";
const NAMES: OptionNames<ReferWriteOptions> = { layout: true, edition: true };

class OptionError extends ReferError {
  constructor(where: string, rule: string, received: unknown) {
    super(where, "options", rule, received);
  }
}

/**
 * Writes expressions in a layout that `data.refer.read` and the tools of that layout read; all files are written beside
 * their places before any is moved there. A pixel of a box beyond its picture is cut. The `refer` toolkit's layout has one box an expression.
 *
 * @param expressions of any splits, such as those read from the world's folder
 * @returns paths of the files
 * @throws ReferError for an unknown layout, expressions that it has no place for, or whose split, picture or boxes `data.refer.read`
 *   would refuse
 */
export async function write(
  expressions: readonly ReferExpression[],
  folder: string,
  options: ReferWriteOptions,
): Promise<string[]> {
  checkOptionNames(FN, options, NAMES, OptionError);
  const { layout, edition = "unc" } = options;
  if (!LAYOUTS.includes(layout)) throw new OptionError(FN, `layout must be ${LAYOUTS.join(", ")}`, layout);
  if (typeof edition !== "string" || !/^\w+$/.test(edition))
    throw new OptionError(FN, "edition must be a word", edition);
  if (typeof folder !== "string") throw new OptionError(FN, "the folder must be a path", folder);
  const root = resolve(folder);
  const checker = new ReferChecker(FN, root, false);
  const checked = checker.list(expressions, "expressions").map((one, at) => expressionOf(checker, one, at));
  const odd = layout === "refer" ? checked.find(({ boxes }) => boxes.length !== 1) : undefined;
  if (odd)
    throw new ReferError(FN, root, `layout refer has one box an expression, ${odd.id} has others`, odd.boxes.length);
  if (layout === "refer" || layout === "grefcoco") checkPictures(root, checked);
  await mkdir(root, { recursive: true });
  const files = filesOf(checked, layout, edition).map(([name, content]): File => [join(root, name), content]);
  const paths = files.map(([path]) => path);
  const taken = paths.find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  if (taken) throw new ReferError(FN, taken, "a folder must not stand in place of the file", taken);
  await putAll(files);
  return paths;
}

function expressionOf(checker: ReferChecker, value: unknown, at: number): ReferExpression {
  const what = `expression ${at}`;
  const one = checker.record(value, what);
  const { id, fileName, width, height } = checker.record(one.image, `the image of ${what}`);
  const image = checker.image(id, fileName, width, height);
  const boxes = checker.list(one.boxes, `boxes of ${what}`).map((box) => checker.corners(box, image, what));
  return {
    id: checker.phrase(one.id, `the id of ${what}`),
    image,
    phrase: checker.phrase(one.phrase, `the phrase of ${what}`),
    boxes,
    split: checker.split(one.split, `the split of ${what}`),
  };
}

/** Refuses two pictures of one id, which stands in these layouts for the picture. */
function checkPictures(root: string, expressions: readonly ReferExpression[]): void {
  const names = new Map<number, string>();
  for (const { image } of expressions) {
    const { id, fileName, width, height } = image;
    const name = `${fileName} of ${width} x ${height}`;
    const known = names.get(id) ?? name;
    if (known !== name)
      throw new ReferError(FN, root, `pictures must have different ids, ${known} has that of ${name}`, id);
    names.set(id, known);
  }
}

type File = readonly [name: string, content: string | Uint8Array];

function filesOf(expressions: readonly ReferExpression[], layout: ReferLayout, edition: string): File[] {
  const json = (value: unknown): string => `${JSON.stringify(value)}\n`;
  switch (layout) {
    case "mdetr":
      return [...bySplit(expressions)].map(([split, own]): File => [
        `finetune_refexp_${split}.json`,
        json(mdetrDocument(own)),
      ]);
    case "seqtr":
      return [["instances.json", json(seqtrDocument(expressions))]];
    case "refer":
    case "grefcoco": {
      const several = layout === "grefcoco";
      const { references, instances } = toolkitDocuments(expressions, several);
      const refs: File = several
        ? [`grefs(${edition}).json`, json(references)]
        : [`refs(${edition}).p`, writePickle(references)];
      return [refs, ["instances.json", json(instances)]];
    }
    default:
      return layout satisfies never;
  }
}

function bySplit(expressions: readonly ReferExpression[]): Map<string, ReferExpression[]> {
  const splits = new Map<string, ReferExpression[]>();
  for (const one of expressions) {
    const known = splits.get(one.split);
    if (known) known.push(one);
    else splits.set(one.split, [one]);
  }
  return splits;
}

/** Writes files from `at` on: each is moved to its place once those behind it are, so that all are whole by then. */
async function putAll(files: readonly File[], at = 0): Promise<void> {
  if (at === files.length) return;
  const [path, content] = files[at];
  await replaceFile(path, async (beside) => {
    await writeFile(beside, content);
    await putAll(files, at + 1);
  });
}
