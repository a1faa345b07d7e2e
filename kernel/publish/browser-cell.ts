/** Smaller settings of heavy cells for the kernel in a page, from the metadata of the cells. */
import { isRecord } from "../rules/json-text";
import { PublishError } from "./error";

/** A text of a cell and what stands in its place where the cell runs in a page. */
export interface Change {
  from: string;
  to: string;
}

/** The code of a cell for the kernel in a page. */
export interface BrowserCell {
  code: string;
  changes: Change[];
}

const WHERE = "publish";

/** Reads `{ "fovea": { "browser": { FROM: TO } } }` from the metadata of a cell. Entries of another form are left out. */
export function changesOf(metadata: unknown): Change[] {
  const own = isRecord(metadata) && isRecord(metadata.fovea) ? metadata.fovea.browser : undefined;
  if (!isRecord(own)) return [];
  return Object.entries(own).flatMap(([from, to]) => (typeof to === "string" && from !== "" ? [{ from, to }] : []));
}

/**
 * Returns a cell as it runs in a page; null where it runs there as it stands.
 *
 * @throws PublishError for a text that the code does not have exactly once
 */
export function browserCell(source: string, changes: readonly Change[]): BrowserCell | null {
  if (changes.length === 0) return null;
  const code = changes.reduce((text, { from, to }) => {
    if (text.split(from).length !== 2)
      throw new PublishError(WHERE, "a text that is replaced in the browser must stand in its cell once", from);
    return text.replace(from, () => to);
  }, source);
  return { code, changes: [...changes] };
}
