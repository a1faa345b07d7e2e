import { element } from "../dom";
import type { Translate } from "./translate";

/** The part of a keyboard event that tells one key from another. */
export interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** One thing that a viewer does, by key or by pointer. */
export interface KeyRow<Action> {
  /** The key, as events name it; several where they belong together. None for the pointer and for plain buttons. */
  key?: string | readonly string[];
  action?: Action | ((event: Key) => Action | undefined);
  /** The meaning, for the help and for the tooltip of a button that does the same. */
  words: string;
  /** Name in the help. Default: the keys. */
  name?: string;
}

/** The arrow keys as one row. */
export const ARROWS: readonly string[] = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

/** The step of an arrow key, `far` times as long with Shift. */
export function arrowStep({ key, shiftKey }: Key, far: number): [dx: number, dy: number] {
  const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
  const by = sign * (shiftKey ? far : 1);
  return key === "ArrowLeft" || key === "ArrowRight" ? [by, 0] : [0, by];
}

/** The wish for the list of keys, which the frame of every viewer fulfils. */
export interface HelpAction {
  type: "help";
}

/** The row that every viewer ends its keys with. */
export function helpRow(trans: Translate): KeyRow<HelpAction> {
  return { key: "?", action: { type: "help" }, words: trans.__("Show or hide the list of keys") };
}

/** The keys of a viewer: the keyboard handler, the help and the tooltips of its buttons all read this one table. */
export class Keys<Action extends { type: string }> {
  constructor(private readonly rows: readonly KeyRow<Action>[]) {}

  /** The action of a key. `undefined`: the key is not ours and goes on to JupyterLab, as Ctrl+S and Shift+Enter do. */
  actionOf(event: Key): Action | undefined {
    if (isShortcut(event)) return undefined;
    const action = this.rows.find((row) => keysOf(row).includes(event.key))?.action;
    return typeof action === "function" ? action(event) : action;
  }

  /** The list of keys and pointer actions, hidden at first. */
  help(): HTMLElement {
    const items = this.rows.flatMap((row) => [
      element("dt", { text: nameOf(row) }),
      element("dd", { text: row.words }),
    ]);
    return element("dl", { class: "jp-FoveaView-help", attributes: { hidden: "" } }, ...items);
  }

  /** The tooltip of a button: the words of its action, and the key that does the same. */
  tip(type: Action["type"]): string {
    const row = this.rows.find(({ action }) => typeof action === "object" && action.type === type);
    if (!row) return "";
    return row.key ? `${row.words} (${nameOf(row)})` : row.words;
  }
}

function keysOf({ key = [] }: KeyRow<unknown>): readonly string[] {
  return typeof key === "string" ? [key] : key;
}

const SHORT: Record<string, string | undefined> = { Escape: "Esc" };

function nameOf(row: KeyRow<unknown>): string {
  return (
    row.name ??
    keysOf(row)
      .map((key) => SHORT[key] ?? key)
      .join(" ")
  );
}

/** Keys with Ctrl, Cmd or Alt, and Shift+Enter, go on to JupyterLab. */
function isShortcut(event: Key): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
}

/**
 * Hands the keys that are ours to `act` while `stage` itself has the focus, until `signal` aborts; all others go on to JupyterLab.
 *
 * JupyterLab handles shortcuts while the event goes down, before the stage sees it. Only keys that are ours are kept from it, so
 * that saving and running work while the stage has the focus.
 */
export function listenKeys<Action extends { type: string }>(
  stage: HTMLElement,
  keys: Keys<Action>,
  act: (action: Action, key: string) => void,
  signal: AbortSignal,
): void {
  const claim = (event: KeyboardEvent): void => {
    stage.toggleAttribute("data-lm-suppress-shortcuts", event.target === stage && keys.actionOf(event) !== undefined);
  };
  const handle = (event: KeyboardEvent): void => {
    const action = keys.actionOf(event);
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    act(action, event.key);
  };
  window.addEventListener("keydown", claim, { signal, capture: true });
  stage.addEventListener("keydown", handle, { signal });
}
