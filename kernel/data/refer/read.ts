import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { existsSync, statSync } from "../../platform/files";
import { basename, join, resolve } from "../../platform/path";
import { RuleError } from "../../rules/rule-error";
import { ReferChecker } from "./check";
import { listFolder, parseFile } from "./disk";
import { ReferError } from "./error";
import { countSplits, LAYOUTS, type ReferDataset, type ReferExpression, type ReferLayout } from "./expression";
import { checkFacts, type ReferName } from "./facts";
import { readMdetr } from "./mdetr";
import { readSeqtr } from "./seqtr";
import { readToolkit } from "./toolkit";

/** Options of {@link read}. */
export interface ReferReadOptions {
  /**
   * Layout of the files. Default: recognized by names and keys.
   *
   * - `mdetr`: a COCO-like JSON file of one split, an entry of `images` an expression
   * - `seqtr`: `instances.json` with a list for each split
   * - `refer`: the `refer` toolkit's folder, `refs(….p)` and `instances.json`, or the world's `refs_….json`
   * - `grefcoco`: gRefCOCO's folder, `grefs(….json)` and `instances.json`
   */
  layout?: ReferLayout;
  /**
   * Split to read. Default: all of them. MDETR's file has one split, that in its name (`…_val.json`); a file whose name tells none of the
   * published ones is of the split given here. Default there: the last word of the file's name.
   */
  split?: string;
  /** Edition of the references in a folder with several, such as `unc`, `google` or `umd`. Default: the only one. */
  edition?: string;
  /** Folder of the pictures; a picture that it lacks is refused. Default: pictures are not looked for. */
  images?: string;
  /** Published data set whose numbers of expressions must agree, in the splits present. Default: not checked. */
  facts?: ReferName;
  /** Treatment of an expression that breaks a rule: refuse the file, or leave it out. Default `throw`. */
  malformed?: "throw" | "skip";
}

const FN = "data.refer.read";
const NAMES: OptionNames<ReferReadOptions> = {
  layout: true,
  split: true,
  edition: true,
  images: true,
  facts: true,
  malformed: true,
};

class OptionError extends RuleError {
  override name = "ReferError";
}

/**
 * Reads referring expressions (Yu et al., arXiv 1608.00272) in one of four layouts. Boxes become corners in pixels.
 *
 *     const { expressions } = data.refer.read("refcoco", { split: "val", images: "train2014" });
 *
 * @param source file or folder
 * @throws ReferError naming file, rule and value for anything that is missing, damaged or against the rules
 */
export function read(source: string, options: ReferReadOptions = {}): ReferDataset {
  checkOptionNames(FN, options, NAMES, OptionError);
  checkTexts(source, options);
  const { malformed = "throw", images, facts, split } = options;
  if (malformed !== "throw" && malformed !== "skip")
    throw new OptionError(FN, "malformed must be throw or skip", malformed);
  const root = resolve(source);
  const files = locate(root, options);
  const checkers = files.paths.map((path) => new ReferChecker(FN, path, malformed === "skip"));
  const all = readAll(
    files.layout,
    checkers,
    files.paths.map((path) => parseFile(FN, path)),
    root,
    split,
  );
  const wanted = split === undefined ? all : all.filter((one) => one.split === split);
  const found = images === undefined ? wanted : withPictures(checkers[0], wanted, images);
  if (split !== undefined && !wanted.length)
    checkers[0].refuse(`splits are ${Object.keys(countSplits(all)).join(", ")}`, split);
  const splits = countSplits(found);
  if (facts !== undefined) checkFacts(FN, root, splits, facts);
  const problems = checkers.flatMap((checker) => checker.problems);
  return { root, layout: files.layout, expressions: found, splits, problems };
}

