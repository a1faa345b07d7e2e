/** Files of models from the Hugging Face hub or a mirror of it, in a cache shared with huggingface_hub. */
import { fetchFile, listFiles } from "./files";
import { hubSettings } from "./settings";

export { HubError } from "./errors";
export type { HubOptions, HubProgress } from "./files";
export { type HubReference, checkFile, parseReference } from "./reference";
export type { HubSettings } from "./settings";

/**
 * The hub: `hub.fetchFile` fetches one file into the cache, `hub.listFiles` lists files, `hub.settings` returns
 * endpoint and cache.
 */
export const hub = { fetchFile, listFiles, settings: hubSettings };
