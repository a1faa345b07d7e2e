import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./lab";
import type { LabPage } from "./lab-page";

/** Folder of the last run's pictures; git ignores it. */
export const SCREENSHOTS: string = join(repository, "test", "screenshots", "out");

/** Keeps a picture of the whole window, to be looked at. */
export async function screenshot({ page }: Pick<LabPage, "page">, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}
