import type { Contents } from "@jupyterlab/services";
import type { TranslationBundle } from "@jupyterlab/translation";
import { writeNotebook, type NewCell } from "../parts/notebook";

/** Tutorials of the repository, the first one first, and the folder that they lie in. */
const TUTORIALS = ["00-start.ipynb", "01-correspondence.ipynb"];
const FOLDER = "notebooks";

/** Returns the path of the first tutorial; null where the server does not show the repository. */
export async function findTutorial(contents: Contents.IManager): Promise<string | null> {
  const root = await contentOf(contents, "");
  const isThere = root.some(({ name, type }) => name === FOLDER && type === "directory");
  const entries = isThere ? [...(await contentOf(contents, FOLDER)), ...root] : root;
  const found = TUTORIALS.map((tutorial) => entries.find(({ name }) => name === tutorial)).find((one) => one);
  return found?.path ?? null;
}

async function contentOf(contents: Contents.IManager, path: string): Promise<Contents.IModel[]> {
  const { content } = await contents.get(path);
  return Array.isArray(content) ? (content as Contents.IModel[]) : [];
}

/** Writes a short first notebook into a folder, and returns its path. */
export function writeFirstNotebook(
  contents: Contents.IManager,
  folder: string,
  trans: TranslationBundle,
): Promise<string> {
  return writeNotebook(contents, folder, firstNotebook(trans));
}

/** Four steps that need nothing but the library: draw two pictures, load an encoder, match, see its features. */
function firstNotebook(trans: TranslationBundle): NewCell[] {
  return [
    text(
      `# ${trans.__("Fovea in four cells")}`,
      trans.__(
        "Run each cell with Shift+Enter. Types are checked before a cell runs; Tab completes, Shift+Tab explains.",
      ),
    ),
    code(
      'import { data, encoders, view } from "fovea";',
      "",
      "const [first, second] = [0, 1].map((view) =>",
      '  data.world.render(data.world.scene(7, { split: "test", category: "bird", size: 256, view })),',
      ");",
      "view.images([first, second])",
    ),
    text(
      trans.__("An encoder turns a picture into features, one vector a patch. This small one comes with the package."),
    ),
    code('const encoder = await encoders.load("zoo/parts-hybrid");', "encoder"),
    text(trans.__("Move the pointer over the left picture: the right one shows where each patch finds itself again.")),
    code("await view.correspondence(first, second, encoder)"),
    text(trans.__("The three main directions of the features as colors: equal parts have equal colors.")),
    code("await view.pca([first, second], encoder)"),
  ];
}

const text = (...lines: string[]): NewCell => ({ kind: "markdown", source: lines.join("\n\n") });
const code = (...lines: string[]): NewCell => ({ kind: "code", source: lines.join("\n") });
