/** What tells one key from another. */
export interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** The steps of the arrow keys. */
export const ARROWS: Record<string, [dx: number, dy: number] | undefined> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Keys with Ctrl, Cmd or Alt, and Shift+Enter, go on to JupyterLab. */
export function isShortcut(event: Key): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
}

/**
 * Hands the keys that are ours to `act` while `stage` itself has the focus, until `signal` aborts; all others go on to JupyterLab.
 *
 * JupyterLab handles shortcuts while the event goes down, before the stage sees it. Only keys that are ours are kept from it, so
 * that saving and running work while the stage has the focus.
 */
export function listenKeys<Action>(
  stage: HTMLElement,
  actionOf: (event: Key) => Action | undefined,
  act: (action: Action) => void,
  signal: AbortSignal,
): void {
  const claim = (event: KeyboardEvent): void => {
    stage.toggleAttribute("data-lm-suppress-shortcuts", event.target === stage && actionOf(event) !== undefined);
  };
  const handle = (event: KeyboardEvent): void => {
    const action = actionOf(event);
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    act(action);
  };
  window.addEventListener("keydown", claim, { signal, capture: true });
  stage.addEventListener("keydown", handle, { signal });
}
