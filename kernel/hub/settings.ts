import { homedir } from "node:os";
import { join } from "node:path";
import { HubError } from "./errors";

/** Location of the hub and its cache, by the variables of huggingface_hub. */
export interface HubSettings {
  /** Endpoint, which may be a mirror (`HF_ENDPOINT`). Default `https://huggingface.co`. */
  endpoint: string;
  /** Folder of the cache (`HF_HUB_CACHE`, or `hub` in `HF_HOME`). Default `~/.cache/huggingface/hub`. */
  cache: string;
  /** Access token (`HF_TOKEN`); null without one. */
  token: string | null;
  /** Use only files in the cache (`HF_HUB_OFFLINE`). */
  offline: boolean;
}

const TRUE = ["1", "ON", "YES", "TRUE"];

/**
 * Reads the settings from the environment on every call, because a notebook may set them in a cell.
 *
 * @throws HubError for an endpoint that is no URL
 */
export function hubSettings(env: NodeJS.ProcessEnv = process.env, fn = "hub.settings"): HubSettings {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
  return {
    endpoint: checkEndpoint(fn, env.HF_ENDPOINT || "https://huggingface.co"),
    cache: env.HF_HUB_CACHE || join(home, "hub"),
    token: checkToken(fn, env.HF_TOKEN?.trim() || null),
    offline: TRUE.includes((env.HF_HUB_OFFLINE ?? "").toUpperCase()),
  };
}

function checkEndpoint(fn: string, endpoint: string): string {
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new HubError(fn, "HF_ENDPOINT must be an http: or https: URL", endpoint);
  return endpoint.replace(/\/+$/, "");
}

/** The value is a secret and is not printed. */
function checkToken(fn: string, token: string | null): string | null {
  if (token !== null && !/^[\x21-\x7e]+$/.test(token))
    throw new HubError(fn, "HF_TOKEN must be printable ASCII without spaces", `${token.length} characters`);
  return token;
}
