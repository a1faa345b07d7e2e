/** Files of models from the Hugging Face hub or a mirror of it, in a cache shared with huggingface_hub. */
export { HubError } from "./errors";
export { fetchFile, listFiles, type HubOptions, type HubProgress } from "./files";
export type { HubReference } from "./reference";
export { hubSettings as settings, type HubSettings } from "./settings";
