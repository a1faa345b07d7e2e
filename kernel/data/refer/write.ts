import { checkOptionNames, type OptionNames } from "../../option-names";
import { mkdir, rename, rm, writeFile } from "../../platform/files";
import { join, resolve } from "../../platform/path";
import { ReferError } from "./error";
import { countSplits, type ReferExpression, type ReferLayout } from "./expression";
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
const LAYOUTS: readonly ReferLayout[] = ["mdetr", "seqtr", "refer", "grefcoco"];

class OptionError extends ReferError {
  constructor(where: string, rule: string, received: unknown) {
    super(where, "options", rule, received);
  }
}

/**
 * Writes expressions in a layout that `data.refer.read` and the tools of that layout read; each file is written beside its place and
 * moved there. The `refer` toolkit's layout has one box an expression.
 *
 * @param expressions of any splits, such as those read from the world's folder
 * @returns paths of the files
 * @throws ReferError for an unknown layout, or expressions that it has no place for
 */
export async function write(
  expressions: readonly ReferExpression[],
  folder: string,
  options: ReferWriteOptions,
): Promise<string[]> {
  checkOptionNames(FN, options, NAMES, OptionError);
  const { layout, edition = "unc" } = options;
  if (!LAYOUTS.includes(layout)) throw new OptionError(FN, `layout must be ${LAYOUTS.join(", ")}`, layout);
  if (!/^\w+$/.test(edition)) throw new OptionError(FN, "edition must be a word", edition);
  const root = resolve(folder);
  const odd = layout === "refer" ? expressions.find(({ boxes }) => boxes.length !== 1) : undefined;
  if (odd)
    throw new ReferError(FN, root, `layout refer has one box an expression, ${odd.id} has others`, odd.boxes.length);
  if (layout === "refer" || layout === "grefcoco") checkPictures(root, expressions);
  await mkdir(root, { recursive: true });
  const files = filesOf(expressions, layout, edition);
  for (const [name, content] of files) await put(join(root, name), content);
  return files.map(([name]) => join(root, name));
}

/** Refuses two pictures of one id, which stands in these layouts for the picture. */
function checkPictures(root: string, expressions: readonly ReferExpression[]): void {
  const names = new Map<number, string>();
  for (const { image } of expressions) {
    const known = names.get(image.id) ?? image.fileName;
    if (known !== image.fileName)
      throw new ReferError(
        FN,
        root,
        `pictures must have different ids, ${known} has that of ${image.fileName}`,
        image.id,
      );
    names.set(image.id, known);
  }
}

type File = readonly [name: string, content: string | Uint8Array];

function filesOf(expressions: readonly ReferExpression[], layout: ReferLayout, edition: string): File[] {
  const json = (value: unknown): string => `${JSON.stringify(value)}\n`;
  switch (layout) {
    case "mdetr":
      return Object.keys(countSplits(expressions)).map((split): File => {
        const own = expressions.filter((one) => one.split === split);
        return [`finetune_refexp_${split}.json`, json(mdetrDocument(own))];
      });
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

async function put(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.part`;
  try {
    await writeFile(beside, content);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
