import { platform } from "../platform";
import { join } from "../platform/path";
import { readFileSync, statSync } from "../platform/files";
import { HubError } from "./errors";
import { checkOptionNames, given, type OptionNames } from "../rules/option-names";
import { checkArguments } from "../rules/arguments";

/** Location of the hub and its cache, by the variables of huggingface_hub. */
export interface HubSettings {
  /** Endpoint, which may be a mirror (`HF_ENDPOINT`). Default `https://huggingface.co`. */
  endpoint: string;
  /** `HF_HUB_CACHE` or `HUGGINGFACE_HUB_CACHE`, or `hub` in `HF_HOME`; `~` and `$VAR` are read. Default `~/.cache/huggingface/hub`. */
  cache: string;
  /** `HF_TOKEN`, or what `hf auth login` left in `HF_TOKEN_PATH`, by default `token` in `HF_HOME`; null without one. */
  token: string | null;
  /** `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`: only files that are in the cache. */
  offline: boolean;
}

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const TRUE = ["1", "ON", "YES", "TRUE"];

/**
 * Reads the settings from the environment on every call, because a notebook may set them in a cell.
 *
 * @throws HubError for an endpoint that is no URL
 */
export function hubSettings(env: Environment = platform().environment(), fn = "hub.settings"): HubSettings {
  checkArguments(fn, HubError, { env }, { env: "object" });
  const path = (text: string): string => expand(text, env);
  const home = path(env.HF_HOME || join(env.XDG_CACHE_HOME || join("~", ".cache"), "huggingface"));
  const cache = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  const tokenFile = env.HF_TOKEN_PATH ? path(env.HF_TOKEN_PATH) : join(home, "token");
  return {
    endpoint: checkEndpoint(fn, env.HF_ENDPOINT || "https://huggingface.co"),
    cache: cache ? path(cache) : join(home, "hub"),
    token: checkToken(fn, env.HF_TOKEN?.trim() || readToken(tokenFile)),
    offline: [env.HF_HUB_OFFLINE, env.TRANSFORMERS_OFFLINE].some((one) => TRUE.includes((one ?? "").toUpperCase())),
  };
}

const NAMES: OptionNames<HubSettings> = { endpoint: true, cache: true, token: true, offline: true };

/** Returns the environment's settings, overridden one by one by a caller's. */
export function settingsWith(own: Partial<HubSettings> = {}, fn = "hub.settings"): HubSettings {
  checkOptionNames(fn, own, NAMES, HubError);
  const settings = { ...hubSettings(undefined, fn), ...given(own) };
  const { endpoint, token, cache } = settings;
  if (typeof cache !== "string" || cache === "") throw new HubError(fn, "settings.cache must be a folder", cache);
  return { ...settings, endpoint: checkEndpoint(fn, endpoint), token: checkToken(fn, token) };
}

/** A path with the home folder for `~` and variables for `$NAME` and `${NAME}`, as Python expands them: unknown ones stay. */
function expand(path: string, env: Readonly<Record<string, string | undefined>>): string {
  const named = path.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, plain?: string, braced?: string) => {
    const name = plain ?? braced ?? "";
    return env[name] ?? whole;
  });
  return named === "~" || /^~[/\\]/.test(named) ? join(env.HOME || platform().home(), named.slice(1)) : named;
}

const LONGEST_TOKEN = 4096;

/** The token in a file; null where there is none that can be read. */
function readToken(file: string): string | null {
  try {
    const stat = statSync(file);
    return stat.isFile() && stat.size <= LONGEST_TOKEN ? readFileSync(file, "utf8").trim() || null : null;
  } catch {
    return null;
  }
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
