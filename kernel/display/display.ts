import { platform } from "../platform";
import { ViewError } from "../protocol/core/error";
import { DISPLAY, INSPECT, promiseHint } from "./describe";
import { brokenContentRule, encodedContent } from "./mime-content";
import {
  currentHost,
  type Comm,
  type CommMessage,
  type CommOpenOptions,
  type DisplayOptions,
  type JSONValue,
  type MimeBundle,
  type SessionHost,
} from "./host";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { isRecord } from "../rules/json-text";

/** Value that shows itself as a mime bundle. */
export interface Displayable {
  /** Display id of a value that replaces its output itself. */
  readonly displayId?: string;
  [DISPLAY](): MimeBundle;
}

/** Finished picture or table: the mime bundle, richest type first, and its text. */
export class View implements Displayable {
  constructor(
    /** Mime type to content. */
    readonly bundle: MimeBundle,
  ) {}

  [DISPLAY](): MimeBundle {
    return this.bundle;
  }

  /** Returns the `text/plain` part. */
  toString(): string {
    return String(this.bundle["text/plain"] ?? "");
  }

  /** Returns the text for `console.log`, without the bytes of a picture. */
  [INSPECT](): string {
    return this.toString();
  }
}

/** Tests for a value that shows itself. */
export function isDisplayable(value: unknown): value is Displayable {
  return typeof value === "object" && value !== null && typeof (value as Partial<Displayable>)[DISPLAY] === "function";
}

/** Tests for a plain object whose every key is a mime type. */
export function isMimeBundle(value: unknown): value is MimeBundle {
  if (!isRecord(value)) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^[\w.+-]+\/[\w.+-]+$/.test(key));
}

/**
 * Returns a bundle with its bytes as base64.
 *
 * @throws ViewError for a bundle that a front end cannot show: no object, other values in place of texts, or no picture
 */
function checkBundle(bundle: MimeBundle): MimeBundle {
  if (!isMimeBundle(bundle)) throw new ViewError("display", "a mime bundle must map mime types to contents", bundle);
  const checked: MimeBundle = {};
  for (const [type, given] of Object.entries(bundle)) {
    const content = encodedContent(type, given) as JSONValue;
    const rule = brokenContentRule(type, content);
    if (rule !== undefined) throw new ViewError("display", `${type} ${rule}`, given);
    checked[type] = content;
  }
  return checked;
}

/** Returns the bundle of any value: its custom bundle, itself if it is one, or its inspection as text. */
export function bundleOf(value: unknown): MimeBundle {
  if (isDisplayable(value)) return checkBundle(value[DISPLAY]());
  if (isMimeBundle(value)) return checkBundle(value);
  return { "text/plain": typeof value === "string" ? value : platform().inspect(value) + promiseHint(value) };
}

const DISPLAY_NAMES: OptionNames<DisplayOptions> = { displayId: true, update: true, metadata: true, buffers: true };
const OPEN_NAMES: OptionNames<CommOpenOptions> = { data: true, metadata: true, buffers: true };

/**
 * Shows a value in the output of the running cell: a view, any object with `Symbol.for("Jupyter.display")`, a mime bundle
 * (`{"text/html": …, "text/plain": …}`), or anything else as text. Outside a notebook it prints the text.
 *
 * @throws ViewError for an unknown option, or a bundle that cannot be shown
 */
export function display(value: unknown, options: DisplayOptions = {}): void {
  checkOptionNames("display", options, DISPLAY_NAMES, ViewError);
  const bundle = bundleOf(value);
  const host = currentHost();
  const displayId = isDisplayable(value) ? value.displayId : undefined;
  if (host) host.display(bundle, { ...(displayId !== undefined && { displayId }), ...options });
  else console.log(String(bundle["text/plain"] ?? `[${Object.keys(bundle).join(", ")}]`));
}

/** Output that can be replaced, for progress and live figures. */
export interface DisplayHandle {
  readonly displayId: string;
  /** Replaces the output. */
  update(value: unknown): void;
}

/** Shows a value and returns the handle that replaces it: `const h = displayHandle("0 %"); h.update("50 %")`. */
export function displayHandle(value: unknown, options: DisplayOptions = {}): DisplayHandle {
  checkOptionNames("displayHandle", options, DISPLAY_NAMES, ViewError);
  const displayId = options.displayId ?? platform().uuid();
  display(value, { ...options, displayId });
  return {
    displayId,
    update: (next) => display(next, { ...options, displayId, update: true }),
  };
}

/** Empties the output of the running cell; with `wait`, only on the next output, which avoids flicker. */
export function clearOutput(wait = false): void {
  currentHost()?.clearOutput(wait);
}

function requireHost(where: string): SessionHost {
  const host = currentHost();
  if (host) return host;
  throw new ViewError(where, "comms need a notebook session", "a plain Node process");
}

/** Channels to the front end, with binary buffers in both directions. */
export interface Comms {
  /**
   * Opens a comm to a target registered in the front end.
   *
   * @throws ViewError outside a notebook
   */
  open(target: string, options?: CommOpenOptions): Comm;
  /**
   * Accepts comms that the front end opens to `target`; returns a function that unregisters.
   *
   * @throws ViewError outside a notebook
   */
  register(target: string, handler: (comm: Comm, open: CommMessage) => void): () => void;
}

/** Comms of the running session. */
export const comms: Comms = {
  open: (target, options = {}) => {
    checkOptionNames("comms.open", options, OPEN_NAMES, ViewError);
    return requireHost("comms.open").openComm(target, options);
  },
  register: (target, handler) => requireHost("comms.register").registerCommTarget(target, handler),
};
