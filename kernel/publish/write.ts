import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { htmlPage } from "../page/html";
import { areViewersBuilt, styleSheet, viewersOf } from "../page/viewers";
import { existsSync, replaceFile, writeFile } from "../platform/files";
import { basename, dirname, resolve } from "../platform/path";
import { publishNotebook } from "./document";
import { PublishError } from "./error";
import { readNotebook } from "./notebook";

/** Options of {@link write}. */
export interface WritePageOptions {
  /** File of the page. It is written beside its place and moved there. Default: the notebook's name with `.html`. */
  output?: string;
  /** Language of the text, as in HTML's `lang`. Default `"en"`. */
  lang?: string;
}

/** The page that was written. */
export interface WrittenPage {
  output: string;
  cells: number;
  /** Number of living views. */
  views: number;
  bytes: number;
  /** False where the viewers were not built and the page shows still pictures instead. */
  areViewersBuilt: boolean;
}

const WHERE = "publish";
const NAMES: OptionNames<WritePageOptions> = { output: true, lang: true };
const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/;

/**
 * Writes a notebook with its stored outputs as one HTML file that needs no network: text, formulas as MathML, code, pictures, tables,
 * and the saved views as living viewers. Nothing in the notebook makes the page run or load anything.
 *
 * @throws PublishError for an unknown option, a file that is no notebook, a place where no page can be written
 */
export async function write(notebook: string, options: WritePageOptions = {}): Promise<WrittenPage> {
  checkOptionNames(WHERE, options, NAMES, PublishError);
  const { output = `${notebook.replace(/\.ipynb$/i, "")}.html`, lang = "en" } = options;
  checkOutput(output);
  if (!LANGUAGE.test(lang)) throw new PublishError(WHERE, 'lang must be a language as "en" or "ja"', lang);
  const document = readNotebook(notebook);
  const { title, html, views } = publishNotebook(document);
  const page = htmlPage({
    title: title ?? basename(notebook),
    body: html,
    viewers: viewersOf(views, lang),
    style: styleSheet("notebook"),
    lang,
  });
  await replaceFile(output, (beside) => writeFile(beside, page));
  return {
    output,
    cells: document.cells.length,
    views: views.length,
    bytes: new TextEncoder().encode(page).length,
    areViewersBuilt: areViewersBuilt(),
  };
}

function checkOutput(output: unknown): asserts output is string {
  if (typeof output !== "string" || !/\.html?$/.test(output))
    throw new PublishError(WHERE, "output must be a file *.html", output);
  if (!existsSync(dirname(resolve(output)))) throw new PublishError(WHERE, "the folder of output must exist", output);
}
