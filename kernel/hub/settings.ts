import { platform } from "../platform";
import { join } from "../platform/path";
import { HubError } from "./errors";

/** Where the hub is and where its files are kept, by the variables of huggingface_hub. */
export interface HubSettings {
  /** `HF_ENDPOINT`: a mirror. Default `https://huggingface.co`. */
  endpoint: string;
  /** `HF_HUB_CACHE`, or `hub` in `HF_HOME`. Default `~/.cache/huggingface/hub`. */
  cache: string;
  /** `HF_TOKEN`; null without one. */
  token: string | null;
  /** `HF_HUB_OFFLINE`: only files that are in the cache. */
  offline: boolean;
}

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const TRUE = ["1", "ON", "YES", "TRUE"];

/** Reads the settings anew each time: a notebook may set them in a cell. Throws `HubError` for an endpoint that is no URL. */
export function hubSettings(env: Environment = platform().environment(), fn = "hub.settings"): HubSettings {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(platform().home(), ".cache"), "huggingface");
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

/** The value is not printed: it is a secret. */
function checkToken(fn: string, token: string | null): string | null {
  if (token !== null && !/^[\x21-\x7e]+$/.test(token))
    throw new HubError(fn, "HF_TOKEN must be printable ASCII without spaces", `${token.length} characters`);
  return token;
}
