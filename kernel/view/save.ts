import { DISPLAY } from "../display/describe";
import { isDisplayable, isMimeBundle, type Displayable } from "../display/display";
import type { MimeBundle } from "../display/host";
import { replaceFile, writeFile } from "../platform/files";
import { ViewError } from "../protocol/core/error";

/** End of the names of view files, by which JupyterLab opens them as viewers. */
const ENDING = ".view.json";

/**
 * Writes a view to a file that JupyterLab opens as a viewer by a double click. The file has the content that a notebook would save: the viewer's
 * data, a still picture and a text.
 *
 * @param path name that ends in `.view.json`
 * @throws ViewError for anything but a view, or another ending
 * @throws FileError where the file cannot be written
 */
export async function save(view: Displayable | MimeBundle, path: string): Promise<void> {
  if (typeof path !== "string" || !path.endsWith(ENDING))
    throw new ViewError("view.save", `path must end in ${ENDING}`, path);
  const bundle: unknown = isDisplayable(view) ? view[DISPLAY]() : view;
  if (!isMimeBundle(bundle)) throw new ViewError("view.save", "view must be a view or a mime bundle", view);
  await replaceFile(path, (beside) => writeFile(beside, `${JSON.stringify(bundle)}\n`));
}