function checkTexts(source: unknown, { layout, split, edition, images, facts }: ReferReadOptions): void {
  if (typeof source !== "string") throw new OptionError(FN, "the source must be the path of a file or folder", source);
  if (layout !== undefined && !LAYOUTS.includes(layout))
    throw new OptionError(FN, `layout must be ${LAYOUTS.join(", ")}`, layout);
  for (const [name, value] of Object.entries({ split, edition, images, facts }))
    if (value !== undefined && typeof value !== "string") throw new OptionError(FN, `${name} must be a text`, value);
}

interface Located {
  layout: ReferLayout;
  /** File, or references and instances. */
  paths: string[];
}

function locate(root: string, { layout, edition }: ReferReadOptions): Located {
  if (!existsSync(root)) throw new ReferError(FN, root, "the file or folder must exist", root);
  if (!statSync(root).isDirectory()) return { layout: layout ?? layoutOfFile(root), paths: [root] };
  const names = listFolder(FN, root, "the folder");
  const instances = join(root, "instances.json");
  for (const [kind, pattern] of [
    ["grefcoco", /^grefs\((.+)\)\.(json|p)$/],
    ["refer", /^refs\((.+)\)\.(p|json)$/],
    ["refer", /^refs_(.+)\.json$/],
  ] as const) {
    if (layout !== undefined && layout !== kind) continue;
    const files = names.filter((name) => pattern.test(name));
    if (!files.length) continue;
    const editionOf = (name: string): string => pattern.exec(name)?.[1] ?? name;
    const chosen = files.filter((name) => edition === undefined || editionOf(name) === edition);
    if (edition !== undefined && chosen.length > 1)
      throw new ReferError(FN, root, `edition ${edition} must be one file`, chosen);
    if (chosen.length !== 1)
      throw new ReferError(FN, root, `edition must be one of ${files.map(editionOf).join(", ")}`, edition);
    const world = /^refs_(.+\.json)$/.exec(chosen[0]);
    return { layout: kind, paths: [join(root, chosen[0]), world ? join(root, `instances_${world[1]}`) : instances] };
  }
  if ((layout === undefined || layout === "seqtr") && existsSync(instances))
    return { layout: "seqtr", paths: [instances] };
  throw new ReferError(
    FN,
    root,
    "the folder must hold refs, grefs or instances.json; a file of MDETR's is read by its own path",
    names.slice(0, 8),
  );
}

function layoutOfFile(path: string): ReferLayout {
  const value = parseFile(FN, path);
  return typeof value === "object" && value !== null && "annotations" in value ? "mdetr" : "seqtr";
}

function readAll(
  layout: ReferLayout,
  [first, second]: readonly ReferChecker[],
  [document, instances]: readonly unknown[],
  root: string,
  split: string | undefined,
): ReferExpression[] {
  if (layout === "mdetr") {
    const wanted = split === undefined ? undefined : first.split(split, "the name of a split");
    const own = first.split(splitOfFile(basename(root), wanted), "the name of a split");
    return readMdetr(first, first.record(document, "the document"), own);
  }
  if (layout === "seqtr") return readSeqtr(first, first.record(document, "the document"));
  if (!second) throw new ReferError(FN, root, `layout ${layout} needs a folder`, root);
  return readToolkit(first, document, second, instances);
}

/** Splits of the published sets, whose names no option changes. */
const PUBLISHED = /(?:^|[_.-])(train|val|test[AB]?)\.json$/;

/** Returns the split of an MDETR file, such as `finetune_refcoco+_testA.json`: its content tells none. */
function splitOfFile(name: string, wanted: string | undefined): string {
  return PUBLISHED.exec(name)?.[1] ?? wanted ?? /[_.-]([A-Za-z]+)\.json$/.exec(name)?.[1] ?? "all";
}

/** Leaves expressions whose pictures a folder has. */
function withPictures(checker: ReferChecker, all: readonly ReferExpression[], images: string): ReferExpression[] {
  const folder = resolve(images);
  const names = new Set(listFolder(FN, folder, "the folder of pictures"));
  return checker.each(all, (one) => {
    if (!names.has(one.image.fileName))
      checker.refuse(`the picture of expression ${one.id} must lie in ${folder}`, one.image.fileName);
    return [one];
  });
}
